#!/usr/bin/python3
# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Previews a second: first reads through damfs beside vipsthumbnail, of the same size, format and encoder settings, on as
many cores. Sources are 60 JPEGs of 4000x3000: sample photos where DAMFS_SAMPLES has them, else made ones, upscaled.

Usage: bench/previews.py [--rounds N] [--files N]
"""

import argparse
import os
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from common import CORES, ROOT, Library, Mount, Rounds, run, table, workplace

# What damfs asks its encoder for first (catalog/media/job.h).
QUALITY, EFFORT = 80, 4
BOX = {"small": 200, "medium": 800, "large": 1920}


def make_sources(folder, count, base):
    samples = Path(os.environ.get("DAMFS_SAMPLES", "/nonexistent"))
    originals = sorted((samples / "orientation").glob("*_1.jpg")) + sorted((samples / "photos/jpg").glob("*/DSCN*.jpg"))
    if not originals:
        run(ROOT / "scripts/demo-media", base / "demo")
        originals = sorted((base / "demo/Italy 2024").glob("IMG_*.JPG")) + sorted((base / "demo/Australia").glob("*.*"))
    folder.mkdir()

    def one(n):
        # A little noise of its own makes each a different picture, and as costly to decode as a camera's.
        target, flat, noise = folder / f"photo{n:03}.jpg", base / f"flat{n}.v", base / f"noise{n}.v"
        run("vipsthumbnail", originals[n % len(originals)], "--size", "4000x3000!", "-o", f"{flat}")
        run("vips", "gaussnoise", noise, "4000", "3000", "--sigma", "6", "--mean", "0", "--seed", n)
        run("vips", "add", flat, noise, base / f"sum{n}.v")
        run("vips", "cast", base / f"sum{n}.v", base / f"cast{n}.v", "uchar")
        run("vips", "jpegsave", base / f"cast{n}.v", target, "--Q", "90", "--strip")
        for left in base.glob(f"*{n}.v"):
            if left.name in (f"flat{n}.v", f"noise{n}.v", f"sum{n}.v", f"cast{n}.v"):
                left.unlink()

    for n in range(count):
        one(n)
    return sorted(folder.iterdir())


def vipsthumbnail(files, box, out):
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    environment = {**os.environ, "VIPS_CONCURRENCY": "1"}
    running = [subprocess.Popen(["vipsthumbnail", "-s", str(box), "--export-profile", "srgb", "-o",
                                 f"{out}/%s.webp[Q={QUALITY},effort={EFFORT},strip]", *map(str, files[n::CORES])],
                                env=environment, stderr=subprocess.DEVNULL) for n in range(CORES)]
    for process in running:
        if process.wait():
            raise SystemExit("vipsthumbnail failed")
    if len(list(out.iterdir())) != len(files):
        raise SystemExit("vipsthumbnail left some out")


class FirstReads:
    """Each round on an empty cache and a fresh mount; making those is not counted."""

    def __init__(self, library):
        self.library = library
        self.mount = None

    def prepare(self):
        self.finish()
        for entry in (self.library.path / "derived").iterdir():
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        self.mount = Mount(self.library).start()

    def read(self, size):
        folder = self.mount / f"previews/{size}/originals"
        names = sorted(os.listdir(folder))
        with ThreadPoolExecutor(CORES) as pool:
            for name, data in zip(names, pool.map(lambda name: (folder / name).read_bytes(), names)):
                if data[:4] != b"RIFF":
                    raise SystemExit(f"{name} is no WebP")
        if self.mount.stats()["renders_done"] != len(names):
            raise SystemExit("some were not rendered in this round")

    def finish(self):
        if self.mount:
            self.mount.stop()
            self.mount = None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--files", type=int, default=60)
    options = parser.parse_args()
    with workplace() as base:
        files = make_sources(base / "source", options.files, base)
        library = Library(base / "library").init()
        library.run("import", base / "source", "-q", timeout=3600)
        reads = FirstReads(library)
        try:
            for size, box in BOX.items():
                turns = Rounds(options.rounds, before_each=reads.prepare)
                turns.add("vipsthumbnail", lambda: vipsthumbnail(files, box, base / "out"))
                turns.add("damfs first reads", lambda: reads.read(size))
                turns.run()
                rows = [(*row[:3], f"{len(files) / turns.median(row[0]):.1f}",
                         f"{turns.median('vipsthumbnail') / turns.median(row[0]):.2f}")
                        for row in turns.rows("vipsthumbnail")]
                table(f"{size.capitalize()} previews ({box} px WebP) of {len(files)} JPEGs of 4000×3000, {CORES} cores",
                      ["", "s", "range", "a second", "speed ÷ vipsthumbnail"], rows)
        finally:
            reads.finish()


if __name__ == "__main__":
    main()
