# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An album with the extended attribute user.damfs.query shows what the query finds, to plain tools, and is theirs to
rename, remove and make an ordinary one again; never a byte or an original goes by it."""

import errno
import json
import os
import shutil

import pytest

from drive import Drive, hashes, require_sound
from media import sha256
from mount import errno_of, wait_until

PHOTO = "Italy 2024/IMG_0002.JPG"
LABEL = "IMG_0002.JPG"
QUERY = "rating:>=4 type:image"

pytestmark = pytest.mark.skipif(not shutil.which("setfattr"), reason="no setfattr (attr)")


@pytest.fixture
def filled(library, demo, mount_of):
    library.import_(demo)
    library.run("set", "--rating", "4", PHOTO)
    drive = Drive(library, mount_of)
    yield drive
    require_sound(library)


@pytest.fixture
def best(filled):
    """albums/Best 2024, made by plain tools."""
    filled.run("mkdir", filled / "albums/Best 2024")
    set_query(filled, "Best 2024", QUERY)
    return filled / "albums/Best 2024"


def set_query(drive, album, query, expect=0):
    return drive.run("setfattr", "-n", "user.damfs.query", "-v", query, drive / "albums" / album, expect=expect)


def get_query(drive, album):
    return drive.run("getfattr", "--only-values", "-n", "user.damfs.query", drive / "albums" / album).stdout


def found(drive, *words):
    return sorted(asset["label"] for asset in drive.library.find(*words))


def names(folder):
    return sorted(os.listdir(folder))


def shows(folder, expected):
    wait_until(lambda: names(folder) == expected, 10, f"{folder} to show {expected}, not {names(folder)}")


def last_error(drive):
    return (drive / ".damfs/last-error").read_text().strip()


def rate(drive, path, stars):
    drive.run("setfattr", "-n", "user.baloo.rating", "-v", str(stars * 2), path)


# --- what it shows --------------------------------------------------------------------------------------

def test_it_shows_what_find_finds(filled, best):
    expected = found(filled, *QUERY.split())
    assert LABEL in expected
    assert names(best) == expected == sorted(filled.run("ls", best).stdout.splitlines())
    assert get_query(filled, "Best 2024") == QUERY
    assert "user.damfs.query" in filled.run("getfattr", best).stdout
    for name in expected:
        assert sha256(best / name) == sha256(filled / "by-type/image" / name)
        assert os.lstat(best / name).st_ino == os.lstat(filled / "by-type/image" / name).st_ino
    previews = filled / "previews/small/albums/Best 2024"
    assert sorted(name.removesuffix(".webp") for name in os.listdir(previews)) == expected
    assert (previews / f"{LABEL}.webp").read_bytes()[:4] == b"RIFF" and (previews / "folder.webp").stat().st_size
    assert names(filled / "albums/Best 2024/+/tag:beach") == found(filled, *QUERY.split(), "tag:beach")
    filled.remount()
    assert names(filled / "albums/Best 2024") == expected and get_query(filled, "Best 2024") == QUERY


def test_clips_show_as_proxies(filled):
    os.mkdir(filled / "albums/Clips")
    set_query(filled, "Clips", "type:video")
    assert names(filled / "albums/Clips") == found(filled, "type:video") != []
    assert names(filled / "proxies/edit/albums/Clips") == names(filled / "proxies/edit/by-type/video") != []


def test_a_changed_rating_shows_at_once(filled, best):
    other = filled / "originals/no camera.jpg"
    preview = filled / "previews/small/albums/Best 2024"
    before = found(filled, *QUERY.split())
    assert names(best) == before and names(preview) and not os.path.lexists(best / "no camera.jpg")
    changed = os.stat(best).st_mtime_ns
    rate(filled, other, 5)
    shows(best, sorted([*before, "no camera.jpg"]))
    wait_until(lambda: os.path.exists(best / "no camera.jpg"), 5, "its name")
    wait_until(lambda: "no camera.jpg.webp" in os.listdir(preview), 5, "its preview")
    assert os.stat(best).st_mtime_ns > changed
    rate(filled, best / "no camera.jpg", 1)  # in the album itself
    shows(best, before)
    wait_until(lambda: not os.path.lexists(best / "no camera.jpg"), 5, "its name gone")
    filled.library.run("set", "--rating", "5", "no camera.jpg")  # by another program
    shows(best, sorted([*before, "no camera.jpg"]))
    os.unlink(other)
    shows(best, before)


def test_a_new_file_that_matches_is_in_it(filled, demo):
    os.mkdir(filled / "albums/Notes")
    set_query(filled, "Notes", "ext:txt todo")
    assert names(filled / "albums/Notes") == found(filled, "ext:txt", "todo") == []
    (filled / "originals/todo list.txt").write_text("more\n")
    shows(filled / "albums/Notes", ["todo list.txt"])
    os.rename(filled / "originals/todo list.txt", filled / "originals/done.txt")
    shows(filled / "albums/Notes", found(filled, "ext:txt", "todo"))


def test_the_query_can_be_changed_and_taken_away(filled, best):
    assert names(best) == found(filled, *QUERY.split())
    set_query(filled, "Best 2024", "type:video")
    shows(best, found(filled, "type:video"))
    filled.run("setfattr", "-x", "user.damfs.query", best)
    shows(best, [])
    assert errno_of(os.getxattr, best, "user.damfs.query") == errno.ENODATA
    assert errno_of(os.removexattr, best, "user.damfs.query") == errno.ENODATA
    filled.run("cp", filled / "originals" / PHOTO, best)
    shows(best, [LABEL])
    os.unlink(best / LABEL)
    set_query(filled, "Best 2024", QUERY)
    shows(best, found(filled, *QUERY.split()))
    filled.run("setfattr", "-n", "user.damfs.query", "-v", "", best)
    shows(best, [])


def test_what_is_no_query_is_refused_with_the_reason(filled, best):
    before = names(best)
    for query, reason in (("rating:9", "rating: wants"), ("colour:red", "colour:"), ("date:", "needs a value")):
        assert set_query(filled, "Best 2024", query, expect=1).stderr.endswith("Invalid argument\n")
        assert reason in last_error(filled)
    assert errno_of(os.setxattr, best, "user.damfs.query", b'""') == errno.EINVAL and "no word" in last_error(filled)
    assert names(best) == before and get_query(filled, "Best 2024") == QUERY
    os.makedirs(filled / "albums/Trip/Rome")
    filled.run("cp", filled / "originals" / PHOTO, filled / "albums/Trip/Rome")
    for album in ("Trip", "Trip/Rome"):
        assert "Directory not empty" in set_query(filled, album, QUERY, expect=1).stderr
        assert "something is in the album" in last_error(filled)
    assert errno_of(os.setxattr, filled / "albums", "user.damfs.query", b"x") in (errno.EPERM, errno.EROFS)
    assert errno_of(os.setxattr, filled / "by-tag/beach", "user.damfs.query", b"x") == errno.EPERM
    assert errno_of(os.setxattr, filled / "previews/small/albums/Best 2024", "user.damfs.query", b"x") == errno.EROFS


# --- what plain tools do in it --------------------------------------------------------------------------

def test_nothing_is_put_in_or_taken_out(filled, best, scratch):
    (scratch / "new.jpg").write_bytes(b"new")
    before, originals = names(best), hashes(filled / "originals")
    refused = {
        "cp": ("cp", scratch / "new.jpg", best),
        "cp over one": ("cp", scratch / "new.jpg", best / LABEL),
        "ln": ("ln", filled / "originals/no camera.jpg", best / "no camera.jpg"),
        "mv in": ("mv", filled / "originals/no camera.jpg", best),
        "mv out": ("mv", best / LABEL, filled / "by-tag/places"),
        "mv elsewhere": ("mv", best / LABEL, filled / "originals/other.jpg"),
        "mv within": ("mv", best / LABEL, best / "other.jpg"),
        "rm": ("rm", "-f", best / LABEL),
        "mkdir": ("mkdir", best / "below"),
    }
    (filled / "albums/Else").mkdir()
    refused["mv of an album"] = ("mv", "-T", filled / "albums/Else", best / "below")
    for what, argv in refused.items():
        set_query(filled, "Best 2024", "rating:9", expect=1)  # another reason, which is not to be there any more
        assert "Read-only file system" in filled.run(*argv, expect=1).stderr, what
        assert "shows what its query finds" in last_error(filled), what
        assert names(best) == before, what
    assert "Directory not empty" in filled.run("mv", "-T", filled / "albums/Else", best, expect=1).stderr
    assert hashes(filled / "originals") == originals and os.listdir(filled / "trash") == []


def test_rm_r_leaves_it_and_rmdir_removes_it(filled, best):
    originals = hashes(filled / "originals")
    assert "Read-only file system" in filled.run("rm", "-rf", best, expect=1).stderr
    assert names(best) == found(filled, *QUERY.split())
    filled.run("rmdir", best)
    assert not os.path.exists(best) and "Best 2024" not in os.listdir(filled / "albums")
    assert hashes(filled / "originals") == originals and os.listdir(filled / "trash") == []
    filled.library.run("undo")
    wait_until(lambda: os.path.exists(best), 10, "the album back")
    shows(best, found(filled, *QUERY.split()))
    assert get_query(filled, "Best 2024") == QUERY


def test_the_desktops_delete_removes_it(filled, best):
    """File managers move to .Trash-<uid>/files, and try to empty what that refuses."""
    originals = hashes(filled / "originals")
    os.rename(best, filled / f".Trash-{os.getuid()}/files/Best 2024")
    assert "Best 2024" not in os.listdir(filled / "albums") and os.listdir(filled / "trash") == []
    assert hashes(filled / "originals") == originals
    filled.library.run("undo")
    wait_until(lambda: os.path.exists(best), 10, "the album back")
    shows(best, found(filled, *QUERY.split()))


def test_mv_of_the_album_renames_it(filled, best):
    expected = names(best)
    os.mkdir(filled / "albums/Years")
    filled.run("mv", best, filled / "albums/Years/The best")
    assert not os.path.exists(best) and names(filled / "albums/Years/The best") == expected
    assert get_query(filled, "Years/The best") == QUERY


# --- the journal, the command ---------------------------------------------------------------------------

def test_the_journal_tells_and_takes_back(filled, best):
    expected = found(filled, *QUERY.split())
    set_query(filled, "Best 2024", "type:video")
    newest = json.loads(filled.library.run("log", "--json", "--steps", "-n", "1").stdout)
    assert "user.damfs.query" in newest["what"]
    assert [(step["what"], step["before"], step["after"]) for step in newest["changes"]] == [("album_query", QUERY, "type:video")]
    assert f"query of album Best 2024: '{QUERY}' -> 'type:video'" in filled.library.run("log", "--steps", "-n", "1").stdout
    shows(best, found(filled, "type:video"))
    filled.library.run("undo")
    shows(best, expected)
    filled.library.run("undo")
    shows(best, [])


def test_by_command(filled):
    library = filled.library
    assert names(filled / "albums") == []
    library.run("album", "query", "Years/Best", QUERY)
    wait_until(lambda: os.path.isdir(filled / "albums/Years/Best"), 10, "the album")
    shows(filled / "albums/Years/Best", found(filled, *QUERY.split()))
    assert library.run("album", "query", "Years/Best").stdout.strip() == QUERY
    assert f"{len(found(filled, *QUERY.split()))}  Years/Best  (query: {QUERY})" in library.run("album", "list").stdout
    assert "shows what its query finds" in library.run("album", "add", "Years/Best", PHOTO, expect=1).stderr
    library.run("album", "query", "Years/Best", "")
    shows(filled / "albums/Years/Best", [])
    assert "QUERY" in library.run("album", "query", "--help").stdout


def test_an_album_in_a_query_is_what_it_shows(filled, best):
    expected = found(filled, *QUERY.split())
    filled.library.run("album", "add", "By hand/Rome", "no camera.jpg")
    assert found(filled, 'album:"Best 2024"') == expected
    assert found(filled, 'album:"By hand"') == found(filled, "album:rome") == ["no camera.jpg"]
    assert names(filled / 'search/album:"Best 2024" type:image') == expected
    assert names(filled / 'search/album:"By hand"/Rome') == ["no camera.jpg"]
    os.mkdir(filled / "albums/Both")
    set_query(filled, "Both", 'album:"Best 2024" tag:beach')
    assert names(filled / "albums/Both") == found(filled, *QUERY.split(), "tag:beach")
    set_query(filled, "Best 2024", "type:audio")
    shows(filled / "albums/Both", found(filled, "type:audio", "tag:beach"))
    wait_until(lambda: names(filled / 'search/album:"Best 2024" type:image') == [], 10, "the search to follow")
    for query in ("album:Both", 'album:"Best 2024"'):
        assert set_query(filled, "Best 2024", query, expect=1).returncode == 1
        assert "itself" in last_error(filled)
    filled.library.run("album", "add", "By hand/Rome", PHOTO)
    set_query(filled, "Both", "album:rome")
    shows(filled / "albums/Both", sorted([LABEL, "no camera.jpg"]))
    os.rename(filled / "albums/By hand/Rome", filled / "albums/By hand/Roma")
    shows(filled / "albums/Both", [])
    wait_until(lambda: not os.path.lexists(filled / "albums/Both" / LABEL), 5, "the name gone")
