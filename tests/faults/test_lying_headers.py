# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Headers that declare what no file of their size can hold: they cost no memory, no disk and no time."""

import contextlib
import errno
import os
import sqlite3
import struct
import time
import zipfile

import pytest

MIB = 1 << 20
TIB = 1 << 40


def long_wave(data_bytes, rate=48_000, channels=2):
    """An RF64 of 4 KiB."""
    chunk = struct.pack("<HHIIHH", 1, channels, rate, rate * channels * 2, channels * 2, 16)
    head = b"RF64\xff\xff\xff\xffWAVEds64" + struct.pack("<IQQQI", 28, data_bytes + 80, data_bytes, data_bytes // 4, 0)
    head += b"fmt " + struct.pack("<I", 16) + chunk + b"data\xff\xff\xff\xff"
    return head + bytes(range(256)) * 16


def with_sizes(path, size):
    """The archive's members declare so many bytes, in both of its directories."""
    data = bytearray(path.read_bytes())
    for signature, at in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        found = data.find(signature)
        while found >= 0:
            data[found + at:found + at + 4] = struct.pack("<I", size)
            found = data.find(signature, found + 4)
    path.write_bytes(bytes(data))


@pytest.fixture
def imported(library, scratch, demo):
    folder = scratch / "media"
    folder.mkdir()
    for n in range(4):
        (folder / f"lie {n}.wav").write_bytes(long_wave(4 * TIB, channels=n + 1))
    (folder / "true.wav").write_bytes((long_wave(4096)))
    with zipfile.ZipFile(folder / "lie.zip", "w", zipfile.ZIP_DEFLATED) as pack:
        pack.writestr("endless.bin", bytes(100_000))
    with_sizes(folder / "lie.zip", 0xF000_0000)
    begun = time.monotonic()
    library.import_(folder)
    assert time.monotonic() - begun < 30
    return library


def derived_bytes(library):
    return sum(f.stat().st_blocks * 512 for f in (library.path / "derived").rglob("*") if f.is_file())


def read_all_of(mount):
    """What can be listed is opened, looked at and read; whatever is refused is refused as damage."""
    for top in ("proxies/edit/originals", "proxies/edit-hq/originals", "previews/small/originals", "packs"):
        for path in sorted((mount / top).rglob("*")):
            if path.is_dir():
                continue
            begun = time.monotonic()
            try:
                fd = os.open(path, os.O_RDONLY)
            except OSError as refused:
                assert refused.errno in (errno.EIO, errno.ENOENT), path
                continue
            try:
                size = os.fstat(fd).st_size
                for offset in {0, size // 2, max(0, size - 4096)}:
                    with contextlib.suppress(OSError):
                        os.pread(fd, 4096, offset)
            finally:
                os.close(fd)
            assert time.monotonic() - begun < 20, path


def expect_free(library, mount_of):
    disk = derived_bytes(library)
    mount = mount_of(library)
    (mount / "proxies/edit/originals/true.wav").read_bytes()
    before = mount.stats()["resident_bytes"]
    read_all_of(mount)
    assert mount.stats()["resident_bytes"] < before + 48 * MIB
    assert derived_bytes(library) < disk + 16 * MIB
    return mount


def test_a_file_of_4_kib_that_declares_4_tib_costs_nothing(imported, mount_of):
    mount = expect_free(imported, mount_of)
    for path in (mount / "proxies/edit/originals").iterdir():
        assert path.stat().st_size < 1 << 34, path


@pytest.mark.parametrize("clip", [
    # As a worker that was taken over, or an earlier version, left them in the catalog.
    f"clip1 -1 0/1 0 0x0 1/1 0 0 2,2,2,0 0 1/48000 -1 0/1 0 {1 << 42} 1 0:768000:64:0",
    f"clip1 -1 0/1 0 0x0 1/1 0 0 2,2,2,0 0 1/48000 -1 0/1 0 {1 << 42} 1 0:1000:1:0",
    f"clip1 0 1000/1 {1 << 28} 16384x16384 1/1 0 0 2,2,2,0 0 1/1000 -1 0/1 0 0 0",
    f"clip1 0 1000/1 {1 << 24} 16384x16384 1/1 0 0 2,2,2,0 0 1/1000 -1 0/1 0 0 1 1:768000:64:0",
    f"clip1 0 1/1 {1 << 20} 16x16 1/1 0 0 2,2,2,0 0 1/1000 -1 0/1 0 0 0",
])
def test_facts_in_the_catalog_are_no_better_than_the_file(clip, imported, mount_of):
    catalog = sqlite3.connect(imported.path / "catalog.db")
    with catalog:
        for table in ("technical", "asset"):
            catalog.execute(f"UPDATE {table} SET clip = ? WHERE clip != ''", [clip])
    catalog.close()
    disk = derived_bytes(imported)
    mount = mount_of(imported)
    before = mount.stats()["resident_bytes"]
    read_all_of(mount)
    assert mount.stats()["resident_bytes"] < before + 64 * MIB
    assert derived_bytes(imported) < disk + 16 * MIB
