#!/usr/bin/env python3
"""Writes numbered records, each followed by fsync, and logs each acknowledgement to this machine's own disk.

Usage: write-records.py FILE LOG PAUSE_S

FILE gets one line of 64 bytes for each record, at its own place: `<number> <monotonic time>`, padded.
LOG gets one line for each record that fsync has said is safe: `<number> <begun> <acknowledged>`, seconds since the epoch.
A write that fails is logged as `error <number> <text>` and ends the program: on a hard mount none should.
SIGTERM ends it after the record under way.
"""
import os
import signal
import sys
import time

RECORD_BYTES = 64

path, log_path, pause_s = sys.argv[1], sys.argv[2], float(sys.argv[3])
stopped = False


def stop(_signal, _frame):
    global stopped
    stopped = True


signal.signal(signal.SIGTERM, stop)
log = os.open(log_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
number = 0
try:
    records = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    # Going on after what an earlier run wrote.
    number = os.fstat(records).st_size // RECORD_BYTES
    while not stopped:
        begun = time.time()
        record = b"%d %.6f" % (number + 1, time.monotonic())
        os.pwrite(records, record.ljust(RECORD_BYTES - 1) + b"\n", number * RECORD_BYTES)
        os.fsync(records)
        number += 1
        os.write(log, b"%d %.6f %.6f\n" % (number, begun, time.time()))
        time.sleep(pause_s)
except OSError as error:
    os.write(log, b"error %d %s\n" % (number + 1, str(error).encode()))
    sys.exit(1)
