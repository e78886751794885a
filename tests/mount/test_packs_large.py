# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Archives beyond what the first zips could be: 100,000 members, and members of more than 4 GiB."""

import os
import random
import shutil
import subprocess

import pytest

from mount import wait_until, xattr
from zips import DEFLATED, STORED, Member, archive, write_huge

MEMBERS = 100_000
FLAT = 30_000  # of them in one folder
HUGE = (4 << 30) + (16 << 20)
TAIL = b"what stands behind four gigabytes of zeros\n" * 100


def member(n):
    data = f"member {n}\n".encode() * (n % 7)
    name = f"flat/tile {n:05}.txt" if n < FLAT else f"set {n // 500:03}/part {n // 50 % 10}/tile {n:05}.txt"
    return Member(name, data, DEFLATED if n % 3 == 0 else STORED)


def test_a_hundred_thousand_members(library, mount_of, scratch):
    members = [member(n) for n in range(MEMBERS)]
    sizes = {one.name: len(one.data) for one in members}
    (scratch / "in").mkdir()
    (scratch / "in/many.zip").write_bytes(archive(*members, zip64=True))
    library.import_(scratch / "in")
    mount = mount_of(library)
    folder = mount / "packs/many"

    def found(*what):
        return subprocess.run(["find", folder, *what], capture_output=True, text=True, check=True).stdout.splitlines()
    shown = dict(line.rsplit("\t", 1) for line in found("-type", "f", "-printf", "%P\t%s\n"))
    assert {name: int(size) for name, size in shown.items()} == sizes
    assert len(os.listdir(folder / "flat")) == FLAT
    assert len(found("-type", "f", "-size", "-1c")) == sum(size == 0 for size in sizes.values())
    inodes = dict(line.rsplit("\t", 1) for line in found("-printf", "%P\t%i\n"))
    assert len(set(inodes.values())) == len(inodes)
    assert found("-name", "tile 77777.txt") == [str(folder / members[77_777].name)]

    sample = random.Random(9).sample(range(MEMBERS), 300)
    for n in sample:
        assert (folder / members[n].name).read_bytes() == members[n].data, n
    assert not os.path.lexists(folder / "flat/tile 99999.txt")
    mount.stop()
    mount.start()
    for n in sample:
        assert str(os.lstat(folder / members[n].name).st_ino) == inodes[members[n].name]
        assert (folder / members[n].name).read_bytes() == members[n].data, n
    assert str(MEMBERS) in library.run("info", "many.zip").stdout.replace(",", "")
    assert mount.stats()["worker_restarts"] == 0


def mount_with_a_huge_member(library, mount_of, scratch, method):
    """The mount, and the member's path in it."""
    (scratch / "in").mkdir()
    try:
        write_huge(scratch / "in/huge.zip", "height 64K.raw", HUGE, TAIL, method)
    except OSError as refused:
        pytest.skip(f"no file of {HUGE >> 30} GiB can be made in {scratch.parent}: {refused}")
    library.import_(scratch / "in")
    mount = mount_of(library)
    path = mount / "packs/huge/height 64K.raw"
    wait_until(path.exists, 30, "the pack")
    return mount, path


@pytest.mark.parametrize("method", [STORED, DEFLATED], ids=["stored", "deflated"])
def test_a_member_of_more_than_four_gibibytes(library, mount_of, scratch, method):
    # The source is a hole; whether its copy in the library is one too, the file system decides.
    needed = HUGE + (1 << 30) if method == STORED else 2 << 30
    if shutil.disk_usage(scratch).free < needed:
        pytest.skip(f"{needed >> 30} GiB are not free in {scratch.parent}")
    mount, path = mount_with_a_huge_member(library, mount_of, scratch, method)
    size = HUGE + len(TAIL)
    assert os.lstat(path).st_size == size
    with open(path, "rb", buffering=0) as file:
        assert file.seek(0, os.SEEK_END) == size
        # From front to back, or four gigabytes are unpacked for each.
        for at in (0, (1 << 31) - 5, (1 << 32) - 5, (1 << 32) + 12_345):
            assert os.pread(file.fileno(), 4096, at) == bytes(4096), at
        assert os.pread(file.fileno(), 8192, HUGE - 100) == (bytes(100) + TAIL)[:8192]
        assert os.pread(file.fileno(), 4096, size - 10) == TAIL[-10:]
        assert os.pread(file.fileno(), 4096, size + 1) == b""
    assert xattr(path, "user.damfs.error") is None
    assert mount.stats()["worker_restarts"] == 0


def test_a_jump_far_into_what_has_no_checkpoints(library, mount_of, scratch):
    """It takes longer than any piece may, is no failure, and ends with whoever waits for it."""
    library.configure("media", deadline_ms=500)
    mount, path = mount_with_a_huge_member(library, mount_of, scratch, DEFLATED)
    with open(path, "rb", buffering=0) as file:
        assert os.pread(file.fileno(), 10, HUGE) == TAIL[:10]
    assert xattr(path, "user.damfs.error") is None
    assert mount.stats()["worker_restarts"] == 0

    reader = subprocess.Popen(["dd", f"if={path}", "of=/dev/null", "bs=4096", "skip=1000000", "count=1"],
                              stderr=subprocess.DEVNULL)
    wait_until(lambda: len(mount.request_descriptors()) > mount.descriptors_at_start, 30, "the archive to be read")
    reader.kill()
    reader.wait()
    wait_until(lambda: len(mount.request_descriptors()) <= mount.descriptors_at_start, 3, "it to be given up")
