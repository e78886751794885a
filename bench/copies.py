#!/usr/bin/python3
# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A library of many copies of few files: what import, cp, listings and searches take, and that each blob is stored once. Some
are real files that are imported (those of one blob are one inode in the source, to save room); the rest are catalogued as an
import would, by damfs-synthetic-library.

Usage: bench/copies.py [--copies N] [--imported N] [--blobs N] [--copied N] [--rounds N]
"""

import argparse
import os

from common import BIN, Library, Mount, Rounds, resident_mib, run, table, timed, workplace

PARTS = 10  # in which they are imported, one after the other
TAGGED = 1000
SIZE = 4096


def make_source(folder, files, blobs):
    """In parts of equal size, a thousand files a folder."""
    once = folder.parent / "once"
    once.mkdir()
    for n in range(blobs):
        (once / f"{n:06}.bin").write_bytes((1 << 63 | n).to_bytes(8, "big") * (SIZE // 8))
    for n in range(files):
        at = folder / f"part{n * PARTS // files}" / f"dir{n // 1000:04}"
        if n % 1000 == 0 or not at.exists():
            at.mkdir(parents=True, exist_ok=True)
        os.link(once / f"{n % blobs:06}.bin", at / f"file{n:07}.bin")


def count(path):
    return run("find", path, "-type", "f", "-printf", "%s\n").count("\n")


def imports(library, source, copies):
    rows, done = [], 0
    for part in sorted(source.iterdir()):
        took = timed(lambda part=part: library.run("import", part, "--into", part.name, "-q", timeout=7200))
        done += copies // PARTS
        rows.append((f"up to {done:,}", f"{took:.1f}", f"{copies / PARTS / took:,.0f}"))
    took = timed(lambda: library.run("import", source / "part0", "--into", "part0", "-q", timeout=7200))
    rows.append((f"{copies // PARTS:,} of them once more", f"{took:.1f}", f"{copies / PARTS / took:,.0f}"))
    table(f"Import of {copies:,} copies of few files, {copies // PARTS:,} at a time", ["", "s", "files/s"], rows)


def store(library, blobs, copies):
    objects = library.objects()
    size = sum(path.stat().st_blocks for path in objects) * 512
    catalog = sum(path.stat().st_size for path in library.path.glob("catalog.db*"))
    if len(objects) != blobs:
        raise SystemExit(f"{len(objects)} objects instead of {blobs}")
    table(f"What {copies:,} copies of {blobs:,} files take on the disk", ["", "MiB", "number"],
          [("objects", f"{size / 2**20:.0f}", f"{blobs:,}"), ("catalog", f"{catalog / 2**20:.0f}", "")])


def looks(library, mount, source, imported, blobs, rounds):
    library.run("tag", "add", "many", *(f"part0/dir0000/file{n:07}.bin" for n in range(min(TAGGED, blobs))))
    first = timed(lambda: count(mount / "originals/part0"))
    turns = Rounds(rounds)
    turns.add(f"find of {imported // PARTS:,}, native", lambda: count(source / "part0"))
    turns.add(f"find of {imported // PARTS:,}, originals/", lambda: count(mount / "originals/part0"))
    turns.add("find of all of originals/", lambda: count(mount / "originals"))
    turns.add(f"by-type/other, which shows {blobs:,}", lambda: count(mount / "by-type/other"))
    turns.add(f"by-tag/many, {min(TAGGED, blobs):,} files", lambda: count(mount / "by-tag/many"))
    turns.add("duplicates/, its folders", lambda: os.listdir(mount / "duplicates"))
    turns.add("damfs find tag:many", lambda: library.run("find", "tag:many"))
    turns.add("damfs find --duplicates path:dir0000", lambda: library.run("find", "--duplicates", "path:dir0000"))
    turns.add("damfs tag add and remove", lambda: tag_and_untag(library))
    turns.run()
    rows = [(f"find of {imported // PARTS:,}, the first time", f"{first:.3f}", "", ""),
            *turns.rows(f"find of {imported // PARTS:,}, native", "{:.3f}")]
    table("Looking at it", ["", "s", "range", "× native"], rows)
    shown = count(mount / "by-type/other")
    if shown != blobs:
        raise SystemExit(f"by-type/ shows {shown} files instead of {blobs}")


def tag_and_untag(library):
    library.run("tag", "add", "one", "part0/dir0000/file0000000.bin")
    library.run("tag", "remove", "one", "part0/dir0000/file0000000.bin")


def copies_within(mount, copied):
    """cp within the mount, beside the copies that are there."""
    (mount / "originals/copied").mkdir()
    names = sorted((mount / "originals/part0/dir0000").iterdir())[:copied]
    took = timed(lambda: run("cp", *names, mount / "originals/copied"))
    removed = timed(lambda: run("rm", "-r", mount / "originals/copied"))
    table(f"{len(names):,} of them copied within the mount, and removed", ["", "s", "files/s"],
          [("cp", f"{took:.2f}", f"{len(names) / took:,.0f}"), ("rm -r", f"{removed:.2f}", f"{len(names) / removed:,.0f}")])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--copies", type=int, default=1_000_000)
    parser.add_argument("--imported", type=int, default=100_000)
    parser.add_argument("--blobs", type=int, default=10_000)
    parser.add_argument("--copied", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with workplace() as base:
        source = base / "source"
        make_source(source, options.imported, options.blobs)
        library = Library(base / "library").init()
        imports(library, source, options.imported)
        rest = options.copies - options.imported
        took = timed(lambda: run(BIN / "damfs-synthetic-library", library.path, rest, "copies"))
        table("The rest of the copies", ["", "s", "files/s"], [(f"{rest:,} catalogued", f"{took:.1f}", f"{rest / took:,.0f}")])
        store(library, options.blobs, options.copies)
        with Mount(library) as mount:
            looks(library, mount, source, options.imported, options.blobs, options.rounds)
            copies_within(mount, options.copied)
            table("Daemon's memory after these", ["", "MiB resident"], [("damfs", f"{resident_mib(mount.process.pid):.1f}")])


if __name__ == "__main__":
    main()
