# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The disk is full while importing: said clearly, nothing is lost, and with more room the import is carried on."""

import contextlib
import json
import os
import subprocess

import pytest

from library import Library, scratch_folder
from media import random_files, sha256

MEBIBYTE = 1 << 20


@contextlib.contextmanager
def small_file_system(at, size):
    at.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(at)], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"no small file system can be mounted here: {done.stderr.strip()}")
    try:
        yield at
    finally:
        subprocess.run(["umount", "-l", str(at)], check=True)


@pytest.mark.skipif(os.getuid() != 0, reason="mounting a small file system takes root")
def test_disk_full_while_importing():
    with scratch_folder() as folder, small_file_system(folder / "disk", "24m") as disk:
        media = random_files(folder / "media", 40, MEBIBYTE)
        library = Library(disk / "library").init()
        refused = library.run("import", media, "--json", expect=None)
        assert refused.returncode in (1, 2)
        events = [json.loads(line) for line in refused.stdout.splitlines()]
        told = refused.stderr + "".join(event.get("reason", "") for event in events)
        assert "o space left" in told, told

        # What was acknowledged is there, whole.
        assets = library.find()
        for asset in assets:
            path = library.path / "objects" / asset["sha256"][:2] / asset["sha256"][2:4] / asset["sha256"]
            assert sha256(path) == asset["sha256"]
        library.run("doctor")

        subprocess.run(["mount", "-o", "remount,size=200m", str(disk)], check=True)
        done = library.import_(media)
        assert done["new_assets"] == 40 - len(assets)
        assert {asset["sha256"] for asset in library.find()} == {sha256(path) for path in media.iterdir()}
        assert not any((library.path / "staging").iterdir())
        library.run("doctor")


@pytest.mark.skipif(os.getuid() != 0, reason="mounting a small file system takes root")
def test_disk_full_while_rendering_is_an_error_of_that_read_only(demo, mount_of):
    with scratch_folder() as folder, small_file_system(folder / "disk", "64m") as disk:
        library = Library(disk / "library").init()
        library.import_(demo)
        mount = mount_of(library, at=folder / "mount")
        filler = disk / "filler"
        with contextlib.suppress(OSError), open(filler, "wb", buffering=0) as file:
            while True:
                file.write(bytes(65536))
        path = mount / "previews/large/originals/Italy 2024/IMG_0003.JPG.webp"
        with contextlib.suppress(OSError):  # served from memory or refused; never wrong
            assert len(path.read_bytes()) == os.lstat(path).st_size
        assert (mount / "originals/documents/notes.txt").read_text()
        filler.unlink()
        assert len(path.read_bytes()) == os.lstat(path).st_size, "a full disk is no fault of the picture"
        mount.stop()
