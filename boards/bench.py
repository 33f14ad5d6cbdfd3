"""Measures the instructions that a board's firmware executes on the emulated core.

Called by `board bench`. Inside the network namespace of a running emulator:

    bench.py instructions SOCKET    counts instructions; SOCKET is the QMP socket of an emulator with -icount
    bench.py rates                  measures rates in real time, and the emulator's idle load

Both print one line of JSON. With these lines saved in files:

    bench.py report [--limits] BOARD PRODUCT_INSTRUCTIONS PRODUCT_RATES [FLOOR_INSTRUCTIONS FLOOR_RATES]

prints a table (lower is better); with --limits it fails if the product takes more than twice the floor's
instructions for a small file over keep-alive.
"""

import json
import os
import re
import socket
import statistics
import subprocess
import sys
import time
import urllib.request

ADDRESS = "192.168.69.1"
SMALL, LARGE = "/HelloWorld.html", "/bareserve.png"
RUNS = 3
# Requests in each run.
COUNTS = {"keep-alive": 400, "new connection": 200, "download": 100}
# The highest permitted ratio of product to floor, for a small file over keep-alive.
LIMIT = 2.0
IDLE_SECONDS = LOAD_SECONDS = 10


class Connection:
    """A client that waits for each whole response, so that the instructions counted belong to its requests."""

    def __init__(self):
        self.socket = socket.create_connection((ADDRESS, 80), 5)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.unread = b""

    def get(self, path):
        """Requests a path and returns the response body."""
        self.socket.sendall(f"GET {path} HTTP/1.1\r\nHost: {ADDRESS}\r\n\r\n".encode())
        while b"\r\n\r\n" not in self.unread:
            self.read()
        head, _, self.unread = self.unread.partition(b"\r\n\r\n")
        status, _, fields = head.partition(b"\r\n")
        if b" 200 " not in status:
            sys.exit(f"bench: {path}: {status}")
        length = int(re.search(rb"(?i)^content-length: *(\d+)", fields, re.MULTILINE)[1])
        while len(self.unread) < length:
            self.read()
        body, self.unread = self.unread[:length], self.unread[length:]
        return body

    def read(self):
        received = self.socket.recv(65536)
        if not received:
            sys.exit("bench: the board has closed the connection")
        self.unread += received

    def close(self):
        self.socket.close()


def keep_alive(count):
    connection = Connection()
    for _ in range(count):
        connection.get(SMALL)
    connection.close()
    return count


def new_connection(count):
    for _ in range(count):
        connection = Connection()
        connection.get(SMALL)
        connection.close()
    return count


def download(count):
    connection = Connection()
    length = sum(len(connection.get(LARGE)) for _ in range(count))
    connection.close()
    return length


LOADS = {"keep-alive": keep_alive, "new connection": new_connection, "download": download}


class Emulator:
    """A client of the emulator's machine protocol (QMP), used for the instruction counter."""

    def __init__(self, path):
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(path)
        self.file = connection.makefile("rw")
        self.file.readline()
        self.ask("qmp_capabilities")

    def ask(self, command):
        self.file.write(json.dumps({"execute": command}) + "\n")
        self.file.flush()
        while True:
            answer = json.loads(self.file.readline())
            if "return" in answer:
                return answer["return"]
            if "error" in answer:
                sys.exit(f"bench: {command}: {answer['error']}")

    def instructions(self):
        """Returns the instructions executed since the start; sleeping counts none."""
        # The counter is exact only while the core sleeps. The host delays its last ACK by up to 40 ms.
        time.sleep(0.2)
        return self.ask("query-replay")["icount"]


def measure_instructions(path):
    emulator = Emulator(path)
    figures = {}
    # Instructions per second when idle, subtracted from the measurements below.
    before = emulator.instructions()
    time.sleep(2)
    idle = (emulator.instructions() - before) / 2.2
    figures["idle"] = [idle]
    for name, load in LOADS.items():
        load(3)
        figures[name] = []
        for _ in range(RUNS):
            before, begin = emulator.instructions(), time.monotonic()
            amount = load(COUNTS[name])
            used = emulator.instructions() - before - idle * (time.monotonic() - begin)
            figures[name].append(used / amount)
    return figures


def measure_rates():
    figures = {}
    for name, load in LOADS.items():
        figures[name] = []
        for _ in range(RUNS):
            begin = time.monotonic()
            amount = load(COUNTS[name])
            figures[name].append(amount / (time.monotonic() - begin))
    figures["ping"] = [ping()]
    figures["idle load"] = [idle_load()]
    if (drift := clock_drift()) is not None:
        figures["drift"] = [drift]
    return figures


def ping():
    """Returns the median of 50 round-trip times in milliseconds."""
    report = subprocess.run(["ping", "-c", "50", "-i", "0.02", ADDRESS], capture_output=True, text=True).stdout
    return statistics.median(map(float, re.findall(r"time=([\d.]+)", report)))


def idle_load():
    """Returns the emulator's CPU use without any requests, as a fraction of a processor."""
    with open(f"/proc/{os.environ['BOARD_EMULATOR_PID']}/stat", encoding="utf-8") as stat:
        def used():
            stat.seek(0)
            fields = stat.read().rpartition(")")[2].split()
            return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        before = used()
        time.sleep(IDLE_SECONDS)
        return (used() - before) / IDLE_SECONDS


def clock_drift():
    """Returns the relative drift of the board's clock under load; None if its status has no uptime."""
    def uptime():
        with urllib.request.urlopen(f"http://{ADDRESS}/_device/status.json", timeout=5) as answer:
            found = re.search(rb'"uptime_ms":(\d+)', answer.read())
        return found and int(found[1]) / 1000
    begin, first = time.monotonic(), uptime()
    if first is None:
        return None
    while time.monotonic() < begin + LOAD_SECONDS:
        download(10)
    end, last = time.monotonic(), uptime()
    return (last - first) / (end - begin) - 1


def report(board, files):
    """Prints the table and returns the keep-alive ratio, if there is a floor."""
    names = ["instructions", "rates", "floor instructions", "floor rates"]
    figures = {}
    for name, file in zip(names, files):
        with open(file, encoding="utf-8") as lines:
            figures[name] = json.load(lines)
    has_floor = "floor rates" in figures
    print(f"{board}: instructions, median of {RUNS} runs")
    head = ("", "product", "floor", "ratio", "spread")
    print("  {:26}{:>10}{:>10}{:>7}{:>9}".format(*head))
    ratios = {}
    for name in LOADS:
        product = figures["instructions"][name]
        what = f"{name}, per {'byte' if name == 'download' else 'request'}"
        columns = [form(statistics.median(product)), "", "", f"{spread(product):.1%}"]
        if has_floor:
            floor = figures["floor instructions"][name]
            ratios[name] = statistics.median(product) / statistics.median(floor)
            columns[1:3] = form(statistics.median(floor)), f"{ratios[name]:.2f}"
            columns[3] = f"{max(spread(product), spread(floor)):.1%}"
        print("  {:26}{:>10}{:>10}{:>7}{:>9}".format(what, *columns))
    idle = [form(figures[name]["idle"][0]) for name in names[::2] if name in figures]
    print("  {:26}{:>10}{:>10}".format("idle, per second", *idle, *[""] * (2 - len(idle))))
    print("rates of the emulator on this machine, with one client that waits for each response")
    for name in LOADS:
        unit = "bytes" if name == "download" else "requests"
        rates = [f"{statistics.median(figures[n][name]):.0f}" for n in names[1::2] if n in figures]
        print("  {:26}{:>10}{:>10}".format(f"{name}, {unit}/s", *rates, *[""] * (2 - len(rates))))
    rates = figures["rates"]
    print(f"  idle load {rates['idle load'][0]:.1%}, ping {rates['ping'][0]:.2f} ms,"
          f" clock drift under load {rates['drift'][0]:+.3%}")
    return ratios.get("keep-alive")


def form(value):
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}"


def spread(values):
    return (max(values) - min(values)) / statistics.median(values)


def main():
    arguments = [a for a in sys.argv[1:] if a != "--limits"]
    match arguments:
        case ["instructions", path]:
            print(json.dumps(measure_instructions(path)))
        case ["rates"]:
            print(json.dumps(measure_rates()))
        case ["report", board, *files]:
            ratio = report(board, files)
            if ratio and ratio > LIMIT:
                print(f"bench: keep-alive takes {ratio:.2f} times the floor; the limit is {LIMIT}", file=sys.stderr)
                sys.exit("--limits" in sys.argv)
        case _:
            sys.exit(__doc__)


main()
