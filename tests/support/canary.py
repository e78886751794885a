# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A folder that nothing may touch: its files' bytes and times, and what the kernel tells of anybody who opened one."""

import ctypes
import os
import struct
from pathlib import Path

# inotify(7). Looking names up is not told, and hurts nobody.
ACCESS, MODIFY, ATTRIB, CLOSE_WRITE = 0x1, 0x2, 0x4, 0x8
OPEN, MOVED_FROM, MOVED_TO, CREATE, DELETE = 0x20, 0x40, 0x80, 0x100, 0x200
TOLD = {ACCESS: "read", MODIFY: "written", ATTRIB: "changed", CLOSE_WRITE: "written", OPEN: "opened", MOVED_FROM: "moved away",
        MOVED_TO: "moved in", CREATE: "made", DELETE: "deleted"}


class Canary:
    """Watches `folder` and all below it from watch() on."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.fd = -1

    def state(self):
        found = {}
        for path in sorted([self.folder, *self.folder.rglob("*")]):
            stat = path.lstat()
            found[str(path)] = (stat.st_mode, stat.st_uid, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns,
                                path.read_bytes() if path.is_file() else b"")
        return found

    def watch(self):
        self.before = self.state()
        libc = ctypes.CDLL(None, use_errno=True)
        self.fd = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        assert self.fd >= 0, os.strerror(ctypes.get_errno())
        self.watched = {}
        for path in [self.folder, *(p for p in self.folder.rglob("*") if p.is_dir())]:
            number = libc.inotify_add_watch(self.fd, os.fsencode(path), sum(TOLD))
            assert number >= 0, os.strerror(ctypes.get_errno())
            self.watched[number] = path
        return self

    def events(self):
        told = []
        while True:
            try:
                data = os.read(self.fd, 1 << 16)
            except BlockingIOError:
                return told
            while data:
                number, mask, _, length = struct.unpack_from("iIII", data)
                name = os.fsdecode(data[16:16 + length].rstrip(b"\0"))
                told += [f"{self.watched[number] / name} was {what}" for bit, what in TOLD.items() if mask & bit]
                data = data[16 + length:]

    def require_untouched(self, what):
        told = self.events()
        assert not told, f"{what}: {told[:10]}"

    def end(self, what):
        self.require_untouched(what)
        os.close(self.fd)
        assert self.state() == self.before, what
