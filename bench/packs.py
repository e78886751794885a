#!/usr/bin/python3
# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inside of a zip: fuse-zip, mount-zip, damfs packs/, and beside them the extracted files.

Usage: MOUNT_ZIP=/path/to/mount-zip bench/packs.py [--rounds N] [--members N] [--mib N]

One archive: 20,000 small deflated members, and of 50 MiB each three deflated ones (hexadecimal digits, about 2:1) and two
stored ones. In each round each candidate is mounted anew, and the kernel's caches are dropped before every step where that
is allowed. damfs begins each round with what the import left behind, the members' index and its checkpoints; "damfs,
emptied" begins with its derived cache deleted, and has to make them again.
"""

import argparse
import os
import random
import shutil
import statistics
import subprocess
import sys
import time

from common import (Library, can_drop_caches, clear_mountpoint, drop_caches, have, is_mountpoint, note, proportional_mib,
                    resident_mib, run, table, timed, workplace)
from mount import children
from zips import DEFLATED, STORED, Member, archive

LARGE = {"deflated 1.txt": DEFLATED, "deflated 2.txt": DEFLATED, "deflated 3.txt": DEFLATED, "stored 1.txt": STORED,
         "stored 2.txt": STORED}
MIDDLE, END, WHOLE = "deflated 1.txt", "deflated 2.txt", "deflated 3.txt"
PLAIN, PLAIN_MIDDLE = "stored 1.txt", "stored 2.txt"
STEPS = {"mount until ls works, s": "{:.3f}", "find -type f -printf %s, s": "{:.3f}",
         "deflated, 4 KiB in the middle, ms": "{:.1f}",
         "the same file once more, 4 KiB at 1 MiB, ms": "{:.1f}", "deflated, 4 KiB at the end, ms": "{:.1f}",
         "stored, 4 KiB in the middle, ms": "{:.1f}", "deflated, whole, MiB/s": "{:.0f}", "deflated, again, MiB/s": "{:.0f}",
         "stored, whole, MiB/s": "{:.0f}", "stored, again, MiB/s": "{:.0f}",
         "mounted again: deflated, 4 KiB at three quarters, ms": "{:.1f}", "resident after all of it, MiB": "{:.1f}",
         "resident with its workers, what they share counted for each, MiB": "{:.1f}",
         "resident with its workers, what they share counted once, MiB": "{:.1f}"}


def make(base, members, mebibytes):
    """The archive, and its files beside it."""
    source, packed = random.Random(1), []
    for name, method in LARGE.items():
        data = source.randbytes(mebibytes << 19).hex().encode()
        packed.append(Member(name, data, method))
    for n in range(members):
        data = source.randbytes(source.randrange(20, 400)).hex().encode()
        packed.append(Member(f"folder {n // 200:03}/small {n:05}.txt", data, DEFLATED))
    (base / "in").mkdir()
    (base / "in/pack.zip").write_bytes(archive(*packed))
    for member in packed:
        path = base / "extracted" / member.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(member.data)


class Peer:
    """A program in the foreground that shows the archive at a folder."""

    def __init__(self, base, name, argv, inside=""):
        self.at = base / name
        self.at.mkdir()
        self.argv, self.folder, self.process = argv(self.at), self.at / inside, None

    def forget(self):
        pass

    def start(self):
        self.process = subprocess.Popen(list(map(str, self.argv)), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        end = time.monotonic() + 60
        # Only asked once something is mounted: the plain folder is there before.
        while not (is_mountpoint(self.at) and self.shows()):
            if self.process.poll() is not None or time.monotonic() > end:
                raise SystemExit(f"{self.argv[0]} does not show the archive")
            time.sleep(0.001)

    def shows(self):
        try:
            return MIDDLE in os.listdir(self.folder)
        except OSError:
            return False

    def resident(self):
        """Its own; and that of all its processes, as they are resident and by their shares."""
        processes = [self.process.pid, *children(self.process.pid)]
        return (resident_mib(self.process.pid), sum(map(resident_mib, processes)), sum(map(proportional_mib, processes)))

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait(30)
            clear_mountpoint(self.at)
            self.process = None


class Damfs(Peer):
    """`kept`: what the derived cache is to hold when a round begins; None: nothing."""

    def __init__(self, base, name, library, kept):
        self.derived, self.kept = library.path / "derived", kept
        super().__init__(base, name, lambda at: library.argv("mount", "-f", at), "packs/pack")

    def forget(self):
        shutil.rmtree(self.derived, ignore_errors=True)
        if self.kept and self.kept.exists():
            shutil.copytree(self.kept, self.derived)


class Native:
    """What was extracted: no mount, and no time for one."""

    def __init__(self, folder):
        self.folder = folder

    def forget(self):
        pass

    start = stop = forget

    def resident(self):
        return None, None, None


def piece(path, at):
    """Milliseconds from open to 4 KiB of it."""
    start = time.monotonic()
    fd = os.open(path, os.O_RDONLY)
    data = os.pread(fd, 4096, at)
    took = time.monotonic() - start
    os.close(fd)
    if len(data) != 4096:
        raise SystemExit(f"{path}: {len(data)} bytes at {at}")
    return took * 1000


def speed(path, size):
    def read():
        with open(path, "rb", buffering=0) as file:
            buffer, total = bytearray(1 << 20), 0
            while got := file.readinto(buffer):
                total += got
        if total != size:
            raise SystemExit(f"{path}: {total} bytes instead of {size}")
    return (size >> 20) / timed(read)


def find(folder, files):
    out = run("find", folder, "-type", "f", "-printf", "%s\n")
    if out.count("\n") != files:
        raise SystemExit(f"{folder}: {out.count(chr(10))} files instead of {files}")


def measure(candidate, size, files, forget_pages):
    """One number a step, in the order of STEPS."""
    def cold(action, *arguments):
        forget_pages()
        return action(*arguments)

    candidate.stop()
    candidate.forget()
    forget_pages()
    started = timed(candidate.start)
    folder = candidate.folder
    found = cold(timed, lambda: find(folder, files))
    time.sleep(1)  # damfs starts its workers when it begins
    yield None if isinstance(candidate, Native) else started
    yield found
    yield cold(piece, folder / MIDDLE, size // 2)
    yield cold(piece, folder / MIDDLE, 1 << 20)
    yield cold(piece, folder / END, size - 4096)
    yield cold(piece, folder / PLAIN_MIDDLE, size // 2)
    for name in (WHOLE, PLAIN):
        yield cold(speed, folder / name, size)
        yield speed(folder / name, size)
    resident = candidate.resident()
    candidate.stop()
    forget_pages()
    candidate.start()
    time.sleep(1)
    yield cold(piece, folder / MIDDLE, size * 3 // 4)
    yield from resident
    candidate.stop()


def report(measured, rounds):
    """A table a step: ratios that are above one where the candidate is better than the other."""
    peers = [name for name in ("fuse-zip", "mount-zip") if name in measured]
    for n, (step, form) in enumerate(STEPS.items()):
        numbers = {name: [values[n] for values in runs if values[n] is not None] for name, runs in measured.items()}
        median = {name: statistics.median(values) for name, values in numbers.items() if values}

        def times_better(name, other):
            if other not in median:
                return "–"
            ratio = median[name] / median[other]
            return f"{ratio if step.endswith('MiB/s') else 1 / ratio:.2f}"
        rows = [(name, form.format(median[name]), f"{form.format(min(numbers[name]))} – {form.format(max(numbers[name]))}",
                 *(times_better(name, peer) for peer in peers), times_better(name, "extracted")) for name in median]
        table(step, ["", "median", f"range of {rounds}", *(f"× as good as {peer}" for peer in (*peers, "extracted"))], rows)


def candidates_of(base):
    zipped, found = base / "in/pack.zip", {"extracted": Native(base / "extracted")}
    if have("fuse-zip"):
        found["fuse-zip"] = Peer(base, "fuse-zip", lambda at: ["fuse-zip", "-r", "-f", zipped, at])
    if program := os.environ.get("MOUNT_ZIP"):
        found["mount-zip"] = Peer(base, "mount-zip", lambda at: [program, "-f", zipped, at])
    else:
        note("MOUNT_ZIP names no mount-zip: not compared.")
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--members", type=int, default=20_000)
    parser.add_argument("--mib", type=int, default=50)
    parser.add_argument("--without-damfs", action="store_true", help="only the others")
    options = parser.parse_args()
    with workplace() as base:
        make(base, options.members, options.mib)
        candidates = candidates_of(base)
        if not options.without_damfs:
            library = Library(base / "library").init()
            took = timed(lambda: library.run("import", base / "in", "-q", timeout=3600))
            note(f"Import of the archive, with its index: {took:.2f} s.")
            if (library.path / "derived").exists():
                shutil.copytree(library.path / "derived", base / "kept")
            candidates["damfs, emptied"] = Damfs(base, "emptied", library, None)
            candidates["damfs"] = Damfs(base, "damfs", library, base / "kept")
        if not can_drop_caches():
            note("Dropping the kernel's caches takes root: every step has them warm.")
        forget_pages = drop_caches if can_drop_caches() else lambda: None
        measured = {name: [] for name in candidates}
        try:
            for n in range(options.rounds):
                for name, candidate in candidates.items():
                    measured[name].append(list(measure(candidate, options.mib << 20, options.members + len(LARGE), forget_pages)))
                    print(f"  round {n + 1}/{options.rounds} {name}: {measured[name][-1]}", file=sys.stderr)
        finally:
            for candidate in candidates.values():
                candidate.stop()
        report(measured, options.rounds)


if __name__ == "__main__":
    main()
