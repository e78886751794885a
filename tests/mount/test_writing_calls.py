# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The system calls that write, each as a local file system answers it."""

import errno
import hashlib
import mmap
import os
import random
import shutil
import threading

import pytest

from media import sha256
from mount import errno_of, wait_until


def digest(data):
    return hashlib.sha256(data).hexdigest()


def blobs(drive):
    return drive.mount.stats()["blobs"]


@pytest.fixture
def file(drive):
    """An original of 100,000 bytes, tagged; what it was before must stay in the library whatever is done to it."""
    path = drive.originals / "file.bin"
    path.write_bytes(random.Random(3).randbytes(100_000))
    drive.tag("kept", "file.bin")
    first = sha256(path)
    yield path
    assert first in {object.name for object in drive.library.objects()}, "the version before is gone"
    assert drive.tags("file.bin") == ["kept"]


def test_truncate_by_name(drive, file):
    data = file.read_bytes()
    os.truncate(file, 5000)
    assert file.read_bytes() == data[:5000] and file.stat().st_size == 5000
    os.truncate(file, 7000)
    drive.expect({"file.bin": digest(data[:5000] + bytes(2000))})


def test_ftruncate_of_an_open_file(drive, file):
    data = file.read_bytes()
    with open(file, "r+b") as opened:
        opened.truncate(10)
        assert os.fstat(opened.fileno()).st_size == 10
        opened.truncate(20)
        assert os.pread(opened.fileno(), 100, 0) == data[:10] + bytes(10)
    drive.expect({"file.bin": digest(data[:10] + bytes(10))})


def test_the_truncate_program(drive, file):
    drive.run("truncate", "-s", "0", file)
    assert file.stat().st_size == 0
    drive.run("truncate", "-s", "3M", drive.originals / "new.bin")
    drive.expect({"file.bin": digest(b""), "new.bin": digest(bytes(3 << 20))})


@pytest.mark.skipif(not shutil.which("fallocate"), reason="no fallocate")
def test_fallocate(drive, file):
    data = file.read_bytes()
    drive.run("fallocate", "-l", "200000", file)
    assert file.read_bytes() == data + bytes(100_000)
    drive.run("fallocate", "--keep-size", "-l", "400000", file)
    assert file.stat().st_size == 200_000
    drive.run("fallocate", "--punch-hole", "-o", "8192", "-l", "4096", file)
    drive.expect({"file.bin": digest(data[:8192] + bytes(4096) + data[12288:] + bytes(100_000))})


def test_a_sparse_file(drive):
    path = drive.originals / "sparse.bin"
    with open(path, "wb") as file:
        file.seek(5 << 20)
        file.write(b"end")
        file.seek(1 << 20)
        file.write(b"middle")
    expected = bytearray((5 << 20) + 3)
    expected[1 << 20:(1 << 20) + 6], expected[5 << 20:] = b"middle", b"end"
    drive.expect({"sparse.bin": digest(expected)})


def test_appending(drive, file):
    data = file.read_bytes()
    with open(file, "ab") as one, open(file, "ab") as other:
        for n in range(20):
            for opened in (one, other):
                opened.write(b"%d\n" % n)
                opened.flush()
    drive.expect({"file.bin": digest(data + b"".join(b"%d\n%d\n" % (n, n) for n in range(20)))})


def test_appends_of_many_at_once_lose_nothing(drive):
    path = drive.originals / "log.txt"

    def append(who):
        for n in range(50):
            fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
            os.write(fd, b"%d %d\n" % (who, n))
            os.close(fd)

    threads = [threading.Thread(target=append, args=(who,)) for who in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines = path.read_bytes().splitlines()
    assert sorted(lines) == sorted(b"%d %d" % (who, n) for who in range(4) for n in range(50))
    drive.expect({"log.txt": sha256(path)})


def test_two_writers_of_one_file(drive, file):
    """Both write to one file; the first close loses nothing of what the second goes on to write."""
    one, other = os.open(file, os.O_RDWR), os.open(file, os.O_RDWR)
    assert os.fstat(one).st_ino == os.fstat(other).st_ino
    data = bytearray(file.read_bytes())
    os.pwrite(one, b"first", 100)
    os.pwrite(other, b"second", 50_000)
    assert os.pread(other, 5, 100) == b"first" and os.pread(one, 6, 50_000) == b"second"
    os.close(one)
    data[100:105], data[50_000:50_006] = b"first", b"second"
    assert file.read_bytes() == bytes(data)
    os.pwrite(other, b"later", 0)
    os.close(other)
    data[0:5] = b"later"
    drive.expect({"file.bin": digest(data)})


def test_readers_of_the_old_version_go_on_reading_it(drive, file):
    data = file.read_bytes()
    with open(file, "rb", buffering=0) as old:
        assert old.read(10) == data[:10]
        with open(file, "wb") as new:
            new.write(b"new")
        assert file.read_bytes() == b"new"
        assert old.read() == data[10:], "a sealed version changed under a reader"
        assert os.fstat(old.fileno()).st_size == len(data)
    drive.expect({"file.bin": digest(b"new")})


def test_readers_see_a_growing_file_grow(drive):
    """A recorder that appends, and syncs now and then; a monitor reads along."""
    path = drive.originals / "take.wav"
    data = random.Random(4).randbytes(200_000)
    with open(path, "wb", buffering=0) as recorder:
        recorder.write(data[:10_000])
        with open(path, "rb", buffering=0) as monitor:
            assert monitor.read() == data[:10_000]
            for at in range(10_000, len(data), 10_000):
                recorder.write(data[at:at + 10_000])
                if at % 30_000 == 0:
                    os.fsync(recorder.fileno())
                assert os.fstat(monitor.fileno()).st_size == path.stat().st_size == at + 10_000
                assert monitor.read() == data[at:at + 10_000]
        inode = os.fstat(recorder.fileno()).st_ino
    assert path.stat().st_ino == inode, "the inode of a new file is the one it was written with"
    drive.expect({"take.wav": digest(data)})


def test_tail_follows(drive):
    path = drive.originals / "log.txt"
    path.write_text("one\n")
    with open(path, "a") as file:
        file.write("two\n")
        file.flush()
        assert drive.run("tail", "-n", "1", path).stdout == "two\n"
    assert drive.run("tail", "-c", "8", path).stdout == "one\ntwo\n"


@pytest.mark.parametrize("new", [True, False], ids=["a new file", "an original"])
def test_writing_through_a_memory_map(drive, new):
    path = drive.originals / "mapped.bin"
    expected = bytearray(30_000)
    if not new:
        expected[:] = random.Random(6).randbytes(30_000)
        path.write_bytes(expected)
    fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    os.ftruncate(fd, len(expected))
    try:
        memory = mmap.mmap(fd, len(expected))
    except OSError as refused:
        # Direct I/O may refuse a shared map; refused is honest, lost is not.
        assert refused.errno == errno.ENODEV
        memory = None
    if memory is not None:
        for at in (0, 4095, 29_990):
            memory[at:at + 10] = expected[at:at + 10] = b"0123456789"
        memory.flush()
        memory.close()
    os.close(fd)
    drive.expect({"mapped.bin": digest(expected)})


def test_a_memory_map_written_after_the_descriptor_was_closed(drive):
    """As linkers and databases do it."""
    path = drive.originals / "mapped.bin"
    fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    os.ftruncate(fd, 10_000)
    try:
        memory = mmap.mmap(fd, 10_000)
    except OSError as refused:
        assert refused.errno == errno.ENODEV
        os.close(fd)
        return
    os.close(fd)
    memory[5000:5005] = b"hello"
    memory.flush()
    memory.close()
    drive.expect({"mapped.bin": digest(bytes(5000) + b"hello" + bytes(4995))})


# --- copies within the mount ----------------------------------------------------------------------------

def test_copies_within_the_mount_move_no_bytes(drive, file):
    (drive.originals / "folder").mkdir()
    before = blobs(drive), len(drive.library.objects())
    drive.run("cp", "--reflink=auto", file, drive.originals / "folder/copy.bin")
    drive.run("cp", "-p", file, drive.originals / "plain.bin")
    source, target = os.open(file, os.O_RDONLY), os.open(drive.originals / "range.bin", os.O_WRONLY | os.O_CREAT, 0o644)
    assert os.copy_file_range(source, target, 1 << 30) == 100_000
    os.close(source)
    os.close(target)
    shutil.copy2(file, drive.originals / "python.bin")
    os.link(file, drive.originals / "linked.bin")
    assert (blobs(drive), len(drive.library.objects())) == before
    names = ["folder/copy.bin", "plain.bin", "range.bin", "python.bin"]
    assert os.stat(drive.originals / "linked.bin").st_ino == file.stat().st_ino
    assert len({os.stat(drive.originals / name).st_ino for name in [*names, "file.bin"]}) == 5
    drive.expect({name: sha256(file) for name in [*names, "file.bin", "linked.bin"]})


def test_a_part_copied_is_a_file_of_its_own(drive, file):
    source, target = os.open(file, os.O_RDONLY), os.open(drive.originals / "part.bin", os.O_RDWR | os.O_CREAT, 0o644)
    assert os.copy_file_range(source, target, 1000, 500, 0) == 1000
    assert os.copy_file_range(source, target, 1000, 0, 5000) == 1000
    os.close(source)
    os.close(target)
    data = file.read_bytes()
    drive.expect({"file.bin": digest(data), "part.bin": digest(data[500:1500] + bytes(4000) + data[:1000])})


def test_several_names_of_a_file_show_what_is_saved_and_part_when_one_is_replaced(drive, file):
    data, other = file.read_bytes(), drive.originals / "other.bin"
    os.link(file, other)
    with open(other, "ab") as opened:
        opened.write(b"more")
    assert file.read_bytes() == other.read_bytes() == data + b"more"
    assert file.stat().st_ino == other.stat().st_ino
    (drive.originals / "new.bin").write_bytes(b"new")
    os.rename(drive.originals / "new.bin", other)
    assert file.stat().st_ino != other.stat().st_ino
    drive.expect({"file.bin": digest(data + b"more"), "other.bin": digest(b"new")})


def test_a_second_name_of_a_file_just_made(drive):
    """Lock files, mail: made, closed and linked at once. The kernel tells late that nobody has it open any more."""
    for n in range(30):
        made, other = drive.originals / f"made{n}.bin", drive.originals / f"other{n}.bin"
        os.close(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644))
        os.link(made, other)
        assert made.stat().st_ino == other.stat().st_ino
        os.unlink(made)
    drive.expect({f"other{n}.bin": digest(b"") for n in range(30)})


def test_a_file_thrown_over_another_keeps_its_own_mode(drive, file):
    new = drive.originals / "new.bin"
    new.write_bytes(b"new")
    os.chmod(new, 0o600)
    os.utime(new, (1_000_000_000, 1_000_000_000))
    os.rename(new, file)
    wait_until(lambda: file.stat().st_mode & 0o777 == 0o600, 10, "the mode of what was moved")
    assert file.stat().st_mtime == 1_000_000_000 and file.read_bytes() == b"new"
    drive.remount()
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("how", ["by and by", "unmounted"])
def test_what_is_moved_to_a_temporary_name_and_not_replaced(drive, file, how):
    """Editors move a file aside, and what they write in its place is its next version. When nothing comes, it was
    people who did not want it called so any more."""
    before, inode = sha256(file), file.stat().st_ino
    aside = drive.originals / "file.bin~"
    os.rename(file, aside)
    assert os.listdir(drive.originals) == ["file.bin~"] and aside.stat().st_ino == inode
    if how == "unmounted":
        drive.remount()
    wait_until(lambda: list(drive.library.by_name()) == ["file.bin~"], 30, "the new name in the catalog")
    assert os.listdir(drive.originals) == ["file.bin~"] and aside.stat().st_ino == inode and sha256(aside) == before
    assert not file.exists() and drive.tags("file.bin~") == ["kept"]
    file.write_bytes(b"another file")
    os.unlink(file)
    os.rename(aside, file)
    drive.expect({"file.bin": before})


def test_what_is_moved_aside_and_replaced_is_a_version(drive, file):
    """However long the new one takes to be written, which views_time_test waits for with a clock of its own."""
    before = sha256(file)
    os.rename(file, drive.originals / "file.bin~")
    with open(file, "wb", buffering=0) as new:
        new.write(b"new")
        assert list(drive.library.by_name()) == ["file.bin"]
        new.write(b"er")
    assert sha256(drive.originals / "file.bin~") == before
    drive.remount()
    drive.expect({"file.bin": digest(b"newer")})


@pytest.mark.parametrize("how", ["cp", "dd", "redirection"])
def test_equal_bytes_are_two_assets_on_one_blob(drive, scratch, how):
    (scratch / "source").write_bytes(random.Random(8).randbytes(5000))
    for name in ("one.bin", "two.bin"):
        argv = {"cp": ["cp", scratch / "source", drive.originals / name],
                "dd": ["dd", f"if={scratch}/source", f"of={drive.originals}/{name}"],
                "redirection": ["sh", "-c", 'cat "$0" > "$1"', scratch / "source", drive.originals / name]}[how]
        drive.run(*argv)
    assert os.stat(drive.originals / "one.bin").st_ino != os.stat(drive.originals / "two.bin").st_ino
    stats = drive.mount.stats()
    assert (stats["assets"], stats["blobs"]) == (2, 1)
    drive.expect({name: sha256(scratch / "source") for name in ("one.bin", "two.bin")})


# --- what is odd and must be right ----------------------------------------------------------------------

def test_an_open_file_whose_other_descriptor_was_closed_is_still_a_file(drive):
    """dup2 and close is what touch, dd and every shell begin with."""
    for name, text in (("one.txt", b"same"), ("two.txt", b"same"), ("three.txt", b"other")):
        first = os.open(drive.originals / name, os.O_RDWR | os.O_CREAT, 0o644)
        second = os.dup(first)
        os.write(first, text)
        os.close(first)
        os.utime(second, (1_000_000_000, 1_000_000_000))
        assert os.fstat(second).st_mtime == 1_000_000_000
        os.fchmod(second, 0o640)
        os.ftruncate(second, 4)
        os.write(second, b" and " + name.encode())
        os.close(second)
    drive.expect({"one.txt": digest(b"same and one.txt"), "two.txt": digest(b"same and two.txt"),
                  "three.txt": digest(b"othe\0 and three.txt")})


def test_touch(drive):
    drive.run("touch", *(drive.originals / f"{n}.txt" for n in range(5)))
    drive.run("touch", "-d", "2001-02-03 04:05:06 UTC", drive.originals / "1.txt")
    drive.run("chmod", "600", drive.originals / "2.txt")
    assert os.stat(drive.originals / "1.txt").st_mtime == 981_173_106
    for n in (0, 2, 3, 4):
        info = os.stat(drive.originals / f"{n}.txt")
        assert info.st_mtime != 981_173_106, "empty files share their times"
        assert info.st_mode & 0o777 == (0o600 if n == 2 else 0o644), "empty files share their modes"
    drive.expect({f"{n}.txt": digest(b"") for n in range(5)})


def test_a_file_removed_while_it_is_written_is_gone(drive):
    path = drive.originals / "gone.bin"
    fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    os.write(fd, b"before")
    os.unlink(path)
    os.write(fd, b" after")
    assert os.pread(fd, 100, 0) == b"before after" and os.fstat(fd).st_nlink == 0
    os.close(fd)
    assert os.listdir(drive.originals) == [] and drive.mount.stats()["assets"] == 0
    drive.expect({})


def test_a_file_renamed_while_it_is_written_arrives_under_its_new_name(drive):
    (drive.originals / "folder").mkdir()
    fd = os.open(drive.originals / "old.bin", os.O_WRONLY | os.O_CREAT, 0o644)
    os.write(fd, b"one ")
    os.rename(drive.originals / "old.bin", drive.originals / "folder/new.bin")
    os.write(fd, b"two")
    os.close(fd)
    drive.expect({"folder/new.bin": digest(b"one two")})


def test_flags_of_open(drive, file):
    assert errno_of(os.open, file, os.O_CREAT | os.O_EXCL | os.O_WRONLY) == errno.EEXIST
    assert errno_of(os.open, drive.originals, os.O_WRONLY) == errno.EISDIR
    assert errno_of(os.open, drive.originals / "none.bin", os.O_WRONLY) == errno.ENOENT
    assert errno_of(os.open, file / "below", os.O_CREAT | os.O_WRONLY) == errno.ENOTDIR
    fd = os.open(file, os.O_WRONLY)
    assert errno_of(os.read, fd, 1) == errno.EBADF
    os.close(fd)
    assert errno_of(os.open, drive.originals / ("n" * 256), os.O_CREAT | os.O_WRONLY) == errno.ENAMETOOLONG
    long = drive.originals / ("n" * 251 + ".bin")
    long.write_bytes(b"long")
    drive.expect({"file.bin": sha256(file), long.name: digest(b"long")})


def test_opened_to_write_and_left_alone_nothing_changes(drive, file):
    before = file.stat()
    os.close(os.open(file, os.O_RDWR))
    with open(file, "r+b") as opened:
        opened.read()
    after = file.stat()
    assert (after.st_ino, after.st_mtime_ns, after.st_size) == (before.st_ino, before.st_mtime_ns, before.st_size)
    drive.expect({"file.bin": sha256(file)})


def test_folders_come_and_go(drive):
    deep = drive.originals / "a/b/c"
    deep.mkdir(parents=True)
    (deep / "file.txt").write_text("deep\n")
    assert errno_of(os.rmdir, deep) == errno.ENOTEMPTY and errno_of(os.mkdir, deep) == errno.EEXIST
    os.rename(drive.originals / "a/b", drive.originals / "b")
    assert errno_of(os.rename, drive.originals / "b", drive.originals / "b/c/d") == errno.EINVAL
    os.rename(drive.originals / "b/c/file.txt", drive.originals / "file.txt")
    os.removedirs(drive.originals / "b/c")
    os.rmdir(drive.originals / "a") if (drive.originals / "a").exists() else None
    drive.expect({"file.txt": digest(b"deep\n")})
    assert os.listdir(drive.originals) == ["file.txt"]


def test_times_and_modes_are_kept(drive, file):
    os.chmod(file, 0o640)
    os.utime(file, ns=(0, 1_234_567_890_123_456_789))
    os.chmod(drive.originals, 0o755)
    (drive.originals / "folder").mkdir(mode=0o700)
    os.utime(drive.originals / "folder", ns=(0, 987_654_321_000_000_001))
    for _ in range(2):
        assert (file.stat().st_mode & 0o7777, file.stat().st_mtime_ns) == (0o640, 1_234_567_890_123_456_789)
        folder = os.stat(drive.originals / "folder")
        assert (folder.st_mode & 0o7777, folder.st_mtime_ns) == (0o700, 987_654_321_000_000_001)
        drive.remount()


def test_names_of_any_spelling(drive):
    names = ["späße.txt", "日本.txt", "-dash", "with\nnewline", " blank ", "a:b?.txt", "dot.", "CON", "x" * 200]
    for name in names:
        (drive.originals / name).write_text(name)
    assert sorted(os.listdir(drive.originals)) == sorted(names)
    drive.expect({name: digest(name.encode()) for name in names})


def test_what_was_made_and_removed_at_once_does_not_come_back(drive):
    """A lock file: a file that was never written to is kept when it is closed for good, moments after its close."""
    name = drive.originals / "main.lock"
    for _ in range(1000):
        os.close(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL))
        os.unlink(name)
    assert not os.path.exists(name) and list(drive.originals.iterdir()) == []


def test_what_was_made_and_renamed_at_once_is_there_once(drive):
    made, kept = drive.originals / "made", drive.originals / "kept"
    for n in range(300):
        os.close(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL))
        os.rename(made, kept)
        assert os.listdir(drive.originals) == ["kept"], n
        os.unlink(kept)
