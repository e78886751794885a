#!/usr/bin/python3
# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What scripts/test runs: the stages of a suite, one after the other, and a table of what each took."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree as xml
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CORES = os.cpu_count() or 1
SAID_LINES = 60  # of a failed test, once more at the end of all
# After so long a suite ends by itself, and says what took its time. 0: it never does.
MINUTES = float(os.environ.get("DAMFS_TEST_MINUTES", "0"))
GRACE_SECONDS = 30  # for ctest, which stops its tests by itself then

# Left out of a usual run under the address and undefined behaviour sanitizers: what waits for other programs or does in
# bulk what another test does once; all of it runs in release, and here too in `scripts/test all`.
BULK = ("mount.backup_tools", "mount.file_managers", "mount.numbered_albums", "mount.packs_copies", "mount.packs_encodings",
        "mount.packs_large", "mount.packs_names", "mount.packs_previews", "mount.packs_programs", "mount.pjdfstest",
        "mount.previews_decoders", "mount.previews_decoders_samples", "mount.proxies", "mount.proxies_in_melt",
        "mount.proxies_in_shotcut", "mount.samples", "mount.writing_tools", "mount.random_writes", "mount.packs_changes",
        "mount.packs_maps", "mount.nfs", "mount.samba", "mount.completions", "mount.man_pages", "mount.service",
        "mount.windows_show", "mount.command_line_out", "mount.command_line_programs", "mount.smart_albums",
        "far.a_file_is_a_file", "far.packs_nested", "far.previews", "faults.import_interrupted", "faults.storage_full", "faults.power_cut", "scripts.*",
        # What it would find is found by the fuzz targets of what it reads.
        "faults.hostile_library",
        # Every preview of every sample, to count encodes; EveryStillIsMade… makes them too.
        "unit.SampleEncodes*",
        # Once more as somebody else: whose request it was is no matter of memory.
        "as-ordinary-user.*")
# The sanitizers replay the fuzz targets' corpora: what they find is what a release build would not notice.
NEEDS_SANITIZER = ("fuzz-replay.*",)
# Before a commit: all unit tests that take no time, and a mount's ground.
QUICK_MOUNTS = ("mount.mounting", "mount.tree", "mount.identity", "mount.names", "mount.xattrs", "mount.read_only",
                "mount.changes_show", "golden.*", "scripts.*")
SLOW_UNITS = ("unit.WorkerConfine", "unit.Clips/*", "unit.ClipWorker*", "unit.ClipProbe", "unit.ClipLayout", "unit.MediaWorker*",
              "unit.Formats/*", "unit.Samples.*", "unit.SampleEncodes*", "unit.SparseFileTest", "unit.StillsOfOneSource",
              "unit.PoolClipTest", "unit.Material")
# A thread sanitizer sees one process: tests whose work is done by a worker's libraries are left to the others, and so
# are long ones of a single thread.
NOT_THREADS = ("unit.ClipWorker*", "unit.ClipProbe", "unit.Clips/*", "unit.MediaWorker*", "unit.WorkerConfine", "unit.WorkerLoaders",
               "unit.Formats/*", "unit.Fit", "unit.Samples.*", "unit.SampleEncodes*", "unit.StillsOfOneSource", "unit.Material",
               "unit.QueryPlan", "unit.CatalogFile", "unit.JournalTest", "unit.ClipLayout", "unit.SearchOfOneAsset", "unit.Names",
               "unit.Query", "unit.FactsJson", "unit.Mp4Tracks", "unit.All/HostileFacts*", "unit.MaterialBall", "unit.MemberNames",
               "unit.Acts/UndoOfAnything", "unit.Copies/RandomActs", "unit.*Faults.*", "unit.*Upgrade*")


def pattern(names):
    """A regular expression as ctest knows them; a * stands for anything."""
    return "^(" + "|".join(name.replace(".", "[.]").replace("*", ".*") for name in names) + ")$"


def slowness():
    """How many times longer than on the machine the tests' deadlines were written for, at least once: what tests do, which
    is to compute and to start programs, tried on all cores at once."""
    def work(_):
        start = time.monotonic()
        for _ in range(60):
            subprocess.run(["true"], check=True)
        block = bytes(1 << 20)
        for _ in range(100):
            hashlib.blake2b(block).digest()
        return time.monotonic() - start

    usual_seconds = 0.3
    with ThreadPoolExecutor(CORES) as pool:
        return max(1.0, round(max(pool.map(work, range(CORES))) / usual_seconds, 1))


class Suite:
    def __init__(self, name):
        self.name = name
        self.stages = [("packages", float(os.environ.get("DAMFS_SETUP_SECONDS", "0")))]
        self.tests = []
        self.said = {}  # by the tests that failed
        self.failed = []
        self.end = time.time() + 60 * MINUTES if MINUTES else None
        self.factor = slowness()
        print(f"test: deadlines are stretched by {self.factor} on this machine", flush=True)

    def stage(self, name, *argv, needed=False, environment=None):
        if self.end is not None and time.time() >= self.end:
            self.failed.append(f"{MINUTES:.0f} minutes were over before {name}")
            raise SystemExit(self.report())
        print(f"\n== {name} (minute {sum(seconds for _, seconds in self.stages) / 60:.0f})", flush=True)
        start = time.monotonic()
        process = subprocess.Popen(argv, cwd=ROOT, stdin=subprocess.DEVNULL, env={**os.environ, **(environment or {})})
        try:
            status = process.wait(None if self.end is None else max(1.0, self.end - time.time() + GRACE_SECONDS))
        except subprocess.TimeoutExpired:
            process.terminate()
            status = process.wait()
        self.stages.append((name, time.monotonic() - start))
        if status:
            self.failed.append(name)
            if needed:
                raise SystemExit(self.report())

    def has_minutes(self, wanted):
        return self.end is None or self.end - time.time() >= 60 * wanted

    def is_late(self):
        """Whether more than half of the time that is allowed is gone."""
        return not self.has_minutes(MINUTES / 2)

    def build(self, preset, *targets):
        settings = [f"-DDAMFS_MACHINE_SLOWNESS={self.factor}", "-DDAMFS_TESTS=ON"]
        self.stage(f"configure {preset}", "cmake", "--preset", preset, *settings, "--log-level=WARNING", needed=True)
        self.stage(f"build {preset}", "scripts/build", preset, *targets, needed=True)

    def ctest(self, preset, *options, name=None, environment=None):
        results = ROOT / "build" / preset / f"results-{len(self.stages)}.xml"
        if self.end is not None:
            options = ("--stop-time", time.strftime("%H:%M:%S", time.localtime(self.end)), *options)
        # More than cores: a test often waits, for a mount or a program.
        self.stage(name or f"test {preset}", "ctest", "--preset", preset, "-j", str(CORES + 1), "--output-junit", str(results),
                   *options, environment=environment)
        if results.exists():
            for case in xml.parse(results).getroot().iter("testcase"):
                self.tests.append((float(case.get("time", "0")), preset, case.get("name"), case.get("status")))
                if case.get("status") == "fail":
                    self.said[f"{preset} {case.get('name')}"] = case.findtext("system-out", "")

    def report(self):
        print(f"\n== what it took ({self.name})")
        for name, seconds in self.stages:
            print(f"{seconds:8.1f} s  {name}")
        print(f"{sum(seconds for _, seconds in self.stages):8.1f} s  in all; {len(self.tests)} tests")
        if self.tests:
            print("\n== the slowest tests")
            for seconds, preset, name, _ in sorted(self.tests, reverse=True)[:30]:
                print(f"{seconds:8.1f} s  {preset:8} {name}")
        for name, text in self.said.items():
            print(f"\n== the end of what {name} said")
            print("\n".join(text.splitlines()[-SAID_LINES:]), flush=True)
        if self.failed:
            print(f"\ntest: FAILED: {', '.join([*self.failed, *self.said])}", file=sys.stderr)
        return 1 if self.failed else 0


def checks(suite):
    suite.stage("format", "scripts/check-format")
    suite.stage("layers", "scripts/check-layers")


def thread_sanitizer(suite):
    """Of the unit tests' program alone; the worker beside it is the release one, which is a process of its own."""
    suite.build("tsan", "damfs_unit_tests", "damfs-fake-worker")
    for program in ("damfs-worker", "damfs-confined-act"):
        shutil.copy2(ROOT / "build/release/bin" / program, ROOT / "build/tsan/bin" / program)
    suite.ctest("tsan", "-L", "^unit$", "-E", pattern(NOT_THREADS))


def usual(suite):
    checks(suite)
    suite.build("release")
    suite.ctest("release", "-E", pattern(NEEDS_SANITIZER))
    suite.build("asan")
    if suite.is_late():
        print("test: most of the time is gone: of the mounts' tests only the ground runs under sanitizers", flush=True)
        suite.ctest("asan", "-R", pattern(("unit.*", "fuzz-replay.*", *QUICK_MOUNTS)), "-E", pattern(BULK))
    else:
        suite.ctest("asan", "-E", pattern(BULK))
    if suite.has_minutes(18):
        thread_sanitizer(suite)
    else:
        print("\ntest: LEFT OUT for lack of time: the thread sanitizer", flush=True)


def quick(suite, preset="release"):
    checks(suite)
    suite.build(preset)
    suite.ctest(preset, "-L", "^unit$", "-E", pattern(SLOW_UNITS), name="unit tests")
    suite.ctest(preset, "-R", pattern(QUICK_MOUNTS), name="mounts")


def everything(suite):
    checks(suite)
    thorough = {"DAMFS_THOROUGH": "1"}
    suite.factor *= 4  # large sizes are waited for
    suite.build("release")
    suite.ctest("release", environment=thorough)
    suite.build("asan")
    suite.ctest("asan", environment=thorough)
    thread_sanitizer(suite)
    suite.build("plain")
    suite.ctest("plain", "-L", "^unit$")
    suite.build("fuzz")
    suite.ctest("fuzz", "-R", "^fuzz")


def one_preset(preset, options):
    def run(suite):
        suite.build(preset)
        suite.ctest(preset, *options)
    return run


def main():
    name, *options = sys.argv[1:] or ["usual"]
    presets = re.findall(r'"name": "(\w+)", "configurePreset"', (ROOT / "CMakePresets.json").read_text())
    suites = {"usual": usual, "quick": quick, "all": everything}
    if name not in suites and name not in presets:
        raise SystemExit(f"scripts/test: there is neither a suite nor a preset '{name}'; see scripts/test -h")
    suite = Suite(name)
    if name == "quick":
        quick(suite, *options)  # of another preset, for who has built that one
    else:
        (suites.get(name) or one_preset(name, options))(suite)
    return suite.report()


if __name__ == "__main__":
    sys.exit(main())
