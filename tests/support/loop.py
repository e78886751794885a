# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small file system of a test's own, in a file."""

import contextlib
import os
import shutil
import subprocess

import pytest

only_root = pytest.mark.skipif(os.getuid() != 0, reason="mounting a small file system takes root")


def make_image(image, size):
    with open(image, "wb") as file:
        file.truncate(size)
    made = subprocess.run(["mkfs.ext4", "-q", "-E", "lazy_itable_init=0,lazy_journal_init=0", "-m", "0", str(image)], capture_output=True, text=True)
    if made.returncode:
        pytest.skip(f"no ext4 can be made here: {made.stderr.strip()}")


@contextlib.contextmanager
def folder_with_quota(image, at, limit):
    """A folder that may hold so many bytes, on a disk with room for more. Quotas of btrfs: they bind root too, and are
    in kernels that have none of ext4's."""
    if not shutil.which("mkfs.btrfs"):
        pytest.skip("no mkfs.btrfs: no folder with a quota can be made")
    with open(image, "wb") as file:
        file.truncate(4 * limit + (256 << 20))
    subprocess.run(["mkfs.btrfs", "-q", str(image)], check=True, capture_output=True)
    with mounted_image(image, at, kind="btrfs"):
        for argv in (["quota", "enable", at], ["subvolume", "create", at / "limited"], ["quota", "rescan", "-w", at],
                     ["qgroup", "limit", str(limit), at / "limited"]):
            done = subprocess.run(["btrfs", *map(str, argv)], capture_output=True, text=True)
            if done.returncode:
                pytest.skip(f"no quota can be set here: {done.stderr.strip()}")
        yield at / "limited"


@contextlib.contextmanager
def folder_with_reflinks(image, at):
    """A folder on a file system where files can share blocks."""
    if not shutil.which("mkfs.btrfs"):
        pytest.skip("no mkfs.btrfs: no file system with reflinks can be made")
    with open(image, "wb") as file:
        file.truncate(512 << 20)
    subprocess.run(["mkfs.btrfs", "-q", str(image)], check=True, capture_output=True)
    with mounted_image(image, at, kind="btrfs"):
        yield at


@contextlib.contextmanager
def mounted_image(image, at, options="loop", kind="ext4"):
    at.mkdir(exist_ok=True)
    done = subprocess.run(["mount", "-t", kind, "-o", options, str(image), str(at)], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"no loop device can be mounted here: {done.stderr.strip()}")
    try:
        yield at
    finally:
        if subprocess.run(["umount", str(at)], capture_output=True).returncode:
            subprocess.run(["umount", "-l", str(at)], check=True)
