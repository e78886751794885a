# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Others may enter the mount (allow_other), and there are more roads to a picture than its name in originals/: previews,
proxies, collages, archives' insides, versions, searches, tags. None of them gives a stranger bytes or attributes that no
name in originals/ gives, whatever was read before by whom; and none keeps from him what one does give."""

import errno
import hashlib
import os
import shutil
import stat
import subprocess

import pytest

from mount import errno_of, wait_until, xattr
from stranger import ALICE, BOB, as_stranger, seen_by, why_no_strangers

pytestmark = pytest.mark.skipif(why_no_strangers() is not None, reason=str(why_no_strangers()))
FRIENDS = 61500  # a group that Bob is in

# path below originals/ -> (of the demo folder, its mode)
FILES = {"shown/photo.jpg": ("Italy 2024/IMG_0001.JPG", 0o644),
         "shown/secret photo.jpg": ("Italy 2024/IMG_0002.JPG", 0o600),
         "shown/friends photo.jpg": ("Italy 2024/IMG_0003.JPG", 0o640),
         "shown/clip.mov": ("video/C0001.MOV", 0o644),
         "shown/GX010001.MP4": ("video/phone portrait.mp4", 0o644),
         "shown/GL010001.LRV": ("video/screen.mkv", 0o600),
         "shown/secret pack.zip": ("textures/Brick_Wall_1K.zip", 0o600),
         "shut/photo in it.jpg": ("Australia/DSC_0042.jpg", 0o644),
         "shut/pack in it.zip": ("textures/Brick_Wall_1K.zip", 0o644),
         "friends/photo for them.jpg": ("Australia/IMG_0001.JPG", 0o644)}
FOLDERS = {"shown": 0o755, "shut": 0o700, "friends": 0o750}
FOR_ALL = {"shown/photo.jpg", "shown/clip.mov", "shown/GX010001.MP4"}
FOR_FRIENDS = {"shown/friends photo.jpg", "friends/photo for them.jpg"}
OPEN_TO_ALL = (".damfs",)


@pytest.fixture
def mount(library, mount_of, demo, scratch):
    scratch.chmod(0o755)
    source = scratch / "source"
    for path, (of, mode) in FILES.items():
        file = source / path
        file.parent.mkdir(parents=True, exist_ok=True)
        data = (demo / of).read_bytes()
        file.write_bytes(data if file.suffix != ".zip" else again(data, path, scratch))
        file.chmod(mode)
    for name, mode in FOLDERS.items():
        (source / name).chmod(mode)
    for path in ("shown/friends photo.jpg", "friends"):
        os.chown(source / path, 0, FRIENDS)
    library.import_(source)
    mount = mount_of(library, options=["-o", "allow_other"])
    for path in FILES:
        os.setxattr(mount / "originals" / path, "user.xdg.tags", b"everything")
    os.setxattr(mount / "originals/shown/secret photo.jpg", "user.xdg.comment", b"a secret")
    os.mkdir(mount / "albums/All")
    for path in FILES:
        os.link(mount / "originals" / path, mount / "albums/All" / os.path.basename(path))
    # An earlier state that everybody may have read, and a new one.
    with open(mount / "originals/shown/secret photo.jpg", "ab") as file:
        file.write(b"more")
    wait_until(lambda: xattr(mount / "originals/shown/secret photo.jpg", "user.damfs.width"), 20, "it to be looked at")
    return mount


def again(data, path, scratch):
    """The archive with one member more, so that no two are equal bytes."""
    archive = scratch / "archive.zip"
    archive.write_bytes(data)
    import zipfile
    with zipfile.ZipFile(archive, "a") as into:
        into.writestr("note.txt", path)
    data = archive.read_bytes()
    archive.unlink()
    return data


def assets(mount):
    """{inode of a file of the mount: the assets that it is made from}, by a walk of the mount's owner."""
    found = {}
    for path, info in mount.files(skip=(".damfs",)):
        asset = xattr(mount / path, "user.damfs.asset")
        if asset is not None:
            found.setdefault(info.st_ino, set()).add(asset)
    packs = {name: xattr(mount / "packs" / name, "user.damfs.asset") for name in os.listdir(mount / "packs")
             if not name.startswith("by-")}
    for kind in os.listdir(mount / "previews"):
        for name, asset in packs.items():
            top = mount / "previews" / kind / "packs" / name
            for folder, _, files in os.walk(top):
                for file in files:
                    found.setdefault(os.lstat(os.path.join(folder, file)).st_ino, set()).add(asset)
    balls = mount / "previews/material/packs"
    for name in os.listdir(balls):
        member = next((mount / "packs/by-material" / name.removesuffix(".webp")).iterdir())
        found[os.lstat(balls / name).st_ino] = {xattr(member, "user.damfs.asset")}
    camera = mount / "proxies/camera/originals/shown/GX010001.mp4"
    found[os.lstat(camera).st_ino].add(xattr(mount / "originals/shown/GL010001.LRV", "user.damfs.asset"))
    return found


def require_only(mount, uid, allowed, groups=()):
    """The stranger reads what `allowed` names, by every road, and nothing else."""
    made_from = assets(mount)
    of = {path: xattr(mount / "originals" / path, "user.damfs.asset") for path in FILES if (mount / "originals" / path).exists()}
    reached = {of[path] for path in allowed}
    seen = seen_by(uid, mount, groups=groups)
    originals = {path.removeprefix("originals/") for path in seen["files"] if path.startswith("originals/")}
    assert originals == allowed
    opened = {path: info for path, info in seen["files"].items() if not path.startswith(OPEN_TO_ALL)}
    for path, (inode, _) in opened.items():
        if path.endswith("/folder.webp"):
            continue
        assert made_from[inode] <= reached, f"{path} was shown to {uid}"
    for path in seen["told"]:
        inode = os.lstat(mount / path).st_ino
        assert path.endswith("/folder.webp") or path.startswith(OPEN_TO_ALL) or made_from[inode] <= reached, f"{path} told {uid}"
    # And the other way round: what he may see, he sees wherever he may enter.
    for path in seen["shut"]:
        info = os.lstat(mount / path) if os.path.lexists(mount / path) else None
        if info is None or not stat.S_ISREG(info.st_mode) or path.endswith("/folder.webp"):
            continue
        assert not made_from[info.st_ino] <= reached, f"{path} was kept from {uid}"
    return seen


def test_by_every_road(mount):
    seen = require_only(mount, ALICE, FOR_ALL)
    assert not any("trash" in path.lower() for path in seen["folders"] if path != f".Trash-{ALICE}"
                   and not path.startswith(f".Trash-{ALICE}/"))
    require_only(mount, BOB, FOR_ALL | FOR_FRIENDS, groups=[FRIENDS])
    # A collage is the same bytes for everybody: for those alone who may see all that is in it.
    collages = {path for path in seen["files"] if path.endswith("/folder.webp")}
    assert "previews/small/albums/All/folder.webp" not in collages
    assert os.path.getsize(mount / "previews/small/albums/All/folder.webp") > 0
    os.unlink(mount / "albums/All/secret photo.jpg")
    for name in os.listdir(mount / "albums/All"):
        if name not in ("photo.jpg", "clip.mov"):
            os.unlink(mount / "albums/All" / name)
    wait_until(lambda: as_stranger(ALICE, "cat", mount / "previews/small/albums/All/folder.webp").returncode == 0, 10,
               "a collage of what everybody may see")


def test_what_was_read_before_is_shut(mount):
    """Caches of the kernel know no asker: what was opened when it was allowed is not when it no longer is."""
    roads = [mount / road for road in ("originals/shown/photo.jpg", "by-type/image/photo.jpg", "albums/All/photo.jpg",
                                       "previews/small/originals/shown/photo.jpg.webp", "search/photo/photo.jpg")]
    photo, folder = mount / "originals/shown/photo.jpg", mount / "originals/shown"

    def open_now():
        return [as_stranger(ALICE, "cat", road).returncode == 0 for road in roads]

    def told_now():
        return [as_stranger(ALICE, "getfattr", "-n", "user.damfs.asset", road).returncode == 0 for road in roads]
    assert all(open_now()) and all(told_now())
    for shut, what, mode in ((0o600, photo, 0o644), (0o700, folder, 0o755)):
        what.chmod(shut)
        assert not any(open_now()) and not any(told_now()), what
        what.chmod(mode)
        wait_until(lambda: all(open_now()) and all(told_now()), 10, f"{what} to be open again")
    # A second name, where everybody passes, is enough.
    os.mkdir(mount / "originals/also")
    os.link(photo, mount / "originals/also/photo.jpg")
    folder.chmod(0o700)
    wait_until(lambda: all(open_now()[1:3]), 10, "its other name to be enough")
    folder.chmod(0o755)


def test_archive_shut_and_opened_again(mount):
    archive = mount / "originals/shut/pack in it.zip"
    os.rename(archive, mount / "originals/shown/pack.zip")
    inside = next(path for path, _ in mount.files("packs/pack in it") if path.endswith(".png"))
    still = f"previews/small/{inside}.webp"

    def open_now():
        return [as_stranger(ALICE, *argv).returncode == 0 for argv in (
            ("cat", mount / inside), ("cat", mount / still), ("ls", mount / "packs/pack in it"))]
    wait_until(lambda: all(open_now()), 10, "the archive to be open")
    (mount / "originals/shown/pack.zip").chmod(0o600)
    assert not any(open_now())
    wait_until(lambda: stat.S_IMODE(os.lstat(mount / "packs/pack in it").st_mode) & 0o077 == 0, 10, "its folder to be shut")
    (mount / "originals/shown/pack.zip").chmod(0o644)
    wait_until(lambda: all(open_now()), 10, "the archive to be open again")


def test_modes_and_owners_of_what_is_made(mount):
    os.chown(mount / "originals/shown/photo.jpg", ALICE, FRIENDS)
    os.chmod(mount / "originals/shown/photo.jpg", 0o640)
    for road in ("previews/small/originals/shown/photo.jpg.webp", "previews/large/by-tag/everything/photo.jpg.webp"):
        wait_until(lambda: os.lstat(mount / road).st_uid == ALICE, 10, "the owner to show")
        info = os.lstat(mount / road)
        assert (info.st_uid, info.st_gid, stat.S_IMODE(info.st_mode)) == (ALICE, FRIENDS, 0o440), road
        assert as_stranger(ALICE, "cat", mount / road).returncode == 0
        assert as_stranger(BOB, "cat", mount / road).returncode != 0
        assert as_stranger(BOB, "cat", mount / road, groups=[FRIENDS]).returncode == 0


def test_private_mount_shows_originals_alone(library, mount, mount_of):
    mount.stop()
    again = mount_of(library, at=mount.path, options=["-o", "allow_other,private"])
    seen = seen_by(ALICE, again)
    assert {path.split("/")[0] for path in seen["files"]} == {"originals"}
    assert {path.split("/")[0] for path in seen["folders"]} - {f".Trash-{ALICE}"} == {"originals"}
    assert os.listdir(again / "previews/small/originals")  # the owner's are as they were
    assert stat.S_IMODE(os.stat(again / "by-type").st_mode) == 0o700


def test_each_has_a_trash_of_their_own(library, mount):
    shared = mount / "originals/shared"
    shared.mkdir()
    shared.chmod(0o777)
    for uid in (ALICE, BOB):
        assert as_stranger(uid, "sh", "-c", f"umask 077; echo {uid} > {shared}/{uid}.txt").returncode == 0
        assert as_stranger(uid, "rm", f"{shared}/{uid}.txt").returncode == 0
    trash = mount / f".Trash-{ALICE}"
    assert stat.S_IMODE(os.stat(trash).st_mode) == 0o700 and os.stat(trash).st_uid == ALICE
    listed = as_stranger(ALICE, "ls", trash / "files", trash / "info").stdout
    assert f"{ALICE}.txt" in listed and str(BOB) not in listed
    assert as_stranger(ALICE, "cat", trash / f"files/{ALICE}.txt").stdout == f"{ALICE}\n"
    assert as_stranger(ALICE, "ls", mount / f".Trash-{BOB}").returncode != 0
    for theirs in (f"files/{BOB}.txt", f"info/{BOB}.txt.trashinfo"):
        assert errno_of(os.lstat, trash / theirs) == errno.ENOENT
    assert as_stranger(ALICE, "ls", mount / "trash").returncode != 0
    assert as_stranger(ALICE, "ls", mount / "previews/small/trash").returncode != 0
    assert set(os.listdir(mount / "trash")) == {f"{ALICE}.txt", f"{BOB}.txt"}  # the owner's, with all
    # Forgotten by one, and kept for the days that a purge is told.
    assert as_stranger(ALICE, "rm", trash / f"files/{ALICE}.txt").returncode == 0
    assert set(os.listdir(mount / "trash")) == {f"{BOB}.txt"}
    assert as_stranger(BOB, "mv", mount / f".Trash-{BOB}/files/{BOB}.txt", shared).returncode == 0
    assert as_stranger(BOB, "cat", shared / f"{BOB}.txt").stdout == f"{BOB}\n"
    mount.stop()
    assert "nothing to purge" in library.run("purge", "--older-than", "1", "--yes").stdout
    assert f"{ALICE}.txt" in library.run("purge", "--dry-run").stdout


def test_what_one_was_refused_is_not_told_to_another(mount):
    reason = mount / ".damfs/last-error"
    assert as_stranger(ALICE, "ls", mount / "search/rating:>=x").returncode != 0
    assert "rating" in as_stranger(ALICE, "cat", reason).stdout
    assert not as_stranger(BOB, "cat", reason).stdout.strip()
    errno_of(os.listdir, mount / "search/date:never")
    assert "date:never" in reason.read_text()
    assert "never" not in as_stranger(ALICE, "cat", reason).stdout


def test_known_bytes_give_no_name_of_anothers(library, mount, scratch):
    """Whoever has the bytes has a file of his own, and hears nothing of the one that was there."""
    mine = mount / "originals/mine"
    mine.mkdir()
    os.chown(mine, ALICE, ALICE)
    secret = mount / "originals/shown/secret photo.jpg"
    shutil.copyfile(secret, scratch / "same")
    (scratch / "same").chmod(0o644)
    assert as_stranger(ALICE, "cp", scratch / "same", mine / "same.jpg").returncode == 0
    copy = mine / "same.jpg"
    assert os.stat(copy).st_uid == ALICE and os.stat(copy).st_ino != os.stat(secret).st_ino
    assert as_stranger(ALICE, "cmp", scratch / "same", copy).returncode == 0
    assert "user.xdg.comment" not in os.listxattr(copy)
    assert os.stat(secret).st_uid == 0 and stat.S_IMODE(os.stat(secret).st_mode) == 0o600
    # What the owner copies with all its attributes is as much his: of the two, what is found is the first.
    before = len(library.find())
    subprocess.run(["cp", "-a", mount / "originals/shown/photo.jpg", mount / "originals/shown/again.jpg"], check=True)
    assert os.stat(mount / "originals/shown/again.jpg").st_ino != os.stat(mount / "originals/shown/photo.jpg").st_ino
    assert len(library.find()) == before
    # That others hold the same bytes is nobody's to hear: neither by a folder that is called after them nor by a number.
    names = os.stat(copy).st_nlink
    digest = hashlib.sha256((scratch / "same").read_bytes()).hexdigest()
    assert digest in os.listdir(mount / "duplicates")
    for path in (mount / "duplicates", mount / "duplicates" / digest, mount / "previews/small/duplicates" / digest):
        assert as_stranger(ALICE, "ls", path).returncode != 0, path
        assert as_stranger(ALICE, "stat", path / "any").returncode != 0, path
    shutil.copyfile(secret, mount / "originals/third.jpg")
    assert os.stat(copy).st_nlink == names
    # Nor does a link by a road that shows names only.
    linked = as_stranger(ALICE, "ln", mount / "by-type/image/photo in it.jpg", mine / "stolen.jpg")
    assert linked.returncode != 0 and not (mine / "stolen.jpg").exists()


def test_owner_pays_nothing_and_is_told_what_is_open(library, mount):
    told = subprocess.run(library.argv("mount", "--help"), capture_output=True, text=True).stdout
    assert "allow_other" in told and "private" in told
    assert "allow_other" in mount.said()
