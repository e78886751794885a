# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What leaves the library by command: exported files, whole or not at all, and their sidecars."""

import errno
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import time
from pathlib import Path

import pytest

from drive import hashes
from library import Library, environment, turn_a_byte
from loop import folder_with_reflinks, only_root
from media import picture, sha256, write
from mount import wait_until

HOUR_NS = 3_600_000_000_000


@pytest.fixture
def filled(library, scratch):
    source = scratch / "trips"
    for n, name in enumerate(("2024/rome/forum.txt", "2024/rome/arch.txt", "2023/oslo/forum.txt", "2023/pier.txt")):
        write(source / name, f"{name}\n" * 100, 0o640 + n % 2 * 4, 1_600_000_000_123_456_789 + n * HOUR_NS)
    library.import_(source)
    library.source = source
    return library


def events(library, *args, **options):
    lines = library.json_lines("export", *args, **options)
    assert lines[-1]["event"] == "done" and all(line["event"] != "done" for line in lines[:-1]), lines
    return lines[:-1], lines[-1]


def names_in(folder):
    return sorted(os.path.relpath(os.path.join(at, name), folder) for at, _, names in os.walk(folder) for name in names)


def test_what_is_exported_is_the_original_in_its_folder(filled, scratch):
    out = scratch / "new/deeper/out"
    said = filled.run("export", "path:2024", out).stdout
    assert said.startswith("2 files exported (3.8 KiB), 0 were there already, 0 failed"), said
    assert names_in(out) == ["2024/rome/arch.txt", "2024/rome/forum.txt"]
    filled.run("export", "", out)
    assert hashes(out) == hashes(filled.source)
    for name in names_in(out):
        copied, original = os.stat(out / name), os.stat(filled.source / name)
        assert (copied.st_mode, copied.st_mtime_ns) == (original.st_mode, original.st_mtime_ns), name


def test_a_second_run_carries_on_and_writes_nothing_anew(filled, scratch):
    out = scratch / "out"
    filled.run("export", "forum", out)
    before = {name: os.stat(out / name).st_ino for name in names_in(out)}
    told, done = events(filled, "", out)
    assert (done["exported"], done["there"], done["failed"]) == (2, 2, 0)
    assert {each["event"] for each in told if each["path"].endswith("forum.txt")} == {"there"}
    assert {name: os.stat(out / name).st_ino for name in before} == before
    assert events(filled, "", out)[1]["exported"] == 0 and len(names_in(out)) == 4


def test_what_is_there_is_never_written_over(filled, scratch):
    out = scratch / "out"
    write(out / "2024/rome/forum.txt", "somebody's own")
    for run, exported in ((1, 2), (2, 0)):
        told, done = events(filled, "path:2024", out)
        assert done["exported"] == exported, (run, told)
        assert str(out / "2024/rome/forum~2.txt") in [each["to"] for each in told]
    assert (out / "2024/rome/forum.txt").read_text() == "somebody's own"
    assert sha256(out / "2024/rome/forum~2.txt") == sha256(filled.source / "2024/rome/forum.txt")
    said = filled.run("export", "path:2024", out).stderr
    assert "2024/rome/forum.txt: its name there is 2024/rome/forum~2.txt, for there is another 'forum.txt'" in said


def test_flat_puts_all_in_one_folder(filled, scratch):
    out = scratch / "out"
    for _ in range(2):
        done = filled.run("export", "", out, "--flat")
        assert names_in(out) == ["arch.txt", "forum.txt", "forum~2.txt", "pier.txt"]
        assert done.stderr.count("another 'forum.txt'") == 1
    assert sorted(hashes(out).values()) == sorted(hashes(filled.source).values())


def test_a_dry_run_makes_nothing(filled, scratch):
    out = scratch / "out"
    said = filled.run("export", "path:2024", out, "--dry-run", "--xmp").stdout.splitlines()
    assert not out.exists()
    assert sorted(said[:4]) == [str(out / f"2024/rome/{name}")
                                for name in ("arch.txt", "arch.txt.xmp", "forum.txt", "forum.txt.xmp")]
    assert said[4].startswith("4 files to be exported")
    filled.run("export", "path:2024", out)
    before = names_in(out)
    told, done = events(filled, "", out, "--dry-run")
    assert names_in(out) == before and (done["exported"], done["there"], done["dry_run"]) == (2, 2, True)


def test_only_what_find_finds_is_exported_and_copies_when_asked(filled, scratch):
    write(filled.source.parent / "again/copy.txt", (filled.source / "2023/pier.txt").read_bytes())
    filled.import_(filled.source.parent / "again", "--into", "again")
    assert events(filled, "", scratch / "a")[1]["exported"] == 4
    assert events(filled, "", scratch / "b", "--copies")[1]["exported"] == 5
    assert "`damfs find paris` finds nothing" in filled.run("export", "paris", scratch / "c", expect=1).stderr
    assert "OR" in filled.run("export", "a OR b", scratch / "c", expect=1).stderr
    assert not (scratch / "c").exists()


def test_a_damaged_original_is_named_and_the_rest_goes_on(filled, scratch):
    known = filled.by_name()
    turn_a_byte(filled.path / "objects" / "/".join(
        (known["2024/rome/arch.txt"]["sha256"][:2], known["2024/rome/arch.txt"]["sha256"][2:4],
         known["2024/rome/arch.txt"]["sha256"])), at=50)
    out = scratch / "out"
    done = filled.run("export", "path:2024", out, expect=2)
    assert "failed: 2024/rome/arch.txt: its object is damaged" in done.stderr
    assert names_in(out) == ["2024/rome/forum.txt"], "nothing of the damaged one, under no name"
    filled.run("verify", expect=1)
    told, closing = events(filled, "", out, expect=2)
    assert closing["failed"] == 1 and [each["path"] for each in told if each["event"] == "failed"] == ["2024/rome/arch.txt"]
    assert "damaged" in [each for each in told if each["event"] == "failed"][0]["reason"]


def test_it_goes_neither_into_a_mount_nor_into_a_library(filled, scratch, mount_of):
    mount = mount_of(filled)
    (scratch / "link").symlink_to(filled.path / "objects")
    for place in (mount / "originals/out", mount.path, filled.path, filled.path / "objects/x", scratch / "link/x"):
        said = filled.run("export", "", place, expect=1).stderr
        assert "inside" in said and "folder" in said, said
    write(scratch / "file", "x")
    assert "is a file; name a folder" in filled.run("export", "", scratch / "file", expect=1).stderr
    assert not (scratch / "file/x").exists() and len(filled.by_name()) == 4


def test_no_link_in_it_is_followed(filled, scratch):
    out, elsewhere = scratch / "out", scratch / "elsewhere"
    elsewhere.mkdir()
    (out / "2024").mkdir(parents=True)
    (out / "2024/rome").symlink_to(elsewhere)
    (out / "2023").mkdir()
    (out / "2023/pier.txt").symlink_to(elsewhere / "made")
    done = filled.run("export", "", out, expect=2)
    assert not list(elsewhere.iterdir()) and done.stderr.count("symbolic link") == 2, done.stderr
    assert (out / "2023/pier.txt").is_symlink() and (out / "2023/pier~2.txt").read_text()
    link = scratch / "to out"
    link.symlink_to(scratch / "real")
    (scratch / "real").mkdir()
    filled.run("export", "pier", link)
    assert names_in(scratch / "real") == ["2023/pier.txt"], "the way to DIR is the user's own"


HOSTILE = [b"new\nline.txt", b"\xff\xfe bytes.txt", b"x" * 251 + b".txt", b"-rf", b"~", b"a'b\"c`$(x).txt", b".config.txt",
           "ü".encode() + b".txt", b"y" * 255]


def test_hostile_names_come_out_as_they_are(drive, scratch):
    for n, name in enumerate(HOSTILE):
        with open(os.fsencode(drive.originals) + b"/" + name, "wb") as file:
            file.write(b"%d" % n * 1000)
    out = scratch / "out"
    for options in ([], ["--flat"], ["--xmp"]):
        shutil.rmtree(out, ignore_errors=True)
        done = drive.library.run("export", "", out, *options, expect=None)
        there = {os.fsencode(each.name) for each in out.iterdir()}
        assert not set(HOSTILE) - there, set(HOSTILE) - there
        for n, name in enumerate(HOSTILE):
            assert Path(os.fsdecode(os.fsencode(out) + b"/" + name)).read_bytes() == b"%d" % n * 1000
        if options == ["--xmp"]:
            assert b"x" * 251 + b".xmp" in there and len(there) == 2 * len(HOSTILE) - 1
            assert done.returncode == 2 and "no room for that of a sidecar" in done.stderr
        else:
            assert done.returncode == 0, done
    for line in drive.library.run("export", "", out, "--json").stdout.splitlines():
        json.loads(line)


def test_a_catalog_that_lies_leads_to_no_other_place(filled, scratch):
    catalog = sqlite3.connect(filled.path / "catalog.db")
    with catalog:
        catalog.execute("UPDATE folder SET name = '..' WHERE name = 'rome'")
        catalog.execute("UPDATE folder_entry SET name = '../../escaped' WHERE name = 'pier.txt'")
    catalog.close()
    out = scratch / "a/b/out"
    filled.run("export", "", out, expect=2)
    assert names_in(scratch / "a") == ["b/out/2023/oslo/forum.txt"] and not (scratch / "escaped").exists()


def test_a_run_that_is_killed_leaves_no_half_file_under_a_name(library, scratch):
    source = scratch / "many"
    source.mkdir()
    for n in range(40):
        (source / f"file{n:02}.bin").write_bytes(os.urandom(1 << 20) * 4)
    library.import_(source)
    wanted, out = hashes(source), scratch / "out"
    for after in (0.05, 0.15, 0.3):
        running = library.start("export", "", out)
        time.sleep(after)
        running.kill()
        running.communicate()
        for name in names_in(out) if out.exists() else ():
            assert name.startswith(".damfs-export-") or sha256(out / name) == wanted[name], name
    running = library.start("export", "", out)
    wait_until(lambda: running.poll() is not None or any(f"-{running.pid}-" in name for name in names_in(out)), 20,
               "the export to begin")
    running.send_signal(signal.SIGINT)
    said, problems = running.communicate(timeout=30)
    assert running.returncode in (0, 1) and ("Stopped" in said) == (running.returncode == 1), (said, problems)
    library.run("export", "", out)
    assert hashes(out) == wanted, "all of it, and nothing that was left over"


@only_root
def test_a_full_disk_is_told_and_what_has_a_name_is_whole(library, scratch):
    source, small = scratch / "source", scratch / "small"
    source.mkdir()
    small.mkdir()
    for n in range(8):
        (source / f"file{n}.bin").write_bytes(os.urandom(1 << 20))
    library.import_(source)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "none", small], check=True)
    try:
        done = library.run("export", "", small / "out", expect=2)
        assert "is full; make room" in done.stderr and done.stderr.count("failed:") == 1, done.stderr
        wanted = hashes(source)
        assert names_in(small) and all(sha256(small / name) == wanted[os.path.basename(name)] for name in names_in(small))
        subprocess.run(["mount", "-o", "remount,size=20m", small], check=True)
        library.run("export", "", small / "out")
        assert hashes(small / "out") == wanted
    finally:
        subprocess.run(["umount", small], check=True)


@pytest.mark.parametrize("step_ns", [100, 10_000_000, 1_000_000_000, 2_000_000_000])
def test_a_disk_with_coarse_times_is_known_again(filled, scratch, step_ns):
    out = scratch / "out"
    filled.run("export", "", out)
    for name in names_in(out):
        time_ns = os.stat(out / name).st_mtime_ns
        os.utime(out / name, ns=(time_ns, time_ns - time_ns % step_ns))
    assert events(filled, "", out)[1]["there"] == 4
    os.utime(out / "2023/pier.txt", ns=(0, os.stat(out / "2023/pier.txt").st_mtime_ns + step_ns))
    assert events(filled, "pier", out)[1]["exported"] == 1, "a later one is another"


@only_root
def test_where_the_disk_can_the_copies_share_its_blocks(scratch):
    with folder_with_reflinks(scratch / "image", scratch / "disk"):
        library = Library(scratch / "disk/library").init()
        write(scratch / "big.bin", os.urandom(100 << 20))
        library.import_(scratch / "big.bin")
        os.sync()
        before = os.statvfs(scratch / "disk")
        library.run("export", "", scratch / "disk/out")
        os.sync()
        after = os.statvfs(scratch / "disk")
        assert sha256(scratch / "disk/out/big.bin") == sha256(scratch / "big.bin")
        assert (before.f_bfree - after.f_bfree) * after.f_frsize < 20 << 20


def test_previews_are_exported_under_their_shown_names(drive, scratch):
    made = [picture(scratch / "source/2024/red.png", "red"), picture(scratch / "source/2024/blue.webp", "blue")]
    write(scratch / "source/2024/words.txt", "no picture")
    drive.library.import_(scratch / "source")
    out = scratch / "out"
    done = drive.library.run("export", "", out, "--preview", "small", expect=2)
    assert "failed: 2024/words.txt: there is no preview 'small' of it" in done.stderr
    assert names_in(out) == ["2024/blue.webp", "2024/red.png.webp"]
    for name in names_in(out):
        shown = drive / "previews/small/originals" / name
        assert sha256(shown) == sha256(out / name) and shown.stat().st_mtime_ns == (out / name).stat().st_mtime_ns
    assert events(drive.library, "type:image", out, "--preview", "small")[1]["there"] == len(made)
    said = drive.library.run("export", "", out, "--preview", "smal", expect=1).stderr
    assert "there is no preview 'smal'; there are small, medium" in said


def test_a_preview_that_fails_is_named_with_why(library, scratch):
    good = picture(scratch / "source/good.png")
    bad = bytearray(good.read_bytes())
    pixels = bad.index(b"IDAT") + 4  # of what has some of them, those are shown
    bad[pixels:] = b"\0" * (len(bad) - pixels)
    write(scratch / "source/bad.png", bytes(bad))
    library.import_(scratch / "source")
    told, done = events(library, "", scratch / "out", "--preview", "medium", expect=2)
    assert names_in(scratch / "out") == ["good.png.webp"] and (done["exported"], done["failed"]) == (1, 1)
    assert [each["reason"] for each in told if each["event"] == "failed"][0] not in ("", os.strerror(errno.EIO))


TITLE = "\"Last\" <light> & 'more' \u4e2d"
DESCRIPTION = "first line\nsecond ]]> &amp; line"
TAGS = ["places/italy/rome", "R&B", "plain"]


@pytest.fixture
def described(filled, scratch):
    picture(scratch / "photo/shot.jpg")
    filled.import_(scratch / "photo")
    for tag in TAGS:
        filled.run("tag", "add", tag, "shot.jpg")
    filled.run("set", "--rating", "4", "--title", TITLE, "--description", DESCRIPTION, "shot.jpg")
    return filled


def test_exiftool_reads_the_sidecars(described, scratch):
    out = scratch / "out"
    described.run("export", "shot", out, "--xmp")
    assert names_in(out) == ["shot.jpg", "shot.jpg.xmp"]
    told = json.loads(subprocess.run(["exiftool", "-json", "-G1", "-struct", out / "shot.jpg.xmp"], check=True,
                                     capture_output=True, text=True, env=environment(described.home)).stdout)[0]
    assert told["XMP-xmp:Rating"] == 4 and told["XMP-dc:Title"] == TITLE
    assert told["XMP-dc:Description"].splitlines() == DESCRIPTION.splitlines() or told["XMP-dc:Description"] == DESCRIPTION
    assert sorted(told["XMP-dc:Subject"]) == sorted(["rome", "R&B", "plain"])
    assert sorted(told["XMP-lr:HierarchicalSubject"]) == sorted(["places|italy|rome", "R&B", "plain"])
    assert sorted(told["XMP-digiKam:TagsList"]) == sorted(TAGS)


def test_exiv2_reads_the_sidecars(described, scratch):
    out = scratch / "out"
    described.run("export", "shot", out, "--xmp")

    def value(key):
        said = subprocess.run(["exiv2", "-g", key, "-Pv", "pr", out / "shot.jpg.xmp"], capture_output=True, text=True,
                              env=environment(described.home))
        assert said.returncode == 0, said
        return said.stdout.strip()

    assert value("Xmp.xmp.Rating") == "4" and TITLE in value("Xmp.dc.title") and DESCRIPTION in value("Xmp.dc.description")
    for key, wanted in (("Xmp.dc.subject", ["rome", "R&B", "plain"]), ("Xmp.digiKam.TagsList", TAGS),
                        ("Xmp.lr.hierarchicalSubject", ["places|italy|rome", "R&B", "plain"])):
        assert sorted(value(key).split(", ")) == sorted(wanted)


def test_a_library_reads_the_words_back(described, scratch):
    described.run("export", "shot", scratch / "out", "--xmp")
    other = Library(scratch / "other/library").init()
    other.import_(scratch / "out")
    back, = other.find("type:image")
    assert (back["rating"], back["title"], back["description"]) == (4, TITLE, DESCRIPTION)
    assert sorted(back["tags"]) == sorted(TAGS)


def test_sidecars_are_told_apart_from_what_is_there(described, scratch):
    out = scratch / "out"
    assert events(described, "shot", out, "--xmp")[1]["exported"] == 2
    assert events(described, "shot", out, "--xmp")[1]["there"] == 2
    described.run("set", "--rating", "5", "shot.jpg")
    (out / "shot.jpg.xmp").write_text("a photo program's own")
    told, done = events(described, "shot", out, "--xmp")
    assert done["exported"] == 1 and [each["to"] for each in told if each["kind"] == "sidecar"] == [str(out / "shot.jpg~2.xmp")]
    assert (out / "shot.jpg.xmp").read_text() == "a photo program's own"
