# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files made to hurt whatever looks at them. All are written here, byte by byte or from sound ones of the demo folder."""

import io
import struct
import subprocess
import tempfile
import zipfile
import zlib

HUGE = 100_000


def png(width, height, rows, interlace=0, end=True):
    """Greyscale; `rows` is what the decoder is to find after inflating, as chunks of bytes."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    deflate = zlib.compressobj(9)
    data = b"".join(deflate.compress(row) for row in rows) + deflate.flush()
    out = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, interlace))
    return out + chunk(b"IDAT", data) + (chunk(b"IEND", b"") if end else b"")


def gif(frames, width=4000, height=4000):
    """Animated, each frame a large picture in a few bytes; it has no end."""
    out = b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + bytes(6)
    out += b"!\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x00"
    # One code of "clear" and one pixel; the rest of the frame is never told.
    frame = b"!\xf9\x04\x00\x00\x00\x00\x00," + struct.pack("<HHHHB", 0, 0, width, height, 0) + b"\x02\x02\x44\x01\x00"
    return out + frame * frames


def tiff(width, height, next_directory, strip_bytes=16, tag_count=None, data=None):
    """Little endian, one strip; `next_directory` 8 is this same directory again."""
    tags = [(256, 4, width), (257, 4, height), (258, 3, 8), (259, 3, 1), (262, 3, 1), (273, 4, 0), (277, 3, 1),
            (278, 4, height), (279, 4, strip_bytes)]
    data_at = 8 + 2 + 12 * len(tags) + 4
    entries = b"".join(struct.pack("<HHII", tag, kind, 1, data_at if tag == 273 else value) for tag, kind, value in tags)
    return (b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", tag_count or len(tags)) + entries +
            struct.pack("<I", next_directory) + (bytes(strip_bytes) if data is None else data))


def jpeg_of_size(sound, width, height):
    """A sound JPEG whose header claims another size."""
    at = next(i for i in range(2, len(sound)) if sound[i] == 0xFF and sound[i + 1] in (0xC0, 0xC1, 0xC2))
    return sound[:at + 5] + struct.pack(">HH", height, width) + sound[at + 9:]


def box(kind, *parts):
    data = b"".join(parts)
    return struct.pack(">I", 8 + len(data)) + kind + data


def find_boxes(data, kind):
    at = data.find(kind)
    while at > 0:
        yield at
        at = data.find(kind, at + 4)


def mp4_with_counts(sound, tables, count=2**31 - 1):
    """A sound MP4 whose tables claim so many entries."""
    broken = bytearray(sound)
    for kind in tables:
        for at in find_boxes(sound, kind):
            where = at + (12 if kind == b"stsz" else 8)
            broken[where:where + 4] = struct.pack(">I", count)
    return bytes(broken)


def nested_boxes(depth):
    inner = b""
    for _ in range(depth):
        inner = box(b"moov", inner)
    return box(b"ftyp", b"isom", bytes(4), b"isom") + inner


def nested_matroska(depth):
    """Tags within tags (each of unknown length) within a segment."""
    unknown = b"\x01" + b"\xff" * 7
    head = b"\x1a\x45\xdf\xa3\x8b\x42\x82\x88matroska"
    return head + b"\x18\x53\x80\x67" + unknown + b"\x12\x54\xc3\x67" + unknown + \
        (b"\x73\x73" + unknown + b"\x67\xc8" + unknown) * depth


SVG = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="400" height="400">{}</svg>'


def billion_laughs():
    levels = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    return (f'<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY l0 "ha">{levels}]>' +
            SVG.format('<text y="50">&l9;</text>')).encode()


def reused_drawing():
    """Each group shows the one before ten times."""
    groups = '<g id="g0"><rect width="9" height="9"/></g>'
    groups += "".join(f'<g id="g{n}">' + f'<use xlink:href="#g{n - 1}"/>' * 10 + "</g>" for n in range(1, 12))
    return SVG.format(groups).encode()


def linking_drawing(path):
    """Wants to show a picture that lies on the machine, in each way that SVG has to say so."""
    links = "".join(f'<image width="400" height="400" xlink:href="{link}"/><use xlink:href="{link}#a"/>'
                    for link in (f"file://{path}", path, f"..{path}", f"../../../..{path}"))
    return SVG.format(f'<rect width="400" height="400" fill="white"/>{links}').encode()


def quoting_drawing(path):
    """Wants to show the words of a file that lies on the machine."""
    return (f'<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY file SYSTEM "file://{path}">]>' +
            SVG.format('<rect width="400" height="400" fill="white"/><text y="50">&file;</text>')).encode()


def pdf(media_box, content=b"", kids="[3 0 R]", count=1, extra=b""):
    objects = [b"<</Type/Catalog/Pages 2 0 R>>", f"<</Type/Pages/Kids{kids}/Count {count}>>".encode(),
               f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 {media_box}]/Contents 4 0 R>>".encode(),
               b"<</Length %d/Filter/FlateDecode>>stream\n" % len(content) + content + b"\nendstream"]
    body = b"".join(b"%d 0 obj%bendobj\n" % (n, text) for n, text in enumerate(objects, 1))
    return b"%PDF-1.4\n" + body + extra + b"trailer<</Root 1 0 R/Size 5>>\nstartxref\n0\n%%EOF\n"


def zip_bomb():
    """A quarter of a gigabyte of zeros in a quarter of a megabyte, called a texture."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        with archive.open("wood_Roughness_2k.png", "w") as member:
            for _ in range(256):
                member.write(bytes(1 << 20))
        archive.writestr("wood_BaseColor_2k.png", b"x")
    return out.getvalue()


def heic(sound_jpeg):
    """As HEIC; None where the system's libheif does not write it."""
    with tempfile.TemporaryDirectory() as folder:
        with open(f"{folder}/a.jpg", "wb") as file:
            file.write(sound_jpeg)
        done = subprocess.run(["vips", "heifsave", f"{folder}/a.jpg", f"{folder}/a.heic"], capture_output=True)
        if done.returncode != 0:
            return None
        with open(f"{folder}/a.heic", "rb") as file:
            return file.read()


def heic_of_size(sound, width, height):
    """Its image claims another size, as JPEG's above."""
    broken = bytearray(sound)
    for at in find_boxes(sound, b"ispe"):
        broken[at + 8:at + 16] = struct.pack(">II", width, height)
    return bytes(broken)


def truncated(sound, part):
    return sound[:int(len(sound) * part)]


def pictures(demo):
    """Raster formats: {name: bytes}."""
    jpeg = (demo / "no camera.jpg").read_bytes()
    webp = (demo / "graphics/hills.webp").read_bytes()
    row = bytes(20_001)
    return {
        "claims.png": png(HUGE, HUGE, [b"\0" * 100]),
        "inflates.png": png(20_000, 20_000, (row for _ in range(20_000))),
        "inflates interlaced.png": png(20_000, 20_000, (row for _ in range(20_000)), interlace=1),
        "no end.png": png(500, 500, [bytes(1000)], end=False),
        "endless.gif": gif(20_000),
        "claims.gif": gif(1, 65_535, 65_535),
        "cycle.tiff": tiff(500, 500, 8, strip_bytes=500 * 500),
        "claims.tiff": tiff(HUGE, HUGE, 0),
        "claims a strip.tiff": tiff(500, 500, 0, strip_bytes=2**31 - 1 - 138, data=b""),
        "claims tags.tiff": tiff(500, 500, 0, tag_count=65_535),
        "claims.jpg": jpeg_of_size(jpeg, 65_535, 65_535),
        "truncated.jpg": truncated(jpeg, 0.4),
        "truncated.webp": truncated(webp, 0.6),
        "claims.webp": webp[:12] + b"VP8X" + struct.pack("<I", 10) + bytes(4) + b"\xff\xff\xff" * 2 + webp[12:],
    }


def phone_pictures(demo):
    sound = heic((demo / "no camera.jpg").read_bytes())
    if sound is None:
        return {}
    return {"truncated.heic": truncated(sound, 0.5), "claims.heic": heic_of_size(sound, HUGE, HUGE)}


def drawings_and_documents():
    boundless = zlib.compress(b"0 0 m 9 9 l S\n" * 2_000_000, 9)
    return {
        "billion laughs.svg": billion_laughs(),
        "reused.svg": reused_drawing(),
        "claims.svg": SVG.format("").replace('"400"', '"1000000"').encode(),
        "claims.pdf": pdf("1000000 1000000"),
        "inflates.pdf": pdf("400 400", boundless),
        "cycle.pdf": pdf("400 400", kids="[2 0 R]", count=2**31 - 1),
    }


def recordings(demo):
    mp4 = (demo / "video/phone portrait.mp4").read_bytes()
    return {
        "counts.mp4": mp4_with_counts(mp4, [b"stsz", b"stts", b"stsc", b"stco", b"ctts", b"stss"]),
        "sizes.mp4": mp4_with_counts(mp4, [b"stsz"]),
        "truncated.mp4": truncated(mp4, 0.5),
        "nested.mp4": nested_boxes(20_000),
        "nested.mkv": nested_matroska(20_000),
    }


def write_corpus(folder, demo):
    """Writes them all; gives their names."""
    folder.mkdir(parents=True, exist_ok=True)
    corpus = {**pictures(demo), **phone_pictures(demo), **drawings_and_documents(), **recordings(demo), "bomb.zip": zip_bomb()}
    for name, data in corpus.items():
        (folder / name).write_bytes(data)
    return sorted(corpus)
