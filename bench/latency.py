#!/usr/bin/python3
# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long somebody waits for one preview while a file manager renders a whole folder: one program reads all previews of
a folder of 500 JPEGs of 4000x3000 with four threads, another first-reads single ones of another folder every 100 ms;
beside the same reads on an idle mount, and beside vipsthumbnail of one file at a time on an idle machine.

Usage: bench/latency.py [--crowd N] [--singles N] [--size small|medium|large]
"""

import argparse
import multiprocessing
import os
import shutil
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from common import CORES, Library, note, table, timed, workplace
from previews import BOX, EFFORT, QUALITY, FirstReads, make_sources

EVERY = 0.1
THREADS = 4
PICTURES = 12  # different ones; the other files are these with a comment of their own


def make_folder(folder, count, pictures, start):
    """Different bytes, and so different assets, that cost the same to decode."""
    folder.mkdir(parents=True)
    for n in range(start, start + count):
        data = pictures[n % len(pictures)].read_bytes()
        comment = f"number {n}".encode()
        segment = b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment
        (folder / f"photo{n:04}.jpg").write_bytes(data[:2] + segment + data[2:])


def read_preview(path):
    if path.read_bytes()[:4] != b"RIFF":
        raise SystemExit(f"{path} is no WebP")


def read_crowd(folder, under_way):
    with ThreadPoolExecutor(THREADS) as pool:
        reads = [pool.submit(read_preview, folder / name) for name in sorted(os.listdir(folder))]
        reads[THREADS].result()
        under_way.set()
        for read in reads:
            read.result()


def read_singles(folder, crowd=None):
    """Milliseconds of each first read; those during which the crowd ended do not count."""
    took = []
    for name in sorted(os.listdir(folder)):
        began = time.monotonic()
        seconds = timed(lambda: read_preview(folder / name))
        if crowd and not crowd.is_alive():
            break
        took.append(seconds * 1000)
        time.sleep(max(0, began + EVERY - time.monotonic()))
    return took


def measure(reads, size, with_crowd):
    """On an empty cache and a fresh mount. The crowd is a process of its own, as the readers are whose shares are fair."""
    reads.prepare()
    view = reads.mount / f"previews/{size}/originals"
    if not with_crowd:
        return read_singles(view / "singles")
    under_way = multiprocessing.Event()
    crowd = multiprocessing.Process(target=read_crowd, args=(view / "crowd", under_way))
    crowd.start()
    try:
        under_way.wait()
        took = read_singles(view / "singles", crowd)
        print(f"  {len(took)} reads beside the crowd", file=sys.stderr)
    finally:
        crowd.join()
    if crowd.exitcode:
        raise SystemExit("the folder could not be read")
    return took


def vipsthumbnail(files, box, out):
    out.mkdir()
    argv = ["vipsthumbnail", "-s", str(box), "--export-profile", "srgb", "-o",
            f"{out}/%s.webp[Q={QUALITY},effort={EFFORT},strip]"]
    environment = {**os.environ, "VIPS_CONCURRENCY": "1"}
    took = [timed(lambda: subprocess.run([*argv, str(file)], env=environment, check=True)) * 1000 for file in files]
    shutil.rmtree(out)
    return took


def percentile(numbers, percent):
    return sorted(numbers)[min(len(numbers) - 1, len(numbers) * percent // 100)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--crowd", type=int, default=500)
    parser.add_argument("--singles", type=int, default=150)
    parser.add_argument("--size", choices=BOX, default="medium")
    options = parser.parse_args()
    with workplace() as base:
        pictures = make_sources(base / "pictures", PICTURES, base)
        make_folder(base / "source/crowd", options.crowd, pictures, 0)
        make_folder(base / "source/singles", options.singles, pictures, options.crowd)
        library = Library(base / "library").init()
        library.run("import", base / "source", "-q", timeout=3600)
        reads = FirstReads(library)
        singles = sorted((base / "source/singles").iterdir())
        try:
            measured = {"vipsthumbnail, one at a time": vipsthumbnail(singles, BOX[options.size], base / "out"),
                        "damfs, idle": measure(reads, options.size, with_crowd=False),
                        f"damfs, beside {options.crowd} others": measure(reads, options.size, with_crowd=True)}
        finally:
            reads.finish()
        idle = percentile(measured["damfs, idle"], 99)
        rows = [(name, str(len(took)), f"{statistics.median(took):.0f}", f"{percentile(took, 99):.0f}", f"{max(took):.0f}",
                 f"{percentile(took, 99) / idle:.2f}") for name, took in measured.items()]
        table(f"First read of a {options.size} preview of a JPEG of 4000×3000, {CORES} cores",
              ["", "reads", "median, ms", "99th percentile, ms", "longest, ms", "99th ÷ idle"], rows)
        note(f"The others are read by one program with {THREADS} threads.")


if __name__ == "__main__":
    main()
