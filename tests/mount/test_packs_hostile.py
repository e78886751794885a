# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Archives that lie and trap: nothing leads out of a pack, nothing falls over, and what cannot be read says why."""

import errno
import os
import random
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from hostile_packs import DOUBTFUL, HOSTILE, TEXT, UNREADABLE
from library import MEMORY_FACTOR, Library, scratch_folder
from mount import Mount, wait_until, why_no_mounts, xattr
from zips import DEFLATED, Member, archive

GIB = 1 << 30


class Hostiles:
    def __init__(self, base):
        self.made, self.reasons, source = {}, {}, base / "in"
        source.mkdir()
        for name, kind in HOSTILE.items():
            try:
                self.made[name] = kind()
                (source / f"{name}.zip").write_bytes(self.made[name].data)
            except pytest.skip.Exception as skipped:
                self.reasons[name] = skipped.msg
        for name, data in (UNREADABLE | DOUBTFUL).items():
            (source / f"{name}.zip").write_bytes(data)
        (source / "beside.zip").write_bytes(archive(Member("sound.txt", TEXT, DEFLATED), Member("stored.txt", TEXT)))
        self.library = Library(base / "library").init()
        done = self.library.import_(source, expect=None)
        assert done["failed"] == 0, done
        self.mount = Mount(self.library)

    def folder(self, name):
        if name in self.reasons:
            pytest.skip(self.reasons[name])
        return self.mount / "packs" / name

    def require_unharmed(self):
        for name in ("sound.txt", "stored.txt"):
            assert (self.mount / "packs/beside" / name).read_bytes() == TEXT
        assert self.mount.stats()["worker_restarts"] == 0


@pytest.fixture(scope="module")
def all_of_them():
    if reason := why_no_mounts():
        pytest.skip(reason)
    with scratch_folder() as folder:
        hostiles = Hostiles(folder)
        with hostiles.mount:
            yield hostiles


@pytest.fixture
def hostiles(all_of_them):
    yield all_of_them
    all_of_them.require_unharmed()


def walk(folder):
    """(path, lstat) of all below it, however deep, as far as a path can be told to the kernel."""
    pending = [Path(folder)]
    while pending:
        at = pending.pop()
        names = os.listdir(at)
        assert len(set(names)) == len(names), names
        for name in names:
            assert name not in ("", ".", "..") and len(os.fsencode(name)) <= 255, name
            path = at / name
            if len(os.fsencode(path)) > 4000:
                continue
            info = os.lstat(path)
            yield path, info
            if stat.S_ISDIR(info.st_mode):
                pending.append(path)


def read(path, size):
    """All of it; of what is too large for that its beginning, middle and end. None: refused by EIO."""
    try:
        if size <= GIB:
            return path.read_bytes()
        with open(path, "rb", buffering=0) as file:
            return b"".join(os.pread(file.fileno(), 65_536, at) for at in (0, size // 2, size - 4096))
    except OSError as refused:
        assert refused.errno == errno.EIO, refused
        return None


def require_orderly(folder):
    """Only files and folders, none with more rights than a file has; each can be read or says why not. {path: bytes or None}"""
    found = {}
    for path, info in walk(folder):
        assert stat.S_ISREG(info.st_mode) or stat.S_ISDIR(info.st_mode), path
        assert not info.st_mode & 0o7000 and info.st_size >= 0, (path, oct(info.st_mode), info.st_size)
        if stat.S_ISREG(info.st_mode):
            found[str(path.relative_to(folder))] = data = read(path, info.st_size)
            if data is None:
                assert xattr(path, "user.damfs.error"), f"{path} does not say why"
            elif info.st_size <= GIB:
                assert len(data) == info.st_size, path
    return found


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_shown_of(hostiles, name):
    folder = hostiles.folder(name)
    found, made = require_orderly(folder), hostiles.made[name]
    assert found["sound.txt"] == TEXT
    assert set(made.shown) <= set(found), sorted(set(made.shown) - set(found))
    if made.exact:
        assert set(found) == {*made.shown, "sound.txt"}
    for path, shown in made.shown.items():
        size = shown.size if shown.size is not None else len(shown.data)
        assert os.lstat(folder / path).st_size == size, path
        assert found[path] == shown.data, path
        assert bool(xattr(folder / path, "user.damfs.error")) == (shown.data is None), path
        assert bool(xattr(folder / path, "user.damfs.note")) == shown.note, path


@pytest.mark.parametrize("name", HOSTILE)
def test_again_and_from_the_middle(hostiles, name):
    """An error is remembered as one, not as the bytes that came before it."""
    hostiles.folder(name)
    for path, shown in hostiles.made[name].shown.items():
        file = hostiles.folder(name) / path
        if shown.data is None:
            assert read(file, os.lstat(file).st_size) is None, path
            continue
        with open(file, "rb", buffering=0) as opened:
            middle = len(shown.data) // 2
            assert os.pread(opened.fileno(), 4096, middle) == shown.data[middle:middle + 4096]


@pytest.mark.parametrize("name", ["encrypted_by_hand", "encrypted_by_zip", "unknown_methods", "outside", "into_the_directory",
                                  "links", "parents", "drives"])
def test_info_names_each_with_its_reason(hostiles, name):
    folder = hostiles.folder(name)
    told = " ".join(hostiles.library.run("info", f"{name}.zip").stdout.split())
    assert str(len(hostiles.made[name].shown) + 1) in told
    for path, shown in hostiles.made[name].shown.items():
        reason = xattr(folder / path, "user.damfs.error") or xattr(folder / path, "user.damfs.note")
        if shown.data is None or shown.note:
            assert " ".join(reason.split()) in told, (path, reason)
            assert path in told or xattr(folder / path, "user.damfs.member") in told, path


def test_a_link_is_not_followed(hostiles):
    folder = hostiles.folder("links")
    assert not any(path.is_symlink() for path, _ in walk(folder))
    assert (folder / "link").read_bytes() == b"../../../etc/passwd"
    assert not os.path.lexists(folder / "to a folder/etc")


def test_nothing_is_beside_the_packs(hostiles):
    shown = set(os.listdir(hostiles.mount / "packs")) - {"by-map", "by-material"}
    expected = {*hostiles.made, "beside"}
    assert expected <= shown <= expected | set(DOUBTFUL), shown ^ expected
    assert not os.path.lexists(hostiles.mount / "evil.txt") and not os.path.lexists(hostiles.mount / "packs/evil.txt")


@pytest.mark.parametrize("name", UNREADABLE)
def test_an_archive_without_a_directory_says_so(hostiles, name):
    assert not os.path.lexists(hostiles.mount / "packs" / name)
    original = hostiles.mount / "originals" / f"{name}.zip"
    assert original.read_bytes() == UNREADABLE[name]
    reason = xattr(original, "user.damfs.error")
    assert reason and " ".join(reason.split()) in " ".join(hostiles.library.run("info", f"{name}.zip").stdout.split())


@pytest.mark.parametrize("name", DOUBTFUL)
def test_what_is_doubtful_is_shown_or_refused(hostiles, name):
    folder = hostiles.mount / "packs" / name
    if not os.path.lexists(folder):
        assert xattr(hostiles.mount / "originals" / f"{name}.zip", "user.damfs.error")
        return
    for path, data in require_orderly(folder).items():
        assert data in (None, TEXT), path


def test_an_archive_that_is_sound_says_nothing(hostiles):
    assert xattr(hostiles.mount / "originals/beside.zip", "user.damfs.error") is None
    for name in ("sound.txt", "stored.txt"):
        assert xattr(hostiles.mount / "packs/beside" / name, "user.damfs.error") is None


def test_the_end_of_a_dense_member(hostiles):
    """Its own read, not its 256 MiB in the daemon's memory."""
    path = hostiles.folder("dense") / "zeros.bin"
    assert os.lstat(path).st_size == 256 << 20
    with open(path, "rb", buffering=0) as file:
        assert os.pread(file.fileno(), 8192, (256 << 20) - 4096) == bytes(4096)
    status = Path(f"/proc/{hostiles.mount.process.pid}/statm").read_text().split()
    assert int(status[1]) * os.sysconf("SC_PAGESIZE") <= GIB // 4 * MEMORY_FACTOR


def test_all_of_them_at_once(hostiles):
    files = [(name, path) for name, made in hostiles.made.items() for path in made.shown]
    random.Random(4).shuffle(files)

    def check(entry):
        name, path = entry
        file = hostiles.folder(name) / path
        return read(file, os.lstat(file).st_size) == hostiles.made[name].shown[path].data
    hostiles.library.delete_derived()
    with ThreadPoolExecutor(8) as pool:
        results = dict(zip(files, pool.map(check, files)))
    assert not [entry for entry, right in results.items() if not right]


@pytest.mark.parametrize("name", ["parents", "links", "overlapping_bomb", "wrong_sizes"])
def test_dropped_in_through_the_mount(drive, name):
    made = HOSTILE[name]()
    (drive.originals / "hostile.zip").write_bytes(made.data)
    folder = drive / "packs/hostile"
    wait_until(lambda: os.path.isdir(folder), 30, "its folder")
    assert require_orderly(folder) == {path: shown.data for path, shown in made.shown.items()} | {"sound.txt": TEXT}
    drive.library.run("doctor")
    assert drive.mount.stats()["worker_restarts"] == 0


def test_a_cut_archive_dropped_in_says_why_and_a_whole_one_after_it_is_shown(drive):
    path = drive.originals / "download.zip"
    path.write_bytes(UNREADABLE["cut in the middle"])
    wait_until(lambda: xattr(path, "user.damfs.error"), 30, "the reason")
    assert not os.path.lexists(drive / "packs/download")
    path.write_bytes(archive(Member("a.txt", TEXT, DEFLATED)))
    wait_until(lambda: os.path.isdir(drive / "packs/download"), 30, "its folder")
    assert (drive / "packs/download/a.txt").read_bytes() == TEXT and xattr(path, "user.damfs.error") is None
