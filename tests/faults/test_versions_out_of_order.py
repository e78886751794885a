# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A mount takes many version ids ahead, so ids do not tell which state of a file came first. What people see as v001,
the newest, the one before it must be what happened in that order; and the names must follow what happens to the file."""

import os
import sqlite3
import subprocess

import pytest

from mount import wait_until
from old_library import OldLibrary

PATIENCE_SECONDS = 10


def states(mount, label):
    """{name in versions/<label>: its text}, in the order in which they are listed."""
    folder = mount / "versions" / label
    return {name: (folder / name).read_text() for name in os.listdir(folder)}


def test_a_file_imported_while_mounted_and_then_saved_over(library, scratch, mount_of):
    mount = mount_of(library)
    (mount / "originals/warm.txt").write_text("x")
    (scratch / "in").mkdir()
    (scratch / "in/a.txt").write_text("first")
    library.import_(scratch / "in", "--into", "s")
    name = mount / "originals/s/a.txt"
    wait_until(name.exists, PATIENCE_SECONDS, "the imported file")
    name.write_text("second")
    assert states(mount, "a.txt") == {"v001.txt": "first", "v002.txt": "second"}
    assert list(states(mount, "a.txt")) == ["v001.txt", "v002.txt"]
    library.run("revert", "s/a.txt")
    wait_until(lambda: name.read_text() == "first", PATIENCE_SECONDS, "the state before")
    wait_until(lambda: list(states(mount, "a.txt").values()) == ["first", "second", "first"], PATIENCE_SECONDS, "v003")


@pytest.fixture
def saved_by_two_in_turn(library, scratch, mount_of):
    """f.txt with the states 1 to 5, and the two mounts through which they were saved in turn."""
    mounts = [mount_of(library, at=scratch / name) for name in ("one", "two")]
    for mount in mounts:
        (mount / "originals" / f"{mount.path.name}.txt").write_text("takes numbers ahead")
    for number in range(1, 6):
        name = mounts[number % 2] / "originals/f.txt"
        if number > 1:
            wait_until(lambda: name.exists() and name.read_text() == str(number - 1), PATIENCE_SECONDS, f"state {number - 1}")
        name.write_text(str(number))
    return library, mounts


def test_saved_through_two_mounts_in_turn(saved_by_two_in_turn):
    library, mounts = saved_by_two_in_turn
    expected = {f"v00{number}.txt": str(number) for number in range(1, 6)}
    for mount in mounts:
        wait_until(lambda: states(mount, "f.txt") == expected, PATIENCE_SECONDS, f"all states in {mount.path}")
        assert list(states(mount, "f.txt")) == list(expected)
    library.run("revert", "f.txt")
    for mount in mounts:
        wait_until(lambda: (mount / "originals/f.txt").read_text() == "4", PATIENCE_SECONDS, "the state before")
    library.run("revert", "f.txt", "--to", "2")
    wait_until(lambda: (mounts[0] / "originals/f.txt").read_text() == "2", PATIENCE_SECONDS, "the second state")
    library.run("doctor")


def test_numbers_stay_what_they_were_when_others_are_purged(saved_by_two_in_turn):
    library, mounts = saved_by_two_in_turn
    for mount in mounts:
        wait_until(lambda: len(states(mount, "f.txt")) == 5, PATIENCE_SECONDS, "all states")
        os.stat(mount / "versions/f.txt/v002.txt")
    assert "f.txt, version 4" in library.run("purge", "--versions", "f.txt", "--yes").stdout
    for mount in mounts:
        wait_until(lambda: not (mount / "versions/f.txt/v002.txt").exists(), PATIENCE_SECONDS, "v002 to go")
        assert (mount / "versions/f.txt/v005.txt").read_text() == "5"
    (mounts[0] / "originals/f.txt").write_text("6")
    assert states(mounts[0], "f.txt") == {"v005.txt": "5", "v006.txt": "6"}
    wait_until(lambda: states(mounts[1], "f.txt") == {"v005.txt": "5", "v006.txt": "6"}, PATIENCE_SECONDS, "v006")
    library.run("doctor")


def test_versions_go_to_the_trash_and_come_back(library, scratch, mount_of):
    """Both mounts are asked for what is not there while it is away, which their kernels may remember."""
    mounts = [mount_of(library, at=scratch / name) for name in ("one", "two")]
    name = mounts[0] / "originals/a.txt"
    for text in "12":
        name.write_text(text)
    for mount in mounts:
        wait_until(lambda: (mount / "versions/a.txt/v002.txt").exists(), PATIENCE_SECONDS, "both states")
        assert os.listdir(mount / "versions") == ["a.txt"]
    name.unlink()
    for mount in mounts:
        wait_until(lambda: not (mount / "versions/a.txt").exists() and os.listdir(mount / "versions") == [],
                   PATIENCE_SECONDS, "versions/ to follow into the trash")
        assert not (mount / "versions/a.txt/v001.txt").exists()
    library.run("trash", "restore", "a.txt")
    for mount in mounts:
        wait_until(lambda: os.listdir(mount / "versions") == ["a.txt"], PATIENCE_SECONDS, "versions/ to follow back")
        wait_until(lambda: (mount / "versions/a.txt").is_dir(), PATIENCE_SECONDS, "its folder to be entered")
        assert states(mount, "a.txt") == {"v001.txt": "1", "v002.txt": "2"}


def test_the_states_of_a_file_with_one_are_found_however_early_they_were_asked_for(drive):
    assert not (drive.mount / "versions/new.txt/v001.txt").exists()
    (drive.mount / "originals/new.txt").write_text("1")
    assert (drive.mount / "versions/new.txt/v001.txt").read_text() == "1"
    assert not (drive.mount / "versions/new.txt/v002.txt").exists()
    (drive.mount / "originals/new.txt").write_text("2")
    wait_until((drive.mount / "versions/new.txt/v002.txt").exists, PATIENCE_SECONDS, "the second state")


def test_the_link_count_counts_the_name_in_versions(drive):
    name = drive.mount / "originals/a.txt"
    name.write_text("1")
    name.write_text("2")
    wait_until(lambda: list(states(drive.mount, "a.txt").values()) == ["1", "2"], PATIENCE_SECONDS, "both states")

    def names_of(inode):
        return [path for path, info in drive.mount.files() if info.st_ino == inode]

    for path in (name, drive.mount / "versions/a.txt/v001.txt"):
        wait_until(lambda: os.stat(path).st_nlink == len(names_of(os.stat(path).st_ino)), PATIENCE_SECONDS,
                   f"{path}: {os.stat(path).st_nlink} names, found {names_of(os.stat(path).st_ino)}")


def test_an_undone_replacement_gives_the_state_its_number_back(drive):
    """mv over a file makes the one's only state the other's next; undo puts it back."""
    (drive.mount / "originals/a.txt").write_text("a")
    (drive.mount / "originals/b.txt").write_text("b")
    # Of another program: what one does in one go is taken back in one go.
    subprocess.run(["mv", "-f", drive.mount / "originals/b.txt", drive.mount / "originals/a.txt"], check=True)
    wait_until(lambda: list(states(drive.mount, "a.txt").items()) == [("v001.txt", "a"), ("v002.txt", "b")], PATIENCE_SECONDS,
               "the state that came")
    drive.library.run("undo")
    for name in "ab":
        path = drive.mount / "originals" / f"{name}.txt"
        wait_until(lambda: path.exists() and path.read_text() == name, PATIENCE_SECONDS, f"{path} as it was")
    assert (drive.mount / "versions/b.txt/v001.txt").read_text() == "b"
    drive.library.run("doctor")


def test_a_library_of_a_former_version_keeps_its_order(library, mount_of):
    """What an older damfs made has no numbers: they follow the ids there, the best that is known of it."""
    OldLibrary(8).put_into(library)
    with sqlite3.connect(library.path / "catalog.db") as catalog:
        catalog.executescript("DROP INDEX version_by_number; ALTER TABLE version DROP COLUMN number;"
                              "ALTER TABLE asset DROP COLUMN last_version; UPDATE asset SET names = names - (versions > 1);"
                              "CREATE INDEX version_by_asset ON version (asset_id); DROP TABLE damage;"
                              "DROP TABLE source_file;"
                              "CREATE TABLE source_file (path TEXT PRIMARY KEY, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL,"
                              " ctime_ns INTEGER NOT NULL, inode INTEGER NOT NULL, fingerprint INTEGER NOT NULL,"
                              " entry_id INTEGER NOT NULL) STRICT, WITHOUT ROWID; PRAGMA user_version = 7;")
    catalog.close()
    library.run("doctor")
    mount = mount_of(library)
    states_were = {"v001.txt": "first", "v002.txt": "second", "v003.txt": "third"}
    assert states(mount, "v.txt") == states_were
    (mount / "originals/in/v.txt").write_text("fourth")
    wait_until(lambda: states(mount, "v.txt") == states_were | {"v004.txt": "fourth"}, PATIENCE_SECONDS, "the fourth")
    mount.stop()
    library.run("doctor")
