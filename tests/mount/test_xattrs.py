# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Extended attributes: what desktops read, and what damfs tells of a file."""

import errno
import os

from media import sha256
from mount import errno_of, xattr

PHOTO = "originals/Italy 2024/IMG_0001.JPG"


def test_absent_attributes_are_enodata(demo_mount):
    for path in (PHOTO, "originals", "previews/small/originals/no camera.jpg.webp", ".damfs/stats.json", ""):
        for name in ("user.nothing", "security.capability", "system.posix_acl_access", "user.damfs.nothing"):
            assert errno_of(os.getxattr, demo_mount / path, name) in (errno.ENODATA, errno.EOPNOTSUPP), (path, name)
    assert errno_of(os.getxattr, demo_mount / PHOTO, "user.nothing") == errno.ENODATA


def test_what_desktops_read(demo_mount):
    tags = xattr(demo_mount / PHOTO, "user.xdg.tags").split(",")
    # The plain keyword "anna" is the leaf of people/anna, as Lightroom writes both: one tag.
    assert set(tags) == {"beach", "places/italy/rome", "people/anna"}
    assert xattr(demo_mount / PHOTO, "user.baloo.rating") == "10"  # half stars: 5 of 5
    assert xattr(demo_mount / "originals/Italy 2024/IMG_0002.JPG", "user.baloo.rating") == "6"
    assert xattr(demo_mount / "originals/no camera.jpg", "user.baloo.rating") is None
    assert xattr(demo_mount / "originals/no camera.jpg", "user.xdg.tags") is None


def test_what_damfs_tells(demo_mount, demo):
    assert xattr(demo_mount / PHOTO, "user.damfs.sha256") == sha256(demo / "Italy 2024/IMG_0001.JPG")
    assert xattr(demo_mount / PHOTO, "user.damfs.custody") == "object"
    sources = {PHOTO: "exif", "originals/video/C0001.MOV": "quicktime", "originals/no camera.jpg": "mtime",
               "originals/clock never set.jpg": "mtime"}
    for path, source in sources.items():
        assert xattr(demo_mount / path, "user.damfs.date_source") == source, path


def test_every_listed_attribute_can_be_read_and_is_the_same_in_every_view(demo_mount):
    inode = os.lstat(demo_mount / PHOTO).st_ino
    paths = [path for path, info in demo_mount.files() if info.st_ino == inode]
    assert len(paths) > 5
    values = [{name: os.getxattr(demo_mount / path, name) for name in os.listxattr(demo_mount / path)} for path in paths]
    assert values[0] and all(other == values[0] for other in values)
