# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whoever has closed a file looks for it elsewhere at once: no view shows the state before."""

import os
import threading

import pytest


@pytest.mark.parametrize("load", [False, True], ids=["quiet", "beside other writers"])
def test_every_view_shows_what_was_closed(drive, load):
    path = drive.originals / "a.bin"
    path.write_bytes(b"0")
    for tag in ("one", "two"):
        (drive / "by-tag" / tag).mkdir()
        os.link(path, drive / "by-tag" / tag / "a.bin")
    (drive / "albums/Trip").mkdir()
    os.link(path, drive / "albums/Trip/a.bin")
    others = [drive / "by-tag/one/a.bin", drive / "by-tag/two/a.bin", drive / "albums/Trip/a.bin", drive / "recent/a.bin"]
    stop = threading.Event()

    def write_others(number):
        count = 0
        while not stop.is_set():
            count += 1
            (drive.originals / f"other{number}-{count % 20}.bin").write_bytes(os.urandom(3000))

    writers = [threading.Thread(target=write_others, args=(n,)) for n in range(3 if load else 0)]
    for writer in writers:
        writer.start()
    try:
        for round_number in range(60):
            for other in others:
                os.stat(other)  # the kernel knows it
            data = b"state %d" % round_number * (1 + round_number % 5)
            path.write_bytes(data)
            inode = os.stat(path).st_ino
            for other in others:
                assert os.stat(other).st_ino == inode, f"{other} shows the state before, in round {round_number}"
                assert other.read_bytes() == data
    finally:
        stop.set()
        for writer in writers:
            writer.join()
