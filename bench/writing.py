#!/usr/bin/python3
# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writing through the mount: `cp -r` of small files beside bindfs and a native folder, and beside a native copy that has
each file on the disk before it goes on to the next, as the mount has; tag edits by ln and by xattr.

Usage: bench/writing.py [--rounds N] [--files N] [--edits N]
"""

import argparse
import contextlib
import os
import shutil

from common import Library, Mount, Rounds, bindfs, have, note, resident_mib, run, table, timed, workplace

SIZE = 100 << 10


def make_source(folder, files):
    folder.mkdir()
    for n in range(files):
        at = folder / f"dir{n // 500:03}"
        at.mkdir(exist_ok=True)
        (at / f"file{n:06}.bin").write_bytes(os.urandom(SIZE))


def copy_synced(source, into):
    """What close() promises of the mount: the file, and its name, outlive a power cut."""
    for at, _, files in os.walk(source):
        folder = into / os.path.relpath(at, source)
        folder.mkdir(parents=True, exist_ok=True)
        names = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        for name in files:
            with open(os.path.join(at, name), "rb") as file:
                data = file.read()
            target = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
            os.write(target, data)
            os.fsync(target)
            os.close(target)
            os.fsync(names)
        os.close(names)


def copy(options, base):
    source = base / "source"
    make_source(source, options.files)
    with contextlib.ExitStack() as stack:
        library = Library(base / "library").init()
        mount = stack.enter_context(Mount(library))
        native = base / "native"
        native.mkdir()
        targets = {"native": native}
        if have("bindfs"):
            behind = base / "behind"
            behind.mkdir()
            targets["bindfs"] = stack.enter_context(bindfs(behind, base / "bindfs", writes=True))
        targets["damfs"] = mount / "originals"
        turns = Rounds(options.rounds)

        def change_source():
            # Other bytes each time, for known ones would be stored once.
            for path in source.rglob("*.bin"):
                with open(path, "r+b") as file:
                    file.write(os.urandom(64))

        def cp(into):
            change_source()
            return timed(lambda: run("cp", "-r", source, into / "copy", timeout=3600))

        for name, into in targets.items():
            turns.add(name, lambda into=into: cp(into), after=lambda into=into: shutil.rmtree(into / "copy"))

        def synced():
            change_source()
            return timed(lambda: copy_synced(source, native / "copy"))

        turns.add("native, each file and its name synced", synced, after=lambda: shutil.rmtree(native / "copy"))
        turns.run()
        baseline = "bindfs" if "bindfs" in targets else "native"
        table(f"`cp -r` of {options.files:,} files of 100 KiB, each on the disk when its close() returns (damfs, and the synced copy)",
              ["", "s", "range", f"× {baseline}"], turns.rows(baseline))
        table("Daemon's memory after these", ["", "MiB resident"], [("damfs", f"{resident_mib(mount.process.pid):.1f}")])


def edits(options, base):
    source = base / "tagged"
    source.mkdir()
    for n in range(options.edits // 10):
        (source / f"file{n:06}.txt").write_text(f"text number {n}\n")
    library = Library(base / "library-of-tags").init()
    library.run("import", source, "-q", timeout=3600)
    with Mount(library) as mount:
        files = sorted(os.listdir(mount / "originals"))
        for tag in range(10):
            os.mkdir(mount / f"by-tag/linked{tag}")
        native = base / "native-tags"
        native.mkdir()

        def by_ln(view, originals):
            for tag in range(10):
                os.makedirs(view / f"linked{tag}", exist_ok=True)
                for name in files:
                    os.link(originals / name, view / f"linked{tag}" / name)

        def by_xattr(originals):
            for n in range(10):
                for name in files:
                    os.setxattr(originals / name, "user.xdg.tags", f"set{n},kept".encode())

        rows = [("ln, native", timed(lambda: by_ln(native, source))), ("ln, damfs", timed(lambda: by_ln(mount / "by-tag", mount / "originals")))]
        tagged = len(os.listdir(mount / "by-tag/linked3"))
        rows += [("setfattr user.xdg.tags, native", timed(lambda: by_xattr(source))),
                ("setfattr user.xdg.tags, damfs", timed(lambda: by_xattr(mount / "originals")))]
        table(f"{options.edits:,} edits of tags", ["", "s", "µs each", "× native"],
              [(name, f"{took:.2f}", f"{took / options.edits * 1e6:.0f}", f"{took / rows[i // 2 * 2][1]:.1f}")
               for i, (name, took) in enumerate(rows)])
        note(f"{tagged:,} files in one of the ten tags; the daemon has {resident_mib(mount.process.pid):.1f} MiB resident.")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--edits", type=int, default=100_000)
    options = parser.parse_args()
    with workplace() as base:
        copy(options, base)
        edits(options, base)


if __name__ == "__main__":
    main()
