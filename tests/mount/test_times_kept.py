# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A file's time is kept as it was given, or refused: nobody finds another one without having been told."""

import errno
import os

import pytest
from mount import errno_of

SECOND = 1_000_000_000
KEPT = {"1960": -315_619_200 * SECOND + 123_456_789, "before 1970": -1, "1700": -8_520_336_000 * SECOND, "2261": 9_183_110_400 * SECOND + 1,
        "2039": 2_177_452_800 * SECOND}
REFUSED = {"1600": -11_676_096_000, "2600": 19_880_899_200}


def dated(path, seconds):
    os.utime(path, (seconds, seconds))
    return int(os.stat(path).st_mtime) == seconds


def test_times_of_long_ago_and_far_ahead_become_others(drive):
    for name, ns in KEPT.items():
        (drive.originals / name).write_text(name)
        os.utime(drive.originals / name, ns=(ns, ns))
        (drive.originals / f"{name} folder").mkdir()
        os.utime(drive.originals / f"{name} folder", ns=(ns, ns))
    for _ in range(2):
        for name, ns in KEPT.items():
            assert os.stat(drive.originals / name).st_mtime_ns == ns, name
            assert os.stat(drive.originals / f"{name} folder").st_mtime_ns == ns, name
        drive.remount()
    assert os.listdir(drive / "by-date/1700/1700-01-01") == ["1700"]


def test_a_time_that_cannot_be_kept_becomes_another(drive):
    for name in ("file", "folder"):
        path = drive.originals / name
        path.write_text("x") if name == "file" else path.mkdir()
        before = os.stat(path).st_mtime_ns
        for seconds in REFUSED.values():
            assert errno_of(os.utime, path, (seconds, seconds)) == errno.EOVERFLOW
        assert os.stat(path).st_mtime_ns == before
    assert "1677 to 2262" in (drive / ".damfs/last-error").read_text()
    with open(drive.originals / "file", "a") as file:
        assert errno_of(os.utime, file.fileno(), (REFUSED["2600"],) * 2) == errno.EOVERFLOW


def test_an_import_changes_a_time_that_cannot_be_kept(library, scratch, mount_of):
    (scratch / "in").mkdir()
    kept = {name: ns for name, ns in KEPT.items() if name != "1700"}
    for name, ns in kept.items():
        (scratch / "in" / name).write_text(name)
        os.utime(scratch / "in" / name, ns=(ns, ns))
        if os.stat(scratch / "in" / name).st_mtime_ns != ns:
            pytest.skip("this disk keeps no such times")
    (scratch / "in/late").write_text("x")
    has_late = dated(scratch / "in/late", 10_000_000_000)  # 2286, which ext4 can
    done = library.run("import", scratch / "in", expect=None)
    if has_late:
        assert done.returncode != 0 and "beyond the years 1677 to 2262" in done.stderr + done.stdout
    mount = mount_of(library)
    assert {name: os.stat(mount / "originals" / name).st_mtime_ns for name in os.listdir(mount / "originals") if name != "late"} == kept
    assert not has_late or "late" not in os.listdir(mount / "originals")
