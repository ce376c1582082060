#!/usr/bin/env python3
"""Sends its name to each peer ten times a second, and logs whose name arrives.

Usage: beacon.py NAME LOG ADDRESS…

LOG gets a line for each packet: the name in it. It gets `carrier <0 or 1>` when the network card's carrier is lost or comes back.
"""
import socket
import sys
import time

PORT = 9
PERIOD_S = 0.1

name, log_path, peers = sys.argv[1], sys.argv[2], sys.argv[3:]
log = open(log_path, "a", buffering=1)
packets = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
packets.bind(("", PORT))
packets.settimeout(PERIOD_S)
carrier = "1"
due = 0.0
while True:
    with open("/sys/class/net/eth0/carrier") as file:
        seen = file.read().strip()
    if seen != carrier:
        carrier = seen
        print("carrier", carrier, file=log)
    if time.monotonic() >= due:
        due = time.monotonic() + PERIOD_S
        for peer in peers:
            try:
                packets.sendto(name.encode(), (peer, PORT))
            except OSError:
                pass  # No carrier, or nobody answers ARP.
    try:
        print(packets.recv(64).decode(), file=log)
    except TimeoutError:
        pass
