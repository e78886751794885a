# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""File managers on the mount: GIO, by which they all copy, rename and delete, and Thunar and PCManFM in their windows."""

import errno
import os
import subprocess

import pytest

from file_managers import file_manager, session, why_no_gio
from mount import errno_of, wait_until

UID = os.getuid()


@pytest.fixture
def mount(library, mount_of, scratch):
    """originals/ with a folder, a file beside it and one of the same name below."""
    media = scratch / "media"
    (media / "trip").mkdir(parents=True)
    for name in ("red.png", "trip/red.png", "trip/blue sea.png"):
        colour = "red" if "red" in name else "blue"
        size = "64x48" if "/" in name else "80x60"
        subprocess.run(["convert", "-size", size, f"xc:{colour}", media / name], check=True)
    library.import_(media)
    return mount_of(library)


# --- the folders themselves, without any desktop ---------------------------------------------------------


def test_the_trash_folders(library, mount):
    top = mount / f".Trash-{UID}"
    info = os.lstat(top)
    assert (info.st_uid, info.st_mode) == (UID, 0o40700)
    assert errno_of(os.mkdir, top, 0o700) == errno.EEXIST
    assert errno_of(os.mkdir, top / "files") == errno.EEXIST
    assert errno_of(os.lstat, mount / ".Trash") == errno.ENOENT
    assert f".Trash-{UID}" not in os.listdir(mount.path)
    assert sorted(os.listdir(top)) == ["expunged", "files", "info"]

    note = top / "info/pic.png.trashinfo"
    fd = os.open(note, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    os.close(fd)
    assert errno_of(os.open, note, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600) == errno.EEXIST
    note.write_text("[Trash Info]\nPath=x\n")
    assert note.read_text() == "[Trash Info]\nPath=x\n"
    inode = os.lstat(mount / "originals/red.png").st_ino
    os.rename(mount / "originals/red.png", top / "files/pic.png")
    assert os.lstat(top / "files/pic.png").st_ino == os.lstat(mount / "trash/pic.png").st_ino == inode
    text = wait_until(lambda: (note.read_text() if "DeletionDate" in note.read_text() else ""), 10, "the catalog's account")
    assert text.startswith("[Trash Info]\nPath=originals/red.png\nDeletionDate=2") and len(text) == os.lstat(note).st_size
    assert errno_of(os.open, note, os.O_CREAT | os.O_EXCL | os.O_WRONLY) == errno.EEXIST
    assert errno_of(os.open, note, os.O_WRONLY) == errno.EROFS
    assert errno_of(os.rename, mount / "recent" / os.listdir(mount / "recent")[0], top / "files/x") in (errno.EROFS, errno.EXDEV)

    os.rename(top / "files/pic.png", mount / "originals/trip/back.png")
    assert os.listdir(top / "files") == os.listdir(top / "info") == []
    assert library.by_name().keys() == {"trip/red.png", "trip/blue sea.png", "trip/back.png"}


def test_changes_from_elsewhere_show(library, mount):
    top = mount / f".Trash-{UID}"
    assert os.listdir(top / "files") == os.listdir(top / "info") == []
    assert not (top / "files/red.png").exists()
    os.remove(mount / "originals/red.png")
    wait_until((top / "files/red.png").exists, 10, "what rm removed")
    assert os.listdir(top / "info") == ["red.png.trashinfo"]
    library.run("trash", "restore", "red.png")
    wait_until(lambda: not (top / "files/red.png").exists() and not os.listdir(top / "info"), 10, "what was restored to go")


# --- GIO -------------------------------------------------------------------------------------------------


def trashed(library):
    """Where it was -> what it is called in the trash."""
    return {row["from"]: row["name"] for row in library.json_lines("trash", "list")}


def test_gio_deletes_and_restores(library, mount, scratch):
    if reason := why_no_gio():
        pytest.skip(reason)
    with session(scratch) as user:
        user.gio("trash", mount / "originals/red.png")
        user.gio("trash", mount / "originals/trip/red.png")
        assert trashed(library) == {"red.png": "red.png", "trip/red.png": "red.2.png"}
        assert library.by_name().keys() == {"trip/blue sea.png"}
        top = mount / f".Trash-{UID}"
        assert sorted(os.listdir(top / "files")) == ["red.2.png", "red.png"]
        assert sorted(os.listdir(top / "info")) == ["red.2.png.trashinfo", "red.png.trashinfo"]
        assert "\nPath=originals/trip/red.png\n" in (top / "info/red.2.png.trashinfo").read_text()
        held = user.wait_for_trash("originals/red.png", "originals/trip/red.png")
        user.gio("trash", "--restore", held["originals/trip/red.png"])
        assert trashed(library) == {"red.png": "red.png"}
        assert library.by_name().keys() == {"trip/red.png", "trip/blue sea.png"}
        user.wait_for_trash("originals/red.png")
        user.gio("trash", "--empty")
        user.wait_for_trash()
    assert trashed(library) == {}
    assert any("delete red.png" in line["what"] for line in library.json_lines("log"))


def test_gio_deletes_a_folder(library, mount, scratch):
    if reason := why_no_gio():
        pytest.skip(reason)
    with session(scratch) as user:
        user.gio("trash", mount / "originals/trip")
        assert trashed(library).keys() == {"trip/red.png", "trip/blue sea.png"}
        assert os.listdir(mount / "originals") == ["red.png"]
        wait_until(lambda: not (mount / f".Trash-{UID}/files/trip").exists(), 10, "the kernel to hear of it")
        held = user.wait_for_trash("originals/trip/red.png", "originals/trip/blue sea.png")
        acts = library.json_lines("log")
        assert acts[0]["what"].endswith("delete folder trip"), acts[0]
        user.gio("trash", "--restore", held["originals/trip/blue sea.png"])
    assert library.by_name().keys() == {"red.png", "trip/blue sea.png"}


def test_gio_copies_moves_and_renames(library, mount, scratch):
    if reason := why_no_gio():
        pytest.skip(reason)
    originals = mount / "originals"
    (scratch / "new.txt").write_text("from outside\n")
    before = library.by_name()
    with session(scratch) as user:
        user.gio("copy", scratch / "new.txt", originals / "trip")
        user.gio("copy", originals / "red.png", originals / "trip/copy.png")
        user.gio("rename", originals / "trip/copy.png", "renamed.png")
        user.gio("move", originals / "trip/blue sea.png", originals)
        user.gio("mkdir", originals / "more")
        user.gio("move", originals / "trip/new.txt", originals / "more/new.txt")
        user.gio("remove", originals / "trip/red.png")
        listed = user.gio("list", "-a", "standard::size", originals).splitlines()
        assert sorted(line.split("\t")[0] for line in listed) == ["blue sea.png", "more", "red.png", "trip"]
    after = library.by_name()
    assert after.keys() == {"red.png", "blue sea.png", "trip/renamed.png", "more/new.txt"}
    assert after["red.png"]["id"] == before["red.png"]["id"] != after["trip/renamed.png"]["id"], "a copy is a file of its own"
    assert after["blue sea.png"]["id"] == before["trip/blue sea.png"]["id"]
    assert (originals / "more/new.txt").read_text() == "from outside\n"
    assert trashed(library).keys() == {"trip/red.png"}


# --- in their windows ------------------------------------------------------------------------------------


def names(library):
    return set(library.by_name())


def test_thunar(library, mount, scratch):
    below = {"trip/red.png", "trip/blue sea.png"}
    asset = library.by_name()["red.png"]["id"]
    with file_manager("thunar", mount / "originals", scratch) as (thunar, user):
        thunar.rename("red", "crimson")
        wait_until(lambda: names(library) == below | {"crimson.png"}, 30, "the renaming")
        thunar.select("crimson")
        thunar.press("ctrl+c", "ctrl+v")
        wait_until(lambda: names(library) == below | {"crimson.png", "crimson (copy 1).png"}, 30, "the copy")
        copies = library.by_name()
        assert copies["crimson.png"]["id"] == asset != copies["crimson (copy 1).png"]["id"]
        thunar.delete("crimson (copy", lambda: trashed(library))
        assert trashed(library) == {"crimson (copy 1).png": "crimson (copy 1).png"}
        thunar.press("ctrl+z")
        wait_until(lambda: not trashed(library), 30, "it to be back")
        assert names(library) == below | {"crimson.png", "crimson (copy 1).png"}
        thunar.delete("trip", lambda: trashed(library).keys() == below)
        thunar.screen.screenshot()
    # gvfs is told of what a program moves into the trash, which is the folder; so only one that starts sees its files.
    with session(scratch) as user:
        user.wait_for_trash(*(f"originals/{name}" for name in below))
    # What it does at once is one act.
    said = [line["what"] for line in library.json_lines("log")]
    assert any("thunar: rename red.png to crimson.png" in what for what in said), said


def test_pcmanfm(library, mount, scratch):
    below = {"trip/red.png", "trip/blue sea.png"}
    with file_manager("pcmanfm", mount / "originals", scratch) as (pcmanfm, user):
        pcmanfm.rename("red", "crimson")
        wait_until(lambda: names(library) == below | {"crimson.png"}, 30, "the renaming")
        pcmanfm.select("crimson")
        pcmanfm.press("Delete")
        pcmanfm.press("Return", window="Confirm")
        wait_until(lambda: trashed(library) == {"crimson.png": "crimson.png"}, 30, "the deleted file")
        held = wait_until(user.trash, 30, "it in the desktop's trash")
        user.gio("trash", "--restore", held["originals/crimson.png"])
        wait_until(lambda: names(library) == below | {"crimson.png"}, 30, "it to be back")
        pcmanfm.select("trip")
        pcmanfm.press("Delete")
        pcmanfm.press("Return", window="Confirm")
        wait_until(lambda: trashed(library).keys() == below, 30, "the deleted folder")
        pcmanfm.screen.screenshot()
