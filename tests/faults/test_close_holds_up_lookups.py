# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A large file is hashed and flushed when it is closed: nobody who looks at it, at its folder or anywhere else waits for
that, however many they are."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

SIZE = 12 << 30  # of nothing but a hole, which takes seconds to hash and no room


def test_everything_goes_on_while_a_large_file_is_closed(drive):
    big = drive.originals / "sparse.img"
    (drive.originals / "quiet").mkdir()
    (drive.originals / "quiet/small.bin").write_bytes(b"small")
    fd = os.open(big, os.O_CREAT | os.O_RDWR, 0o644)
    os.ftruncate(fd, SIZE)
    writer = os.open(big, os.O_RDWR)
    has_closed = threading.Event()

    def close():
        os.close(fd)
        has_closed.set()

    closing = threading.Thread(target=close)
    closing.start()
    try:
        closing.join(0.2)
        # More than there are threads for requests.
        with ThreadPoolExecutor(12) as pool:
            assert [each.st_size for each in pool.map(os.stat, [big] * 12)] == [SIZE] * 12
        for n in range(4):
            assert "sparse.img" in os.listdir(drive.originals)
            assert not (drive.originals / f"none{n}").exists()
            assert (drive.originals / "quiet/small.bin").read_bytes() == b"small"
            assert (drive / "recent/small.bin").stat().st_size == 5
            (drive.originals / f"quiet/made{n}.bin").write_bytes(b"made meanwhile")
            os.setxattr(drive.originals / "quiet/small.bin", "user.xdg.comment", b"%d" % n)
        os.chmod(big, 0o600)
        if has_closed.is_set():
            pytest.skip("this machine hashes faster than anybody can look")
    finally:
        os.close(writer)
        closing.join()
    assert (drive / "recent/sparse.img").stat().st_size == SIZE
    assert big.stat().st_mode & 0o777 == 0o600
    big.unlink()
