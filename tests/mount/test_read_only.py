# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What cannot be changed through the mount says so by EROFS, what there is not here by EPERM; with -o ro, all is EROFS."""

import errno
import os
import socket

import pytest

from drive import hashes
from library import Library, scratch_folder
from mount import Mount, errno_of, wait_until, why_no_mounts, xattr

MADE_FROM_OTHERS = ["by-date/2024/2024-05-17", "by-type/image", "by-camera/Canon EOS R6", "recent", ".",
                    "search/rome", "previews/small/originals/Italy 2024", "previews/small/by-tag/beach", "proxies/edit/originals/video",
                    ".damfs"]
WRITABLE = ["originals", "originals/Italy 2024", "by-tag", "by-tag/beach", "by-rating/5", "albums", "inbox", "trash"]


def first_file(folder):
    return next((os.path.join(folder, name) for name in sorted(os.listdir(folder))
                 if os.path.isfile(os.path.join(folder, name))), None)


def folders_own(folder):
    """Acts on the folder, and on new names in it."""
    new = folder / "new"
    return [(os.open, new, os.O_CREAT | os.O_WRONLY), (os.mkdir, new), (os.chmod, folder, 0o700), (os.utime, folder, (0, 0)),
            (os.setxattr, folder, "user.test", b"x"), (os.mknod, new)]


def on_file(folder, file):
    new = folder / "new"
    return [(os.open, file, os.O_WRONLY), (os.open, file, os.O_RDWR), (os.open, file, os.O_RDONLY | os.O_TRUNC),
            (os.open, file, os.O_WRONLY | os.O_CREAT | os.O_APPEND), (os.truncate, file, 0), (os.rename, file, new), (os.link, file, new)]


@pytest.mark.parametrize("view", MADE_FROM_OTHERS)
def test_what_is_made_from_originals_is_not_changed_there(demo_mount, view):
    folder = demo_mount / view
    if not folder.is_dir():
        pytest.skip(f"there is no {view} yet")
    attempts = folders_own(folder)
    if file := first_file(folder):
        attempts += on_file(folder, file)
        if not view.startswith(("previews", "proxies")):  # there, rm drops it from the cache
            attempts += [(os.unlink, file)]
    for act, *args in attempts:
        # Whom a file does not belong to, or who may not write to it, is told that before.
        allowed = (errno.EROFS,) if os.getuid() == 0 else (errno.EROFS, errno.EACCES, errno.EPERM)
        assert errno_of(act, *args) in allowed, f"{act.__name__}{args}"


def test_files_do_not_move_into_what_is_made_from_others(demo_mount):
    file = demo_mount / "originals/no camera.jpg"
    for view in ("by-date/2024", "by-type/image", "previews/small/originals", "recent", "."):
        assert errno_of(os.rename, file, demo_mount / view / "x.jpg") == errno.EROFS, view
        assert errno_of(os.link, file, demo_mount / view / "x.jpg") == errno.EROFS, view
    assert errno_of(os.rmdir, demo_mount / "by-tag") == errno_of(os.rename, demo_mount / "albums", demo_mount / "x") == errno.EROFS
    assert errno_of(os.rmdir, demo_mount / "originals") in (errno.EROFS, errno.ENOTEMPTY)


@pytest.mark.parametrize("view", WRITABLE)
def test_there_are_only_files_and_folders_and_in_originals_links(demo_mount, view):
    new = demo_mount / view / "new"
    if not view.startswith("originals"):
        assert errno_of(os.symlink, "x", new) == errno.EPERM
    assert errno_of(os.mkfifo, new) == errno.EPERM
    with socket.socket(socket.AF_UNIX) as server:
        os.chdir(demo_mount / view)  # a socket's path may be no longer than a hundred bytes
        try:
            assert errno_of(server.bind, "new") == errno.EPERM
        finally:
            os.chdir("/")
    assert not os.path.lexists(new)


def test_what_damfs_tells_is_not_changed(demo_mount):
    file = demo_mount / "originals/no camera.jpg"
    before = xattr(file, "user.damfs.sha256")
    os.setxattr(file, "user.damfs.sha256", b"x")
    os.removexattr(file, "user.damfs.sha256")
    assert xattr(file, "user.damfs.sha256") == before


def test_access_tells_the_same(demo_mount):
    file = demo_mount / "originals/no camera.jpg"
    assert os.access(file, os.R_OK) and os.access(file, os.W_OK) and not os.access(file, os.X_OK)


def options_of(mount):
    with open("/proc/self/mounts", encoding="utf-8", errors="surrogateescape") as table:
        line = next(l for l in table if l.split()[1] == str(mount.path.resolve()))
    assert line.split()[2].startswith("fuse")
    return set(line.split()[3].split(","))


def test_nothing_in_the_mount_executes(demo_mount):
    assert {"rw", "nosuid", "nodev", "noexec"} <= options_of(demo_mount)


# --- mounted read-only ----------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def read_only_mount(demo):
    if reason := why_no_mounts():
        pytest.skip(reason)
    with scratch_folder() as folder:
        library = Library(folder / "library").init()
        library.import_(demo)
        with Mount(library, options=["-o", "ro"]) as mount:
            before = hashes(mount / "originals")
            yield mount
            assert hashes(mount / "originals") == before


@pytest.mark.parametrize("view", [*WRITABLE, "by-date/2024/2024-05-17", "previews/small/originals/Italy 2024"])
def test_mounted_read_only_every_act_is_refused(read_only_mount, view):
    folder = read_only_mount / view
    attempts = [*folders_own(folder), (os.symlink, "x", folder / "new"), (os.mkfifo, folder / "new")]
    if file := first_file(folder):
        attempts += [*on_file(folder, file), (os.unlink, file), (os.chmod, file, 0o600), (os.utime, file, (0, 0)),
                     (os.setxattr, file, "user.xdg.tags", b"x"), (os.removexattr, file, "user.damfs.sha256")]
    for act, *args in attempts:
        assert errno_of(act, *args) == errno.EROFS, f"{act.__name__}{args}"


def test_mounted_read_only_it_says_so(read_only_mount):
    assert {"ro", "nosuid", "nodev", "noexec"} <= options_of(read_only_mount)
    file = read_only_mount / "originals/no camera.jpg"
    assert os.access(file, os.R_OK) and not os.access(file, os.W_OK) and not os.access(file, os.X_OK)
    assert os.statvfs(read_only_mount.path).f_flag & os.ST_RDONLY
    assert errno_of(os.rmdir, read_only_mount / "originals/music") == errno.EROFS


def test_mounted_read_only_the_command_line_still_shows(read_only_mount):
    """It is the drive that is read-only, not the library."""
    read_only_mount.library.run("tag", "add", "told", "no camera.jpg")
    wait_until(lambda: os.path.exists(read_only_mount / "by-tag/told/no camera.jpg"), 10, "the tag")
    read_only_mount.library.run("undo")
