# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One picture in every format that previews are made of: four plain quarters, so that colours and turns can be told."""

import os
import struct
import subprocess
import zlib

WIDTH, HEIGHT = 640, 480
RED, GREEN, BLUE, GREY = (200, 40, 40), (40, 180, 60), (50, 60, 210), (128, 128, 128)
QUARTERS = (RED, GREEN, BLUE, GREY)  # top left, top right, bottom left, bottom right


def run(*argv):
    """False: this build of the tool cannot write that format."""
    return subprocess.run(list(map(str, argv)), stdin=subprocess.DEVNULL, capture_output=True).returncode == 0


def quarters(width=WIDTH, height=HEIGHT):
    """Rows of RGB."""
    halves = [b"".join(bytes(colour) * (width // 2) for colour in pair) for pair in (QUARTERS[:2], QUARTERS[2:])]
    return halves[0] * (height // 2) + halves[1] * (height - height // 2)


def ppm(path, width=WIDTH, height=HEIGHT):
    path.write_bytes(b"P6 %d %d 255\n" % (width, height) + quarters(width, height))
    return path


def exr(path):
    """Scan lines of halves, uncompressed: what a screen shows as QUARTERS, four times as bright as white is."""
    def linear(value):
        value /= 255
        return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4

    def attribute(name, kind, body):
        return name.encode() + b"\0" + kind.encode() + b"\0" + struct.pack("<i", len(body)) + body

    channels = b"".join(name + b"\0" + struct.pack("<iiii", 1, 0, 1, 1) for name in (b"B", b"G", b"R")) + b"\0"
    box = struct.pack("<iiii", 0, 0, WIDTH - 1, HEIGHT - 1)
    header = b"\x76\x2f\x31\x01\x02\0\0\0" + b"".join((
        attribute("channels", "chlist", channels), attribute("compression", "compression", b"\0"),
        attribute("dataWindow", "box2i", box), attribute("displayWindow", "box2i", box),
        attribute("lineOrder", "lineOrder", b"\0"), attribute("pixelAspectRatio", "float", struct.pack("<f", 1)),
        attribute("screenWindowCenter", "v2f", struct.pack("<ff", 0, 0)),
        attribute("screenWindowWidth", "float", struct.pack("<f", 1)))) + b"\0"
    rows = []
    for pair in (QUARTERS[:2], QUARTERS[2:]):
        line = b"".join(b"".join(struct.pack("<e", 4 * linear(colour[band])) * (WIDTH // 2) for colour in pair)
                        for band in (2, 1, 0))
        rows += [line] * (HEIGHT // 2)
    start = len(header) + 8 * HEIGHT
    table = b"".join(struct.pack("<Q", start + y * (8 + len(rows[0]))) for y in range(HEIGHT))
    path.write_bytes(header + table + b"".join(struct.pack("<ii", y, len(row)) + row for y, row in enumerate(rows)))


def psd(path, packed):
    """An RGB picture, flattened, with no layers."""
    planes = [quarters()[band::3] for band in range(3)]
    header = b"8BPS" + struct.pack(">H6xHIIHH", 1, 3, HEIGHT, WIDTH, 8, 3) + struct.pack(">III", 0, 0, 0)
    if not packed:
        path.write_bytes(header + b"\0\0" + b"".join(planes))
        return

    def pack(row):
        out, at = b"", 0
        while at < len(row):
            run_length = 1
            while run_length < 128 and at + run_length < len(row) and row[at + run_length] == row[at]:
                run_length += 1
            out += struct.pack("bB", 1 - run_length, row[at])
            at += run_length
        return out

    lines = [pack(plane[y * WIDTH:(y + 1) * WIDTH]) for plane in planes for y in range(HEIGHT)]
    path.write_bytes(header + b"\0\1" + b"".join(struct.pack(">H", len(line)) for line in lines) + b"".join(lines))


def raw(path, jpeg, orientation):
    """A camera's raw file as far as previews go: TIFF with a main picture's tags and an embedded JPEG in IFD0."""
    make, preview = b"ACME\0\0", jpeg.read_bytes()
    entries = [(254, 4, 1, 1), (256, 4, 1, WIDTH), (257, 4, 1, HEIGHT), (259, 3, 1, 6), (271, 2, 6, None),
               (274, 3, 1, orientation), (513, 4, 1, None), (514, 4, 1, len(preview))]
    data = 8 + 2 + 12 * len(entries) + 4
    values = {271: data, 513: data + len(make)}
    ifd = struct.pack("<H", len(entries)) + b"".join(
        struct.pack("<HHII", tag, kind, count, values.get(tag, value)) for tag, kind, count, value in entries)
    path.write_bytes(b"II*\0" + struct.pack("<I", 8) + ifd + struct.pack("<I", 0) + make + preview)


def pdf(path):
    """A page of 320 by 240 points with the four quarters."""
    drawing = b"".join(b"%.3f %.3f %.3f rg %d %d 160 120 re f\n" % (*(c / 255 for c in colour), x, y)
                       for colour, (x, y) in zip(QUARTERS, ((0, 120), (160, 120), (0, 0), (160, 0))))
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
               b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 320 240] /Contents 4 0 R /Resources << >> >>",
               b"<< /Length %d >>\nstream\n%sendstream" % (len(drawing), drawing)]
    out, offsets = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"xref\n0 5\n0000000000 65535 f \n%strailer << /Size 5 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (table, len(out))
    path.write_bytes(out)


def svg(path):
    rectangles = "".join(f'<rect x="{x}" y="{y}" width="16" height="12" fill="rgb{colour}"/>'
                         for colour, (x, y) in zip(QUARTERS, ((0, 0), (16, 0), (0, 12), (16, 12))))
    path.write_text(f'<svg xmlns="http://www.w3.org/2000/svg" width="32" height="24">{rectangles}</svg>')


def alpha_png(path):
    """Transparent on the left, opaque on the right."""
    rows = (b"\0" + b"".join(bytes(QUARTERS[0]) + bytes([0 if x < WIDTH // 2 else 255]) for x in range(WIDTH))) * HEIGHT

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 6, 0, 0, 0)) +
                     chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


# name -> how `vips` writes it from the base picture: operation, then options.
BY_VIPS = {
    "plain.jpg": ("jpegsave", "--Q", "95"), "plain.png": ("pngsave",), "plain.webp": ("webpsave", "--Q", "95"),
    "plain.tiff": ("tiffsave",), "plain.gif": ("gifsave",), "plain.heic": ("heifsave", "--Q", "90"),
    "plain.avif": ("heifsave", "--compression", "av1", "--Q", "90"), "plain.jxl": ("jxlsave", "--Q", "95"),
    "plain.jp2": ("jp2ksave", "--Q", "95"), "light.hdr": ("radsave",),
}


def make_colours(folder, base, work):
    """The same colours in other spaces. Base is taken for sRGB."""
    def convert(profile, name):
        return work / name if run("vips", "icc_transform", base, work / name, profile, "--input-profile", "srgb") else None

    if p3 := convert("p3", "p3.v"):
        run("vips", "jpegsave", p3, folder / "display p3.jpg", "--Q", "95")
        run("vips", "pngsave", p3, folder / "display p3.png")
    if cmyk := convert("cmyk", "cmyk.v"):
        run("vips", "jpegsave", cmyk, folder / "cmyk.jpg", "--Q", "95")
        run("vips", "tiffsave", cmyk, folder / "cmyk.tiff")
        run("vips", "tiffsave", cmyk, folder / "cmyk without profile.tiff", "--strip")
    for space, name in (("lab", "lab.tiff"), ("rgb16", "16 bit.tiff"), ("rgb16", "16 bit.png"), ("b-w", "grey.tiff")):
        if run("vips", "colourspace", base, work / "space.v", space):
            run("vips", "pngsave" if name.endswith("png") else "tiffsave", work / "space.v", folder / name)


def make_pages(folder, base, work):
    """Two pages, of which the second is all black."""
    if run("vips", "linear", base, work / "black.v", "0", "0", "--uchar") and \
            run("vips", "join", base, work / "black.v", work / "joined.v", "vertical"):
        run("vips", "tiffsave", work / "joined.v", folder / "two pages.tiff", "--page-height", HEIGHT)
        run("vips", "gifsave", work / "joined.v", folder / "moving.gif", "--page-height", HEIGHT)
        run("vips", "webpsave", work / "joined.v", folder / "moving.webp", "--page-height", HEIGHT, "--Q", "95")


def make_recordings(folder, base):
    quiet = ("ffmpeg", "-v", "error", "-y")
    run(*quiet, "-loop", "1", "-i", base, "-t", "1", "-c:v", "mpeg4", "-q:v", "2", folder / "clip.mp4")
    tone = ("-f", "lavfi", "-i", "sine=frequency=440:duration=3,volume='if(lt(t,1.5),0.1,0.9)':eval=frame")
    run(*quiet, *tone, "-c:a", "flac", folder / "tone.flac")
    run(*quiet, *tone, "-c:a", "pcm_s16le", folder / "tone.wav")
    run(*quiet, *tone, "-i", folder / "plain.jpg", "-map", "0", "-map", "1", "-c:v", "copy", "-disposition:v",
        "attached_pic", "-c:a", "libmp3lame", folder / "cover.mp3")


def make(folder):
    """Fills the folder; what this machine's tools cannot write is left out."""
    folder.mkdir(parents=True)
    work = folder.parent / "work"
    work.mkdir()
    base = ppm(work / "base.ppm")
    for name, (operation, *options) in BY_VIPS.items():
        run("vips", operation, base, folder / name, *options)
    make_colours(folder, base, work)
    make_pages(folder, base, work)
    exr(folder / "light.exr")
    psd(folder / "packed.psd", packed=True)
    psd(folder / "plain.psd", packed=False)
    pdf(folder / "page.pdf")
    svg(folder / "drawing.svg")
    alpha_png(folder / "alpha.png")
    raw(folder / "shot.dng", folder / "plain.jpg", orientation=1)
    make_recordings(folder, base)
    for path in folder.iterdir():
        if os.path.getsize(path) == 0:
            path.unlink()
    return folder
