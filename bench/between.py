#!/usr/bin/python3
# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two builds of damfs side by side: whether what is older was faster at anything. Each works on libraries of its own; they take
turns, and which begins changes.

Usage: bench/between.py OLD NEW [--rounds N] [--only NAME …]     (folders with the programs; DAMFS_SAMPLES: media for previews and
proxies)
"""

import argparse
import contextlib
import os
import random
import shutil
import statistics
import subprocess
import tempfile
import zipfile
from pathlib import Path

import common
import library
from common import Library, Mount, drop_caches, can_drop_caches, timed, workplace

FILES, SIZE, CONTENTS = 3000, 20_000, 30
PHOTOS, CLIPS = 60, 2


def make_distinct(folder):
    rng = random.Random(1)
    for n in range(FILES):
        (folder / f"{n % 20}").mkdir(parents=True, exist_ok=True)
        (folder / f"{n % 20}/{n}.bin").write_bytes(rng.randbytes(SIZE))


def make_copies(folder):
    contents = [random.Random(n).randbytes(SIZE) for n in range(CONTENTS)]
    for n in range(FILES):
        (folder / f"{n % 20}").mkdir(parents=True, exist_ok=True)
        (folder / f"{n % 20}/{n}.bin").write_bytes(contents[n % CONTENTS])


def make_packs(folder):
    rng = random.Random(2)
    folder.mkdir()
    for n in range(5):
        with zipfile.ZipFile(folder / f"pack{n}.zip", "w", zipfile.ZIP_DEFLATED) as pack:
            for member in range(200):
                pack.writestr(f"folder{member % 8}/{member}.bin", rng.randbytes(10_000) + bytes(20_000))


def make_media(folder):
    folder.mkdir()
    samples = os.environ.get("DAMFS_SAMPLES")
    if not samples:
        return
    taken = {"photos": 0, "clips": 0}
    for path in sorted(Path(samples).rglob("*")):
        kind = {".jpg": "photos", ".jpeg": "photos", ".mp4": "clips", ".mov": "clips"}.get(path.suffix.lower())
        if kind and taken[kind] < (PHOTOS if kind == "photos" else CLIPS):
            taken[kind] += 1
            shutil.copyfile(path, folder / f"{kind}{taken[kind]}{path.suffix}")


SOURCES = {"distinct": make_distinct, "copies": make_copies, "packs": make_packs, "media": make_media}


class Build:
    def __init__(self, programs, base, sources):
        self.programs, self.base, self.sources = Path(programs), base, sources
        base.mkdir()
        self.libraries, self.mounts = {}, {}

    def use(self):
        for module in (library, common):
            module.BIN = self.programs

    def prepare(self):
        """Libraries with all of it, and a mount of each."""
        self.use()
        for name, source in self.sources.items():
            made = self.libraries[name] = Library(self.base / name / "library").init()
            made.run("import", source, "-q", timeout=3600)
            self.mounts[name] = Mount(made).start()

    def end(self):
        self.use()
        for mount in self.mounts.values():
            mount.stop()

    def import_of(self, name):
        # What is removed, ext4 passes over one by one for minutes: nobody is to pay for another's.
        fresh = Library(Path(tempfile.mkdtemp(dir=self.base)) / "library").init()
        os.sync()
        return timed(lambda: fresh.run("import", self.sources[name], "-q", timeout=3600))

    def find(self, name, *query):
        return timed(lambda: self.libraries[name].run("find", *query))

    def tag(self, name):
        paths = [str(path.relative_to(self.sources[name])) for path in sorted(self.sources[name].rglob("*.bin"))[:800]]
        self.libraries[name].run("tag", "remove", "t", *paths, expect=None)
        return timed(lambda: self.libraries[name].run("tag", "add", "t", *paths))

    def list_all(self, name, *folders):
        paths = [self.mounts[name] / folder for folder in folders]
        if can_drop_caches():
            drop_caches()
        return timed(lambda: subprocess.run(["find", *paths, "-ls"], check=True, capture_output=True))

    def read_all(self, name, folder):
        if can_drop_caches():
            drop_caches()
        files = [path for path in (self.mounts[name] / folder).rglob("*") if path.is_file()]
        return timed(lambda: [path.read_bytes() for path in files])

    def copy_in(self):
        target = self.mounts["packs"] / "originals/copied"
        shutil.rmtree(target, ignore_errors=True)
        return timed(lambda: subprocess.run(["cp", "-r", self.sources["distinct"] / "0", target], check=True))

    def made_again(self, folder, most=None):
        # A kernel keeps the pages of what it has read: a mount anew has none.
        self.mounts["media"].stop()
        self.libraries["media"].delete_derived()
        self.mounts["media"] = Mount(self.libraries["media"]).start()
        files = sorted(path for path in (self.mounts["media"] / folder).rglob("*") if path.is_file())

        def read():
            for path in files:
                # A damaged sample has none, in either.
                with contextlib.suppress(OSError), open(path, "rb") as file:
                    file.read(most)

        return timed(read)


MEASURES = {
    "import, 3,000 files": lambda build: build.import_of("distinct"),
    "import, 3,000 files of 30 contents": lambda build: build.import_of("copies"),
    "import, 1,000 members in five zips": lambda build: build.import_of("packs"),
    "find, 3,000 files": lambda build: build.find("distinct", "type:other"),
    "find, among copies": lambda build: build.find("copies", "type:other"),
    "tag 800 files": lambda build: build.tag("distinct"),
    "tag 800 copies": lambda build: build.tag("copies"),
    "find -ls, 3,000 files, four views": lambda build: build.list_all("distinct", "originals", "by-date", "by-type", "recent"),
    "find -ls, originals of copies": lambda build: build.list_all("copies", "originals"),
    "read 3,000 files": lambda build: build.read_all("distinct", "originals"),
    "read 1,000 members": lambda build: build.read_all("packs", "packs"),
    "cp 150 files in": lambda build: build.copy_in(),
    "previews, medium": lambda build: build.made_again("previews/medium/originals"),
    "proxies, 4 MiB of each": lambda build: build.made_again("proxies/edit/originals", 4 << 20),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("old")
    parser.add_argument("new")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="*", default=list(MEASURES))
    options = parser.parse_args()
    with workplace() as base:
        sources = {}
        for name, make in SOURCES.items():
            sources[name] = base / f"source-{name}"
            make(sources[name])
        builds = [Build(programs, base / name, sources) for name, programs in (("old", options.old), ("new", options.new))]
        try:
            for build in builds:
                build.prepare()
            print("|  | old, s | new, s | new / old, of pairs |\n| --- | --- | --- | --- |")
            for name in options.only:
                took = [[], []]
                for number in range(options.rounds + 1):
                    for which in (0, 1) if number % 2 else (1, 0):
                        builds[which].use()
                        seconds = MEASURES[name](builds[which])
                        if number:  # the first is for caches
                            took[which].append(seconds)
                ratios = [new / old for old, new in zip(*took)]
                print(f"| {name} | {statistics.median(took[0]):.3f} | {statistics.median(took[1]):.3f} | "
                      f"{statistics.median(ratios):.2f} ({min(ratios):.2f} – {max(ratios):.2f}) |", flush=True)
        finally:
            for build in builds:
                build.end()


if __name__ == "__main__":
    main()
