# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A mount behind smbd: what a Windows or macOS client sees and does."""

import os
import re
import time

import pytest

from media import sha256
from mount import wait_until
from servers import Samba, SmbFile, why_no_server

if reason := why_no_server("smbd", "smbclient", libraries=["smbclient"]):
    pytest.skip(reason, allow_module_level=True)

PATIENCE_SECONDS = 10
BEFORE = b"as it was before\n"
AFTER = b"and as it is now, which is longer\n"


@pytest.fixture(scope="module")
def drive(shared_drive):
    shared_drive.remount(options=["-o", "allow_other"])
    return shared_drive


@pytest.fixture(scope="module")
def samba(drive, shared_scratch):
    folder = shared_scratch / "samba"
    folder.mkdir()
    server = Samba(folder)
    server.start(drive.mount)
    yield server
    server.stop()


@pytest.fixture
def folder(drive, request):
    """A folder of the test's own in originals/."""
    path = drive.originals / re.sub(r"\W+", "_", request.node.name)
    path.mkdir()
    return path


@pytest.fixture
def smb(samba, folder):
    """smbclient's commands, in that folder."""
    return lambda *commands, **options: samba.said_by(f'cd "originals/{folder.name}"', *commands, **options)


def local(scratch, data, name="local"):
    path = scratch / name
    path.write_bytes(data)
    return path


def versions(drive, name):
    at = drive.mount / "versions" / name
    return [path.read_bytes() for path in sorted(at.iterdir())] if at.exists() else []


def names(folder):
    return sorted(os.listdir(folder))


def journal(drive):
    return drive.library.run("log").stdout


@pytest.mark.parametrize("size", [0, 1, 5000, 50 << 20])
def test_a_new_file_arrives_or_is_read_with_other_bytes(smb, folder, scratch, size):
    source = local(scratch, os.urandom(size))
    smb(f"put {source} new.bin")
    assert names(folder) == ["new.bin"] and sha256(folder / "new.bin") == sha256(source)
    smb(f"get new.bin {scratch / 'back'}")
    assert sha256(scratch / "back") == sha256(source)


def test_what_was_put_is_in_the_catalog_and_no_program(drive, smb, folder, scratch):
    smb(f"put {local(scratch, BEFORE)} new.txt")
    assert (folder / "new.txt").stat().st_mode & 0o777 == 0o644
    assert drive.library.by_name()[f"{folder.name}/new.txt"]["size"] == len(BEFORE)


def test_put_over_a_file_loses_the_state_before(drive, smb, folder, scratch):
    (folder / "over.txt").write_bytes(BEFORE)
    smb(f"put {local(scratch, AFTER)} over.txt")
    assert (folder / "over.txt").read_bytes() == AFTER
    assert versions(drive, "over.txt") == [BEFORE, AFTER], "and no half written or empty one"
    smb(f"put {local(scratch, b'short')} over.txt")
    assert (folder / "over.txt").read_bytes() == b"short"
    assert versions(drive, "over.txt") == [BEFORE, AFTER, b"short"]


def test_put_over_with_the_same_bytes_empties_or_multiplies_the_file(drive, smb, folder, scratch):
    (folder / "same.txt").write_bytes(BEFORE)
    source = local(scratch, BEFORE)
    for _ in range(2):
        smb(f"put {source} same.txt")
        assert (folder / "same.txt").read_bytes() == BEFORE and names(folder) == ["same.txt"]
    assert set(versions(drive, "same.txt")) <= {BEFORE}


def test_a_file_is_written_to_in_place(drive, samba, folder):
    (folder / "place.txt").write_bytes(BEFORE)
    with SmbFile(samba, f"originals/{folder.name}/place.txt", os.O_RDWR) as opened:
        assert opened.read(100, 0) == BEFORE
        opened.write(b"AS IT WAS", 0)
        opened.write(b"long ago\n", 10)
        expected = b"AS IT WAS long ago\n"
        assert opened.read(100, 0) == expected, "who writes reads what it wrote"
    wait_until(lambda: (folder / "place.txt").read_bytes() == expected, PATIENCE_SECONDS, "the new state")
    assert versions(drive, "place.txt") == [BEFORE, expected]


def test_rename_loses_the_file_or_its_tags(drive, smb, folder):
    (folder / "old.txt").write_bytes(BEFORE)
    drive.tag("kept over smb", f"{folder.name}/old.txt")
    smb("rename old.txt new.txt")
    assert names(folder) == ["new.txt"] and (folder / "new.txt").read_bytes() == BEFORE
    assert drive.tags(f"{folder.name}/new.txt") == ["kept over smb"]


def test_a_save_by_way_of_a_temporary_file_loses_the_state_before(drive, smb, folder, scratch):
    """As office programs save."""
    (folder / "letter.txt").write_bytes(BEFORE)
    drive.tag("saved over smb", f"{folder.name}/letter.txt")
    smb(f"put {local(scratch, AFTER)} ~letter.tmp", "rename ~letter.tmp letter.txt -f")
    assert names(folder) == ["letter.txt"] and (folder / "letter.txt").read_bytes() == AFTER
    assert versions(drive, "letter.txt") == [BEFORE, AFTER]
    assert drive.tags(f"{folder.name}/letter.txt") == ["saved over smb"]


def test_rename_onto_a_file_is_refused_where_the_client_did_not_say_over(smb, folder):
    (folder / "one.txt").write_bytes(BEFORE)
    (folder / "two.txt").write_bytes(AFTER)
    smb("rename one.txt two.txt", refused="OBJECT_NAME_COLLISION")
    assert (folder / "one.txt").read_bytes() == BEFORE and (folder / "two.txt").read_bytes() == AFTER


def test_delete_forgets_the_bytes(drive, smb, folder):
    (folder / "gone over smb.txt").write_bytes(BEFORE)
    smb('del "gone over smb.txt"')
    assert names(folder) == []
    assert (drive.mount / "trash/gone over smb.txt").read_bytes() == BEFORE
    smb('cd /', f'rename "trash/gone over smb.txt" "originals/{folder.name}/back.txt"')
    assert (folder / "back.txt").read_bytes() == BEFORE


def test_folders_cannot_be_made_or_removed(drive, smb, folder):
    smb("mkdir one", "mkdir one/two")
    assert (folder / "one/two").is_dir()
    smb("rmdir one/two")
    assert names(folder / "one") == []
    (folder / "one/in the way.txt").write_bytes(BEFORE)
    smb("rmdir one", refused="DIRECTORY_NOT_EMPTY")
    assert (folder / "one/in the way.txt").read_bytes() == BEFORE
    smb("deltree one")
    assert names(folder) == []
    assert (drive.mount / "trash/in the way.txt").read_bytes() == BEFORE


def test_extended_attributes_are_lost(drive, smb, folder, scratch):
    (folder / "noted.txt").write_bytes(BEFORE)
    smb("setea noted.txt colour blue")
    assert os.getxattr(folder / "noted.txt", "user.colour") == b"blue"
    listed = smb("geteas noted.txt")
    assert re.search(r"colour .*\n.*blue", listed) and "damfs.sha256" in listed
    smb(f"put {local(scratch, AFTER)} noted.txt")
    assert os.getxattr(folder / "noted.txt", "user.colour") == b"blue", "of a file that is saved over"
    smb("setea noted.txt colour")
    assert "user.colour" not in os.listxattr(folder / "noted.txt")


def test_tags_cannot_be_set_by_an_attribute(drive, smb, folder):
    (folder / "tagged.txt").write_bytes(BEFORE)
    smb("setea tagged.txt xdg.tags beach,places/italy")
    assert drive.tags(f"{folder.name}/tagged.txt") == ["beach", "places/italy"]


def test_an_alternate_stream_is_lost_or_becomes_the_file(smb, folder, scratch):
    (folder / "main.txt").write_bytes(BEFORE)
    zone = b"[ZoneTransfer]\r\nZoneId=3\r\n"
    smb(f"put {local(scratch, zone)} main.txt:Zone.Identifier")
    assert (folder / "main.txt").read_bytes() == BEFORE and names(folder) == ["main.txt"]
    assert re.search(r"stream: \[:Zone.Identifier:\$DATA\], 26 bytes", smb("allinfo main.txt"))
    smb(f"get main.txt:Zone.Identifier {scratch / 'back'}")
    assert (scratch / "back").read_bytes() == zone
    smb("rename main.txt moved.txt", f"get moved.txt:Zone.Identifier {scratch / 'again'}")
    assert (scratch / "again").read_bytes() == zone
    assert (folder / "moved.txt").read_bytes() == BEFORE


def test_a_put_into_a_tags_folder_does_not_tag(drive, samba, folder, scratch):
    known, new = b"known bytes, put into a tag\n", b"new bytes, put into a tag\n"
    (folder / "known to all.txt").write_bytes(known)
    samba.said_by("mkdir by-tag/harbour", "cd by-tag/harbour",
                  f'put {local(scratch, known, "known")} "known to all.txt"',
                  f'put {local(scratch, new, "new")} "new to all.txt"')
    assert drive.tags(f"{folder.name}/known to all.txt") == ["harbour"]
    assert names(drive.mount / "by-tag/harbour") == ["known to all.txt", "new to all.txt"]
    assert (drive.mount / "by-tag/harbour/new to all.txt").read_bytes() == new
    tagged = [name for name, asset in drive.library.by_name().items() if asset["tags"] == ["harbour"]]
    dated = re.compile(r"\d{4}/\d{4}-\d\d-\d\d/new to all\.txt")
    assert len(tagged) == 2 and any(dated.fullmatch(name) for name in tagged), tagged
    samba.said_by('del "by-tag/harbour/known to all.txt"')
    assert drive.tags(f"{folder.name}/known to all.txt") == [] and (folder / "known to all.txt").exists()


def test_what_a_view_refuses_is_left_there(drive, samba, scratch):
    before = journal(drive)
    source = local(scratch, b"no day takes this\n")
    samba.said_by(f"put {source} by-date/refused.txt", refused="MEDIA_WRITE_PROTECTED")
    samba.said_by(f"put {source} versions/refused.txt", refused="MEDIA_WRITE_PROTECTED")
    samba.said_by("mkdir by-date/refused", refused="MEDIA_WRITE_PROTECTED")
    for view in ("by-date", "versions"):
        assert not [name for name in os.listdir(drive.mount / view) if "refused" in name]
    assert not [name for name in drive.library.by_name() if name.endswith("refused.txt")]
    assert journal(drive) == before


def test_what_is_dropped_into_the_inbox_is_not_filed(drive, samba, scratch):
    data = b"dropped over smb\n"
    samba.said_by(f"put {local(scratch, data)} inbox/dropped.txt")
    assert names(drive.mount / "inbox") == []
    filed = [name for name in drive.library.by_name() if name.endswith("/dropped.txt")]
    assert len(filed) == 1 and (drive.originals / filed[0]).read_bytes() == data


def test_times_that_a_client_sets_are_lost(drive, smb, folder):
    (folder / "dated.txt").write_bytes(BEFORE)
    smb("utimes dated.txt 2001:02:03-04:05:06 2002:02:03-04:05:06 2003:02:03-04:05:06 -1")
    written = int(time.mktime((2003, 2, 3, 4, 5, 6, 0, 0, -1)))
    assert (folder / "dated.txt").stat().st_mtime == written
    told = smb("allinfo dated.txt")
    assert re.search(r"create_time: .* Feb +3 .* 2001", told) and re.search(r"write_time: .* Feb +3 .* 2003", told), told
    assert versions(drive, "dated.txt") in ([], [BEFORE]), "times are no new state"


def test_the_attributes_of_dos_are_lost(smb, folder):
    (folder / "flags.txt").write_bytes(BEFORE)
    smb("setmode flags.txt +hr")
    assert re.search(r"attributes: .*R.*H|attributes: .*H.*R", smb("allinfo flags.txt"))
    smb("del flags.txt", refused="CANNOT_DELETE")
    assert (folder / "flags.txt").read_bytes() == BEFORE


@pytest.mark.parametrize("name", ["é ü ñ ø.txt", "日本語.txt", "e\u0301 as macOS writes it.txt", "🎞 film.txt"])
def test_names_with_accents_come_out_as_others(smb, folder, scratch, name):
    smb(f'put {local(scratch, BEFORE)} "{name}"')
    assert names(folder) == [name]
    assert f"  {name} " in smb("ls")
    smb(f'get "{name}" {scratch / "back"}')
    assert (scratch / "back").read_bytes() == BEFORE


def test_case_makes_two_files_of_one(drive, smb, folder, scratch):
    """Windows asks for names in any case."""
    (folder / "Photo.JPG").write_bytes(BEFORE)
    smb(f"get photo.jpg {scratch / 'back'}")
    assert (scratch / "back").read_bytes() == BEFORE
    smb(f"put {local(scratch, AFTER)} PHOTO.jpg")
    assert names(folder) == ["Photo.JPG"] and versions(drive, "Photo.JPG") == [BEFORE, AFTER]


def test_a_name_that_windows_cannot_have_hides_its_file(smb, folder, scratch):
    (folder / 'a: "b"?.txt').write_bytes(BEFORE)
    short = re.search(r"^  (\S+~\S+) ", smb("ls"), re.M)[1]
    smb(f"get {short} {scratch / 'back'}")
    assert (scratch / "back").read_bytes() == BEFORE


def test_a_query_finds_nothing(samba, folder):
    (folder / "findable over smb.txt").write_bytes(BEFORE)
    said = samba.said_by('ls "search/findable smb/*"')
    assert "  findable over smb.txt " in said


def test_a_preview_is_not_made(drive, samba, folder, scratch, demo):
    picture = next(path for path in sorted(demo.rglob("*.jpg")))
    preview = f"previews/small/originals/{folder.name}/put.jpg.webp"
    samba.said_by(f"put {picture} originals/{folder.name}/put.jpg")
    wait_until(lambda: (drive.mount / preview).exists(), PATIENCE_SECONDS, "what was put to be looked at")
    samba.said_by(f"get {preview} {scratch / 'preview'}")
    assert (scratch / "preview").read_bytes() == (drive.mount / preview).read_bytes()
    assert (scratch / "preview").read_bytes()[:4] == b"RIFF"


def test_the_disk_has_no_name_or_no_room(samba):
    assert f"Volume: |{samba.SHARE}|" in samba.said_by("volume")
    blocks, size, free = map(int, re.search(r"(\d+) blocks of size (\d+)\. (\d+) blocks available", samba.said_by("du")).groups())
    assert 0 < free <= blocks and size > 0


def test_all_of_it_is_lost_with_the_mount(drive, samba, folder, scratch):
    """Last, as the server goes on with the next mount of the same folder."""
    source = local(scratch, os.urandom(5000))
    samba.said_by(f'cd "originals/{folder.name}"', f"put {source} kept.bin")
    drive.remount(options=["-o", "allow_other"])
    samba.said_by(f'cd "originals/{folder.name}"', f"get kept.bin {scratch / 'back'}")
    assert sha256(scratch / "back") == sha256(source)
    drive.library.run("doctor")
    drive.library.run("verify")
