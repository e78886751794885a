# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tags, albums and ratings are changed and taken back by command: a mount that was looked at shows each state."""

import json
import os

import pytest

from mount import wait_until

PHOTO = "Italy 2024/IMG_0001.JPG"


@pytest.fixture
def mounted(library, demo, mount_of):
    library.import_(demo)
    library.run("album", "add", "Best/Of all", PHOTO, "no camera.jpg")
    return mount_of(library)


def drawn(mount):
    """Every name in what can be organised, with its inode; None when something went meanwhile."""
    found = {}
    try:
        for top in ("by-tag", "albums", "by-rating", "previews/small/by-tag", "previews/small/albums"):
            for folder, folders, files in os.walk(mount / top):
                for name in folders + files:
                    path = os.path.join(folder, name)
                    found[path] = os.lstat(path).st_ino
    except FileNotFoundError:
        return None
    return found


def contents(folder):
    return {path: open(os.path.join(at, path), "rb").read() for at, _, files in os.walk(folder) for path in files}


ACTS = {
    "rename a tag": ["tag", "rename", "places", "where/we were"],
    "spell a tag otherwise": ["tag", "rename", "beach", "Beach"],
    "merge tags": ["tag", "merge", "places/italy", "people"],
    "delete a tag with all below": ["tag", "delete", "places"],
    "rename an album": ["album", "rename", "Best/Of all", "Worst"],
    "delete an album": ["album", "delete", "Best"],
    "rate": ["set", "--rating", "3", PHOTO, "no camera.jpg"],
    "take out": ["album", "remove", "Best/Of all", PHOTO],
}


def test_each_act_shows_and_is_taken_back(mounted, library):
    before = drawn(mounted)
    inode = os.lstat(mounted / "originals" / PHOTO).st_ino
    for what, words in ACTS.items():
        library.run(*words)
        wait_until(lambda: drawn(mounted) not in (before, None), 10, what)
        library.run("undo")
        wait_until(lambda: drawn(mounted) == before, 10, f"{what}, taken back")
    assert os.lstat(mounted / "originals" / PHOTO).st_ino == inode
    told = [json.loads(line) for line in library.run("log", "--json", "-n", "100").stdout.splitlines()]
    assert len(told) == 2 * len(ACTS) + 2 and {act["uid"] for act in told} == {os.getuid()}
    assert sum("undone_by" in act for act in told) == len(ACTS)


def test_a_tag_deleted_with_all_below_costs_no_file_and_one_undo(mounted, library):
    before = drawn(mounted)
    originals = contents(mounted / "originals")
    for tag in os.listdir(mounted / "by-tag"):
        library.run("tag", "delete", tag)
        wait_until(lambda: tag not in os.listdir(mounted / "by-tag"), 10, "the tag gone")
        library.run("undo")
    wait_until(lambda: drawn(mounted) == before, 10, "all tags back")
    assert contents(mounted / "originals") == originals


def test_refusals_say_what_to_do(library, demo):
    assert "damfs log" in library.run("undo", expect=1).stderr
    library.import_(demo)
    refused = library.run("tag", "rename", "beach", "people", expect=1).stderr
    assert "damfs tag merge" in refused
    assert "0 to 5" in library.run("set", "--rating", "9", PHOTO, expect=1).stderr
    library.run("tag", "add", "new", PHOTO)
    library.run("undo")
    assert "already" in library.run("undo", "2", expect=1).stderr
