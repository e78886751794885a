#!/usr/bin/python3
# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What damfs finds in a folder of real files beside what independent programs find in them: exiftool, ffprobe, ImageMagick.

Usage: bench/corpora.py [--list] [--stills] DIR…     (DAMFS_BIN: the programs)

A row is a fact. A file counts where either finds it. Where they differ, a rule that looks at the file's own bytes or at what
the judge itself says of them tells why we believe otherwise; a difference that no rule explains is ours, and is counted so.
With --list each difference is told. --stills makes a preview of each picture and recording too, and counts those that fail.
"""

import argparse
import json
import os
import shutil
from collections import Counter
from datetime import datetime
from pathlib import Path

import judges
from common import Library, note, table, workplace

NO_DATE = ("mtime", "name")


def staged(folders, base):
    """{name in the library: path of what says something of it}, of links to the files.

    What stands beside a file says nothing of it here; a sidecar is tried on a file that has nothing to say itself.
    """
    paths = {}
    for n, folder in enumerate(folders):
        for at, _, names in os.walk(folder):
            for name in sorted(names):
                path = Path(at) / name
                is_sidecar = path.suffix.lower() == ".xmp" and not path.read_bytes().startswith(b"\xff\x01Exiv2")
                to = base / (f"{n}-beside" if is_sidecar else f"{n}") / path.relative_to(folder)
                to.parent.mkdir(parents=True, exist_ok=True)
                try:
                    os.link(path, to)
                except OSError:
                    shutil.copyfile(path, to)
                if is_sidecar:
                    to = to.with_name(f"{name[:-4]}.{len(paths)}.bin")
                    to.write_text(str(to))
                    to.with_name(to.name + ".xmp").write_bytes(path.read_bytes())
                paths[str(to.relative_to(base))] = path
    return paths


def raster(size):
    return (size["width"], size["height"]) if size else None


def date(asset, told):
    judged = judges.taken(told)
    ours = None if asset["date_source"] in NO_DATE else judges.moment(asset["captured"])
    # Where both know the moment, what a clock elsewhere showed is nothing to differ in.
    if ours and judged and None not in (ours[1], judged[1]):
        return ours[1], judged[1]
    return ours and ours[0], judged and judged[0]


def facts(asset, told, path):
    """{fact: (ours, the judge's)}; None: not found."""
    kind = asset["kind"]
    pairs = {"date": date(asset, told)}
    if asset["mime"] != "text/plain":
        pairs["kind"] = (kind if kind in ("image", "video", "audio") else None, judges.said_to_be(told, path))
    if kind == "image":
        ours = raster(asset.get("raster"))
        judged = judges.sizes(told) or [judges.by_imagemagick(path) or (judges.by_ffprobe(path) or {}).get("size")]
        pairs["raster"] = (ours, ours if ours in judged else judged[0])
        pairs["orientation"] = (asset.get("orientation") or 1, judges.orientation(told))
    pairs["rating"] = (asset.get("rating") or None, judges.rating(told))
    pairs["tags"] = (judges.levels(asset["tags"], "") or None, judges.tags(told))
    position = asset.get("position")
    pairs["position"] = (position and (round(position["latitude"], 3), round(position["longitude"], 3)), judges.place(told))
    stream = judges.by_ffprobe(path) if kind == "video" else None
    if stream:
        video = asset.get("video") or {}
        rate = video.get("frame_rate", (0, 1))
        pairs["size of frames"] = (raster(video), stream["size"])
        pairs["frames"] = (video.get("frame_count") or None, stream["frames"])
        pairs["rate"] = (judges.Fraction(*rate) if rate[0] else None, stream["rate"])
    return pairs


def why(fact, ours, theirs, asset, told, path):
    """Why we believe what we say; None: we have no reason."""
    return next((reason for holds, reason in RULES.get(fact, ()) if holds(ours, theirs, asset, told, path)), None)


def is_damaged(*words):
    """The judge says itself that it gave up over damage."""
    return lambda ours, theirs, asset, told, path: any(word in told.warnings() for word in words)


def cannot_be_decoded(ours, theirs, asset, told, path):
    return ours is None and theirs == "image" and judges.by_imagemagick(path) is None


def has_no_stream(ours, theirs, asset, told, path):
    return ours is None and theirs == "video" and judges.by_ffprobe(path) is None


def moves_not(ours, theirs, asset, told, path):
    return (ours, theirs) == ("audio", "video") and judges.by_ffprobe(path) is None


def is_animated(ours, theirs, asset, told, path):
    return {ours, theirs} == {"image", "video"} and b"avi" in path.read_bytes()[8:64]


def is_scratched_date(ours, theirs, asset, told, path):
    """The text in the judge's own field is no date throughout, and ours is of the day that can be read."""
    texts = [text for name, _ in judges.TAKEN for text in told.all(name)]
    return ours is not None and (theirs is None or theirs.date() == ours.date()) and any(
        not judges.DATE.fullmatch(text.strip()) for text in texts)


RULES = {
    "kind": (
        (lambda ours, theirs, asset, told, path: asset["mime"] == "image/x-exv", "exiv2's own file of metadata alone: no picture is in it"),
        (lambda ours, theirs, asset, told, path: theirs is None and path.read_bytes().startswith(b"\xff\xd8"),
         "a JPEG by its first bytes, damaged right behind them: none of the judges reads on"),
        (cannot_be_decoded, "nothing that can be shown: ImageMagick decodes it neither (damaged, or metadata alone); exiftool goes by its head"),
        (has_no_stream, "damaged so much that ffmpeg finds no stream in it"),
        (moves_not, "sound in an MP4, in which ffprobe finds no picture: exiftool calls each MP4 a video"),
        (is_animated, "an animated AVIF is a picture; where its still is broken, what moves is shown as a recording"),
    ),
    "date": (
        (lambda ours, theirs, asset, told, path: asset["date_source"] == "xmp" and "XMP format error" in told.warnings(),
         "the packet is damaged: ours stands before the damage, exiftool leaves all of it out"),
        (lambda ours, theirs, asset, told, path: theirs is None and "XMP-tmp0" in str(list(told.values)),
         "the packet's namespace is no known one: we go by its prefix"),
        (is_scratched_date, "the date's text is damaged: we keep what can be read of it"),
        (lambda ours, theirs, asset, told, path: theirs is None and is_damaged("Error reading", "Bad format", "Bad IFD", "directory")(
            ours, theirs, asset, told, path), "a directory is damaged: exiftool leaves out what stands behind the damage"),
    ),
    "tags": ((lambda ours, theirs, asset, told, path: "Bad IPTC data" in told.warnings() or not all(map(str.isprintable, theirs or ())),
              "an IPTC block is damaged: we keep what can be read of it"),),
    "raster": ((lambda ours, theirs, asset, told, path: theirs is None, "none of the judges reads it"),),
    "frames": ((lambda ours, theirs, asset, told, path: theirs is None,
                "no frame can be read, for they stand in another file or nowhere: ours is the table's count"),),
}


def compared(assets, paths, lines):
    counts, reasons = {}, Counter()
    told_of = judges.by_exiftool([path for name, path in paths.items() if name in assets])
    for name, asset in sorted(assets.items()):
        path = paths[name]
        told = told_of.get(str(path))
        if told is None:
            continue
        for fact, (ours, theirs) in facts(asset, told, path).items():
            if ours is None and theirs is None:
                continue
            count = counts.setdefault(fact, Counter())
            if ours == theirs:
                count["agree"] += 1
                continue
            reason = why(fact, ours, theirs, asset, told, path)
            count["otherwise" if reason else "wrong"] += 1
            count["only ours"] += theirs is None
            count["only theirs"] += ours is None
            if reason:
                reasons[fact, reason] += 1
            lines.append(f"{fact}: {name}: ours {plain(ours)} ({asset['date_source']}, {asset['mime']}), theirs {plain(theirs)}: "
                         f"{reason or 'OURS TO MEND'} {asset['problem']}")
    return counts, reasons


def plain(value):
    return value.isoformat() if isinstance(value, datetime) else value


def try_stills(library, assets, lines):
    stills = Counter("declared" if asset.get("still") else "none declared" for asset in assets.values()
                     if asset["kind"] in ("image", "video"))
    library.run("warm", *sorted({name.split("/")[0] for name in assets}), "--profile", "small", expect=None, timeout=3600)
    failed = [each for line in library.json_lines("status", "--failed", expect=None) for each in line["failed"]]
    stills["failed"] = len(failed)
    lines += [f"still: {json.dumps(each)}" for each in failed]
    note("stills: " + ", ".join(f"{count} {what}" for what, count in stills.items()))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", metavar="DIR", type=Path)
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--stills", action="store_true")
    arguments = parser.parse_args()
    lines = []
    with workplace() as base:
        library = Library(base / "library").init()
        paths = staged(arguments.folders, base / "source")
        library.run("import", base / "source", expect=None)
        assets = {name: asset for asset in library.json_lines("find", "--copies", "") for name in asset["names"] if name in paths}
        counts, reasons = compared(assets, paths, lines)
        if arguments.stills:
            try_stills(library, assets, lines)
    kinds = Counter(asset["kind"] for asset in assets.values())
    note(f"{len(assets)} of {len(paths)} files: {', '.join(f'{count} {kind}' for kind, count in kinds.most_common())}")
    rows = []
    for fact, count in counts.items():
        judged = count["agree"] + count["wrong"]
        rows.append((fact, str(judged + count["otherwise"]), str(count["agree"]), str(count["wrong"]), str(count["otherwise"]),
                     str(count["only ours"]), str(count["only theirs"]), f"{100 * count['agree'] / judged:.1f} %" if judged else ""))
    table("what damfs finds in real files, beside exiftool, ffprobe and ImageMagick",
          ("fact", "files", "agree", "the judge is right", "we believe otherwise", "only damfs finds it", "only the judge",
           "agree where the judge is right"), rows)
    table("where we believe otherwise", ("fact", "files", "why"),
          [(fact, str(count), reason) for (fact, reason), count in sorted(reasons.items())])
    if arguments.list:
        print("\n".join(lines))


if __name__ == "__main__":
    main()
