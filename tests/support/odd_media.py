# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files as cameras and programs really write them, each odd in one way, and all of one picture: red, green, blue and yellow
quarters."""

import gzip
import struct
import subprocess
import zlib

WIDTH, HEIGHT = 64, 48
RED, GREEN, BLUE, YELLOW = (230, 20, 20), (20, 200, 20), (20, 20, 230), (230, 220, 20)


def rows():
    """The picture's rows from the top, of (r, g, b)."""
    return [[(RED if x < WIDTH // 2 else GREEN) if y < HEIGHT // 2 else (BLUE if x < WIDTH // 2 else YELLOW)
             for x in range(WIDTH)] for y in range(HEIGHT)]


def ffmpeg(*argv):
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", *map(str, argv)], check=True)


def ppm(path):
    path.write_bytes(b"P6 %d %d 255\n" % (WIDTH, HEIGHT) + bytes(v for row in rows() for p in row for v in p))
    return path


def bmp(path):
    pixels = b"".join(bytes((b, g, r)) for row in reversed(rows()) for r, g, b in row)
    path.write_bytes(struct.pack("<2sIII", b"BM", 54 + len(pixels), 0, 54) +
                     struct.pack("<IiiHHIIiiII", 40, WIDTH, HEIGHT, 1, 24, 0, len(pixels), 0, 0, 0, 0) + pixels)


def masked_bmp(path, masks=(0xFF000000, 0x3FF00, 0xFF, 0)):
    """A bitmap whose colours stand where only its masks tell, one of them of ten bits."""
    def pixel(values):
        sizes = [(mask >> (mask & -mask).bit_length() - 1) for mask in masks[:3]]
        return sum((value * most // 255) << (mask & -mask).bit_length() - 1 for value, most, mask in zip(values, sizes, masks))

    pixels = b"".join(struct.pack("<I", pixel(p)) for row in reversed(rows()) for p in row)
    head = struct.pack("<IiiHHIIiiII", 56, WIDTH, HEIGHT, 1, 32, 3, len(pixels), 0, 0, 0, 0) + struct.pack("<4I", *masks)
    path.write_bytes(struct.pack("<2sIII", b"BM", 70 + len(pixels), 0, 70) + head + pixels)


def ico(path, png_bytes=None):
    """An icon of two pictures: a grey one of 16 by 16, and this one, as a bitmap with its mask or as a PNG."""
    def picture(width, height, lines):
        mask = bytes((width + 31) // 32 * 4 * height)
        body = b"".join(bytes((b, g, r, 255)) for row in reversed(lines) for r, g, b in row) + mask
        return struct.pack("<IiiHHIIiiII", 40, width, height * 2, 1, 32, 0, len(body), 0, 0, 0, 0) + body

    small = picture(16, 16, [[(128, 128, 128)] * 16] * 16)
    large = png_bytes or picture(WIDTH, HEIGHT, rows())
    at = 6 + 2 * 16
    entry = "<BBBBHHII"
    path.write_bytes(struct.pack("<HHH", 0, 1, 2) + struct.pack(entry, 16, 16, 0, 0, 1, 32, len(small), at) +
                     struct.pack(entry, WIDTH, HEIGHT, 0, 0, 1, 32, len(large), at + len(small)) + small + large)


def xpm(path):
    letters = {RED: "r", GREEN: "g", BLUE: "b", YELLOW: "y"}
    lines = [f"{WIDTH} {HEIGHT} 4 1"] + [f"{letter} c #{'%02X%02X%02X' % colour}" for colour, letter in letters.items()]
    lines += ["".join(letters[p] for p in row) for row in rows()]
    path.write_text("/* XPM */\nstatic char * a[] = {\n" + ",\n".join(f'"{line}"' for line in lines) + "};\n")


def fits(path):
    """Light of one colour, the darker half on the left."""
    cards = ["SIMPLE  =                    T", "BITPIX  =                    8", "NAXIS   =                    2",
             f"NAXIS1  = {WIDTH:20}", f"NAXIS2  = {HEIGHT:20}", "END"]
    body = bytes(v for _ in range(HEIGHT) for x in range(WIDTH) for v in [40 if x < WIDTH // 2 else 200])
    path.write_bytes("".join(card.ljust(80) for card in cards).ljust(2880).encode() + body.ljust(-(-len(body) // 2880) * 2880, b"\0"))


def tga(path, from_top):
    order = rows() if from_top else list(reversed(rows()))
    path.write_bytes(struct.pack("<BBBHHBHHHHBB", 0, 0, 2, 0, 0, 0, 0, 0, WIDTH, HEIGHT, 24, 0x20 if from_top else 0) +
                     b"".join(bytes((b, g, r)) for row in order for r, g, b in row))


def dds(path):
    head = struct.pack("<4sIIIIIII44x", b"DDS ", 124, 0x100F, HEIGHT, WIDTH, WIDTH * 4, 0, 0)
    head += struct.pack("<IIIIIIII", 32, 0x41, 0, 32, 0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    head += struct.pack("<IIIII", 0x1000, 0, 0, 0, 0)
    path.write_bytes(head + b"".join(bytes((b, g, r, 255)) for row in rows() for r, g, b in row))


def pfm(path):
    """Floats of light; the darker half of the picture is sRGB's middle grey."""
    body = b"".join(struct.pack("<fff", *((0.2,) * 3 if x < WIDTH // 2 else (1.0,) * 3))
                    for _ in range(HEIGHT) for x in range(WIDTH))
    path.write_bytes(b"PF\n%d %d\n-1.0\n" % (WIDTH, HEIGHT) + body)


def tiff(path, entries, body):
    """A TIFF of one strip; `entries` are (tag, type, values), the strip's place and size come by themselves."""
    entries = sorted([*entries, (273, 4, [0]), (279, 4, [len(body)])])
    packs = {1: "B", 2: "B", 3: "H", 4: "I", 5: "I", 10: "i"}
    sizes = {tag: struct.calcsize(f"<{len(values)}{packs[kind]}") for tag, kind, values in entries}
    at = 8 + 2 + 12 * len(entries) + 4
    place = at + sum(size for size in sizes.values() if size > 4)
    head, tail = b"", b""
    for tag, kind, values in entries:
        packed = struct.pack(f"<{len(values)}{packs[kind]}", *([place] if tag == 273 else values))
        count = len(values) // 2 if kind in (5, 10) else len(values)
        head += struct.pack("<HHI", tag, kind, count)
        if len(packed) <= 4:
            head += packed.ljust(4, b"\0")
        else:
            head += struct.pack("<I", at + len(tail))
            tail += packed
    path.write_bytes(struct.pack("<2sHIH", b"II", 42, 8, len(entries)) + head + bytes(4) + tail + body)


def half_tiff(path):
    """Light: half of the picture is sRGB's middle grey, the other white."""
    body = b"".join(struct.pack("<eee", *((0.2,) * 3 if x < WIDTH // 2 else (1.0,) * 3))
                    for _ in range(HEIGHT) for x in range(WIDTH))
    tiff(path, [(256, 3, [WIDTH]), (257, 3, [HEIGHT]), (258, 3, [16] * 3), (259, 3, [1]), (262, 3, [2]), (277, 3, [3]),
                (278, 3, [HEIGHT]), (339, 3, [3] * 3)], body)


def subsampled_tiff(path):
    """Colours at a quarter of the pixels: of each two by two, four of light and two of colour."""
    def ycc(r, g, b):
        light = 0.299 * r + 0.587 * g + 0.114 * b
        return [min(255, max(0, round(v))) for v in (light, 128 + (b - light) * 0.564, 128 + (r - light) * 0.713)]

    body = b""
    for y in range(0, HEIGHT, 2):
        for x in range(0, WIDTH, 2):
            light, blue, red = ycc(*rows()[y][x])
            body += bytes([light] * 4 + [blue, red])
    tiff(path, [(256, 3, [WIDTH]), (257, 3, [HEIGHT]), (258, 3, [8, 8, 8]), (259, 3, [1]), (262, 3, [6]), (277, 3, [3]),
                (278, 3, [HEIGHT]), (284, 3, [1]), (530, 3, [2, 2]), (531, 3, [1]),
                (532, 5, [0, 1, 255, 1, 128, 1, 255, 1, 128, 1, 255, 1])], body)


def dng(path, scale=6):
    """A sensor's own numbers, of the quarters, without any preview."""
    width, height = WIDTH * scale, HEIGHT * scale
    picture = rows()
    body = bytearray()
    for y in range(height):
        for x in range(width):
            colour = picture[y // scale][x // scale]
            channel = (0, 1, 1, 2)[(y & 1) * 2 + (x & 1)]
            linear = (colour[channel] / 255) ** 2.2
            body += struct.pack("<H", int(linear * 60000))
    identity = [1, 1, 0, 1, 0, 1, 0, 1, 1, 1, 0, 1, 0, 1, 0, 1, 1, 1]
    tiff(path, [(254, 4, [0]), (256, 4, [width]), (257, 4, [height]), (258, 3, [16]), (259, 3, [1]), (262, 3, [32803]),
                (271, 2, list(b"Damfs\0")), (272, 2, list(b"Test\0")), (274, 3, [1]), (277, 3, [1]), (278, 4, [height]),
                (284, 3, [1]), (33421, 3, [2, 2]), (33422, 1, [0, 1, 1, 2]), (50706, 1, [1, 4, 0, 0]),
                (50708, 2, list(b"Damfs Test\0")), (50717, 4, [60000]), (50721, 10, identity),
                (50728, 5, [1, 1, 1, 1, 1, 1]), (50778, 3, [21])], bytes(body))


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(path, pixels, before=b"", behind=b""):
    """`pixels` are rows of (r, g, b)."""
    raw = b"".join(b"\0" + bytes(v for p in row for v in p) for row in pixels)
    head = struct.pack(">IIBBBBB", len(pixels[0]), len(pixels), 8, 2, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + before + chunk(b"IDAT", zlib.compress(raw)) + behind +
                     chunk(b"IEND", b""))


def exif_orientation(value):
    return struct.pack("<2sHIHHHIHHI", b"II", 42, 8, 1, 0x112, 3, 1, value, 0, 0)


def profile(space):
    """An ICC profile's head without anything in it, for colours of that space."""
    return struct.pack(">I", 132) + b"lcms\x04\x30\0\0mntr" + space + b"XYZ " + bytes(12) + b"acsp" + bytes(88) + bytes(4)


def svgz(path):
    drawing = '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="30"><rect width="40" height="30" fill="red"/></svg>'
    path.write_bytes(gzip.compress(drawing.encode()))


def boxes(data):
    """The outermost ones of an MP4: [(type, bytes)]."""
    found, at = [], 0
    while at < len(data):
        size = int.from_bytes(data[at:at + 4], "big")
        found.append((data[at + 4:at + 8], data[at:at + size]))
        at += size
    return found


def mp4_of_brand(data, brand):
    return data[:8] + brand + data[12:]


def with_matrix(data, a, b, c, d):
    """An MP4 whose one track is shown through that matrix."""
    at = data.index(b"tkhd") + 4 + 40
    one = 1 << 16
    numbers = struct.pack(">9i", a * one, b * one, 0, c * one, d * one, 0, 0, 0, 1 << 30)
    return data[:at] + numbers + data[at + 36:]


def broadcast_wave(path, first_sample):
    pcm = bytes(2 * 48000)
    bext = bytes(256 + 32 + 32) + b"2019-08-0721:22:23" + struct.pack("<QH", first_sample, 1) + bytes(254)
    body = b"WAVE" + b"bext" + struct.pack("<I", len(bext)) + bext
    body += b"fmt " + struct.pack("<IHHIIHH", 16, 1, 1, 48000, 96000, 2, 16) + b"data" + struct.pack("<I", len(pcm)) + pcm
    path.write_bytes(b"RIFF" + struct.pack("<I", len(body)) + body)
