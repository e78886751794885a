# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looking never works: only a read of a preview's bytes renders anything."""

import os
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest


@pytest.fixture
def fresh(library, demo, mount_of):
    library.import_(demo)
    return mount_of(library)


def test_find_ls_over_everything_renders_nothing_and_one_read_renders_one(fresh):
    listed = subprocess.run(["find", str(fresh.path), "-ls"], capture_output=True, text=True)
    assert listed.returncode == 0 and not listed.stderr, listed.stderr
    assert listed.stdout.count("\n") > 500
    assert fresh.stats()["renders_started"] == 0

    preview = fresh / "previews/medium/originals/Italy 2024/IMG_0001.JPG.webp"
    preview.read_bytes()
    assert fresh.stats()["renders_started"] == 1
    fresh.drop_pages(preview)
    preview.read_bytes()
    assert fresh.stats()["renders_started"] == 1, "rendered again what was in the cache"


@pytest.mark.skipif(not shutil.which("getfattr"), reason="no getfattr")
def test_extended_attributes_of_everything_render_nothing(fresh):
    done = subprocess.run(["getfattr", "-R", "-d", "-m", "-", str(fresh.path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "user.damfs.sha256" in done.stdout
    assert fresh.stats()["renders_started"] == 0


def test_the_same_preview_read_by_many_at_once_is_rendered_once(fresh):
    preview = fresh / "previews/large/originals/Italy 2024/IMG_0003.JPG.webp"
    with ThreadPoolExecutor(8) as pool:
        read = list(pool.map(lambda _: preview.read_bytes(), range(8)))
    assert len(set(read)) == 1 and len(read[0]) == os.stat(preview).st_size
    assert fresh.stats()["renders_started"] == 1


def test_a_preview_in_another_view_is_the_same_file(fresh):
    by_type = {info.st_ino: path for path, info in fresh.files("previews/small/by-type/image")}
    original = os.lstat(fresh / "previews/small/originals/Italy 2024/IMG_0002.JPG.webp")
    (fresh / "previews/small/originals/Italy 2024/IMG_0002.JPG.webp").read_bytes()
    (fresh / by_type[original.st_ino]).read_bytes()
    assert fresh.stats()["renders_started"] == 1
