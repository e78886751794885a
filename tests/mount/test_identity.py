# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One thing is one inode, in whichever view it stands, and every tool that counts links believes it."""

import collections
import os
import shutil
import stat
import subprocess

import pytest

DERIVED = ["--exclude=/previews", "--exclude=/proxies", "--exclude=/.damfs"]


def names_by_inode(entries):
    names = collections.defaultdict(list)
    for path, info in entries:
        names[info.st_ino].append((path, info))
    return names


def test_the_link_count_is_the_number_of_names(demo_mount):
    for same in names_by_inode(demo_mount.files()).values():
        assert {info.st_nlink for _, info in same} == {len(same)}, [path for path, _ in same]
        assert len({(info.st_size, info.st_mtime_ns, info.st_mode) for _, info in same}) == 1


def test_the_link_count_of_previews_is_the_number_of_names(demo_mount):
    for size in ("small", "medium", "large"):
        groups = names_by_inode(demo_mount.files(f"previews/{size}"))
        assert groups
        for same in groups.values():
            assert {info.st_nlink for _, info in same} == {len(same)}, [path for path, _ in same]


def test_one_photo_in_many_views_is_one_inode(demo_mount):
    inode = os.lstat(demo_mount / "originals/Italy 2024/IMG_0001.JPG").st_ino
    views = {path.split("/")[0] for path, info in demo_mount.files() if info.st_ino == inode}
    assert views >= {"originals", "by-date", "by-tag", "by-type", "by-camera", "by-rating"}


def test_equal_bytes_are_two_files_with_times_of_their_own(demo_mount):
    a, b = (os.lstat(demo_mount / "originals" / name)
            for name in ("Italy 2024/IMG_0001.JPG", "backup/copy of IMG_0001.JPG"))
    assert a.st_ino != b.st_ino and a.st_mtime_ns != b.st_mtime_ns


def test_no_two_things_share_a_number(demo_mount):
    seen = {}
    for path, info in demo_mount.entries(skip=()):
        kind = stat.S_IFMT(info.st_mode)
        if stat.S_ISDIR(info.st_mode):
            assert info.st_ino not in seen, (path, seen[info.st_ino])
            seen[info.st_ino] = path, kind
        else:
            _, known = seen.setdefault(info.st_ino, (path, kind))
            assert known == kind


def test_numbers_stay_unique_in_their_low_32_bits(demo_mount):
    """Desktop indexers cut them there."""
    whole = {info.st_ino for _, info in demo_mount.entries(skip=())}
    assert len({number & 0xFFFFFFFF for number in whole}) == len(whole)


def test_du_counts_everything_once(demo_mount):
    def once(entries):
        return sum({info.st_ino: info.st_blocks * 512 for _, info in entries}.values())

    done = subprocess.run(["du", "-s", "-B1", "--exclude=previews", "--exclude=proxies", "--exclude=.damfs", str(demo_mount.path)],
                          capture_output=True, text=True, check=True)
    root = os.lstat(demo_mount.path)
    assert int(done.stdout.split()[0]) == once([("", root), *demo_mount.entries()])


def test_inode_numbers_survive_a_remount(library, demo, mount_of):
    library.import_(demo)
    first = mount_of(library)
    before = {path: info.st_ino for path, info in first.entries(skip=(".damfs",))}
    first.stop()
    after = {path: info.st_ino for path, info in mount_of(library).entries(skip=(".damfs",))}
    assert after == before


@pytest.mark.skipif(not shutil.which("rsync"), reason="no rsync")
def test_rsync_writes_each_thing_once_and_nothing_the_second_time(demo_mount, scratch):
    command = ["rsync", "-aH", *DERIVED, f"{demo_mount.path}/", f"{scratch}/copy/"]
    subprocess.run(command, check=True, capture_output=True)
    written = {os.lstat(os.path.join(folder, name)).st_ino
               for folder, _, names in os.walk(scratch / "copy") for name in names}
    assert len(written) == len({info.st_ino for _, info in demo_mount.files()})
    again = subprocess.run([*command, "-n", "-i", "--checksum"], check=True, capture_output=True, text=True)
    assert again.stdout == ""
