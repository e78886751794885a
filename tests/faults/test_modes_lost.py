# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may do what with a file goes with it: into the library, out of it, through a lock and its end, into the trash and
back. What was private before is private after."""

import os
import stat
import subprocess

import pytest

from drive import tree_of

LOCK = "user.damfs.lock_until"


def mode(path):
    return stat.S_IMODE(os.stat(path).st_mode)


def modes(folder):
    return {path: bits for path, (bits, _) in tree_of(folder).items()}


def make_private(source, text=""):
    for name, bits in (("a/plain.txt", 0o644), ("a/own.txt", 0o600), ("a/shut/in it.txt", 0o640), ("a/shut/deeper/far in it.txt", 0o444)):
        file = source / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(name + text)
        file.chmod(bits)
    (source / "a/shut/deeper").chmod(0o750)
    (source / "a/shut").chmod(0o700)


def test_imported(library, mount_of, scratch):
    source = scratch / "source"
    make_private(source)
    source.chmod(0o711)
    library.import_(source)
    make_private(scratch / "another", "another")
    library.import_(scratch / "another/a", "--into", "under/that")
    mount = mount_of(library)
    for name in ("a/plain.txt", "a/own.txt", "a/shut", "a/shut/in it.txt", "a/shut/deeper", "a/shut/deeper/far in it.txt"):
        assert mode(mount / "originals" / name) == mode(source / name), name
    assert mode(mount / "originals/under/that/shut") == 0o700
    assert mode(mount / "originals") == mode(mount / "originals/under") == 0o755
    # What was said since stays when it is imported again.
    os.chmod(mount / "originals/a/plain.txt", 0o600)
    os.chmod(mount / "originals/a/shut", 0o755)
    (source / "a/plain.txt").write_text("another state")
    library.import_(source)
    assert mode(mount / "originals/a/plain.txt") == 0o600 and mode(mount / "originals/a/shut") == 0o755


@pytest.mark.skipif(os.getuid() != 0, reason="only root gives files away")
def test_imported_by_root(library, mount_of, scratch):
    source = scratch / "source"
    make_private(source)
    for path, uid, gid in (("a/own.txt", 61001, 61001), ("a/shut", 61001, 61002), ("a/plain.txt", 0, 61002)):
        os.chown(source / path, uid, gid)
    library.import_(source)
    mount = mount_of(library)
    for path in ("a", "a/own.txt", "a/shut", "a/plain.txt", "a/shut/in it.txt"):
        shown, there = os.stat(mount / "originals" / path), os.stat(source / path)
        assert (shown.st_uid, shown.st_gid) == (there.st_uid, there.st_gid), path


@pytest.mark.parametrize("bits", [0o644, 0o600, 0o640, 0o664, 0o755, 0o444], ids=oct)
def test_locked_and_unlocked(library, mount_of, scratch, bits):
    mount = mount_of(library)
    file = mount / "originals/file"
    file.write_text("x")
    file.chmod(bits)
    os.setxattr(file, LOCK, b"2999-01-01")
    assert mode(file) == bits & ~0o222
    assert LOCK in os.listxattr(file) and all(name.startswith("user.") for name in os.listxattr(file))
    os.setxattr(file, LOCK, b"2999-12-31")  # once more
    assert mode(file) == bits & ~0o222
    os.chmod(file, mode(file) | 0o200)  # as one does who is to remove it
    os.removexattr(file, LOCK)
    assert mode(file) == bits
    # What is said while it is locked, is meant.
    os.setxattr(file, LOCK, b"2999-01-01")
    os.chmod(file, 0o600)
    os.removexattr(file, LOCK)
    assert mode(file) == 0o600


def test_lock_that_was_never_there(library, mount_of):
    mount = mount_of(library)
    file = mount / "originals/file"
    file.write_text("x")
    file.chmod(0o640)
    os.setxattr(file, LOCK, b"")
    assert mode(file) == 0o640


def test_copied_in_and_out(library, mount_of, scratch):
    source = scratch / "source"
    make_private(source)
    mount = mount_of(library)
    for argv, name in ((["cp", "-a"], "cp"), (["rsync", "-a"], "rsync")):
        subprocess.run([*argv, f"{source}/.", mount / "originals" / name] if name == "cp"
                       else [*argv, f"{source}/", f"{mount.path}/originals/{name}/"], check=True)
        assert modes(mount / "originals" / name) == modes(source), name
    tar = subprocess.run(["tar", "-C", source, "-c", "."], check=True, stdout=subprocess.PIPE).stdout
    (mount / "originals/tar").mkdir()
    subprocess.run(["tar", "-C", mount / "originals/tar", "-xp"], input=tar, check=True)
    assert modes(mount / "originals/tar") == modes(source)
    out = scratch / "out"
    subprocess.run(["cp", "-a", mount / "originals/cp", out], check=True)
    assert modes(out) == modes(source)


def test_removed_and_brought_back(library, mount_of, scratch):
    mount = mount_of(library)
    shut = mount / "originals/shut"
    make_private(scratch / "source")
    subprocess.run(["cp", "-a", scratch / "source/a/shut", shut], check=True)
    before = modes(mount / "originals")
    subprocess.run(["rm", "-rf", shut], check=True)
    library.run("undo")
    assert modes(mount / "originals") == before
