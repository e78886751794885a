# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a file was taken: the best of all that tells, and which that was."""

import os
import struct
import subprocess
import zlib

import pytest

import said
from media import write

ORIGINAL, DIGITIZED, MODIFIED = 0x9003, 0x9004, 0x0132
GPS = {0x1D: "2017:05:06", 0x07: said.rationals(10, 11, 12)}


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """A small JPEG, of sixteen pixels."""
    path = tmp_path_factory.mktemp("base") / "a.jpg"
    subprocess.run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "color=red:size=16x16", "-frames:v", "1", str(path)],
                   check=True, stdin=subprocess.DEVNULL)
    return path.read_bytes()


def taken(library, folder, **options):
    library.import_(folder, **options)
    return {name: (asset["captured"][:19], asset["date_source"]) for name, asset in library.by_name().items()}


def test_each_rung_tells_where_none_above_it_does(library, scratch, base, monkeypatch):
    monkeypatch.setenv("TZ", "UTC0")
    card = scratch / "card"
    created = said.iptc((55, b"19430607"), (60, b"101112+0000"))
    modified = {MODIFIED: "2018:02:03 04:05:06"}
    files = {
        "all.jpg": said.jpeg(base, said.exif(modified, {ORIGINAL: "2001:01:01 00:00:01", DIGITIZED: "2002:01:01 00:00:01"}, GPS),
                             said.packet(photoshop__DateCreated="2003-01-01"), created),
        "xmp.jpg": said.jpeg(base, said.exif(modified, {DIGITIZED: "2002:01:01 00:00:01"}, GPS),
                             said.packet(photoshop__DateCreated="2003-01-01"), created),
        "iptc.jpg": said.jpeg(base, said.exif(modified, {DIGITIZED: "2002:01:01 00:00:01"}, GPS), None, created),
        "gps.jpg": said.jpeg(base, said.exif(modified, {DIGITIZED: "2002:01:01 00:00:01"}, GPS)),
        "digitized.jpg": said.jpeg(base, said.exif(modified, {DIGITIZED: "2002:01:01 00:00:01"})),
        "sidecar.jpg": said.jpeg(base, said.exif(modified)),
        "sidecar.jpg.xmp": said.packet(exif__DateTimeOriginal="1999-08-07T10:00:00"),
        "modified.jpg": said.jpeg(base, said.exif(modified)),
        "IMG-20200101-WA0001.jpg": base + b"1",
        "PXL_20210102_030405678.jpg": base + b"2",
        "nothing.jpg": base,
        "png.png": said.png((b"tEXt", b"Creation Time\0Wed, 2 Jan 2013 03:04:05 +0000")),
        "packed.png": said.png((b"zTXt", b"CreationTime\0\0" + zlib.compress(b"1999:01:01 00:08:50"))),
        "exv.exv": said.exv(said.exif(photo={ORIGINAL: "2001:01:01 00:00:02"})),
        "jxl.jxl": said.jxl(said.box(b"brob", b"Exif" + said.stored_brotli(bytes(4) + said.exif(
            photo={ORIGINAL: "2001:01:01 00:00:03"})))),
        "scratched.jpg": said.jpeg(base, said.exif(photo={ORIGINAL: "2008w09:08 09:42\x7f29"})),
        "bwf.wav": said.wav(said.bext("2019-08-07", "21:22:23")),
        "list.wav": said.wav((b"LIST", b"INFOICRD" + struct.pack("<I", 10) + b"2005-08-08")),
        "year.wav": said.wav((b"LIST", b"INFOICRD" + struct.pack("<I", 4) + b"1973")),
        "slashes.jpg": said.jpeg(base, said.exif(photo={ORIGINAL: "2019/07/20 10:00:00"})),
        "digits.jpg": said.jpeg(base, said.exif(photo={ORIGINAL: "2019:7:2 9:05:00"})),
        "midnight.jpg": said.jpeg(base, said.exif(photo={ORIGINAL: "2019:07:20 24:00:00"})),
        "year.jpg": said.jpeg(base, None, said.packet(photoshop__DateCreated="1962")),
        "month.jpg": said.jpeg(base, None, said.packet(photoshop__DateCreated="1962:08")),
        "dc.jpg": said.jpeg(base, None, said.packet("<dc:date><rdf:Seq><rdf:li>2009-05-06</rdf:li></rdf:Seq></dc:date>")),
    }
    for name, body in files.items():
        write(card / name, body, mtime_ns=1_000_000_000 * 10**9)
    found = taken(library, card)
    assert {name: found[name] for name in files} == {
        "all.jpg": ("2001-01-01T00:00:01", "exif"), "xmp.jpg": ("2003-01-01T00:00:00", "xmp"),
        "iptc.jpg": ("1943-06-07T10:11:12", "iptc"), "gps.jpg": ("2017-05-06T10:11:12", "gps"),
        "digitized.jpg": ("2002-01-01T00:00:01", "exif-digitized"), "sidecar.jpg": ("1999-08-07T10:00:00", "sidecar"),
        "sidecar.jpg.xmp": ("1999-08-07T10:00:00", "xmp"), "modified.jpg": ("2018-02-03T04:05:06", "exif-modified"),
        "IMG-20200101-WA0001.jpg": ("2020-01-01T00:00:00", "name"), "PXL_20210102_030405678.jpg": ("2021-01-02T03:04:05", "name"),
        "nothing.jpg": ("2001-09-09T01:46:40", "mtime"), "png.png": ("2013-01-02T03:04:05", "png"),
        "packed.png": ("1999-01-01T00:08:50", "png"), "exv.exv": ("2001-01-01T00:00:02", "exif"),
        "jxl.jxl": ("2001-01-01T00:00:03", "exif"), "scratched.jpg": ("2008-09-08T09:42:29", "exif"),
        "bwf.wav": ("2019-08-07T21:22:23", "bext"), "list.wav": ("2005-08-08T00:00:00", "container"),
        "year.wav": ("2001-09-09T01:46:40", "mtime"), "slashes.jpg": ("2019-07-20T10:00:00", "exif"),
        "digits.jpg": ("2019-07-02T09:05:00", "exif"), "midnight.jpg": ("2019-07-20T00:00:00", "exif"),
        "year.jpg": ("1962-01-01T00:00:00", "xmp"), "month.jpg": ("1962-08-01T00:00:00", "xmp"),
        "dc.jpg": ("2009-05-06T00:00:00", "xmp")}


def clip(path, *tags):
    path.parent.mkdir(exist_ok=True)
    argv = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "color=red:size=16x16:rate=5:duration=1", "-movflags", "use_metadata_tags"]
    subprocess.run([*argv, *(part for tag in tags for part in ("-metadata", tag)), str(path)], check=True, stdin=subprocess.DEVNULL)


def test_what_is_told_in_utc_belongs_to_the_local_day(library, scratch, base, monkeypatch):
    monkeypatch.setenv("TZ", "America/New_York")
    utc, card = "creation_time=2023-01-01T01:30:00Z", scratch / "card"
    clip(card / "here.mov", utc)
    clip(card / "told.mov", utc, "com.apple.quicktime.creationdate=2023-01-01T10:30:00+0900")
    clip(card / "there.mov", utc, "com.apple.quicktime.location.ISO6709=+35.6+139.7/")
    clip(card / "here.mkv", utc)
    clip(card / "sony.mov", utc)
    with open(card / "sony.mov", "ab") as file:
        file.write(said.box(b"meta", bytes(4) + said.box(b"xml ", b'<NonRealTimeMeta><CreationDate value="2023-01-01T03:30:00+02:00"/>')))
    write(card / "PXL_20230101_013000000.jpg", base)
    evening = ("2022-12-31T20:30:00", "quicktime")
    assert taken(library, card) == {
        "here.mov": evening, "told.mov": ("2023-01-01T10:30:00", "quicktime"), "there.mov": ("2023-01-01T10:30:00", "quicktime"),
        "sony.mov": ("2023-01-01T03:30:00", "quicktime"),
        "here.mkv": ("2022-12-31T20:30:00", "container"), "PXL_20230101_013000000.jpg": ("2022-12-31T20:30:00", "name")}


def test_settings_name_the_time_zone_and_leave_names_alone(library, scratch, base, monkeypatch):
    monkeypatch.setenv("TZ", "UTC0")
    library.configure("dates", timezone='"EST5EDT"', from_names="false")
    card = scratch / "card"
    clip(card / "a.mov", "creation_time=2023-01-01T01:30:00Z")
    write(card / "IMG-20200101-WA0001.jpg", base, mtime_ns=0)
    assert taken(library, card) == {"a.mov": ("2022-12-31T20:30:00", "quicktime"),
                                    "IMG-20200101-WA0001.jpg": ("1969-12-31T19:00:00", "mtime")}
    for setting in ('"Europe/Nowhere"', "1"):
        library.configure("dates", timezone=setting)
        assert "dates.timezone must be a time zone" in library.run("status", expect=1).stderr


def test_a_sidecar_dates_its_file_whenever_it_comes(drive, base):
    photo, sidecar = drive.originals / "a.jpg", drive.originals / "a.jpg.xmp"
    photo.write_bytes(base)
    os.utime(photo, (10**9, 10**9))
    assert os.path.exists(drive / "by-date/2001/2001-09-09/a.jpg")
    sidecar.write_bytes(said.packet(photoshop__DateCreated="1999-08-07"))
    for _ in range(100):
        if os.path.exists(drive / "by-date/1999/1999-08-07/a.jpg"):
            break
        drive.run("sleep", "0.05")
    assert os.path.exists(drive / "by-date/1999/1999-08-07/a.jpg")
    assert not os.path.exists(drive / "by-date/2001/2001-09-09/a.jpg")
    os.utime(photo, (10**9 + 10**6, 10**9 + 10**6))
    assert os.path.exists(drive / "by-date/1999/1999-08-07/a.jpg"), "the file's time is the last to ask"
