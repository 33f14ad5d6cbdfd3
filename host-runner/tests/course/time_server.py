"""Sends the local time to each client that connects. Arguments: address, port, connections to serve."""
import sys
from datetime import datetime
from socket import AF_INET, SO_REUSEADDR, SOCK_STREAM, SOL_SOCKET, socket

server = socket(AF_INET, SOCK_STREAM)
server.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
server.bind((sys.argv[1], int(sys.argv[2])))
server.listen(512)
for _ in range(int(sys.argv[3])):
    client, address = server.accept()
    print("Got a connection from", address, flush=True)
    client.send(str(datetime.now()).encode("ascii"))
    client.close()
