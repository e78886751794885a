#!/usr/bin/python3
# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What damfs finds in a folder of real files beside what independent programs find in them: exiftool and ffprobe.

Usage: bench/corpora.py [--list] [--stills] DIR…     (DAMFS_BIN: the programs)

A row is a fact. A file counts where either finds it; where only one does, that is no agreement. With --list each disagreement
is told. --stills makes a preview of each picture and recording too, and counts those that fail.
"""

import argparse
import json
import os
import subprocess
import tempfile
from collections import Counter
from fractions import Fraction
from pathlib import Path

from common import Library, note, table, workplace

BATCH = 200
EXIFTOOL = ("exiftool", "-j", "-n", "-q", "-q", "-fast", "-api", "largefilesupport=1")
# What said when it was taken, as exiftool names it, best first.
TAKEN = ("EXIF:DateTimeOriginal", "XMP:DateTimeOriginal", "QuickTime:ContentCreateDate", "QuickTime:CreationDate",
         "QuickTime:CreateDate", "IPTC:DateTimeCreated", "XMP:DateCreated", "EXIF:CreateDate", "XMP:CreateDate", "EXIF:ModifyDate",
         "RIFF:DateTimeOriginal", "PNG:CreationTime", "Matroska:DateTimeOriginal", "Vorbis:Date", "ID3:RecordingTime")
KEYWORDS = ("XMP:Subject", "IPTC:Keywords")
TREES = ("XMP:HierarchicalSubject", "XMP:TagsList")


def files_below(folders):
    for folder in folders:
        for at, _, names in os.walk(folder):
            for name in sorted(names):
                yield Path(at) / name


def judged_by_exiftool(paths):
    """{path: {group:tag: value}}; what it cannot read is left out."""
    found = {}
    for start in range(0, len(paths), BATCH):
        with tempfile.NamedTemporaryFile("wb") as listed:
            listed.write(b"\n".join(os.fsencode(path) for path in paths[start:start + BATCH]))
            listed.flush()
            done = subprocess.run([*EXIFTOOL, "-G0", "-a", "-@", listed.name], capture_output=True, stdin=subprocess.DEVNULL)
        for entry in json.loads(done.stdout.decode("utf-8", "replace") or "[]"):
            found[entry["SourceFile"]] = entry
    return found


def judged_by_ffprobe(path):
    done = subprocess.run(["ffprobe", "-v", "error", "-of", "json", "-select_streams", "v:0", "-count_packets", "-show_entries",
                           "stream=width,height,avg_frame_rate,nb_read_packets:stream_disposition=attached_pic", str(path)],
                          capture_output=True, stdin=subprocess.DEVNULL, timeout=60)
    try:
        streams = json.loads(done.stdout or b"{}").get("streams", [])
    except json.JSONDecodeError:
        return None
    if not streams or streams[0].get("disposition", {}).get("attached_pic"):
        return None
    return streams[0]


def as_list(value):
    if value is None:
        return []
    return [str(each) for each in value] if isinstance(value, list) else [str(value)]


def first(entry, *names):
    return next((entry[name] for name in names if entry.get(name) not in (None, "", "0000:00:00 00:00:00")), None)


def moment(text):
    """'2019:07:20 12:00:01.5+02:00' and '2019-07-20T12:00:01' alike, to the second."""
    digits = "".join(c for c in str(text)[:19] if c.isdigit())
    return digits if len(digits) == 14 and digits[:4] != "0000" else None


def leaves(paths, separators):
    found = set()
    for path in paths:
        for separator in separators:
            path = path.replace(separator, "/")
        found.add(path.strip("/ ").rsplit("/", 1)[-1].casefold().strip())
    return found - {""}


def raster(size):
    return (size["width"], size["height"]) if size else None


class Facts:
    """(ours, the judge's) of each fact of one file; None: not found."""

    def __init__(self, asset, judge, stream):
        is_picture = asset["kind"] == "image"
        self.pairs = {}
        if is_picture:
            size = (first(judge, "File:ImageWidth", "PNG:ImageWidth", "EXIF:ImageWidth", "RIFF:ImageWidth", "GIF:ImageWidth",
                          "Photoshop:ImageWidth", "Jpeg2000:ImageWidth", "QuickTime:ImageWidth", "SVG:ImageWidth"),
                    first(judge, "File:ImageHeight", "PNG:ImageHeight", "EXIF:ImageHeight", "RIFF:ImageHeight", "GIF:ImageHeight",
                          "Photoshop:ImageHeight", "Jpeg2000:ImageHeight", "QuickTime:ImageHeight", "SVG:ImageHeight"))
            self.pairs["raster"] = (raster(asset.get("raster")), size if None not in size and 0 not in size else None)
            # What HEIF's own boxes turn is upright when it is decoded, whatever its Exif repeats.
            turned = None if asset["mime"] in ("image/heic", "image/heif", "image/avif") else first(judge, "EXIF:Orientation")
            self.pairs["orientation"] = (asset.get("orientation") or 1, turned if turned in range(1, 9) else 1)
        ours = asset["captured"] if asset["date_source"] not in ("mtime", "name", "filename") else None
        self.pairs["date"] = (moment(ours) if ours else None, moment(first(judge, *TAKEN)))
        rating = first(judge, "XMP:Rating", "Microsoft:SharedUserRating", "EXIF:Rating")
        self.pairs["rating"] = (asset.get("rating") or None, int(rating) or None if str(rating).lstrip("-").isdigit() and -1 <= int(rating) <= 5 else None)
        words = [word for name in KEYWORDS for word in as_list(judge.get(name))]
        trees = [word for name in TREES for word in as_list(judge.get(name))]
        self.pairs["tags"] = (leaves(asset["tags"], "/") or None, leaves(words, "") | leaves(trees, "|/") or None)
        place = (first(judge, "Composite:GPSLatitude"), first(judge, "Composite:GPSLongitude"))
        mine = asset.get("position")
        self.pairs["position"] = (mine and (round(mine["latitude"], 3), round(mine["longitude"], 3)),
                                  None if None in place else tuple(round(float(each), 3) for each in place))
        if stream and asset["kind"] == "video":
            video = asset.get("video") or {}
            self.pairs["size of frames"] = (raster(video), (stream.get("width"), stream.get("height")))
            self.pairs["frames"] = (video.get("frame_count") or None, int(stream.get("nb_read_packets") or 0) or None)
            rate = stream.get("avg_frame_rate", "0/0")
            theirs = None if rate.endswith("/0") else Fraction(rate)
            self.pairs["rate"] = (Fraction(*video["frame_rate"]) if video.get("frame_rate", (0, 1))[0] else None, theirs or None)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", metavar="DIR", type=Path)
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--stills", action="store_true")
    arguments = parser.parse_args()
    counts, lines, kinds, stills = {}, [], Counter(), Counter()
    with workplace() as place:
        library = Library(place / "library").init()
        paths = {}
        for n, folder in enumerate(arguments.folders):
            library.run("import", "--into", str(n), folder, expect=None)
            paths |= {f"{n}/{path.relative_to(folder)}": path for path in files_below([folder])}
        assets = {name: asset for asset in library.json_lines("find", "--copies", "") for name in asset["names"]}
        judged = judged_by_exiftool([path for name, path in paths.items() if name in assets])
        for name, asset in assets.items():
            path = paths.get(name)
            judge = judged.get(str(path))
            kinds[asset["kind"]] += 1
            mime = str(judge.get("File:MIMEType")) if judge else ""
            if asset["kind"] == "other" and mime.startswith(("image/", "video/", "audio/")):
                lines.append(f"kind: {name}: ours {asset['mime']}, theirs {mime}")
            if judge is None or asset["kind"] == "other":
                continue
            stream = judged_by_ffprobe(path) if asset["kind"] == "video" else None
            for fact, (ours, theirs) in Facts(asset, judge, stream).pairs.items():
                if ours is None and theirs is None:
                    continue
                count = counts.setdefault(fact, Counter())
                verdict = "agree" if ours == theirs else "only ours" if theirs is None else "only theirs" if ours is None else "differ"
                count[verdict] += 1
                if verdict != "agree":
                    lines.append(f"{fact}: {name}: ours {ours} ({asset['date_source']}), theirs {theirs}")
        if arguments.stills:
            for asset in assets.values():
                if asset["kind"] in ("image", "video"):
                    stills["declared" if asset.get("still") else "none declared"] += 1
            library.run("warm", "--profile", "small", expect=None)
            failed = library.json_lines("status", "--failed", expect=None)
            stills["failed"] = len(failed)
            lines += [f"still: {json.dumps(each)}" for each in failed]
    note(f"{len(assets)} of {len(paths)} files: {', '.join(f'{count} {kind}' for kind, count in kinds.most_common())}")
    if stills:
        note("stills: " + ", ".join(f"{count} {what}" for what, count in stills.items()))
    rows = []
    for fact, count in counts.items():
        total = sum(count.values())
        rows.append((fact, str(total), f"{100 * count['agree'] / total:.1f} %", str(count["only ours"]), str(count["only theirs"]),
                     str(count["differ"])))
    table("what damfs finds in real files, beside exiftool and ffprobe",
          ("fact", "files", "agree", "only damfs", "only the judge", "differ"), rows)
    if arguments.list:
        print("\n".join(sorted(lines)))


if __name__ == "__main__":
    main()
