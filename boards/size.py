"""Measures a board's firmware and compares it with the figures on record.

Called by `board size`; needs binutils-arm-none-eabi. Arguments: BOARD FIRMWARE LOG COMPILER
[NAME=FILE...] [--update] [--limits]. FIRMWARE has all services, LOG is from a run under load, COMPILER is
the compiler's version, and each NAME=FILE is a variant (`bare` first; `ipv6` has all services and IPv6).
--update records the measured sizes; --limits fails if a limit is exceeded.
"""

import collections
import glob
import os
import re
import subprocess
import sys

TOLERANCE = 0.02
FLASH_LIMIT = 96 * 1024
RAM_LIMIT = 56 * 1024
STACK_MARGIN = 6 * 1024
TOOLS = "arm-none-eabi-"

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)


def tool(name, *arguments, **options):
    command = [TOOLS + name, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, **options).stdout


def sections(firmware):
    """Returns the size of each section in flash or RAM."""
    sizes = collections.Counter()
    for line in tool("size", "-A", firmware).splitlines():
        fields = line.split()
        if len(fields) == 3 and fields[0].startswith((".vector", ".text", ".rodata", ".data", ".bss", ".uninit")):
            sizes[fields[0]] += int(fields[1])
    return sizes


def flash(firmware):
    sizes = sections(firmware)
    return sum(sizes[name] for name in (".vector_table", ".text", ".rodata", ".data"))


def statics(firmware):
    sizes = sections(firmware)
    return sum(sizes[name] for name in (".data", ".bss", ".uninit"))


def symbols(firmware):
    """Yields size, kind and demangled name of each symbol."""
    for line in tool("nm", "--print-size", "--demangle", firmware).splitlines():
        found = re.match(r"[0-9a-f]+ ([0-9a-f]+) (\w) (.*)", line)
        if found:
            yield int(found[1], 16), found[2].lower(), found[3]


def assets(firmware):
    """Returns the bytes of served files in flash: the page's, the site's, and their gzip variants."""
    places = ["../host-runner/site/*", "../src/device/page/*", "target/*/release/build/*/out/*.gz"]
    files = {open(name, "rb").read() for place in places for name in glob.glob(os.path.join(HERE, place))}
    with open(firmware, "rb") as image:
        content = image.read()
    return sum(len(file) for file in files if file in content)


def by_crate(firmware):
    """Returns the bytes of code by crate, as named by the symbols."""
    sizes = collections.Counter()
    for size, kind, name in symbols(firmware):
        if kind == "t":
            found = re.search(r"([A-Za-z_]\w*)(?=::)", name)
            sizes[found[1] if found else "start-up and compiler's own"] += size
    return sizes


PANIC = re.compile(
    r"^\s*([0-9a-f]+):\s+bl?(?:\.[nw])?\s+[0-9a-f]+ "
    r"<(?:core::(?:panicking|option|result|slice|str|cell)[:\w]*"
    r"(?:panic|fail|failed|error)\w*|__rustc::rust_begin_unwind)(?:::\w+)*>",
)


def panic_sites(firmware):
    """Yields owner, function and file of each call that leads to a panic, from the innermost frame outside the
    core library. Calls merged by the compiler count once."""
    disassembly = tool("objdump", "-d", "--demangle", "--no-show-raw-insn", firmware)
    addresses, function = [], ""
    for line in disassembly.splitlines():
        label = re.match(r"[0-9a-f]+ <(.*)>:$", line)
        if label:
            function = label[1]
        call = PANIC.match(line)
        # Calls between the core library's own panic functions do not count.
        if call and not function.startswith(("core::panicking", "core::option", "core::result", "core::slice")):
            addresses.append((call[1], function))
    for address, function in addresses:
        frames = tool("addr2line", "-f", "-i", "-C", "-e", firmware, address).splitlines()
        for name, place in zip(frames[::2], frames[1::2]):
            path, line = place.split(" ")[0].rsplit(":", 1)
            path = os.path.normpath(path)
            if "/library/" in path or path.startswith("??"):
                continue
            # Without a line number: the compiler has merged the ends of several functions.
            if line == "?" and owner(path) == "own":
                continue
            yield owner(path), name, os.path.relpath(path, ROOT) if path.startswith(ROOT) else path
            break
        else:
            yield "unknown", function, "?"


def owner(path):
    if path.startswith(ROOT):
        return "own"
    found = re.search(r"/([^/]+?)-\d[^/]*/src/", path)
    return found[1] if found else "unknown"


def worst_stack(log):
    """Returns (used, size) of the stack: the maximum of the log's `stack: N of M bytes` lines."""
    with open(log, encoding="utf-8", errors="replace") as lines:
        found = re.findall(r"stack: (\d+) of (\d+) bytes", lines.read())
    if not found:
        sys.exit(f"size: no `stack:` line in {log}")
    return max(tuple(map(int, line)) for line in found)


def measure(board, firmware, variants, log):
    """Yields the lines of the report. Numbers after `name:` must not grow; those after `~` may."""
    size = sections(firmware)
    used, stack = worst_stack(log)
    total_flash, asset_bytes, ram = flash(firmware), assets(firmware), statics(firmware)
    yield "all services"
    yield f"  flash: {total_flash - asset_bytes}"
    yield f"    code: {size['.text']}"
    yield f"    constants: {size['.rodata'] - asset_bytes}"
    yield f"  flash of the page's files: {asset_bytes}"
    yield f"  RAM, static: {ram}"
    # The stack depth varies by some bytes with the timing.
    yield f"  RAM, worst stack seen under load ~ {round(used, -2)}"
    yield f"  RAM in all ~ {round(ram + used, -2)}"
    yield f"  stack margin ~ {round(stack - used, -2)} of {stack}"
    if variants:
        yield "added to the bare board by each service (flash, static RAM)"
        base_flash, base_ram = flash(variants["bare"]), statics(variants["bare"])
        yield f"  bare board, flash: {base_flash}"
        yield f"  bare board, RAM: {base_ram}"
        for name, file in variants.items():
            if name in ("bare", "ipv6"):
                continue
            yield f"  {name}, flash: {flash(file) - assets(file) - base_flash}"
            yield f"  {name}, RAM: {statics(file) - base_ram}"
        if "ipv6" in variants:
            file = variants["ipv6"]
            yield "added to all services by IPv6"
            yield f"  ipv6, flash: {flash(file) - total_flash}"
            yield f"  ipv6, RAM: {statics(file) - ram}"
    yield "code by crate, as symbols are named"
    crates = by_crate(firmware).most_common()
    for name, bytes_of_code in crates:
        if bytes_of_code >= 256:
            yield f"  {name}: {bytes_of_code}"
    sites = list(panic_sites(firmware))
    own = collections.Counter((name, path) for who, name, path in sites if who == "own")
    others = collections.Counter(who for who, _, _ in sites if who != "own")
    yield "calls that lead to a panic"
    yield f"  in our own code: {sum(own.values())}"
    for (name, path), count in sorted(own.items(), key=lambda item: (item[0][1], item[0][0])):
        yield f"    {count} x {name} ({path})"
    for who, count in sorted(others.items()):
        yield f"  {who} ~ {count}"


def over_limits(firmware, log):
    """Yields a message for each exceeded limit."""
    used, stack = worst_stack(log)
    if (size := flash(firmware) - assets(firmware)) > FLASH_LIMIT:
        yield f"flash without the page's files: {size}; the limit is {FLASH_LIMIT}"
    if (size := statics(firmware) + used) > RAM_LIMIT:
        yield f"RAM in all: {size}; the limit is {RAM_LIMIT}"
    if stack - used < STACK_MARGIN:
        yield f"stack margin: {stack - used}; the minimum is {STACK_MARGIN}"


def figures(lines):
    """Returns the numbers that must not grow, by section and name."""
    found, section = {}, ""
    for line in lines:
        if not line.startswith(" "):
            section = line
        number = re.match(r"\s+(.*): (-?\d+)$", line)
        if number:
            found[section, number[1]] = int(number[2])
    return found


def main():
    update, limits = "--update" in sys.argv, "--limits" in sys.argv
    board, firmware, log, compiler, *rest = [a for a in sys.argv[1:] if a not in ("--update", "--limits")]
    variants = dict(pair.split("=", 1) for pair in rest)
    lines = [f"# {board}, {compiler}; bytes. `boards/board size {board} --update` writes this."]
    lines += measure(board, firmware, variants, log)
    print("\n".join(lines))
    problems = list(over_limits(firmware, log))
    for problem in problems:
        print(f"size: {board}: {problem}", file=sys.stderr)
    record = os.path.join(HERE, "sizes", f"{board}.txt")
    if update:
        os.makedirs(os.path.dirname(record), exist_ok=True)
        with open(record, "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
        print(f"size: recorded in {os.path.relpath(record, ROOT)}", file=sys.stderr)
        sys.exit(limits and bool(problems))
    try:
        with open(record, encoding="utf-8") as file:
            old_lines = file.read().splitlines()
    except FileNotFoundError:
        sys.exit(f"size: no record for {board}: run with --update")
    old, new = figures(old_lines), figures(lines)
    if old_lines[0] != lines[0]:
        print(f"size: the record is from another compiler ({old_lines[0]})", file=sys.stderr)
    grown = [
        f"{section}, {name}: {old.get((section, name), 0)} -> {number}"
        for (section, name), number in new.items()
        if number > old.get((section, name), 0) * (1 + TOLERANCE) + 16
    ]
    panics = ("calls that lead to a panic", "in our own code")
    if new[panics] > old.get(panics, 0):
        grown.append(f"panics in our own code: {old.get(panics, 0)} -> {new[panics]}")
    for line in grown:
        print(f"size: grown: {line}", file=sys.stderr)
    if grown:
        sys.exit(f"size: if this is intended, run: boards/board size {board} --update")
    print(f"size: {board} is within 2 % of the record", file=sys.stderr)
    sys.exit(limits and bool(problems))


main()
