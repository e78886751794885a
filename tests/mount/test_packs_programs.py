# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""OpenImageIO and Blender load textures straight from a pack, and see the pixels of the extracted files."""

import json
import shutil
import subprocess

import pytest

from library import Library, environment, scratch_folder
from mount import Mount, why_no_mounts
from packs import texture_tree
from zips import DEFLATED, STORED, Member, archive

TEXTURES = ["Rock012_1K_Color.png", "Rock012_1K_NormalGL.png", "Rock012_1K_Roughness.jpg", "Rock012_1K_Displacement.tif",
            "Rock012_1K_AO.exr"]
PACKS = {"stored": STORED, "deflated": DEFLATED}

LOOK = """
import array, bpy, hashlib, json, sys
into, blend, *paths = sys.argv[sys.argv.index("--") + 1:]
if paths:
    for path in paths:
        image = bpy.data.images.load(path)
        image.use_fake_user = True
found = {}
for image in bpy.data.images:
    if image.source == "FILE":
        pixels = array.array("f", bytes(4 * len(image.pixels)))
        image.pixels.foreach_get(pixels)
        found[image.filepath] = [list(image.size), image.channels, image.has_data, hashlib.sha256(pixels.tobytes()).hexdigest()]
json.dump(found, open(into, "w"))
if paths:
    bpy.ops.wm.save_as_mainfile(filepath=blend, relative_remap=False)
"""


@pytest.fixture(scope="module")
def extracted():
    return texture_tree() / "textures"


@pytest.fixture(scope="module")
def mounted(extracted):
    if reason := why_no_mounts():
        pytest.skip(reason)
    with scratch_folder() as folder:
        (folder / "in").mkdir()
        for pack, method in PACKS.items():
            members = [Member(name, (extracted / name).read_bytes(), method) for name in TEXTURES]
            (folder / f"in/{pack}.zip").write_bytes(archive(*members))
        library = Library(folder / "library").init()
        library.import_(folder / "in")
        with Mount(library) as mount:
            yield mount


def oiiotool(*argv):
    if not shutil.which("oiiotool"):
        pytest.skip("no oiiotool (Debian package openimageio-tools)")
    done = subprocess.run(["oiiotool", *map(str, argv)], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert done.returncode == 0 and not done.stderr, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("name", TEXTURES)
@pytest.mark.parametrize("pack", PACKS)
def test_oiiotool_reads_the_same_pixels(mounted, extracted, pack, name):
    path = mounted / "packs" / pack / name
    mounted.library.delete_derived()
    mounted.drop_pages(path)
    ours, theirs = (oiiotool("--info", "-v", "--hash", "--stats", file).replace(str(file), name)
                    for file in (path, extracted / name))
    assert ours == theirs and "SHA-1: " in ours


@pytest.mark.parametrize("pack", PACKS)
def test_oiiotool_makes_a_mip_map_and_a_crop(mounted, extracted, scratch, pack):
    """A crop of an uncompressed file reads only a part from its middle."""
    for name in ("Rock012_1K_Displacement.tif", "Rock012_1K_AO.exr"):
        crops = []
        for at, source in enumerate((mounted / "packs" / pack / name, extracted / name)):
            oiiotool(source, "--cut", "64x64+300+400", "-o", scratch / f"crop{at}.tif")
            crops.append(oiiotool("--hash", scratch / f"crop{at}.tif").split("SHA-1:")[1])
        assert crops[0] == crops[1]
        oiiotool(mounted / "packs" / pack / name, "-otex", scratch / f"{pack}.tx")
        assert "mip-map" in oiiotool("--info", "-v", scratch / f"{pack}.tx").casefold()


def blender(library, *arguments):
    if not shutil.which("blender"):
        pytest.skip("no blender (Debian package of that name)")
    argv = ["blender", "-b", "--factory-startup", "--python-exit-code", "3", *map(str, arguments)]
    done = subprocess.run(argv, capture_output=True, text=True, stdin=subprocess.DEVNULL, env=environment(library.home))
    assert done.returncode == 0 and "Traceback" not in done.stderr, done.stdout[-2000:] + done.stderr[-2000:]


@pytest.mark.parametrize("pack", PACKS)
def test_blender_loads_textures_and_finds_them_again(mounted, extracted, scratch, pack):
    script, blend = scratch / "look.py", scratch / "scene.blend"
    script.write_text(LOOK)
    paths = [mounted / "packs" / pack / name for name in TEXTURES]

    def seen(name, *before, textures=()):
        blender(mounted.library, *before, "-P", script, "--", scratch / name, blend, *textures)
        return {path.rsplit("/", 1)[1]: told for path, told in json.loads((scratch / name).read_text()).items()}
    expected = seen("extracted.json", textures=[extracted / name for name in TEXTURES])
    assert set(expected) == set(TEXTURES) and all(has_data for _, _, has_data, _ in expected.values())
    assert expected["Rock012_1K_Color.png"][0] == [1024, 1024] and expected["Rock012_1K_AO.exr"][0] == [600, 600]
    assert seen("mounted.json", textures=paths) == expected
    # The scene that was saved knows them by their paths below the mount.
    assert seen("again.json", blend) == expected
    assert mounted.stats()["worker_restarts"] == 0
