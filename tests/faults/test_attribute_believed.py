# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`cp -a` and `rsync -X` spread user.damfs.asset to where they copy, and anybody can set it there: a file that bears the
number of one in the library, but lies elsewhere, is not taken for it."""

import os
import subprocess

import pytest

from library import Library
from media import random_files


def has_attributes(folder):
    probe = folder / "probe"
    probe.touch()
    try:
        os.setxattr(probe, "user.probe", b"1")
    except OSError:
        pytest.skip("no extended attributes on this file system")


def test_file_elsewhere_that_bears_a_number(library, mount_of, scratch):
    has_attributes(scratch)
    random_files(scratch / "source", 2, 1000)
    library.import_(scratch / "source")
    mount = mount_of(library)
    first, second = sorted((mount / "originals").iterdir())
    copy = scratch / "copy"
    subprocess.run(["cp", "--preserve=all", first, copy], check=True)
    assert os.getxattr(copy, "user.damfs.asset") == os.getxattr(first, "user.damfs.asset")
    refused = library.run("tag", "add", "wrong", copy, expect=1)
    assert "not in a mount of this library" in refused.stderr and str(copy) in refused.stderr
    assert not library.find("tag:wrong")
    # Of several items the others are done.
    library.run("tag", "add", "right", second, copy, expect=2)
    assert [asset["names"] for asset in library.find("tag:right")] == [[second.name]]
    # The mount's own, by whatever path, is believed.
    (scratch / "link").symlink_to(first)
    library.run("tag", "add", "linked", scratch / "link")
    assert [asset["names"] for asset in library.find("tag:linked")] == [[first.name]]


def test_mount_of_another_library(library, mount_of, scratch):
    random_files(scratch / "source", 1, 1000)
    library.import_(scratch / "source")
    other = Library(scratch / "other").init()
    random_files(scratch / "theirs", 1, 1000, seed=2)
    other.import_(scratch / "theirs")
    theirs = next((mount_of(other, at=scratch / "there") / "originals").iterdir())
    mount_of(library)
    refused = library.run("tag", "add", "wrong", theirs, expect=1)
    assert "not in a mount of this library" in refused.stderr
    assert not library.find("tag:wrong")
    other.run("tag", "add", "right", theirs)
    assert other.find("tag:right")
