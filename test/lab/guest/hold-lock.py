#!/usr/bin/env python3
"""Takes a lock on a file and holds it, writing under it all the while.

Usage: hold-lock.py FILE LOG        takes the lock, then a record each 0.2 s, as write-records.py logs them
       hold-lock.py --try FILE      prints `free` and lets go at once, or `held`

When an NFS client could not get its lock back from a server that was restarted, its writes fail with EIO: so a write that
succeeds shows that the lock is still ours.
"""
import errno
import fcntl
import os
import signal
import sys
import time

if sys.argv[1] == "--try":
    file = os.open(sys.argv[2], os.O_RDWR)
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        print("free")
    except OSError as error:
        if error.errno not in (errno.EAGAIN, errno.EACCES):
            raise
        print("held")
    sys.exit(0)

stopped = False


def stop(_signal, _frame):
    global stopped
    stopped = True


signal.signal(signal.SIGTERM, stop)
log = os.open(sys.argv[2], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
number = 0
try:
    file = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT, 0o644)
    fcntl.lockf(file, fcntl.LOCK_EX)
    while not stopped:
        begun = time.time()
        os.pwrite(file, b"%015d\n" % (number + 1), 0)
        os.fsync(file)
        number += 1
        os.write(log, b"%d %.6f %.6f\n" % (number, begun, time.time()))
        time.sleep(0.2)
except OSError as error:
    os.write(log, b"error %d %s\n" % (number + 1, str(error).encode()))
    sys.exit(1)
