"""Sends a file as JSON to each client that connects. Arguments: address, port, file, connections to serve."""
import base64
import json
import os
import sys
import threading
from socket import AF_INET, SO_REUSEADDR, SOCK_STREAM, SOL_SOCKET, socket


def serve(client, path):
    with open(path, "rb") as file:
        data = base64.b64encode(file.read()).decode("ascii")
    text = json.dumps({"filename": os.path.basename(path), "filedata": data})
    client.sendall(text.encode("utf-8"))
    client.close()


server = socket(AF_INET, SOCK_STREAM)
server.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
server.bind((sys.argv[1], int(sys.argv[2])))
server.listen(512)
for _ in range(int(sys.argv[4])):
    client, address = server.accept()
    threading.Thread(target=serve, args=(client, sys.argv[3])).start()
