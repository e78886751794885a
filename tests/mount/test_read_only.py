# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nothing can be changed through the mount, and every attempt is told so by EROFS."""

import errno
import os

import pytest

from mount import errno_of

VIEWS = ["originals/Italy 2024", "by-date/2024/2024-05-17", "by-tag/beach", "by-type/image", "by-rating/5", "albums",
         "previews/small/originals/Italy 2024", "."]


def first_file(folder):
    return next((os.path.join(folder, name) for name in sorted(os.listdir(folder))
                 if os.path.isfile(os.path.join(folder, name))), None)


@pytest.mark.parametrize("view", VIEWS)
def test_writes_are_refused(demo_mount, view):
    folder = demo_mount / view
    new = folder / "new"
    attempts = [(os.open, new, os.O_CREAT | os.O_WRONLY), (os.mkdir, new), (os.symlink, "x", new), (os.mkfifo, new),
                (os.chmod, folder, 0o700), (os.utime, folder, (0, 0)), (os.setxattr, folder, "user.test", b"x")]
    if file := first_file(folder):
        attempts += [(os.open, file, os.O_WRONLY), (os.open, file, os.O_RDWR), (os.open, file, os.O_RDONLY | os.O_TRUNC),
                     (os.unlink, file), (os.rename, file, new), (os.link, file, new), (os.truncate, file, 0),
                     (os.chmod, file, 0o600), (os.utime, file, (0, 0)), (os.setxattr, file, "user.xdg.tags", b"x"),
                     (os.removexattr, file, "user.damfs.sha256")]
    for act, *args in attempts:
        assert errno_of(act, *args) == errno.EROFS, f"{act.__name__}{args}"


def test_a_folder_cannot_be_removed(demo_mount):
    assert errno_of(os.rmdir, demo_mount / "originals/music") == errno.EROFS


def test_access_tells_the_same(demo_mount):
    file = demo_mount / "originals/no camera.jpg"
    assert os.access(file, os.R_OK) and not os.access(file, os.W_OK) and not os.access(file, os.X_OK)


def test_nothing_in_the_mount_executes(demo_mount):
    with open("/proc/self/mounts", encoding="utf-8", errors="surrogateescape") as table:
        line = next(l for l in table if l.split()[1] == str(demo_mount.path.resolve()))
    kind, options = line.split()[2], line.split()[3].split(",")
    assert kind.startswith("fuse") and {"ro", "nosuid", "nodev", "noexec"} <= set(options), line
