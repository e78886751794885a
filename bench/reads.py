#!/usr/bin/python3
# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading one 1 GiB original: whole and in random 4 KiB pieces, warm and cold; native, bindfs, damfs.

Usage: bench/reads.py [--rounds N] [--mib N]
"""

import argparse
import contextlib
import json
import os

from common import Library, Mount, Rounds, bindfs, can_drop_caches, drop_caches, have, note, run, table, workplace


def make_file(path, mebibytes):
    path.parent.mkdir(parents=True)
    with open(path, "wb") as out:
        for _ in range(mebibytes):
            out.write(os.urandom(1 << 20))


def read_whole(path):
    buffer = bytearray(1 << 20)
    with open(path, "rb", buffering=0) as file:
        while file.readinto(buffer):
            pass


def random_iops(path, mebibytes, seconds=3):
    out = run("fio", "--name=r", f"--filename={path}", "--rw=randread", "--bs=4k", "--ioengine=psync", "--numjobs=1",
              "--time_based", f"--runtime={seconds}", "--readonly", f"--size={mebibytes}m", "--norandommap",
              "--randrepeat=0", "--invalidate=0", "--output-format=json")
    return json.loads(out[out.index("{"):])["jobs"][0]["read"]["iops"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--mib", type=int, default=1024)
    options = parser.parse_args()
    with workplace() as base, contextlib.ExitStack() as stack:
        source = base / "source"
        make_file(source / "large.bin", options.mib)
        library = Library(base / "library").init()
        library.run("import", source, "-q", timeout=3600)
        targets = {"native": source / "large.bin"}
        if have("bindfs"):
            targets["bindfs"] = stack.enter_context(bindfs(source, base / "bindfs")) / "large.bin"
        mount = stack.enter_context(Mount(library))
        targets["damfs"] = mount / "originals/large.bin"
        note(f"damfs passthrough: {mount.stats()['passthrough']}")

        def sequential(title, prepare, before_round_of):
            turns = Rounds(options.rounds, before_each=prepare)
            for name, path in targets.items():
                before_round_of(path)
                turns.add(name, lambda path=path: read_whole(path))
            turns.run()
            rows = [(*row[:3], f"{options.mib / turns.median(row[0]):,.0f}",
                     f"{turns.median('native') / turns.median(row[0]):.2f}") for row in turns.rows("native", "{:.3f}")]
            table(title, ["", "s", "range", "MiB/s", "speed ÷ native"], rows)

        sequential(f"{options.mib} MiB in sequence, warm", lambda: None, read_whole)
        if can_drop_caches():
            sequential(f"{options.mib} MiB in sequence, cold", lambda: drop_caches(3), lambda path: None)
        else:
            note("Cold reads take root (drop_caches): not measured.")

        if have("fio"):
            for path in targets.values():
                read_whole(path)
            turns = Rounds(options.rounds)
            for name, path in targets.items():
                turns.add(name, lambda path=path: random_iops(path, options.mib))
            turns.run()
            table("Random 4 KiB, warm", ["", "reads a second", "range", "speed ÷ native"], turns.rows("native", "{:,.0f}"))


if __name__ == "__main__":
    main()
