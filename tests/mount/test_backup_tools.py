# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backup programs on originals/: the second run finds nothing to do."""

import json
import os
import shutil
import subprocess
import tarfile

import pytest

from library import environment


def run(library, *argv, cwd=None, **more):
    done = subprocess.run(argv, capture_output=True, text=True, cwd=cwd, stdin=subprocess.DEVNULL,
                          env={**environment(library.home), **more})
    assert done.returncode == 0, done.stdout + done.stderr
    return done


@pytest.mark.skipif(not shutil.which("restic"), reason="no restic")
def test_restic(demo_mount, demo_library, scratch):
    settings = {"RESTIC_REPOSITORY": str(scratch / "repository"), "RESTIC_PASSWORD": "test",
                "RESTIC_CACHE_DIR": str(scratch / "cache")}
    run(demo_library, "restic", "init", **settings)

    def backup():
        out = run(demo_library, "restic", "backup", "--json", "originals", cwd=demo_mount.path, **settings).stdout
        return next(m for m in map(json.loads, out.splitlines()) if m["message_type"] == "summary")

    first = backup()
    assert first["files_new"] == len(demo_mount.files("originals"))
    second = backup()
    assert (second["files_new"], second["files_changed"], second["data_blobs"]) == (0, 0, 0), second


@pytest.mark.skipif(not shutil.which("borg"), reason="no borg")
def test_borg(demo_mount, demo_library, scratch):
    settings = {"BORG_REPO": str(scratch / "repository"), "BORG_BASE_DIR": str(scratch / "base"),
                "BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK": "yes"}
    run(demo_library, "borg", "init", "-e", "none", **settings)

    def backup(name):
        out = run(demo_library, "borg", "create", "--json", f"::{name}", "originals", cwd=demo_mount.path, **settings)
        return json.loads(out.stdout)["archive"]["stats"]

    first, second = backup("first"), backup("second")
    things = {info.st_ino for _, info in demo_mount.files("originals")}  # borg counts a hard link once
    assert first["nfiles"] == second["nfiles"] == len(things)
    assert second["deduplicated_size"] < 16384 < first["deduplicated_size"], second


def test_tar_keeps_hard_links_and_bytes(demo_mount, demo_library, scratch):
    archive = scratch / "all.tar"
    run(demo_library, "tar", "-cf", str(archive), "--exclude=./previews", "--exclude=./proxies", "--exclude=./.damfs", ".", cwd=demo_mount.path)
    with tarfile.open(archive) as tar:
        members = tar.getmembers()
        real = [m for m in members if m.isreg()]
        assert len(real) == len({info.st_ino for _, info in demo_mount.files()})
        assert len(real) + sum(m.islnk() for m in members) == len(demo_mount.files())
        for member in real[:10]:
            assert tar.extractfile(member).read() == (demo_mount / member.name).read_bytes()
    assert os.path.getsize(archive) > 0
