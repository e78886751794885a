# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An object rotted on its disk, and `damfs verify` has found it out: nobody gets its bytes for good ones any more, those
who ask are told why, and whichever way the good bytes come back, they are shown at once."""

import contextlib
import errno
import os
import shutil

import pytest

from library import turn_a_byte
from mount import errno_of, wait_until, xattr

PATIENCE_SECONDS = 10
BYTES = os.urandom(700_001)


class Rotten:
    """A mounted library with one.bin, whose object is damaged or gone after the mount has served it."""

    def __init__(self, library, scratch, mount, how):
        self.library, self.mount, self.how = library, mount, how
        self.source = scratch / "in"
        self.paths = [mount / "originals/one.bin", mount / "by-type/other/one.bin"]
        (self.object,) = library.objects()
        self.kept = scratch / "kept"
        shutil.copy2(self.object, self.kept)

    def rot(self):
        if self.how == "gone":
            os.unlink(self.object)
        else:
            turn_a_byte(self.object, 400_000)

    def require_refused(self):
        for path in self.paths:
            wait_until(lambda: errno_of_reading(path) == errno.EIO, PATIENCE_SECONDS, f"EIO from {path}")
        assert "object" in xattr(self.paths[0], "user.damfs.error")
        assert "object" in (self.mount / ".damfs/last-error").read_text()

    def require_whole(self):
        for path in self.paths:
            wait_until(lambda: errno_of_reading(path) is None and path.read_bytes() == BYTES, PATIENCE_SECONDS,
                       f"the good bytes of {path}")
        assert xattr(self.paths[0], "user.damfs.error") is None
        self.library.run("doctor")
        self.library.run("verify")


def errno_of_reading(path):
    try:
        with open(path, "rb") as file:
            while file.read(1 << 16):
                pass
    except OSError as refused:
        return refused.errno
    return None


@pytest.fixture(params=["damaged", "gone"])
def rotten(request, library, scratch, mount_of):
    (scratch / "in").mkdir()
    (scratch / "in/one.bin").write_bytes(BYTES)
    library.import_(scratch / "in")
    made = Rotten(library, scratch, mount_of(library), request.param)
    for path in made.paths:
        assert path.read_bytes() == BYTES
    made.rot()
    assert "object" in library.run("verify", expect=1).stderr
    assert "object" in library.run("doctor", expect=1).stdout
    made.require_refused()
    return made


def test_copying_the_good_bytes_into_the_mount_heals_it(rotten):
    (rotten.mount / "originals/again.bin").write_bytes(BYTES)
    rotten.require_whole()


def test_importing_the_same_source_again_heals_it(rotten):
    done = rotten.library.import_(rotten.source)
    assert (done["healed"], done["known"], done["copies"]) == (1, 1, 0), done
    rotten.require_whole()
    assert rotten.library.import_(rotten.source)["unchanged"] == 1


def test_importing_it_under_another_name_heals_it(rotten, scratch):
    (scratch / "more").mkdir()
    (scratch / "more/again.bin").write_bytes(BYTES)
    assert rotten.library.import_(scratch / "more")["healed"] == 1
    rotten.require_whole()


def test_an_object_restored_from_a_backup_is_believed_when_verify_has_read_it(rotten):
    rotten.object.unlink(missing_ok=True)
    shutil.copy2(rotten.kept, rotten.object)
    rotten.require_refused()
    assert "whole again" in rotten.library.run("verify").stdout
    rotten.require_whole()


def test_it_is_remembered_in_the_next_mount(rotten, mount_of):
    rotten.mount.stop()
    rotten.mount = mount_of(rotten.library)
    rotten.paths = [rotten.mount / "originals/one.bin"]
    rotten.require_refused()
    assert "damaged" in rotten.library.run("info", "one.bin").stdout


def test_pages_that_the_kernel_kept_of_the_rotten_one_are_not_shown_when_it_is_healed(library, scratch, mount_of):
    """It was read rotten, before anybody knew: those pages are the kernel's by then."""
    (scratch / "in").mkdir()
    (scratch / "in/one.bin").write_bytes(BYTES)
    library.import_(scratch / "in")
    (object_,) = library.objects()
    turn_a_byte(object_)
    mount = mount_of(library)
    path = mount / "originals/one.bin"
    with open(path, "rb") as holder:
        assert holder.read() != BYTES
        library.run("verify", expect=1)
        library.import_(scratch / "in")
    wait_until(lambda: errno_of_reading(path) is None and path.read_bytes() == BYTES, PATIENCE_SECONDS, "the good bytes")


def test_a_preview_that_was_made_of_rotten_bytes_goes_with_them(library, scratch, demo, mount_of):
    """As a file where a byte is another one, as the memory that none can be made where half of it is gone."""
    photo = max(demo.rglob("*.jpg"), key=lambda path: path.stat().st_size)
    (scratch / "in").mkdir()
    shutil.copy(photo, scratch / "in/a.jpg")
    library.import_(scratch / "in")
    mount = mount_of(library)
    preview = mount / "previews/large/originals/a.jpg.webp"
    whole = preview.read_bytes()
    mount.stop()
    (object_,) = library.objects()
    good = object_.read_bytes()
    middle = len(good) // 2
    for rotten_bytes in (good[:middle] + bytes([good[middle] ^ 1]) + good[middle + 1:], good[:middle] + bytes(len(good) - middle)):
        library.delete_derived()
        os.chmod(object_, 0o644)
        object_.write_bytes(rotten_bytes)
        mount = mount_of(library)
        with contextlib.suppress(OSError):
            assert preview.read_bytes() != whole
        library.run("verify", expect=1)
        library.import_(scratch / "in")
        wait_until(lambda: errno_of_reading(preview) is None and preview.read_bytes() == whole, PATIENCE_SECONDS,
                   "the preview of the good bytes")
        mount.stop()


def test_a_preview_is_not_made_of_what_is_known_to_be_damaged(library, scratch, demo, mount_of):
    photo = max(demo.rglob("*.jpg"), key=lambda path: path.stat().st_size)
    (scratch / "in").mkdir()
    shutil.copy(photo, scratch / "in/a.jpg")
    library.import_(scratch / "in")
    (object_,) = library.objects()
    os.chmod(object_, 0o644)
    with open(object_, "r+b") as file:
        file.seek(-2000, os.SEEK_END)
        file.write(os.urandom(1000))
    library.run("verify", expect=1)
    mount = mount_of(library)
    preview = mount / "previews/small/originals/a.jpg.webp"
    assert errno_of(preview.read_bytes) == errno.EIO
    library.import_(scratch / "in")
    wait_until(lambda: errno_of_reading(preview) is None, PATIENCE_SECONDS, "a preview of the good bytes")
