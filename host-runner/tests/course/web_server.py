"""Serves files of the present folder, one connection at a time. Arguments: address, port, connections.

The body goes out a character at a time, as in the skeleton that the course hands out.
"""
import sys
from socket import AF_INET, SO_REUSEADDR, SOCK_STREAM, SOL_SOCKET, socket

server = socket(AF_INET, SOCK_STREAM)
server.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
server.bind((sys.argv[1], int(sys.argv[2])))
server.listen(1)
for _ in range(int(sys.argv[3])):
    client, address = server.accept()
    try:
        message = client.recv(1024).decode()
        with open(message.split()[1][1:]) as file:
            body = file.read()
        header = (
            "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: text/html\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        client.send(header.encode())
        for character in body:
            client.send(character.encode())
    except (OSError, IndexError):
        client.send(b"HTTP/1.1 404 Not Found\r\n\r\n")
    client.close()
