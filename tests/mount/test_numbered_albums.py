# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An album with user.damfs.numbered shows its order in its names, and plain tools put it in order by these."""

import errno
import json
import os
import shutil

import pytest

from drive import Drive, hashes, require_sound
from media import sha256
from mount import errno_of, wait_until

FILES = ("no camera.jpg", "Italy 2024/IMG_0002.JPG", "Italy 2024/IMG_0003.JPG")
A, B, C = "no camera.jpg", "IMG_0002.JPG", "IMG_0003.JPG"

pytestmark = pytest.mark.skipif(not shutil.which("setfattr"), reason="no setfattr (attr)")


@pytest.fixture
def filled(demo_library, scratch, mount_of):
    library = demo_library.copied_to(scratch / "library")
    library.run("album", "add", "Trip", *FILES)
    drive = Drive(library, mount_of)
    yield drive
    require_sound(library)


@pytest.fixture
def trip(filled):
    filled.run("setfattr", "-n", "user.damfs.numbered", "-v", "1", filled / "albums/Trip")
    shows(filled / "albums/Trip", numbered(A, B, C))
    return filled / "albums/Trip"


def numbered(*labels, first=1):
    return [f"{number:03} {label}" for number, label in enumerate(labels, first)]


def shows(folder, expected):
    """At once and in full: by its listing, by each name, and no other name that it had is left."""
    assert sorted(os.listdir(folder)) == expected
    for name in expected:
        assert os.lstat(os.path.join(folder, name)).st_size > 0


def last_error(drive):
    return (drive / ".damfs/last-error").read_text().strip()


def undo(drive, folder, expected):
    drive.library.run("undo")
    wait_until(lambda: sorted(os.listdir(folder)) == expected, 10, f"{expected} back, not {sorted(os.listdir(folder))}")
    shows(folder, expected)


def test_it_is_switched_on_and_off(filled):
    album = filled / "albums/Trip"
    assert os.listdir(album) == [A, B, C], "in the order they were put in"
    inodes = [os.lstat(album / name).st_ino for name in (A, B, C)]
    assert errno_of(os.getxattr, album, "user.damfs.numbered") == errno.ENODATA
    filled.run("setfattr", "-n", "user.damfs.numbered", "-v", "1", album)
    assert os.listdir(album) == numbered(A, B, C)
    assert [os.lstat(album / name).st_ino for name in numbered(A, B, C)] == inodes
    assert filled.run("getfattr", "--only-values", "-n", "user.damfs.numbered", album).stdout == "1"
    assert sha256(album / f"001 {A}") == sha256(filled / "originals" / A)
    wait_until(lambda: not os.path.lexists(album / A), 5, "the plain name gone")
    assert not os.path.lexists(album / f"1 {A}") and not os.path.lexists(album / f"002 {A}")
    for how in (("-x", "user.damfs.numbered"), ("-n", "user.damfs.numbered", "-v", "0")):
        filled.run("setfattr", *how, album)
        wait_until(lambda: os.listdir(album) == [A, B, C], 5, "the plain names")
        assert os.path.lexists(album / A)
        filled.run("setfattr", "-n", "user.damfs.numbered", "-v", "1", album)
        wait_until(lambda: os.listdir(album) == numbered(A, B, C), 5, "the numbers")
    assert errno_of(os.setxattr, album, "user.damfs.numbered", b"yes") == errno.EINVAL
    assert errno_of(os.setxattr, filled / "albums", "user.damfs.numbered", b"1") == errno.EPERM
    filled.remount()
    shows(filled / "albums/Trip", numbered(A, B, C))


def test_previews_and_collages_carry_the_numbers(filled, trip):
    previews = filled / "previews/small/albums/Trip"
    assert sorted(os.listdir(previews)) == [f"{name}.webp" for name in numbered(A, B, C)]
    filled.run("mv", trip / f"003 {C}", trip / f"001 {C}")
    expected = [f"{name}.webp" for name in numbered(C, A, B)]
    wait_until(lambda: sorted(os.listdir(previews)) == expected, 5, "the previews in order")
    assert (previews / expected[0]).read_bytes()[:4] == b"RIFF" and not os.path.lexists(previews / f"003 {C}.webp")
    assert (previews / "folder.webp").read_bytes()[:4] == b"RIFF"


def test_mv_of_a_number_moves(filled, trip):
    before = hashes(filled / "originals")
    filled.run("mv", trip / f"003 {C}", trip / f"001 {C}")
    shows(trip, numbered(C, A, B))
    for gone in (f"003 {C}", f"001 {A}", f"002 {B}"):
        assert not os.path.lexists(trip / gone)
    filled.run("mv", trip / f"001 {C}", trip / f"003 {C}")
    shows(trip, numbered(A, B, C))
    filled.run("mv", trip / f"001 {A}", trip / f"2 {A}")
    shows(trip, numbered(B, A, C))
    filled.run("mv", trip / f"001 {B}", trip / f"010 {B}")  # a number that nothing has
    shows(trip, [f"002 {A}", f"003 {C}", f"010 {B}"])
    filled.run("mv", trip / f"010 {B}", trip / f"002 {B}")
    shows(trip, [f"002 {B}", f"003 {A}", f"004 {C}"])
    for name in (f"002 {A}", "x.jpg", f"x {B}", B, f"000 {B}", f"002  {B}"):
        assert errno_of(os.rename, trip / f"002 {B}", trip / name) == errno.EPERM, name
        assert "only its number" in last_error(filled)
    assert hashes(filled / "originals") == before
    filled.remount()
    shows(filled / "albums/Trip", [f"002 {B}", f"003 {A}", f"004 {C}"])


def test_a_shell_in_the_folder_is_not_disturbed(filled, trip):
    script = f'mv "003 {C}" "001 {C}" && cat "001 {C}" >/dev/null && ls && mv "003 {B}" "001 {B}" && ls && cd . && /bin/pwd'
    done = filled.run("sh", "-c", script, cwd=trip)
    assert done.stdout.splitlines() == [*numbered(C, A, B), *numbered(B, C, A), str(trip)]


def test_the_journal_tells_and_takes_back(filled, trip):
    filled.run("mv", trip / f"003 {C}", trip / f"001 {C}")
    told = json.loads(filled.library.run("log", "--json", "--steps", "-n", "1").stdout)
    assert {step["what"] for step in told["changes"]} == {"album"}
    assert f"moved {C} within album Trip" in filled.library.run("log", "--steps", "-n", "1").stdout
    undo(filled, trip, numbered(A, B, C))
    undo(filled, trip, sorted([A, B, C]))
    assert "(numbered)" not in filled.library.run("album", "list").stdout
    filled.library.run("album", "numbered", "Trip", "on")
    wait_until(lambda: os.listdir(trip) == numbered(A, B, C), 5, "the numbers")
    assert "(numbered)" in filled.library.run("album", "list").stdout


def test_what_is_added_comes_to_the_end_or_to_its_number(filled, trip, scratch):
    others = [asset["names"][0] for asset in filled.library.find("type:image") if asset["label"] not in (A, B, C)]
    first, second, third = others[:3]
    labels = {asset["names"][0]: asset["label"] for asset in filled.library.find("type:image")}
    filled.run("cp", filled / "originals" / first, trip)
    shows(trip, numbered(A, B, C, labels[first]))
    filled.run("ln", filled / "originals" / second, trip / f"002 {labels[second]}")
    shows(trip, numbered(A, labels[second], B, C, labels[first]))
    filled.run("mv", filled / "originals" / third, trip / f"001 {labels[third]}")
    shows(trip, numbered(labels[third], A, labels[second], B, C, labels[first]))
    (scratch / "new.txt").write_text("new\n")
    filled.run("cp", scratch / "new.txt", trip / "003 new.txt")
    expected = numbered(labels[third], A, "new.txt", labels[second], B, C, labels[first])
    shows(trip, expected)
    assert (trip / "003 new.txt").read_text() == "new\n" and [a["label"] for a in filled.library.find("new.txt")] == ["new.txt"]
    (scratch / "2024 plan.txt").write_text("plan\n")
    filled.run("cp", "-p", scratch / "2024 plan.txt", trip)
    shows(trip, [*expected, "008 2024 plan.txt"])
    # Saved over, it stays where it is, and is a new version.
    (trip / "003 new.txt").write_text("newer\n")
    wait_until(lambda: (trip / "003 new.txt").read_text() == "newer\n", 5, "the new version")
    shows(trip, [*expected, "008 2024 plan.txt"])
    for _ in range(2):
        wait_until(lambda: not os.path.lexists(trip / "2024 plan.txt"), 10, "the name it was put in under gone")


def test_rm_and_mv_of_all_of_them(filled, trip):
    """What leaves leaves a gap: the shell gave rm all the names before the first was gone."""
    originals = hashes(filled / "originals")
    filled.run("sh", "-c", 'rm "$0"/001*', trip)
    shows(trip, [f"002 {B}", f"003 {C}"])
    os.mkdir(filled / "albums/Else")
    filled.run("sh", "-c", 'mv "$0"/* "$1"', trip, filled / "albums/Else")
    assert os.listdir(trip) == []
    wait_until(lambda: os.listdir(filled / "albums/Else") == [B, C], 5, "both, by their labels")
    wait_until(lambda: not os.path.lexists(filled / "albums/Else" / f"002 {B}"), 15, "the name with a number gone")
    filled.run("sh", "-c", 'mv "$1"/* "$0"', trip, filled / "albums/Else")
    shows(trip, numbered(B, C))
    filled.run("rm", "-r", trip)
    assert "Trip" not in os.listdir(filled / "albums") and hashes(filled / "originals") == originals
    filled.library.run("undo")
    wait_until(lambda: os.path.isdir(trip) and sorted(os.listdir(trip)) == numbered(B, C), 10, "all back")


def test_a_smart_album_has_no_numbers(filled, trip):
    os.mkdir(filled / "albums/Smart")
    os.setxattr(filled / "albums/Smart", "user.damfs.query", b"type:image")
    assert errno_of(os.setxattr, filled / "albums/Smart", "user.damfs.numbered", b"1") == errno.EROFS
    os.mkdir(filled / "albums/Other")
    os.setxattr(filled / "albums/Other", "user.damfs.numbered", b"1")
    os.setxattr(filled / "albums/Other", "user.damfs.query", b"type:video")
    assert errno_of(os.getxattr, filled / "albums/Other", "user.damfs.numbered") == errno.ENODATA
    assert sorted(os.listdir(filled / "albums/Other")) == sorted(os.listdir(filled / "by-type/video"))


def test_clips_keep_their_stems_with_their_numbers(filled):
    clips = [asset["names"][0] for asset in filled.library.find("type:video")][:2]
    filled.library.run("album", "add", "Cut", *clips)
    filled.library.run("album", "numbered", "Cut", "on")
    proxies = filled / "proxies/edit/albums/Cut"
    stems = [os.path.splitext(name)[0] for name in sorted(os.listdir(filled / "albums/Cut"))]
    assert [os.path.splitext(name)[0] for name in sorted(os.listdir(proxies))] == stems and stems[0].startswith("001 ")
    for name in os.listdir(proxies):
        assert os.lstat(proxies / name).st_size > 0
