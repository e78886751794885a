# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""by-lens/: a grouping that a row, a schema step and a line made, with all that any view has."""

import os
import sqlite3
import subprocess

from old_library import OldLibrary

LENS = "RF24-105mm F4 L IS USM"


def lens_of(path):
    return subprocess.run(["exiftool", "-s3", "-EXIF:LensModel", path], capture_output=True, text=True).stdout.strip()


def test_folders_are_the_lenses_and_hold_what_they_took(demo_mount):
    photos = [(demo_mount / path, info.st_ino) for path, info in demo_mount.files("originals") if path.endswith(".jpg")]
    by_inode = {inode: lens_of(path) for path, inode in photos}
    assert set(os.listdir(demo_mount / "by-lens")) == set(filter(None, by_inode.values())) and LENS in by_inode.values()
    for lens in os.listdir(demo_mount / "by-lens"):
        shown = {entry.inode() for entry in os.scandir(demo_mount / "by-lens" / lens)}
        assert shown & by_inode.keys() == {inode for inode, its in by_inode.items() if its == lens}


def test_what_any_view_has(demo_mount):
    names = os.listdir(demo_mount / "by-lens" / LENS)
    previews = demo_mount / "previews/small/by-lens" / LENS
    assert len(os.listdir(previews)) == len(names)
    assert (previews / os.listdir(previews)[0]).read_bytes()[:4] == b"RIFF"
    found = {told["label"] for told in demo_mount.library.json_lines("find", "lens:24-105")}
    assert found == set(names)
    assert set(os.listdir(demo_mount / "by-lens" / LENS / "+" / "type:image")) == set(names)
    assert os.listdir(demo_mount / "by-lens" / LENS / "+" / "type:video") == []
    assert "lens:" in demo_mount.library.run("find", "x:y", expect=1).stderr


def test_a_library_of_before_has_its_lenses_at_once(library, mount_of):
    old = OldLibrary(8)
    old.put_into(library)
    catalog = sqlite3.connect(library.path / "catalog.db")
    with catalog:
        blobs = [blob for blob, in catalog.execute("SELECT blob_id FROM version ORDER BY id")]
        catalog.execute("UPDATE technical SET lens = 'Old 50/1.4' WHERE blob_id IN (?, ?)", (blobs[0], blobs[-1]))
    catalog.close()
    library.run("doctor")
    mount = mount_of(library)
    assert os.listdir(mount / "by-lens") == ["Old 50_1.4"]
    shown = {entry.inode() for entry in os.scandir(mount / "by-lens/Old 50_1.4")}
    assert shown and shown <= {inode for inode, _ in old.told["originals"].values()}
