#!/usr/bin/python3
# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many programs of several users work in one mount for a while, against a model of their own: as root and as two strangers
they make, save over, move, tag, remove, restore and read files, and pry into those of the others; meanwhile the daemon is
killed and ended, workers die, the disk is full, files are imported, verified, purged and freed. After each cut: nothing
acknowledged is lost or altered, `doctor` finds nothing, nothing of nobody's lies in staging/; at rest the daemon holds no
more than before. Then how long stat, ls and lookups take beside closes of large and of many small files, and natively.

Usage: tests/soak.py [--minutes N] [--seed N] [--actors N] [--gib N] [--disk MIB] (as root; DAMFS_BIN names the programs)
"""

import argparse
import collections
import contextlib
import multiprocessing
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent / "support"))

import media  # noqa: E402
import soak_waits  # noqa: E402
from library import Library, scratch_folder  # noqa: E402
from loop import make_image, mounted_image  # noqa: E402
from mount import Mount, clear_mountpoint, why_no_mounts  # noqa: E402
from soak_actor import Actor  # noqa: E402
from soak_checks import Checks  # noqa: E402
from stranger import ALICE, BOB, why_no_strangers  # noqa: E402

MEBIBYTE = 1 << 20
KILL, TERM, UNMOUNT, REST = "kill -9", "SIGTERM", "unmount", "rest"
CUTS = {KILL: 5, TERM: 1, UNMOUNT: 1, REST: 3}


class Conductor(Checks):
    def __init__(self, options, folder, disk):
        self.options, self.folder, self.disk = options, folder, disk
        self.random = random.Random(options.seed)
        self.counts, self.problems, self.rests = collections.Counter(), [], []
        self.imported = {}  # path below originals/ -> SHA-256
        self.acknowledged = set()  # what must be among the objects
        context = multiprocessing.get_context("fork")
        self.halt, self.full = context.Event(), context.Value("d", 0)
        demo = media.demo_folder()
        pictures = [(demo / name).read_bytes() for name in ("Italy 2024/IMG_0001.JPG", "clock never set.jpg", "no camera.jpg")]
        uids = [(0, ALICE, BOB)[n % 3] for n in range(options.actors)]
        self.actors = [Actor(n, uid, options.seed, pictures, self.halt, self.full) for n, uid in enumerate(uids)]
        self.library = Library(disk / "library").init()
        self.library.configure("media", ready_workers=2)
        self.library.run("import", demo, "--into", "common", "-q")
        self.pipes, self.processes = [], []
        for actor in self.actors:
            here, there = context.Pipe()
            self.processes.append(context.Process(target=actor.serve, args=(there,), daemon=True))
            self.processes[-1].start()
            there.close()
            self.pipes.append(here)
        self.mount = Mount(self.library, at=folder / "mount", options=["-o", "allow_other"])

    def problem(self, what):
        self.problems.append(what)
        print(f"WRONG: {what}", flush=True)

    def run(self):
        self.start()
        for actor in self.actors:
            for folder in actor.folders:
                os.mkdir(self.mount / folder, 0o700 if folder == actor.private else 0o755)
                os.chown(self.mount / folder, actor.uid, actor.uid)
        end = time.monotonic() + self.options.minutes * 60
        while time.monotonic() < end:
            self.counts["rounds"] += 1
            self.round()
            print(f"{max(0, end - time.monotonic()):5.0f} s left, {sum(len(actor.kept) for actor in self.actors)} files, "
                  f"{self.acts()} acts, {len(self.problems)} wrong", flush=True)
        self.end_of_mount(TERM)
        for verb in ("doctor", "verify"):
            self.try_(verb, lambda verb=verb: self.library.run(verb))
        self.start()
        self.compare("at the end")
        self.try_("the last unmount", self.mount.stop)
        for pipe, process in zip(self.pipes, self.processes):
            pipe.send(None)
            process.join(10)

    def acts(self):
        return sum(self.counts[name] for name in dir(Actor) if not name.startswith("_"))

    def start(self):
        self.mount.start()
        self.at_start = len(list(self.mount.descriptors()))
        self.memory = []

    def round(self):
        self.halt.clear()
        for actor, pipe in zip(self.actors, self.pipes):
            pipe.send((str(self.mount.path), {name: getattr(actor, name) for name in ("kept", "doubt", "trashed", "folders")}))
        end = time.monotonic() + self.random.uniform(1, 8)
        while time.monotonic() < end:
            act = self.random.choices([self.kill_worker, self.import_, self.fill, self.verify, self.wait], [4, 2, 1, 0.5, 4])[0]
            self.try_(act.__name__, act)
        cut = self.random.choices(list(CUTS), list(CUTS.values()))[0]
        self.counts[cut] += 1
        if cut in (UNMOUNT, REST):
            self.halt.set()
            self.collect()
            self.compare(f"before {cut}") if cut == UNMOUNT else None
        self.end_of_mount(cut)
        if cut in (KILL, TERM):
            self.collect()
        if cut != REST:
            self.between_mounts()
            self.start()
        self.compare(f"after {cut}")
        self.require_rest()

    def end_of_mount(self, cut):
        if self.mount.process.poll() is not None:
            self.problem(f"the daemon died with {self.mount.process.returncode}: {self.mount.said()[-2000:]}")
            self.mount.abort()
        elif cut == KILL:
            self.mount.abort()
        elif cut == TERM:
            self.mount.process.terminate()
            try:
                if (status := self.mount.process.wait(60)) != 0:
                    self.problem(f"the daemon ended with {status}: {self.mount.said()[-2000:]}")
            except subprocess.TimeoutExpired:
                self.problem(f"the daemon does not end: {self.mount.said()[-2000:]}")
                self.mount.abort()
        elif cut == UNMOUNT:
            self.try_("unmount", lambda: self.mount.stop("unmount"))
        if cut != REST:
            clear_mountpoint(self.mount.path)
            if left := os.listdir(self.mount.path):
                self.problem(f"made below the bare mount point: {left}")

    def collect(self):
        for actor, pipe in zip(self.actors, self.pipes):
            if not pipe.poll(120):
                self.problem(f"a{actor.number} hangs in {Path(f'/proc/{self.processes[actor.number].pid}/wchan').read_text()}")
                raise SystemExit(1)
            actor.__dict__.update(pipe.recv())
            self.counts.update(actor.counts)
            self.acknowledged |= actor.acknowledged
            for what in actor.problems:
                self.problem(what)

    # What the conductor does meanwhile.

    def wait(self):
        time.sleep(0.3)

    def kill_worker(self):
        time.sleep(0.2)
        if workers := self.mount.workers():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.random.choice(workers), signal.SIGKILL)
                self.counts["workers killed"] += 1

    def import_(self):
        """By command line, beside the mount; killed in the midst now and then, and carried on."""
        source = self.folder / "source"
        shutil.rmtree(source, ignore_errors=True)
        source.mkdir()
        self.counts["imports"] += 1
        into, wanted = f"imports/{self.counts['imports']}", {}
        for n in range(6):
            (source / f"{self.counts['imports']}x{n}.bin").write_bytes(self.random.randbytes(70_000))
        wanted = {f"{into}/{path.name}": media.sha256(path) for path in source.iterdir()}
        if self.random.random() < 0.3:
            running = self.library.start("import", source, "--into", into, "-q")
            time.sleep(self.random.uniform(0, 0.1))
            running.kill()
            running.communicate()
        done = self.library.run("import", source, "--into", into, "-q", expect=None)
        if done.returncode == 0:
            self.imported.update(wanted)
            self.acknowledged |= set(wanted.values())
        elif self.full.value < time.monotonic() - 10:
            self.problem(f"import ended with {done.returncode}: {done.stderr[-500:]}")

    def verify(self):
        self.counts["verifies"] += 1
        self.library.run("verify")

    def fill(self):
        """Full for a while, to the last block or nearly; programs are excused for as long as it lasts."""
        if self.disk == self.folder:
            return
        self.counts["full disks"] += 1
        filler, spare = self.disk / "filler", self.random.choice([0, 4096, 200_000, 2 << 20])
        self.full.value = time.monotonic() + 3600
        try:
            with contextlib.suppress(OSError), open(filler, "wb", buffering=0) as file:
                room = os.statvfs(self.disk)
                os.posix_fallocate(file.fileno(), 0, max(1, room.f_bavail * room.f_frsize - spare))
                file.seek(0, 2)
                while not spare:
                    file.write(bytes(65536))
            time.sleep(self.random.uniform(0.3, 1.5))
        finally:
            filler.unlink()
            self.full.value = time.monotonic()

    def between_mounts(self):
        self.library.run("doctor") if self.random.random() < 0.3 else None
        if self.random.random() < 0.25:
            self.counts["purges"] += 1
            for verb in (("trash", "empty"), ("purge", "--yes"), ("gc", "--yes")):
                self.try_("purging", lambda verb=verb: self.library.run(*verb))
            self.acknowledged = {kept.digest for actor in self.actors for kept in actor.kept.values()} | set(self.imported.values())
            for actor in self.actors:
                actor.trashed = {}

    def report(self):
        print(f"\n{self.acts()} acts; " + ", ".join(f"{n} {name}" for name, n in sorted(self.counts.items())))
        held, _, at_start, kinds = max(self.rests)
        print(f"{len(self.rests)} times at rest, at most {held} descriptors ({at_start} when that mount began: {kinds}) "
              f"and {max(rest[1] for rest in self.rests)} MiB")


@contextlib.contextmanager
def disk_of(options, folder):
    if not options.disk:
        yield folder
        return
    make_image(folder / "disk.img", options.disk * MEBIBYTE)
    with mounted_image(folder / "disk.img", folder / "disk") as disk:
        disk.chmod(0o755)
        yield disk


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--actors", type=int, default=8)
    parser.add_argument("--gib", type=float, default=4, help="the large files whose closes are measured; 0: nothing is measured")
    parser.add_argument("--disk", type=int, default=2048, help="MiB of the disk that is filled now and then; 0: none is")
    options = parser.parse_args()
    if why := why_no_mounts() or why_no_strangers():
        raise SystemExit(f"no soak here: {why}")
    problems = []
    with scratch_folder() as folder:
        folder.chmod(0o755)
        if options.minutes:
            with disk_of(options, folder) as disk:
                conductor = Conductor(options, folder, disk)
                try:
                    conductor.run()
                finally:
                    if conductor.mount.process and conductor.mount.process.poll() is None:
                        conductor.mount.abort()
                    clear_mountpoint(conductor.mount.path)
                conductor.report()
            problems = conductor.problems
        if options.gib:
            problems += soak_waits.measure(folder / "waits", options.gib)
    print(f"seed {options.seed}: {len(problems)} wrong")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
