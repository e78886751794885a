# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What exiftool, ffprobe and ImageMagick say of files, in the words in which damfs tells it.

A judge is asked for what a fact means, not for a field: a date to the precision in which it is written, in UTC where the
container says so; a size as the picture is shown; tags by the words that stand in their trees.
"""

import json
import os
import re
import subprocess
import tempfile
from datetime import datetime, timedelta
from fractions import Fraction

BATCH = 200
EXIFTOOL = ("exiftool", "-j", "-n", "-q", "-q", "-api", "largefilesupport=1", "-G0:1:4", "-a")
# What said when it was taken, as exiftool names it, in the order in which it is believed. "UTC": the container's clock.
TAKEN = (("EXIF:DateTimeOriginal", ""), ("MakerNotes:DateTimeOriginal", ""), ("XMP-exif:DateTimeOriginal", ""),
         ("XMP-photoshop:DateCreated", ""), ("XMP-xmpDM:ShotDate", ""), ("IPTC:DateCreated", "IPTC:TimeCreated"),
         ("Composite:GPSDateTime", "UTC"), ("EXIF:CreateDate", ""), ("XMP-exif:DateTimeDigitized", ""),
         ("XMP-xmp:CreateDate", ""), ("XML-xmp:CreateDate", ""), ("XMP-dc:Date", ""), ("IPTC:DigitalCreationDate", "IPTC:DigitalCreationTime"),
         ("QuickTime:CreationDate", ""), ("QuickTime:ContentCreateDate", ""), ("QuickTime:CreateDate", "UTC"),
         ("H264:DateTimeOriginal", ""), ("RIFF:DateTimeOriginal", ""), ("RIFF:DateCreated", ""),
         ("Matroska:DateTimeOriginal", ""), ("ASF:CreationDate", ""), ("MXF:CreateDate", ""), ("Vorbis:Date", ""),
         ("ID3:RecordingTime", ""), ("PNG:CreationTime", ""), ("EXIF:ModifyDate", ""))
WORDS = ("XMP:Subject", "IPTC:Keywords", "QuickTime:Keyword", "Microsoft:Category")
LISTS = ("XMP:Keywords", "PDF:Keywords", "EXIF:XPKeywords")  # several in one text
TREES = ("XMP:HierarchicalSubject", "XMP:TagsList", "XMP:LastKeywordXMP", "XMP:LastKeywordIPTC", "XMP:CatalogSets")
LEVELS = tuple(f"XMP:HierarchicalKeywords{n}" for n in range(1, 7))
DATE = re.compile(r"\s*(\d{4})\D?(\d\d)\D?(\d\d)(?:[T :]+(\d\d)\D?(\d\d)(?::?(\d\d))?(?:\.\d+)?\s*(Z|[+-]\d\d:?\d\d)?)?")
TURNED_BY_BOXES = ("image/heic", "image/heif", "image/avif")
UNITS = {"": 1, "px": 1, "pt": 1, "mm": 72 / 25.4, "cm": 72 / 2.54, "in": 72, "pc": 12}


class Told:
    """What exiftool says of one file: every value of a name, those of the first page and of its own choice in front."""

    def __init__(self, pairs):
        self.values = {}
        for name, value in sorted(pairs, key=lambda pair: (":IFD0:" not in pair[0], ":Copy" in pair[0])):
            parts = name.split(":")
            for group in dict.fromkeys((parts[0], parts[1] if len(parts) > 2 else parts[0])):
                self.values.setdefault(f"{group}:{parts[-1]}", []).append(value)

    def all(self, name):
        found = []
        for value in self.values.get(name, []):
            found += [str(each) for each in value] if isinstance(value, list) else [str(value)]
        return found

    def first(self, *names):
        return next((value for name in names for value in self.all(name) if value.strip()), None)

    def warnings(self):
        return " ".join(self.all("ExifTool:Warning") + self.all("ExifTool:Error"))


def by_exiftool(paths):
    """{path: Told}; what it cannot read is left out."""
    found = {}
    for start in range(0, len(paths), BATCH):
        with tempfile.NamedTemporaryFile("wb") as listed:
            listed.write(b"\n".join(os.fsencode(path) for path in paths[start:start + BATCH]))
            listed.flush()
            done = subprocess.run([*EXIFTOOL, "-@", listed.name], capture_output=True, stdin=subprocess.DEVNULL)
        text = done.stdout.decode("utf-8", "replace") or "[]"
        for told in json.loads(text, object_pairs_hook=Told):
            found[told.first("SourceFile:SourceFile")] = told
    return found


def by_ffprobe(path):
    """The first moving picture in it; None: there is none."""
    done = subprocess.run(["ffprobe", "-v", "error", "-of", "json", "-select_streams", "v:0", "-count_packets", "-show_entries",
                           "stream=width,height,avg_frame_rate,nb_read_packets:stream_disposition=attached_pic", str(path)],
                          capture_output=True, stdin=subprocess.DEVNULL, timeout=60)
    try:
        streams = json.loads(done.stdout or b"{}").get("streams", [])
    except json.JSONDecodeError:
        return None
    if not streams or streams[0].get("disposition", {}).get("attached_pic"):
        return None
    rate = streams[0].get("avg_frame_rate", "0/0")
    size = (streams[0].get("width"), streams[0].get("height"))
    return {"size": size if all(size) else None,
            "frames": int(streams[0].get("nb_read_packets") or 0) or None,
            "rate": None if rate.endswith("/0") or rate.startswith("0/") else Fraction(rate)}


def by_imagemagick(path):
    """The size of the first picture in it, or None where it cannot be decoded."""
    try:
        done = subprocess.run(["convert", f"{path}[0]", "-format", "%w %h", "info:"], capture_output=True,
                              stdin=subprocess.DEVNULL, timeout=30)
    except (subprocess.TimeoutExpired, FileNotFoundError):
        return None
    numbers = done.stdout.split()
    return (int(numbers[0]), int(numbers[1])) if done.returncode == 0 and len(numbers) == 2 else None


def moment(text):
    """(what the clock showed, what UTC was then or None), of what begins as a date; what is not written begins there."""
    found = DATE.match(text or "")
    if not found:
        return None
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups()[:6])
    try:
        shown = datetime(year, month, day, hour, minute, min(second, 59))
    except ValueError:
        return None
    zone = found.group(7)
    if not zone:
        return shown, None
    east = 0 if zone == "Z" else int(zone[0] + "1") * (int(zone[1:3]) * 60 + int(zone[-2:]))
    return shown, shown - timedelta(minutes=east)


def taken(told):
    """(what the clock showed, UTC, which field) by the best field that says a date; None: none does."""
    for name, clock in TAKEN:
        texts = told.all(name)
        if clock.startswith("IPTC"):
            texts = [f"{text} {(told.all(clock) or [''])[0]}" for text in texts]
        for text in texts:
            found = moment(text)
            if found:
                return (found[0], found[0] if clock == "UTC" else found[1], name)
    return None


def said_to_be(told, path):
    mime = told.first("File:MIMEType") or ""
    mime = "image/psd" if mime == "application/vnd.adobe.photoshop" else mime
    if mime.startswith(("image/", "video/", "audio/")):
        return mime.split("/")[0]
    return "image" if by_imagemagick(path) else None


def length(text):
    found = re.fullmatch(r"\s*([0-9.]+)\s*([a-z]*)\s*", str(text))
    return round(float(found.group(1)) * UNITS[found.group(2)]) if found and found.group(2) in UNITS else None


def sizes(told):
    """Of a picture, as it is stored; of what boxes cut and turn, as it is shown. Several where it is not told of which part."""
    for group in ("Photoshop", "File", "PNG", "RIFF", "GIF", "Jpeg2000", "SVG", "QuickTime", "EXIF", "MakerNotes"):
        found = list(zip(*([length(text) for text in told.all(f"{group}:Image{side}")] for side in ("Width", "Height"))))
        if not found or not all(found[0]):
            continue
        if told.first("File:MIMEType") in TURNED_BY_BOXES:
            return shown(told, found[0])
        # Of a camera's raw file the first may be a thumbnail.
        is_raw = group == "EXIF" and told.first("File:MIMEType") != "image/tiff"
        return [max(found, key=lambda each: each[0] * each[1])] if is_raw else found[:1]
    box = (told.first("SVG:ViewBox") or "").replace(",", " ").split()
    found = tuple(length(side) for side in box[2:])
    return [found] if len(box) == 4 and all(found) else []


def shown(told, found):
    """exiftool lists a clean aperture without saying whether it is the picture's or the thumbnail's."""
    cut = (told.first("QuickTime:CleanAperture") or "").split()
    each = [(round(float(cut[0])), round(float(cut[1]))), found] if len(cut) == 4 else [found]
    return [size[::-1] for size in each] if told.first("QuickTime:Rotation") in ("90", "270") else each


def orientation(told):
    # What HEIF's own boxes turn is upright when it is decoded, whatever its Exif repeats.
    turned = None if told.first("File:MIMEType") in TURNED_BY_BOXES else told.first("EXIF:Orientation")
    return int(turned) if turned in {str(n) for n in range(1, 9)} else 1


def rating(told):
    for name, is_per_cent in (("XMP:Rating", False), ("EXIF:Rating", False), ("XMP:RatingPercent", True),
                              ("EXIF:RatingPercent", True), ("Microsoft:SharedUserRating", True)):
        for text in told.all(name):
            try:
                number = float(text)
            except ValueError:
                continue
            if number != 0:
                number = round(number / 25) + 1 if is_per_cent else round(number)
                return number if -1 <= number <= 5 else None
    return None


def place(told):
    """North and east in degrees, to a hundred metres; None where that is no place on Earth."""
    for group, name in (("Composite", "GPS"), ("XMP", "GPS"), ("XMP", "LocationCreatedGPS")):
        try:
            north, east = (float(told.first(f"{group}:{name}{axis}")) for axis in ("Latitude", "Longitude"))
        except (TypeError, ValueError):
            continue
        if abs(north) <= 90 and abs(east) <= 180:
            return (round(north, 3), round(east, 3))
    return None


def levels(paths, separators):
    """Every word of a tree."""
    found = set()
    for path in paths:
        for separator in separators:
            path = path.replace(separator, "/")
        found |= {word.casefold().strip() for word in path.split("/")}
    return found - {""}


def tags(told):
    words = [word for name in WORDS for word in told.all(name)]
    lists = [word for name in LISTS for text in told.all(name) for word in re.split("[;,]", text)]
    trees = [word for name in TREES for word in told.all(name)]
    steps = [word for name in LEVELS for word in told.all(name)]
    plain = {word.casefold().strip() for word in words + lists + steps} - {""}
    return plain | levels(trees, "|/") or None
