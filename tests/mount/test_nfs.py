# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A mount behind nfs-ganesha, which opens files by handle and never by name: what a client of NFS 4 sees and does."""

import errno
import os
import re

import pytest

from mount import errno_of, wait_until
from servers import Ganesha, NfsClient, why_no_server

if reason := why_no_server("ganesha.nfsd", libraries=["nfs"]):
    pytest.skip(reason, allow_module_level=True)

PATIENCE_SECONDS = 20
OPTIONS = ["-o", "allow_other"]
BEFORE = b"as it was before\n"
AFTER = b"and as it is now, which is longer\n"


@pytest.fixture(scope="module")
def drive(shared_drive):
    shared_drive.remount(options=OPTIONS)
    return shared_drive


@pytest.fixture(scope="module")
def ganesha(drive, shared_scratch):
    folder = shared_scratch / "ganesha"
    folder.mkdir()
    server = Ganesha(folder)
    server.start(drive.mount)
    yield server
    server.stop()


@pytest.fixture
def nfs(ganesha):
    with NfsClient(ganesha) as client:
        yield client


@pytest.fixture
def folder(drive, request):
    """A folder of the test's own in originals/."""
    path = drive.originals / re.sub(r"\W+", "_", request.node.name)
    path.mkdir()
    return path


@pytest.fixture
def at(folder):
    """at(name): as the client calls what is in that folder."""
    return lambda name="": f"/originals/{folder.name}/{name}".rstrip("/")


def expect_versions(drive, ganesha, name, expected):
    """The server keeps what it wrote open for a while; only then is it certain what the next save is a version of."""
    wait_until(lambda: not ganesha.has_open(name), PATIENCE_SECONDS, f"{name} to be closed")
    shown = []

    def are_shown():
        shown[:] = [path.read_bytes() for path in sorted((drive.mount / "versions" / name).iterdir())]
        return shown == expected
    wait_until(are_shown, 5, f"{expected} among the versions: {shown}")


@pytest.mark.parametrize("size", [0, 1, 5000, (1 << 20) + 3])
def test_a_new_file_arrives_or_is_read_with_other_bytes(nfs, folder, at, size):
    data = os.urandom(size)
    nfs.write(at("new.bin"), data)
    assert (folder / "new.bin").read_bytes() == data
    assert nfs.read(at("new.bin")) == data and nfs.stat(at("new.bin")).size == size
    assert os.listdir(folder) == ["new.bin"]


def test_what_was_written_is_not_in_the_catalog(drive, nfs, folder, at):
    nfs.write(at("new.txt"), BEFORE)
    wait_until(lambda: f"{folder.name}/new.txt" in drive.library.by_name(), PATIENCE_SECONDS, "it to be catalogued")
    assert drive.library.by_name()[f"{folder.name}/new.txt"]["size"] == len(BEFORE)


def test_the_owner_is_nobody(nfs, folder, at):
    """One that this machine has a name for, and one that it has none for."""
    (folder / "owned.txt").write_bytes(BEFORE)
    for owner in ((0, 0), (1234, 2345)):
        os.chown(folder / "owned.txt", *owner)
        found = nfs.stat(at("owned.txt"))
        assert (found.uid, found.gid) == owner


def test_written_over_in_place_loses_the_state_before(drive, ganesha, nfs, folder, at):
    (folder / "over.txt").write_bytes(BEFORE)
    nfs.write(at("over.txt"), AFTER)
    assert (folder / "over.txt").read_bytes() == nfs.read(at("over.txt")) == AFTER
    expect_versions(drive, ganesha, "over.txt", [BEFORE, AFTER])
    nfs.write(at("over.txt"), b"short")
    assert (folder / "over.txt").read_bytes() == nfs.read(at("over.txt")) == b"short"
    expect_versions(drive, ganesha, "over.txt", [BEFORE, AFTER, b"short"])


def test_a_part_is_written_in_place(drive, ganesha, nfs, folder, at):
    (folder / "part.txt").write_bytes(BEFORE)
    expected = b"AS IT WAS long ago\n"
    with nfs.open(at("part.txt"), os.O_RDWR) as opened:
        assert opened.read(100, 0) == BEFORE
        opened.write(b"AS IT WAS", 0)
        opened.write(b"long ago\n", 10)
        assert opened.read(100, 0) == expected and opened.stat().size == len(expected), "who writes sees what it wrote"
    assert nfs.read(at("part.txt")) == (folder / "part.txt").read_bytes() == expected
    expect_versions(drive, ganesha, "part.txt", [BEFORE, expected])


def test_truncated_by_its_path_it_keeps_its_end_or_loses_the_state_before(drive, ganesha, nfs, folder, at):
    (folder / "cut.txt").write_bytes(BEFORE)
    nfs.truncate(at("cut.txt"), 5)
    assert nfs.read(at("cut.txt")) == (folder / "cut.txt").read_bytes() == BEFORE[:5]
    expect_versions(drive, ganesha, "cut.txt", [BEFORE, BEFORE[:5]])


def test_replaced_by_rename_it_loses_its_tags_or_the_state_before(drive, ganesha, nfs, folder, at):
    (folder / "letter.txt").write_bytes(BEFORE)
    drive.tag("kept over nfs", f"{folder.name}/letter.txt")
    assert nfs.read(at("letter.txt")) == BEFORE
    nfs.write(at("letter.txt.new"), AFTER)
    nfs.act("rename", at("letter.txt.new"), at("letter.txt"))
    assert nfs.read(at("letter.txt")) == (folder / "letter.txt").read_bytes() == AFTER
    assert nfs.list(at()) == os.listdir(folder) == ["letter.txt"]
    expect_versions(drive, ganesha, "letter.txt", [BEFORE, AFTER])
    assert drive.tags(f"{folder.name}/letter.txt") == ["kept over nfs"]


def test_a_file_that_is_held_open_while_another_takes_its_name_is_read_as_the_other(ganesha, nfs, folder, at):
    (folder / "held.txt").write_bytes(BEFORE)
    with NfsClient(ganesha) as reader, reader.open(at("held.txt"), os.O_RDONLY) as held:
        assert held.read(3, 0) == BEFORE[:3]
        nfs.write(at("held.new"), AFTER)
        nfs.act("rename", at("held.new"), at("held.txt"))
        assert held.read(100, 0) == BEFORE
        assert nfs.read(at("held.txt")) == AFTER


def test_rename_loses_the_file_or_its_tags(drive, nfs, folder, at):
    (folder / "old.txt").write_bytes(BEFORE)
    drive.tag("moved over nfs", f"{folder.name}/old.txt")
    nfs.act("mkdir", at("below"))
    nfs.act("rename", at("old.txt"), at("below/new.txt"))
    assert nfs.list(at()) == ["below"] and nfs.list(at("below")) == ["new.txt"]
    assert nfs.read(at("below/new.txt")) == BEFORE
    assert drive.tags(f"{folder.name}/below/new.txt") == ["moved over nfs"]


def test_unlink_forgets_the_bytes(drive, nfs, folder, at):
    (folder / "gone over nfs.txt").write_bytes(BEFORE)
    nfs.act("unlink", at("gone over nfs.txt"))
    assert nfs.list(at()) == [] and errno_of(nfs.read, at("gone over nfs.txt")) == errno.ENOENT
    assert nfs.read("/trash/gone over nfs.txt") == BEFORE
    nfs.act("rename", "/trash/gone over nfs.txt", at("back.txt"))
    assert (folder / "back.txt").read_bytes() == BEFORE


def test_folders_cannot_be_made_or_removed(nfs, folder, at):
    nfs.act("mkdir", at("one"))
    nfs.act("mkdir", at("one/two"))
    assert (folder / "one/two").is_dir() and errno_of(nfs.act, "rmdir", at("one")) == errno.ENOTEMPTY
    nfs.act("rmdir", at("one/two"))
    nfs.act("rmdir", at("one"))
    assert os.listdir(folder) == nfs.list(at()) == []


def test_links_are_copies(nfs, folder, at):
    (folder / "first.txt").write_bytes(BEFORE)
    nfs.act("link", at("first.txt"), at("second.txt"))
    assert (folder / "first.txt").stat().st_ino == (folder / "second.txt").stat().st_ino
    nfs.act("symlink", "first.txt", at("third.txt"))
    assert os.readlink(folder / "third.txt") == "first.txt"


def test_a_listing_leaves_names_out(nfs, folder, at):
    names = sorted(["é ü ñ.txt", "日本語.txt", *(f"{n:04}.txt" for n in range(200))])
    for name in names:
        (folder / name).write_bytes(name.encode())
    assert nfs.list(at()) == names
    assert nfs.read(at("日本語.txt")) == "日本語.txt".encode()


def test_what_others_did_meanwhile_is_not_seen(drive, nfs, folder, at):
    """The server keeps names and sizes in memory."""
    (folder / "local.txt").write_bytes(BEFORE)
    assert nfs.list(at()) == ["local.txt"] and nfs.read(at("local.txt")) == BEFORE
    (folder / "local.txt").write_bytes(AFTER)
    (folder / "second.txt").write_bytes(BEFORE)
    assert nfs.list(at()) == ["local.txt", "second.txt"] and nfs.read(at("local.txt")) == AFTER
    drive.tag("seen over nfs", f"{folder.name}/local.txt")
    wait_until(lambda: nfs.list("/by-tag/seen over nfs") == ["local.txt"], PATIENCE_SECONDS, "the first under its tag")
    drive.tag("seen over nfs", f"{folder.name}/second.txt")
    wait_until(lambda: len(nfs.list("/by-tag/seen over nfs")) == 2, PATIENCE_SECONDS, "the second")
    (folder / "second.txt").unlink()
    assert nfs.list(at()) == ["local.txt"] and errno_of(nfs.read, at("second.txt")) == errno.ENOENT


def test_views_do_not_take_or_give_files(drive, nfs, folder, at):
    (folder / "shown over nfs.txt").write_bytes(BEFORE)
    drive.tag("aview", f"{folder.name}/shown over nfs.txt")
    assert nfs.list("/search/tag:aview") == ["shown over nfs.txt"]
    assert nfs.read("/search/tag:aview/shown over nfs.txt") == BEFORE
    new = b"bytes that are nowhere else\n"
    nfs.write("/by-tag/aview/made over nfs.txt", new)
    made = wait_until(lambda: [name for name in drive.library.by_name() if name.endswith("made over nfs.txt")],
                      PATIENCE_SECONDS, "it to be filed")
    assert drive.tags(made[0]) == ["aview"] and (drive.originals / made[0]).read_bytes() == new
    assert errno_of(nfs.write, "/by-date/refused over nfs.txt", BEFORE) == errno.EROFS
    assert not [name for name in os.listdir(drive.mount / "by-date") if "refused" in name]


def test_a_handle_is_stale_in_the_next_life_of_mount_and_server(drive, ganesha, nfs, folder, at):
    """It names the device, whose number the mount has again where the server let it go and nothing else was mounted."""
    (folder / "handle.txt").write_bytes(BEFORE)
    (folder / "other.txt").write_bytes(AFTER)
    with nfs.open(at("handle.txt"), os.O_RDONLY) as opened:
        number, inode = opened.number(), opened.stat().ino
    for _ in range(10):
        device = os.stat(drive.mount.path).st_dev
        ganesha.stop()
        drive.remount(options=OPTIONS)
        ganesha.start(drive.mount)
        has_it_again = os.stat(drive.mount.path).st_dev == device
        with NfsClient(ganesha) as client, client.open(at("other.txt"), os.O_RDONLY) as opened:
            if has_it_again:
                with opened.as_number(number):
                    assert (opened.stat().ino, opened.stat().size) == (inode, len(BEFORE))
                return
            with client.open(at("handle.txt"), os.O_RDONLY) as again:
                number, inode = again.number(), again.stat().ino
    pytest.skip("other mounts come and go here all the time")


def test_a_mount_that_ends_below_the_server_gives_other_bytes(drive, ganesha, folder, at):
    """It has to be started anew: until then it refuses all, as it holds on to a mount that has gone."""
    (folder / "kept.txt").write_bytes(BEFORE)
    with NfsClient(ganesha) as client:
        assert client.read(at("kept.txt")) == BEFORE
        drive.remount(options=OPTIONS)
        assert errno_of(client.read, at("kept.txt")) in (errno.EIO, errno.ESTALE)
    ganesha.stop()
    ganesha.start(drive.mount)
    with NfsClient(ganesha) as client:
        assert client.read(at("kept.txt")) == BEFORE
        client.write(at("kept.txt"), AFTER)
        expect_versions(drive, ganesha, "kept.txt", [BEFORE, AFTER])
    drive.library.run("doctor")
    drive.library.run("verify")
