# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A file's size, mtime, head and tail are what they were, and its middle is not: it is no unchanged file."""

import os

import pytest

MIDDLE = 3 << 20


def write_in_place(path):
    with open(path, "r+b") as file:
        file.seek(MIDDLE)
        file.write(b"other")


def replace(path):
    bytes_ = bytearray(path.read_bytes())
    bytes_[MIDDLE:MIDDLE + 5] = b"other"
    path.with_suffix(".new").write_bytes(bytes_)
    os.rename(path.with_suffix(".new"), path)


@pytest.mark.parametrize("change", [write_in_place, replace])
def test_other_bytes_in_its_middle_are_a_new_version(library, scratch, change):
    source = scratch / "in/a.bin"
    source.parent.mkdir()
    source.write_bytes(os.urandom(2 * MIDDLE))
    library.import_(source.parent)
    before = os.stat(source)
    change(source)
    os.utime(source, ns=(before.st_atime_ns, before.st_mtime_ns))
    again = library.import_(source.parent)
    assert (again["new_versions"], again["unchanged"]) == (1, 0), again
    assert library.import_(source.parent)["unchanged"] == 1
    library.run("verify")


def test_one_whose_times_alone_were_set_is_what_it_was(library, scratch):
    source = scratch / "in/a.bin"
    source.parent.mkdir()
    source.write_bytes(os.urandom(100_000))
    library.import_(source.parent, "--tag", "x")
    os.chmod(source, 0o600)
    again = library.import_(source.parent)
    assert (again["known"], again["new_versions"], again["bytes"]) == (1, 0, 100_000), again
    assert library.import_(source.parent)["unchanged"] == 1


@pytest.mark.parametrize("entry", ["saved over", "removed"])
def test_reading_it_again_undoes_nothing_that_was_done_to_it_in_the_mount(library, scratch, mount_of, entry):
    source = scratch / "in/a.txt"
    source.parent.mkdir()
    source.write_text("as it came")
    library.import_(source.parent)
    mount = mount_of(library)
    if entry == "saved over":
        (mount / "originals/a.txt").write_text("edited")
    else:
        (mount / "originals/a.txt").unlink()
    mount.stop()
    os.utime(source)
    done = library.import_(source.parent)
    assert (done["new_versions"], done["copies"], done["new_assets"]) == (0, 0, 0), done
    mount = mount_of(library)
    assert not (mount / "originals/a.txt").exists() or (mount / "originals/a.txt").read_text() == "edited"
    library.run("doctor")
