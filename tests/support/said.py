# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Metadata as programs write it, and the files that carry it, byte by byte."""

import struct
import zlib

NAMESPACES = {"rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#", "xmp": "http://ns.adobe.com/xap/1.0/",
              "dc": "http://purl.org/dc/elements/1.1/", "photoshop": "http://ns.adobe.com/photoshop/1.0/",
              "exif": "http://ns.adobe.com/exif/1.0/", "lr": "http://ns.adobe.com/lightroom/1.0/",
              "digiKam": "http://www.digikam.org/ns/1.0/", "MicrosoftPhoto": "http://ns.microsoft.com/photo/1.0/",
              "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"}


def bag(name, *items):
    return f"<{name}><rdf:Bag>{''.join(f'<rdf:li>{item}</rdf:li>' for item in items)}</rdf:Bag></{name}>"


def alt(name, **by_language):
    items = "".join(f'<rdf:li xml:lang="{lang.replace("_", "-")}">{text}</rdf:li>' for lang, text in by_language.items())
    return f"<{name}><rdf:Alt>{items}</rdf:Alt></{name}>"


def rdf(inside="", **properties):
    """A bare rdf:RDF; `properties` as exif__DateTimeOriginal="…"."""
    spaces = "".join(f' xmlns:{prefix}="{uri}"' for prefix, uri in NAMESPACES.items())
    plain = "".join(f"<{name.replace('__', ':')}>{text}</{name.replace('__', ':')}>" for name, text in properties.items())
    return f'<rdf:RDF{spaces}><rdf:Description rdf:about="">{plain}{inside}</rdf:Description></rdf:RDF>'


def packet(inside="", **properties):
    return ("<?xpacket begin='\ufeff' id='W5M0MpCehiHzreSzNTczkc9d'?><x:xmpmeta xmlns:x='adobe:ns:meta/'>"
            f"{rdf(inside, **properties)}</x:xmpmeta><?xpacket end='w'?>").encode()


def _ifd(tags, at, following=b""):
    """`tags`: number -> text or (type, count, value bytes); bytes of the directory that stands at `at`."""
    data_at = at + 2 + 12 * len(tags) + 4
    entries, data = b"", b""
    for number, value in sorted(tags.items()):
        kind, count, body = value if isinstance(value, tuple) else (2, len(value) + 1, value.encode() + b"\0")
        if len(body) > 4:
            entries += struct.pack("<HHII", number, kind, count, data_at + len(data))
            data += body + b"\0" * (len(body) % 2)
        else:
            entries += struct.pack("<HHI", number, kind, count) + body.ljust(4, b"\0")
    return struct.pack("<H", len(tags)) + entries + struct.pack("<I", 0) + data + following


def exif(image=None, photo=None, gps=None):
    """A TIFF block with an image's own tags, Exif's and GPS's."""
    image, parts = dict(image or {}), {0x8769: photo, 0x8825: gps}
    for pointer, tags in parts.items():
        if tags:
            image[pointer] = (4, 1, b"\0\0\0\0")
    end = 8 + len(_ifd(image, 8))
    behind = b""
    for pointer, tags in parts.items():
        if tags:
            image[pointer] = (4, 1, struct.pack("<I", end + len(behind)))
            behind += _ifd(tags, end + len(behind))
    return b"II*\0" + struct.pack("<I", 8) + _ifd(image, 8) + behind


def rationals(*numbers):
    return (5, len(numbers), b"".join(struct.pack("<II", number, 1) for number in numbers))


def iptc(*fields):
    """(number, bytes) of the application record."""
    records = b"".join(b"\x1c\x02" + bytes([number]) + struct.pack(">H", len(value)) + value for number, value in fields)
    block = b"8BIM\x04\x04\0\0" + struct.pack(">I", len(records)) + records + b"\0" * (len(records) % 2)
    return b"Photoshop 3.0\0" + block


def jpeg(base, exif_block=None, xmp=None, iptc_block=None):
    """The JPEG `base` with these segments in front."""
    segment = lambda marker, body: b"\xff" + bytes([marker]) + struct.pack(">H", len(body) + 2) + body  # noqa: E731
    out = b""
    if exif_block:
        out += segment(0xE1, b"Exif\0\0" + exif_block)
    if xmp:
        out += segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + xmp)
    if iptc_block:
        out += segment(0xED, iptc_block)
    return base[:2] + out + base[2:]


def png(*chunks):
    """One pixel, and chunks (type, body) behind it."""
    chunk = lambda kind, body: struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))  # noqa: E731
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(b"\0\0")) + b"".join(chunk(*c) for c in chunks) + chunk(b"IEND", b""))


def gif(xmp):
    return (b"GIF89a\1\0\1\0\x80\0\0\0\0\0\xff\xff\xff!\xff\x0bXMP DataXMP" + xmp + b"\1" + bytes(range(255, -1, -1)) + b"\0"
            + b",\0\0\0\0\1\0\1\0\0\2\2D\1\0;")


def wav(*chunks):
    body = b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, 8000, 16000, 2, 16)
    for kind, data in (*chunks, (b"data", b"\0\0" * 800)):
        body += kind + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def bext(day, clock):
    return (b"bext", bytes(256 + 32 + 32) + day.encode() + clock.encode() + bytes(8 + 2 + 254))


def pdf(xmp):
    objects = [b"<</Type/Catalog/Pages 2 0 R/Metadata 4 0 R>>", b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
               b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 72 72]>>",
               b"<</Type/Metadata/Subtype/XML/Length %d>>\nstream\n%s\nendstream" % (len(xmp), xmp)]
    out, offsets = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    return (out + b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1) + table
            + b"trailer<</Root 1 0 R/Size %d>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, len(out)))


def box(kind, body):
    return struct.pack(">I", len(body) + 8) + kind + body


def xtra(*entries):
    """The box in which Windows keeps words: (name, type, value bytes)."""
    body = b""
    for name, kind, value in entries:
        inside = struct.pack(">I", len(name)) + name + struct.pack(">IIH", 1, len(value) + 6, kind) + value
        body += struct.pack(">I", len(inside) + 4) + inside
    return box(b"moov", box(b"udta", box(b"Xtra", body)))


def stored_brotli(data):
    """Brotli that made nothing smaller."""
    return (((len(data) - 1) << 4) | 1 << 20).to_bytes(3, "little") + data + b"\3"


def jxl(*boxes):
    """Of a JPEG XL its boxes, without pixels."""
    return box(b"JXL ", b"\r\n\x87\n") + box(b"ftyp", b"jxl \0\0\0\0jxl ") + b"".join(boxes) + box(b"jxlc", b"\xff\n\0")


def id3(*frames):
    body = b"".join(name + struct.pack(">IH", len(value), 0) + value for name, value in frames)
    return b"ID3\3\0\0" + bytes(len(body) >> shift & 0x7F for shift in (21, 14, 7, 0)) + body


def exv(exif_block):
    """exiv2's own file of metadata alone."""
    body = b"Exif\0\0" + exif_block
    return b"\xff\x01Exiv2\xff\xe1" + struct.pack(">H", len(body) + 2) + body + b"\xff\xd9"


def asf(xmp):
    def thing(name, body):
        return bytes.fromhex(name) + struct.pack("<Q", len(body) + 24) + body

    return thing("3026b2758e66cf11a6d900aa0062ce6c", bytes(6)) + thing("cbcf7abea997e8429c71999491e3afac", xmp)


def uuid_box(xmp):
    return box(b"uuid", bytes.fromhex("be7acfcb97a942e89c71999491e3afac") + xmp)
