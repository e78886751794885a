# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A mounted library. A daemon that crashes, leaks a descriptor or says something suspicious fails its test."""

import contextlib
import ctypes
import errno
import json
import os
import re
import shutil
import signal
import stat
import subprocess
import time
from pathlib import Path

from library import SLOWNESS, detach, environment, mountpoints, require_innocent

DERIVED_VIEWS = ("previews", "proxies", ".damfs")


def why_no_mounts():
    """Why nothing can be mounted here; None: it can."""
    if not os.path.exists("/dev/fuse"):
        return "no /dev/fuse: this machine has no FUSE"
    if not os.access("/dev/fuse", os.R_OK | os.W_OK):
        return "/dev/fuse may not be opened by this user"
    if os.getuid() != 0 and not shutil.which("fusermount3"):
        return "no fusermount3, which an ordinary user needs to mount"
    return None


def wait_until(condition, seconds, what):
    """Polls; returns the first true value. A generous bound, only there so that a hang becomes a failure."""
    end = time.monotonic() + seconds * SLOWNESS
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, f"waited {seconds * SLOWNESS:.0f} s in vain: {what}"
        time.sleep(0.02)


def open_files(pid):
    """What a process has open, as the kernel names it."""
    folder = f"/proc/{pid}/fd"
    for fd in os.listdir(folder):
        try:
            yield os.readlink(f"{folder}/{fd}")
        except FileNotFoundError:
            pass


def is_mountpoint(path):
    return os.path.realpath(os.path.dirname(path)) + "/" + os.path.basename(path) in mountpoints()


def children(pid):
    found = []
    for task in os.listdir(f"/proc/{pid}/task"):
        try:
            found += map(int, Path(f"/proc/{pid}/task/{task}/children").read_text().split())
        except (FileNotFoundError, ProcessLookupError):
            pass
    return found


def process_name(pid):
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def end_with_parent():
    """A test that ctest had to kill must not leave its daemon behind: SIGTERM when the parent is gone."""
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGTERM)


class Mount:
    def __init__(self, library, at=None, options=()):
        self.library = library
        self.path = Path(at) if at else library.path.parent / "mount"
        self.options = list(options)
        self.process = None
        self.log = library.path.parent / f"{self.path.name}.log"

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def start(self):
        self.path.mkdir(exist_ok=True)
        self.stopped = False
        self.log.write_text("")
        with open(self.log, "a") as log:
            self.process = subprocess.Popen(self.library.argv("mount", self.path, "-f", *self.options), stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log, env=environment(self.library.home),
                                            preexec_fn=end_with_parent)
        try:
            wait_until(self._answers, 30, "the mount to answer")
        except BaseException:
            self._tear_down()
            raise
        self.descriptors_at_start = len(self.request_descriptors())
        return self

    def _answers(self):
        assert self.process.poll() is None, f"mount ended with {self.process.returncode}:\n{self.said()}"
        try:
            # Read, not only found: of a dead mount below this one the kernel still knows the names.
            return is_mountpoint(self.path) and self.stats()
        except OSError:
            return False

    def said(self):
        return self.log.read_text(errors="replace")

    def __truediv__(self, name):
        return self.path / name

    def stats(self):
        return json.loads((self.path / ".damfs/stats.json").read_text())

    def wait_for_stat(self, key, at_least):
        return wait_until(lambda: self.stats()[key] >= at_least, 60, f"{key} >= {at_least}: {self.stats()}")

    def workers(self):
        return [pid for pid in children(self.process.pid) if process_name(pid) == "damfs-worker"]

    def descriptors(self):
        """What the daemon has open."""
        return open_files(self.process.pid)

    def request_descriptors(self):
        """Open files that only a request can be holding: objects, derived files, files without a name."""
        held = []
        for target in self.descriptors():
            if "/derived/index.db" in target:
                continue  # the cache's own index, held as long as the daemon lives
            if re.search(r"/objects/.*[0-9a-f]{64}|/derived/.*[0-9a-f]{64}|/derived/.*\(deleted\)$", target):
                held.append(target)
        return held

    def stop(self, how="terminate"):
        """Unmounts and says what the daemon did wrong. `how`: terminate (SIGTERM) or unmount (the verb)."""
        if self.stopped:
            return
        self.stopped = True
        try:
            self._require_alive()
            # The kernel tells of closed handles later; what is still held then has leaked.
            try:
                wait_until(lambda: len(self.request_descriptors()) <= self.descriptors_at_start, 10, "handles to be released")
            except AssertionError:
                raise AssertionError(f"descriptors leaked: {self.request_descriptors()[:10]}") from None
            if how == "unmount":
                self.library.run("unmount", self.path)
            else:
                self.process.terminate()
            try:
                status = self.process.wait(timeout=30 * SLOWNESS)
            except subprocess.TimeoutExpired:
                raise AssertionError(f"the daemon did not end:\n{self.said()}") from None
            assert status == 0, f"the daemon ended with {status}:\n{self.said()}"
            assert not is_mountpoint(self.path), "still mounted after the daemon ended"
            require_innocent(self.said(), "the daemon")
        finally:
            self._tear_down()

    def _require_alive(self):
        assert self.process.poll() is None, f"the daemon died with {self.process.returncode}:\n{self.said()}"

    def kill(self):
        """As a crash would: no unmount, the dead mount stays."""
        self.process.kill()
        self.process.wait()
        self.stopped = True

    def abort(self):
        """kill -9, and then what frees whoever waits: a dying daemon's notice to the kernel may wait for a lock that a
        program holds which waits for that daemon, and neither can be killed."""
        self.process.kill()
        while True:
            force_off(self.path)
            try:
                self.process.wait(timeout=0.2)
                break
            except subprocess.TimeoutExpired:
                continue
        self.stopped = True

    def _tear_down(self):
        """Leaves nothing behind, whatever state things are in."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
            self.process.wait()
        clear_mountpoint(self.path)

    def drop_pages(self, path):
        """Makes the kernel ask the daemon again for the bytes of that file."""
        fd = os.open(path, os.O_RDONLY)
        try:
            os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
        finally:
            os.close(fd)

    def entries(self, view="", skip=DERIVED_VIEWS):
        """Every (path relative to the mount, lstat) below a view, folders too."""
        pending = [view] if view else [n for n in sorted(os.listdir(self.path)) if n not in skip]
        for top in pending:
            yield top, os.lstat(self.path / top)
            for folder, folders, files in os.walk(self.path / top):
                for name in sorted(folders) + sorted(files):
                    path = os.path.join(folder, name)
                    yield os.path.relpath(path, self.path), os.lstat(path)

    def files(self, view="", skip=DERIVED_VIEWS):
        return [(path, info) for path, info in self.entries(view, skip) if stat.S_ISREG(info.st_mode)]


def force_off(path):
    """Aborts the connection: everybody who waits for the daemon is told ECONNABORTED."""
    if os.getuid() == 0:
        subprocess.run(["umount", "-f", str(path)], capture_output=True)
        return
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as table:
        devices = [line.split()[2] for line in table if line.split()[4] == str(path)]
    for device in devices:
        with contextlib.suppress(OSError):
            Path(f"/sys/fs/fuse/connections/{device.split(':')[1]}/abort").write_text("1")


def clear_mountpoint(path):
    """Detaches whatever is mounted there, one over the other too."""
    for _ in range(3):
        if not is_mountpoint(path):
            return
        detach(os.path.realpath(os.path.dirname(path)) + "/" + os.path.basename(path))


def errno_of(action, *args, **options):
    """The errno an act was refused with; fails when it was not."""
    try:
        action(*args, **options)
    except OSError as refused:
        return refused.errno
    raise AssertionError(f"{getattr(action, '__name__', action)}{args} was not refused")


def xattr(path, name):
    """The value as text; None when there is none, which must be ENODATA."""
    try:
        return os.getxattr(path, name).decode()
    except OSError as refused:
        assert refused.errno == errno.ENODATA, refused
        return None
