"""Answers datagrams in upper case, and loses some, until the eighth. Arguments: address, port, [forever]."""
import sys
from socket import AF_INET, SOCK_DGRAM, socket

server = socket(AF_INET, SOCK_DGRAM)
server.bind((sys.argv[1], int(sys.argv[2])))
forever = len(sys.argv) > 3
n = 0
while True:
    message, address = server.recvfrom(1024)
    n += 1
    if n == 8 and not forever:
        break
    if n % 3 == 1 and not forever:
        continue
    server.sendto(message.upper(), address)
server.close()
