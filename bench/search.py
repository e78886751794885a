#!/usr/bin/python3
# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The first listing of search/<query>/ over a library of 1,000,000 assets: beside a native folder of as many files,
and `damfs find` of the same query.

Usage: bench/search.py [--rounds N] [--assets N] [--library DIR]
"""

import argparse
import os
import statistics
import time
from pathlib import Path

from common import BIN, Library, Mount, note, resident_mib, run, table, workplace

QUERIES = ("portfolio", "tag:portfolio rating:>=4", "\"golden hour\"", "beach", "tag:anna type:video", "date:2019-05",
           "ext:mp4 rating:5", "tag:places/italy", "img")


def median(numbers):
    return statistics.median(numbers)


def find_with_sizes(path):
    return run("find", path, "-type", "f", "-printf", "%s\n").count("\n")


def timed(action):
    start = time.monotonic()
    value = action()
    return time.monotonic() - start, value


def first_entries(path):
    """What a file manager waits for before it draws anything."""
    with os.scandir(path) as entries:
        return next(entries, None)


def native_folder(folder, files):
    folder.mkdir()
    for n in range(files):
        os.close(os.open(folder / f"IMG_{n:07}.JPG", os.O_CREAT | os.O_WRONLY))
    return folder


def one_lookup(mount, query, name):
    """From a mount that has not been asked for it, so that nothing is remembered of the listing."""
    return timed(lambda: os.lstat(mount / "search" / query / name))[0] if name else 0.0


def measure(library, base, rounds):
    first, whole, found, names, memory, lookups = {}, {}, {}, {}, [], {}
    for n in range(rounds):
        for query in QUERIES:
            with Mount(library) as mount:
                if query in names:
                    lookups.setdefault(query, []).append(one_lookup(mount, query, names[query]))
            with Mount(library) as mount:
                took, entry = timed(lambda: first_entries(mount / "search" / query))
                names[query] = entry.name if entry else None
                first.setdefault(query, []).append(took)
            with Mount(library) as mount:
                took, found[query] = timed(lambda: find_with_sizes(mount / "search" / query))
                whole.setdefault(query, []).append(took)
                memory.append(resident_mib(mount.process.pid))
            print(f"  round {n + 1}/{rounds} {query}: {first[query][-1]:.3f} {whole[query][-1]:.3f}", flush=True)
    rows = []
    for n, query in enumerate(QUERIES):
        native = native_folder(base / f"native{n}", found[query])
        native_s = median([timed(lambda: find_with_sizes(native))[0] for _ in range(rounds)])
        find_s, lines = timed(lambda: library.run("find", query, "--json", timeout=3600).stdout.count("\n"))
        if lines != found[query]:
            raise SystemExit(f"{query}: damfs find finds {lines}, the folder shows {found[query]}")
        rows.append((f"`{query}`", f"{found[query]:,}", f"{median(first[query]):.3f}", f"{median(lookups.get(query, [0])):.4f}",
                     f"{median(whole[query]):.3f}", f"{native_s:.3f}", f"{median(whole[query]) / max(native_s, 1e-9):.1f}",
                     f"{find_s:.3f}", f"{median(whole[query]) / find_s:.2f}"))
    return rows, max(memory)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--assets", type=int, default=1_000_000)
    parser.add_argument("--library", type=Path, help="one that an earlier run made, or is to be kept for a later one")
    options = parser.parse_args()
    with workplace() as base:
        library = Library(options.library or base / "library")
        if not library.path.exists():
            library.init()
            run(BIN / "damfs-synthetic-library", library.path, options.assets)
        rows, memory = measure(library, base, options.rounds)
        table(f"First listing of search/<query>/ over {options.assets:,} assets, each by a mount of its own",
              ["query", "found", "first entry, s", "one name, s", "`find -type f -printf %s`, s", "native folder, s", "× native",
               "`damfs find --json`, s", "÷ damfs find"], rows)
        note("One name: stat of the first match, before anything was listed. The native folder holds as many empty files, "
             "its names and inodes cached.")
        table("Daemon's memory after the largest of these", ["", "MiB resident"], [("damfs", f"{memory:.1f}")])


if __name__ == "__main__":
    main()
