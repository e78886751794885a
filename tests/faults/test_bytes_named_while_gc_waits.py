# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`damfs gc` found bytes that nothing named, and asks; before it is answered, somebody gives them a name again."""

import os
import pty
import select
import subprocess

import pytest

from library import SLOWNESS, environment
from media import sha256

BYTES = os.urandom(300_000)


@pytest.fixture
def purged(library, scratch):
    """A library with one original, and one object that nothing names any more."""
    folder = scratch / "in"
    folder.mkdir()
    (folder / "kept.bin").write_bytes(b"kept" * 1000)
    (folder / "gone.bin").write_bytes(BYTES)
    library.import_(folder)
    return library


def forget(library, mount_of):
    mount = mount_of(library)
    os.unlink(mount / "originals/gone.bin")
    mount.stop()
    library.run("trash", "empty")
    library.run("purge", "--yes")
    assert len(library.objects()) == 2


class Asked:
    """gc on a terminal, as far as its question."""

    def __init__(self, library):
        self.terminal, end = pty.openpty()
        self.process = subprocess.Popen(library.argv("gc"), stdin=end, stdout=end, stderr=end, env=environment(library.home))
        os.close(end)
        self.said = ""
        while "[y/N]" not in self.said:
            self.read()

    def read(self):
        ready, _, _ = select.select([self.terminal], [], [], 60 * SLOWNESS)
        assert ready, f"gc says nothing more: {self.said}"
        try:
            part = os.read(self.terminal, 4096)
        except OSError:  # the other end is closed
            part = b""
        self.said += part.decode()
        return part

    def answer(self, text):
        os.write(self.terminal, text.encode() + b"\n")
        while self.read():
            pass
        os.close(self.terminal)
        return self.process.wait(60 * SLOWNESS)


def test_what_was_copied_into_a_mount_meanwhile_stays(purged, mount_of):
    forget(purged, mount_of)
    asked = Asked(purged)
    mount = mount_of(purged)
    (mount / "originals/again.bin").write_bytes(BYTES)
    mount.stop()
    assert asked.answer("y") == 0, asked.said
    assert len(purged.objects()) == 2
    mount.start()
    assert (mount / "originals/again.bin").read_bytes() == BYTES
    purged.run("verify")


def test_what_was_imported_meanwhile_stays(purged, mount_of, scratch):
    forget(purged, mount_of)
    asked = Asked(purged)
    (scratch / "again").mkdir()
    (scratch / "again/again.bin").write_bytes(BYTES)
    purged.import_(scratch / "again")  # and it need not wait for an answer that nobody gives
    assert asked.answer("y") == 0, asked.said
    purged.run("verify")
    assert any(path.name == sha256(scratch / "again/again.bin") for path in purged.objects())


def test_while_it_is_mounted_nothing_goes(purged, mount_of):
    forget(purged, mount_of)
    asked = Asked(purged)
    mount = mount_of(purged)
    assert asked.answer("y") == 1 and "is mounted at" in asked.said, asked.said
    (mount / "originals/again.bin").write_bytes(BYTES)
    mount.stop()
    purged.run("verify")


def test_what_has_no_name_then_is_freed(purged, mount_of):
    forget(purged, mount_of)
    asked = Asked(purged)
    assert asked.answer("y") == 0 and "freed" in asked.said, asked.said
    assert len(purged.objects()) == 1
    assert [path for path in (purged.path / "staging").iterdir() if path.name.startswith("grave")] == []
    purged.run("verify")


def test_no_is_no(purged, mount_of):
    forget(purged, mount_of)
    assert Asked(purged).answer("n") == 0
    assert len(purged.objects()) == 2
