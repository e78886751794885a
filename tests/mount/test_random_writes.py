# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Thousands of writes, reads, truncations and maps at random, each beside the same done to a buffer (as fsx does it)."""

import hashlib
import mmap
import os
import random
import shutil

import pytest

LARGEST = 256 * 1024
STEPS = 3000


class Exerciser:
    """A file and what must be in it. Every act is told in `acts`, so that a failure can be replayed."""

    def __init__(self, path, seed, content=b""):
        self.path, self.random, self.buffer, self.acts = path, random.Random(seed), bytearray(content), []
        self.fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)

    def step(self):
        act = self.random.choices([self.write, self.read, self.read_mapped, self.truncate, self.allocate, self.append, self.reopen,
                                   self.sync, self.replace, self.read_from_outside], [30, 25, 5, 6, 5, 8, 4, 3, 1, 8])[0]
        self.acts.append(act.__name__)
        act()
        size = os.fstat(self.fd).st_size
        assert size == len(self.buffer), f"size {size}, not {len(self.buffer)}, {self.told()}"

    def told(self):
        return f"after {len(self.acts)} acts: … {self.acts[-12:]}"

    def note(self, **what):
        self.acts[-1] += str(what)

    def span(self, limit):
        at = self.random.randrange(limit + 1)
        return at, self.random.choice([1, 7, 512, 4096, 4097, 30_000]) if self.random.random() < 0.5 else \
            self.random.randrange(1, 40_000)

    def same(self, found, at, size):
        expected = bytes(self.buffer[at:at + size])
        if found != expected:
            first = next((n for n in range(min(len(found), len(expected))) if found[n] != expected[n]), min(len(found), len(expected)))
            raise AssertionError(f"{len(found)} of {len(expected)} bytes, the first other one at {at + first}, {self.told()}")

    def write(self):
        at, size = self.span(LARGEST)
        size = min(size, LARGEST - at)
        self.note(at=at, size=size)
        data = self.random.randbytes(size)
        assert os.pwrite(self.fd, data, at) == size
        if size == 0:
            return
        self.buffer.extend(bytes(max(0, at - len(self.buffer))))
        self.buffer[at:at + size] = data

    def append(self):
        data = self.random.randbytes(self.random.randrange(1, 5000))
        if len(self.buffer) + len(data) > LARGEST:
            return
        self.note(size=len(data))
        os.lseek(self.fd, 0, os.SEEK_END)
        assert os.write(self.fd, data) == len(data)
        self.buffer += data

    def read(self):
        at, size = self.span(len(self.buffer))
        self.note(at=at, size=size)
        self.same(os.pread(self.fd, size, at), at, size)

    def read_mapped(self):
        if not self.buffer:
            return
        try:
            memory = mmap.mmap(self.fd, len(self.buffer), prot=mmap.PROT_READ, flags=mmap.MAP_PRIVATE)
        except OSError:
            return  # direct I/O may refuse a map
        at, size = self.span(len(self.buffer))
        self.note(at=at, size=size)
        with memory:
            self.same(memory[at:at + size], at, size)

    def truncate(self):
        size = self.random.randrange(LARGEST)
        self.note(size=size)
        os.ftruncate(self.fd, size) if self.random.random() < 0.7 else os.truncate(self.path, size)
        self.buffer[size:] = bytes(max(0, size - len(self.buffer)))

    def allocate(self):
        at, size = self.span(LARGEST)
        size = max(1, min(size, LARGEST - at))
        self.note(at=at, size=size)
        os.posix_fallocate(self.fd, at, size)
        self.buffer.extend(bytes(max(0, at + size - len(self.buffer))))

    def sync(self):
        os.fsync(self.fd)

    def reopen(self):
        """Closed: sealed. What is written from now on is another version."""
        os.close(self.fd)
        self.read_from_outside()
        self.fd = os.open(self.path, os.O_RDWR)

    def replace(self):
        """Saved beside it and renamed over it."""
        os.close(self.fd)
        data = self.random.randbytes(self.random.randrange(LARGEST))
        beside = self.path.parent / f"{self.path.name}.tmp"
        beside.write_bytes(data)
        os.rename(beside, self.path)
        self.buffer[:] = data
        self.fd = os.open(self.path, os.O_RDWR)

    def read_from_outside(self):
        """Whoever opens it now, too, sees what was written."""
        with open(self.path, "rb") as file:
            self.same(file.read(), 0, LARGEST)

    def close(self):
        os.close(self.fd)
        return hashlib.sha256(self.buffer).hexdigest()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_new_file(drive, seed):
    exerciser = Exerciser(drive.originals / "new.bin", seed)
    for _ in range(STEPS):
        exerciser.step()
    drive.expect({"new.bin": exerciser.close()})


@pytest.mark.parametrize("seed", [4, 5, 6])
def test_an_original(drive, seed):
    path, data = drive.originals / "old.bin", random.Random(seed).randbytes(100_000)
    path.write_bytes(data)
    drive.tag("kept", "old.bin")
    drive.remount()
    exerciser = Exerciser(path, seed, data)
    for _ in range(STEPS):
        exerciser.step()
    digest = exerciser.close()
    assert drive.tags("old.bin") == ["kept"]
    assert hashlib.sha256(data).hexdigest() in {object.name for object in drive.library.objects()}, "the first version is gone"
    drive.expect({"old.bin": digest})


def test_several_files_at_once(drive):
    """Taking turns: what is done to one never shows in another."""
    files = [Exerciser(drive.originals / f"{n}.bin", 10 + n) for n in range(6)]
    turns = random.Random(9)
    for _ in range(STEPS):
        turns.choice(files).step()
    drive.expect({file.path.name: file.close() for file in files})


@pytest.mark.skipif(not shutil.which("fio"), reason="no fio")
@pytest.mark.parametrize("how", [["--rw=randwrite", "--bs=4k"], ["--rw=randrw", "--bsrange=512-64k", "--bs_unaligned=1"], ["--rw=write", "--bs=128k"],
                                 ["--rw=randwrite", "--bs=4k", "--direct=1"], ["--rw=randwrite", "--bs=16k", "--numjobs=4"]], ids=" ".join)
def test_fio_verifies(drive, how):
    done = drive.run("fio", "--name=damfs", f"--directory={drive.originals}", "--size=8M", "--verify=sha256", "--ioengine=psync",
                     "--do_verify=1", "--verify_fatal=1", "--randseed=1", "--fallocate=none", "--end_fsync=1", *how, cwd=drive.library.home)
    assert "verify" not in done.stderr, done.stderr
    kept = {name: asset["sha256"] for name, asset in drive.library.by_name().items()}
    assert len(kept) == (4 if "--numjobs=4" in how else 1)
    drive.expect(kept)
