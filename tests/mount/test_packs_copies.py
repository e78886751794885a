# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A file that is copied out of an archive knows where it came from, whatever program copied it."""

import json
import os
import shutil
import sqlite3

import pytest

from drive import Drive, require_sound
from library import Library, scratch_folder
from mount import wait_until, xattr
from packs import need, rows
from zips import DEFLATED, STORED, Member, archive

COLOR = rows(3 << 20)
ROUGH = b"rough" * 5000
INNER = {"deep/bark.txt": rows(70_000)[::-1], "deep/leaf.txt": b"leaf" * 999}


def inner_zip():
    return archive(*(Member(name, data, DEFLATED) for name, data in INNER.items()))


@pytest.fixture(scope="module")
def wood_library():
    """Three packs: one deflated, one stored, one with zips within."""
    with scratch_folder() as scratch:
        (scratch / "in").mkdir()
        (scratch / "in/Wood049.zip").write_bytes(archive(
            Member("maps/Wood049_2K_Color.png", COLOR, DEFLATED), Member("maps/rough.bin", ROUGH),
            Member("empty.txt", b"")))
        packed = archive(Member("within.txt", b"within" * 3000))
        (scratch / "in/nested.zip").write_bytes(archive(
            Member("stored.zip", inner_zip()), Member("more/packed.zip", packed, DEFLATED)))
        library = Library(scratch / "library").init()
        library.import_(scratch / "in")
        yield library


@pytest.fixture
def wood(wood_library, scratch, mount_of):
    """A copy of wood_library, mounted to be written to."""
    drive = Drive(wood_library.copied_to(scratch / "library"), mount_of)
    wait_until(lambda: len(os.listdir(drive / "packs")) == 4, 30, "the packs")
    return drive


def origin(path):
    return xattr(path, "user.damfs.derived_from")


COPIERS = {
    "cp": ["cp"], "cp-a": ["cp", "-a"], "cp-no-reflink": ["cp", "--reflink=never", "--sparse=never"], "rsync": ["rsync", "-a"],
    "install": ["install", "-m", "644"]}
MEMBERS = ["Wood049/maps/Wood049_2K_Color.png", "Wood049/maps/rough.bin", "nested/stored.zip/deep/bark.txt",
           "nested/more/packed.zip/within.txt"]


def own_members(how):
    """What one way of copying copies, in each pack: bytes of its own, for equal bytes are one asset."""
    own = how.encode() + b"\n"
    inner = archive(*(Member(name, own + data, DEFLATED) for name, data in INNER.items()))
    packed = archive(Member("within.txt", own + b"within" * 3000))
    return ([Member(f"{how}/maps/Wood049_2K_Color.png", own + COLOR, DEFLATED),
             Member(f"{how}/maps/rough.bin", own + ROUGH)],
            [Member(f"{how}/stored.zip", inner), Member(f"{how}/more/packed.zip", packed, DEFLATED)])


HOWS = [*COPIERS, "dd", "cat"]


@pytest.fixture(scope="module")
def copies(shared_drive):
    """A mount for all ways of copying. In the end what they made must be sound, and known in the next mount."""
    drive, made = shared_drive, {}
    own = [own_members(how) for how in HOWS]
    with scratch_folder() as scratch:
        for n, name in enumerate(("Wood049.zip", "nested.zip")):
            (scratch / name).write_bytes(archive(*(member for members in own for member in members[n])))
        drive.library.import_(scratch)
    wait_until(lambda: len(os.listdir(drive / "packs")) == 4, 30, "the packs")
    yield drive, made
    require_sound(drive.library)
    drive.remount()
    assert {name: origin(drive.originals / name) for name in made} == made


@pytest.mark.parametrize("member", MEMBERS)
@pytest.mark.parametrize("how", HOWS)
def test_a_copy_says_what_it_was_copied_from(copies, how, member):
    drive, made = copies
    pack, inside = member.split("/", 1)
    member = f"{pack}/{how}/{inside}"
    name = f"{how} {inside.replace('/', ' ')}"
    copy = drive.originals / name
    if how in COPIERS:
        need(COPIERS[how][0])
        drive.run(*COPIERS[how], drive / "packs" / member, copy)
    elif how == "dd":
        drive.run("dd", f"if={drive / 'packs' / member}", f"of={copy}", "bs=7777", "conv=fsync")
    else:
        with open(drive / "packs" / member, "rb") as source, open(copy, "wb") as to:
            shutil.copyfileobj(source, to, 1000)
    assert copy.read_bytes() == (drive / "packs" / member).read_bytes()
    assert origin(copy) == f"packs/{member}"
    made[name] = f"packs/{member}"
    assert "user.damfs.derived_from" in os.listxattr(copy)
    assert (drive / origin(copy)).is_file(), "the path leads nowhere"
    told = drive.library.run("info", name).stdout
    assert f"derived from packs/{member}" in " ".join(told.split())
    (found,) = json.loads(drive.library.run("info", name, "--json").stdout)["derived_from"]
    assert found["path"] == f"packs/{member}" and found["label"] == f"{pack}.zip"


def test_a_whole_folder_that_is_copied(wood):
    wood.run("cp", "-r", wood / "packs/Wood049", wood.originals / "unpacked")
    assert origin(wood.originals / "unpacked/maps/rough.bin") == "packs/Wood049/maps/rough.bin"
    assert origin(wood.originals / "unpacked/maps/Wood049_2K_Color.png") == f"packs/{MEMBERS[0]}"
    assert origin(wood.originals / "unpacked/empty.txt") is None, "nothing is what every empty file is a copy of"


def test_a_program_that_writes_under_another_name_first(wood):
    """As editors save a copy: a temporary name, then a rename."""
    shutil.copyfile(wood / "packs" / MEMBERS[0], wood.originals / "copy.png.tmp")
    os.rename(wood.originals / "copy.png.tmp", wood.originals / "copy.png")
    wait_until(lambda: origin(wood.originals / "copy.png") == f"packs/{MEMBERS[0]}", 10, "its origin")


def test_a_copy_into_a_tag_or_the_inbox(wood):
    os.mkdir(wood / "by-tag/wood")
    wood.run("cp", wood / "packs" / MEMBERS[1], wood / "by-tag/wood/rough.bin")
    wood.run("cp", wood / "packs" / MEMBERS[0], wood / "inbox/color.png")
    assert origin(wood / "by-tag/wood/rough.bin") == f"packs/{MEMBERS[1]}"
    filed = wait_until(lambda: list(wood.originals.glob("*/*/color.png")), 30, "the other to be filed")
    assert origin(filed[0]) == f"packs/{MEMBERS[0]}"


def test_other_bytes_of_the_same_size_are_no_copy(wood):
    for member, data in ((0, COLOR), (1, ROUGH)):
        (wood.originals / f"other{member}.bin").write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
        assert origin(wood.originals / f"other{member}.bin") is None
    (wood.originals / "longer.bin").write_bytes(ROUGH + b"!")
    assert origin(wood.originals / "longer.bin") is None
    assert all("derived_from" not in asset for asset in wood.library.find())


def crc_twin(data):
    """Other bytes of the same length and CRC-32: CRC-32 is linear, so a multiple of its polynomial changes nothing."""
    twin = bytearray(data)
    for bit in (0, 1, 2, 4, 5, 7, 8, 10, 11, 12, 16, 22, 23, 26, 32):
        position = 100 * 8 + (32 - bit)
        twin[position // 8] ^= 1 << position % 8
    return bytes(twin)


def test_the_crc_alone_is_not_believed_where_more_is_known(drive, scratch):
    import zlib
    data = {"stored.bin": rows(5000), "deflated.bin": rows(6000)}
    twins = {name: crc_twin(bytes_) for name, bytes_ in data.items()}
    assert all(zlib.crc32(data[name]) == zlib.crc32(twins[name]) and data[name] != twins[name] for name in data)
    (scratch / "in").mkdir()
    (scratch / "in/pack.zip").write_bytes(archive(Member("stored.bin", data["stored.bin"], STORED),
                                                  Member("deflated.bin", data["deflated.bin"], DEFLATED)))
    drive.library.import_("--hash-members", scratch / "in")
    wait_until(lambda: (drive / "packs/pack").is_dir(), 30, "the pack")
    with sqlite3.connect(drive.library.path / "catalog.db") as catalog:
        catalog.execute("UPDATE pack_member SET sha256 = NULL WHERE name = 'stored.bin'")
    for name, twin in twins.items():
        (drive.originals / name).write_bytes(twin)
        assert origin(drive.originals / name) is None, "of a twin"
        (drive.originals / f"real {name}").write_bytes(data[name])
        assert origin(drive.originals / f"real {name}") == f"packs/pack/{name}"


def test_imported_copies(wood, scratch):
    (scratch / "unpacked/maps").mkdir(parents=True)
    (scratch / "unpacked/maps/rough.bin").write_bytes(ROUGH)
    (scratch / "unpacked/color.png").write_bytes(COLOR)
    (scratch / "unpacked/other.bin").write_bytes(ROUGH[::-1])
    (scratch / "unpacked/empty").write_bytes(b"")
    wood.library.import_(scratch / "unpacked")
    assert origin(wood.originals / "maps/rough.bin") == f"packs/{MEMBERS[1]}"
    assert origin(wood.originals / "color.png") == f"packs/{MEMBERS[0]}"
    assert origin(wood.originals / "other.bin") is None and origin(wood.originals / "empty") is None


@pytest.mark.parametrize("folder", ["a", "z"], ids=["before it", "behind it"])
def test_copies_that_come_with_the_archive(drive, scratch, folder):
    (scratch / "in" / folder).mkdir(parents=True)
    (scratch / "in" / folder / "rough.bin").write_bytes(ROUGH)
    (scratch / "in" / folder / "other.bin").write_bytes(ROUGH[::-1])
    (scratch / "in/m").mkdir()
    (scratch / "in/m/pack.zip").write_bytes(archive(Member("rough.bin", ROUGH, DEFLATED)))
    drive.library.import_(scratch / "in")
    wait_until(lambda: origin(drive.originals / folder / "rough.bin") == "packs/pack/rough.bin", 10, "its origin")
    assert origin(drive.originals / folder / "other.bin") is None


def test_what_was_there_before_is_a_file_of_its_own(drive, scratch):
    (drive.originals / "first.bin").write_bytes(ROUGH)
    (scratch / "in").mkdir()
    (scratch / "in/pack.zip").write_bytes(archive(Member("rough.bin", ROUGH)))
    drive.library.import_(scratch / "in")
    wait_until(lambda: (drive / "packs/pack").is_dir(), 30, "the pack")
    assert origin(drive.originals / "first.bin") is None
    drive.run("cp", drive / "packs/pack/rough.bin", drive.originals / "second.bin")
    assert origin(drive.originals / "second.bin") == "packs/pack/rough.bin"
    assert origin(drive.originals / "first.bin") is None


def test_a_second_copy_is_the_same_asset_and_keeps_the_first_ones_origin(wood, scratch):
    wood.run("cp", wood / "packs" / MEMBERS[1], wood.originals / "one.bin")
    (scratch / "more").mkdir()
    (scratch / "more/again.zip").write_bytes(archive(Member("rough again.bin", ROUGH)))
    wood.library.import_(scratch / "more")
    wait_until(lambda: (wood / "packs/again").is_dir(), 30, "the other pack")
    wood.run("cp", wood / "packs/again/rough again.bin", wood.originals / "two.bin")
    assert origin(wood.originals / "one.bin") == origin(wood.originals / "two.bin") == f"packs/{MEMBERS[1]}"


def test_a_file_that_goes_on_being_written_is_judged_by_all_of_it(wood):
    """Somebody closes a duplicate of the descriptor in the middle, which seals what is there."""
    with open(wood.originals / "grows.bin", "wb", buffering=0) as file:
        file.write(ROUGH)
        os.close(os.dup(file.fileno()))
        wait_until(lambda: origin(wood.originals / "grows.bin") == f"packs/{MEMBERS[1]}", 10, "its origin so far")
        file.write(b"and more")
    assert origin(wood.originals / "grows.bin") is None
    with open(wood.originals / "whole.bin", "wb", buffering=0) as file:
        file.write(ROUGH[:1000])
        os.close(os.dup(file.fileno()))
        file.write(ROUGH[1000:])
    wait_until(lambda: origin(wood.originals / "whole.bin") == f"packs/{MEMBERS[1]}", 10, "its origin")
    require_sound(wood.library)


def test_what_becomes_of_the_link(wood):
    wood.run("cp", wood / "packs" / MEMBERS[1], wood.originals / "copy.bin")
    copy = wood.originals / "copy.bin"
    # Renaming and editing a copy leaves it derived from what it was.
    os.rename(copy, wood.originals / "renamed.bin")
    copy = wood.originals / "renamed.bin"
    copy.write_bytes(b"edited")
    assert origin(copy) == f"packs/{MEMBERS[1]}"
    # While its archive is in the trash there is no path to it. By other programs, for what one does is one act.
    wood.run("rm", wood.originals / "Wood049.zip")
    wait_until(lambda: origin(copy) == "Wood049.zip", 10, "the label of what is not shown")
    wood.library.run("undo")
    wait_until(lambda: origin(copy) == f"packs/{MEMBERS[1]}", 10, "the path again")
    # And in the trash the copy itself keeps its link.
    wood.run("rm", copy)
    wood.library.run("undo")
    wait_until(lambda: copy.exists() and origin(copy) == f"packs/{MEMBERS[1]}", 10, "it to be back")
    wood.run("rm", wood.originals / "Wood049.zip")
    free_bytes(wood)
    assert origin(copy) is None
    assert copy.read_bytes() == b"edited"
    require_sound(wood.library)


def free_bytes(drive):
    """Purge and gc, which wants nobody to have the library mounted."""
    drive.mount.stop()
    drive.library.run("purge", "--older-than", "0", "--yes")
    drive.library.run("gc", "--yes")
    drive.mount.start()


def test_a_purged_copy_leaves_nothing_behind(wood):
    wood.run("cp", wood / "packs" / MEMBERS[1], wood.originals / "copy.bin")
    wood.run("rm", wood.originals / "copy.bin")
    free_bytes(wood)
    with sqlite3.connect(wood.library.path / "catalog.db") as catalog:
        assert catalog.execute("SELECT count(*) FROM member_copy").fetchone() == (0,)
        assert catalog.execute("SELECT count(*) FROM asset_link").fetchone() == (0,)
    require_sound(wood.library)


def test_names_read_anew_keep_the_link(wood, scratch):
    (scratch / "more").mkdir()
    (scratch / "more/latin.zip").write_bytes(archive(Member("größe.bin".encode("latin-1"), b"data" * 100)))
    wood.library.import_("--encoding", "cp437", scratch / "more")
    wait_until(lambda: (wood / "packs/latin").is_dir(), 30, "the pack")
    wood.run("cp", next((wood / "packs/latin").iterdir()), wood.originals / "copy.bin")
    assert origin(wood.originals / "copy.bin") == "packs/latin/" + "größe.bin".encode("latin-1").decode("cp437")
    wood.library.run("import", "--refresh", "--encoding", "latin1")
    wait_until(lambda: origin(wood.originals / "copy.bin") == "packs/latin/größe.bin", 10, "the path as it is now")
    require_sound(wood.library)
