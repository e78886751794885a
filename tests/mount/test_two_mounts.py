# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One library, mounted twice: what is done through one mount, or by the command line, shows in the other at once,
whatever its kernel had been told before, and nobody's work is lost when both write."""

import contextlib
import errno
import os
import re
import shutil
import signal
import statistics
import threading
import time

import pytest

from drive import hashes, require_sound
from media import sha256
from mount import SLOWNESS, errno_of, wait_until, xattr

PROMISED_SECONDS = 1
PATIENCE_SECONDS = 10
VIEWS = ("originals", "by-tag", "albums", "by-rating", "trash", "recent", "by-type")
ABSENT = ("originals/new.txt", "originals/folder/new.txt", "originals/made", "by-tag/fresh", "by-tag/fresh/a.txt", "by-tag/kept/b.txt",
          "albums/Trip", "albums/Trip/a.txt", "albums/Best/b.txt", "by-rating/5/a.txt", "by-rating/3/a.txt", "recent/new.txt",
          "trash/a.txt", "trash/b.txt", "originals/renamed.txt", "originals/folder/a.txt")


def shown(path):
    return os.path.lexists(path)


def size_of(path):
    """None while it is not there."""
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        return os.stat(path).st_size
    return None


def names(folder):
    with contextlib.suppress(FileNotFoundError):
        return set(os.listdir(folder))
    return None


def requests(mount):
    """{op: how often the kernel asked}"""
    text = (mount / ".damfs/metrics").read_text()
    return {op: int(count) for op, count in re.findall(r'^damfs_requests_total\{op="(\w+)"\} (\d+)', text, re.M)}


class Pair:
    """`one` acts; `other` has looked at everything before."""

    def __init__(self, library, one, other):
        self.library, self.one, self.other = library, one, other
        self.waited = []

    def look(self):
        """So that its kernel has names, absences, attributes, listings and bytes."""
        for _ in range(2):
            for view in VIEWS:
                for folder, _, files in os.walk(self.other / view):
                    for name in files:
                        with open(os.path.join(folder, name), "rb") as file:
                            file.read()
            for path in ABSENT:
                shown(self.other / path)

    @contextlib.contextmanager
    def is_seen(self, *conditions, folders=()):
        """That what is done inside shows in the other mount: each condition comes true, each folder's mtime moves on."""
        self.look()
        before = {folder: os.stat(self.other / folder).st_mtime_ns for folder in folders}
        for n, condition in enumerate(conditions):
            assert not condition(), f"condition {n} holds before anything was done"
        yield
        start = time.monotonic()
        for n, condition in enumerate(conditions):
            wait_until(condition, PATIENCE_SECONDS, f"condition {n} in the other mount")
        for folder in folders:
            wait_until(lambda: os.stat(self.other / folder).st_mtime_ns > before[folder], PATIENCE_SECONDS, f"the mtime of {folder} to move on")
        self.waited.append(time.monotonic() - start)


@pytest.fixture
def pair(library, scratch, mount_of):
    """Two mounts of a small library: a.txt, tagged, in an album and rated, and folder/b.txt."""
    files = scratch / "files"
    (files / "folder").mkdir(parents=True)
    (files / "a.txt").write_text("the first\n")
    (files / "folder/b.txt").write_text("the second one\n")
    library.import_(files)
    library.run("tag", "add", "kept", "a.txt")
    library.run("album", "add", "Best", "a.txt")
    library.run("set", "--rating", "2", "a.txt")
    made = Pair(library, mount_of(library), mount_of(library, at=scratch / "other"))
    yield made
    require_sound(library)
    if made.waited:
        slowest = max(made.waited)
        print(f"shown after {slowest:.2f} s at the longest")
        assert statistics.median(made.waited) < PROMISED_SECONDS * SLOWNESS, made.waited


# --- what is done in one shows in the other -------------------------------------------------------------

def test_the_other_mounts_kernel_does_remember(pair):
    """Else the tests below would show nothing."""
    pair.look()
    before = requests(pair.other)
    pair.look()
    after = requests(pair.other)
    for op in ("readdir", "readdirplus"):
        assert after.get(op, 0) == before.get(op, 0), "listings are asked for again"
    assert after["lookup"] - before["lookup"] < 5, "names and absences are asked for again"


def write_new(pair, name):
    (pair.one / "originals" / name).write_text("something new\n")


def import_new(pair, name):
    source = pair.library.path.parent / "late" / name
    source.parent.mkdir(parents=True)
    source.write_text("something new\n")
    pair.library.import_(pair.library.path.parent / "late")


@pytest.mark.parametrize("make", [write_new, import_new])
@pytest.mark.parametrize("name", ["new.txt", "folder/new.txt"])
def test_a_new_file(pair, make, name):
    new, folder = pair.other / "originals" / name, os.path.dirname(f"originals/{name}")
    with pair.is_seen(lambda: size_of(new) == 14, lambda: "new.txt" in names(new.parent), lambda: size_of(pair.other / "recent/new.txt") == 14,
                      lambda: "new.txt" in names(pair.other / "recent"), folders=[folder, "recent"]):
        make(pair, name)
    assert new.read_text() == "something new\n"
    assert os.stat(new).st_ino == os.stat(pair.one / "originals" / name).st_ino


def test_a_file_saved_over(pair):
    mine, theirs = pair.one / "originals/a.txt", pair.other / "originals/a.txt"
    old = os.stat(theirs).st_ino
    with pair.is_seen(lambda: size_of(theirs) == 34, lambda: size_of(pair.other / "by-tag/kept/a.txt") == 34,
                      lambda: os.stat(theirs).st_ino != old):
        mine.write_text("the first, in its second version.\n")
    for path in ("originals", "by-tag/kept", "albums/Best", "by-rating/2", "recent"):
        wait_until(lambda: (pair.other / path / "a.txt").read_text() == "the first, in its second version.\n", PATIENCE_SECONDS, path)
    with os.scandir(pair.other / "originals") as entries:
        listed = {entry.name: entry.inode() for entry in entries}
    assert listed["a.txt"] == os.stat(theirs).st_ino == os.stat(mine).st_ino, "the listing shows the version before"
    # Again, with the versions the other way round.
    with pair.is_seen(lambda: size_of(theirs) == 10):
        pair.library.run("revert", "--to", "1", "a.txt")
    assert theirs.read_text() == "the first\n"
    wait_until(lambda: os.stat(theirs).st_ino == os.stat(mine).st_ino, PATIENCE_SECONDS, "the same in the first mount")


@pytest.mark.parametrize("to", ["renamed.txt", "folder/a.txt"])
def test_a_file_renamed(pair, to):
    theirs = pair.other / "originals"
    inode = os.stat(theirs / "a.txt").st_ino
    with pair.is_seen(lambda: shown(theirs / to), lambda: not shown(theirs / "a.txt"), lambda: "a.txt" not in names(theirs),
                      lambda: os.path.basename(to) in names((theirs / to).parent), folders=["originals", os.path.dirname(f"originals/{to}")]):
        os.rename(pair.one / "originals/a.txt", pair.one / "originals" / to)
    assert os.stat(theirs / to).st_ino == inode and (theirs / to).read_text() == "the first\n"
    assert (pair.other / "by-tag/kept/a.txt").read_text() == "the first\n"


def test_a_file_removed_and_brought_back(pair):
    theirs = pair.other / "originals"
    with pair.is_seen(lambda: not shown(theirs / "a.txt"), lambda: "a.txt" not in names(theirs), lambda: not shown(pair.other / "by-tag/kept/a.txt"),
                      lambda: names(pair.other / "albums/Best") == set(), lambda: names(pair.other / "trash") == {"a.txt"},
                      folders=["originals", "by-tag/kept", "albums/Best", "trash"]):
        os.unlink(pair.one / "originals/a.txt")
    with pair.is_seen(lambda: size_of(theirs / "a.txt") == 10, lambda: "a.txt" in names(theirs), lambda: shown(pair.other / "by-tag/kept/a.txt"),
                      lambda: names(pair.other / "albums/Best") == {"a.txt"}, lambda: names(pair.other / "trash") == set(),
                      folders=["originals", "trash"]):
        pair.library.run("undo")


def test_a_file_thrown_over_another(pair):
    theirs = pair.other / "originals"
    with pair.is_seen(lambda: size_of(theirs / "a.txt") == 15, lambda: not shown(theirs / "folder/b.txt"), lambda: names(theirs / "folder") == set(),
                      folders=["originals/folder"]):
        os.rename(pair.one / "originals/folder/b.txt", pair.one / "originals/a.txt")
    assert (theirs / "a.txt").read_text() == "the second one\n"


TAGGING = {"ln": lambda pair: (os.mkdir(pair.one / "by-tag/fresh"), os.link(pair.one / "originals/a.txt", pair.one / "by-tag/fresh/a.txt")),
           "xattr": lambda pair: os.setxattr(pair.one / "originals/a.txt", "user.xdg.tags", b"kept,fresh"),
           "damfs": lambda pair: pair.library.run("tag", "add", "fresh", "a.txt")}
UNTAGGING = {"ln": lambda pair: os.unlink(pair.one / "by-tag/fresh/a.txt"),
             "xattr": lambda pair: os.setxattr(pair.one / "originals/a.txt", "user.xdg.tags", b"kept"),
             "damfs": lambda pair: pair.library.run("tag", "remove", "fresh", "a.txt")}


@pytest.mark.parametrize("how", TAGGING)
def test_a_tag(pair, how):
    file, folder = pair.other / "originals/a.txt", pair.other / "by-tag/fresh"
    links = os.stat(file).st_nlink
    with pair.is_seen(lambda: names(folder) == {"a.txt"}, lambda: "fresh" in names(pair.other / "by-tag"), lambda: size_of(folder / "a.txt") == 10,
                      lambda: os.stat(file).st_nlink == links + 1, lambda: "fresh" in (xattr(file, "user.xdg.tags") or ""), folders=["by-tag"]):
        TAGGING[how](pair)
    assert os.stat(folder / "a.txt").st_ino == os.stat(file).st_ino
    with pair.is_seen(lambda: not shown(folder / "a.txt"), lambda: not names(folder), lambda: os.stat(file).st_nlink == links,
                      lambda: xattr(file, "user.xdg.tags") == "kept", folders=["by-tag/fresh"]):
        UNTAGGING[how](pair)


@pytest.mark.parametrize("how", ["cp", "damfs"])
def test_an_album(pair, how):
    best = pair.other / "albums/Best"
    with pair.is_seen(lambda: names(best) == {"a.txt", "b.txt"}, lambda: size_of(best / "b.txt") == 15, folders=["albums/Best"]):
        if how == "cp":
            shutil.copy(pair.one / "originals/folder/b.txt", pair.one / "albums/Best/b.txt")
        else:
            pair.library.run("album", "add", "Best", "folder/b.txt")
    with pair.is_seen(lambda: names(best) == {"a.txt"}, lambda: not shown(best / "b.txt"), folders=["albums/Best"]):
        if how == "cp":
            os.unlink(pair.one / "albums/Best/b.txt")
        else:
            pair.library.run("album", "remove", "Best", "folder/b.txt")


RATING = {"mv": lambda pair: os.rename(pair.one / "by-rating/2/a.txt", pair.one / "by-rating/5/a.txt"),
          "xattr": lambda pair: os.setxattr(pair.one / "originals/a.txt", "user.baloo.rating", b"10"),
          "damfs": lambda pair: pair.library.run("set", "--rating", "5", "a.txt")}


@pytest.mark.parametrize("how", RATING)
def test_a_rating(pair, how):
    stars = pair.other / "by-rating"
    with pair.is_seen(lambda: size_of(stars / "5/a.txt") == 10, lambda: not shown(stars / "2/a.txt"), lambda: names(stars / "5") == {"a.txt"},
                      lambda: not names(stars / "2"), lambda: xattr(pair.other / "originals/a.txt", "user.baloo.rating") == "10"):
        RATING[how](pair)


@pytest.mark.parametrize("path", ["originals/made", "by-tag/fresh", "albums/Trip"])
def test_a_folder_made_renamed_and_taken_away(pair, path):
    view, folder = pair.other / os.path.dirname(path), pair.other / path
    with pair.is_seen(lambda: names(folder) == set(), lambda: folder.name in names(view), folders=[os.path.dirname(path)]):
        os.mkdir(pair.one / path)
    inode = os.stat(folder).st_ino
    with pair.is_seen(lambda: shown(view / "other name"), lambda: not shown(folder), lambda: folder.name not in names(view),
                      folders=[os.path.dirname(path)]):
        os.rename(pair.one / path, pair.one / os.path.dirname(path) / "other name")
    assert os.stat(view / "other name").st_ino == inode
    with pair.is_seen(lambda: not shown(view / "other name"), lambda: "other name" not in names(view), folders=[os.path.dirname(path)]):
        os.rmdir(pair.one / os.path.dirname(path) / "other name")


def test_times_and_modes(pair):
    theirs = pair.other / "originals"
    with pair.is_seen(lambda: os.stat(theirs / "a.txt").st_mtime == 1_000_000_000, lambda: os.stat(theirs / "a.txt").st_mode & 0o777 == 0o600,
                      lambda: os.stat(theirs / "folder").st_mtime == 1_100_000_000, lambda: os.stat(theirs / "folder").st_mode & 0o777 == 0o711):
        os.utime(pair.one / "originals/a.txt", (1_000_000_000, 1_000_000_000))
        os.chmod(pair.one / "originals/a.txt", 0o600)
        os.utime(pair.one / "originals/folder", (1_100_000_000, 1_100_000_000))
        os.chmod(pair.one / "originals/folder", 0o711)


def test_all_that_was_done_is_taken_back(pair):
    views = ("originals", "by-tag", "albums", "by-rating")
    before = {view: hashes(pair.other / view) for view in views}
    with pair.is_seen(lambda: names(pair.other / "originals") == set(), lambda: hashes(pair.other / "albums") == {},
                      lambda: hashes(pair.other / "by-tag") == {}, folders=["originals", "trash"]):
        for entry in os.listdir(pair.one / "originals"):
            path = pair.one / "originals" / entry
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    with pair.is_seen(lambda: {view: hashes(pair.other / view) for view in views} == before, folders=["originals", "trash"]):
        pair.library.run("undo")


# --- open files and folders -----------------------------------------------------------------------------

def test_a_reader_in_the_other_mount_goes_on_with_its_version(pair):
    theirs = pair.other / "originals/a.txt"
    with open(theirs, "rb", buffering=0) as reader:
        assert reader.read(4) == b"the "
        with pair.is_seen(lambda: size_of(theirs) == 4):
            (pair.one / "originals/a.txt").write_text("new\n")
        assert reader.read() == b"first\n" and os.fstat(reader.fileno()).st_size == 10
    assert theirs.read_text() == "new\n"
    with open(theirs, "rb", buffering=0) as reader:
        with pair.is_seen(lambda: not shown(theirs)):
            os.unlink(pair.one / "originals/a.txt")
        assert reader.read() == b"new\n"


def test_a_folder_held_open_in_the_other_mount(pair):
    folder = os.open(pair.other / "originals/folder", os.O_RDONLY | os.O_DIRECTORY)
    try:
        assert os.listdir(folder) == ["b.txt"]
        (pair.one / "originals/folder/new.txt").write_text("new\n")
        wait_until(lambda: set(os.listdir(folder)) == {"b.txt", "new.txt"}, PATIENCE_SECONDS, "the new file in the open folder")
        os.rename(pair.one / "originals/folder", pair.one / "originals/made")
        wait_until(lambda: shown(pair.other / "originals/made"), PATIENCE_SECONDS, "the new name")
        assert os.stat("new.txt", dir_fd=folder).st_size == 4
    finally:
        os.close(folder)


@pytest.mark.parametrize("first_to_close", ["one", "other"])
def test_both_write_to_one_file(pair, first_to_close):
    """Whoever closes last is what the name shows; what the other wrote is a version of it."""
    fds = {"one": os.open(pair.one / "originals/a.txt", os.O_RDWR), "other": os.open(pair.other / "originals/a.txt", os.O_RDWR)}
    os.pwrite(fds["one"], b"from one mount\n", 0)
    os.pwrite(fds["other"], b"from the other, longer\n", 0)
    assert os.pread(fds["one"], 100, 0) == b"from one mount\n", "unclosed, it is its writer's alone"
    order = [first_to_close, *({"one", "other"} - {first_to_close})]
    for who in order:
        os.close(fds[who])
    last = {"one": b"from one mount\n", "other": b"from the other, longer\n"}[order[1]]
    for mount in (pair.one, pair.other):
        wait_until(lambda: (mount / "originals/a.txt").read_bytes() == last, PATIENCE_SECONDS, "the last one's bytes")
    assert pair.library.by_name()["a.txt"]["tags"] == ["kept"]
    folder = next(path for path in (pair.other / "versions").iterdir() if path.name.startswith("a.txt"))
    kept = {path.read_bytes() for path in folder.iterdir()}
    assert kept == {b"the first\n", b"from one mount\n", b"from the other, longer\n"}


def test_what_goes_on_being_written_after_it_was_closed_once(pair):
    """Shells close a copy of a descriptor: what is there then is catalogued, seen by the other, and then changed."""
    theirs = pair.other / "originals/a.txt"
    fd = os.open(pair.one / "originals/a.txt", os.O_RDWR)
    for text in (b"THE FIRST\n", b"The First\n", b"The First, longer\n", b"tHE fIRST, longer\n"):
        with pair.is_seen(lambda: theirs.read_bytes() == text):
            os.pwrite(fd, text, 0)
            os.close(os.dup(fd))
        assert (pair.other / "by-tag/kept/a.txt").read_bytes() == text
    os.close(fd)
    assert theirs.read_bytes() == (pair.one / "originals/a.txt").read_bytes() == b"tHE fIRST, longer\n"


def test_both_make_a_file_of_one_name_at_once(pair):
    """Neither is lost: one is a version of the other."""
    rounds = 20
    at_once = threading.Barrier(2)
    failed = []

    def make(mount, who):
        for n in range(rounds):
            at_once.wait()
            try:
                with open(mount / f"originals/same{n}.txt", "w") as file:
                    file.write(f"{n} by {who}\n")
            except OSError as refused:
                failed.append((n, who, refused))

    threads = [threading.Thread(target=make, args=each) for each in ((pair.one, "one"), (pair.other, "other"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    known = pair.library.by_name()
    stored = {path.read_text() for path in pair.library.objects()}
    for n in range(rounds):
        shows = {(mount / f"originals/same{n}.txt") for mount in (pair.one, pair.other)}
        wait_until(lambda: len({sha256(path) for path in shows} | {known[f"same{n}.txt"]["sha256"]}) == 1, PATIENCE_SECONDS, f"one file {n}")
        assert {f"{n} by one\n", f"{n} by other\n"} <= stored
    assert set(known) == {"a.txt", "folder/b.txt"} | {f"same{n}.txt" for n in range(rounds)}


def test_made_anew_just_after_the_other_made_it(pair):
    """The kernel goes on believing that there is no such file until the news come; the story: what was written to it
    began with the other's bytes, and had its end behind its own."""
    for n in range(10):
        mine, theirs = pair.one / f"originals/again{n}.txt", pair.other / f"originals/again{n}.txt"
        assert not shown(mine) and not shown(theirs)
        mine.write_text("much longer than the other\n")
        theirs.write_text("short\n")
        assert theirs.read_text() == "short\n"
        wait_until(lambda: mine.read_text() == "short\n", PATIENCE_SECONDS, "the newer version")


def test_who_insists_on_a_new_file_gets_none_that_the_other_made(pair):
    for n in range(10):
        mine, theirs = pair.one / f"originals/lock{n}", pair.other / f"originals/lock{n}"
        assert not shown(mine) and not shown(theirs)
        mine.write_text("mine\n")
        assert errno_of(os.open, theirs, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644) == errno.EEXIST
        assert mine.read_text() == "mine\n"


def test_appends_in_turns(pair):
    """A program that waits for what the other wrote loses nothing of it."""
    lines = []
    for n in range(6):
        mount = (pair.one, pair.other)[n % 2]
        expected = "the first\n" + "".join(lines)
        wait_until(lambda: (mount / "originals/a.txt").read_text() == expected, PATIENCE_SECONDS, f"the {n} lines before")
        lines.append(f"line {n}\n")
        with open(mount / "originals/a.txt", "a") as file:
            file.write(lines[-1])
    for mount in (pair.one, pair.other):
        wait_until(lambda: (mount / "originals/a.txt").read_text() == "the first\n" + "".join(lines), PATIENCE_SECONDS, "all lines")


@pytest.mark.parametrize("done", ["removed", "renamed", "folder renamed", "folder removed"])
def test_what_is_being_written_while_the_other_takes_its_name_away(pair, done):
    """It is kept when its close() says so, wherever it is then; else close() says that it is not."""
    theirs = pair.other / "originals/folder"
    fd = os.open(pair.one / "originals/folder/b.txt", os.O_WRONLY)
    os.write(fd, b"THE SECOND ONE, more of it\n")
    if done == "renamed":
        os.rename(theirs / "b.txt", theirs / "c.txt")
    elif done == "folder renamed":
        os.rename(theirs, pair.other / "originals/made")
    else:
        os.unlink(theirs / "b.txt")
        if done == "folder removed":
            os.rmdir(theirs)
    try:
        os.close(fd)
        told = 0
    except OSError as refused:
        told = refused.errno
    kept = {path.read_bytes() for path in pair.library.objects()}
    assert b"the second one\n" in kept, "the version before is gone"
    if told == 0:
        assert b"THE SECOND ONE, more of it\n" in {path.read_bytes() for path in (pair.other / "originals").rglob("*.txt")}
    else:
        assert told == errno.ENOENT and done == "folder removed", os.strerror(told)
        assert hashes(pair.one / "originals").keys() == {"a.txt"} == hashes(theirs.parent).keys()


# --- one of them ends -----------------------------------------------------------------------------------

def test_one_is_killed_and_the_other_goes_on(pair):
    fd = os.open(pair.one / "originals/half.txt", os.O_WRONLY | os.O_CREAT, 0o644)
    os.write(fd, b"half of it")
    (pair.one / "originals/whole.txt").write_text("all of it\n")
    pair.one.kill()
    assert errno_of(os.close, fd) in (errno.ENOTCONN, errno.ECONNABORTED, errno.EIO)
    theirs = pair.other / "originals"
    wait_until(lambda: size_of(theirs / "whole.txt") == 10, PATIENCE_SECONDS, "what was acknowledged")
    assert not shown(theirs / "half.txt")
    (theirs / "after.txt").write_text("after that\n")
    os.mkdir(pair.other / "by-tag/fresh")
    os.link(theirs / "after.txt", pair.other / "by-tag/fresh/after.txt")
    pair.library.run("tag", "add", "more", "whole.txt")
    wait_until(lambda: names(pair.other / "by-tag/more") == {"whole.txt"}, PATIENCE_SECONDS, "what the command line does")
    pair.one.start()
    assert hashes(pair.one / "originals") == hashes(theirs)
    (pair.one / "originals/again.txt").write_text("again\n")
    wait_until(lambda: size_of(theirs / "again.txt") == 6, PATIENCE_SECONDS, "the new mount's file")


def test_one_hangs_and_the_other_goes_on(pair):
    """A stopped daemon holds no lock that anybody else needs."""
    pair.one.process.send_signal(signal.SIGSTOP)
    try:
        start = time.monotonic()
        (pair.other / "originals/new.txt").write_text("new\n")
        pair.library.run("tag", "add", "fresh", "new.txt")
        wait_until(lambda: names(pair.other / "by-tag/fresh") == {"new.txt"}, PATIENCE_SECONDS, "the tag")
        assert time.monotonic() - start < PATIENCE_SECONDS * SLOWNESS
    finally:
        pair.one.process.send_signal(signal.SIGCONT)
    wait_until(lambda: names(pair.one / "by-tag/fresh") == {"new.txt"}, PATIENCE_SECONDS, "what was missed meanwhile")


def test_one_is_unmounted_and_mounted_again(pair):
    for n in range(3):
        pair.one.stop("unmount" if n % 2 else "terminate")
        (pair.other / f"originals/between{n}.txt").write_text(f"{n}\n")
        pair.one.start()
        assert (pair.one / f"originals/between{n}.txt").read_text() == f"{n}\n"
    assert pair.library.run("doctor").returncode == 0
