"""A file system (FUSE) whose files take long to look up, to open and to read.

    slow_folder.py FOLDER SECONDS

Mounts itself on FOLDER, which needs the privilege to do so, and answers until it is killed. The folder has
the file `slow.txt` of 100,000 bytes. Each request but the first is answered after SECONDS.
"""
import ctypes
import os
import struct
import sys
import time

SIZE = 100_000
LOOKUP, GETATTR, OPEN, READ, STATFS, INIT, OPENDIR, READDIR = 1, 3, 14, 15, 17, 26, 27, 28
NO_ANSWER = (2, 42)  # FORGET, BATCH_FORGET
NO_ENTRY, NO_FUNCTION = -2, -38


def attributes(node):
    is_folder = node == 1
    mode = 0o40755 if is_folder else 0o100644
    size = 0 if is_folder else SIZE
    return struct.pack("<6Q10I", node, size, 0, 0, 0, 0, 0, 0, 0, mode, 1, 0, 0, 0, 4096, 0)


def answer(opcode, node, body):
    if opcode == INIT:
        flags = struct.pack("<4I2H2I2HI7I", 7, 31, 65536, 0, 12, 9, 65536, 1, 0, 0, 0, *[0] * 7)
        return 0, flags[:64]
    if opcode == LOOKUP:
        if body.split(b"\0")[0] != b"slow.txt":
            return NO_ENTRY, b""
        return 0, struct.pack("<4Q2I", 2, 0, 0, 0, 0, 0) + attributes(2)
    if opcode == GETATTR:
        return 0, struct.pack("<Q2I", 0, 0, 0) + attributes(node)
    if opcode in (OPEN, OPENDIR):
        return 0, struct.pack("<Q2I", 1, 0, 0)
    if opcode == READ:
        _, offset, size = struct.unpack_from("<2QI", body)
        return 0, b"s" * max(0, min(size, SIZE - offset))
    if opcode == READDIR:
        _, offset, _ = struct.unpack_from("<2QI", body)
        if offset > 0:
            return 0, b""
        name = b"slow.txt"
        return 0, struct.pack("<2Q2I", 2, 1, len(name), 8) + name
    if opcode == STATFS:
        return 0, struct.pack("<5Q4I6I", 1, 0, 0, 1, 1, 4096, 255, 4096, 0, *[0] * 6)
    return NO_FUNCTION, b""


def main():
    folder, delay = sys.argv[1], float(sys.argv[2])
    device = os.open("/dev/fuse", os.O_RDWR)
    options = f"fd={device},rootmode=40000,user_id=0,group_id=0".encode()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(b"slow", folder.encode(), b"fuse", 0, options) != 0:
        sys.exit(f"mount: {os.strerror(ctypes.get_errno())}")
    while True:
        try:
            request = os.read(device, 1 << 18)
        except OSError:
            return
        _, opcode, unique, node = struct.unpack_from("<2I2Q", request)
        if opcode in NO_ANSWER:
            continue
        if opcode != INIT and opcode != STATFS and node != 1 or opcode == LOOKUP:
            time.sleep(delay)
        error, content = answer(opcode, node, request[40:])
        head = struct.pack("<IiQ", 16 + len(content), error, unique)
        try:
            os.write(device, head + content)
        except OSError:
            pass  # The request was interrupted.


main()
