# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""XMP sidecars: what photo programs keep beside a file is read when it is imported and whenever it is written."""

import json
import os
import random
import shutil

import pytest

from drive import hashes, require_sound
from media import sha256
from mount import xattr

needs_exiftool = pytest.mark.skipif(not shutil.which("exiftool"), reason="no exiftool")

# As darktable writes it: no packet wrapper, the rating an attribute, hierarchical subjects beside flat ones.
DARKTABLE = """<?xml version="1.0" encoding="UTF-8"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="XMP Core 4.4.0-Exiv2">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/"
    xmlns:lr="http://ns.adobe.com/lightroom/1.0/" xmlns:darktable="http://darktable.sf.net/"
    xmp:Rating="{rating}" darktable:xmp_version="5">
   <dc:title><rdf:Alt><rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title>
   <dc:subject><rdf:Seq>{leaves}</rdf:Seq></dc:subject>
   <lr:hierarchicalSubject><rdf:Seq>{trees}</rdf:Seq></lr:hierarchicalSubject>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
"""


DATE = "<exif:DateTimeOriginal xmlns:exif='http://ns.adobe.com/exif/1.0/'>1999-08-07T10:00:00</exif:DateTimeOriginal>"


def darktable(rating=1, title="", tags=()):
    items = lambda texts: "".join(f"<rdf:li>{text}</rdf:li>" for text in texts)  # noqa: E731
    return DARKTABLE.format(rating=rating, title=title, leaves=items(tag.split("|")[-1] for tag in tags), trees=items(tags))


def make(path, seed):
    path.write_bytes(random.Random(seed).randbytes(5000))


def said(library, name):
    info = json.loads(library.run("info", name, "--json").stdout)
    return {"rating": info.get("rating"), "title": info.get("title") or "", "tags": set(info["tags"])}


def test_sidecars_are_read_at_import(library, scratch):
    card = scratch / "card"
    card.mkdir()
    for seed, name in enumerate(("a.jpg", "b.cr2", "b.jpg", "c.tif", "d.jpg")):
        make(card / name, seed)
    (card / "a.jpg.xmp").write_text(darktable(4, "Rome &amp; more", ["places|italy|rome", "beach"]))
    (card / "b.xmp").write_text(darktable(2, tags=["both"]))
    (card / "c.tif.XMP").write_text(darktable(-1))
    (card / "d.jpg.xmp").write_text("<?xpacket begin='' id='x'?><x:xmpmeta>cut sho")
    assert f"not heard: {card}/d.jpg.xmp: its XMP is malformed" in library.run("import", card).stderr
    assert said(library, "a.jpg") == {"rating": 4, "title": "Rome & more", "tags": {"places/italy/rome", "beach"}}
    assert said(library, "b.cr2") == said(library, "b.jpg") == {"rating": 2, "title": "", "tags": {"both"}}
    assert said(library, "c.tif")["rating"] == -1
    assert said(library, "d.jpg") == {"rating": None, "title": "", "tags": set()}
    assert "XMP is malformed" in library.run("info", "d.jpg.xmp").stdout
    assert "d.jpg.xmp says of it is not heard: its XMP is malformed" in library.run("info", "d.jpg").stdout
    # They are files as others are, and it is not of themselves that they speak.
    assert said(library, "a.jpg.xmp") == {"rating": None, "title": "", "tags": set()}
    assert {name: asset["sha256"] for name, asset in library.by_name().items()} == hashes(card)
    assert library.import_(card)["unchanged"] == 9
    require_sound(library)


def test_of_several_sidecars_the_one_of_this_file_speaks_then_the_newer(library, scratch):
    card = scratch / "card"
    card.mkdir()
    for seed, name in enumerate(("a.jpg", "b.jpg", "b.CR2", "c.JPG", "D.JPG", "e.jpg")):
        make(card / name, seed)
    whose = '<photoshop:SidecarForExtension xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/">CR2</photoshop:SidecarForExtension>'
    files = {"a.xmp": darktable(2, tags=["stem"]), "a.jpg.xmp": darktable(5, tags=["own"]),
             "b.xmp": darktable(3).replace("<dc:subject>", whose + "<dc:subject>"), "C.XMP": darktable(3), "d.xmp": darktable(4),
             "e.jpg.xmp": darktable(1), "e.jpg.XMP": darktable(2)}
    for age, (name, text) in enumerate(files.items()):
        (card / name).write_text(text)
        os.utime(card / name, (1_600_000_000 + age, 1_600_000_000 + age))
    library.import_(card)
    rated = {name: said(library, name)["rating"] for name in ("a.jpg", "b.jpg", "b.CR2", "c.JPG", "D.JPG", "e.jpg")}
    assert rated == {"a.jpg": 5, "b.jpg": None, "b.CR2": 3, "c.JPG": 3, "D.JPG": 4, "e.jpg": 2}
    assert said(library, "a.jpg")["tags"] == {"own"}


def test_a_sidecar_that_comes_first_is_heard_too(library, scratch):
    for folder, name in (("one", "a.jpg.xmp"), ("two", "a.jpg")):
        (scratch / folder).mkdir()
        if name.endswith(".xmp"):
            (scratch / folder / name).write_text(darktable(3, tags=["early"]))
        else:
            make(scratch / folder / name, 1)
        library.import_(scratch / folder)
    assert said(library, "a.jpg") == {"rating": 3, "title": "", "tags": {"early"}}


def test_of_a_sidecar_written_again_what_is_new_is_heard(drive):
    photo, sidecar = drive.originals / "a.jpg", drive.originals / "a.jpg.xmp"
    make(photo, 1)
    sidecar.write_text(darktable(2, "one", ["beach", "places|rome"]))
    assert said(drive.library, "a.jpg") == {"rating": 2, "title": "one", "tags": {"beach", "places/rome"}}
    assert os.path.exists(drive / "by-tag/places/rome/a.jpg") and os.path.exists(drive / "by-rating/2/a.jpg")

    # What is said elsewhere meanwhile stays, where the sidecar says what it said before.
    drive.library.run("set", "--rating", "5", "a.jpg")
    drive.library.run("tag", "add", "own", "a.jpg")
    sidecar.write_text(darktable(2, "two", ["places|rome", "new"]))
    assert said(drive.library, "a.jpg") == {"rating": 5, "title": "two", "tags": {"places/rome", "own", "new"}}
    sidecar.write_text(darktable(1, "two", ["places|rome", "new"]))
    assert said(drive.library, "a.jpg")["rating"] == 1
    assert xattr(photo, "user.baloo.rating") == "2"
    os.unlink(sidecar)
    assert said(drive.library, "a.jpg") == {"rating": 1, "title": "two", "tags": {"places/rome", "own", "new"}}
    assert sidecar.name not in os.listdir(drive.originals)


def test_saved_as_editors_save_and_moved_with_its_file(drive):
    photo, sidecar = drive.originals / "a.jpg", drive.originals / "a.xmp"
    make(photo, 1)
    temporary = drive.originals / "a.xmp.tmp"
    temporary.write_text(darktable(4, tags=["saved"]))
    os.rename(temporary, sidecar)
    for _ in range(100):
        if said(drive.library, "a.jpg")["rating"] == 4:
            break
        drive.run("sleep", "0.05")
    assert said(drive.library, "a.jpg") == {"rating": 4, "title": "", "tags": {"saved"}}
    drive.library.run("set", "--rating", "1", "a.jpg")
    (drive.originals / "moved").mkdir()
    for path in (photo, sidecar):
        os.rename(path, drive.originals / "moved" / path.name)
    assert said(drive.library, "moved/a.jpg")["rating"] == 1, "moving it is not saying it again"
    drive.expect(hashes(drive.originals))


def test_writing_a_sidecar_is_one_act_and_undone_as_one(drive, scratch):
    make(drive.originals / "a.jpg", 1)
    drive.library.run("set", "--rating", "5", "a.jpg")
    before = said(drive.library, "a.jpg")
    taken = xattr(drive.originals / "a.jpg", "user.damfs.captured")
    text = darktable(2, "title", ["one", "two|three"])
    (scratch / "a.jpg.xmp").write_text(text.replace("<dc:title>", DATE + "<dc:title>"))
    drive.run("cp", scratch / "a.jpg.xmp", drive.originals)
    assert said(drive.library, "a.jpg")["rating"] == 2 and os.path.exists(drive / "by-date/1999/1999-08-07/a.jpg")
    drive.library.run("undo")
    assert said(drive.library, "a.jpg") == before
    assert xattr(drive.originals / "a.jpg", "user.damfs.captured") == taken, "the date too"
    assert not os.path.exists(drive.originals / "a.jpg.xmp")
    drive.library.run("undo", str(drive.library.json_lines("log")[0]["act"]))
    assert said(drive.library, "a.jpg")["rating"] == 2
    assert xattr(drive.originals / "a.jpg", "user.damfs.captured").startswith("1999-08-07")


def test_a_sidecar_that_cannot_be_read_says_so_of_its_file(drive):
    photo, sidecar = drive.originals / "a.jpg", drive.originals / "a.xmp"
    make(photo, 1)
    sidecar.write_text("<?xpacket begin='' id='x'?><x:xmpmeta>cut sho")
    assert xattr(photo, "user.damfs.note").startswith("what a.xmp says of it is not heard: its XMP is malformed")
    sidecar.write_text(darktable(2))
    assert xattr(photo, "user.damfs.note") is None and said(drive.library, "a.jpg")["rating"] == 2


@needs_exiftool
def test_exiftool_edits_a_sidecar_in_place_and_reads_ours(drive, scratch):
    make(drive.originals / "a.jpg", 1)
    sidecar = drive.originals / "a.jpg.xmp"
    drive.run("exiftool", "-q", "-o", sidecar, "-XMP:Rating=3", "-XMP:Title=Dömö", "-XMP:Description=two <words>",
              "-XMP-lr:HierarchicalSubject=places|italy", "-XMP:Subject=italy", "-XMP:Subject=sun")
    assert said(drive.library, "a.jpg") == {"rating": 3, "title": "Dömö", "tags": {"places/italy", "sun"}}
    before = sha256(sidecar)
    drive.run("exiftool", "-q", "-overwrite_original_in_place", "-XMP:Rating=5", "-XMP:Subject-=sun", sidecar)
    assert said(drive.library, "a.jpg") == {"rating": 5, "title": "Dömö", "tags": {"places/italy"}}
    assert before in {path.name for path in drive.library.objects()}, "the sidecar before is a version"

    ours = scratch / "ours.xmp"
    ours.write_text(drive.library.run("info", "a.jpg", "--xmp").stdout)
    [tags] = json.loads(drive.run("exiftool", "-j", "-XMP:all", ours).stdout)
    assert (tags["Rating"], tags["Title"], tags["Description"]) == (5, "Dömö", "two <words>")
    assert tags["HierarchicalSubject"] == "places|italy" and tags["TagsList"] == "places/italy" and tags["Subject"] == "italy"
    # And back: a library that knows only the bytes learns all of it from what this one wrote.
    make(drive.originals / "b.jpg", 2)
    drive.run("cp", ours, drive.originals / "b.jpg.xmp")
    assert said(drive.library, "b.jpg") == said(drive.library, "a.jpg")


def test_the_sidecar_of_one_item_is_written(drive):
    make(drive.originals / "a.jpg", 1)
    packet = drive.library.run("info", "a.jpg", "--xmp").stdout
    assert packet.startswith("<?xpacket") and "Rating" not in packet
    assert "one ITEM" in drive.library.run("info", "a.jpg", "a.jpg", "--xmp", expect=1).stderr
