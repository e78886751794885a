# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Somebody imports his whole home, in which his library and its mount are; or makes a library, or mounts one, inside of another."""

import os

import pytest


def skipped(library, *paths):
    events = library.json_lines("import", *paths, expect=None)
    return {event["path"]: event["reason"] for event in events if event["event"] == "skipped"}, events[-1]


def test_a_home_with_a_library_and_its_mount_is_imported_without_them(library, scratch, mount_of):
    home = scratch / "whole home"
    home.mkdir()
    (home / "a.txt").write_text("mine")
    mount = mount_of(library, at=home / "drive")
    (mount / "originals/b.txt").write_text("in it")
    os.makedirs(home / "old/objects")
    (home / "old/catalog.db").write_text("another library")
    reasons, done = skipped(library, home)
    assert reasons == {str(home / "drive"): "a damfs mount", str(home / "old"): "a damfs library"}
    assert (done["files"], done["new_assets"], done["skipped"]) == (1, 1, 2), done


@pytest.mark.parametrize("inside", ["", "originals", "search", "search/catalog.db", "originals/b.txt"])
def test_what_is_in_a_mount_is_not_imported_into_it(library, mount_of, inside):
    mount = mount_of(library)
    (mount / "originals/b.txt").write_text("in it")
    reasons, done = skipped(library, mount / inside)
    assert list(reasons.values()) == ["a damfs mount" if os.path.isdir(mount / inside) else "in a damfs mount"]
    assert (done["files"], done["new_assets"]) == (0, 0), done


def test_no_library_and_no_mount_inside_of_another(library, scratch, mount_of):
    mount = mount_of(library)
    for place in (mount / "originals/library", mount / "search/x/library", library.path / "library", library.path / "objects/ab"):
        refused = library.run("init", place, expect=1).stderr
        assert "inside a damfs mount" in refused or "inside the damfs library" in refused, refused
    (mount / "originals/here").mkdir()
    for place in (mount / "originals/here", library.path / "derived/here"):
        refused = library.run("mount", place, expect=1).stderr
        assert "inside a damfs mount" in refused or "inside the damfs library" in refused, refused
    assert not (library.path / "derived/here").exists()
    # Where names are invented, they deceive nobody about where the library is.
    done = library.run("status", cwd=mount / "search")
    assert str(library.path) in done.stdout
