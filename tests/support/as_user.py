#!/usr/bin/python3
# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run by root: the mount and fault tests once more as an ordinary user, who has a home of his own and no privileges.

The programs and tests are copied to where that user may read them: a checkout below /root is closed to him. Where
/dev/fuse is open to root alone he gets, in a mount namespace of this run, one that is as udev makes it.
"""

import os
import pwd
import shutil
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

SKIP = 77
ROOT = Path(__file__).resolve().parents[2]
# Tests that say something about the daemon's behaviour for a user. What bytes a decoder makes of other bytes does not
# depend on who asks, nor what an archive holds, what random writes leave, what is found by what words, how an album is
# numbered, what another mount hears of, or what a file manager's window shows; `scripts/test all` runs most of those too.
ASKED = {"mounts": [f"tests/mount/test_{name}.py" for name in (
             "mounting", "read_only", "tree", "identity", "xattrs", "writing_calls", "writing_tools", "passthrough", "changes_show",
             "listing_starts_no_work", "backup_tools", "pjdfstest")],
         "faults": [f"tests/faults/test_{name}.py" for name in (
             "source_unreadable", "daemon_killed", "worker_killed_or_hung", "worker_confined", "derived_cache_deleted")]}
THOROUGHLY = {"mounts": ["tests/mount", *(f"--ignore-glob=*/test_{name}*" for name in ("previews_decoders", "packs_large"))],
              "faults": ASKED["faults"]}


def skip(why):
    print(f"skipped: {why}")
    raise SystemExit(SKIP)


def copy_for_everybody(base, bin_folder):
    shutil.copytree(ROOT / "tests", base / "checkout/tests", ignore=shutil.ignore_patterns("__pycache__", "fuzz", "unit"))
    (base / "checkout/scripts").mkdir()
    shutil.copytree(ROOT / "catalog/sql", base / "checkout/catalog/sql")  # what an older library is made with
    shutil.copy2(ROOT / "scripts/demo-media", base / "checkout/scripts/demo-media")
    (base / "bin").mkdir()
    for program in ("damfs", "damfs-worker", "damfs-confined-act"):
        shutil.copy2(bin_folder / program, base / "bin" / program)
    for path in base.rglob("*"):
        path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
    base.chmod(0o755)


def own_fuse_device(base):
    """The command prefix under which /dev/fuse is open to everybody, without changing this machine's."""
    if not os.path.exists("/dev/fuse"):
        skip("no /dev/fuse: this machine has no FUSE")
    if stat.S_IMODE(os.stat("/dev/fuse").st_mode) & 0o006 == 0o006:
        return []
    device = base / "fuse"
    try:
        os.mknod(device, 0o666 | stat.S_IFCHR, os.stat("/dev/fuse").st_rdev)
        device.chmod(0o666)
        os.close(os.open(device, os.O_RDWR))
    except OSError as refused:
        skip(f"/dev/fuse is open to root alone, and no other can be made here: {refused}")
    script = 'mount --bind "$0" /dev/fuse && exec "$@"'
    prefix = ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, str(device)]
    if subprocess.run([*prefix, "true"], capture_output=True).returncode:
        skip("/dev/fuse is open to root alone, and this machine gives no mount namespace to put another in")
    return prefix


def main():
    if os.getuid() != 0:
        skip("this is an ordinary user already: every test runs so")
    tests = (THOROUGHLY if os.environ.get("DAMFS_THOROUGH") == "1" else ASKED)[sys.argv[1]]
    try:
        user = pwd.getpwnam("nobody")
    except KeyError:
        skip("there is no user nobody")
    for program in ("setpriv", "unshare", "fusermount3"):
        if not shutil.which(program):
            skip(f"no {program}")
    with tempfile.TemporaryDirectory(prefix="damfs-user-") as folder:
        base = Path(folder)
        copy_for_everybody(base, Path(os.environ["DAMFS_BIN"]))
        home = base / "home"
        (home / "tmp").mkdir(parents=True)
        for path in (home, home / "tmp"):
            os.chown(path, user.pw_uid, user.pw_gid)
        environment = {"HOME": str(home), "TMPDIR": str(home / "tmp"), "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
                       "USER": user.pw_name, "LOGNAME": user.pw_name, "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1",
                       "DAMFS_BIN": str(base / "bin"), **{name: value for name, value in os.environ.items()
                          if name in ("DAMFS_SLOWNESS", "DAMFS_SANITIZED", "DAMFS_THOROUGH")}}
        argv = [*own_fuse_device(base), "setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups",
                "--inh-caps=-all", "/usr/bin/python3", "-m", "pytest", "-q", "-rs",
                "-p", "no:cacheprovider", "--durations=20", *tests]
        return subprocess.run(argv, cwd=base / "checkout", env=environment, stdin=subprocess.DEVNULL).returncode


if __name__ == "__main__":
    sys.exit(main())
