# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs that watch a folder (inotify, as file managers do) hear of what is changed by command or through another mount."""

import ctypes
import os
import select
import shutil
import struct
import subprocess
import time

import pytest

from library import BIN, SLOWNESS, Library

LIBC = ctypes.CDLL(None, use_errno=True)
IN_ATTRIB, IN_CREATE, IN_DELETE, IN_MOVED_FROM, IN_MOVED_TO = 0x4, 0x100, 0x200, 0x40, 0x80
CAME, WENT = IN_CREATE | IN_MOVED_TO, IN_DELETE | IN_MOVED_FROM


class Watch:
    """What the kernel tells of one folder."""

    def __init__(self, folder):
        self.fd = LIBC.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        assert LIBC.inotify_add_watch(self.fd, os.fsencode(folder), CAME | WENT | IN_ATTRIB) >= 0
        self.heard = []

    def listen(self):
        try:
            data = os.read(self.fd, 1 << 16)
        except BlockingIOError:
            return
        while data:
            _, mask, _, size = struct.unpack_from("iIII", data)
            self.heard.append((mask & 0xfff, data[16:16 + size].rstrip(b"\0").decode()))
            data = data[16 + size:]

    def hears(self, kind, name, seconds=5):
        until = time.monotonic() + seconds * SLOWNESS
        while not any(mask & kind and heard == name for mask, heard in self.heard):
            left = until - time.monotonic()
            assert left > 0, f"{name} is not heard of; only {self.heard}"
            select.select([self.fd], [], [], left)
            self.listen()

    def close(self):
        os.close(self.fd)


@pytest.fixture
def watch():
    watches = []

    def begin(folder):
        os.listdir(folder)  # as every window does
        watches.append(Watch(folder))
        return watches[-1]
    yield begin
    for each in watches:
        each.close()


@pytest.fixture
def filled(drive):
    for name in ("a.txt", "b.txt", "c.txt"):
        (drive.originals / name).write_text(name)
    (drive / "by-tag/kept").mkdir()
    drive.library.run("tag", "add", "kept", "a.txt")
    return drive


def test_a_tag_that_is_given_and_taken_by_command(filled, watch):
    window = watch(filled / "by-tag/kept")
    filled.library.run("tag", "add", "kept", "b.txt")
    window.hears(CAME, "b.txt")
    assert sorted(os.listdir(filled / "by-tag/kept")) == ["a.txt", "b.txt"]
    filled.library.run("tag", "remove", "kept", "a.txt")
    window.hears(WENT, "a.txt")
    assert os.listdir(filled / "by-tag/kept") == ["b.txt"]
    assert (filled.originals / "a.txt").read_text() == "a.txt", "it was told of, and not done"
    assert (filled / "by-tag/kept/b.txt").read_text() == "b.txt"


def test_a_tag_that_is_new(filled, watch):
    window = watch(filled / "by-tag")
    filled.library.run("tag", "add", "other/below", "b.txt")
    window.hears(CAME, "other")
    assert os.listdir(filled / "by-tag/other") == ["below"] and os.path.isdir(filled / "by-tag/other")
    filled.library.run("tag", "delete", "other")
    window.hears(WENT, "other")
    assert os.listdir(filled / "by-tag") == ["kept"]


def test_an_import_and_its_undo(filled, watch, scratch):
    window = watch(filled.originals)
    new = scratch / "new"
    (new / "sub").mkdir(parents=True)
    (new / "new.txt").write_text("new")
    (new / "sub/below.txt").write_text("below")
    (new / "link").symlink_to("new.txt")
    filled.library.run("import", new)
    for name in ("new.txt", "sub", "link"):
        window.hears(CAME, name)
    assert (filled.originals / "sub/below.txt").read_text() == "below" and os.readlink(filled.originals / "link") == "new.txt"
    filled.library.run("undo")
    for name in ("new.txt", "sub", "link"):
        window.hears(WENT, name)
    assert sorted(os.listdir(filled.originals)) == ["a.txt", "b.txt", "c.txt"]
    assert not (filled.originals / "sub").exists()
    (filled.originals / "sub").mkdir()
    (filled.originals / "sub/again.txt").write_text("the name is as good as new")


def test_another_mount_is_watched(filled, mount_of, watch, scratch):
    other = mount_of(filled.library, at=scratch / "other")
    window = watch(other / "originals")
    (filled.originals / "through the first.txt").write_text("x")
    window.hears(CAME, "through the first.txt")
    os.unlink(filled.originals / "a.txt")
    window.hears(WENT, "a.txt")
    assert (other / "originals/through the first.txt").read_text() == "x" and not (other / "originals/a.txt").exists()


def test_another_view_of_the_same_mount_is_watched(filled, watch):
    window = watch(filled / "by-tag/kept")
    os.unlink(filled.originals / "a.txt")
    window.hears(WENT, "a.txt")


def test_more_than_can_be_told_by_name_is_told_of_the_folder(filled, watch, scratch):
    many = scratch / "many"
    many.mkdir()
    for n in range(400):
        (many / f"{n}.txt").write_text(str(n))
    filled.library.run("import", "--into", "many", many)
    os.listdir(filled.originals / "many")
    window = watch(filled / "by-tag/kept")
    filled.library.run("tag", "add", "kept", "many")
    window.hears(IN_ATTRIB, "", 10)
    assert len(os.listdir(filled / "by-tag/kept")) == 401


def test_what_is_told_changes_nothing(filled, watch):
    window = watch(filled / "by-tag/kept")
    acts = len(filled.library.json_lines("log"))
    for _ in range(10):
        filled.library.run("tag", "add", "kept", "b.txt", "c.txt")
        filled.library.run("undo")
    window.hears(WENT, "c.txt")
    assert len(filled.library.json_lines("log")) == acts + 20
    assert os.listdir(filled / "by-tag/kept") == ["a.txt"]
    filled.library.run("doctor")


def test_what_is_told_does_not_hide_what_is_set_meanwhile(filled, watch):
    """The kernel believes what is said last of a file that it takes for new, however old that is."""
    window = watch(filled / "by-tag/kept")
    tagger = subprocess.Popen(["sh", "-ec", 'for n in $(seq 60); do for how in add remove; do "$0" -L "$1" tag $how kept b.txt; done; done',
                               str(BIN / "damfs"), str(filled.library.path)], stdout=subprocess.DEVNULL)
    time_set = 10 ** 9
    while tagger.poll() is None:
        time_set += 1
        os.utime(filled.originals / "b.txt", (time_set, time_set))
        for _ in range(5):
            assert os.stat(filled.originals / "b.txt").st_mtime == time_set
    assert tagger.returncode == 0
    window.hears(CAME, "b.txt")


def test_a_daemon_that_is_stopped_in_the_middle_ends(filled, watch, scratch):
    watch(filled / "by-tag/kept")
    for n in range(60):
        (filled.originals / f"{n}.txt").write_text(str(n))
    filled.library.run("tag", "add", "kept", *[f"{n}.txt" for n in range(60)])
    filled.remount()
    assert len(os.listdir(filled / "by-tag/kept")) == 61


@pytest.mark.skipif(shutil.which("gio") is None, reason="needs gio")
def test_gio_hears_of_it(filled):
    """The library that Nautilus, Nemo, Thunar and PCManFM watch with."""
    os.listdir(filled / "by-tag/kept")
    monitor = subprocess.Popen(["gio", "monitor", filled / "by-tag/kept"], stdout=subprocess.PIPE)
    try:
        time.sleep(1 * SLOWNESS)
        filled.library.run("tag", "add", "kept", "b.txt")
        until = time.monotonic() + 10 * SLOWNESS
        told = b""
        while not any(b"b.txt" in line and b"created" in line for line in told.splitlines()):
            left = until - time.monotonic()
            assert left > 0 and select.select([monitor.stdout], [], [], left)[0], f"gio monitor tells only {told}"
            told += os.read(monitor.stdout.fileno(), 1 << 16)
    finally:
        monitor.kill()
        monitor.wait()


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting over a mount takes root")
def test_nothing_is_made_in_a_mount_that_somebody_put_over_this_one(filled, mount_of, scratch):
    """The same folders have the same numbers in any library."""
    others = Library(scratch / "others/library").init()
    other = mount_of(others, at=scratch / "others/mount")
    (other / "by-tag/kept").mkdir()
    os.listdir(filled / "by-tag/kept")
    subprocess.run(["mount", "--bind", other.path, filled.mount.path], check=True)
    try:
        filled.library.run("tag", "add", "kept", "b.txt")
        filled.library.run("tag", "remove", "kept", "a.txt")
        time.sleep(1 * SLOWNESS)
        assert os.listdir(other / "by-tag/kept") == [] and os.listdir(other / "originals") == []
        assert others.json_lines("log", "-n", "9") == others.json_lines("log", "-n", "1")
    finally:
        subprocess.run(["umount", filled.mount.path], check=True)


def test_whoever_unmounts_right_after_a_change_is_not_told_that_it_is_in_use(filled, mount_of):
    names = [f"{n}.txt" for n in range(60)]
    for name in names:
        (filled.originals / name).write_text(name)
    for round_ in range(4):
        os.listdir(filled / "by-tag/kept")
        filled.library.run("tag", "add" if round_ % 2 == 0 else "remove", "kept", *names)
        filled.mount.stop("unmount" if round_ < 2 else "terminate")
        filled.remount()
