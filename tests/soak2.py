#!/usr/bin/python3
# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several programs work for a while in two mounts of one library and by its command line, each on files of its own, by
whichever of the three roads chance says, against a model in which every file is its own: they make, copy, save over, rename,
tag, rate, put into albums, delete and import, often equal bytes. After each while all are at rest: both mounts and the
catalog must show what the model says. Then acts are taken back, one by one, and all must be as it was.

Usage: tests/soak2.py [--minutes N] [--seed N] [--owners N] (DAMFS_BIN names the programs)
"""

import argparse
import collections
import multiprocessing
import os
import random
import sys
import time
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent / "support"))

from library import Library, scratch_folder  # noqa: E402
from mount import Mount, why_no_mounts  # noqa: E402
from soak_owner import ALBUMS, SEEN_WITHIN, TAGS, Kept, Owner, differences, shown_in  # noqa: E402

AN_ACT_ENDS = 2.3  # seconds of rest, after which what a program does is another act


class Conductor:
    def __init__(self, options, folder):
        self.random = random.Random(options.seed)
        self.options, self.folder = options, folder
        self.problems, self.counts = [], collections.Counter()
        self.library = Library(folder / "library").init()
        self.mounts = [Mount(self.library, at=folder / name) for name in ("one", "two")]
        pool = [self.random.randbytes(size) for size in (1, 50, 4096, 70_000, 300_000)] + [b""]
        scratch = folder / "sources"
        scratch.mkdir()
        self.context = multiprocessing.get_context("fork")
        paths, importing = [mount.path for mount in self.mounts], self.context.Lock()
        self.owners = [Owner(n, options.seed, self.library, paths, scratch, pool, importing)
                       for n in range(options.owners)]

    def problem(self, what):
        self.problems.append(what)
        print(f"WRONG: {what}", flush=True)

    def run(self):
        for mount in self.mounts:
            mount.start()
        one = self.mounts[0].path
        for folder in (*(f"by-tag/{tag}" for tag in TAGS), *(f"albums/{album}" for album in ALBUMS),
                       *(f"originals/{owner.home}/below" for owner in self.owners)):
            os.makedirs(one / folder, exist_ok=True)
        self.halt, self.pipes, processes = self.context.Event(), [], []
        for owner in self.owners:
            here, there = self.context.Pipe()
            processes.append(self.context.Process(target=owner.serve, args=(there, self.halt), daemon=True))
            processes[-1].start()
            self.pipes.append(here)
        end = time.monotonic() + self.options.minutes * 60
        while time.monotonic() < end and not self.problems:
            self.counts["rounds"] += 1
            self.work("free", self.owners, self.random.uniform(2, 8))
            self.compare("at rest")
            for _ in range(2):
                self.undo_one() if not self.problems else None
            if self.random.random() < 0.2 and not self.problems:
                self.mount_again(self.random.randrange(len(self.mounts)))
            print(f"{max(0, end - time.monotonic()):5.0f} s left, {sum(len(owner.model) for owner in self.owners)} files, "
                  f"{sum(self.counts.values())} acts", flush=True)
        for pipe, process in zip(self.pipes, processes):
            pipe.send(None)
            process.join(10)
        for mount in self.mounts:
            self.try_("unmounting", mount.stop)
        for verb in ("doctor", "verify"):
            self.try_(verb, lambda verb=verb: self.library.run(verb))

    def try_(self, what, act):
        try:
            act()
        except AssertionError as wrong:
            self.problem(f"{what}: {wrong}")

    def work(self, road, owners, seconds=0):
        """They act, freely for so long or once by that road, and then tell what must be."""
        self.halt.clear()
        pipes = [self.pipes[owner.number] for owner in owners]
        for pipe in pipes:
            pipe.send(road)
        time.sleep(seconds)
        self.halt.set()
        for owner, pipe in zip(owners, pipes):
            if not pipe.poll(180):
                self.problem(f"{owner.home} hangs")
                raise SystemExit(1)
            owner.model, problems, counts, owner.said = pipe.recv()
            self.counts.update(counts)
            for problem in problems:
                self.problem(problem)

    def go_on(self, owners):
        for owner in owners:
            self.pipes[owner.number].send(owner.model)

    def wrong(self):
        """Where a mount or the catalog differs from the model, as far as can be told at this moment."""
        found = {}
        for mount in self.mounts:
            for owner in self.owners:
                try:
                    if wrong := differences(owner.model, shown_in(mount.path, owner.home)):
                        found[mount.path.name, owner.home] = wrong
                except OSError as refused:
                    found[mount.path.name, owner.home] = repr(refused)
        if found:
            return found
        model = {path: kept for owner in self.owners for path, kept in owner.model.items()}
        catalog = {name: Kept(asset["sha256"], asset["label"], frozenset(asset["tags"]), frozenset(asset["albums"]), asset["rating"] or 0)
                   for name, asset in self.library.by_name().items()}
        if wrong := {path: (model.get(path), catalog.get(path)) for path in model.keys() | catalog.keys()
                     if model.get(path) != catalog.get(path)}:
            found["catalog"] = wrong
        inodes = [{path: os.lstat(mount.path / "originals" / path).st_ino for path in model} for mount in self.mounts]
        if inodes[0] != inodes[1] or len(set(inodes[0].values())) != len(inodes[0]):
            found["inodes"] = "they differ from mount to mount, or two files have one"
        return found

    def compare(self, when, owners=None):
        until = time.monotonic() + SEEN_WITHIN
        while (wrong := self.wrong()) and time.monotonic() < until:
            time.sleep(0.1)
        if wrong:
            said = {owner.home: list(owner.said)[-25:] for owner in self.owners}
            self.problem(f"{when}: (wanted, shown) {wrong}\n  what was done: {said}")
        self.go_on(owners or self.owners)

    def undo_one(self):
        """What one owner does by some road, which is seldom more than one act, and that is taken back."""
        time.sleep(AN_ACT_ENDS)
        owner = self.random.choice(self.owners)
        before, newest = dict(owner.model), self.acts()[0]
        self.work(self.random.choice([0, 1, "command"]), [owner])
        for act in self.acts():
            if act > newest:
                self.try_("undo", lambda act=act: self.library.run("undo", act))
                self.counts["undone"] += 1
                owner.model = before
        owner.said.append("undo")
        self.compare("after an undo", [owner])

    def acts(self):
        return [line["act"] for line in self.library.json_lines("log", "-n", "20")]

    def mount_again(self, which):
        self.counts["mounted again"] += 1
        mount = self.mounts[which]
        self.try_("unmounting", lambda: mount.stop(self.random.choice(["terminate", "unmount"])))
        mount.start()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=15)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--owners", type=int, default=3)
    options = parser.parse_args()
    if why := why_no_mounts():
        raise SystemExit(f"no soak here: {why}")
    with scratch_folder() as folder:
        conductor = Conductor(options, folder)
        try:
            conductor.run()
        finally:
            for mount in conductor.mounts:
                if mount.process and mount.process.poll() is None:
                    mount.abort()
    print(", ".join(f"{n} {name}" for name, n in sorted(conductor.counts.items())))
    print(f"seed {options.seed}: {len(conductor.problems)} wrong")
    return 1 if conductor.problems else 0


if __name__ == "__main__":
    sys.exit(main())
