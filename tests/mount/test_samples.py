# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real files of real cameras: nothing is lost, and what damfs says of them is what exiftool says."""

import collections
import json
import os
import re
import shutil
import subprocess

import pytest

from library import Library, scratch_folder
from media import lasting_files, pixel, raster, require_valid_webp, sha256
from mount import Mount, why_no_mounts


@pytest.fixture(scope="module")
def imported(samples):
    with scratch_folder() as folder:
        library = Library(folder / "library").init()
        done = library.import_(samples, expect=None)
        assert done["failed"] == 0, done
        yield library


@pytest.fixture(scope="module")
def mounted(imported):
    if reason := why_no_mounts():
        pytest.skip(reason)
    with Mount(imported) as mount:
        yield mount


@pytest.fixture(scope="module")
def exif(samples):
    """name -> exiftool's DateTimeOriginal, Make, Model, as the file has them."""
    if not shutil.which("exiftool"):
        pytest.skip("no exiftool")
    out = subprocess.run(["exiftool", "-q", "-q", "-json", "-r", "-ext", "*", "-DateTimeOriginal", "-Make", "-Model",
                          str(samples)], capture_output=True, text=True).stdout
    return {os.path.relpath(entry["SourceFile"], samples): entry for entry in json.loads(out)}


def inodes(mount, view):
    """inode -> the folders of the view it stands in."""
    found = collections.defaultdict(set)
    for path, info in mount.files(view):
        found[info.st_ino].add(os.path.dirname(path)[len(view) + 1:])
    return found


def original(mount, name):
    return os.lstat(mount / "originals" / name).st_ino


def test_every_file_is_an_asset_with_its_own_bytes(imported, samples):
    known = imported.by_name()
    assert sorted(known) == lasting_files(samples)
    for name, asset in known.items():
        assert asset["sha256"] == sha256(samples / name), name


def test_originals_equal_the_folder(mounted, samples):
    done = subprocess.run(["diff", "-r", str(samples), str(mounted / "originals")], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_by_date_agrees_with_exiftool(mounted, exif):
    days, compared, wrong = inodes(mounted, "by-date"), 0, []
    for name, entry in exif.items():
        taken = re.match(r"(\d{4}):(\d{2}):(\d{2})", str(entry.get("DateTimeOriginal", "")))
        if not taken or "00" in taken.groups()[1:] or taken[1] == "0000":
            continue
        year, month, day = taken.groups()
        compared += 1
        if days[original(mounted, name)] != {f"{year}/{year}-{month}-{day}"}:
            wrong.append((name, entry["DateTimeOriginal"], days[original(mounted, name)]))
    assert not wrong, wrong
    assert compared > 40


def words(text):
    """What of a make or a model a file name can hold."""
    return [word for word in re.split(r'[\s<>:"/\\|?*_]+', text.casefold()) if word.strip(".")]


def test_by_camera_agrees_with_exiftool(mounted, exif):
    folders, compared, wrong, of_camera = inodes(mounted, "by-camera"), 0, [], collections.defaultdict(set)
    for name, entry in exif.items():
        make, model = (str(entry.get(key, "")).strip() for key in ("Make", "Model"))
        shown = folders[original(mounted, name)]
        if not make and not model:
            if shown:
                wrong.append((name, make, model, shown))
            continue
        compared += 1
        of_camera[make, model] |= shown
        if len(shown) != 1 or not set(words(model or make)) <= set(words(next(iter(shown)))):
            wrong.append((name, make, model, shown))
    assert not wrong, wrong
    assert all(len(shown) == 1 for shown in of_camera.values()), of_camera
    assert compared > 40


def test_find_tells_make_and_model_as_recorded(imported, exif):
    known = imported.by_name()
    for name, entry in exif.items():
        told = [(known[name].get(key) or "").strip() for key in ("make", "model")]
        assert told == [str(entry.get(key, "")).strip() for key in ("Make", "Model")], name


@pytest.mark.parametrize("shape", ["Landscape", "Portrait"])
def test_orientation_samples_give_upright_previews_of_one_raster(mounted, samples, scratch, shape):
    names = sorted(n for n in os.listdir(samples / "orientation") if n.startswith(shape))
    assert len(names) == 9
    shown, corners = set(), set()
    copy = scratch / "preview.webp"
    for name in names:
        copy.write_bytes((mounted / f"previews/small/originals/orientation/{name}.webp").read_bytes())
        width, height = raster(copy)
        shown.add((width, height))
        # All show the same scene but for the number: the corners' colours are alike only when all are upright.
        corners.add(tuple(round(v / 64) for x, y in ((4, 4), (width - 5, 4), (4, height - 5), (width - 5, height - 5))
                          for v in pixel(copy, x, y)[:3]))
    assert len(shown) == 1
    assert len(corners) <= 4, corners
    assert (next(iter(shown))[0] > next(iter(shown))[1]) == (shape == "Landscape")


def test_previews_of_everything_are_valid_or_refused_with_a_reason(mounted, scratch):
    copy, read, refused = scratch / "preview.webp", 0, 0
    for path, info in mounted.files("previews/small/originals"):
        try:
            data = (mounted / path).read_bytes()
        except OSError:
            assert os.getxattr(mounted / path, "user.damfs.error")
            refused += 1
            continue
        assert len(data) == info.st_size, path
        copy.write_bytes(data)
        require_valid_webp(copy, data)
        read += 1
    assert read >= 100 and refused <= 15, (read, refused)
    assert mounted.process.poll() is None
