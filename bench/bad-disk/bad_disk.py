"""A file system that holds one file, `disk.img`, passes through to FILE, and can be made slow or stuck like a bad disk.

    python3 bad_disk.py FILE MOUNTPOINT

Commands come as lines on standard input: `delay SECONDS` makes each operation take so much longer, `hang` holds up all of them,
`heal` lets them go on at full speed. It unmounts itself when standard input ends. With direct_io the kernel caches nothing, so that
each read and write of the target gets here.
"""

import errno
import os
import stat
import sys
import threading
import time

from fusepy import FUSE, FuseOSError, Operations

NAME = "disk.img"


class BadDisk(Operations):
    def __init__(self, path):
        self.descriptor = os.open(path, os.O_RDWR)
        self.delay_s = 0.0
        self.works = threading.Event()
        self.works.set()

    def obey(self, words):
        if words[0] == "hang":
            self.works.clear()
            return
        self.delay_s = float(words[1]) if words[0] == "delay" else 0.0
        self.works.set()

    def wait(self):
        if self.delay_s > 0:
            time.sleep(self.delay_s)
        self.works.wait()

    def getattr(self, path, fh=None):
        if path == "/":
            return {"st_mode": stat.S_IFDIR | 0o700, "st_nlink": 2}
        if path != "/" + NAME:
            raise FuseOSError(errno.ENOENT)
        return {"st_mode": stat.S_IFREG | 0o600, "st_nlink": 1, "st_size": os.fstat(self.descriptor).st_size}

    def readdir(self, path, fh):
        return [".", "..", NAME]

    def open(self, path, flags):
        return 0

    def truncate(self, path, length, fh=None):
        raise FuseOSError(errno.EPERM)

    def read(self, path, size, offset, fh):
        self.wait()
        return os.pread(self.descriptor, size, offset)

    def write(self, path, data, offset, fh):
        self.wait()
        return os.pwrite(self.descriptor, data, offset)

    def fsync(self, path, datasync, fh):
        self.wait()
        os.fdatasync(self.descriptor)
        return 0

    # close(2) must not hang with the disk: a target would never end.
    def flush(self, path, fh):
        return 0


def listen(disk, mountpoint):
    for line in sys.stdin:
        disk.obey(line.split())
        print(line.strip(), flush=True)
    disk.obey(["heal"])
    os.system(f"umount -l '{mountpoint}'")


def main():
    path, mountpoint = sys.argv[1:]
    disk = BadDisk(path)
    threading.Thread(target=listen, args=(disk, mountpoint), daemon=True).start()
    FUSE(disk, mountpoint, foreground=True, direct_io=True)


main()
