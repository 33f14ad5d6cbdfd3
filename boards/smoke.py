"""Talks to the firmware in the emulator: does the port work, and keep working under load?

`board test` runs it in the emulator's namespace. What the services have to say is judged by the
acceptance suite; here it is the driver, the clock, the sleep and the memory.
"""

import base64
import json
import os
import random
import re
import socket
import struct
import subprocess
import sys
import threading
import time

BOARD = "192.168.69.1"
TAP = os.environ["BOARD_TAP"]
EMULATOR = os.environ["BOARD_EMULATOR_PID"]
LOG = os.environ["BOARD_LOG"]
SEED = 1

tests = []


def test(function):
    tests.append(function)
    return function


def connect(port, timeout=20):
    return socket.create_connection((BOARD, port), timeout)


def read_all(stream):
    parts = []
    while part := stream.recv(4096):
        parts.append(part)
    return b"".join(parts)


def udp(port, payload, timeout=2):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.settimeout(timeout)
        sender.sendto(payload, (BOARD, port))
        return sender.recv(2048)


def echo(payload):
    """Sends `payload` to TCP port 7 while it reads what comes back."""
    with connect(7) as stream:
        def send():
            stream.sendall(payload)
            stream.shutdown(socket.SHUT_WR)
        sender = threading.Thread(target=send)
        sender.start()
        answer = read_all(stream)
        sender.join()
    return answer


def ping(count, interval):
    """Round trips in ms."""
    command = ["ping", "-c", str(count), "-i", str(interval), "-W", "1", BOARD]
    output = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    return sorted(float(found) for found in re.findall(r"time=([\d.]+) ms", output))


def log_time(mark):
    """The firmware's time in seconds when it logged the datagram of `mark` bytes."""
    for _ in range(50):
        with open(LOG, encoding="utf-8", errors="replace") as log:
            found = re.findall(rf"^ *(\d+\.\d+) ping .*: {mark} bytes in", log.read(), re.M)
        if found:
            return float(found[-1])
        time.sleep(0.02)
    raise AssertionError("the datagram is not in the log")


def cpu_seconds():
    with open(f"/proc/{EMULATOR}/stat", encoding="utf-8") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@test
def ping_takes_less_than_a_millisecond():
    times = ping(50, 0.02)
    assert len(times) == 50, f"{50 - len(times)} of 50 lost"
    median = times[25]
    assert median < 1, f"{median} ms"
    return f"median {median:.2f} ms"


@test
def datagrams_of_every_length_come_back():
    for length in (0, 1, 2, 3, 4, 63, 64, 511, 1023, 1471, 1472):
        payload = bytes(random.Random(length).randbytes(length))
        assert udp(7, payload) == payload, length
    assert udp(12000, b"Ping 1") == b"PING 1"


@test
def a_stream_comes_back():
    payload = random.Random(SEED).randbytes(200_000)
    assert echo(payload) == payload


@test
def many_clients_at_once_are_all_served():
    answers = []

    def client(number):
        payload = bytes([number]) * 1000
        answers.append(echo(payload) == payload)

    clients = [threading.Thread(target=client, args=(number,)) for number in range(64)]
    for thread in clients:
        thread.start()
    for thread in clients:
        thread.join()
    assert answers.count(True) == 64, f"{answers.count(True)} of 64"


@test
def browsers_get_their_pages():
    def get(path):
        with connect(80) as stream:
            stream.sendall(f"GET {path} HTTP/1.1\r\nHost: {BOARD}\r\nConnection: close\r\n\r\n".encode())
            return read_all(stream)

    assert get("/").startswith(b"HTTP/1.1 200 ")
    assert get("/abc.html").startswith(b"HTTP/1.1 404 ")
    answers = []
    clients = [
        threading.Thread(target=lambda: answers.append(len(get("/bareserve.png")))) for _ in range(64)
    ]
    for thread in clients:
        thread.start()
    for thread in clients:
        thread.join()
    assert len(answers) == 64 and min(answers) == max(answers) > 4469, f"{len(answers)} of 64"


@test
def a_file_is_stored_and_handed_out():
    def exchange(port, request):
        with connect(port) as stream:
            stream.sendall(request)
            stream.shutdown(socket.SHUT_WR)
            return json.loads(read_all(stream))

    assert exchange(5566, b"")["filename"] == "bareserve.png"
    data = base64.b64encode(b"of no use" * 100).decode()
    stored = exchange(5567, json.dumps({"filename": "note.txt", "filedata": data}).encode())
    assert stored == {"stored": "note.txt", "size": 900}, stored
    assert exchange(5567, b'{"get": "note.txt"}')["filedata"] == data


@test
def a_port_nobody_serves_refuses():
    try:
        connect(81, 2).close()
    except ConnectionRefusedError:
        return
    raise AssertionError("connected")


@test
def a_flood_of_noise_is_survived():
    frames = 20_000
    noise = random.Random(SEED)
    hardware = bytes.fromhex("525400123456")
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as wire:
        wire.bind((TAP, 0))
        for _ in range(frames):
            kind = noise.choice((0x0800, 0x0806, 0x86DD, noise.randrange(65536)))
            to = noise.choice((hardware, b"\xff" * 6))
            body = bytearray(noise.randbytes(noise.randrange(1500)))
            if kind == 0x0800 and len(body) >= 40:
                # Far enough in to matter: a header that may pass, to us.
                body[:20] = struct.pack(
                    "!BBHHHBBH4s4s", 0x45, 0, len(body), 0, 0, 64, noise.choice((1, 6, 17)), 0,
                    bytes([192, 168, 69, noise.randrange(256)]), bytes([192, 168, 69, 1]))
                body[10:12] = checksum(body[:20])
            wire.send(to + noise.randbytes(6) + struct.pack("!H", kind) + body)
    times = ping(5, 0.2)
    assert len(times) >= 4, "no answer after the flood"
    assert echo(b"still here") == b"still here"
    return f"{frames} frames"


def checksum(header):
    total = sum(struct.unpack(f"!{len(header) // 2}H", bytes(header)))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return struct.pack("!H", ~total & 0xFFFF)


@test
def the_cable_may_be_pulled():
    subprocess.run(["ip", "link", "set", TAP, "down"], check=True)
    time.sleep(3)
    subprocess.run(["ip", "link", "set", TAP, "up"], check=True)
    time.sleep(1)
    assert len(ping(5, 0.2)) >= 3
    assert echo(b"back again") == b"back again"


@test
def the_clock_does_not_drift_under_load():
    udp(12000, b"1" * 801)
    started = time.monotonic()
    while time.monotonic() - started < 15:
        echo(b"x" * 20_000)
    udp(12000, b"2" * 802)
    passed = time.monotonic() - started
    drift = abs((log_time(802) - log_time(801)) / passed - 1)
    assert drift < 0.001, f"{drift:.3%}"
    return f"{drift:.4%} in {passed:.0f} s"


@test
def idle_it_sleeps():
    time.sleep(2)
    before = cpu_seconds()
    time.sleep(10)
    share = (cpu_seconds() - before) / 10
    assert share < 0.02, f"{share:.1%} of a core"
    return f"{share:.1%} of a core"


@test
def nothing_has_reset_it():
    with open(LOG, encoding="utf-8", errors="replace") as log:
        text = log.read()
    assert "panic" not in text and "reset\r\n" not in text.replace("reset by peer", ""), text[-300:]
    starts = text.count(f" is {BOARD}/24")
    assert starts == 1, f"it has started {starts} times"


def main():
    failed = 0
    for function in tests:
        name = function.__name__.replace("_", " ")
        try:
            detail = function()
            print(f"ok      {name}" + (f": {detail}" if detail else ""), flush=True)
        except (AssertionError, OSError) as error:
            failed += 1
            print(f"FAILED  {name}: {type(error).__name__} {error}", flush=True)
    print(f"{len(tests) - failed} passed, {failed} failed")
    sys.exit(failed > 0)


main()
