# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""sidecars/: originals/ once more, with an XMP sidecar beside each file that says what the catalog knows of it."""

import errno
import json
import os
import shutil
import stat

import pytest

from drive import hashes, require_sound

needs_exiftool = pytest.mark.skipif(not shutil.which("exiftool"), reason="no exiftool")


@pytest.fixture
def filled(drive):
    (drive.originals / "Trips").mkdir()
    for name in ("a.jpg", "b.jpg", "Trips/c.jpg"):
        (drive.originals / name).write_text(name)
    drive.library.run("set", "--rating", "4", "--title", "Dömö & <more>", "a.jpg")
    drive.library.run("tag", "add", "places/italy", "a.jpg", "Trips/c.jpg")
    return drive


def said(path):
    """What the file says to whoever reads it from its first byte to its last; its size was known before."""
    info = os.stat(path)
    with open(path, "rb") as file:
        data = file.read()
    assert info.st_size == len(data) == os.stat(path).st_size, path
    return data.decode()


def test_a_sidecar_stands_beside_each_file(filled):
    assert sorted(os.listdir(filled / "sidecars")) == ["Trips", "a.jpg", "a.jpg.xmp", "b.jpg", "b.jpg.xmp"]
    assert sorted(os.listdir(filled / "sidecars/Trips")) == ["c.jpg", "c.jpg.xmp"]
    for name in ("a.jpg", "b.jpg", "Trips/c.jpg"):
        assert (filled / "sidecars" / name).read_text() == name
        assert os.stat(filled / "sidecars" / name).st_mtime_ns == os.stat(filled.originals / name).st_mtime_ns
        assert said(filled / "sidecars" / f"{name}.xmp") == filled.library.run("info", name, "--xmp").stdout
    assert stat.S_IMODE(os.stat(filled / "sidecars/a.jpg.xmp").st_mode) == 0o444
    assert not os.path.exists(filled / "sidecars/none.jpg.xmp") and not os.path.exists(filled / "previews/small/sidecars")


@needs_exiftool
def test_photo_programs_read_it(filled):
    def read():
        told = json.loads(filled.run("exiftool", "-j", filled / "sidecars/a.jpg.xmp").stdout)[0]
        return {key: told.get(key) for key in ("Rating", "Title", "Subject", "HierarchicalSubject", "TagsList")}
    expected = {"Rating": 4, "Title": "Dömö & <more>", "Subject": "italy", "HierarchicalSubject": "places|italy",
                "TagsList": "places/italy"}
    assert read() == expected
    (filled / "by-tag/places/italy").rename(filled / "by-tag/places/Italia")
    assert read() == expected | {"Subject": "Italia", "HierarchicalSubject": "places|Italia", "TagsList": "places/Italia"}


def test_it_says_what_is_so_now(filled):
    path = filled / "sidecars/a.jpg.xmp"
    with open(path) as opened:
        before = opened.read(20)
        filled.library.run("set", "--rating", "1", "--title", "another, which is longer " * 9, "a.jpg")
        assert 'Rating="1"' in said(path)
        before += opened.read()
    assert 'Rating="4"' in before and before.endswith('<?xpacket end="w"?>\n'), "whoever reads it has one state of it"
    filled.library.run("undo")
    assert said(path) == before
    (filled / "by-tag/places").rename(filled / "by-tag/a name that is rather longer than the one before")
    assert "rather longer" in said(path) and "rather longer" in said(filled / "sidecars/Trips/c.jpg.xmp")
    (filled.originals / "a.jpg").write_text("saved over")
    assert (filled / "sidecars/a.jpg").read_text() == "saved over" and 'Rating="4"' in said(path)


def test_names_that_were_asked_for_before_come_and_go(filled):
    folder = filled / "sidecars/Trips"
    assert not os.path.exists(folder / "new.jpg.xmp")
    (filled.originals / "Trips/new.jpg").write_text("new")
    assert (folder / "new.jpg").read_text() == "new" and said(folder / "new.jpg.xmp")
    os.rename(filled.originals / "Trips/new.jpg", filled.originals / "Trips/newer.jpg")
    assert said(folder / "newer.jpg.xmp") and not os.path.exists(folder / "new.jpg.xmp")
    os.unlink(filled.originals / "Trips/newer.jpg")
    assert sorted(os.listdir(folder)) == ["c.jpg", "c.jpg.xmp"] and not os.path.exists(folder / "newer.jpg.xmp")
    os.rename(filled.originals / "Trips", filled.originals / "Journeys")
    assert said(filled / "sidecars/Journeys/c.jpg.xmp") and not os.path.exists(folder)


def test_one_that_is_kept_gives_way_and_is_not_lost(filled):
    kept = filled.originals / "a.jpg.xmp"
    kept.write_text("<x:xmpmeta xmlns:x='adobe:ns:meta/'><!-- somebody's steps --></x:xmpmeta>")
    asset = filled.library.by_name()["a.jpg.xmp"]["id"]
    aside = f"a.jpg~asset{asset}.xmp"
    assert sorted(os.listdir(filled / "sidecars")) == ["Trips", "a.jpg", "a.jpg.xmp", aside, "b.jpg", "b.jpg.xmp"]
    assert (filled / "sidecars" / aside).read_text() == kept.read_text()
    assert 'Rating="4"' in said(filled / "sidecars/a.jpg.xmp")
    os.unlink(filled.originals / "a.jpg")
    assert (filled / "sidecars/a.jpg.xmp").read_text() == kept.read_text()
    assert sorted(os.listdir(filled / "sidecars")) == ["Trips", "a.jpg.xmp", "b.jpg", "b.jpg.xmp"]
    (filled.originals / "b.jpg.xmp").mkdir()
    (filled.originals / "b.jpg.xmp/in it").write_text("x")
    assert os.listdir(filled / "sidecars/b.jpg.xmp") == ["in it", "in it.xmp"]
    assert sorted(os.listdir(filled / "sidecars")) == ["Trips", "a.jpg.xmp", "b.jpg", "b.jpg.xmp"]


def test_links_and_several_names(filled):
    os.symlink("a.jpg", filled.originals / "link")
    os.link(filled.originals / "a.jpg", filled.originals / "Trips/same.jpg")
    sidecars = filled / "sidecars"
    assert os.readlink(sidecars / "link") == "a.jpg" and not os.path.lexists(sidecars / "link.xmp")
    assert (sidecars / "link").read_text() == "a.jpg"
    for one, other in (("a.jpg", "Trips/same.jpg"), ("a.jpg.xmp", "Trips/same.jpg.xmp")):
        assert os.path.samefile(sidecars / one, sidecars / other)
        assert os.stat(sidecars / one).st_nlink == os.stat(sidecars / other).st_nlink == 2
    assert os.stat(sidecars / "b.jpg").st_nlink == 1


def test_nothing_is_changed_through_it(filled):
    sidecars, before = filled / "sidecars", hashes(filled.originals)
    attempts = [lambda: open(sidecars / "new", "w"), lambda: open(sidecars / "a.jpg", "r+"), lambda: open(sidecars / "a.jpg.xmp", "w"),
                lambda: open(sidecars / "a.jpg.xmp", "a"), lambda: os.truncate(sidecars / "a.jpg.xmp", 0), lambda: os.unlink(sidecars / "a.jpg"),
                lambda: os.unlink(sidecars / "a.jpg.xmp"), lambda: os.mkdir(sidecars / "folder"), lambda: os.rmdir(sidecars / "Trips"),
                lambda: os.rename(sidecars / "a.jpg", sidecars / "c.jpg"), lambda: os.rename(sidecars / "a.jpg", filled / "by-tag/places/a.jpg"),
                lambda: os.rename(filled.originals / "a.jpg", sidecars / "Trips/a.jpg"), lambda: os.chmod(sidecars / "a.jpg", 0o600),
                lambda: os.utime(sidecars / "a.jpg.xmp"), lambda: os.setxattr(sidecars / "a.jpg", "user.xdg.tags", b"x"),
                lambda: os.symlink("a", sidecars / "b")]
    for attempt in attempts:
        with pytest.raises(OSError) as refused:
            attempt()
        assert refused.value.errno in (errno.EROFS, errno.EPERM), refused.value
    assert hashes(filled.originals) == before and filled.tags("a.jpg") == ["places/italy"]
    require_sound(filled.library)


def test_long_names_and_long_listings(filled, scratch):
    folder = scratch / "many"
    folder.mkdir()
    names = [f"{n}.txt" for n in range(700)] + ["x" * 251 + ".jpg", "x" * 250 + "y.jpg", "ä" * 125 + ".jpg"]
    for name in names:
        (folder / name).write_text(name)
    filled.library.run("import", "--into", "many", folder)
    shown = os.listdir(filled / "sidecars/many")
    assert len(shown) == len(set(shown)) == 2 * len(names)
    assert {name for name in shown if not name.endswith(".xmp")} == set(names)
    for name in shown:
        assert len(os.fsencode(name)) <= 255
        if name.endswith(".xmp"):
            said(filled / "sidecars/many" / name)


@pytest.mark.skipif(shutil.which("rsync") is None, reason="needs rsync")
def test_rsync_brings_it_anywhere_and_the_second_time_nothing(drive, scratch):
    source = scratch / "source"
    (source / "Trips").mkdir(parents=True)
    for name in ("a.jpg", "b.jpg", "Trips/c.jpg"):
        (source / name).write_text(name)
    drive.library.run("import", source)  # which looks at them, as what is written here would be a moment later

    def brought():
        told = drive.run("rsync", "-ai", f"{drive / 'sidecars'}/", scratch / "out").stdout
        return [line.split(" ", 1)[1] for line in told.splitlines() if line.startswith(">f")]
    assert set(brought()) == {"a.jpg", "a.jpg.xmp", "b.jpg", "b.jpg.xmp", "Trips/c.jpg", "Trips/c.jpg.xmp"}
    assert hashes(scratch / "out") == hashes(drive / "sidecars")
    assert brought() == []
    drive.library.run("set", "--rating", "2", "b.jpg")
    assert brought() == ["b.jpg.xmp"]
    assert 'Rating="2"' in (scratch / "out/b.jpg.xmp").read_text()
