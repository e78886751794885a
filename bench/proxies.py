#!/usr/bin/python3
# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Editing proxies that were never made before: how soon they open, jump and play.

Usage: bench/proxies.py [--rounds N] [--hours H] [--parts opening,jumping,playing,middle]

The source is one GOP of ten seconds, 1920×1080 H.264, repeated by stream copy to ten minutes and to H hours; so a
jump costs the decoding of half of it on average. Each round has a fresh mount and an empty cache. The baseline of
playing is the plain ffmpeg command that writes the same frames to a file; of opening in the middle, ffmpegfs.
"""

import argparse
import json
import os
import random
import shutil
import statistics
import subprocess
import time

from common import CORES, Library, Mount, Rounds, have, note, run, table, timed, wait_until, workplace, is_mountpoint, clear_mountpoint

FRAME = 49_152  # DNxHR LB at 960×540
RATE = 25
MIB = 1 << 20


def make_clips(folder, base, hours):
    folder.mkdir()
    gop = folder / "seconds.mp4"
    run("ffmpeg", "-v", "error", "-f", "lavfi", "-i", f"testsrc2=size=1920x1080:rate={RATE}:duration=10", "-f", "lavfi", "-i",
        "sine=frequency=440:sample_rate=48000:duration=10", "-vf", "noise=alls=4:allf=t", "-c:v", "libx264", "-preset",
        "veryfast", "-pix_fmt", "yuv420p", "-g", "250", "-sc_threshold", "0", "-c:a", "aac", gop)
    for name, times in (("minute", 6), ("minutes", 60), ("hours", int(360 * hours))):
        listing = base / "list.txt"
        listing.write_text(f"file '{gop}'\n" * times)
        run("ffmpeg", "-v", "error", "-f", "concat", "-safe", "0", "-i", listing, "-c", "copy", folder / f"{name}.mp4")


class Fresh:
    """A mount on which no proxy was ever read."""

    def __init__(self, library):
        self.library = library
        self.mount = None

    def prepare(self):
        self.finish()
        shutil.rmtree(self.library.path / "derived/edit", ignore_errors=True)
        self.mount = Mount(self.library).start()

    def settle(self):
        self.prepare()
        time.sleep(1)  # a mount starts its workers when it begins

    def proxy(self, name):
        return self.mount / f"proxies/edit/originals/{name}.mov"

    def finish(self):
        if self.mount:
            self.mount.stop()
            self.mount = None


def frame_offset(size, n, frames):
    return size - (frames - n) * FRAME


def frames_of(path):
    out = run("ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries", "stream=nb_frames", "-of", "csv=p=0", path)
    return int(out.strip().rstrip(","))


def first_frame(path, frames):
    """Seconds from open to the first frame's bytes."""
    start = time.monotonic()
    fd = os.open(path, os.O_RDONLY)
    size = os.fstat(fd).st_size
    os.pread(fd, 65_536, 0)
    data = os.pread(fd, FRAME, frame_offset(size, 0, frames))
    took = time.monotonic() - start
    os.close(fd)
    if len(data) != FRAME or data[:5] != b"\0\0\2\x80\3":
        raise SystemExit(f"{path}: that is no frame")
    return took


def jumps(path, frames, count=20):
    source = random.Random(7)
    fd = os.open(path, os.O_RDONLY)
    size = os.fstat(fd).st_size
    took = [timed(lambda: os.pread(fd, 4096, frame_offset(size, source.randrange(frames), frames))) for _ in range(count)]
    os.close(fd)
    return took


def opening(fresh, frames, rounds):
    for what, prepare in (("a second after mounting", fresh.settle), ("at once after mounting", fresh.prepare)):
        turns = Rounds(rounds, before_each=prepare)
        for name in ("seconds", "minutes", "hours"):
            turns.add(name, lambda name=name: first_frame(fresh.proxy(name), frames[name]))
        turns.run()
        table(f"From open to the first frame's bytes, nothing made before, {what}", ["clip", "s", "range", "× 10 s clip"],
              turns.rows("seconds", "{:.3f}"))


def jumping(fresh, frames, gop, rounds):
    measured, decode = [], []
    for _ in range(rounds):
        fresh.prepare()
        first_frame(fresh.proxy("hours"), frames["hours"])
        measured += jumps(fresh.proxy("hours"), frames["hours"])
        decode.append(timed(lambda: run("ffmpeg", "-v", "error", "-i", gop, "-an", "-f", "null", "-")))
    one_gop = statistics.median(decode)
    rows = [("one GOP decoded by ffmpeg", f"{one_gop:.3f}", "1.00")]
    rows += [(f"random frame, {what}", f"{value:.3f}", f"{value / one_gop:.2f}")
             for what, value in (("median", statistics.median(measured)), ("worst", max(measured)))]
    table(f"{len(measured)} random frames of the longest clip", ["", "s", "÷ one GOP"], rows)


def playing(fresh, source, frames, base, rounds):
    def plain():
        run("ffmpeg", "-v", "error", "-y", "-i", source, "-vf",
            f"fps={RATE}:round=near,scale=960:540:flags=bicubic+accurate_rnd+bitexact", "-pix_fmt", "yuv422p", "-c:v", "dnxhd",
            "-profile:v", "dnxhr_lb", "-c:a", "pcm_s16le", base / "plain.mov")

    turns = Rounds(rounds, before_each=fresh.settle)
    turns.add("ffmpeg to a file", plain)
    turns.add("damfs, read in sequence", lambda: shutil.copyfile(fresh.proxy("minute"), base / "copy.mov") and None)
    turns.run()
    rows = [(name, took, spread, f"{frames / turns.median(name):.0f}",
             f"{turns.median('ffmpeg to a file') / turns.median(name):.2f}")
            for name, took, spread, _ in turns.rows("ffmpeg to a file")]
    table(f"The same {frames} frames, one behind the other, {CORES} cores", ["", "s", "range", "frames a second", "speed ÷ ffmpeg"], rows)


def middle(fresh, source, base, rounds):
    """Open, read 1 MiB from the middle, against ffmpegfs (ProRes: its only format for editing that is made while read)."""
    if not have("ffmpegfs"):
        return

    at = base / "ffmpegfs"

    def start():
        at.mkdir(exist_ok=True)
        subprocess.Popen(["ffmpegfs", "-f", f"--cachepath={base / 'ffmpegfs-cache'}", "-o", "desttype=prores", str(source.parent),
                          str(at)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(lambda: is_mountpoint(at), 20, "ffmpegfs")

    def read_middle(path):
        fd = os.open(path, os.O_RDONLY)
        data = os.pread(fd, MIB, os.fstat(fd).st_size // 2)
        os.close(fd)
        return len(data)

    def peer():
        shutil.rmtree(base / "ffmpegfs-cache", ignore_errors=True)
        start()
        try:
            names = [name for name in os.listdir(at) if name.startswith(source.stem + ".")]
            start_time = time.monotonic()
            if read_middle(at / names[0]) == 0:
                note("ffmpegfs gave no bytes from the middle of a file that it had not made yet; its time is for that.")
            took = time.monotonic() - start_time
        finally:
            clear_mountpoint(at)
        return took

    turns = Rounds(rounds, before_each=fresh.prepare)
    turns.add("ffmpegfs", peer)
    turns.add("damfs", lambda: timed(lambda: read_middle(fresh.proxy(source.stem))))
    turns.run()
    table("Open, read 1 MiB from the middle (one minute)", ["", "s", "range", "÷ ffmpegfs"], turns.rows("ffmpegfs", "{:.3f}"))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--hours", type=float, default=2)
    parser.add_argument("--parts", default="opening,jumping,playing,middle")
    options = parser.parse_args()
    with workplace() as base:
        make_clips(base / "source", base, options.hours)
        library = Library(base / "library").init()
        library.run("import", base / "source", "-q", timeout=3600)
        fresh = Fresh(library)
        try:
            fresh.prepare()
            frames = {name: frames_of(fresh.proxy(name)) for name in ("seconds", "minute", "minutes", "hours")}
            note(f"frames: {json.dumps(frames)}")
            parts = {
                "opening": lambda: opening(fresh, frames, options.rounds),
                "jumping": lambda: jumping(fresh, frames, base / "source/seconds.mp4", options.rounds),
                "playing": lambda: playing(fresh, base / "source/minute.mp4", frames["minute"], base, options.rounds),
                "middle": lambda: middle(fresh, base / "source/minute.mp4", base, options.rounds),
            }
            for part in options.parts.split(","):
                parts[part]()
        finally:
            fresh.finish()


if __name__ == "__main__":
    main()
