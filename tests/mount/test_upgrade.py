# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A library of the version before, in which equal bytes were one file with several names: opened, used, undone."""

import os
import subprocess

from mount import wait_until
from old_library import OldLibrary, shown

PATIENCE_SECONDS = 10


def test_a_library_of_version_8_keeps_what_it_has(library, mount_of):
    old = OldLibrary(8)
    old.put_into(library)
    library.run("doctor")
    mount = mount_of(library)
    assert shown(mount.path) == old.told["originals"], "each file has the number that it had, and its bytes"
    assert shown(mount.path, "by-tag") == old.told["by-tag"]
    # Among what has equal bytes here, each is another owner's: no number tells of that.
    names = [(path, info) for path, info in mount.files() if "duplicates/" not in path]
    for path, info in names:
        assert info.st_nlink == sum(other.st_ino == info.st_ino for _, other in names), path
    # One of its names that is saved over becomes a file of its own, with what was said of it.
    one, linked, shut = (mount / "originals/in" / name for name in ("one/a.txt", "linked.txt", "shut/a.txt"))
    assert len({os.stat(path).st_ino for path in (one, linked, shut)}) == 1
    one.write_text("saved")
    assert [path.read_text() for path in (one, linked, shut)] == ["saved", "shared", "shared"]
    names = {told["path"]: told["tags"] for told in library.json_lines("find", "tag:shared")}
    assert names["in/one/a.txt"] == names["in/linked.txt"] == ["shared"], names
    library.run("undo")
    wait_until(lambda: one.exists() and one.read_text() == "shared", PATIENCE_SECONDS, "what was saved over")
    # What is copied or linked now is as on any disk.
    os.link(mount / "originals/in/three/blue.png", mount / "originals/in/three/link.png")
    subprocess.run(["cp", "-p", mount / "originals/in/three/blue.png", mount / "originals/in/three/new.png"], check=True)
    blue, link, new = (os.stat(mount / "originals/in/three" / name).st_ino for name in ("blue.png", "link.png", "new.png"))
    assert blue == link != new
    subprocess.run(["rm", mount / "originals/in/one/red.png"], check=True)
    library.run("undo")
    wait_until(lambda: (mount / "originals/in/one/red.png").exists(), PATIENCE_SECONDS, "what was removed")
    mount.stop()
    library.run("doctor")
    library.run("verify")
