#!/usr/bin/python3
# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Taking in about 2 GiB of mixed files: damfs beside cp, restic and borg. Every one ends with its bytes on the disk.

Usage: bench/import.py [--rounds N] [--scale F]     (F: fraction of the 2 GiB, for a quick look)
"""

import argparse
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from common import Library, Rounds, can_drop_caches, drop_caches, have, note, run, table, timed, workplace


def make_source(folder, scale):
    for name, count, size in (("large", 400, 4 << 20), ("small", 4000, 100 << 10)):
        (folder / name).mkdir(parents=True)
        for n in range(max(1, int(count * scale))):
            (folder / name / f"file{n:05}.bin").write_bytes(os.urandom(size))
    return sum(f.stat().st_size for f in folder.rglob("*") if f.is_file())


class Candidates:
    """Each makes its copy in `out`. Making an empty library or repository first is nobody's work and not counted."""

    def __init__(self, base, source):
        self.base, self.source, self.out = base, source, base / "out"
        self.environment = {**os.environ, "HOME": str(base), "RESTIC_PASSWORD": "bench", "BORG_BASE_DIR": str(base / "borg"),
                            "BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK": "yes"}

    def clear(self):
        """A new place for everyone. What the others made goes only at the end: for minutes after a removal ext4
        passes over the freed inodes one by one, and nobody is to pay for that."""
        place = Path(tempfile.mkdtemp(dir=self.base))
        self.out = place / "out"
        self.environment["BORG_BASE_DIR"] = str(place / "borg")
        os.sync()
        # The same memory for everyone, too: on a virtual machine, pages that were never used yet cost more.
        if can_drop_caches():
            drop_caches()
        for file in Path(self.source).rglob("*"):
            if file.is_file():
                file.read_bytes()

    def cp_sync(self):
        run("cp", "-r", self.source, self.out)
        os.sync()

    def cp_hash_sync(self):
        run("cp", "-r", self.source, self.out)
        files = "\0".join(str(f) for f in self.out.rglob("*") if f.is_file())
        run("xargs", "-0", "-n", "100", "-P", os.cpu_count(), "-a", self._list(files), "sha256sum")
        os.sync()

    def _list(self, text):
        path = self.base / "list"
        path.write_text(text)
        return path

    def damfs(self):
        library = Library(self.out / "library").init()

        def work():
            library.run("import", self.source, "-q", timeout=3600)
            os.sync()

        return timed(work)

    def restic(self):
        run("restic", "-r", self.out, "init", env=self.environment)

        def work():
            run("restic", "-r", self.out, "backup", "-q", self.source, env=self.environment)
            os.sync()

        return timed(work)

    def borg(self):
        run("borg", "init", "-e", "none", self.out, env=self.environment)

        def work():
            run("borg", "create", f"{self.out}::one", self.source, env=self.environment)
            os.sync()

        return timed(work)


def first_time(base, source, size, rounds):
    candidates = Candidates(base, source)
    turns = Rounds(rounds, before_each=candidates.clear)
    turns.add("cp -r, sync", candidates.cp_sync)
    turns.add("cp -r, sha256sum, sync", candidates.cp_hash_sync)
    turns.add("damfs import", candidates.damfs)
    for program in have("restic", "borg"):
        turns.add(program, getattr(candidates, program))
    turns.run()
    rows = [(*row, f"{size / turns.median(row[0]) / 1e6:.0f}") for row in turns.rows("cp -r, sync")]
    table(f"Import of {size / 2**30:.2f} GiB", ["", "s", "range", "× cp + sync", "MB/s"], rows)
    candidates.clear()


def second_time(base, source, rounds):
    """The same folder again: nothing has changed."""
    candidates = Candidates(base, source)
    candidates.clear()
    candidates.damfs()
    library = Library(candidates.out / "library")
    run("rsync", "-a", f"{source}/", base / "copy/")
    turns = Rounds(rounds)
    turns.add("rsync -a", lambda: run("rsync", "-a", f"{source}/", base / "copy/"))
    turns.add("damfs import", lambda: library.run("import", source, "-q"))
    turns.run()
    table("The same folder again", ["", "s", "range", "× rsync -a"], turns.rows("rsync -a"))


def photos(base, rounds):
    """Real photos, which are probed too."""
    samples = os.environ.get("DAMFS_SAMPLES")
    if not samples:
        note("DAMFS_SAMPLES is not set: no import of real photos.")
        return
    candidates = Candidates(base, samples)
    turns = Rounds(rounds, before_each=candidates.clear)
    turns.add("cp -r, sync", candidates.cp_sync)
    turns.add("cp -r, exiftool", lambda: run_exiftool(candidates))
    turns.add("damfs import", candidates.damfs)
    turns.run()
    table("Import of real photos and clips, with their metadata", ["", "s", "range", "× cp + exiftool"],
          turns.rows("cp -r, exiftool"))


def run_exiftool(candidates):
    candidates.cp_sync()
    command = ["exiftool", "-q", "-q", "-json", "-r", "-ext", "*", str(candidates.out)]
    subprocess.run(command, capture_output=True)  # it ends with 1 where a file is damaged, and some are


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--scale", type=float, default=1)
    options = parser.parse_args()
    with workplace() as base:
        size = make_source(base / "source", options.scale)
        os.sync()
        first_time(base, base / "source", size, options.rounds)
        second_time(base, base / "source", options.rounds)
        photos(base, options.rounds)


if __name__ == "__main__":
    main()
