# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names that only differ in how their accents are written are as many files in originals/, and one name elsewhere."""

import contextlib
import errno
import os
import unicodedata

import media
import pytest
from mount import errno_of, wait_until

COMPOSED, DECOMPOSED = "caf\u00e9.txt", "cafe\u0301.txt"
NAMES = {COMPOSED: "composed", DECOMPOSED: "decomposed", "A\u030a.txt": "two characters", "\u212b.txt": "Angstrom sign",
         "\u00c5.txt": "letter", "\u1112\u1161\u11ab.txt": "jamo", "\ud55c.txt": "syllable", "q\u0307\u0323.txt": "one order",
         "q\u0323\u0307.txt": "other order"}


def other(name):
    return unicodedata.normalize("NFD" if unicodedata.is_normalized("NFC", name) else "NFC", name)


def texts(folder):
    return {name: (folder / name).read_text() for name in os.listdir(folder)}


@pytest.fixture
def source(scratch):
    folder = scratch / "source"
    folder.mkdir()
    for name, text in NAMES.items():
        (folder / name).write_text(text)
    return folder


@pytest.fixture
def folder(shared_drive, request):
    """A folder of originals/ of this test's own, of which nothing goes to the trash."""
    before = set(os.listdir(shared_drive / "trash"))
    yield shared_drive.originals / request.node.name
    assert set(os.listdir(shared_drive / "trash")) == before, "something was replaced"


def copy(drive, source, folder):
    drive.run("cp", "-r", source, folder)


def copy_with_everything(drive, source, folder):
    drive.run("cp", "-a", source, folder)


def redirect(drive, source, folder):
    folder.mkdir()
    for name in NAMES:
        drive.run("sh", "-c", 'cat "$1" > "$2"', "sh", source / name, folder / name)


def tar(drive, source, folder):
    folder.mkdir()
    drive.run("sh", "-c", 'tar -C "$1" -cf - . | tar -C "$2" -xf -', "sh", source, folder)


def rsync(drive, source, folder):
    drive.run("rsync", "-a", f"{source}/", f"{folder}/")


def rsync_in_place(drive, source, folder):
    drive.run("rsync", "-a", "--inplace", f"{source}/", f"{folder}/")


def move(drive, source, folder):
    folder.mkdir()
    drive.run("mv", *(source / name for name in NAMES), folder)


def move_within(drive, source, folder):
    """A rename onto no file, though another spelling has it."""
    folder.mkdir()
    for number, (name, text) in enumerate(NAMES.items()):
        (folder / f"{number}.txt").write_text(text)
        os.rename(folder / f"{number}.txt", folder / name)


def link(_, source, folder):
    folder.mkdir()
    for number, (name, text) in enumerate(NAMES.items()):
        (folder / f"{number}.txt").write_text(text)
        os.link(folder / f"{number}.txt", folder / name)
        os.unlink(folder / f"{number}.txt")


def windows(_, source, folder):
    """As a file server does it: create if there is none, then by attributes and by a truncating open."""
    folder.mkdir()
    for name, text in NAMES.items():
        with pytest.raises(FileNotFoundError):
            os.stat(folder / name)
        os.close(os.open(folder / name, os.O_RDWR | os.O_CREAT | os.O_EXCL))
        os.setxattr(folder / name, "user.DOSATTRIB", b"x" * 56)
        with open(folder / name, "r+") as file:
            file.truncate(0)
            file.write(text)


def at_once(_, source, folder):
    """All open for writing at one time."""
    folder.mkdir()
    with contextlib.ExitStack() as stack:
        for name, text in NAMES.items():
            stack.enter_context(open(folder / name, "w")).write(text)


def import_(drive, source, folder):
    drive.library.import_(source, "--into", folder.name)
    wait_until(folder.is_dir, 10, "what was imported did not show")


@pytest.mark.parametrize("way", [copy, copy_with_everything, redirect, tar, rsync, rsync_in_place, move, move_within, link, windows,
                                 at_once, import_], ids=lambda way: way.__name__)
def test_one_spelling_comes_into_the_file_of_another(shared_drive, source, folder, way):
    way(shared_drive, source, folder)
    assert texts(folder) == NAMES
    assert len({os.stat(folder / name).st_ino for name in NAMES}) == len(NAMES)


def test_one_spelling_is_saved_over_the_file_of_another(shared_drive, folder):
    """Twice: once over what is there, once by a temporary name; each is a version of its own file."""
    folder.mkdir()
    for name in (COMPOSED, DECOMPOSED):
        (folder / name).write_text(f"first {name}")
    for name in (COMPOSED, DECOMPOSED):
        (folder / name).write_text(f"second {name}")
        (folder / "x.tmp").write_text(f"third {name}")
        os.replace(folder / "x.tmp", folder / name)
    assert texts(folder) == {name: f"third {name}" for name in (COMPOSED, DECOMPOSED)}


def test_another_spelling_is_removed(shared_drive):
    folder = shared_drive.originals / "removed"
    folder.mkdir()
    (folder / COMPOSED).write_text("stays")
    assert errno_of(os.unlink, folder / DECOMPOSED) == errno.ENOENT
    assert errno_of(os.rename, folder / DECOMPOSED, folder / "x") == errno.ENOENT
    assert errno_of(os.setxattr, folder / DECOMPOSED, "user.xdg.tags", b"x") == errno.ENOENT
    (folder / DECOMPOSED).write_text("goes")
    os.unlink(folder / DECOMPOSED)
    assert texts(folder) == {COMPOSED: "stays"}
    os.rename(folder / COMPOSED, folder / DECOMPOSED)
    assert texts(folder) == {DECOMPOSED: "stays"}


def test_what_lies_in_a_folder_of_another_spelling_is_found(shared_drive, folder):
    for name in ("\u00fc", "u\u0308"):
        (folder / name).mkdir(parents=True)
        (folder / name / "a.txt").write_text(name)
    assert sorted(os.listdir(folder)) == sorted(["\u00fc", "u\u0308"])
    for name in ("\u00fc", "u\u0308"):
        assert (folder / name / "a.txt").read_text() == name
    assert errno_of(os.mkdir, folder / "u\u0308") == errno.EEXIST
    os.rename(folder / "u\u0308" / "a.txt", folder / "\u00fc" / "b.txt")
    os.rmdir(folder / "u\u0308")
    assert os.listdir(folder) == ["\u00fc"] and errno_of(os.listdir, folder / "u\u0308") == errno.ENOENT


def test_a_program_acts_on_the_file_of_another_spelling(library, scratch):
    (scratch / "in").mkdir()
    (scratch / "in" / COMPOSED).write_text("x")
    library.import_(scratch / "in", "--into", "folder")
    library.run("tag", "add", "one", f"folder/{COMPOSED}")
    for verb in (["tag", "add", "two"], ["purge", "--versions", "--yes"], ["info"]):
        assert library.run(*verb, f"folder/{DECOMPOSED}", expect=None).returncode != 0, verb
    [asset] = library.find()
    assert asset["tags"] == ["one"]


def test_names_of_ours_are_found_by_one_spelling_alone(shared_drive):
    """Tags, albums, days and kinds, and all that is made of originals."""
    for made in ("by-tag/stra\u00dfencaf\u00e9", "albums/\u00c5rsfest"):
        os.mkdir(shared_drive / made)
        assert os.stat(shared_drive / other(made)).st_ino == os.stat(shared_drive / made).st_ino
        assert errno_of(os.mkdir, shared_drive / other(made)) == errno.EEXIST
    folder = shared_drive.originals / "ours"
    folder.mkdir()
    media.picture(folder / "\u00f6ffnen.jpg")
    os.utime(folder / "\u00f6ffnen.jpg", (1612325106, 1612325106))
    os.link(folder / "\u00f6ffnen.jpg", shared_drive / "by-tag/stra\u00dfencaf\u00e9/\u00f6ffnen.jpg")
    for path in ("by-type/image/\u00f6ffnen.jpg", "by-date/2021/2021-02-03/\u00f6ffnen.jpg", "by-tag/stra\u00dfencaf\u00e9/\u00f6ffnen.jpg",
                 "recent/\u00f6ffnen.jpg", "previews/small/originals/ours/\u00f6ffnen.jpg.webp"):
        assert os.stat(shared_drive / other(path)).st_ino == os.stat(shared_drive / path).st_ino, path


def test_a_preview_is_of_the_file_of_another_spelling(shared_drive):
    folder = shared_drive.originals / "pictures"
    folder.mkdir()
    for name, color in (("\u00e9.jpg", "red"), ("e\u0301.jpg", "blue")):
        media.picture(folder / name, color)
    shown = shared_drive / "previews/small/originals/pictures"
    assert sorted(os.listdir(shown)) == sorted(["\u00e9.jpg.webp", "e\u0301.jpg.webp"])
    for name in ("\u00e9.jpg", "e\u0301.jpg"):
        entries = {entry.name: entry.inode() for entry in os.scandir(shown)}
        assert os.stat(shown / f"{name}.webp").st_ino == entries[f"{name}.webp"]
    assert (shown / "\u00e9.jpg.webp").read_bytes() != (shown / "e\u0301.jpg.webp").read_bytes()
