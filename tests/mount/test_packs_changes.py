# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A pack comes with its zip, changes with it and goes with it; its members can be copied out like any file."""

import os
import shutil

import pytest

from drive import Drive, hashes, require_sound
from library import Library, scratch_folder
from media import sha256
from mount import wait_until, xattr
from packs import rows
from zips import DEFLATED, Member, archive

FIRST = {"maps/color.bin": rows(3 << 20), "maps/rough.bin": b"rough" * 1000, "readme.txt": b"first\n"}
SECOND = {"maps/color.bin": rows(2 << 20)[::-1], "maps/height.bin": b"height" * 1000, "new/deep/er.txt": b"second\n"}


def pack(contents, method=DEFLATED):
    return archive(*(Member(name, data, method) for name, data in contents.items()))


def bytes_of(folder):
    """{path: bytes}; None while there is no such folder."""
    if not os.path.isdir(folder):
        return None
    return {path: (folder / path).read_bytes() for path in hashes(folder)}


def names(folder):
    return sorted(set(os.listdir(folder)) - {"by-map", "by-material"})


@pytest.fixture(scope="module")
def stone_library():
    with scratch_folder() as scratch:
        (scratch / "in").mkdir()
        (scratch / "in/stone.zip").write_bytes(pack(FIRST))
        library = Library(scratch / "library").init()
        library.import_(scratch / "in")
        yield library


@pytest.fixture
def filled(stone_library, scratch, mount_of):
    """stone.zip imported, and looked into."""
    drive = Drive(stone_library.copied_to(scratch / "library"), mount_of)
    wait_until(lambda: bytes_of(drive / "packs/stone") == FIRST, 10, "the pack")
    return drive


def test_there_are_no_packs_in_an_empty_library(drive):
    assert names(drive / "packs") == []


def test_a_zip_that_is_dropped_in_shows_its_inside(drive, scratch):
    (scratch / "stone.zip").write_bytes(pack(FIRST))
    assert names(drive / "packs") == []
    drive.run("cp", scratch / "stone.zip", drive.originals / "stone.zip")
    wait_until(lambda: names(drive / "packs") == ["stone"], 30, "its folder")
    assert bytes_of(drive / "packs/stone") == FIRST
    before = {path: os.lstat(drive / "packs/stone" / path).st_ino for path in FIRST}
    drive.remount()
    assert bytes_of(drive / "packs/stone") == FIRST
    assert {path: os.lstat(drive / "packs/stone" / path).st_ino for path in FIRST} == before
    require_sound(drive.library)


def test_a_zip_imported_beside_a_running_mount_shows(filled, scratch):
    (scratch / "more").mkdir()
    (scratch / "more/wood.zip").write_bytes(pack(SECOND))
    filled.library.import_(scratch / "more")
    wait_until(lambda: names(filled / "packs") == ["stone", "wood"], 30, "the other folder")
    assert bytes_of(filled / "packs/wood") == SECOND and bytes_of(filled / "packs/stone") == FIRST


def test_a_new_version_takes_the_place_of_what_was_inside(filled, scratch):
    (scratch / "second.zip").write_bytes(pack(SECOND))
    inode = os.lstat(filled / "packs/stone/maps/color.bin").st_ino
    with open(filled / "packs/stone/maps/color.bin", "rb", buffering=0) as held:
        held.read(100)
        shutil.copyfile(scratch / "second.zip", filled.originals / "stone.zip")
        wait_until(lambda: bytes_of(filled / "packs/stone") == SECOND, 30, "the new version's contents")
        assert os.pread(held.fileno(), 5000, 1 << 20) == FIRST["maps/color.bin"][1 << 20:(1 << 20) + 5000], "whoever had it open"
    assert os.lstat(filled / "packs/stone/maps/color.bin").st_ino != inode, "other bytes, and the same inode number"
    assert names(filled / "packs") == ["stone"]
    filled.library.run("revert", "stone.zip")
    wait_until(lambda: bytes_of(filled / "packs/stone") == FIRST, 30, "the earlier version's contents")
    assert os.lstat(filled / "packs/stone/maps/color.bin").st_ino == inode


def test_a_new_version_that_is_no_zip_takes_the_folder_away(filled):
    (filled.originals / "stone.zip").write_bytes(b"This is a note, and no archive.\n")
    wait_until(lambda: names(filled / "packs") == [], 30, "the folder to go")
    assert not os.path.lexists(filled / "packs/stone/readme.txt")


def test_trash_takes_the_folder_away_and_restoring_brings_it_back(filled):
    inodes = {path: os.lstat(filled / "packs/stone" / path).st_ino for path in FIRST}
    os.unlink(filled.originals / "stone.zip")
    wait_until(lambda: names(filled / "packs") == [], 30, "the folder to go")
    assert not os.path.lexists(filled / "packs/stone") and os.listdir(filled / "trash") == ["stone.zip"]
    os.rename(filled / "trash/stone.zip", filled.originals / "stone.zip")
    wait_until(lambda: bytes_of(filled / "packs/stone") == FIRST, 30, "the folder to be back")
    assert {path: os.lstat(filled / "packs/stone" / path).st_ino for path in FIRST} == inodes
    os.unlink(filled.originals / "stone.zip")
    wait_until(lambda: names(filled / "packs") == [], 30, "the folder to go again")
    filled.library.run("undo")
    wait_until(lambda: bytes_of(filled / "packs/stone") == FIRST, 30, "the folder to be back")


def test_renaming_the_zip_keeps_every_member(filled):
    inodes = {path: os.lstat(filled / "packs/stone" / path).st_ino for path in FIRST}
    (filled.originals / "new place").mkdir()
    os.rename(filled.originals / "stone.zip", filled.originals / "new place/granite.zip")
    wait_until(lambda: len(names(filled / "packs")) == 1 and bytes_of(filled / "packs" / names(filled / "packs")[0]) == FIRST, 30,
               "the folder, whatever its name")
    shown = filled / "packs" / names(filled / "packs")[0]
    assert shown.name in ("stone", "granite")
    assert {path: os.lstat(shown / path).st_ino for path in FIRST} == inodes


def test_a_member_copied_into_originals_is_an_original(filled):
    filled.run("cp", "-a", filled / "packs/stone/maps/color.bin", filled.originals / "color.bin")
    filled.run("cp", "-r", filled / "packs/stone", filled.originals / "unpacked")
    expected = {"stone.zip": sha256(filled.originals / "stone.zip"), "color.bin": sha256(filled / "packs/stone/maps/color.bin")}
    expected |= {f"unpacked/{path}": sha256(filled / "packs/stone" / path) for path in FIRST}
    assert (filled.originals / "color.bin").read_bytes() == FIRST["maps/color.bin"]
    assert os.lstat(filled.originals / "color.bin").st_mtime_ns == os.lstat(filled / "packs/stone/maps/color.bin").st_mtime_ns
    filled.expect(expected)
    assert bytes_of(filled / "packs/stone") == FIRST


def test_the_same_bytes_twice_are_one_pack(filled):
    shutil.copyfile(filled.originals / "stone.zip", filled.originals / "copy.zip")
    wait_until(lambda: "copy.zip" in os.listdir(filled.originals), 10, "the copy")
    assert len(names(filled / "packs")) == 1
    assert bytes_of(filled / "packs" / names(filled / "packs")[0]) == FIRST


def test_an_empty_zip_is_an_empty_folder(drive):
    (drive.originals / "nothing.zip").write_bytes(archive())
    (drive.originals / "folders.zip").write_bytes(archive(Member("a/", mode=0o040755), Member("a/b/", mode=0o040755)))
    wait_until(lambda: names(drive / "packs") == ["folders", "nothing"], 30, "both folders")
    assert os.listdir(drive / "packs/nothing") == [] and os.listdir(drive / "packs/folders/a") == ["b"]


def test_what_is_no_zip_has_no_folder(drive):
    (drive.originals / "text.zip").write_bytes(b"no zip, only called so\n" * 100)
    (drive.originals / "photo.jpg").write_bytes(b"\xff\xd8\xff\xe0 and so on")
    (drive.originals / "good.zip").write_bytes(pack(SECOND))
    wait_until(lambda: "good" in names(drive / "packs"), 30, "the zip")
    assert names(drive / "packs") == ["good"]


def test_packs_of_one_name_are_told_apart(drive, scratch):
    for n, place in enumerate(("first", "second", "third")):
        (scratch / "in" / place).mkdir(parents=True)
        (scratch / "in" / place / "stone.zip").write_bytes(pack({"which.txt": place.encode()}))
    (scratch / "in/stone.ZIP").write_bytes(pack({"which.txt": b"capitals"}))
    for name in ("by-map", "by-material"):
        (scratch / "in" / f"{name}.zip").write_bytes(pack({"which.txt": name.encode()}))
    drive.library.import_(scratch / "in")
    wait_until(lambda: len(names(drive / "packs")) == 6, 30, f"six packs, not {names(drive / 'packs')}")
    shown = {(drive / "packs" / name / "which.txt").read_text(): name for name in names(drive / "packs")}
    assert set(shown) == {"first", "second", "third", "capitals", "by-map", "by-material"}
    assert (shown["by-map"], shown["by-material"]) == ("by-map.zip", "by-material.zip")
    stones = [shown[which] for which in ("first", "second", "third", "capitals")]
    assert "stone" in stones and len({name.casefold() for name in stones}) == 4
    assert all(name.casefold().startswith("stone") for name in stones)
    drive.remount()
    assert {(drive / "packs" / name / "which.txt").read_text(): name for name in names(drive / "packs")} == shown


def test_hash_members(drive, scratch):
    (scratch / "in").mkdir()
    (scratch / "in/stone.zip").write_bytes(pack(FIRST | {"empty": b""}))
    (scratch / "in/stored.zip").write_bytes(pack(SECOND, 0))
    drive.library.import_("--hash-members", scratch / "in")
    wait_until(lambda: names(drive / "packs") == ["stone", "stored"], 30, "both packs")
    for folder in ("stone", "stored"):
        for path, digest in hashes(drive / "packs" / folder).items():
            assert xattr(drive / "packs" / folder / path, "user.damfs.sha256") == digest, path


def test_search_knows_what_is_inside(drive):
    for name, member in (("oak", "maps/Bark_Color.png"), ("pine", "needles.txt")):
        (drive.originals / f"{name}.zip").write_bytes(archive(Member(member, b"1")))
    wait_until(lambda: {"oak", "pine"} <= set(os.listdir(drive / "packs")), 30, "the packs")
    assert os.listdir(drive / "search/inside:bark") == ["oak.zip"]
    assert sorted(os.listdir(drive / "search/ext:zip -inside:bar")) == ["pine.zip"]
    (drive.originals / "pine.zip").write_bytes(archive(Member("bark.txt", b"2")))
    wait_until(lambda: sorted(os.listdir(drive / "search/inside:bark")) == ["oak.zip", "pine.zip"], 30, "what it holds now")
    assert drive.library.run("find", "inside:needles").stdout == ""
