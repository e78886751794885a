# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names: what was imported keeps its own bytes (test_spellings.py has more)."""

import errno
import os
import unicodedata

from mount import errno_of


def spellings(text):
    return unicodedata.normalize("NFC", text), unicodedata.normalize("NFD", text)


def test_both_spellings_can_be_read_in_derived_folders_too(demo_mount):
    data = {(demo_mount / "previews/small/originals" / spelling).read_bytes()
            for spelling in spellings("Ünïcode/Café composed.jpg.webp")}
    assert len(data) == 1


def test_originals_list_the_bytes_of_the_name_they_came_with(demo_mount, demo):
    folder = unicodedata.normalize("NFC", "Ünïcode")
    assert set(os.listdir(demo_mount / "originals" / folder)) == set(os.listdir(demo / folder))


def test_flat_views_list_portable_names(demo_mount):
    for folder in ("by-type/image", "recent"):
        for name in os.listdir(demo_mount / folder):
            assert unicodedata.is_normalized("NFC", name)
            assert not set(name) & set('<>:"/\\|?*') and name[-1] not in ". "


def test_names_that_no_file_can_have(demo_mount):
    assert errno_of(os.lstat, demo_mount / "originals" / ("x" * 256)) == errno.ENAMETOOLONG
    assert errno_of(os.lstat, demo_mount / "originals" / ("x" * 255)) == errno.ENOENT
    assert errno_of(os.lstat, os.fsencode(demo_mount.path) + b"/originals/caf\xe9.jpg") == errno.ENOENT
    assert errno_of(os.listdir, demo_mount / "originals/no camera.jpg") == errno.ENOTDIR


def test_a_name_that_is_not_utf8_is_kept(library, scratch, mount_of):
    source = os.fsencode(scratch / "media")
    os.mkdir(source)
    with open(source + b"/caf\xe9.txt", "wb") as file:
        file.write(b"latin-1\n")
    library.import_(scratch / "media")
    mount = mount_of(library)
    shown = os.fsencode(mount.path) + b"/originals/"
    assert os.listdir(shown) == [b"caf\xe9.txt"]
    with open(shown + b"caf\xe9.txt", "rb") as file:
        assert file.read() == b"latin-1\n"
    assert len(os.listdir(mount / "recent")) == 1


def test_difficult_names_survive(library, scratch, mount_of):
    media = scratch / "media"
    media.mkdir()
    names = ["-rf", "new\nline.txt", "back\\slash.txt", "quote'\".txt", " leading and trailing ", "CON.txt", "a:b?.txt",
             "%s%n.txt", "$(touch x).txt", "ends with dot.", "x" * 255, "ü" * 127]
    for number, name in enumerate(names):
        (media / name).write_text(f"{number}\n")
    library.import_(media)
    mount = mount_of(library)
    assert sorted(os.listdir(mount / "originals")) == sorted(names)
    for number, name in enumerate(names):
        assert (mount / "originals" / name).read_text() == f"{number}\n"
    flat = os.listdir(mount / "by-type/other") + os.listdir(mount / "by-type/document")
    assert len(flat) == len(names) and all(len(os.fsencode(name)) <= 255 for name in flat)
