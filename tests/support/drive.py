# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A mounted library that a test writes to, and what must be true of it afterwards."""

import os
import subprocess

from library import environment
from media import sha256

SECOND_NS = 1_000_000_000


def hashes(folder):
    """{path below the folder: SHA-256} of every file in it."""
    found = {}
    for at, _, files in os.walk(folder):
        for name in files:
            path = os.path.join(at, name)
            found[os.path.relpath(path, folder)] = sha256(path)
    return found


def tree_of(folder):
    """{path below the folder: (mode, mtime in ns)}, folders too, as a copy that keeps everything must have them."""
    found = {}
    for at, folders, files in os.walk(folder):
        for name in folders + files:
            path = os.path.join(at, name)
            info = os.lstat(path)
            found[os.path.relpath(path, folder)] = (oct(info.st_mode), info.st_mtime_ns)
    return found


def inodes(folder):
    return {os.path.relpath(os.path.join(at, name), folder): os.lstat(os.path.join(at, name)).st_ino
            for at, _, files in os.walk(folder) for name in files}


def require_sound(library):
    """The catalog is whole, every object is what its name says, and nothing is shown that is not stored."""
    library.run("doctor")
    library.run("verify")
    for path in library.objects():
        assert sha256(path) == path.name, f"the object {path} holds other bytes"
        assert not os.stat(path).st_mode & 0o222, f"the object {path} can be written to"
    stored = {path.name for path in library.objects()}
    for asset in library.find():
        assert asset["sha256"] in stored, asset


class Drive:
    def __init__(self, library, mount_of):
        self.library = library
        self._mount_of = mount_of
        self.mount = mount_of(library)
        self.originals = self.mount / "originals"

    def __truediv__(self, name):
        return self.mount / name

    def run(self, *argv, cwd=None, expect=0, **options):
        """A program, with nothing of the developer's settings; it must be content."""
        done = subprocess.run(list(map(str, argv)), capture_output=True, text=True, errors="replace", cwd=cwd, timeout=300,
                              stdin=subprocess.DEVNULL, env=environment(self.library.home), **options)
        assert expect is None or done.returncode == expect, f"{argv} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
        return done

    def tag(self, tag, path):
        self.library.run("tag", "add", tag, path)

    def tags(self, path):
        """Of a path relative to originals/, as the catalog has it."""
        return self.library.by_name()[path]["tags"]

    def remount(self, **options):
        self.mount.stop()
        self.mount = self._mount_of(self.library, **options)
        self.originals = self.mount / "originals"

    def expect(self, expected, passing=(), below="originals"):
        """Below that folder are these files ({path: SHA-256}) and no others, now and after a remount, and all is sound.
        What has a passing name is there too, but not catalogued."""
        shown = {**expected, **dict(passing)}
        assert hashes(self / below) == shown
        before = inodes(self / below)
        self.remount()
        assert hashes(self / below) == shown, "after a remount"
        after = inodes(self / below)
        assert {path: after[path] for path in expected} == {path: before[path] for path in expected}, "a remount changed inode numbers"
        if below == "originals":
            assert {name: asset["sha256"] for name, asset in self.library.by_name().items()} == expected
        require_sound(self.library)
