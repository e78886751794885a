# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the benchmarks share: a place to work, interleaved runs, and tables that always show the ratio to a baseline.

Every number is a median; the candidates take turns within each round, so that a noisy minute hits all alike.
"""

import contextlib
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests/support"))

from library import BIN  # noqa: E402, F401
from library import Library as TestLibrary  # noqa: E402
from mount import Mount, clear_mountpoint, is_mountpoint, wait_until  # noqa: E402, F401

CORES = os.cpu_count()


class Library(TestLibrary):
    """With the workers that everybody's library has."""

    def init(self):
        return super().init(ready_workers=2)


@contextlib.contextmanager
def workplace():
    """A folder on a real disk, gone afterwards: $DAMFS_BENCH_DIR, else the build folder's file system."""
    base = Path(os.environ.get("DAMFS_BENCH_DIR", ROOT / "build"))
    base.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="damfs-bench-", dir=base))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def run(*argv, **options):
    done = subprocess.run([str(a) for a in argv], stdin=subprocess.DEVNULL, capture_output=True, text=True, **options)
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, argv))} failed:\n{done.stdout[-1000:]}{done.stderr[-2000:]}")
    return done.stdout


def timed(action):
    start = time.monotonic()
    action()
    return time.monotonic() - start


def can_drop_caches():
    return os.access("/proc/sys/vm/drop_caches", os.W_OK)


def drop_caches(what=3):
    """1: pages, 2: names and inodes, 3: both."""
    os.sync()
    Path("/proc/sys/vm/drop_caches").write_text(f"{what}\n")


class Rounds:
    """Candidates measured in turns: add(name, action) and run(). An action returns its own number, or is timed."""

    def __init__(self, rounds, before_each=None):
        self.rounds = rounds
        self.before_each = before_each or (lambda: None)
        self.actions = {}
        self.measured = {}

    def add(self, name, action, after=None):
        self.actions[name] = (action, after or (lambda: None))

    def run(self):
        for n in range(self.rounds):
            for name, (action, after) in self.actions.items():
                self.before_each()
                start = time.monotonic()
                number = action()
                took = time.monotonic() - start
                self.measured.setdefault(name, []).append(number if isinstance(number, float) else took)
                after()
                print(f"  round {n + 1}/{self.rounds} {name}: {self.measured[name][-1]:.3f}", file=sys.stderr)
        return self

    def median(self, name):
        return statistics.median(self.measured[name])

    def rows(self, baseline, form="{:.2f}"):
        """Markdown cells: name, median, lowest to highest, ratio to the baseline."""
        for name, numbers in self.measured.items():
            yield (name, form.format(self.median(name)), f"{form.format(min(numbers))} – {form.format(max(numbers))}",
                   f"{self.median(name) / self.median(baseline):.2f}")


def table(title, headings, rows):
    print(f"\n### {title}\n")
    print("| " + " | ".join(headings) + " |")
    print("|" + " --- |" * len(headings))
    for row in rows:
        print("| " + " | ".join(row) + " |")
    sys.stdout.flush()


def note(text):
    print(f"\n{text}")


@contextlib.contextmanager
def bindfs(source, at, writes=False):
    """A plain FUSE file system over the same folder: what a mount costs when nobody worked on it."""
    at.mkdir()
    argv = ["bindfs", "-f", *([] if writes else ["-r"]), "--no-allow-other", str(source), str(at)]
    process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: is_mountpoint(at), 20, "bindfs")
        yield at
    finally:
        clear_mountpoint(at)
        process.terminate()
        process.wait()


def have(*programs):
    """Of these the ones that are here; says which are not."""
    found = [program for program in programs if shutil.which(program)]
    for program in set(programs) - set(found):
        note(f"`{program}` is not installed (scripts/setup --bench): not compared.")
    return found


def _memory_mib(path, key):
    for line in Path(path).read_text().splitlines():
        if line.startswith(f"{key}:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError(f"no {key}")


def resident_mib(pid):
    return _memory_mib(f"/proc/{pid}/status", "VmRSS")


def proportional_mib(pid):
    """What several processes have in memory together counts for each with its share (Pss)."""
    return _memory_mib(f"/proc/{pid}/smaps_rollup", "Pss")
