# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must be true of a library whenever a soak looks: nothing acknowledged is lost, nothing of nobody's lies about, and the
daemon holds no more than it did."""

import collections
import errno
import os
import re
import stat
import subprocess
import time
from pathlib import Path

import media
from mount import wait_until, xattr
from soak_actor import ANY, Kept

# More than these at rest than when it began is a leak: descriptors, and MiB resident once caches are warm.
MORE_DESCRIPTORS, MORE_MEMORY = 40, 160


class Checks:
    """Of whoever has a library, its mount, actors, what was imported and acknowledged, and says what is wrong by problem()."""

    def try_(self, what, act):
        """What a helper of the tests finds wrong is told, and the soak goes on."""
        try:
            return act()
        except (AssertionError, OSError, subprocess.SubprocessError) as wrong:
            self.problem(f"{what}: {wrong}")

    def compare(self, when):
        for actor in self.actors:
            self.compare_actor(actor, when)
        for path, digest in self.imported.items():
            found = self.try_(f"{when}: {path}", lambda path=path: media.sha256(self.mount / "originals" / path))
            if found not in (digest, None):
                self.problem(f"{when}: {path}, imported as {digest[:8]}, is {found[:8]}")
        stored = {path.name for path in self.library.objects()}
        if lost := self.acknowledged - stored:
            self.problem(f"{when}: {len(lost)} acknowledged states are not stored: {sorted(lost)[:3]}")
        self.require_tidy(when)
        self.try_(f"{when}: doctor", lambda: self.library.run("doctor"))

    def compare_actor(self, actor, when):
        found, folders = {}, []
        for at, names, files in os.walk(self.mount / actor.home):
            folders.append(os.path.relpath(at, self.mount.path))
            for name in files:
                path = Path(at, name)
                if name.endswith(".tmp"):
                    path.unlink()  # a save that was cut
                    continue
                relative = os.path.relpath(path, self.mount.path)
                # What was synced of a save that was cut is shown, and no version until somebody closes it.
                if relative in actor.doubt and not self.finish(path, when):
                    continue
                found[relative] = self.try_(f"{when}: {path}", lambda path=path: self.kept_of(path))
        for path, kept in actor.kept.items():
            if not self.is_as_kept(found.get(path), kept):
                self.problem(f"{when}: {path} was acknowledged as {kept}, and is {found.get(path)}: "
                             f"{[act for act in actor.said if act[1] == path][-5:]}")
        for path, states in actor.doubt.items():
            state = found[path].digest if found.get(path) else None
            if state not in states and ANY not in states and not path.endswith(".tmp"):
                self.problem(f"{when}: {path} may be {states}, and is {state}: {[act for act in actor.said if act[1] == path][-5:]}")
        for path in set(found) - set(actor.kept) - set(actor.doubt):
            self.problem(f"{when}: {path} is there, and nobody made it: {[act for act in actor.said if act[1] == path][-5:]}")
        actor.kept, actor.doubt = {path: kept for path, kept in found.items() if kept}, {}
        # A removal in doubt may have been done: such a file is not asked for again.
        actor.trashed = {name: kept for name, kept in actor.trashed.items() if not any(path.endswith(name) for path in found)}
        actor.folders = [f for f in actor.folders[:4]] + [f for f in folders if f.startswith(f"{actor.home}/open/")]

    def finish(self, path, when):
        try:
            os.close(os.open(path, os.O_RDWR))
            return True
        except OSError as refused:
            # Its writer met a full disk after it had synced a part: it is shown, and is no version for ever.
            if refused.errno != errno.ENOSPC:
                self.problem(f"{when}: {path}: {refused}")
            path.unlink()
            self.counts["given up"] += 1
            return False

    @staticmethod
    def kept_of(path):
        return Kept(media.sha256(path), stat.S_IMODE(os.stat(path).st_mode), xattr(path, "user.xdg.tags"))

    @staticmethod
    def is_as_kept(found, kept):
        # A picture brings tags of its own, when it was looked at.
        return found and found[:2] == kept[:2] and set((kept.tag or "").split(",")) - {""} <= set((found.tag or "").split(","))

    def require_tidy(self, when):
        staging = self.library.path / "staging"
        try:
            wait_until(lambda: not os.listdir(staging), 5, "staging to be empty")
        except AssertionError:
            self.problem(f"{when}: in staging lie {[(name, os.stat(staging / name).st_size) for name in os.listdir(staging)][:8]}")

    def require_rest(self):
        held, limit = list(self.mount.descriptors()), self.at_start + MORE_DESCRIPTORS
        if len(held) > limit:
            time.sleep(3)
            held = list(self.mount.descriptors())
        status = Path(f"/proc/{self.mount.process.pid}/status").read_text()
        resident = int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) // 1024
        self.memory.append(resident)
        kinds = collections.Counter(re.sub(r"[0-9a-f]{2}/[0-9a-f]{2}/[0-9a-f]{64}|\d+", "…", target)[-50:] for target in held)
        self.rests.append((len(held), resident, self.at_start, kinds.most_common(3)))
        if len(held) > limit:
            self.problem(f"{len(held)} descriptors at rest, {self.at_start} when it began: {kinds.most_common(6)}")
        if len(self.memory) > 2 and resident > self.memory[1] + MORE_MEMORY:
            self.problem(f"the daemon grows: {self.memory} MiB")
