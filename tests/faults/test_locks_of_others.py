# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Another user locks what he can read of the library: in one of today's that is nothing; in one that is open to others
whoever waits for his lock waits for a bounded time, and nobody else waits at all."""

import os
import subprocess
import time

from library import SLOWNESS
from loop import only_root
from mount import wait_until

pytestmark = only_root

LOCK = """
import fcntl, struct, sys, time
for name, start, length in zip(sys.argv[1::3], sys.argv[2::3], sys.argv[3::3]):
    file = open(name, "rb")
    fcntl.fcntl(file, 37, struct.pack("hhqqi4x", fcntl.F_RDLCK, 0, int(start), int(length), 0))  # F_OFD_SETLK
    globals().setdefault("kept", []).append(file)
print("locked", flush=True)
time.sleep(600)
"""


class Stranger:
    """Somebody without any right, who locks (file, start, length)."""

    def __init__(self, *locks):
        words = [str(word) for lock in locks for word in lock]
        self.process = subprocess.Popen(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "/usr/bin/python3", "-c", LOCK, *words],
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd="/")

    def __enter__(self):
        self.locked = self.process.stdout.readline().strip() == "locked"
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def open_to_others(library):
    """As libraries of former versions were."""
    for path in (library.path.parent, library.path):
        os.chmod(path, 0o755)
    for path in library.path.rglob("*"):
        os.chmod(path, 0o755 if path.is_dir() else 0o644)


def test_a_library_is_closed_to_strangers(drive):
    library = drive.library
    os.chmod(library.path.parent, 0o755)
    with Stranger((library.path / "catalog.db-shm", 120, 1)) as stranger:
        assert not stranger.locked and "PermissionError" in stranger.process.stderr.read()


def test_a_lock_on_the_catalog_holds_up_nobody_who_reads(library, mount_of, scratch):
    (scratch / "a.txt").write_text("a")
    library.import_(scratch / "a.txt")
    mount = mount_of(library)
    open_to_others(library)
    with Stranger((library.path / "catalog.db-shm", 120, 1)) as stranger:
        assert stranger.locked
        before = time.monotonic()
        assert (mount.path / "originals/a.txt").read_text() == "a"
        os.listdir(mount.path / "by-date")
        assert time.monotonic() - before < 2 * SLOWNESS
        before = time.monotonic()
        try:
            os.mkdir(mount.path / "originals/new")
        except OSError:
            pass
        assert time.monotonic() - before < 20 * SLOWNESS
    os.makedirs(mount.path / "originals/newer")
    (mount.path / "originals/newer/b.txt").write_text("b")


def test_a_lock_on_a_proxy_holds_up_nobody(library, mount_of, scratch, demo):
    clip = next(demo.rglob("C0001.MOV"))
    library.import_(clip, "--into", "c")
    name = "proxies/edit/originals/c/C0001.mov"
    first = mount_of(library)
    with open(first.path / name, "rb") as proxy:
        proxy.read(200_000)
    kept = wait_until(lambda: [p for p in (library.path / "derived/edit").rglob("*") if p.is_file()], 30, "the proxy to be kept")
    first.stop()
    open_to_others(library)
    with Stranger(*((path, 1 << 60, 2) for path in kept)) as stranger:
        assert stranger.locked
        mount = mount_of(library, at=scratch / "again")
        before = time.monotonic()
        with open(mount.path / name, "rb") as proxy:
            whole = proxy.read(200_000)
        assert len(whole) == 200_000 or len(whole) == os.stat(mount.path / name).st_size
        assert time.monotonic() - before < 10 * SLOWNESS
        before = time.monotonic()
        os.stat(mount.path / "originals/c")
        assert time.monotonic() - before < 2 * SLOWNESS
