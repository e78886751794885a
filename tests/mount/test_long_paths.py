# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Paths longer than the 4,096 bytes that the kernel takes of one at once: imported, shown and taken out as any other."""

import contextlib
import os
import subprocess

import pytest
from drive import require_sound


@contextlib.contextmanager
def folder_at(path, levels, make=False):
    """A descriptor of the folder so many levels below."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for name in levels:
            if make:
                os.mkdir(name, dir_fd=fd)
            below = os.open(name, os.O_RDONLY | os.O_DIRECTORY, dir_fd=fd)
            os.close(fd)
            fd = below
        yield fd
    finally:
        os.close(fd)


def put(folder, name, text):
    with open(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, dir_fd=folder), "w") as file:
        file.write(text)


def text_at(folder, name):
    with open(os.open(name, os.O_RDONLY, dir_fd=folder)) as file:
        return file.read()


@pytest.fixture
def source(scratch):
    folder = scratch / "source"
    folder.mkdir()
    yield folder
    subprocess.run(["rm", "-rf", folder], check=True)


def test_what_lies_at_a_long_path_is_left_out(drive, source):
    levels = [f"{n:02}" + "\u00e4" * 100 for n in range(25)]
    with folder_at(source, levels, make=True) as fd:
        put(fd, "deepest.txt", "down here")
        put(fd, "x" * 255, "a long name at that")
        os.symlink("deepest.txt", "link", dir_fd=fd)
    with folder_at(source, levels[:-3]) as fd:
        put(fd, "above.txt", "not so deep")
    drive.library.import_(source)
    for _ in range(2):
        with folder_at(drive.originals, levels) as fd:
            assert sorted(os.listdir(fd)) == ["deepest.txt", "link", "x" * 255]
            assert text_at(fd, "deepest.txt") == "down here"
            assert text_at(fd, "x" * 255) == "a long name at that"
            assert os.readlink("link", dir_fd=fd) == "deepest.txt"
        with folder_at(drive.originals, levels[:-3]) as fd:
            assert text_at(fd, "above.txt") == "not so deep"
        said = {name: os.getxattr(drive / "recent/deepest.txt", name) for name in os.listxattr(drive / "recent/deepest.txt")}
        assert said["user.damfs.sha256"]
        assert "4 unchanged" in drive.library.run("import", source).stdout
        drive.remount()
    require_sound(drive.library)
    assert len(os.listdir(drive / "recent")) == 3


def test_what_is_written_at_a_long_path_is_lost(drive):
    levels = [f"{n:02}" + "x" * 200 for n in range(25)]
    with folder_at(drive.originals, levels, make=True) as fd:
        put(fd, "a.txt", "written there")
        put(fd, "b.tmp", "renamed there")
        os.rename("b.tmp", "b.txt", src_dir_fd=fd, dst_dir_fd=fd)
        os.unlink("a.txt", dir_fd=fd)
    drive.remount()
    with folder_at(drive.originals, levels) as fd:
        assert os.listdir(fd) == ["b.txt"] and text_at(fd, "b.txt") == "renamed there"
    require_sound(drive.library)
