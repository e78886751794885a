# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bytes nobody meant to be a picture: each costs its own read an EIO, and the mount and the import go on."""

import errno
import os
import random

import pytest

from mount import xattr

VARIANTS = 12
SOURCES = ["orientation/landscape_6.jpg", "graphics/fade with alpha.png", "graphics/scan.tiff", "graphics/hills.webp",
           "graphics/moving.gif", "video/phone portrait.mp4", "music/tones.mp3", "documents/paper.pdf",
           "textures/Brick_Wall_1K.zip"]


def damaged_variants(data, source):
    """Cut short, bits turned, a stretch of noise, a stretch of zeros; the same ones each time."""
    for n in range(VARIANTS):
        broken = bytearray(data)
        if n % 4 == 0:
            broken = broken[:source.randrange(1, len(broken))]
        elif n % 4 == 1:
            for _ in range(20):
                broken[source.randrange(len(broken))] ^= 1 << source.randrange(8)
        else:
            start = source.randrange(len(broken))
            stretch = broken[start:start + len(broken) // 8]
            broken[start:start + len(stretch)] = source.randbytes(len(stretch)) if n % 4 == 2 else bytes(len(stretch))
        yield bytes(broken)


@pytest.fixture
def mounted(library, demo, scratch, mount_of):
    source = random.Random(42)
    media = scratch / "media"
    for name in SOURCES:
        stem, extension = os.path.splitext(os.path.basename(name))
        for n, data in enumerate(damaged_variants((demo / name).read_bytes(), source)):
            media.mkdir(exist_ok=True)
            (media / f"{stem} {n:02}{extension}").write_bytes(data)
    (media / "sound.jpg").write_bytes((demo / "no camera.jpg").read_bytes())
    done = library.import_(media)
    assert done["failed"] == 0, done
    assert done["new_assets"] == len(SOURCES) * VARIANTS + 1, done
    return mount_of(library)


def test_damaged_files_hurt_only_themselves(mounted):
    refused = 0
    for size in ("small", "large"):
        for path, info in mounted.files(f"previews/{size}/originals"):
            try:
                data = (mounted / path).read_bytes()
            except OSError as error:
                assert error.errno == errno.EIO, path
                assert xattr(mounted / path, "user.damfs.error"), path
                refused += 1
            else:
                assert len(data) == info.st_size and data[:4] == b"RIFF", path
            assert os.lstat(mounted / path).st_size == info.st_size
    assert refused > 0
    assert len((mounted / "previews/medium/originals/sound.jpg.webp").read_bytes()) > 0
    assert mounted.stats()["renders_failed"] > 0


def test_what_could_not_be_probed_is_an_asset_and_says_why(mounted, library):
    for name, asset in library.by_name().items():
        assert asset["sha256"] and asset["size"] > 0, name
        if asset["kind"] == "other" and asset["problem"]:
            return
    raise AssertionError("not one of them told of a problem")
