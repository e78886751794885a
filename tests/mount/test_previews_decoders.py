# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One picture in every format damfs reads, as previews in every format it writes: right, legal, and the same again."""

import errno
import os
import re
import subprocess
from types import SimpleNamespace

import pytest

import decoders
import stills_media
from library import Library, scratch_folder
from media import pixel, raster
from mount import Mount, errno_of, why_no_mounts


def mounted_sources(folder, sources):
    library = Library(folder / "library").init()
    with open(library.path / "damfs.toml", "a") as config:
        config.write(decoders.SETTINGS)
    library.import_(sources, expect=None)
    return library


@pytest.fixture(scope="module")
def made():
    if reason := why_no_mounts():
        pytest.skip(reason)
    with scratch_folder() as folder:
        sources = stills_media.make(folder / "sources")
        library = mounted_sources(folder, sources)
        with Mount(library) as mount:
            stills, refused = decoders.read_all(mount, folder / "stills", seed=1)
            names = sorted(path.name for path in sources.iterdir())
            yield SimpleNamespace(library=library, mount=mount, stills=stills, refused=refused, names=names)


def test_every_source_has_every_preview(made):
    assert made.refused == []
    shown = {still.name for still in made.stills}
    for name in made.names:
        for profile, extension in decoders.PROFILES.items():
            preview = name if name.endswith(extension) else name + extension
            assert {f"{profile}/{preview}", f"{profile}/{name}{extension}"} & shown, f"{profile}: {name}"
    # What this machine's vips and ffmpeg could not write is not tried; most must have been.
    assert len(made.names) >= 25, made.names


# Where the colours are not those of stills_media.QUARTERS.
GREY_LEVELS = ((102,) * 3, (155,) * 3, (90,) * 3, (128,) * 3)
OTHER_COLOURS = {"grey.tiff": GREY_LEVELS}
NOT_QUARTERS = ("tone.flac", "tone.wav", "alpha.png", "light.exr", "light.hdr")


def corners(path):
    """The middle of each quarter."""
    ppm = path.with_suffix(".ppm")
    done = subprocess.run(["vips", "copy", str(path), str(ppm)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    data = ppm.read_bytes()
    width, height = map(int, re.match(rb"P6\s(?:#.*\s)?(\d+) (\d+)\s", data).groups())
    pixels = data[-3 * width * height:]
    places = [y * width + x for y in (height // 4, 3 * height // 4) for x in (width // 4, 3 * width // 4)]
    return [tuple(pixels[3 * at:3 * at + 3]) for at in places]


def still_of(made, profile, name):
    extension = decoders.PROFILES[profile]
    found = {still.name: still.path for still in made.stills}
    whole = f"{profile}/{name}{extension}"
    return found[whole] if whole in found else found[f"{profile}/{name}"]


def test_colours_are_what_they_are_in_srgb(made):
    for name in made.names:
        if name in NOT_QUARTERS:
            continue
        # What inks cannot print is another colour, not a wrong one.
        tolerance = 70 if name.startswith("cmyk") else 6
        for profile in decoders.PROFILES:
            shown = corners(still_of(made, profile, name))
            expected = OTHER_COLOURS.get(name, stills_media.QUARTERS)
            for got, wanted in zip(shown, expected):
                assert max(abs(a - b) for a, b in zip(got, wanted)) <= tolerance, (name, profile, shown)


@pytest.mark.parametrize("name", ["light.exr", "light.hdr"])
def test_light_is_exposed_so_that_the_brightest_is_white(made, name):
    if name not in made.names:
        pytest.skip("this vips cannot write Radiance pictures")
    top_left, top_right, bottom_left, bottom_right = corners(still_of(made, "medium", name))
    assert bottom_left[2] >= 250  # the blue quarter has the highest number
    assert top_left[0] > 225 and top_left[0] > 3 * top_left[1]
    assert max(bottom_right) - min(bottom_right) < 4 and 140 < bottom_right[0] < 175


def test_alpha_is_kept_or_laid_on_white(made):
    for profile, extension in decoders.PROFILES.items():
        path = still_of(made, profile, "alpha.png")
        left, right = pixel(path, 3, 10), pixel(path, raster(path)[0] - 4, 10)
        if extension == ".jpg":
            assert len(left) == 3 and min(left) > 250
        else:
            assert left[3] == 0 and right[3] == 255


def test_drawings_fill_every_box_and_photographs_are_not_enlarged(made):
    for name in ("page.pdf", "drawing.svg"):
        assert raster(still_of(made, "large", name)) == (1920, 1440), name
    assert raster(still_of(made, "large", "plain.jpg")) == (640, 480)


def test_sound_is_drawn_as_loud_as_it_is(made):
    path = still_of(made, "large", "tone.wav")
    assert raster(path) == (1600, 400)
    background = pixel(path, 800, 3)
    # The first half is at a ninth of the second's loudness.
    reach = [sum(pixel(path, x, y) != background and max(abs(a - b) for a, b in zip(pixel(path, x, y), background)) > 20
                 for y in range(5, 200, 10)) for x in (400, 1200)]
    assert reach[1] >= 2 * reach[0] and reach[1] >= 1, reach
    assert raster(still_of(made, "large", "cover.mp3")) == (640, 480)


@pytest.mark.parametrize("decoder", decoders.EVERY, ids=lambda decoder: decoder.__name__)
def test_decoders_take_every_preview_in_silence(made, scratch, decoder):
    decoder(made.stills, scratch)


def test_a_folder_has_a_collage_that_is_not_listed(made):
    for profile, extension in decoders.PROFILES.items():
        folder = made.mount / f"previews/{profile}/originals"
        name = "folder" + extension
        assert name not in os.listdir(folder)
        before = os.stat(folder / name)
        data = (folder / name).read_bytes()
        assert len(data) == before.st_size == os.stat(folder / name).st_size
        assert os.stat(folder / name).st_ino == before.st_ino
        copy = made.library.path.parent / name
        copy.write_bytes(data)
        box = {"small": 200, "medium": 800, "large": 1920, "frame": 400, "plain": 300}[profile]
        assert raster(copy) == (box, box)
    assert errno_of(os.stat, made.mount / "previews/small/albums/folder.webp") == errno.ENOENT
    assert errno_of(os.stat, made.mount / "originals/folder.webp") == errno.ENOENT


def test_the_same_bytes_again_after_the_cache_is_gone(made, scratch):
    """Runs last: it mounts anew."""
    made.mount.stop()
    made.library.delete_derived()
    # Some of them made from one decode, others each by itself.
    made.library.run("warm", "plain.jpg", "plain.tiff", "clip.mp4", "light.exr", "page.pdf", "tone.flac", expect=None)
    with Mount(made.library) as mount:
        again, refused = decoders.read_all(mount, scratch / "again", seed=2)
        assert refused == []
        assert [(still.name, still.sha256) for still in again] == [(still.name, still.sha256) for still in made.stills]
