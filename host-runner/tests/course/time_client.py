"""Prints the time a server sends. Arguments: address, port."""
import sys
from socket import AF_INET, SOCK_STREAM, socket

client = socket(AF_INET, SOCK_STREAM)
client.connect((sys.argv[1], int(sys.argv[2])))
message = client.recv(1024)
client.close()
print(message.decode("ascii"))
