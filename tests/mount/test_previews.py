# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Previews: declared before they exist, true when they are read, and the same for ever."""

import errno
import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from media import BOX, pixel, raster, require_valid_webp
from mount import errno_of, xattr

# Upright rasters of the demo's sources.
SOURCES = {"Italy 2024/IMG_0001.JPG": (1600, 1200), "Italy 2024/IMG_0003.JPG": (4000, 3000), "no camera.jpg": (400, 300),
           "graphics/fade with alpha.png": (320, 240), "graphics/scan.tiff": (800, 600),
           "graphics/moving.gif": (160, 120), "video/C0001.MOV": (640, 360), "video/phone portrait.mp4": (270, 480),
           "video/screen.mkv": (320, 240)}
SOURCES |= {f"orientation/landscape_{n}.jpg": (1200, 900) for n in range(1, 9)}
SOURCES |= {f"orientation/portrait_{n}.jpg": (675, 900) for n in range(1, 9)}


def fitted(source, box):
    """Both rasters that rounding may give; the long edge is exact, and nothing is enlarged."""
    scale = min(1, box / max(source))
    return {(max(1, round(source[0] * scale) + dx), max(1, round(source[1] * scale) + dy))
            for dx in (-1, 0, 1) for dy in (-1, 0, 1)
            if max(round(source[0] * scale) + dx, round(source[1] * scale) + dy) == min(box, max(source))}


def preview_path(mount, size, name):
    return mount / f"previews/{size}/originals/{name}.webp"


@pytest.mark.parametrize("size", BOX)
def test_every_preview_is_a_valid_webp_of_its_declared_size_and_raster(demo_mount, scratch, size):
    copy = scratch / "preview.webp"
    for name, source in SOURCES.items():
        path = preview_path(demo_mount, size, name)
        before = os.lstat(path)
        data = path.read_bytes()
        assert len(data) == before.st_size == os.lstat(path).st_size, name
        assert before.st_size % 4096 == 0 or before.st_size < 4096, name
        copy.write_bytes(data)
        require_valid_webp(copy, data)
        assert raster(copy) in fitted(source, BOX[size]), name


def test_what_is_webp_already_keeps_its_name(demo_mount):
    assert "hills.webp" in os.listdir(demo_mount / "previews/small/originals/graphics")
    assert len((demo_mount / "previews/small/originals/graphics/hills.webp").read_bytes()) > 0


@pytest.mark.parametrize("shape", ["landscape", "portrait"])
def test_all_eight_orientations_are_upright_and_alike(demo_mount, scratch, shape):
    shown = set()
    for n in range(1, 9):
        copy = scratch / "preview.webp"
        copy.write_bytes(preview_path(demo_mount, "medium", f"orientation/{shape}_{n}.jpg").read_bytes())
        width, height = raster(copy)
        shown.add((width, height))
        # The source has a white square in its top left corner, 1/16 to 1/4 of its height; nothing else is white.
        at = height * 5 // 32
        assert min(pixel(copy, at, at)) > 230, f"orientation {n}: no mark where upright has it"
        for x, y in ((width - at, at), (at, height - at), (width - at, height - at)):
            assert min(pixel(copy, x, y)) < 215, f"orientation {n}: a mark at {x}, {y}"
    assert len(shown) == 1


def test_alpha_is_kept(demo_mount, scratch):
    copy = scratch / "preview.webp"
    copy.write_bytes(preview_path(demo_mount, "small", "graphics/fade with alpha.png").read_bytes())
    left, right = pixel(copy, 2, 50), pixel(copy, 197, 50)
    assert len(left) == 4 and left[3] < 20 and right[3] > 235


def facts(path):
    info = os.lstat(path)
    return info.st_size, info.st_mtime_ns, info.st_ino, info.st_blocks, info.st_mode


def test_stat_and_bytes_stay_the_same_after_reading_remounting_and_losing_the_cache(library, demo, mount_of):
    library.import_(demo)
    mount = mount_of(library)
    names = ["Italy 2024/IMG_0001.JPG", "video/C0001.MOV", "orientation/portrait_6.jpg", "graphics/fade with alpha.png"]
    paths = [preview_path(mount, size, name) for size in BOX for name in names]

    before = [facts(path) for path in paths]
    data = [path.read_bytes() for path in paths]
    assert [facts(path) for path in paths] == before

    mount.stop()
    mount = mount_of(library)
    assert [facts(path) for path in paths] == before
    assert [path.read_bytes() for path in paths] == data
    assert mount.stats()["renders_started"] == 0, "the cache was not used"

    mount.stop()
    library.delete_derived()
    mount = mount_of(library)
    assert [facts(path) for path in paths] == before
    assert [path.read_bytes() for path in paths] == data
    assert mount.stats()["renders_started"] == len(paths)
    assert [facts(path) for path in paths] == before


def test_any_part_of_a_preview_may_be_read_first(demo_mount):
    path = preview_path(demo_mount, "large", "Australia/DSC_0042.jpg")
    size = os.stat(path).st_size
    with open(path, "rb", buffering=0) as file:
        file.seek(size - 100)
        tail = file.read(4096)
        assert len(tail) == 100 and file.read(10) == b""
        file.seek(0)
        assert file.read(4) == b"RIFF"
    assert path.read_bytes()[-100:] == tail


def test_many_previews_at_once(demo_mount):
    folder = demo_mount / "previews/small/by-type/image"
    readable = [name for name in os.listdir(folder) if "broken" not in name and "cut" not in name]
    with ThreadPoolExecutor(8) as pool:
        for name, data in zip(readable, pool.map(lambda name: (folder / name).read_bytes(), readable)):
            assert len(data) == os.lstat(folder / name).st_size, name


def test_a_damaged_picture_is_eio_with_the_reason_and_hurts_only_itself(demo_mount):
    path = preview_path(demo_mount, "medium", "damaged/broken pixels.png")
    assert os.lstat(path).st_size > 0  # its header is whole: a size could be declared
    assert xattr(path, "user.damfs.error") is None
    for _ in range(2):
        assert errno_of(path.read_bytes) == errno.EIO
        assert xattr(path, "user.damfs.error")
    assert preview_path(demo_mount, "medium", "Italy 2024/IMG_0002.JPG").read_bytes()[:4] == b"RIFF"


def test_what_cannot_be_declared_has_no_preview(demo_mount):
    shown = os.listdir(demo_mount / "previews/small/originals/damaged")
    assert not [name for name in shown if name.startswith(("empty", "text named"))]
    assert not os.path.lexists(preview_path(demo_mount, "small", "documents/notes.txt"))
