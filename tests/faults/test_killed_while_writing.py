# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The daemon is killed -9 at any moment of writing: what was acknowledged is kept, and nothing is half there."""

import contextlib
import errno
import hashlib
import os
import random
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from drive import hashes, require_sound
from library import thorough
from mount import Mount, why_no_mounts

KILLS = thorough(50, 16)
DAEMON_IS_GONE = (errno.ENOTCONN, errno.ECONNABORTED, errno.EIO)


class Load:
    """Makes, overwrites, renames, tags and removes files. It keeps what was acknowledged, and what the act under way
    when the daemon died may have led to."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.kept = {}  # path -> SHA-256
        self.tagged = {}  # path -> tag
        self.doubtful = {}  # path -> the states it may have: hashes, or None for absent
        self.acts = []
        self.made = 0

    def run(self, originals):
        """Until the daemon is gone; closes the descriptor it was given."""
        try:
            while True:
                act = self.random.choices([self.create, self.save_over, self.save_beside, self.rename, self.tag, self.remove],
                                          [8, 3, 3, 4, 3, 1])[0]
                if act == self.create or len(self.kept) > 3:
                    self.acts.append([act.__name__])
                    act(originals)
        except OSError as gone:
            assert gone.errno in DAEMON_IS_GONE, gone
        finally:
            os.close(int(originals.name))

    def data(self):
        data = self.random.randbytes(self.random.choice([10, 5000, 70_000, 300_000]))
        digest = hashlib.sha256(data).hexdigest()
        self.acts[-1].append(digest[:8])
        return data, digest

    def some(self):
        path = self.random.choice(sorted(self.kept))
        self.acts[-1].append(path)
        return path

    def create(self, originals):
        data, digest = self.data()
        self.made += 1
        path = f"{self.random.choice(['', 'one/', 'one/two/'])}{self.made:05}.bin"
        self.acts[-1].append(path)
        for folder in reversed(Path(path).parents[:-1]):
            with contextlib.suppress(FileExistsError):
                os.mkdir(originals / folder)
        self.doubtful = {path: {None, digest}}
        with open(originals / path, "wb", buffering=0) as file:
            for at in range(0, len(data), 65_536):
                file.write(data[at:at + 65_536])
        self.acknowledged({path: digest})

    def save_over(self, originals):
        path, (data, digest) = self.some(), self.data()
        # Truncated by its opening and not written yet it has neither its old bytes nor its new ones.
        self.doubtful = {path: {self.kept[path], digest}}
        with open(originals / path, "wb", buffering=0) as file:
            file.write(data)
        self.acknowledged({path: digest})

    def save_beside(self, originals):
        path, (data, digest) = self.some(), self.data()
        self.doubtful = {f"{path}.tmp": {None, digest}, path: {self.kept[path]}}
        with open(originals / f"{path}.tmp", "wb", buffering=0) as file:
            file.write(data)
        self.doubtful[path].add(digest)
        os.rename(originals / f"{path}.tmp", originals / path)
        self.acknowledged({path: digest})

    def rename(self, originals):
        path = self.some()
        self.made += 1
        to = f"renamed{self.made:05}.bin"
        self.acts[-1].append(to)
        digest = self.kept.pop(path)
        tag = self.tagged.pop(path, None)
        self.doubtful = {path: {digest, None}, to: {digest, None}}
        os.rename(originals / path, originals / to)
        self.acknowledged({to: digest})
        if tag:
            self.tagged[to] = tag

    def tag(self, originals):
        path = self.some()
        self.tagged.pop(path, None)
        self.doubtful = {}
        tag = f"tag{self.random.randrange(5)}"
        os.setxattr(originals / path, "user.xdg.tags", tag.encode())
        self.tagged[path] = tag

    def remove(self, originals):
        path = self.some()
        self.tagged.pop(path, None)
        self.doubtful = {path: {self.kept.pop(path), None}}
        os.unlink(originals / path)
        self.doubtful = {}

    def acknowledged(self, what):
        self.kept.update(what)
        self.doubtful = {}

    def require_kept(self, library, originals):
        found = {path: digest for path, digest in hashes(originals).items() if not path.endswith(".tmp")}
        for path, digest in self.kept.items():
            if path not in self.doubtful:
                told = [act for act in self.acts if path in act or digest[:8] in act][-5:]
                assert found.get(path) == digest, f"{path} was acknowledged: {told}, the last act was {self.acts[-1]}"
        for path, states in self.doubtful.items():
            if not path.endswith(".tmp"):
                assert found.get(path) in states, f"{path} is half there"
        for path in set(found) - set(self.kept) - set(self.doubtful):
            raise AssertionError(f"{path} is there again: {[act for act in self.acts if path in act or found[path][:8] in act]}, "
                                 f"the last acts were {self.acts[-3:]}")
        if len(self.doubtful) == 2 and not any(path.endswith(".tmp") for path in self.doubtful):
            assert sum(path in found for path in self.doubtful) == 1, f"renamed to neither or both: {self.doubtful}"
        tags = {path: asset["tags"] for path, asset in library.by_name().items()}
        for path, tag in self.tagged.items():
            assert path in self.doubtful or tags[path] == [tag]
        # What was doubtful is known now.
        for path in self.doubtful:
            self.kept.pop(path, None)
        self.kept.update({path: digest for path, digest in found.items() if path in self.doubtful})
        self.tagged = {path: tag for path, tag in self.tagged.items() if path in found}
        self.doubtful = {}


def by_descriptor(folder):
    """A path that leads there even when the mount is taken away meanwhile, and never to what lies below it."""
    return Path(f"/proc/self/fd/{os.open(folder, os.O_RDONLY | os.O_DIRECTORY)}")


@pytest.mark.parametrize("seed", [1, 2])
def test_killed_at_any_moment_of_a_write_load(library, seed):
    if reason := why_no_mounts():
        pytest.skip(reason)
    load, moments = Load(seed), random.Random(seed)
    with ThreadPoolExecutor(1) as pool:
        for _ in range(KILLS // 2):
            mount = Mount(library).start()
            try:
                load.require_kept(library, mount / "originals")
                writing = pool.submit(load.run, by_descriptor(mount / "originals"))
                time.sleep(moments.uniform(0, 0.4))
                mount.abort()
                writing.result(60)
            finally:
                mount._tear_down()
            assert load.made > 0
        with Mount(library) as mount:
            load.require_kept(library, mount / "originals")
            for passing in (mount / "originals").rglob("*.tmp"):
                passing.unlink()
            # What was synced of a save and not closed is shown, and no version until somebody closes it.
            for path in load.kept:
                os.close(os.open(mount / "originals" / path, os.O_RDWR))
    require_sound(library)
    assert not any((library.path / "staging").iterdir()), "what was half written lies about"
    assert len(load.kept) > KILLS * 2 // 5
