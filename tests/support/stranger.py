# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Other users of a machine whose root runs the tests: what they may enter, open and be told of a mount."""

import json
import os
import shutil
import subprocess
import sys

ALICE, BOB = 61001, 61002

# Run as the stranger: everything below the folders that it is told, found, opened and asked for as that one may.
WALK = r"""
import hashlib, json, os, stat, sys
top, names = sys.argv[1], sys.argv[2:]
said = {"files": {}, "shut": [], "folders": [], "told": {}}
def told(path, name):
    try:
        return os.getxattr(path, name).hex()
    except OSError as refused:
        return None
def look(path):
    try:
        info = os.lstat(path)
    except OSError:
        said["shut"].append(path); return
    if stat.S_ISDIR(info.st_mode):
        try:
            names = sorted(os.listdir(path))
        except OSError:
            said["shut"].append(path); names = []
        else:
            said["folders"].append(path)
        if path.startswith("previews/") or path == "previews":
            names.append("folder.webp")
        for name in names:
            look(path + "/" + name)
        return
    try:
        with open(path, "rb") as file:
            # The first bytes alone: a proxy is long, and whoever gets those gets all.
            said["files"][path] = [info.st_ino, hashlib.sha256(file.read(1 << 16)).hexdigest()]
    except OSError as refused:
        said["shut"].append(path)
    try:
        for name in os.listxattr(path):
            if (value := told(path, name)) is not None:
                said["told"].setdefault(path, {})[name] = value
    except OSError:
        pass
os.chdir(top)
for name in names:
    look(name)
print(json.dumps(said))
"""


def why_no_strangers():
    if os.getuid() != 0:
        return "only root can be others too"
    return None if shutil.which("setpriv") else "no setpriv"


def as_stranger(uid, *argv, groups=(), **options):
    """A program run by somebody who is nobody in particular."""
    prefix = ["setpriv", f"--reuid={uid}", f"--regid={uid}", f"--groups={','.join(map(str, groups))}" if groups else "--clear-groups",
              "--inh-caps=-all", "--bounding-set=-all"]
    return subprocess.run([*prefix, *map(str, argv)], capture_output=True, text=True, errors="replace",
                          stdin=subprocess.DEVNULL, timeout=300, **options)


def seen_by(uid, mount, *names, groups=()):
    """What a stranger gets below these folders of the mount (all of it): files, shut, folders, told."""
    names = names or sorted([*os.listdir(mount.path), ".Trash-0", f".Trash-{uid}", "search/photo", "search/kind:image"])
    done = as_stranger(uid, sys.executable, "-c", WALK, mount.path, *names, groups=groups)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
