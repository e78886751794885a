# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Somebody looks at a large file that is being written: the kernel keeps its pages, whose dropping is a wait of a third of a
second for each GiB, for whoever looked."""

import ctypes
import mmap
import os

SIZE = 32 << 20


def pages_in_memory(fd):
    with mmap.mmap(fd, SIZE, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ | mmap.PROT_WRITE) as mapped:
        start = ctypes.c_char.from_buffer(mapped)
        told = (ctypes.c_ubyte * (SIZE // mmap.PAGESIZE))()
        failed = ctypes.CDLL(None, use_errno=True).mincore(ctypes.c_void_p(ctypes.addressof(start)), ctypes.c_size_t(SIZE), told)
        del start
        assert not failed, os.strerror(ctypes.get_errno())
        return sum(page & 1 for page in told)


def test_a_look_at_a_file_being_written_drops_none_of_its_pages(drive):
    path = drive / "originals/large.bin"
    fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        for at in range(0, SIZE, 1 << 20):
            os.pwrite(fd, os.urandom(1 << 20), at)
        written = pages_in_memory(fd)
        assert written > SIZE // mmap.PAGESIZE * 0.9
        os.stat(path)
        os.listdir(path.parent)
        assert pages_in_memory(fd) >= written * 0.9
    finally:
        os.close(fd)
