# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A worker holds nothing that a stranger's file could use: no root, no capability, no network, nobody else's bytes."""

import os
from pathlib import Path

import pytest

from library import SANITIZED
from mount import wait_until

pytestmark = pytest.mark.skipif(SANITIZED, reason="workers with sanitizers are not confined")


def status(pid):
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {key: value.split() for key, _, value in (line.partition(":") for line in lines)}


@pytest.fixture
def mounted(library, demo, mount_of):
    library.import_(demo)
    library.configure("media", ready_workers=1, workers=1)
    mount = mount_of(library)
    wait_until(mount.workers, 30, "a worker")
    return mount


def preview(mount, name):
    return (mount / "previews/small/originals" / (name + ".webp")).read_bytes()


def test_it_is_nobody_and_has_no_capability(mounted):
    preview(mounted, "no camera.jpg")
    wait_until(mounted.workers, 10, "a worker")
    for pid in mounted.workers():
        told = status(pid)
        assert told["CapEff"] == told["CapPrm"] == told["CapBnd"] == ["0" * 16], told
        assert told["NoNewPrivs"] == ["1"], told
        if os.getuid() == 0:
            assert "0" not in told["Uid"] + told["Gid"] and told.get("Groups", []) == [], told


def test_it_has_namespaces_of_its_own_where_they_are_to_be_had(mounted):
    preview(mounted, "no camera.jpg")
    if os.getuid() != 0:
        pytest.skip("not every system gives them to everybody")
    for pid in wait_until(mounted.workers, 10, "a worker"):
        for name in ("net", "ipc", "pid"):
            assert os.readlink(f"/proc/{pid}/ns/{name}") != os.readlink(f"/proc/self/ns/{name}"), name


def test_no_worker_sees_two_sources(mounted):
    """Whoever made a picture is gone before the next one is asked for."""
    for name in ("no camera.jpg", "Italy 2024/IMG_0001.JPG", "Italy 2024/IMG_0003.JPG"):
        waiting = set(wait_until(mounted.workers, 10, "a worker"))
        preview(mounted, name)
        wait_until(lambda: waiting - set(mounted.workers()), 10, "the worker to go")
    assert mounted.stats()["worker_restarts"] == 0
