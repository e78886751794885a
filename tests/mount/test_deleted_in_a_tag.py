# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is deleted by a desktop (a rename into its trash) in a tag, an album or a rating is taken out of that and stays in
the library; no "file system boundaries", no offer to delete it for good. The desktop's own undo brings it back."""

import errno
import os

import pytest

from file_managers import session, why_no_gio
from mount import errno_of, wait_until, xattr

UID = os.getuid()
NAMES = ("a.txt", "b.txt", "c.txt")


@pytest.fixture
def filled(drive):
    for name in NAMES:
        (drive.originals / name).write_text(name)
    for folder in ("by-tag/kept", "albums/Best"):
        (drive / folder).mkdir()
        for name in NAMES:
            os.link(drive.originals / name, drive / folder / name)
    os.link(drive.originals / "a.txt", drive / "by-rating/4/a.txt")
    return drive


def trash_of(drive):
    return drive / f".Trash-{UID}"


def put_into_trash(drive, path, name):
    """As the Trash specification has it."""
    note = trash_of(drive) / f"info/{name}.trashinfo"
    os.close(os.open(note, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    note.write_text(f"[Trash Info]\nPath={path}\nDeletionDate=2020-01-01T00:00:00\n")
    os.rename(drive / path, trash_of(drive) / "files" / name)


def test_taken_out_and_brought_back(filled):
    for folder in ("by-tag/kept", "albums/Best", "by-rating/4"):
        take_out_and_bring_back(filled, folder)


def take_out_and_bring_back(filled, folder):
    before = said_of(filled, "a.txt")
    inode = os.lstat(filled.originals / "a.txt").st_ino
    there = sorted(os.listdir(filled / folder))
    files, info = trash_of(filled) / "files", trash_of(filled) / "info"
    put_into_trash(filled, f"{folder}/a.txt", "a.txt")
    assert "a.txt" not in os.listdir(filled / folder) and not (filled / folder / "a.txt").exists()
    assert (filled.originals / "a.txt").read_text() == "a.txt" and filled.library.run("trash", "list").stdout == ""
    assert os.listdir(files) == ["a.txt"] and os.lstat(files / "a.txt").st_ino == inode
    assert (files / "a.txt").read_text() == "a.txt"
    assert os.listdir(info) == ["a.txt.trashinfo"]
    told = wait_until(lambda: (t := (info / "a.txt.trashinfo").read_text()) and "DeletionDate=2020" not in t and t, 10, "its account")
    assert told.startswith(f"[Trash Info]\nPath={folder}/a.txt\nDeletionDate=2")
    assert f"take a.txt out of {folder}" in filled.library.json_lines("log")[0]["what"]

    os.rename(files / "a.txt", filled / folder / "a.txt")
    assert sorted(os.listdir(filled / folder)) == there and os.lstat(filled / folder / "a.txt").st_ino == inode
    assert os.listdir(files) == [] and errno_of(os.stat, files / "a.txt") == errno.ENOENT
    wait_until(lambda: not os.listdir(info) and not (info / "a.txt.trashinfo").exists(), 10, "its account to go")
    assert said_of(filled, "a.txt") == before


def said_of(drive, name):
    return {key: drive.library.by_name()[name][key] for key in ("id", "sha256", "tags", "albums", "rating")}


def test_an_album_keeps_its_order(filled):
    os.setxattr(filled / "albums/Best", "user.damfs.numbered", b"1")
    numbered = wait_until(lambda: (n := sorted(os.listdir(filled / "albums/Best"))) and n[0] != "a.txt" and n, 10, "numbers")
    put_into_trash(filled, f"albums/Best/{numbered[1]}", numbered[1])
    wait_until(lambda: len(os.listdir(filled / "albums/Best")) == 2, 10, "it to be gone")
    os.rename(trash_of(filled) / "files" / numbered[1], filled / "albums/Best" / numbered[1])
    wait_until(lambda: sorted(os.listdir(filled / "albums/Best")) == numbered, 10, "the order as it was")


def test_undone_by_command(filled):
    put_into_trash(filled, "by-tag/kept/a.txt", "a.txt")
    filled.library.run("undo")
    wait_until(lambda: not (trash_of(filled) / "files/a.txt").exists(), 10, "the trash to hear that it is back")
    assert sorted(os.listdir(filled / "by-tag/kept")) == list(NAMES)
    wait_until(lambda: not os.listdir(trash_of(filled) / "files") and not os.listdir(trash_of(filled) / "info"), 10, "both to be empty")


def test_the_trash_is_emptied_of_it(filled):
    before = filled.library.by_name()
    put_into_trash(filled, "by-tag/kept/a.txt", "a.txt")
    put_into_trash(filled, "by-tag/kept/b.txt", "b.txt")
    os.unlink(trash_of(filled) / "files/a.txt")
    os.rename(trash_of(filled) / "files/b.txt", trash_of(filled) / "expunged/123")
    wait_until(lambda: not os.listdir(trash_of(filled) / "files") and not os.listdir(trash_of(filled) / "info"), 10, "both to be empty")
    assert hashes_of(filled.library.by_name()) == hashes_of(before), "only what they were tagged with is gone"
    assert filled.library.run("purge", "--yes").returncode == 0
    assert (filled.originals / "a.txt").read_text() == "a.txt"


def hashes_of(found):
    return {name: asset["sha256"] for name, asset in found.items()}


def test_two_of_one_name(filled):
    """The second is called otherwise in the trash; each comes back to where it was."""
    put_into_trash(filled, "by-tag/kept/a.txt", "a.txt")
    put_into_trash(filled, "albums/Best/a.txt", "a.2.txt")
    os.rename(filled.originals / "b.txt", trash_of(filled) / "files/b.txt")
    assert sorted(os.listdir(trash_of(filled) / "files")) == ["a.2.txt", "a.txt", "b.txt"]
    assert sorted(os.listdir(trash_of(filled) / "info")) == ["a.2.txt.trashinfo", "a.txt.trashinfo", "b.txt.trashinfo"]
    os.rename(trash_of(filled) / "files/a.2.txt", filled / "albums/Best/a.txt")
    assert "a.txt" in os.listdir(filled / "albums/Best") and "a.txt" not in os.listdir(filled / "by-tag/kept")
    os.rename(trash_of(filled) / "files/a.txt", filled / "by-tag/kept/a.txt")
    assert "a.txt" in os.listdir(filled / "by-tag/kept")


def test_a_whole_tag(filled):
    (filled / "by-tag/kept/below").mkdir()
    os.link(filled.originals / "a.txt", filled / "by-tag/kept/below/a.txt")
    os.rename(filled / "by-tag/kept", trash_of(filled) / "files/kept")
    assert os.listdir(filled / "by-tag") == [] and sorted(os.listdir(filled.originals)) == list(NAMES)
    wait_until(lambda: not (trash_of(filled) / "files/kept").exists(), 10, "the kernel to hear of it")
    assert "remove folder by-tag/kept" in filled.library.json_lines("log")[0]["what"]
    filled.library.run("undo")
    wait_until(lambda: os.path.isdir(filled / "by-tag/kept/below"), 10, "the tag to be back")
    assert sorted(os.listdir(filled / "by-tag/kept")) == ["a.txt", "b.txt", "below", "c.txt"]
    assert os.listdir(filled / "by-tag/kept/below") == ["a.txt"]
    assert errno_of(os.rename, filled / "by-rating/4", trash_of(filled) / "files/4") == errno.EROFS


def test_what_cannot_be_taken_out(filled):
    day = next(filled.mount.path.glob("by-date/*/*/a.txt"))
    for path in (day, filled / "by-type/other/a.txt", filled / "recent/a.txt"):
        assert errno_of(os.rename, path, trash_of(filled) / "files/a.txt") == errno.EROFS
    (filled / "albums/Found").mkdir()
    os.setxattr(filled / "albums/Found", "user.damfs.query", b"tag:kept")
    wait_until(lambda: (filled / "albums/Found/a.txt").exists(), 10, "what the query finds")
    assert errno_of(os.rename, filled / "albums/Found/a.txt", trash_of(filled) / "files/a.txt") == errno.EROFS
    os.rename(filled / "albums/Found", trash_of(filled) / "files/Found")
    filled.library.run("undo")
    wait_until(lambda: (filled / "albums/Found").exists() and xattr(filled / "albums/Found", "user.damfs.query") == "tag:kept", 10, "it")


def test_just_written_there(filled):
    """Not filed yet, or only just: it is the file that was meant."""
    (filled / "by-tag/kept/new.txt").write_text("new")
    put_into_trash(filled, "by-tag/kept/new.txt", "new.txt")
    assert "new.txt" not in os.listdir(filled / "by-tag/kept")
    found = {name.rsplit("/")[-1]: asset for name, asset in filled.library.by_name().items()}
    assert found["new.txt"]["tags"] == []
    os.rename(trash_of(filled) / "files/new.txt", filled / "by-tag/kept/new.txt")
    assert (filled / "by-tag/kept/new.txt").read_text() == "new"


def test_gone_for_good_meanwhile(filled):
    put_into_trash(filled, "by-tag/kept/a.txt", "a.txt")
    filled.run("rm", filled.originals / "a.txt")
    account = trash_of(filled) / "info/a.txt.trashinfo"
    wait_until(lambda: "Path=originals/a.txt" in account.read_text(), 10, "what the catalog has in the trash")
    filled.library.run("purge", "--yes")
    wait_until(lambda: not os.listdir(trash_of(filled) / "files"), 10, "it to be gone")
    assert sorted(os.listdir(filled / "by-tag/kept")) == ["b.txt", "c.txt"]


def test_by_gio(filled, scratch):
    if reason := why_no_gio():
        pytest.skip(reason)
    with session(scratch) as user:
        for folder in ("by-tag/kept", "albums/Best", "by-rating/4"):
            user.gio("trash", filled / folder / "a.txt")
            assert "a.txt" not in os.listdir(filled / folder)
        held = user.wait_for_trash("by-tag/kept/a.txt", "albums/Best/a.txt", "by-rating/4/a.txt")
        for path, uri in held.items():
            user.gio("trash", "--restore", uri)
            assert (filled / path).read_text() == "a.txt"
        assert filled.library.by_name()["a.txt"]["rating"] == 4 and filled.tags("a.txt") == ["kept"]
        user.gio("trash", filled / "by-tag/kept/b.txt")
        user.wait_for_trash("by-tag/kept/b.txt")
        user.gio("trash", "--empty")
        user.wait_for_trash()
        user.gio("trash", filled / "by-tag/kept")
    assert os.listdir(filled / "by-tag") == [] and sorted(os.listdir(filled.originals)) == list(NAMES)
    assert filled.library.run("trash", "list").stdout == ""
