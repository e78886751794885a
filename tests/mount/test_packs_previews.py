# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Previews of what is inside archives: declared before they exist, true when read; and the balls that materials make."""

import errno
import io
import os
import random
import shutil
import subprocess
import zipfile
from concurrent.futures import ThreadPoolExecutor

import pytest

import stills_media
from clips import ffmpeg
from drive import Drive
from library import Library, scratch_folder, thorough
from media import BOX, pixel, raster, require_valid_webp, sha256
from mount import errno_of, wait_until, xattr
from zips import DEFLATED, STORED, Member, archive

# Members of the first pack, and the upright raster of each.
RASTERS = {"Rock_1K_Color.png": (1024, 1024), "Rock_1K_NormalGL.png": (512, 512), "Rock_1K_Roughness.jpg": (640, 480),
           "Rock_1K_AO.exr": (300, 200), "Rock_1K_Metalness.tif": (500, 1000), "extra/turned.jpg": (480, 640),
           "extra/tiny.webp": (64, 48)}


def make_picture(path, size, source="testsrc2", pixels=None, *flags):
    width, height = size
    colour = ["-pix_fmt", pixels] if pixels else []
    ffmpeg("-f", "lavfi", "-i", source + (":" if "=" in source else "=") + f"size={width}x{height}:rate=1", "-frames:v", "1", "-update", "1", "-fflags",
           "+bitexact", *colour, *flags, path)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    (folder / "extra").mkdir()
    make_picture(folder / "Rock_1K_Color.png", (1024, 1024), pixels="rgb24")
    make_picture(folder / "Rock_1K_NormalGL.png", (512, 512), "color=c=0x8080ff", "rgb24")
    make_picture(folder / "Rock_1K_Roughness.jpg", (640, 480), "color=c=gray")
    make_picture(folder / "Rock_1K_AO.exr", (300, 200), "color=c=white", "gbrpf32le")
    make_picture(folder / "Rock_1K_Metalness.tif", (500, 1000), "color=c=black", "rgb24")
    make_picture(folder / "extra/tiny.webp", (64, 48))
    make_picture(folder / "extra/turned.jpg", (640, 480))
    subprocess.run(["exiftool", "-q", "-overwrite_original", "-n", "-Orientation=6", folder / "extra/turned.jpg"], check=True)
    return folder


def zipped(members, method=zipfile.ZIP_DEFLATED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as pack:
        for name, data in members.items():
            pack.writestr(name, data)
    return out.getvalue()


@pytest.fixture(scope="module")
def packs_library(pictures):
    """Rock.zip of deflated pictures, Stored.zip of the same stored, Nested.zip with one within, Plain.zip without any."""
    members = {name: (pictures / name).read_bytes() for name in RASTERS}
    members["readme.txt"] = b"no picture\n"
    members["extra/half.png"] = members["Rock_1K_Color.png"][:3000]
    members["extra/broken.png"] = members["Rock_1K_Color.png"][:members["Rock_1K_Color.png"].index(b"IDAT") + 6]
    members["extra/no picture.png"] = b"not a picture at all" * 50
    with scratch_folder() as scratch:
        incoming = scratch / "in"
        incoming.mkdir()
        (incoming / "Rock.zip").write_bytes(zipped(members))
        (incoming / "Stored.zip").write_bytes(zipped(members, zipfile.ZIP_STORED))
        (incoming / "Nested.zip").write_bytes(zipped({"inner/deep.zip": zipped(members), "readme.txt": b"x"}))
        (incoming / "Plain.zip").write_bytes(zipped({"a.txt": b"a", "b/c.txt": b"c"}))
        library = Library(scratch / "library").init()
        library.import_(incoming)
        yield library


def mounted(library, mount_of):
    drive = Drive(library, mount_of)
    wait_until(lambda: {"Rock", "Stored", "Nested", "Plain"} <= set(os.listdir(drive / "packs")), 30, "the packs")
    return drive


@pytest.fixture
def own_packs(packs_library, scratch, mount_of):
    """A copy of packs_library, mounted for this test alone."""
    return mounted(packs_library.copied_to(scratch / "library"), mount_of)


@pytest.fixture(scope="module")
def packs(packs_library, shared_scratch, shared_mount_of):
    """A copy of packs_library, mounted once for the tests that change nothing."""
    return mounted(packs_library.copied_to(shared_scratch / "library"), shared_mount_of)


def preview(drive, profile, member, pack="Rock"):
    name = member if member.endswith(".webp") else member + ".webp"
    return drive / f"previews/{profile}/packs/{pack}/{name}"


def fitted(source, box):
    scale = min(1, box / max(source))
    return tuple(max(1, int(edge * scale + 0.5)) for edge in source)


def facts(path):
    info = os.lstat(path)
    return info.st_ino, info.st_size, info.st_mtime_ns, info.st_nlink, info.st_mode


@pytest.mark.parametrize("pack", ["Rock", "Stored", "Nested/inner/deep.zip"])
@pytest.mark.parametrize("profile", BOX)
def test_every_picture_inside_has_its_still(packs, scratch, profile, pack):
    copy = scratch / "preview.webp"
    for member, size in RASTERS.items():
        path = preview(packs, profile, member, pack)
        before = facts(path)
        data = path.read_bytes()
        assert len(data) == before[1] and facts(path) == before, path
        copy.write_bytes(data)
        require_valid_webp(copy, data)
        assert raster(copy) == fitted(size, BOX[profile]), path


def test_looking_at_them_renders_nothing_and_tells_what_is_there(own_packs):
    listed = own_packs / "previews/small/packs/Rock"
    assert sorted(os.listdir(listed)) == sorted(["extra"] + [f"{name}.webp" for name in RASTERS if "/" not in name])
    assert sorted(os.listdir(listed / "extra")) == ["broken.png.webp", "half.png.webp", "tiny.webp", "turned.jpg.webp"]
    assert os.listdir(own_packs / "previews/small/packs/Plain") == ["b"]
    done = subprocess.run(["find", str(own_packs / "previews"), "-ls"], capture_output=True, text=True)
    assert done.returncode == 0 and not done.stderr
    assert own_packs.mount.stats()["renders_started"] == 0
    assert errno_of(os.stat, listed / "readme.txt.webp") == errno.ENOENT
    assert errno_of(os.stat, listed / "extra/no picture.png.webp") == errno.ENOENT


def test_they_are_the_same_for_ever(own_packs):
    names = [preview(own_packs, "medium", member) for member in RASTERS] + \
        [own_packs / "previews/material/originals/Rock.zip.webp", own_packs / "previews/medium/originals/Rock.zip.webp"]
    first = {path: (facts(path), path.read_bytes()) for path in names}
    own_packs.mount.stop()
    shutil.rmtree(own_packs.library.path / "derived")
    own_packs.mount.start()
    for path in reversed(names):
        assert (facts(path), path.read_bytes()) == first[path], path


def test_a_pack_shows_its_primary_map(packs):
    shown = packs / "previews/medium/originals/Rock.zip.webp"
    albedo = preview(packs, "medium", "Rock_1K_Color.png")
    assert shown.read_bytes() == albedo.read_bytes()
    assert sorted(os.listdir(packs / "previews/small/by-type/texture-pack")) == ["Rock.zip.webp", "Stored.zip.webp"]
    # Whose pictures are all in an archive within shows one of those.
    assert (packs / "previews/medium/by-type/other/Nested.zip.webp").read_bytes() == albedo.read_bytes()
    assert errno_of(os.stat, packs / "previews/small/originals/Plain.zip.webp") == errno.ENOENT


def test_maps_side_by_side_are_the_same_files(packs):
    material = xattr(packs / "packs/Rock/Rock_1K_Roughness.jpg", "user.damfs.material")
    for path, member in (("by-map/albedo/Rock.png", "Rock_1K_Color.png"), ("by-map/ao/Rock.exr", "Rock_1K_AO.exr"),
                         (f"by-material/{material}/roughness.jpg", "Rock_1K_Roughness.jpg")):
        shown = packs / f"previews/small/packs/{path}.webp"
        assert facts(shown) == facts(preview(packs, "small", member))
        assert os.lstat(shown).st_nlink == 3
        assert shown.read_bytes() == preview(packs, "small", member).read_bytes()
    assert sorted(os.listdir(packs / "previews/small/packs/by-map/albedo")) == ["Nested.png.webp", "Rock.png.webp", "Stored.png.webp"]


def test_a_folder_has_a_collage(packs, scratch):
    for folder in ("", "/Rock", "/Rock/extra", "/Nested", "/by-map/albedo", "/by-material/Rock"):
        path = packs / f"previews/small/packs{folder}/folder.webp"
        data = path.read_bytes()
        assert len(data) == os.lstat(path).st_size
        copy = scratch / "collage.webp"
        copy.write_bytes(data)
        assert raster(copy) == (BOX["small"], BOX["small"])
    assert errno_of(os.stat, packs / "previews/small/packs/Plain/folder.webp") == errno.ENOENT


def test_readers_at_once_do_not_take_from_each_other(own_packs):
    """Scenario: an archive within one was being unpacked, gave way to a still that somebody else waited for, and was
    taken for unpacked as far as it had come; what waited for it got EIO."""
    paths = [preview(own_packs, "small", member, pack)
             for pack in ("Rock", "Stored", "Nested/inner/deep.zip") for member in RASTERS]
    paths += [own_packs / f"previews/small/packs{folder}/folder.webp" for folder in ("", "/Nested", "/by-map/albedo")]
    for seed in range(thorough(4, 2)):
        random.Random(seed).shuffle(paths)
        with ThreadPoolExecutor(12) as pool:
            for path, data in zip(paths, pool.map(lambda path: path.read_bytes(), paths)):
                assert len(data) == os.lstat(path).st_size, path
        own_packs.mount.stop()
        shutil.rmtree(own_packs.library.path / "derived")
        own_packs.mount.start()


def test_a_damaged_picture_is_an_error_with_its_reason(own_packs):
    path = preview(own_packs, "medium", "extra/broken.png")
    assert os.lstat(path).st_size > 0 and xattr(path, "user.damfs.error") is None
    assert errno_of(path.read_bytes) == errno.EIO
    assert xattr(path, "user.damfs.error")
    failed = own_packs.library.run("status", "--failed").stdout
    assert "Rock.zip/extra/broken.png" in failed
    assert preview(own_packs, "medium", "Rock_1K_Color.png").read_bytes()


def test_of_half_a_picture_that_half_is_shown_with_a_note(own_packs):
    path = preview(own_packs, "medium", "extra/half.png")
    assert path.read_bytes()[:4] == b"RIFF"
    assert "damaged" in xattr(path, "user.damfs.note") and not xattr(path, "user.damfs.error")


def test_rm_drops_what_is_kept_of_one(own_packs):
    path = preview(own_packs, "small", "Rock_1K_Color.png")
    first = path.read_bytes()
    made = own_packs.mount.stats()["renders_started"]

    def rendered_again():
        os.unlink(path)  # what was made a moment ago may be kept only now
        own_packs.mount.drop_pages(path)
        return path.read_bytes() == first and own_packs.mount.stats()["renders_started"] > made
    wait_until(rendered_again, 30, "a second render")
    assert errno_of(os.unlink, own_packs / "packs/Rock/readme.txt") in (errno.EROFS, errno.EACCES, errno.EPERM)


def test_names_that_clash_are_told_apart(drive, pictures):
    tiny, other = (pictures / "extra/tiny.webp").read_bytes(), (pictures / "Rock_1K_Color.png").read_bytes()
    long = "n" * 251 + ".png"
    members = {"a.png": other, "a.png.webp": tiny, "b.png": other, "b.png.webp/inside.txt": b"x", long: other}
    (drive.originals / "clash.zip").write_bytes(archive(*(Member(name, data, DEFLATED) for name, data in members.items())))
    folder = drive / "previews/small/packs/clash"
    wait_until(lambda: os.path.isdir(folder) and len(os.listdir(folder)) == 5, 30, "the pack")
    names = os.listdir(folder)
    assert "a.png.webp" in names and "a.png.webp.webp" in names and (folder / "b.png.webp").is_dir()
    assert len(set(names)) == 5 and all(len(name.encode()) <= 255 for name in names)
    for name in names:
        if os.path.isfile(folder / name):
            assert len((folder / name).read_bytes()) == os.lstat(folder / name).st_size, name
    sizes = {name: os.lstat(folder / name).st_size for name in ("a.png.webp", "a.png.webp.webp")}
    assert sizes["a.png.webp"] > sizes["a.png.webp.webp"]


def test_they_come_and_go_with_their_archive(own_packs):
    ball = xattr(own_packs / "packs/Rock/Rock_1K_Color.png", "user.damfs.material") + ".webp"
    for profile, name in (("small", "Rock"), ("material", ball)):
        assert name in os.listdir(own_packs / f"previews/{profile}/packs")
    os.unlink(own_packs.originals / "Rock.zip")
    os.unlink(own_packs.originals / "Stored.zip")
    os.unlink(own_packs.originals / "Nested.zip")
    wait_until(lambda: os.listdir(own_packs / "previews/material/packs") == [], 30, "the balls to go")
    assert "Rock" not in os.listdir(own_packs / "previews/small/packs")
    os.rename(own_packs / "trash/Rock.zip", own_packs.originals / "Rock.zip")
    wait_until(lambda: os.listdir(own_packs / "previews/material/packs") == [ball], 30, "the ball to be back")
    assert (own_packs / "previews/material/packs" / ball).read_bytes()


@pytest.mark.parametrize("method", [STORED, DEFLATED], ids=["stored", "deflated"])
def test_what_is_no_picture_has_its_still_as_outside(drive, scratch, pictures, method):
    incoming = scratch / "in"
    incoming.mkdir()
    # Black at first, so that it is told which moment is shown.
    ffmpeg("-f", "lavfi", "-i", "color=c=black:size=64x48:rate=10:duration=1", "-f", "lavfi", "-i",
           "color=c=red:size=64x48:rate=10:duration=19", "-filter_complex", "concat=n=2", "-c:v", "mpeg4", incoming / "clip.mp4")
    ffmpeg("-f", "lavfi", "-i", "sine=frequency=440:duration=1", incoming / "tone.wav")
    ffmpeg("-f", "lavfi", "-i", "sine=frequency=440:duration=1", "-c:a", "aac", incoming / "sound alone.mp4")
    stills_media.pdf(incoming / "page.pdf")
    stills_media.raw(incoming / "shot.dng", pictures / "Rock_1K_Roughness.jpg", orientation=6)
    names = sorted(os.listdir(incoming))
    members = [Member(f"trip/{name}", (incoming / name).read_bytes(), method) for name in names]
    inner = archive(*members)
    (incoming / "pack.zip").write_bytes(archive(*members, Member("inner.zip", inner, method)))
    drive.library.import_(incoming)
    for folder in ("packs/pack/trip", "packs/pack/inner.zip/trip"):
        inside = drive / "previews/small" / folder
        wait_until(inside.is_dir, 30, "the pack")
        assert sorted(os.listdir(inside)) == sorted(f"{name}.webp" for name in names)
        for name in names:
            shown = (inside / f"{name}.webp").read_bytes()
            assert len(shown) == os.lstat(inside / f"{name}.webp").st_size
            assert shown == (drive / f"previews/small/originals/{name}.webp").read_bytes(), name


# --- balls --------------------------------------------------------------------------------------------------

def flat(colour, size=64, pixels="rgb24"):
    done = subprocess.run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", f"color=c={colour}:size={size}x{size}", "-frames:v", "1",
                           "-pix_fmt", pixels, "-c:v", "png", "-f", "image2pipe", "-"], capture_output=True, check=True)
    return done.stdout


def ball(drive, scratch, name, maps):
    (drive.originals / f"{name}.zip").write_bytes(
        archive(*(Member(f"{name}_1K_{word}.png", data, STORED) for word, data in maps.items())))
    path = drive / f"previews/material/packs/{name}.webp"
    wait_until(lambda: os.path.exists(path), 30, "the ball")
    copy = scratch / f"{name}.webp"
    data = path.read_bytes()
    assert len(data) == os.lstat(path).st_size
    copy.write_bytes(data)
    require_valid_webp(copy, data)
    assert raster(copy) == (512, 512)
    return copy


def test_a_material_is_a_lit_ball_of_its_maps(drive, scratch):
    red = ball(drive, scratch, "Red", {"Color": flat("red"), "Roughness": flat("white")})
    assert pixel(red, 3, 3)[3] == 0 and pixel(red, 508, 508)[3] == 0, "a corner that is not transparent"
    middle = pixel(red, 256, 256)
    assert middle[3] > 250 and middle[0] > 2 * middle[1] and middle[0] > 2 * middle[2], middle
    smooth = ball(drive, scratch, "Smooth", {"Color": flat("red"), "Roughness": flat("0x181818")})
    metal = ball(drive, scratch, "Metal", {"Color": flat("red"), "Roughness": flat("0x606060"), "Metalness": flat("white")})
    assert len({sha256(path) for path in (red, smooth, metal)}) == 3

    def brightest(path):
        done = subprocess.run(["ffmpeg", "-v", "error", "-i", path, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"],
                              capture_output=True, check=True)
        return max(map(min, zip(done.stdout[::3], done.stdout[1::3], done.stdout[2::3])))
    assert brightest(smooth) > brightest(red) + 20, "no highlight on what is smooth"


def test_a_ball_is_of_fixed_size_whatever_its_maps_are(packs):
    sizes = {os.lstat(packs / f"previews/material/packs/{name}").st_size for name in os.listdir(packs / "previews/material/packs")}
    assert len(sizes) == 1
    shown = packs / "previews/material/by-type/texture-pack"
    assert sorted(os.listdir(shown)) == ["Rock.zip.webp", "Stored.zip.webp"]
    material = xattr(packs / "packs/Rock/Rock_1K_Color.png", "user.damfs.material")
    assert (shown / "Rock.zip.webp").read_bytes() == (packs / f"previews/material/packs/{material}.webp").read_bytes()
    assert os.listdir(packs / "previews/material/originals") and \
        "Plain.zip.webp" not in os.listdir(packs / "previews/material/originals")


def test_a_ball_with_a_broken_map_says_which(drive):
    picture = flat("red", 256)
    (drive.originals / "Broken.zip").write_bytes(
        archive(Member("Broken_1K_Color.png", picture), Member("Broken_1K_NormalGL.png", picture[:len(picture) // 2])))
    path = drive / "previews/material/packs/Broken.webp"
    wait_until(lambda: os.path.exists(path), 30, "the ball")
    assert errno_of(path.read_bytes) == errno.EIO
    assert "normal" in xattr(path, "user.damfs.error")
