# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The daemon is killed -9: the next mount on the same folder needs no repair by hand."""

import errno
import os
import time

from mount import clear_mountpoint, errno_of, is_mountpoint, wait_until


def test_mounted_again_on_the_dead_mountpoint(library, demo, mount_of):
    library.import_(demo)
    mount = mount_of(library)
    preview = mount / "previews/medium/originals/Italy 2024/IMG_0001.JPG.webp"
    data, before = preview.read_bytes(), os.lstat(preview)
    while not any((library.path / "derived").rglob("*-medium-r[0-9]*")):
        time.sleep(0.01)  # it is kept behind the reader's back, once its bytes are on the disk

    mount.kill()
    assert is_mountpoint(mount.path)
    assert errno_of(os.listdir, mount.path) in (errno.ENOTCONN, errno.ECONNABORTED)

    again = mount_of(library)  # the same place
    assert (os.lstat(preview).st_ino, os.lstat(preview).st_size) == (before.st_ino, before.st_size)
    assert preview.read_bytes() == data
    assert again.stats()["renders_started"] == 0, "what was rendered before the kill is still good"
    again.stop()
    assert not is_mountpoint(again.path), "the dead mount lies below the new one"


def test_status_does_not_believe_a_dead_mount(library, demo, mount_of):
    library.import_(demo)
    mount = mount_of(library)
    mount.kill()
    assert library.status()["mounted"] is False
    clear_mountpoint(mount.path)


def test_unmount_clears_a_dead_mount(library, mount_of):
    mount = mount_of(library)
    mount.kill()
    library.run("unmount", mount.path)
    wait_until(lambda: not is_mountpoint(mount.path), 10, "the dead mount to go")


def test_killed_in_the_middle_of_renders(library, demo, mount_of):
    """Whatever a half-made preview was, it is not served."""
    from concurrent.futures import ThreadPoolExecutor
    library.import_(demo)
    mount = mount_of(library)
    names = [f"previews/large/originals/orientation/landscape_{n}.jpg.webp" for n in range(1, 9)]

    def read(name):
        try:
            return (mount / name).read_bytes()
        except OSError:
            return None

    with ThreadPoolExecutor(8) as pool:
        reading = [pool.submit(read, name) for name in names]
        mount.wait_for_stat("renders_started", 1)
        mount.kill()
        for job in reading:
            job.result(60)
    again = mount_of(library)
    for name in names:
        data = (again / name).read_bytes()
        assert len(data) == os.lstat(again / name).st_size and data[:4] == b"RIFF", name
