"""Receives a file into the present folder and prints its name. Arguments: address, port."""
import base64
import json
import sys
from socket import AF_INET, SOCK_STREAM, socket

client = socket(AF_INET, SOCK_STREAM)
client.connect((sys.argv[1], int(sys.argv[2])))
received = b""
while True:
    data = client.recv(1024)
    if not data:
        break
    received += data
client.close()
message = json.loads(received.decode("utf-8"))
with open(message["filename"], "wb") as file:
    file.write(base64.b64decode(message["filedata"]))
print(message["filename"])
