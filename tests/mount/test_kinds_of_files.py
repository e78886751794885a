# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a file is, is told by its structure; and what it shows is what other programs show of it."""

import errno
import json
import subprocess
import zipfile
from pathlib import Path

import pytest

import odd_media as odd
from library import Library
from mount import errno_of, xattr


def near(found, wanted, most=45):
    return all(abs(a - b) <= most for a, b in zip(found[:3], wanted))


@pytest.fixture(scope="module")
def media(shared_scratch):
    folder = shared_scratch / "media"
    folder.mkdir()
    work = shared_scratch / "work"
    work.mkdir()
    make_recordings(folder, odd.ppm(work / "a.ppm"), work)
    make_pictures(folder, work / "a.ppm", work)
    return folder


def make_recordings(folder, ppm, work):
    film = ["-loop", "1", "-r", "30", "-i", ppm, "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"]
    odd.ffmpeg(*film, "-t", "1", work / "a.mp4")
    data = (work / "a.mp4").read_bytes()
    for brand in (b"XAVC", b"mp4v", b"hvc1", b"f4v ", b"caqv", b"none"):
        (folder / f"brand {brand.decode().strip()}.mp4").write_bytes(odd.mp4_of_brand(data, brand))
    parts = dict(odd.boxes(data))
    # Sample tables count from the file's beginning: what stands before them stays as long as it was.
    gap = len(parts[b"ftyp"])
    (folder / "begins with junk.mov").write_bytes(gap.to_bytes(4, "big") + b"prfl" + bytes(gap - 8) + data[gap:])
    (folder / "begins with wide.mov").write_bytes(gap.to_bytes(4, "big") + b"wide" + bytes(gap - 8) + data[gap:])
    (folder / "no movie yet.mp4").write_bytes(odd.mp4_of_brand(parts[b"ftyp"], b"XAVC") + parts[b"mdat"][:-100])
    (folder / "sequence.avif").write_bytes(odd.mp4_of_brand(data, b"avis"))
    odd.ffmpeg("-i", work / "a.mp4", "-c", "copy", "-movflags", "faststart", work / "whole.mp4")
    whole = (work / "whole.mp4").read_bytes()
    (folder / "cut.mp4").write_bytes(whole[:-200])
    for name, matrix in {"mirrored": (-1, 0, 0, 1), "upside down": (1, 0, 0, -1), "turned and mirrored": (0, 1, 1, 0),
                         "turned": (0, 1, -1, 0)}.items():
        (folder / f"{name}.mp4").write_bytes(odd.with_matrix(data, *matrix))
    odd.ffmpeg(*film, "-t", "6", "-g", "1000", "-bf", "0", work / "long.mp4")
    odd.ffmpeg("-i", work / "long.mp4", "-c", "copy", folder / "one key.ts")
    odd.ffmpeg("-i", work / "long.mp4", "-c", "copy", "-bsf:v", "noise=drop='eq(n,50)'", folder / "drops.mp4")
    odd.ffmpeg("-i", work / "long.mp4", "-c", "copy", "-bsf:v", "noise=drop='eq(n,50)'", folder / "drops in pieces.avi")
    odd.ffmpeg("-i", work / "long.mp4", "-c", "copy", folder / "untimed.h264")
    odd.ffmpeg("-f", "lavfi", "-i", "sine=duration=1", folder / "sound.caf")
    # Of whose first kilobytes nobody can tell what they are.
    for codec, form in (("dca", "dts"), ("truehd", "truehd"), ("mlp", "mlp")):
        odd.ffmpeg("-f", "lavfi", "-i", "anoisesrc=duration=2:sample_rate=48000", "-ac", "2", "-strict", "-2", "-c:a", codec,
                   "-f", form, folder / f"long frames of {form}")
    odd.broadcast_wave(folder / "broadcast.wav", 2_880_000_000)


def make_pictures(folder, ppm, work):
    odd.svgz(folder / "drawing.svgz")
    odd.bmp(folder / "a.bmp")
    odd.masked_bmp(folder / "masked.bmp")
    odd.ico(folder / "bitmap.ico")
    odd.png(work / "quarters.png", odd.rows())
    odd.ico(folder / "png.ico", (work / "quarters.png").read_bytes())
    odd.xpm(folder / "a.xpm")
    odd.subsampled_tiff(folder / "subsampled.tif")
    odd.fits(folder / "a.fits")
    odd.tga(folder / "from top.tga", True)
    odd.tga(folder / "from bottom.tga", False)
    odd.dds(folder / "a.dds")
    odd.pfm(folder / "a.pfm")
    odd.half_tiff(folder / "half floats.tif")
    odd.dng(folder / "sensor.dng")
    odd.ffmpeg("-loop", "1", "-i", ppm, "-frames:v", "3", "-c:v", "libaom-av1", "-cpu-used", "8", folder / "moving.avif")
    data = (folder / "moving.avif").read_bytes()
    at = data.index(b"mvhd") + 8
    made = (1_673_657_247 + 2_082_844_800).to_bytes(4, "big")
    (folder / "moving.avif").write_bytes(data[:at] + made + data[at + 4:])
    grey = [[(128, 128, 128)] * 32 for _ in range(32)]
    odd.png(folder / "linear.png", grey, odd.chunk(b"gAMA", (100_000).to_bytes(4, "big")))
    odd.png(folder / "turned.png", odd.rows(), behind=odd.chunk(b"eXIf", odd.exif_orientation(6)))
    subprocess.run(["vips", "copy", str(ppm), f"{work}/a.jpg[Q=95]"], check=True)
    jpeg = (work / "a.jpg").read_bytes()
    body = b"ICC_PROFILE\0\x01\x01" + odd.profile(b"CMYK")
    (folder / "unfit profile.jpg").write_bytes(jpeg[:2] + b"\xff\xe2" + (len(body) + 2).to_bytes(2, "big") + body + jpeg[2:])
    assert jpeg.endswith(b"\xff\xd9") and jpeg[2] == 0xFF and jpeg[6:10] == b"Exif"
    (folder / "scratched.jpg").write_bytes(jpeg[:2] + b"\xfe" + jpeg[3:])
    (folder / "no end.jpg").write_bytes(jpeg[:-2])
    noise = [[((x * 7919 + y * 104729) % 251, x * 4 % 256, y * 5 % 256) for x in range(64)] for y in range(48)]
    odd.png(work / "noise.png", noise)
    subprocess.run(["vips", "copy", f"{work}/noise.png", f"{work}/noise.jpg[Q=95]"], check=True)
    data = (work / "noise.jpg").read_bytes()
    (folder / "half.jpg").write_bytes(data[:len(data) // 2])
    data = (work / "noise.png").read_bytes()
    (folder / "half.png").write_bytes(data[:len(data) // 2])
    (folder / "nothing.png").write_bytes(data[:data.index(b"IDAT") + 6])
    (folder / (251 * "x" + ".jpg")).write_bytes(jpeg)
    with zipfile.ZipFile(folder / "Quarters.zip", "w") as pack:
        pack.write(folder / "from bottom.tga", "Quarters_1K_Color.tga")
        pack.write(folder / "a.dds", "Quarters_1K_NormalGL.dds")


@pytest.fixture(scope="module")
def kinds(media, shared_scratch):
    library = Library(shared_scratch / "library").init()
    library.import_(media)
    return library


@pytest.fixture(scope="module")
def shown(kinds, shared_mount_of, shared_scratch):
    """The preview of that name, as a PNG's path, whose quarters can be looked at."""
    mount = shared_mount_of(kinds)

    def of(name, size="medium"):
        copy = shared_scratch / "preview.webp"
        copy.write_bytes((mount / f"previews/{size}/originals/{name}.webp").read_bytes())
        return copy

    of.mount = mount
    return of


class Pixels:
    """Of a picture of three bands, read at once."""

    def __init__(self, path):
        subprocess.run(["vips", "copy", str(path), f"{path}.ppm"], check=True)
        data = Path(f"{path}.ppm").read_bytes()
        magic, comment_or_raster = data.split(b"\n", 1)
        assert magic == b"P6"
        while comment_or_raster.startswith(b"#"):
            comment_or_raster = comment_or_raster.split(b"\n", 1)[1]
        raster, rest = comment_or_raster.split(b"\n", 1)
        self.width, self.height = map(int, raster.split())
        self.data = rest.split(b"\n", 1)[1]

    def at(self, x, y):
        begin = 3 * (y * self.width + x)
        return tuple(self.data[begin:begin + 3])

    def quarters(self):
        return [self.at(x, y) for y in (self.height // 4, self.height * 3 // 4)
                for x in (self.width // 4, self.width * 3 // 4)]


def require_quarters(path, *wanted):
    found = Pixels(path).quarters()
    assert all(near(a, b) for a, b in zip(found, wanted)), (found, wanted)


UPRIGHT = (odd.RED, odd.GREEN, odd.BLUE, odd.YELLOW)


def test_boxes_of_whatever_brand_and_beginning_are_recordings(kinds, shown):
    found = kinds.by_name()
    for name in ("brand XAVC.mp4", "brand mp4v.mp4", "brand hvc1.mp4", "brand f4v.mp4", "brand caqv.mp4", "brand none.mp4",
                 "begins with junk.mov", "begins with wide.mov"):
        asset = found[name]
        assert (asset["kind"], asset["problem"]) == ("video", ""), (name, asset)
        assert asset["mime"] in ("video/mp4", "video/quicktime"), (name, asset["mime"])
    require_quarters(shown("begins with junk.mov"), *UPRIGHT)
    assert (shown.mount / "proxies/edit/originals/brand XAVC.mov").stat().st_size > 0


def test_a_recording_that_lost_its_movie_says_so(kinds):
    asset = kinds.by_name()["no movie yet.mp4"]
    assert asset["mime"] == "video/mp4" and "damaged" in asset["problem"], asset


def test_what_a_table_of_types_left_out_is_told_by_its_bytes(kinds):
    found = kinds.by_name()
    assert (found["drawing.svgz"]["kind"], found["drawing.svgz"]["mime"]) == ("image", "image/svg+xml")
    assert (found["sound.caf"]["kind"], found["sound.caf"]["mime"]) == ("audio", "audio/x-caf")
    assert {name: found[f"long frames of {name}"]["kind"] for name in ("dts", "truehd", "mlp")} == dict.fromkeys(
        ("dts", "truehd", "mlp"), "audio")


@pytest.mark.parametrize("name", ["a.bmp", "masked.bmp", "bitmap.ico", "png.ico", "a.xpm", "subsampled.tif", "from top.tga", "from bottom.tga",
                                  "a.dds", "moving.avif"])
def test_pictures_that_libvips_leaves_out_are_shown(shown, name):
    require_quarters(shown(name), *UPRIGHT)


def test_pictures_of_the_sky_are_shown(shown):
    preview = Pixels(shown("a.fits"))
    assert preview.at(10, 10)[0] < preview.at(50, 10)[0]


def test_a_sequence_without_its_still_picture_is_a_recording(kinds, shown):
    assert kinds.by_name()["sequence.avif"]["kind"] == "video"
    require_quarters(shown("sequence.avif"), *UPRIGHT)


def test_what_a_cut_recording_lost_is_not_counted(kinds, media):
    done = subprocess.run(["ffprobe", "-v", "quiet", "-count_packets", "-select_streams", "v", "-show_entries",
                           "stream=nb_read_packets", "-of", "csv=p=0", media / "cut.mp4"], capture_output=True, text=True)
    frames = kinds.by_name()["cut.mp4"]["video"]["frame_count"]
    assert frames == int(done.stdout) and 0 < frames < 30


def test_a_picture_that_moves_has_its_movies_date(kinds):
    found = kinds.by_name()["moving.avif"]
    assert (found["date_source"], found["captured"][:19]) == ("quicktime", "2023-01-14T00:47:27")


def test_maps_in_those_formats_are_shown_and_make_a_ball(shown, shared_scratch):
    for path in ("small/packs/Quarters/Quarters_1K_Color.tga.webp", "small/packs/Quarters/Quarters_1K_NormalGL.dds.webp"):
        copy = shared_scratch / "preview.webp"
        copy.write_bytes((shown.mount / "previews" / path).read_bytes())
        require_quarters(copy, *UPRIGHT)
    assert (shown.mount / "previews/material/packs/Quarters.webp").read_bytes()[:4] == b"RIFF"


@pytest.mark.parametrize("name", ["a.pfm", "half floats.tif"])
def test_floats_of_light_are_shown_as_bright_as_they_are(shown, name):
    preview = Pixels(shown(name))
    assert near(preview.at(10, 10), (124, 124, 124), 6), preview.at(10, 10)
    assert near(preview.at(50, 10), (255, 255, 255), 3)


def test_a_raw_file_without_a_preview_is_developed(kinds, shown):
    assert kinds.by_name()["sensor.dng"]["mime"] == "image/x-adobe-dng"
    preview = Pixels(shown("sensor.dng"))
    assert (preview.width, preview.height) == (192, 144)
    found = preview.quarters()
    # Whatever white balance and brightness come out of it, each quarter is of its colour.
    for pixels, wanted in zip(found, UPRIGHT):
        bright = {i for i in range(3) if wanted[i] > 128}
        assert min(pixels[i] for i in bright) > 1.5 * max(pixels[i] for i in range(3) if i not in bright), found


@pytest.mark.parametrize("name, wanted", [
    ("mirrored.mp4", (odd.GREEN, odd.RED, odd.YELLOW, odd.BLUE)),
    ("upside down.mp4", (odd.BLUE, odd.YELLOW, odd.RED, odd.GREEN)),
    ("turned and mirrored.mp4", (odd.RED, odd.BLUE, odd.GREEN, odd.YELLOW)),
    ("turned.mp4", (odd.BLUE, odd.RED, odd.YELLOW, odd.GREEN)),
])
def test_mirrored_recordings_are_upright_in_previews_and_proxies(shown, shared_scratch, name, wanted):
    require_quarters(shown(name), *wanted)
    proxy = shown.mount / f"proxies/edit/originals/{name.replace('.mp4', '.mov')}"
    frame = shared_scratch / "frame.png"
    odd.ffmpeg("-i", proxy, "-frames:v", "1", frame)
    require_quarters(frame, *wanted)


@pytest.mark.parametrize("name, rate, frames", [("drops", "30/1", 180), ("drops in pieces", "30/1", 180),
                                                ("untimed", "30/1", 180)])
def test_a_gap_and_missing_times_keep_rate_and_count(shown, name, rate, frames):
    proxy = shown.mount / f"proxies/edit/originals/{name}.mov"
    out = subprocess.run(["ffprobe", "-v", "error", "-select_streams", "v", "-show_entries", "stream=avg_frame_rate,nb_frames",
                          "-of", "json", str(proxy)], capture_output=True, text=True, check=True)
    stream = json.loads(out.stdout)["streams"][0]
    assert stream["avg_frame_rate"] == rate and int(stream["nb_frames"]) == frames, stream


def test_a_recording_whose_only_key_frame_is_its_first_has_a_still(shown):
    require_quarters(shown("one key.ts"), *UPRIGHT)


def test_a_broadcast_wave_keeps_its_time_in_the_proxy(shown):
    proxy = shown.mount / "proxies/edit/originals/broadcast.wav"
    out = subprocess.run(["ffprobe", "-v", "error", "-show_entries", "format_tags=time_reference", "-of",
                          "default=nw=1:nk=1", str(proxy)], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "2880000000"


def test_gamma_of_a_png_is_seen(shown):
    found = Pixels(shown("linear.png")).at(10, 10)
    assert near(found, (188, 188, 188), 3), found


def test_orientation_behind_the_pixels_counts(shown):
    require_quarters(shown("turned.png"), odd.BLUE, odd.RED, odd.YELLOW, odd.GREEN)


def test_a_profile_that_does_not_fit_is_ignored(shown):
    require_quarters(shown("unfit profile.jpg"), *UPRIGHT)


def test_a_jpeg_whose_first_mark_is_scratched_is_one(shown):
    require_quarters(shown("scratched.jpg"), *UPRIGHT)


@pytest.mark.parametrize("name", ["no end.jpg", "half.jpg", "half.png"])
def test_of_a_damaged_picture_what_there_is_is_shown_and_the_fault_told(shown, name):
    preview = shown(name)
    if name == "no end.jpg":
        require_quarters(preview, *UPRIGHT)
    else:
        pixels = Pixels(preview)
        assert len({pixels.at(x, 4) for x in range(pixels.width)}) > 8
    note = xattr(shown.mount / f"previews/medium/originals/{name}.webp", "user.damfs.note")
    assert note and "damaged" in note, note


def test_a_picture_of_which_nothing_is_there_is_refused(shown):
    path = shown.mount / "previews/medium/originals/nothing.png.webp"
    assert errno_of(path.read_bytes) == errno.EIO
    assert xattr(path, "user.damfs.error") and not xattr(path, "user.damfs.note")


def test_the_longest_name_has_a_preview(shown):
    folder = shown.mount / "previews/small/originals"
    long = [name for name in folder.iterdir() if name.name.startswith("xxxx")]
    assert len(long) == 1 and len(long[0].name.encode()) <= 255
    assert long[0].read_bytes()[:4] == b"RIFF"
