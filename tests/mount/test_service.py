# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The systemd user unit: what it says is right, and what it starts tells when the mount answers."""

import os
import re
import shlex
import shutil
import socket
import subprocess

import pytest

from installed import install_to
from library import BIN, SLOWNESS, Library, environment, mountpoints
from mount import why_no_mounts

UNIT = "lib/systemd/user/damfs.service"


def settings(unit):
    """{key: [values]} of it."""
    found = {}
    for line in unit.read_text().splitlines():
        if match := re.match(r"(\w+)=(.*)", line):
            found.setdefault(match.group(1), []).append(match.group(2))
    return found


def test_systemd_finds_nothing_wrong_with_it(scratch):
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is not here")
    prefix = install_to(scratch / "prefix")
    runtime = scratch / "runtime"
    runtime.mkdir(mode=0o700)
    done = subprocess.run(["systemd-analyze", "verify", "--user", "--man=no", prefix / UNIT], capture_output=True, text=True,
                          env={**environment(scratch), "XDG_RUNTIME_DIR": str(runtime)})
    if "Failed to initialize manager" in done.stderr or "No medium found" in done.stderr:
        pytest.skip(f"systemd-analyze cannot verify here: {done.stderr.strip()}")
    assert done.returncode == 0 and "damfs.service" not in done.stderr, done.stderr


def test_it_takes_no_rights_away_that_fusermount3_needs(scratch):
    unit = settings(install_to(scratch / "prefix") / UNIT)
    assert unit["Type"] == ["notify"] and unit["Restart"] == ["on-failure"]
    # For a user's units each of these implies NoNewPrivileges, or a view of the file system that nobody else has.
    forbidden = re.compile("^(NoNewPrivileges|Protect|Private|SystemCall|Restrict|MemoryDeny|LockPersonality|ReadOnly|ReadWrite|"
                           "Inaccessible|Bind|Temporary|Root|Mount|Dynamic|User|Capability)")
    assert not [key for key in unit if forbidden.match(key)]


def test_its_lines_are_what_the_program_takes(scratch):
    prefix = install_to(scratch / "prefix")
    unit = settings(prefix / UNIT)
    for line, verb in ((unit["ExecStart"][0], "mount"), (unit["ExecStop"][0].removeprefix("-"), "unmount")):
        program, said, *arguments = shlex.split(line)
        assert program == str(prefix / "bin/damfs") and os.access(program, os.X_OK) and said == verb
        help_text = subprocess.run([BIN / "damfs", verb, "--help"], capture_output=True, text=True, check=True).stdout
        for option in [each for each in arguments if each.startswith("-")]:
            assert re.search(rf"^  (-\w,)?{option}\b", help_text, re.M), option


@pytest.mark.skipif(bool(why_no_mounts()), reason=str(why_no_mounts()))
def test_it_starts_tells_that_it_is_ready_and_stops(scratch):
    unit = settings(install_to(scratch / "prefix") / UNIT)
    home = scratch / "home"
    library = Library(home / ".local/share/damfs")
    library.home = home
    library.init()
    condition = unit["ConditionPathExists"][0].removeprefix("|").replace("%h", str(home))
    assert os.path.exists(condition)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notified:
        notified.bind(str(scratch / "notify"))
        notified.settimeout(30 * SLOWNESS)
        variables = {**environment(home), "NOTIFY_SOCKET": str(scratch / "notify")}
        start, stop = (shlex.split(unit[key][0].removeprefix("-").replace("%h", str(home))) for key in ("ExecStart", "ExecStop"))
        daemon = subprocess.Popen([BIN / "damfs", *start[1:]], env=variables, cwd="/", stderr=subprocess.PIPE, text=True)
        try:
            assert notified.recv(4096).startswith(b"READY=1\nMAINPID=%d" % daemon.pid)
            assert os.path.isdir(home / "damfs/originals")
            subprocess.run([BIN / "damfs", *stop[1:]], env=variables, cwd="/", check=True)
            assert daemon.wait(30 * SLOWNESS) == 0, "an end that is no failure, after which it is not started again"
            assert str(home / "damfs") not in mountpoints()
        finally:
            daemon.kill()
            daemon.communicate()
