# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names in archives that do not tell their encoding: found out where that is clear, read as somebody says, and read anew."""

import io
import json
import os
import sqlite3
import zipfile

import pytest

from drive import hashes, require_sound
from mount import wait_until, xattr
from zips import DOS, UTF8, Member, archive, unicode_path

JAPANESE = ["テクスチャ/木材_01.png", "テクスチャ/ソース表示.txt", "新しいフォルダー/写真.jpg"]
CHINESE = ["新建文件夹/图片1.jpg", "新建文件夹/使用说明.txt"]
TAIWANESE = ["新資料夾/圖片1.jpg", "新資料夾/使用說明書.pdf"]
KOREAN = ["새 폴더/사진1.jpg", "새 폴더/설명서.txt"]
RUSSIAN = ["Новая папка/фото1.jpg", "Новая папка/Описание.txt", "Кирпич_Color.png"]
POLISH = ["Zażółć gęślą jaźń.txt", "zdjęcia/ślub.jpg"]
DANISH = ["Århus/påske.jpg", "København/rødgrød.txt"]
WESTERN = ["Grün/Stein_größer.png", "Grün/café.txt"]


class RawInfo(zipfile.ZipInfo):
    """Its name as those bytes, with no flag."""

    def __init__(self, raw):
        super().__init__(raw.decode("cp437"), (2021, 3, 4, 5, 6, 8))
        self.raw = raw

    def _encodeFilenameFlags(self):
        return self.raw, self.flag_bits & ~UTF8


def zipped(names, encoding):
    """What Python's zipfile makes of these: each holds its own name."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as pack:
        for name in names:
            pack.writestr(RawInfo(name.encode(encoding)), name)
    return out.getvalue()


def put(folder, **packs):
    folder.mkdir(exist_ok=True)
    for name, data in packs.items():
        (folder / f"{name}.zip").write_bytes(data)
    return folder


def below(folder):
    """Sorted paths, each read: it must hold its own name, or what `zipped` was given for it."""
    return sorted(hashes(folder))


def require_names(folder, names):
    assert below(folder) == sorted(names)
    for name in names:
        assert (folder / name).read_text() == name


@pytest.fixture(scope="module")
def sound_drive(shared_drive):
    """A mount that is shared; it must be sound in the end."""
    yield shared_drive
    require_sound(shared_drive.library)


def shown(drive, scratch, data, *options):
    """The folder of this pack, under a name of its own."""
    name = f"pack{len(os.listdir(drive / 'packs'))}"
    drive.library.import_(*options, put(scratch / "in", **{name: data}))
    wait_until((drive / "packs" / name).is_dir, 30, "the pack")
    return drive / "packs" / name


@pytest.mark.parametrize("encoding, names", [
    ("cp932", JAPANESE), ("gbk", CHINESE), ("big5", TAIWANESE), ("cp949", KOREAN), ("cp866", RUSSIAN), ("cp437", WESTERN),
    ("cp932", ["くるま.pdf"]), ("gbk", ["照片/长城.jpg", "照片/春节2020.jpg"]), ("cp1251", RUSSIAN[:2]), ("koi8-r", RUSSIAN[:2]),
    ("cp1252", WESTERN[:1]), ("cp850", DANISH), ("cp852", POLISH), ("cp1250", POLISH)])
def test_what_is_clear_is_found_out(sound_drive, scratch, encoding, names):
    folder = shown(sound_drive, scratch, zipped(names, encoding))
    require_names(folder, names)
    assert all(xattr(folder / name, "user.damfs.note") is None for name in names)
    assert [xattr(folder / name, "user.damfs.member") for name in names] == names


def inside_of(library, item):
    return json.loads(library.run("info", "--json", item).stdout)["inside"]


def test_the_guess_and_what_came_next_are_told(library, scratch):
    library.import_(put(scratch / "in", russian=zipped(RUSSIAN, "cp1251"), plain=zipped(["a.txt"], "ascii")))
    inside = inside_of(library, "russian.zip")
    assert inside["names_encoding"] == "windows-1251" != inside["names_runner_up"]
    assert "windows-1251" in library.run("info", "russian.zip").stdout
    assert "names_encoding" not in inside_of(library, "plain.zip")
    library.run("import", "--refresh", "--encoding", "koi8-r", "russian.zip")
    inside = inside_of(library, "russian.zip")
    assert inside["names_encoding"] == "koi8-r" and "names_runner_up" not in inside


@pytest.mark.parametrize("encoding, told, names", [
    ("latin-1", "ISO-8859-1", WESTERN), ("koi8-r", "koi8_r", RUSSIAN), ("cp932", "Shift-JIS", ["木.png", "ソ.txt"]),
    ("gb18030", "GB18030", ["𠀀/说明.txt"]), ("euc_jp", "eucjp", JAPANESE), ("cp1251", "windows-1251", RUSSIAN),
    ("cp850", "cp850", ["Århus/Ø.txt"])])
def test_what_somebody_says_is_heeded(sound_drive, scratch, encoding, told, names):
    require_names(shown(sound_drive, scratch, zipped(names, encoding), "--encoding", told), names)


@pytest.mark.parametrize("options", [["--encoding", "shift-jis"], []], ids=["said", "guessed"])
def test_what_tells_its_encoding_needs_no_guess(library, mount_of, scratch, options):
    """The flag, a Unicode path that goes with the name, and what is UTF-8 anyway."""
    raw = "木材".encode("cp932")
    pack = archive(
        Member("漢字/flag.txt", b"1"), Member("Grün.txt".encode(), b"2"),
        Member(raw + b"1.txt", b"3", extra=unicode_path("Кирпич.txt", raw + b"1.txt")),
        Member(raw + b"2.txt", b"4", extra=unicode_path("not this.txt", b"another name")),
        Member("テクスチャ.txt".encode("cp932"), b"5"))
    expected = {"漢字/flag.txt", "Grün.txt", "Кирпич.txt", "木材2.txt", "テクスチャ.txt"}
    library.import_(*options, put(scratch / "in", pack=pack))
    assert set(below(mount_of(library) / "packs/pack")) == expected


def test_a_name_that_is_impossible_in_it_is_read_as_before(sound_drive, scratch):
    pack = archive(Member("größer.txt".encode("cp1252"), b"1"), Member(b"bad \x81.txt", b"2"))
    folder = shown(sound_drive, scratch, pack, "--encoding", "windows-1252")
    assert set(below(folder)) == {"größer.txt", b"bad \x81.txt".decode("cp437")}


def test_half_of_a_character_is_no_separator(sound_drive, scratch):
    """Its second byte may be that of a backslash, which DOS tools part folders with."""
    names = ["ソース.txt", "表示能力.txt", "テクスチャ.png"]
    assert any(b"\\" in name.encode("cp932") for name in names)
    pack = archive(*(Member(name.encode("cp932"), name.encode(), host=DOS) for name in names),
                   Member("能\\表.txt".encode("cp932"), "能/表.txt".encode(), host=DOS))
    require_names(shown(sound_drive, scratch, pack), names + ["能/表.txt"])


def test_an_archive_within_an_archive_is_judged_by_its_own_names(sound_drive, scratch):
    outer = archive(Member("日本語の名前.zip".encode("cp932"), zipped(RUSSIAN, "cp866")), Member("テクスチャ.txt".encode("cp932"), b"1"))
    folder = shown(sound_drive, scratch, outer)
    require_names(folder / "日本語の名前.zip", RUSSIAN)
    assert sorted(os.listdir(folder)) == ["テクスチャ.txt", "日本語の名前.zip"]


def test_the_setting_holds_for_imports_and_for_what_is_dropped_in(drive, scratch):
    drive.mount.stop()
    drive.library.configure("packs", encoding='"Latin1"')
    drive.remount()
    drive.library.import_(put(scratch / "in", imported=zipped(WESTERN, "latin-1")))
    drive.library.import_("--encoding", "auto", put(scratch / "auto", auto=zipped(RUSSIAN, "cp866")))
    names = [name.replace("Gr", "G") for name in WESTERN]
    (drive.originals / "dropped.zip").write_bytes(zipped(names, "latin-1"))
    wait_until(lambda: len(os.listdir(drive / "packs")) == 5, 30, "all three")
    require_names(drive / "packs/imported", WESTERN)
    require_names(drive / "packs/dropped", names)
    require_names(drive / "packs/auto", RUSSIAN)


def test_what_nobody_knows_is_refused(library, scratch):
    put(scratch / "in", pack=zipped(WESTERN, "latin-1"))
    refused = library.run("import", "--encoding", "klingon", scratch / "in", expect=1)
    assert all(name in refused.stderr for name in ("klingon", "auto", "shift-jis", "windows-1258", "iso-8859-16", "cp866"))
    assert library.find() == []
    assert "shift-jis" in library.run("import", "--help").stdout
    library.configure("packs", encoding='"klingon"')
    refused = library.run("status", expect=1)
    assert "damfs.toml" in refused.stderr and "packs.encoding" in refused.stderr and "shift-jis" in refused.stderr


def inodes(folder):
    return sorted(os.lstat(os.path.join(at, name)).st_ino for at, folders, files in os.walk(folder) for name in folders + files)


def test_names_are_read_anew(library, mount_of, scratch):
    library.import_("--hash-members", "--encoding", "cp437", put(scratch / "in", latin=zipped(WESTERN, "latin-1"), russian=zipped(RUSSIAN, "cp866")))
    mount = mount_of(library)
    wrong = sorted(name.encode("latin-1").decode("cp437") for name in WESTERN)
    assert below(mount / "packs/latin") == wrong
    before = inodes(mount / "packs/latin")
    os.listdir(mount / "packs/latin" / wrong[0].split("/")[0])
    held = os.open(mount / "packs/latin" / wrong[0].split("/")[0], os.O_RDONLY | os.O_DIRECTORY)
    assert "2 originals looked at again" in library.run("import", "--refresh", "--encoding", "latin1").stdout
    # The mount that is open shows it, also where somebody had looked.
    wait_until(lambda: below(mount / "packs/latin") == sorted(WESTERN), 30, "the right names")
    require_names(mount / "packs/latin", WESTERN)
    assert inodes(mount / "packs/latin") == before, "other node numbers"
    assert not os.path.lexists(mount / "packs/latin" / wrong[0])
    wait_until(lambda: sorted(os.listdir(held)) == ["Stein_größer.png", "café.txt"], 30, "them in a folder that is held open")
    os.close(held)
    assert xattr(mount / "packs/latin" / WESTERN[0], "user.damfs.sha256") is not None, "its SHA-256 was not made again"
    # What is read so already is not read again; and one by one it can be read otherwise.
    assert "0 originals looked at again" in library.run("import", "--refresh", "--encoding", "latin1").stdout
    assert below(mount / "packs/russian") != sorted(RUSSIAN)
    library.run("import", "--refresh", "--encoding", "cp866", mount / "packs/russian")
    wait_until(lambda: below(mount / "packs/russian") == sorted(RUSSIAN), 30, "the right names of the other")
    require_names(mount / "packs/latin", WESTERN)
    require_sound(library)


def test_a_look_after_an_upgrade_keeps_what_was_said(library, mount_of, scratch):
    library.import_("--encoding", "latin1", put(scratch / "in", latin=zipped(WESTERN, "latin-1")))
    with sqlite3.connect(library.path / "catalog.db") as catalog:
        catalog.execute("UPDATE technical SET probe = 1")
    assert "1 originals looked at again" in library.run("import", "--refresh").stdout
    require_names(mount_of(library) / "packs/latin", WESTERN)


def test_materials_are_called_anew(library, mount_of, scratch):
    names = ["Ziegel_größe_Color.png", "Ziegel_größe_Normal.png"]
    library.import_("--encoding", "cp437", put(scratch / "in", ziegel=zipped(names, "latin-1")))
    mount = mount_of(library)
    assert len(os.listdir(mount / "packs/by-material")) == 1 and os.listdir(mount / "packs/by-material") != ["Ziegel_größe"]
    library.run("import", "--refresh", "--encoding", "latin1", "ziegel.zip")
    wait_until(lambda: os.listdir(mount / "packs/by-material") == ["Ziegel_größe"], 30, "its right name, and no other")
    assert (mount / "packs/by-material/Ziegel_größe/albedo.png").read_text() == names[0]


def test_what_is_to_be_read_anew_must_be_there(library, mount_of, scratch):
    library.import_(put(scratch / "in", latin=zipped(WESTERN, "latin-1")))
    assert "no.zip" in library.run("import", "--refresh", "--encoding", "latin1", "no.zip", expect=1).stderr
    assert "no.zip" in library.run("import", "--refresh", "--encoding", "latin1", "no.zip", "latin.zip", expect=2).stderr
    require_names(mount_of(library) / "packs/latin", WESTERN)
