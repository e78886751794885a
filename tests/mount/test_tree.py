# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The folders of the mount, and originals/ against the folder that was imported."""

import os
import stat
import subprocess
import unicodedata

from media import DIFF_EXCLUDES, LINK_OUT, LITTER, lasting_files

# Equal bytes under two names.
TOP = {"originals", "by-date", "by-tag", "by-type", "by-camera", "by-lens", "by-rating", "recent", "albums", "inbox", "versions", "trash", "search",
       "duplicates", "sidecars", "packs", "previews", "proxies", ".damfs"}
KINDS = {"image", "video", "audio", "document", "texture-pack", "other"}


def names(mount, path):
    return set(os.listdir(mount / path))


def test_the_top_is_as_documented(demo_mount):
    assert names(demo_mount, "") == TOP
    assert names(demo_mount, "by-type") == KINDS
    assert names(demo_mount, "previews") == {"small", "medium", "large", "material"}
    assert names(demo_mount, "proxies") == {"edit", "edit-hq", "camera"}
    for size in ("previews/small", "previews/medium", "previews/large", "previews/material"):
        assert names(demo_mount, size) == TOP - {"sidecars", "previews", "proxies", ".damfs"}
    for size in ("proxies/edit", "proxies/edit-hq", "proxies/camera"):
        assert names(demo_mount, size) == TOP - {"packs", "sidecars", "previews", "proxies", ".damfs"}


def test_originals_are_the_imported_folder(demo_mount, demo):
    done = subprocess.run(["diff", "-r", "--no-dereference", *DIFF_EXCLUDES, str(demo), str(demo_mount / "originals")],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_litter_and_links_out_of_the_tree_are_not_taken_in(demo_mount):
    shown = {os.path.basename(path) for path, _ in demo_mount.entries("originals")}
    assert not shown & {*LITTER, LINK_OUT}


def test_originals_keep_size_time_and_have_plain_modes(demo_mount, demo):
    for name in lasting_files(demo):
        source, shown = os.stat(demo / name), os.lstat(demo_mount / "originals" / name)
        assert shown.st_size == source.st_size, name
        assert shown.st_mtime_ns == source.st_mtime_ns, name
        assert stat.S_IMODE(shown.st_mode) == 0o644 and stat.S_ISREG(shown.st_mode), name
        assert shown.st_uid == os.getuid(), name


def test_folders_have_plain_modes_and_one_link(demo_mount):
    for path, info in demo_mount.entries(skip=()):
        if stat.S_ISDIR(info.st_mode):
            plain = 0o700 if os.path.basename(path) in ("trash", "duplicates") else 0o755  # those are the owner's
            assert stat.S_IMODE(info.st_mode) == plain and info.st_nlink == 1, path


def test_blocks_fit_the_size(demo_mount):
    for path, info in demo_mount.files(skip=(".damfs",)):
        assert info.st_blocks == -(-info.st_size // 512), path


def inode(mount, path):
    return os.lstat(mount / path).st_ino


def inodes_in(mount, path):
    return {os.lstat(mount / path / name).st_ino for name in os.listdir(mount / path)}


def test_by_date_is_the_day_of_capture(demo_mount):
    assert {"2021", "2022", "2023", "2024"} <= names(demo_mount, "by-date")
    assert {"2024-05-17", "2024-05-18"} <= names(demo_mount, "by-date/2024")
    assert inodes_in(demo_mount, "by-date/2023/2023-12-31") == {
        inode(demo_mount, f"originals/Australia/{name}") for name in ("DSC_0042.jpg", "IMG_0001.JPG")}
    day = inodes_in(demo_mount, "by-date/2024/2024-05-17")
    assert inode(demo_mount, "originals/Italy 2024/IMG_0001.JPG") in day
    assert inode(demo_mount, "originals/video/C0001.MOV") in day  # the container's creation date


def test_what_has_no_date_is_filed_by_its_time(demo_mount, demo):
    import time
    day = time.strftime("%Y-%m-%d", time.localtime(os.stat(demo / "no camera.jpg").st_mtime))
    assert inode(demo_mount, "originals/no camera.jpg") in inodes_in(demo_mount, f"by-date/{day[:4]}/{day}")


def test_by_type_goes_by_content_not_by_name(demo_mount):
    expected = {"graphics/moving.gif": "image", "Italy 2024/IMG_0001.JPG": "image", "video/screen.mkv": "video",
                "music/tones.flac": "audio", "music/tones.mp3": "audio", "documents/paper.pdf": "document",
                "textures/Brick_Wall_1K.zip": "texture-pack", "damaged/empty.jpg": "other"}
    for name, kind in expected.items():
        assert inode(demo_mount, f"originals/{name}") in inodes_in(demo_mount, f"by-type/{kind}"), name
    assert inode(demo_mount, "originals/damaged/text named.jpg") not in inodes_in(demo_mount, "by-type/image")


def test_every_asset_is_of_exactly_one_type(demo_mount, demo):
    listed = [os.lstat(demo_mount / "by-type" / kind / name).st_ino
              for kind in KINDS for name in os.listdir(demo_mount / "by-type" / kind)]
    assert len(listed) == len(set(listed))
    copies = {"backup/copy of IMG_0001.JPG"}
    assert set(listed) == {inode(demo_mount, f"originals/{name}") for name in set(lasting_files(demo)) - copies}


def test_tags_from_keywords_and_hierarchies_are_folders(demo_mount):
    assert inode(demo_mount, "originals/Italy 2024/IMG_0001.JPG") in inodes_in(demo_mount, "by-tag/places/italy/rome")
    assert inode(demo_mount, "originals/Italy 2024/IMG_0003.JPG") in inodes_in(demo_mount, "by-tag/places/italy")
    # The damaged picture is the beginning of IMG_0002.JPG, keywords and all.
    assert inodes_in(demo_mount, "by-tag/beach") == {inode(demo_mount, f"originals/{name}") for name in (
        "Italy 2024/IMG_0001.JPG", "Italy 2024/IMG_0002.JPG", "damaged/cut short.jpg", "backup/copy of IMG_0001.JPG")}


def test_ratings(demo_mount):
    assert names(demo_mount, "by-rating") >= {"1", "3", "4", "5"}
    assert names(demo_mount, "by-rating") <= {"1", "2", "3", "4", "5"}
    assert inodes_in(demo_mount, "by-rating/5") == {inode(demo_mount, f"originals/{name}") for name in (
        "Italy 2024/IMG_0001.JPG", "backup/copy of IMG_0001.JPG")}


def test_cameras(demo_mount):
    folders = {name: inodes_in(demo_mount, f"by-camera/{name}") for name in names(demo_mount, "by-camera")}
    assert len(folders) == 2, folders.keys()
    canon, nikon = (next(name for name in folders if model in name) for model in ("EOS R6", "Z 6"))
    assert inode(demo_mount, "originals/Italy 2024/IMG_0001.JPG") in folders[canon]
    assert inode(demo_mount, "originals/Italy 2024/IMG_0003.JPG") in folders[nikon]


def test_flat_views_tell_equal_names_apart(demo_mount):
    """Two different IMG_0001.JPG: both are shown, each under a name of its own."""
    shown = [name for name in os.listdir(demo_mount / "by-type/image") if name.startswith("IMG_0001")]
    assert len({unicodedata.normalize("NFC", name).casefold() for name in os.listdir(demo_mount / "by-type/image")}) == len(
        os.listdir(demo_mount / "by-type/image"))
    assert shown and all(name.endswith(".JPG") for name in shown)
    assert inode(demo_mount, "originals/Italy 2024/IMG_0001.JPG") != inode(demo_mount, "originals/Australia/IMG_0001.JPG")


def test_an_absent_name_is_absent(demo_mount):
    for path in ("nothing", "originals/nothing", "by-date/1999", "by-date/2024/2024-02-30", "by-tag/nobody",
                 "previews/huge", "previews/small/originals/nothing.webp", "by-rating/6"):
        assert not os.path.lexists(demo_mount / path), path
