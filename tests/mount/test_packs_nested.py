# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Zips within zips are folders, too, down to a depth of three archives; what lies deeper stays a file."""

import errno
import io
import os
import stat
import zipfile

import pytest

from drive import hashes
from library import thorough
from mount import errno_of, wait_until, xattr
from packs import rows
from zips import BZIP2, DEFLATED, STORED, Member, archive, lying

DEEPEST = 3  # archives below each other, the original among them
LARGE = rows(thorough(3 << 20, 1_500_000))  # more than bzip2 packs at a time
MIDDLE = len(LARGE) * 2 // 3


def chain(depth, method):
    """An archive in an archive …: each with a text of its own and the next one."""
    inner = None
    for level in range(depth, 0, -1):
        members = [Member(f"level {level}.txt", f"level {level}\n".encode() * 1000, DEFLATED),
                   Member("maps/large.bin", LARGE[level:], DEFLATED)]
        if inner is not None:
            members.append(Member("in/inner.zip", inner, method))
        inner = archive(*members)
    return inner


def mounted(library, mount_of, scratch, data):
    (scratch / "in").mkdir()
    (scratch / "in/pack.zip").write_bytes(data)
    library.import_(scratch / "in")
    return mount_of(library) / "packs/pack"


@pytest.mark.parametrize("method", [STORED, DEFLATED, BZIP2], ids=["stored", "deflated", "bzip2"])
def test_down_to_the_deepest(library, mount_of, scratch, method):
    folder = mounted(library, mount_of, scratch, chain(5, method))
    at = folder
    for level in range(1, DEEPEST + 1):
        assert sorted(os.listdir(at)) == ["in", f"level {level}.txt", "maps"]
        assert (at / f"level {level}.txt").read_bytes() == f"level {level}\n".encode() * 1000
        with open(at / "maps/large.bin", "rb", buffering=0) as file:
            assert os.pread(file.fileno(), 5000, MIDDLE) == LARGE[level:][MIDDLE:MIDDLE + 5000]
        assert (at / "maps/large.bin").read_bytes() == LARGE[level:]
        at = at / "in/inner.zip"
    # What is as deep as that is the file that it is, whole.
    assert stat.S_ISREG(os.lstat(at).st_mode)
    data = at.read_bytes()
    assert len(data) == os.lstat(at).st_size
    with zipfile.ZipFile(io.BytesIO(data)) as inner:
        assert inner.testzip() is None and f"level {DEEPEST + 1}.txt" in inner.namelist()


def test_members_of_inner_archives_are_members(library, mount_of, scratch):
    folder = mounted(library, mount_of, scratch, chain(2, DEFLATED))
    inner = folder / "in/inner.zip"
    assert stat.S_ISDIR(os.lstat(inner).st_mode)
    assert errno_of(os.mkdir, inner / "new") in ((errno.EROFS,) if os.getuid() == 0 else (errno.EROFS, errno.EACCES))
    assert xattr(inner / "level 2.txt", "user.damfs.pack") == xattr(folder / "level 1.txt", "user.damfs.pack")
    assert xattr(inner / "level 2.txt", "user.damfs.method") == "deflated"
    assert xattr(inner / "level 2.txt", "user.damfs.member").endswith("level 2.txt")


def test_inodes_stay_over_a_remount(drive):
    (drive.originals / "pack.zip").write_bytes(chain(3, DEFLATED))
    wait_until(lambda: os.path.isdir(drive / "packs/pack/in/inner.zip/in/inner.zip"), 30, "the innermost folder")

    def inodes():
        return {os.path.relpath(os.path.join(at, name), drive / "packs"): os.lstat(os.path.join(at, name)).st_ino
                for at, folders, files in os.walk(drive / "packs") for name in folders + files}
    before, bytes_before = inodes(), hashes(drive / "packs/pack")
    assert len(set(before.values())) == len(before)
    drive.remount()
    assert inodes() == before and hashes(drive / "packs/pack") == bytes_before
    drive.library.delete_derived()
    assert hashes(drive / "packs/pack") == bytes_before


def test_inner_archives_that_cannot_be_read_stay_files(library, mount_of, scratch):
    sound = archive(Member("a.txt", b"a"))
    # Cut in its directory; and one whose bytes are not those its CRC is of.
    folder = mounted(library, mount_of, scratch, archive(
        Member("cut.zip", sound[:-30], DEFLATED), Member("text.zip", b"no archive at all", DEFLATED),
        lying(Member("crc.zip", sound, DEFLATED), crc=1), Member("sound.zip", sound, DEFLATED), Member("capitals.ZIP", sound)))
    assert (folder / "cut.zip").read_bytes() == sound[:-30] and (folder / "text.zip").read_bytes() == b"no archive at all"
    assert (folder / "sound.zip/a.txt").read_bytes() == b"a" == (folder / "capitals.ZIP/a.txt").read_bytes()
    if stat.S_ISREG(os.lstat(folder / "crc.zip").st_mode):
        assert errno_of((folder / "crc.zip").read_bytes) == errno.EIO and xattr(folder / "crc.zip", "user.damfs.error")
    else:
        assert os.listdir(folder / "crc.zip") in ([], ["a.txt"])


def test_an_archive_that_holds_itself_ends(library, mount_of, scratch):
    """As a quine does: here each level holds ten of the next, which is harmless for three and not for ten."""
    data = archive(Member("end.txt", b"end"))
    for _ in range(6):
        data = archive(*(Member(f"{n}.zip", data, DEFLATED) for n in range(10)))
    folder = mounted(library, mount_of, scratch, data)
    entries = sum(len(folders) + len(files) for _, folders, files in os.walk(folder))
    assert entries == sum(10 ** level for level in range(1, DEEPEST + 1))
