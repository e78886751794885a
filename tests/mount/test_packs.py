# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packs that zip, 7z, bsdtar and Python made: what stands in packs/ is what the same program extracts."""

import errno
import os
import random
import shutil
import stat
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from drive import SECOND_NS, hashes
from library import Library, scratch_folder, thorough
from media import sha256
from mount import Mount, errno_of, why_no_mounts, xattr
from packs import MAKERS, recorded, texture_tree

LARGE = ["big/rows.txt", "big/zeros.bin", "textures/Rock012_1K_Displacement.tif", "textures/Rock012_1K_AO.exr"]


class Packs:
    """Every pack of MAKERS, what its program extracts again, and a mount of all; those of a missing program have a reason."""

    def __init__(self, base):
        self.base, self.reasons = base, {}
        (base / "zips").mkdir()
        for name, maker in MAKERS.items():
            try:
                maker.make(texture_tree(), self.archive(name))
                maker.extract(self.archive(name), self.extracted(name))
            except pytest.skip.Exception as skipped:
                self.reasons[name] = skipped.msg
                self.archive(name).unlink(missing_ok=True)
        for n, path in enumerate(sorted((base / "zips").iterdir())):
            os.utime(path, ns=(0, (1_600_000_000 + n) * SECOND_NS))
        self.library = Library(base / "library").init()
        self.library.import_(base / "zips")
        self.mount = Mount(self.library)

    def archive(self, name):
        return self.base / "zips" / f"{name}.zip"

    def extracted(self, name):
        return self.base / "extracted" / name

    def made(self):
        return [name for name in MAKERS if name not in self.reasons]

    def folder(self, name):
        if name in self.reasons:
            pytest.skip(self.reasons[name])
        return self.mount / "packs" / name


@pytest.fixture(scope="module")
def packs():
    if reason := why_no_mounts():
        pytest.skip(reason)
    with scratch_folder() as folder:
        (folder / "extracted").mkdir()
        made = Packs(folder)
        with made.mount:
            yield made


def tree_of(folder):
    """{path: lstat} of all below it."""
    return {str(path.relative_to(folder)): path.lstat() for path in Path(folder).rglob("*")}


def files_of(folder):
    return [path for path, info in tree_of(folder).items() if stat.S_ISREG(info.st_mode)]


every_maker = pytest.mark.parametrize("name", MAKERS)


def test_each_pack_is_a_folder(packs):
    shown = set(os.listdir(packs.mount / "packs"))
    assert shown - {"by-map", "by-material"} == set(packs.made())


@every_maker
def test_diff_finds_nothing(packs, name):
    argv = ["diff", "-r", packs.extracted(name), packs.folder(name)]
    done = subprocess.run(argv, capture_output=True, text=True, errors="replace")
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]


@every_maker
def test_find_counts_what_was_extracted(packs, name):
    def found(folder, *tests):
        done = subprocess.run(["find", folder, *tests, "-printf", "%P %y %s\n"], capture_output=True, text=True, check=True)
        # Folders have the size that their file system gives them.
        return sorted(line.rsplit(" ", 1)[0] if line.rsplit(" ", 2)[1] == "d" else line for line in done.stdout.splitlines())
    ours, theirs = found(packs.folder(name)), found(packs.extracted(name))
    assert ours == theirs and len(ours) > 80
    for tests in (["-type", "f", "-size", "+1023k"], ["-type", "f", "-empty"]):
        assert found(packs.folder(name), *tests) == found(packs.extracted(name), *tests)


@every_maker
def test_times_and_modes_are_those_recorded(packs, name):
    folder, told = packs.folder(name), recorded(packs.archive(name))
    archive_ns = os.lstat(packs.archive(name)).st_mtime_ns
    extracted = tree_of(packs.extracted(name))
    assert set(tree_of(folder)) == set(extracted)
    for path, info in tree_of(folder).items():
        mtime, mode, is_folder = told.get(path, (archive_ns, 0o755, True))
        assert info.st_mtime_ns == mtime, path
        assert stat.S_IMODE(info.st_mode) == mode and stat.S_ISDIR(info.st_mode) == is_folder, path
        source = (texture_tree() / path).lstat()
        if path in told:
            assert abs(info.st_mtime_ns - source.st_mtime_ns) < 2 * SECOND_NS, path
        if path in told and MAKERS[name].sets_times:
            assert abs(info.st_mtime_ns // SECOND_NS - extracted[path].st_mtime_ns // SECOND_NS) <= 2, path


@every_maker
def test_rsync_has_nothing_to_do_the_second_time(packs, name, scratch):
    if not shutil.which("rsync"):
        pytest.skip("no rsync")
    argv = ["rsync", "-a", "--itemize-changes", f"{packs.folder(name)}/", f"{scratch}/copy/"]
    subprocess.run(argv, check=True, capture_output=True)
    assert hashes(scratch / "copy") == hashes(packs.extracted(name))
    assert subprocess.run(argv, check=True, capture_output=True, text=True).stdout == ""
    again = [*argv, "--checksum"]
    assert subprocess.run(again, check=True, capture_output=True, text=True).stdout == ""


@every_maker
def test_any_bytes_in_any_order(packs, name):
    """Before anything reads them whole, in this mount or after the cache was emptied: each read starts where it starts."""
    source = random.Random(name)
    packs.folder(name)
    packs.library.delete_derived()
    for path in LARGE:
        data, shown = (packs.extracted(name) / path).read_bytes(), packs.folder(name) / path
        packs.mount.drop_pages(shown)
        fd = os.open(shown, os.O_RDONLY)
        try:
            assert os.lseek(fd, 0, os.SEEK_END) == len(data) == os.fstat(fd).st_size
            for _ in range(thorough(60, 15)):
                at, size = source.randrange(len(data) + 5000), source.choice([1, 7, 512, 4096, 65_536, 300_000])
                assert os.pread(fd, size, at) == data[at:at + size], (path, at, size)
            tail = os.lseek(fd, -4096, os.SEEK_END)
            assert os.read(fd, 8192) == data[tail:] and os.read(fd, 1) == b""
        finally:
            os.close(fd)


@every_maker
def test_several_readers_at_once(packs, name):
    folder, expected = packs.folder(name), hashes(packs.extracted(name))
    packs.library.delete_derived()
    order = [path for path in expected for _ in range(2)]
    random.Random(name).shuffle(order)
    for path in LARGE:
        packs.mount.drop_pages(folder / path)
    with ThreadPoolExecutor(8) as pool:
        assert dict(zip(order, pool.map(lambda path: sha256(folder / path), order))) == expected


@every_maker
def test_the_same_bytes_after_the_cache_was_emptied(packs, name):
    folder = packs.folder(name)
    expected = {path: sha256(packs.extracted(name) / path) for path in LARGE}
    assert {path: sha256(folder / path) for path in LARGE} == expected
    held = os.open(folder / LARGE[0], os.O_RDONLY)
    try:
        os.pread(held, 4096, 3_000_000)
        packs.library.delete_derived()
        for path in LARGE:
            packs.mount.drop_pages(folder / path)
        data = (packs.extracted(name) / LARGE[0]).read_bytes()
        assert os.pread(held, 4096, 4_000_000) == data[4_000_000:4_004_096]
    finally:
        os.close(held)
    assert {path: sha256(folder / path) for path in LARGE} == expected


@every_maker
def test_what_attributes_tell_of_a_member(packs, name):
    path = packs.folder(name) / "textures/Rock012_1K_Displacement.tif"
    assert xattr(path, "user.damfs.pack") in (name, f"{name}.zip")
    assert os.path.normpath(xattr(path, "user.damfs.member")) == "textures/Rock012_1K_Displacement.tif"
    extracted = packs.extracted(name) / "textures/Rock012_1K_Displacement.tif"
    done = subprocess.run(["gzip", "-1c", extracted], capture_output=True)
    assert xattr(path, "user.damfs.crc32") == done.stdout[-8:-4][::-1].hex()  # as gzip's trailer has it
    assert xattr(path, "user.damfs.method") == MAKERS[name].method
    assert xattr(path, "user.damfs.sha256") is None, "only with --hash-members"
    assert xattr(path, "user.damfs.error") is None and xattr(path, "user.damfs.note") is None
    assert {f"user.damfs.{key}" for key in ("pack", "member", "crc32", "method")} <= set(os.listxattr(path))


def test_nothing_inside_can_be_changed(packs):
    name = packs.made()[0]
    folder = packs.folder(name)
    file, sub, new = folder / "big/rows.txt", folder / "big", folder / "big/new"
    attempts = [(os.open, file, os.O_WRONLY), (os.open, file, os.O_RDWR), (os.open, file, os.O_RDONLY | os.O_TRUNC),
                (os.open, new, os.O_CREAT | os.O_WRONLY), (os.truncate, file, 0), (os.unlink, file), (os.rename, file, new),
                (os.rename, file, packs.mount / "originals/rows.txt"), (os.rename, packs.mount / f"originals/{name}.zip", new),
                (os.rename, sub, folder / "large"), (os.mkdir, new), (os.rmdir, folder / "empty folder"), (os.link, file, new),
                (os.chmod, file, 0o600), (os.chmod, sub, 0o700), (os.utime, file, (0, 0)), (os.utime, sub, (0, 0)),
                (os.setxattr, file, "user.test", b"x"), (os.mknod, new), (os.mkdir, packs.mount / "packs/new"),
                (os.rmdir, folder), (os.rename, folder, packs.mount / "packs/renamed")]
    # Whom a file does not belong to is told that before; rmdir may look first whether it is empty.
    allowed = (errno.EROFS,) if os.getuid() == 0 else (errno.EROFS, errno.EACCES, errno.EPERM)
    for act, *args in attempts:
        assert errno_of(act, *args) in allowed, f"{act.__name__}{args}"
    assert hashes(folder) == hashes(packs.extracted(name))


def test_originals_show_the_packs_themselves(packs):
    assert hashes(packs.mount / "originals") == {f"{name}.zip": sha256(packs.archive(name)) for name in packs.made()}


def test_info_tells_how_many_members(packs):
    for name in packs.made():
        text = packs.library.run("info", f"{name}.zip").stdout
        count = len(recorded(packs.archive(name)))
        files = sum(not is_folder for _, _, is_folder in recorded(packs.archive(name)).values())
        assert f" {count} " in f" {text} ".replace("\n", " ") or f" {files} " in f" {text} ".replace("\n", " "), text


def test_inodes_and_bytes_stay_over_a_remount(packs):
    """The last test of the shared mount: it mounts anew."""
    def identities():
        return {path: (info.st_ino, info.st_mode, info.st_size, info.st_mtime_ns)
                for path, info in tree_of(packs.mount / "packs").items()}
    before = identities()
    files = [path for path, info in tree_of(packs.mount / "packs").items() if stat.S_ISREG(info.st_mode)
             and not path.startswith(("by-map/", "by-material/"))]
    assert len({before[path][0] for path in files}) == len(files), "two members share an inode number"
    packs.mount.stop()
    packs.mount.start()
    assert identities() == before
    assert packs.mount.stats()["worker_restarts"] == 0
    name = packs.made()[-1]
    assert hashes(packs.folder(name)) == hashes(packs.extracted(name))
