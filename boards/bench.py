"""Counts the instructions that the firmware takes for a request and for a byte.

`board bench` runs it beside an emulator that counts them (`-icount`) and tells the number over its
control socket. Sleeping takes none, so neither the host's speed nor its load matters much.
"""

import json
import os
import socket

BOARD = "192.168.69.1"
SMALL, LARGE = "/HelloWorld.html", "/bareserve.png"


class Emulator:
    def __init__(self, path):
        self.stream = socket.socket(socket.AF_UNIX)
        self.stream.connect(path)
        self.lines = self.stream.makefile("r")
        self.lines.readline()
        self.ask("qmp_capabilities")

    def ask(self, command):
        self.stream.sendall(json.dumps({"execute": command}).encode())
        while True:
            answer = json.loads(self.lines.readline())
            if "return" in answer or "error" in answer:
                return answer["return"]

    def instructions(self):
        return self.ask("query-replay")["icount"]


class Client:
    def __init__(self):
        self.stream = socket.create_connection((BOARD, 80), 20)
        self.stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def get(self, path):
        """The length of the answer's body."""
        self.stream.sendall(f"GET {path} HTTP/1.1\r\nHost: {BOARD}\r\n\r\n".encode())
        received = b""
        while b"\r\n\r\n" not in received:
            received += self.receive()
        head, body = received.split(b"\r\n\r\n", 1)
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        while len(body) < length:
            body += self.receive()
        return length

    def receive(self):
        part = self.stream.recv(65536)
        assert part, "closed in the middle of an answer"
        return part

    def close(self):
        """Waits for the device's end, which belongs to the connection."""
        self.stream.shutdown(socket.SHUT_WR)
        while self.stream.recv(1):
            pass
        self.stream.close()


def measure(emulator, count, run):
    """Instructions a call of `run`."""
    run()
    before = emulator.instructions()
    for _ in range(count):
        run()
    return (emulator.instructions() - before) / count


def connect_and_get():
    client = Client()
    client.get(SMALL)
    client.close()


def main():
    emulator = Emulator(os.environ["BOARD_QMP"])
    client = Client()
    # Paths that both firmwares take for a small and for a large file.
    small_length, large_length = client.get(SMALL), client.get(LARGE)
    small = measure(emulator, 1000, lambda: client.get(SMALL))
    large = measure(emulator, 300, lambda: client.get(LARGE))
    client.close()
    fresh = measure(emulator, 300, connect_and_get)
    per_byte = (large - small) / (large_length - small_length)
    print(f"keep-alive, {small_length} bytes: {small:7.0f} instructions a request")
    print(f"new connection, the same: {fresh:7.0f} instructions a request")
    print(f"download, {large_length} bytes: {large:9.0f} instructions a request, {per_byte:.1f} a byte")


main()
