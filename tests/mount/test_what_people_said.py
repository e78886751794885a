# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What people said of a file is heard in whatever file and spelling it stands."""

import json
import subprocess

import pytest

import said
from media import write


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Small media of some kinds."""
    folder = tmp_path_factory.mktemp("made")
    for name in ("a.jpg", "a.mp4"):
        subprocess.run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "color=red:size=16x16:rate=5", "-frames:v", "1", "-pix_fmt",
                        "yuvj420p" if name == "a.jpg" else "yuv420p", str(folder / name)], check=True, stdin=subprocess.DEVNULL)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def told(library, name):
    info = json.loads(library.run("info", name, "--json").stdout)
    return info.get("rating"), set(info["tags"]), info["title"], info["description"]


def test_a_packet_is_heard_in_whatever_carries_it(library, scratch, made):
    xmp = said.packet(said.bag("dc:subject", "sun") + said.alt("dc:title", de="Titel") + said.alt("dc:description", it_IT="ciao"),
                      xmp__Rating="4")
    files = {"a.jpg": said.jpeg(made["a.jpg"], None, xmp), "a.gif": said.gif(xmp), "a.wav": said.wav((b"_PMX", xmp)),
             "a.mp4": made["a.mp4"] + said.uuid_box(xmp), "a.pdf": said.pdf(xmp),
             "a.png": said.png((b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp)),
             "a.jxl": said.jxl(said.box(b"brob", b"xml " + said.stored_brotli(xmp))),
             "a.jp2": said.box(b"jP  ", b"\r\n\x87\n") + said.box(b"ftyp", b"jp2 \0\0\0\0jp2 ") + said.uuid_box(xmp),
             "a.eps": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n" + xmp + b"\nshowpage\n%%EOF\n"}
    for name, body in files.items():
        write(scratch / "card" / name, body)
    library.import_(scratch / "card")
    for name in files:
        assert told(library, name) == (4, {"sun"}, "Titel", "ciao"), name


def test_what_windows_and_players_keep_is_heard(library, scratch, made):
    tags = [(b"WM/Category", 8, (word + "\0").encode("utf-16-le")) for word in ("sun", "sea")]
    files = {"a.mp4": made["a.mp4"] + said.xtra((b"WM/SharedUserRating", 19, (75).to_bytes(8, "little")), *tags[:1])}
    files |= {f"{popularity}.wav": said.wav((b"id3 ", said.id3((b"POPM", b"a@b\0" + bytes([popularity])))))
              for popularity in (0, 1, 64, 128, 196, 255)}
    for name, body in files.items():
        write(scratch / "card" / name, body)
    library.import_(scratch / "card")
    assert told(library, "a.mp4")[:2] == (4, {"sun"})
    assert [told(library, f"{n}.wav")[0] for n in (0, 1, 64, 128, 196, 255)] == [None, 1, 2, 3, 4, 5]


def windows(text):
    body = (text + "\0").encode("utf-16-le")
    return (1, len(body), body)


def test_what_each_program_calls_it_is_known(library, scratch, made):
    files = {
        "windows.jpg": (said.exif({0x9C9B: windows("Titel"), 0x9C9C: windows("ciao"), 0x9C9E: windows("sun;sea"),
                                   0x4749: (3, 1, b"\x4b\0")}), None, None),
        "photo.jpg": (None, said.packet(said.bag("MicrosoftPhoto:LastKeywordXMP", "sun", "sea/deep"),
                                        MicrosoftPhoto__Rating="75"), None),
        "broken.jpg": (None, said.packet("<xmp:Rating>1</xmp:Rating><xmp:Rating>4</xmp:Rating><rdf:li>?</rdf:li><who:x>&amp;</who:x>"
                                         + said.bag("dc:subject", "sun")), None),
        "cp1252.jpg": (None, None, said.iptc((25, b"\x93quoted\x94 \x80"), (5, b"gr\xfcn"))),
        "utf8.jpg": (None, None, said.iptc((25, "grün".encode()), (120, "ciao".encode()))),
    }
    for name, parts in files.items():
        write(scratch / "card" / name, said.jpeg(made["a.jpg"], *parts))
    first, second = (said.packet(said.bag("dc:subject", word)) for word in ("sun", "sea"))
    write(scratch / "card/twice.jpg", said.jpeg(said.jpeg(made["a.jpg"], None, second), None, first))
    library.import_(scratch / "card")
    assert told(library, "twice.jpg")[1] == {"sun", "sea"}
    assert {name: told(library, name) for name in files} == {
        "windows.jpg": (4, {"sun", "sea"}, "Titel", "ciao"), "photo.jpg": (4, {"sun", "sea/deep"}, "", ""),
        "broken.jpg": (4, {"sun"}, "", ""), "cp1252.jpg": (None, {"“quoted” €"}, "grün", ""),
        "utf8.jpg": (None, {"grün"}, "", "ciao")}


def test_a_sidecar_is_read_in_whatever_encoding_it_is(library, scratch, made):
    card = scratch / "card"
    text = said.rdf(said.bag("dc:subject", "grün"), xmp__Rating="4")
    spellings = {"bare": text.encode(), "le": b"\xff\xfe" + text.encode("utf-16-le"), "be": b"\xfe\xff" + text.encode("utf-16-be"),
                 "nomark": text.encode("utf-16-le"), "bom": b"\xef\xbb\xbf" + text.encode(),
                 "latin": b"<?xml version='1.0' encoding='ISO-8859-1'?>\n" + text.encode("latin-1"),
                 "lying": b"<?xml version='1.0' encoding='UTF-8'?>" + text.encode("cp1252")}
    for name, body in spellings.items():
        write(card / f"{name}.jpg", made["a.jpg"] + name.encode())
        write(card / f"{name}.jpg.xmp", body)
    library.import_(card)
    for name in spellings:
        assert told(library, f"{name}.jpg")[:2] == (4, {"grün"}), name


def test_positions_and_people_are_kept(library, scratch, made):
    place = dict(exif__GPSLatitude="48,30.0N", exif__GPSLongitude="11,15.0W")
    xmp = said.packet(said.bag("Iptc4xmpExt:PersonInImage", "Anna"), **place)
    write(scratch / "card/a.jpg", said.jpeg(made["a.jpg"], None, xmp))
    write(scratch / "card/b.jpg", made["a.jpg"])
    write(scratch / "card/b.jpg.xmp", said.packet(**place))
    library.import_(scratch / "card")
    for name in ("b.jpg", "a.jpg"):
        info = json.loads(library.run("info", name, "--json").stdout)
        assert (info["position"]["latitude"], info["position"]["longitude"]) == (48.5, -11.25), name
    assert info["metadata"]["people"] == {"Anna": "somewhere"}
