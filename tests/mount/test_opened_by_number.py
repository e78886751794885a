# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that are opened without a name: by a descriptor of theirs, as Samba and portals do, or by a handle, as NFS servers do."""

import contextlib
import ctypes
import mmap
import os
import subprocess
import threading

import pytest

from mount import wait_until

LIBC = ctypes.CDLL(None, use_errno=True)
AT_FDCWD = -100
BEFORE = b"as it was before\n"


@contextlib.contextmanager
def opened(path, flags):
    fd = os.open(path, flags)
    try:
        yield fd
    finally:
        os.close(fd)


@pytest.fixture
def file(drive):
    path = drive.originals / "folder/file.txt"
    path.parent.mkdir()
    path.write_bytes(BEFORE)
    drive.remount()  # nobody is writing it any more, for certain
    return drive.originals / "folder/file.txt"


def by_number(fd):
    return f"/proc/self/fd/{fd}"


@pytest.mark.parametrize("held", [os.O_PATH, os.O_RDONLY], ids=["O_PATH", "O_RDONLY"])
@pytest.mark.parametrize("flags", [os.O_WRONLY, os.O_RDWR, os.O_WRONLY | os.O_TRUNC, os.O_RDWR | os.O_APPEND, os.O_RDWR | os.O_CREAT],
                         ids=["O_WRONLY", "O_RDWR", "O_TRUNC", "O_APPEND", "O_CREAT"])
def test_a_file_is_written_by_its_descriptor(drive, file, held, flags):
    if held == os.O_RDONLY and drive.mount.stats()["passthrough"] is True:
        pytest.skip("what the kernel reads by itself is not written to meanwhile; see the next test")
    expected = BEFORE + b"more" if flags & os.O_APPEND else b"more" if flags & os.O_TRUNC else b"more" + BEFORE[4:]
    with opened(file, held) as fd, opened(by_number(fd), flags) as writer:
        assert os.write(writer, b"more") == 4
        assert os.fstat(writer).st_size == len(expected), "the writer's own stat"
        if flags & os.O_RDWR:
            assert os.pread(writer, 100, 0) == expected
    assert file.read_bytes() == expected and file.stat().st_size == len(expected)
    versions = drive.mount / "versions/file.txt"
    assert sorted(path.read_bytes() for path in versions.iterdir()) == sorted([BEFORE, expected])
    drive.remount()
    assert (drive.originals / "folder/file.txt").read_bytes() == expected
    drive.library.run("doctor")


def test_what_the_kernel_reads_past_the_mount_is_not_written_past_it(drive, file):
    """With passthrough an opened original is the object itself; nobody gets that to write to."""
    before = file.stat()
    with opened(file, os.O_RDONLY) as reader:
        for flags in (os.O_WRONLY, os.O_RDWR, os.O_WRONLY | os.O_TRUNC):
            if drive.mount.stats()["passthrough"] is True:
                with pytest.raises(OSError) as refused:
                    os.open(by_number(reader), flags)
                assert refused.value.errno == 26, "ETXTBSY"
        assert os.pread(reader, 100, 0) == BEFORE
    assert file.read_bytes() == BEFORE and file.stat() == before
    drive.library.run("verify")
    drive.library.run("doctor")


def test_nothing_that_is_written_changes_the_version_that_was_there(drive, file):
    """A reader who had it open before, and one who maps it, have its bytes; so does versions/ afterwards."""
    drive.remount(options=["-o", "no_passthrough"])
    file = drive.originals / "folder/file.txt"
    with opened(file, os.O_RDONLY) as reader, opened(file, os.O_PATH) as fd:
        pages = mmap.mmap(reader, 0, prot=mmap.PROT_READ)
        with opened(by_number(fd), os.O_RDWR) as writer:
            os.pwrite(writer, b"X" * 5000, 0)
            assert os.pread(reader, 100, 0) == BEFORE and pages[:] == BEFORE
            assert file.read_bytes() == b"X" * 5000, "by its name it shows what is being written"
        assert pages[:] == BEFORE
        pages.close()
    assert (drive.mount / "versions/file.txt/v001.txt").read_bytes() == BEFORE
    assert file.read_bytes() == b"X" * 5000


def test_who_has_it_open_and_writes_nothing_does_not_keep_versions_from_being_made(drive, file):
    """As NFS servers keep what they synced for a client."""
    new = file.with_name("new.txt")
    with opened(new, os.O_WRONLY | os.O_CREAT) as writer:
        os.write(writer, BEFORE)
        idle = os.open(new, os.O_WRONLY)
    new.write_bytes(b"next")
    os.close(idle)
    assert sorted(path.read_bytes() for path in (drive.mount / "versions/new.txt").iterdir()) == sorted([BEFORE, b"next"])


def test_truncate_by_descriptor(file):
    with opened(file, os.O_PATH) as fd:
        os.truncate(by_number(fd), 5)
    assert file.read_bytes() == BEFORE[:5]


def test_times_and_mode_are_set_by_the_descriptor_after_the_close(drive, file):
    with opened(file, os.O_PATH) as fd:
        with opened(by_number(fd), os.O_WRONLY) as writer:
            os.write(writer, b"AS")
        os.utime(by_number(fd), ns=(0, 1_234_567_890_123_456_789))
        os.chmod(by_number(fd), 0o600)
        st = file.stat()
        assert (st.st_mtime_ns, st.st_mode & 0o777, st.st_size) == (1_234_567_890_123_456_789, 0o600, len(BEFORE))
    drive.remount()
    st = (drive.originals / "folder/file.txt").stat()
    assert (st.st_mtime_ns, st.st_mode & 0o777) == (1_234_567_890_123_456_789, 0o600)


def test_all_names_of_a_file_show_what_was_written(file):
    os.link(file, file.with_name("second.txt"))
    with opened(file.with_name("second.txt"), os.O_PATH) as fd, opened(by_number(fd), os.O_WRONLY | os.O_TRUNC) as writer:
        os.write(writer, b"of both")
    assert file.read_bytes() == file.with_name("second.txt").read_bytes() == b"of both"


def test_an_older_state_and_what_is_made_are_not_written(drive, file):
    with opened(file, os.O_PATH) as old:
        file.write_bytes(b"a newer state\n")
        with pytest.raises(OSError) as refused:
            os.open(by_number(old), os.O_WRONLY)
        assert refused.value.errno == 116, "ESTALE"
    assert file.read_bytes() == b"a newer state\n"
    with opened(drive.mount / "versions/file.txt/v001.txt", os.O_PATH) as fd, pytest.raises(OSError):
        os.open(by_number(fd), os.O_WRONLY)
    with opened(drive.mount / ".damfs/stats.json", os.O_PATH) as fd, pytest.raises(OSError):
        os.open(by_number(fd), os.O_WRONLY)


def test_a_removed_file_is_not_brought_back_by_its_descriptor(drive, file):
    with opened(file, os.O_PATH) as fd:
        file.unlink()
        with pytest.raises(OSError):
            os.open(by_number(fd), os.O_WRONLY)
    assert not file.exists() and (drive.mount / "trash/file.txt").read_bytes() == BEFORE


def test_two_writers_one_by_name_and_one_by_number_write_one_state(drive, file):
    with opened(file, os.O_PATH) as fd, opened(by_number(fd), os.O_WRONLY) as first, opened(file, os.O_WRONLY) as second:
        os.pwrite(first, b"11", 0)
        os.pwrite(second, b"22", 2)
    assert file.read_bytes() == b"1122" + BEFORE[4:]
    assert len(list((drive.mount / "versions/file.txt").iterdir())) <= 3


def test_writers_by_name_are_not_mistaken_while_others_come_by_number(file):
    """Each comes back after ESTALE in a way of its own."""
    others = [file.with_name(f"other{n}") for n in range(4)]
    for other in others:
        other.write_bytes(BEFORE)
    failures = []

    def write(path, how):
        try:
            for n in range(25):
                with contextlib.ExitStack() as stack:
                    target = by_number(stack.enter_context(opened(path, os.O_PATH))) if how == "number" else path
                    writer = stack.enter_context(opened(target, os.O_WRONLY | os.O_TRUNC))
                    os.write(writer, b"%s %d" % (path.name.encode(), n))
                assert path.read_bytes() == b"%s %d" % (path.name.encode(), n)
        except (OSError, AssertionError) as error:
            failures.append(error)
    threads = [threading.Thread(target=write, args=(path, "number" if n % 2 else "name")) for n, path in enumerate(others)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert [other.read_bytes() for other in others] == [b"other%d 24" % n for n in range(4)]


class Handle(ctypes.Structure):
    _fields_ = [("bytes", ctypes.c_uint), ("type", ctypes.c_int), ("data", ctypes.c_ubyte * 128)]


def handle_of(path):
    handle, mount = Handle(bytes=128), ctypes.c_int()
    if LIBC.name_to_handle_at(AT_FDCWD, os.fsencode(path), ctypes.byref(handle), ctypes.byref(mount), 0) != 0:
        pytest.skip(f"this kernel gives no handles: {os.strerror(ctypes.get_errno())}")
    return handle


def open_handle(mount, handle, flags):
    with opened(mount, os.O_RDONLY) as at:
        fd = LIBC.open_by_handle_at(at, ctypes.byref(handle), flags)
    if fd < 0:
        raise OSError(ctypes.get_errno(), "open_by_handle_at")
    return fd


@pytest.mark.skipif(os.geteuid() != 0, reason="open_by_handle_at takes root")
def test_a_file_is_written_by_its_handle_also_in_the_next_life_of_the_mount(drive, file):
    handle = handle_of(file)
    drive.remount()
    file = drive.originals / "folder/file.txt"
    writer = open_handle(drive.mount.path, handle, os.O_RDWR)
    os.pwrite(writer, b"BY HANDLE", 0)
    assert os.fstat(writer).st_size == len(BEFORE)
    os.close(writer)
    wait_until(lambda: file.read_bytes() == b"BY HANDLE" + BEFORE[9:], 5, "the new state")
    with pytest.raises(OSError) as refused:
        open_handle(drive.mount.path, handle, os.O_WRONLY)
    assert refused.value.errno == 116, "ESTALE: its number is that of an older version"


def test_a_program_that_writes_to_its_own_output(file):
    """`convert … png:/dev/stdout` and the like: a shell opened the file, the program opens /dev/stdout anew."""
    subprocess.run(["/bin/sh", "-c", f"cat /etc/hostname /etc/hostname > '{file}'"], check=True)
    with opened(file, os.O_WRONLY | os.O_TRUNC) as out:
        subprocess.run(["/bin/sh", "-c", "echo through /dev/stdout > /dev/stdout"], stdout=out, check=True)
    assert file.read_bytes() == b"through /dev/stdout\n"
