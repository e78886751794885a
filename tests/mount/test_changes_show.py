# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the command line changes while a library is mounted shows in the mount, cached or not."""

import hashlib
import os
import time

import pytest

from media import random_files
from mount import wait_until

PROMISED_SECONDS = 1
PATIENCE_SECONDS = 5


@pytest.fixture
def mounted(library, demo, mount_of):
    library.import_(demo)
    return mount_of(library)


def soon(condition, what):
    """The promise is a second; a loaded machine is given more, and told when it was needed."""
    start = time.monotonic()
    wait_until(condition, PATIENCE_SECONDS, what)
    took = time.monotonic() - start
    if took > PROMISED_SECONDS:
        print(f"{what}: only after {took:.1f} s")


def names(mount, folder):
    try:
        return set(os.listdir(mount / folder))
    except FileNotFoundError:
        return None


def test_a_tag_appears_and_vanishes_although_its_absence_was_cached(mounted, library):
    file = mounted / "originals/no camera.jpg"
    links = os.lstat(file).st_nlink
    listing = names(mounted, "by-tag")
    for _ in range(3):
        assert not os.path.lexists(mounted / "by-tag/summer/no camera.jpg")  # a negative entry
    library.run("tag", "add", "summer", "no camera.jpg")
    soon(lambda: names(mounted, "by-tag") == listing | {"summer"}, "the tag in by-tag/")
    soon(lambda: os.path.lexists(mounted / "by-tag/summer/no camera.jpg"), "the file in its tag")
    soon(lambda: os.lstat(file).st_nlink == links + 1, "its link count")
    assert os.lstat(mounted / "by-tag/summer/no camera.jpg").st_ino == os.lstat(file).st_ino
    assert b"summer" in os.getxattr(file, "user.xdg.tags")

    library.run("tag", "remove", "summer", mounted / "by-tag/summer/no camera.jpg")
    soon(lambda: not os.path.lexists(mounted / "by-tag/summer/no camera.jpg"), "the file gone from its tag")
    soon(lambda: os.lstat(file).st_nlink == links, "its link count back")


def test_an_import_shows_in_every_view_that_was_looked_at(mounted, library, scratch):
    (scratch / "late/new folder").mkdir(parents=True)
    (scratch / "late/new folder/late.txt").write_text("late\n")
    os.utime(scratch / "late/new folder/late.txt", (1000000000, 1000000000))
    for path in ("originals/new folder", "originals/new folder/late.txt", "by-date/2001", "recent/late.txt"):
        assert not os.path.lexists(mounted / path)
    top = names(mounted, "originals")
    years, newest = names(mounted, "by-date"), names(mounted, "recent")
    library.import_(scratch / "late")
    soon(lambda: names(mounted, "originals") == top | {"new folder"}, "the new folder")
    soon(lambda: os.path.lexists(mounted / "originals/new folder/late.txt"), "the new file")
    soon(lambda: names(mounted, "by-date") == years | {"2001"}, "the new year")
    soon(lambda: "late.txt" in names(mounted, "recent") and newest != names(mounted, "recent"), "the newest file")
    soon(lambda: names(mounted, "by-date/2001/2001-09-09") == {"late.txt"}, "the new day")
    assert (mounted / "originals/new folder/late.txt").read_text() == "late\n"


def test_a_copy_shows_in_duplicates_and_raises_the_link_count(mounted, library, demo, scratch):
    (scratch / "again").mkdir()
    (scratch / "again/second.jpg").write_bytes((demo / "no camera.jpg").read_bytes())
    file = mounted / "originals/no camera.jpg"
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    assert not os.path.lexists(mounted / "duplicates" / digest)
    before, pictures = os.lstat(file), len(os.listdir(mounted / "by-type/image"))
    done = library.import_(scratch / "again")
    assert (done["new_assets"], done["copies"]) == (1, 1), done
    soon(lambda: os.path.lexists(mounted / "originals/second.jpg"), "the copy")
    soon(lambda: os.lstat(file).st_nlink == before.st_nlink + 1, "the link count of the first")
    assert os.lstat(mounted / "originals/second.jpg").st_ino != before.st_ino
    soon(lambda: sorted(os.listdir(mounted / "duplicates" / digest)) == ["no camera.jpg", "second.jpg"], "both side by side")
    assert len(os.listdir(mounted / "by-type/image")) == pictures, "one of the two"
    # It is its turn when the first leaves, and what is alone is no duplicate.
    file.unlink()
    soon(lambda: "second.jpg" in os.listdir(mounted / "by-type/image"), "the copy by its type")
    soon(lambda: digest not in os.listdir(mounted / "duplicates"), "nothing to be twice there")


def test_albums(mounted, library):
    assert not os.path.lexists(mounted / "albums/Holiday/Best")
    library.run("album", "add", "Holiday/Best", "Italy 2024/IMG_0001.JPG", "Italy 2024/IMG_0002.JPG")
    soon(lambda: names(mounted, "albums") == {"Holiday"}, "the album")
    soon(lambda: len(names(mounted, "albums/Holiday/Best") or ()) == 2, "its pictures")
    soon(lambda: len(names(mounted, "previews/small/albums/Holiday/Best") or ()) == 2, "their previews")
    library.run("album", "remove", "Holiday/Best", "Italy 2024/IMG_0002.JPG")
    soon(lambda: len(names(mounted, "albums/Holiday/Best") or ()) == 1, "the picture taken out")


def test_open_files_and_folders_go_on_through_changes(mounted, library, scratch, demo):
    with open(mounted / "originals/video/C0001.MOV", "rb", buffering=0) as file:
        head = file.read(1000)
        folder = os.open(mounted / "by-tag/beach", os.O_RDONLY | os.O_DIRECTORY)
        library.run("tag", "remove", "beach", "Italy 2024/IMG_0001.JPG", "Italy 2024/IMG_0002.JPG")
        library.import_(random_files(scratch / "more", 50, 1000))
        soon(lambda: not os.path.lexists(mounted / "by-tag/beach/IMG_0002.JPG"), "the tag emptied")
        os.fstat(folder)
        os.close(folder)
        assert head + file.read() == (demo / "video/C0001.MOV").read_bytes()


def test_status_tells_of_the_mount(mounted, library):
    status = library.status()
    assert os.path.samefile(status["mounted"], mounted.path)
    assert status["assets"] == mounted.stats()["assets"] > 40
    assert status["renders_started"] == 0
    mounted.stop()
    assert library.status()["mounted"] is False
