# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A worker that was taken over answers, and does not stop there: what it made stays as it was taken, what it sends is
bounded in time and memory, and what it did not make is an error and no zeros."""

import errno
import os
import shutil
import subprocess
import time
import zipfile
from pathlib import Path

import pytest

from library import BIN, SLOWNESS, Library
from mount import errno_of, wait_until, xattr

DEADLINE = int(2000 * SLOWNESS)  # milliseconds
PATIENCE = 6 * DEADLINE / 1000  # seconds: two strikes, and a slow machine
MIB = 1 << 20
MEMBER = "packs/pack.zip/large.bin"


class Evil(Library):
    """The program with a worker beside it that does what it is told here."""

    def folder(self):
        folder = self.path.parent / "bin"
        if not folder.exists():
            folder.mkdir()
            shutil.copy2(BIN / "damfs", folder / "damfs")
            shutil.copy2(Path(__file__).parents[1] / "support/evil_worker.py", folder / "damfs-worker")
            (folder / "damfs-worker").chmod(0o755)
        return folder

    def order(self, what):
        (self.folder() / "evil").write_text(what)

    def noted(self):
        noted = self.folder() / "noted"
        return noted.read_text().splitlines() if noted.exists() else []

    def argv(self, *args):
        return [str(self.folder() / "damfs"), *super().argv(*args)[1:]]


@pytest.fixture
def evil(library, demo, scratch):
    folder = scratch / "media"
    folder.mkdir()
    for n in range(4):
        (folder / f"{n}.jpg").write_bytes((demo / "no camera.jpg").read_bytes() + bytes([n]))
    with zipfile.ZipFile(folder / "pack.zip", "w", zipfile.ZIP_DEFLATED) as pack:
        pack.writestr("large.bin", os.urandom(3 * MIB) + b"end")
        pack.writestr("small.bin", os.urandom(1000) + bytes(1000))
    library.import_(folder)
    library.configure("media", deadline_ms=DEADLINE)
    return Evil(library.path)


def preview(mount, n):
    return mount / f"previews/small/originals/{n}.jpg.webp"


def members(mount):
    packs = mount / "packs"
    return {path.name: path for path in packs.rglob("*.bin")}


def expect_refused(path, order):
    begun = time.monotonic()
    assert errno_of(path.read_bytes) == errno.EIO, order
    assert time.monotonic() - begun < PATIENCE, order


def test_a_preview_rewritten_after_its_answer_stays_as_it_was_taken(evil, mount_of):
    evil.order("late")
    mount = mount_of(evil)
    path = preview(mount, 0)
    first = path.read_bytes()
    assert first[:8] == b"RIFFgood" and len(first) == os.lstat(path).st_size
    wait_until(lambda: "rewrote" in evil.noted(), 30, "the worker to try")
    assert "it grew" not in evil.noted() and "it shrank" not in evil.noted(), evil.noted()
    mount.drop_pages(path)
    assert path.read_bytes() == first
    mount.stop()
    mount = mount_of(evil)
    assert preview(mount, 0).read_bytes() == first
    for file in (evil.path / "derived").rglob("*-small*"):
        assert file.stat().st_size == len(first), file


def test_a_picture_that_nobody_wrote_is_none(evil, mount_of):
    evil.order("nothing")
    mount = mount_of(evil)
    expect_refused(preview(mount, 0), "nothing")


@pytest.mark.parametrize("order", ["flood", "trickle", "stop"])
def test_a_deadline_holds_against_a_worker_that(order, evil, mount_of):
    evil.order(order)
    mount = mount_of(evil)
    before = mount.stats()["resident_bytes"]
    expect_refused(preview(mount, 0), order)
    for path in members(mount).values():
        expect_refused(path, order)
    assert (mount / "originals/0.jpg").read_bytes()
    assert mount.stats()["resident_bytes"] < before + 64 * MIB
    # And no thread of the pool is stuck: others are asked, and refuse.
    evil.order("refuse")
    expect_refused(preview(mount, 1), "refuse")
    assert xattr(preview(mount, 1), "user.damfs.error") == "no"


def test_what_is_handed_over_cannot_be_filled_with_more(evil, mount_of):
    evil.order("fill")
    mount = mount_of(evil)
    for path in members(mount).values():
        expect_refused(path, "fill")
    assert evil.noted() and all(line.startswith(f"refused: {errno.EPERM}") for line in evil.noted()), evil.noted()


@pytest.mark.parametrize("order", ["short", "short-lie"])
def test_a_piece_shorter_than_declared_is_an_error_and_no_zeros(order, evil, mount_of):
    evil.order(order)
    mount = mount_of(evil)
    expect_refused(members(mount)["large.bin"], order)


def test_a_worker_ended_from_outside_says_nothing_of_the_picture(evil, library, mount_of):
    evil.order("killed")
    mount = mount_of(evil)
    path = preview(mount, 0)
    expect_refused(path, "killed")
    assert xattr(path, "user.damfs.error") is None
    mount.stop()
    mount = mount_of(library)  # with its own worker
    assert preview(mount, 0).read_bytes()[:4] == b"RIFF"
