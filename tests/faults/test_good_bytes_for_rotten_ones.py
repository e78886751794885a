# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An object rotted on its disk; then the same bytes arrive once more: what is kept must be the good ones."""

import os

import pytest

from library import turn_a_byte

BYTES = os.urandom(700_001)


@pytest.fixture(params=["a byte turned", "cut short", "gone"])
def rotten(request, library, scratch):
    """A library whose one original is damaged, and a folder with good bytes."""
    (scratch / "in").mkdir()
    (scratch / "in/a.bin").write_bytes(BYTES)
    library.import_(scratch / "in")
    (damaged,) = library.objects()
    if request.param == "gone":
        os.unlink(damaged)
    elif request.param == "cut short":
        os.chmod(damaged, 0o644)
        os.truncate(damaged, 400_000)
        os.chmod(damaged, 0o444)
    else:
        turn_a_byte(damaged, 400_000)
    library.run("verify", expect=1)
    return library


def test_copied_into_a_mount_they_replace_it(rotten, mount_of):
    mount = mount_of(rotten)
    (mount / "originals/again.bin").write_bytes(BYTES)
    assert (mount / "originals/again.bin").read_bytes() == BYTES
    mount.stop()
    rotten.run("verify")


def test_imported_under_another_name_they_replace_it(rotten, scratch, mount_of):
    (scratch / "more").mkdir()
    (scratch / "more/again.bin").write_bytes(BYTES)
    rotten.import_(scratch / "more")
    rotten.run("verify")
    mount = mount_of(rotten)
    assert (mount / "originals/again.bin").read_bytes() == BYTES
    assert (mount / "originals/a.bin").read_bytes() == BYTES
