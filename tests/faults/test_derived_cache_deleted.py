# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The derived cache is deleted under a running mount: it is made again, the same to the byte."""

import os
import shutil
from concurrent.futures import ThreadPoolExecutor

NAMES = [f"previews/medium/originals/orientation/portrait_{n}.jpg.webp" for n in range(1, 9)]


def empty(folder):
    for entry in folder.iterdir():
        shutil.rmtree(entry, ignore_errors=True) if entry.is_dir() else entry.unlink(missing_ok=True)


def read_anew(mount, name):
    mount.drop_pages(mount / name)
    return (mount / name).read_bytes()


def test_deleted_under_a_running_mount(library, demo, mount_of):
    library.import_(demo)
    mount = mount_of(library)
    before = [os.lstat(mount / name) for name in NAMES]
    data = [(mount / name).read_bytes() for name in NAMES]

    with open(mount / NAMES[0], "rb", buffering=0) as held:
        held.read(10)
        empty(library.path / "derived")
        assert held.read() == data[0][10:]
    assert [read_anew(mount, name) for name in NAMES] == data
    after = [os.lstat(mount / name) for name in NAMES]
    assert [(i.st_size, i.st_mtime_ns, i.st_ino) for i in after] == [(i.st_size, i.st_mtime_ns, i.st_ino) for i in before]
    assert mount.stats()["renders_failed"] == 0


def test_the_whole_folder_gone(library, demo, mount_of):
    library.import_(demo)
    mount = mount_of(library)
    data = (mount / NAMES[0]).read_bytes()
    while (library.path / "derived").exists():  # what was just read is being kept meanwhile
        shutil.rmtree(library.path / "derived", ignore_errors=True)
    assert read_anew(mount, NAMES[0]) == data
    assert (mount / NAMES[1]).read_bytes()[:4] == b"RIFF"


def test_deleted_again_and_again_while_many_read(library, demo, mount_of):
    library.import_(demo)
    mount = mount_of(library)
    data = {name: (mount / name).read_bytes() for name in NAMES}
    with ThreadPoolExecutor(4) as pool:
        reading = [pool.submit(read_anew, mount, name) for _ in range(4) for name in NAMES]
        for _ in range(10):
            empty(library.path / "derived")
        for name, job in zip(NAMES * 4, reading):
            assert job.result(120) == data[name]


def test_its_index_overwritten_under_a_running_mount(library, demo, mount_of):
    library.import_(demo)
    mount = mount_of(library)
    data = {name: (mount / name).read_bytes() for name in NAMES[:4]}
    for noise in (b"", b"no database at all" * 1000):
        for suffix in ("-wal", "-shm"):
            (library.path / f"derived/index.db{suffix}").unlink(missing_ok=True)
        (library.path / "derived/index.db").write_bytes(noise)
        for name in NAMES:
            read_anew(mount, name)
        assert {name: read_anew(mount, name) for name in data} == data
        said = library.run("status", "--failed").stderr
        assert "backup" not in said and "catalog" not in said  # it is not the catalog that is lost
    assert library.status()["derived_cache_bytes"] > 0
