# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plain tools on by-tag/, albums/, by-rating/, inbox/ and trash/ mean what they mean there; damfs tells and undoes it."""

import errno
import json
import os
import shutil

import pytest

from drive import Drive, hashes, inodes, require_sound
from media import sha256
from mount import errno_of, wait_until

PHOTO = "Italy 2024/IMG_0002.JPG"
LABEL = "IMG_0002.JPG"


@pytest.fixture
def filled(demo_library, scratch, mount_of):
    library = demo_library.copied_to(scratch / "library")
    library.run("album", "add", "Best/Of all", PHOTO, "no camera.jpg")
    library.run("set", "--rating", "4", PHOTO)
    drive = Drive(library, mount_of)
    yield drive
    require_sound(library)


def tags(drive, path=PHOTO):
    return set(drive.tags(path))


def rating(drive, path=PHOTO):
    return drive.library.by_name()[path]["rating"]


def newest_acts(drive, count=1):
    return [json.loads(line) for line in drive.library.run("log", "--json", "-n", str(count)).stdout.splitlines()]


def undo(drive, until):
    drive.library.run("undo")
    wait_until(until, 10, "what was undone to show in the mount")


def shape(drive, *views):
    """Every path of these views with its inode."""
    found = {}
    for view in views or ("originals", "by-tag", "albums", "by-rating"):
        found.update({f"{view}/{path}": inode for path, inode in inodes(drive / view).items()})
        for at, folders, _ in os.walk(drive / view):
            found.update({os.path.relpath(os.path.join(at, folder), drive.mount.path): None for folder in folders})
    return found


# --- tags -----------------------------------------------------------------------------------------------

def test_a_folder_made_in_by_tag_is_a_tag(filled):
    os.makedirs(filled / "by-tag/trips/summer")
    assert os.listdir(filled / "by-tag/trips") == ["summer"] and os.listdir(filled / "by-tag/trips/summer") == []
    assert "trips/summer" in filled.library.run("tag", "list").stdout
    assert errno_of(os.mkdir, filled / "by-tag/trips") == errno.EEXIST
    assert errno_of(os.rmdir, filled / "by-tag/trips") == errno.ENOTEMPTY
    os.removedirs(filled / "by-tag/trips/summer")
    assert "trips" not in filled.library.run("tag", "list").stdout


@pytest.mark.parametrize("tool", ["cp", "cp -a", "ln", "mv"])
def test_put_into_a_tag_it_is_tagged_and_no_byte_moves(filled, tool):
    os.mkdir(filled / "by-tag/new")
    before = os.stat(filled / "originals" / PHOTO), filled.mount.stats()["blobs"]
    filled.run(*tool.split(), filled / "originals" / PHOTO, filled / "by-tag/new/")
    assert "new" in tags(filled) and filled.mount.stats()["blobs"] == before[1]
    wait_until(lambda: os.listdir(filled / "by-tag/new") == [LABEL], 10, "the file in its tag")
    wait_until(lambda: os.path.exists(filled / "originals" / PHOTO), 10, "the original where it was")
    assert os.stat(filled / "by-tag/new" / LABEL).st_ino == os.stat(filled / "originals" / PHOTO).st_ino == before[0].st_ino
    assert os.stat(filled / "originals" / PHOTO).st_nlink == before[0].st_nlink + 1
    undo(filled, lambda: os.listdir(filled / "by-tag/new") == [])
    assert "new" not in tags(filled)


def test_known_bytes_from_outside_are_tagged_whatever_their_name(filled, demo):
    os.mkdir(filled / "by-tag/new")
    names, blobs = set(filled.library.by_name()), filled.mount.stats()["blobs"]
    shutil.copy(demo / PHOTO, filled / "by-tag/new/another name.jpg")
    assert "new" in tags(filled) and set(filled.library.by_name()) == names and filled.mount.stats()["blobs"] == blobs
    wait_until(lambda: os.listdir(filled / "by-tag/new") == [LABEL], 10, "the asset under its label")


def test_new_bytes_in_a_tag_are_filed_and_tagged(filled, scratch):
    (scratch / "new.txt").write_text("nobody knows this\n")
    os.utime(scratch / "new.txt", (1_000_000_000, 1_000_000_000))
    filled.run("cp", "-p", scratch / "new.txt", filled / "by-tag/beach/")
    found = [asset for asset in filled.library.find("tag:beach") if asset["sha256"] == sha256(scratch / "new.txt")]
    assert len(found) == 1 and len(found[0]["names"]) == 1, found
    assert found[0]["names"][0].startswith("20") and found[0]["names"][0].endswith("/new.txt"), "filed by date"
    wait_until(lambda: (filled / "originals" / found[0]["names"][0]).exists(), 10, "the file in originals/")
    assert (filled / "by-tag/beach/new.txt").read_text() == "nobody knows this\n"


def test_rm_in_a_tag_untags_and_the_original_stays(filled):
    before = sha256(filled / "originals" / PHOTO), shape(filled)
    os.unlink(filled / "by-tag/beach" / LABEL)
    assert "beach" not in tags(filled) and not os.path.exists(filled / "by-tag/beach" / LABEL)
    assert sha256(filled / "originals" / PHOTO) == before[0] and os.listdir(filled / "trash") == []
    undo(filled, lambda: shape(filled) == before[1])


def test_mv_between_tags_retags(filled):
    os.mkdir(filled / "by-tag/other")
    filled.run("mv", filled / "by-tag/beach" / LABEL, filled / "by-tag/other/")
    assert "other" in tags(filled) and "beach" not in tags(filled)
    assert os.listdir(filled / "by-tag/other") == [LABEL]


def test_mv_of_a_tag_renames_it_with_all_below(filled):
    inside = inodes(filled / "by-tag/places")
    os.rename(filled / "by-tag/places", filled / "by-tag/where we were")
    assert inodes(filled / "by-tag/where we were") == inside and inside
    assert tags(filled, "Italy 2024/IMG_0003.JPG") == {"where we were/italy"} and not os.path.exists(filled / "by-tag/places")
    os.mkdir(filled / "by-tag/top")
    os.rename(filled / "by-tag/where we were", filled / "by-tag/top/nested")
    assert inodes(filled / "by-tag/top/nested") == inside
    assert errno_of(os.rename, filled / "by-tag/top", filled / "by-tag/top/nested/x") == errno.EINVAL


def test_the_name_of_a_member_is_changed_only_in_originals(filled):
    assert errno_of(os.rename, filled / "by-tag/beach" / LABEL, filled / "by-tag/beach/x.jpg") == errno.EPERM
    for top in ("by-tag", "albums", "by-rating"):
        before = os.listdir(filled / top)
        assert errno_of(os.open, filled / top / "loose.txt", os.O_WRONLY | os.O_CREAT) == errno.EPERM, "nothing to put it into"
        assert os.listdir(filled / top) == before


def test_saving_over_a_member_saves_the_original(filled):
    file = filled / "by-tag/beach" / LABEL
    old = sha256(file)
    with open(file, "ab") as opened:
        opened.write(b"more")
    wait_until(lambda: sha256(filled / "originals" / PHOTO) != old, 10, "the new version in originals/")
    assert sha256(file) == sha256(filled / "originals" / PHOTO) and {"beach"} <= tags(filled)
    assert old in {object.name for object in filled.library.objects()}


# --- albums, ratings ------------------------------------------------------------------------------------

def test_albums_by_plain_tools(filled):
    os.makedirs(filled / "albums/Holiday/Rome")
    filled.run("cp", filled / "originals" / PHOTO, filled / "originals/no camera.jpg", filled / "albums/Holiday/Rome/")
    wait_until(lambda: set(os.listdir(filled / "albums/Holiday/Rome")) == {LABEL, "no camera.jpg"}, 10, "both in the album")
    os.mkdir(filled / "albums/Else")
    os.rename(filled / "albums/Holiday/Rome/no camera.jpg", filled / "albums/Else/no camera.jpg")
    assert os.listdir(filled / "albums/Else") == ["no camera.jpg"]
    assert os.listdir(filled / "albums/Holiday/Rome") == [LABEL]
    os.rename(filled / "albums/Holiday", filled / "albums/Trips")
    assert os.listdir(filled / "albums/Trips/Rome") == [LABEL]
    os.unlink(filled / "albums/Trips/Rome" / LABEL)
    os.removedirs(filled / "albums/Trips/Rome")
    assert (filled / "originals" / PHOTO).exists() and os.listdir(filled / "trash") == []


def test_ratings_by_plain_tools(filled):
    assert rating(filled) == 4 and LABEL in os.listdir(filled / "by-rating/4")
    filled.run("mv", filled / "by-rating/4" / LABEL, filled / "by-rating/2/")
    assert rating(filled) == 2 and LABEL in os.listdir(filled / "by-rating/2")
    filled.run("cp", filled / "originals" / PHOTO, filled / "by-rating/5/")
    assert rating(filled) == 5
    wait_until(lambda: LABEL not in os.listdir(filled / "by-rating/2"), 10, "gone from the stars before")
    os.unlink(filled / "by-rating/5" / LABEL)
    assert not rating(filled)
    for refused in (lambda: os.mkdir(filled / "by-rating/6"), lambda: os.rmdir(filled / "by-rating/1"),
                    lambda: os.rename(filled / "by-rating/1", filled / "by-rating/x")):
        assert errno_of(refused) in (errno.EPERM, errno.EROFS)


# --- extended attributes --------------------------------------------------------------------------------

@pytest.mark.skipif(not shutil.which("setfattr"), reason="no setfattr")
def test_a_desktop_tags_rates_and_describes(filled):
    file = filled / "originals" / PHOTO
    for name, value in {"user.xdg.tags": "one,two/three", "user.baloo.rating": "6", "user.xdg.comment": "Seen from the pier",
                        "user.dublincore.title": "Last light", "user.own": "kept as it is"}.items():
        filled.run("setfattr", "-n", name, "-v", value, file)
    told = filled.library.by_name()[PHOTO]
    assert set(told["tags"]) == {"one", "two/three"} and told["rating"] == 3
    for path in (file, filled / "by-tag/two/three" / LABEL):
        wait_until(lambda: os.path.exists(path), 10, f"{path}")
        assert os.getxattr(path, "user.xdg.comment") == b"Seen from the pier"
        assert os.getxattr(path, "user.dublincore.title") == b"Last light"
        assert os.getxattr(path, "user.own") == b"kept as it is" and "user.own" in os.listxattr(path)
    filled.run("setfattr", "-x", "user.xdg.tags", file)
    assert tags(filled) == set() and errno_of(os.getxattr, file, "user.xdg.tags") == errno.ENODATA
    os.removexattr(file, "user.own")
    assert errno_of(os.removexattr, file, "user.own") == errno.ENODATA


def test_attributes_that_are_refused(filled):
    file = filled / "originals" / PHOTO
    # What is worked out is not to be set, but no restored backup fails for it.
    before = os.getxattr(file, "user.damfs.sha256")
    os.setxattr(file, "user.damfs.sha256", b"x")
    assert os.getxattr(file, "user.damfs.sha256") == before
    assert errno_of(os.setxattr, file, "trusted.x", b"x") in (errno.EOPNOTSUPP, errno.EPERM)
    assert errno_of(os.setxattr, file, "security.x", b"x") in (errno.EOPNOTSUPP, errno.EPERM)
    assert errno_of(os.setxattr, file, "user.baloo.rating", b"11") == errno.EINVAL
    assert errno_of(os.setxattr, file, "user.baloo.rating", b"good") == errno.EINVAL
    assert errno_of(os.setxattr, file, "user.none", b"x", os.XATTR_REPLACE) == errno.ENODATA
    os.setxattr(file, "user.own", b"x", os.XATTR_CREATE)
    assert errno_of(os.setxattr, file, "user.own", b"x", os.XATTR_CREATE) == errno.EEXIST
    os.setxattr(file, "user.own", bytes(range(256)))
    assert os.getxattr(file, "user.own") == bytes(range(256))


# --- inbox, trash ---------------------------------------------------------------------------------------

def test_what_is_dropped_in_the_inbox_is_filed_by_its_date(drive, demo):
    shutil.copy2(demo / PHOTO, drive / "inbox" / LABEL)  # sets the times by name, after closing it
    (drive / "inbox/notes.txt").write_text("notes\n")
    wait_until(lambda: os.listdir(drive / "inbox") == [], 10, "the inbox to be empty again")
    names = {asset["sha256"]: name for name, asset in drive.library.by_name().items()}
    assert names[sha256(demo / PHOTO)] == "2024/2024-05-17/IMG_0002.JPG", "filed by the capture date"
    assert len(names) == 2
    assert (drive / "originals/2024/2024-05-17/IMG_0002.JPG").read_bytes() == (demo / PHOTO).read_bytes()
    # The same once more is nothing new; another file of that name gets a name beside it.
    shutil.copy2(demo / PHOTO, drive / "inbox/again.jpg")
    (drive / "inbox/notes.txt").write_text("other notes\n")
    assert drive.mount.stats()["assets"] == 3
    drive.expect(hashes(drive / "originals"))


def test_rm_moves_to_the_trash_and_mv_takes_it_back(filled):
    before, digest = os.stat(filled / "originals" / PHOTO), sha256(filled / "originals" / PHOTO)
    inside = tags(filled)
    os.unlink(filled / "originals" / PHOTO)
    assert PHOTO not in filled.library.by_name() and hashes(filled / "trash") == {LABEL: digest}
    wait_until(lambda: not os.path.exists(filled / "by-tag/beach" / LABEL), 10, "gone from its tags")
    os.rename(filled / "trash" / LABEL, filled / "originals/back.jpg")
    assert sha256(filled / "originals/back.jpg") == digest and os.listdir(filled / "trash") == []
    assert os.stat(filled / "originals/back.jpg").st_ino == before.st_ino and tags(filled, "back.jpg") == inside


def test_deleting_in_the_trash_frees_no_byte(filled):
    digest = sha256(filled / "originals" / PHOTO)
    os.unlink(filled / "originals" / PHOTO)
    os.unlink(filled / "trash" / LABEL)
    assert os.listdir(filled / "trash") == [] and digest in {object.name for object in filled.library.objects()}
    filled.library.run("undo")
    wait_until(lambda: os.path.exists(filled / "originals" / PHOTO) or os.path.exists(filled / "trash" / LABEL), 10, "back")


# --- the worst of days ----------------------------------------------------------------------------------

def test_rm_rf_of_all_tags_and_albums_is_one_act(filled):
    before, originals = shape(filled), hashes(filled / "originals")
    filled.run("sh", "-c", 'rm -rf "$0"/by-tag/* "$0"/albums/*', filled.mount.path)
    assert os.listdir(filled / "by-tag") == [] == os.listdir(filled / "albums")
    assert hashes(filled / "originals") == originals and os.listdir(filled / "trash") == []
    undo(filled, lambda: shape(filled) == before)
    filled.remount()
    assert shape(filled) == before and hashes(filled / "originals") == originals


def test_rm_rf_of_all_originals_is_one_act(filled):
    before, originals, facts = shape(filled), hashes(filled / "originals"), filled.library.facts_for_comparison()
    acts = newest_acts(filled)[0]["act"] if "act" in newest_acts(filled)[0] else None
    filled.run("sh", "-c", 'rm -rf "$0"/originals/*', filled.mount.path)
    assert os.listdir(filled / "originals") == [] and filled.library.find() == []
    assert sorted(hashes(filled / "trash").values()) == sorted(originals.values()), "all is in the trash, with its bytes"
    undo(filled, lambda: shape(filled) == before)
    assert hashes(filled / "originals") == originals and filled.library.facts_for_comparison() == facts
    assert os.listdir(filled / "trash") == []
    assert acts is None or acts != newest_acts(filled)[0]["act"]
    filled.remount()
    assert shape(filled) == before and hashes(filled / "originals") == originals


def test_rm_rf_of_everything_loses_nothing(filled):
    originals, before = hashes(filled / "originals"), shape(filled)
    filled.run("rm", "-rf", *(filled / name for name in ("originals", "by-tag", "albums", "by-rating", "by-date", "previews/small")), expect=None)
    assert {path.name for path in filled.library.objects()} >= set(originals.values())
    filled.library.run("undo")
    wait_until(lambda: shape(filled) == before, 10, "everything back")
    assert hashes(filled / "originals") == originals


def test_the_log_tells_each_act_with_its_program(filled):
    filled.run("cp", filled / "originals" / PHOTO, filled / "originals/copy.jpg")
    filled.run("mv", filled / "originals/copy.jpg", filled / "originals/moved.jpg")
    filled.run("rm", filled / "originals/moved.jpg")
    told = [act["what"] for act in newest_acts(filled, 3)]
    assert [what.split(":")[0] for what in told] == ["rm", "mv", "cp"], told
    assert "moved.jpg" in filled.library.run("log", "--steps", "-n", "1").stdout
    filled.library.run("undo")
    wait_until(lambda: os.path.exists(filled / "originals/moved.jpg"), 10, "the file back")
    filled.library.run("undo")
    wait_until(lambda: os.path.exists(filled / "originals/copy.jpg"), 10, "the name before")
    filled.library.run("undo")
    wait_until(lambda: not os.path.exists(filled / "originals/copy.jpg"), 10, "the copy gone")


def test_removing_a_preview_drops_it_from_the_cache_and_it_is_made_again(filled):
    preview = filled / "previews/small/originals" / (PHOTO + ".webp")
    before, info = sha256(preview), preview.stat()
    cache = filled.library.path / "derived/small"
    wait_until(lambda: any(path.is_file() for path in cache.rglob("*")), 10, "it is kept")
    preview.unlink()
    assert not any(path.is_file() for path in cache.rglob("*")), "it is in the cache still"
    assert preview.stat()[:2] == info[:2] and sha256(preview) == before
    assert sha256(filled.originals / PHOTO), "its original is untouched"
    assert errno_of(os.rmdir, filled / "previews/small/originals/Italy 2024") == errno.EROFS


def test_a_locked_original_is_read_only(filled):
    photo = filled.originals / PHOTO
    os.setxattr(photo, "user.damfs.lock_until", b"2099-01-01")
    assert photo.stat().st_mode & 0o777 == 0o444
    os.chmod(photo, 0o644)  # else only root may change its attributes
    os.removexattr(photo, "user.damfs.lock_until")
    assert photo.stat().st_mode & 0o777 == 0o644
