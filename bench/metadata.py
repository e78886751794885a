#!/usr/bin/python3
# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Listing 100,000 files with their sizes: native folder, bindfs, damfs originals/ and by-date/.

Usage: bench/metadata.py [--rounds N] [--files N]
"""

import argparse
import contextlib
import os
import time

from common import Library, Mount, Rounds, bindfs, can_drop_caches, drop_caches, have, note, resident_mib, run, table, workplace


def make_source(folder, files):
    per_folder, day = 1000, 86400
    start = time.mktime((2024, 1, 1, 12, 0, 0, 0, 0, -1))
    for n in range(files):
        at = folder / f"dir{n // per_folder:03}"
        if n % per_folder == 0:
            at.mkdir(parents=True)
        path = at / f"file{n % per_folder:04}.txt"
        path.write_text(f"text number {n}\n")
        os.utime(path, (start + n % 100 * day, start + n % 100 * day))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--files", type=int, default=100_000)
    options = parser.parse_args()
    with workplace() as base, contextlib.ExitStack() as stack:
        source = base / "source"
        make_source(source, options.files)
        library = Library(base / "library").init()
        library.run("import", source, "-q", timeout=3600)
        targets = {"native": source}
        if have("bindfs"):
            targets["bindfs"] = stack.enter_context(bindfs(source, base / "bindfs"))
        mount = stack.enter_context(Mount(library))
        targets |= {"damfs originals/": mount / "originals", "damfs by-date/": mount / "by-date"}

        def find(path):
            out = run("find", path, "-type", "f", "-printf", "%s\n")
            if out.count("\n") != options.files:
                raise SystemExit(f"{path}: {out.count(chr(10))} files instead of {options.files}")

        def measure(title, prepare):
            turns = Rounds(options.rounds, before_each=prepare)
            for name, path in targets.items():
                turns.add(name, lambda path=path: find(path))
            turns.run()
            table(title, ["", "s", "range", "× native"], turns.rows("native", "{:.3f}"))

        command = "`find -type f -printf %s`"
        measure_first(find, mount, options.files)
        if can_drop_caches():
            measure(f"{command} of {options.files:,} files, names and inodes dropped, mount kept", lambda: drop_caches(2))
        else:
            note("Cold listings take root (drop_caches): not measured.")
        measure(f"{command} of {options.files:,} files, once more", lambda: None)
        table("Daemon's memory after these", ["", "MiB resident"], [("damfs", f"{resident_mib(mount.process.pid):.1f}")])


def measure_first(find, mount, files):
    start = time.monotonic()
    find(mount / "originals")
    took = time.monotonic() - start
    table(f"First listing of {files:,} files after mounting", ["", "s", "MiB resident after"],
          [("damfs originals/", f"{took:.3f}", f"{resident_mib(mount.process.pid):.1f}")])


if __name__ == "__main__":
    main()
