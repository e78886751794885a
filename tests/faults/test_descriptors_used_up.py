# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs open more files than the mount may have descriptors: they are refused, and everybody else goes on."""

import errno
import os
import resource

import pytest

from library import Library


class Limited(Library):
    """Started with these limits of open files."""

    def __init__(self, path, soft, hard):
        super().__init__(path)
        self.soft, self.hard = soft, hard

    def argv(self, *args):
        return ["prlimit", f"--nofile={self.soft}:{self.hard}", *super().argv(*args)]


@pytest.fixture
def own_limit():
    """This process opens as many."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    if before[1] < 4096:
        pytest.skip("this user may not open enough files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (before[1], before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.parametrize("soft, hard, wanted", [(1024, 4096, 2500), (400, 400, 600)])
def test_all_but_the_last_descriptors_are_for_files(library, mount_of, scratch, own_limit, soft, hard, wanted):
    for name in ("open.txt", "other.txt"):
        (scratch / name).write_text(name)
    library.import_(scratch / "open.txt", scratch / "other.txt")
    mount = mount_of(Limited(library.path, soft, hard), options=["-o", "no_passthrough"])
    opened, refused = [], set()
    try:
        for _ in range(wanted):
            try:
                opened.append(os.open(mount.path / "originals/open.txt", os.O_RDONLY))
            except OSError as error:
                refused.add(error.errno)
        if wanted < hard:
            assert not refused, "the soft limit is no limit"
        else:
            assert refused == {errno.EMFILE} and hard // 2 < len(opened) < hard, (refused, len(opened))
        # What needs some for a moment has them.
        os.mkdir(mount.path / "originals/made meanwhile")
        assert "other.txt" in os.listdir(mount.path / "originals")
        os.setxattr(mount.path / "originals/other.txt", "user.xdg.tags", b"still,here")
        assert "still" in os.listdir(mount.path / "by-tag")
    finally:
        for fd in opened:
            os.close(fd)
    (mount.path / "originals/afterwards.txt").write_text("goes on")
    assert (mount.path / "originals/other.txt").read_text() == "other.txt"
