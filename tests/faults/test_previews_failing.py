# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Previews that cannot be made: remembered, listed with their reason, and made when they can be."""

import errno
import json
import random
import signal

import pytest

from mount import children, errno_of, process_name, wait_until

SIZES = ["small", "medium", "large"]


@pytest.fixture
def photos(library, demo):
    library.import_(demo / "orientation")
    return library


class Damage:
    """The stored bytes of some originals turn to noise, until they are mended."""

    def __init__(self, library, *names):
        digests = [library.by_name()[name]["sha256"] for name in names]
        self.objects = {p: p.read_bytes() for p in library.objects() if p.name in digests}
        assert len(self.objects) == len(names)
        for path, data in self.objects.items():
            self._write(path, random.Random(1).randbytes(len(data)))

    def mend(self):
        for path, data in self.objects.items():
            self._write(path, data)

    @staticmethod
    def _write(path, data):
        path.unlink()
        path.write_bytes(data)


def failed(library):
    done = library.run("status", "--failed", "--json")
    return json.loads(done.stdout)["failed"]


def test_listed_with_the_reason_and_retried(photos):
    assert failed(photos) == []
    assert "Nothing failed" in photos.run("status", "--failed").stdout

    damage = Damage(photos, "landscape_1.jpg", "landscape_2.jpg")
    done = photos.run("warm", "landscape_1.jpg", "landscape_2.jpg", "--profile", "small", expect=1)
    assert "landscape_1.jpg: " in done.stderr
    listed = failed(photos)
    assert {(tuple(f["paths"]), f["profile"]) for f in listed} == {
        (("landscape_1.jpg",), "small"), (("landscape_2.jpg",), "small")}
    assert all(f["reason"] and f["at"] for f in listed)
    text = photos.run("status", "--failed").stdout
    assert f"landscape_1.jpg\n    small: {listed[0]['reason']}" in text and "--retry" in text
    assert "0 files ready, 2 failed" in photos.run("warm", "--retry", expect=1).stdout
    assert len(failed(photos)) == 2

    damage.mend()
    done = photos.run("warm", "landscape_1.jpg", expect=2)  # what failed is not tried again by itself
    assert "2 files ready, 1 failed" in done.stdout
    assert len(failed(photos)) == 2
    done = photos.run("warm", "--retry", "--profile", "medium")  # none of that kind failed
    assert "0 files ready, 0 failed" in done.stdout
    done = photos.run("warm", "--retry")
    assert "2 files ready, 0 failed" in done.stdout
    assert failed(photos) == []


def test_retried_under_a_mount_that_gave_up(photos, mount_of):
    damage = Damage(photos, "portrait_3.jpg")
    mount = mount_of(photos)
    path = mount / "previews/medium/originals/portrait_3.jpg.webp"
    assert errno_of(path.read_bytes) == errno.EIO
    assert [(f["paths"], f["profile"]) for f in failed(photos)] == [(["portrait_3.jpg"], "medium")]
    damage.mend()
    assert errno_of(path.read_bytes) == errno.EIO
    photos.run("warm", "--retry")
    assert path.read_bytes()[:4] == b"RIFF"


def test_a_warm_up_that_is_stopped_carries_on(library, demo):
    library.import_(demo / "orientation")
    process = library.start("warm", *(f"{kind}_{n}.jpg" for kind in ("landscape", "portrait") for n in range(1, 9)), "-j", "1")
    wait_until(lambda: any(process_name(pid) == "damfs-worker" for pid in children(process.pid)), 30, "a worker")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 1, err
    assert "the same command carries on" in out
    made = int(out.split()[0])
    assert 0 < made < 16 * len(SIZES)
    assert failed(library) == []
    done = library.run("warm", *(f"{kind}_{n}.jpg" for kind in ("landscape", "portrait") for n in range(1, 9)))
    assert f"{16 * len(SIZES)} files ready, 0 failed, 0 do not exist" in done.stdout


def test_nonsense_is_refused(library):
    for arguments, hint in ((["warm"], "--retry"), (["warm", "x", "--profile", "huge"], "small"),
                            (["warm", "x", "-j", "0"], "-j"), (["warm", "nothing"], "damfs find")):
        done = library.run(*arguments, expect=None)
        assert done.returncode != 0
        assert hint in done.stderr, (arguments, done.stderr)
