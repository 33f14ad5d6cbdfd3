"""Sends nine pings, one at a time. Arguments: address, port, [timeout in seconds]."""
import sys
import time
from socket import AF_INET, SOCK_DGRAM, socket, timeout

client = socket(AF_INET, SOCK_DGRAM)
client.settimeout(float(sys.argv[3]) if len(sys.argv) > 3 else 1)
for sequence in range(1, 10):
    start = time.time()
    client.sendto(f"Ping {sequence} {start}".encode(), (sys.argv[1], int(sys.argv[2])))
    try:
        message, address = client.recvfrom(1024)
        rtt = time.time() - start
        print("Sequence %d: Reply from %s    RTT = %.3fs" % (sequence, address[0], rtt))
    except timeout:
        print("Sequence %d: Request timed out." % sequence)
client.close()
