# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Large folders: listings are stable, can be resumed anywhere, and survive changes."""

import ctypes
import os
import struct
import subprocess

import pytest

from library import Library, scratch_folder, thorough
from media import text_files

COUNT = thorough(2000, 1200)

libc = ctypes.CDLL(None, use_errno=True)
libc.opendir.restype = ctypes.c_void_p
libc.opendir.argtypes = [ctypes.c_char_p]
libc.readdir.restype = ctypes.c_void_p
libc.readdir.argtypes = libc.closedir.argtypes = libc.telldir.argtypes = [ctypes.c_void_p]
libc.telldir.restype = ctypes.c_long
libc.seekdir.argtypes = [ctypes.c_void_p, ctypes.c_long]


class Directory:
    """opendir and its family; Python itself cannot seek in a listing."""

    def __init__(self, path):
        self.stream = libc.opendir(os.fsencode(path))
        assert self.stream, os.strerror(ctypes.get_errno())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        libc.closedir(self.stream)

    def read(self, most=None):
        found = []
        while most is None or len(found) < most:
            entry = libc.readdir(self.stream)
            if not entry:
                break
            inode, _, length, kind = struct.unpack("=QqHB", ctypes.string_at(entry, 19))
            found.append((ctypes.string_at(entry + 19), inode, kind))
        return found

    def tell(self):
        return libc.telldir(self.stream)

    def seek(self, where):
        libc.seekdir(self.stream, where)


def lasting(entries):
    return [entry for entry in entries if entry[0] not in (b".", b"..")]


@pytest.fixture(scope="module")
def media_folder():
    with scratch_folder() as folder:
        media = text_files(folder / "media", COUNT)
        for n in range(20):
            (media / f"folder{n:02}").mkdir()
            (media / f"folder{n:02}/inside.txt").write_text(f"{n}\n")
        yield media


@pytest.fixture(scope="module")
def imported(media_folder, shared_scratch):
    """What both mounts hold."""
    library = Library(shared_scratch / "one/library").init()
    library.import_(media_folder)
    return library


@pytest.fixture(scope="module")
def changing(imported, shared_scratch, shared_mount_of):
    """Mounted once for the tests that change what it holds."""
    return shared_mount_of(imported.copied_to(shared_scratch / "two/library"))


@pytest.fixture(scope="module")
def shared(changing, imported, shared_mount_of):
    """Mounted once for the tests that change nothing; after the copy was taken."""
    return shared_mount_of(imported)


def test_a_listing_is_complete_and_the_same_each_time(shared, media_folder):
    expected = set(map(os.fsencode, os.listdir(media_folder)))
    listings = []
    for _ in range(2):
        with Directory(shared / "originals") as directory:
            listings.append(lasting(directory.read()))
    assert listings[0] == listings[1]
    names = [name for name, _, _ in listings[0]]
    assert len(names) == len(set(names)) and set(names) == expected
    flat = [len(os.listdir(shared / "by-type" / kind)) for kind in os.listdir(shared / "by-type")]
    assert sum(flat) == COUNT + 20


def test_entries_carry_their_type_and_inode(shared):
    with Directory(shared / "originals") as directory:
        for name, inode, kind in lasting(directory.read()):
            info = os.lstat(shared / "originals" / os.fsdecode(name))
            assert inode == info.st_ino
            assert kind == (4 if name.startswith(b"folder") else 8)


@pytest.mark.parametrize("view", ["originals", "recent", "previews/small/originals"])
def test_a_listing_resumes_where_seekdir_says(shared, view):
    with Directory(shared / view) as directory:
        whole = directory.read()
        for stop in (0, 1, 2, 7, len(whole) // 2, len(whole)):
            directory.seek(0)
            assert directory.read(stop) == whole[:stop]
            here = directory.tell()
            assert directory.read() == whole[stop:]
            directory.seek(here)
            assert directory.read() == whole[stop:]


def test_offsets_keep_their_meaning_in_the_next_mount(shared):
    """An offset is a key of the catalog: it means the same place in the daemon's next life."""
    with Directory(shared / "originals") as directory:
        directory.read(1000)
        here = directory.tell()
        rest = directory.read()
    shared.stop()
    shared.start()
    with Directory(shared / "originals") as directory:
        directory.seek(here)
        assert directory.read() == rest


def test_what_is_imported_meanwhile_breaks_no_open_listing(changing, scratch):
    with Directory(changing / "originals") as directory:
        before = {name for name, _, _ in directory.read()}
    with Directory(changing / "originals") as directory:
        seen = [name for name, _, _ in directory.read(500)]
        changing.library.import_(text_files(scratch / "more", 200, suffix=".late"))
        seen += [name for name, _, _ in directory.read()]
    assert len(seen) == len(set(seen)), "an entry was given twice"
    assert before <= set(seen), "an entry was lost"


def test_a_removal_of_tags_breaks_no_open_listing(changing):
    names = sorted(name for name in os.listdir(changing / "originals") if name.startswith("file"))[:600]
    changing.library.run("tag", "add", "many", *names)
    with Directory(changing / "by-tag/many") as directory:
        seen = [name for name, _, _ in directory.read(100)]
        changing.library.run("tag", "remove", "many", *names[:50])
        seen += [name for name, _, _ in directory.read()]
    assert len(seen) == len(set(seen))
    assert set(map(os.fsencode, names[50:])) <= set(seen)


def test_plain_tools_agree(shared):
    unsorted = subprocess.run(["ls", "-f", str(shared / "originals")], capture_output=True, text=True, check=True)
    counted = subprocess.run(["find", str(shared / "originals"), "-type", "f", "-printf", "x"], capture_output=True,
                             text=True, check=True)
    assert unsorted.stdout.count("\n") == COUNT + 20 + 2
    assert len(counted.stdout) == COUNT + 20
