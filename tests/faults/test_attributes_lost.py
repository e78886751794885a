# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Somebody has a file open for writing, or just had: its tags and other attributes are shown all the same, and what is said
of it meanwhile holds at once, by every road and after a crash."""

import contextlib
import os
import stat

import pytest

from mount import xattr

TAGS, COMMENT = "user.xdg.tags", "user.xdg.comment"


@pytest.fixture
def saved(drive):
    """A file that the catalog has, with a comment."""
    path = drive / "originals/a.bin"
    path.write_bytes(b"first" * 1000)
    os.setxattr(path, COMMENT, b"said")
    return path


def open_to_write(path):
    os.close(os.open(path, os.O_RDWR))


@contextlib.contextmanager
def writing(path, data=b""):
    fd = os.open(path, os.O_RDWR)
    try:
        os.pwrite(fd, data, 0)
        yield
    finally:
        with contextlib.suppress(OSError):  # a daemon that was killed meanwhile
            os.close(fd)


def test_attributes_are_shown_while_it_is_written(saved):
    with writing(saved):
        assert xattr(saved, COMMENT) == "said" and COMMENT in os.listxattr(saved)
        assert xattr(saved, "user.damfs.sha256")
    with writing(saved, b"more"):
        assert xattr(saved, COMMENT) == "said" and COMMENT in os.listxattr(saved)
        assert xattr(saved, "user.damfs.sha256") is None, "of other bytes"
        os.removexattr(saved, COMMENT)
        assert xattr(saved, COMMENT) is None and COMMENT not in os.listxattr(saved)


def test_attributes_are_shown_after_it_was_opened_for_nothing(saved):
    for _ in range(30):
        open_to_write(saved)
        assert xattr(saved, COMMENT) == "said"


@pytest.mark.parametrize("data", [b"", b"more"], ids=["opened", "written"])
def test_what_is_said_meanwhile_outlives_a_crash(drive, library, saved, data):
    with writing(saved, data):
        os.setxattr(saved, TAGS, b"beach")
        saved.chmod(0o600)
        drive.mount.abort()
    drive.mount.start()
    assert (xattr(saved, TAGS), xattr(saved, COMMENT)) == ("beach", "said")
    assert stat.S_IMODE(saved.stat().st_mode) == 0o600
    assert drive.tags("a.bin") == ["beach"]


def test_what_was_synced_is_not_shown_to_more_than_may_see_it(drive):
    path = drive / "originals/new.bin"
    with open(path, "wb", buffering=0) as file:
        file.write(b"synced")
        os.fsync(file.fileno())
        os.fchmod(file.fileno(), 0o600)
        drive.mount.abort()
        with contextlib.suppress(OSError):
            file.close()
    drive.mount.start()
    assert path.read_bytes() == b"synced" and stat.S_IMODE(path.stat().st_mode) == 0o600


def test_what_is_said_by_another_road_is_not_taken_back_by_the_next_save(drive):
    path = drive / "originals/new.bin"
    with open(path, "wb", buffering=0) as file:
        os.setxattr(path, TAGS, b"first")
        file.write(b"one")
        os.close(os.dup(file.fileno()))  # filed by that, and open still
        drive.tag("second", "new.bin")
        file.write(b"two")
    assert sorted(drive.tags("new.bin")) == ["first", "second"]
