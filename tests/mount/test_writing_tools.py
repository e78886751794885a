# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The programs that people copy, unpack and save with write to originals/ as to any drive."""

import os
import random
import shutil
import subprocess

import pytest

from drive import SECOND_NS, hashes, tree_of
from media import sha256


def needs(*programs):
    missing = [program for program in programs if not shutil.which(program)]
    return pytest.mark.skipif(bool(missing), reason=f"no {', '.join(missing)}")


@pytest.fixture
def tree(scratch):
    """Folders in folders, files of odd sizes, modes and times; times last, so that folders keep theirs."""
    source = random.Random(7)
    top = scratch / "tree"
    for name, size in {"a.bin": 0, "b.bin": 1, "one/c.bin": 4095, "one/two/d.bin": 131073, "one/two/three/e.bin": 4096,
                       "Ünï çödé/f g.bin": 70000, "one/équal.bin": 4095}.items():
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(source.randbytes(size))
    (top / "empty").mkdir()
    (top / "b.bin").chmod(0o600)
    (top / "one/c.bin").chmod(0o755)
    (top / "one/two").chmod(0o700)
    for n, path in enumerate(sorted(top.rglob("*"), reverse=True)):
        os.utime(path, ns=(0, (1_000_000_000 + n * 86_400) * SECOND_NS + 123_456_789))
    return top


# --- copying trees --------------------------------------------------------------------------------------

def test_cp_keeps_bytes_times_and_modes_of_files_and_folders(drive, tree):
    drive.run("cp", "-a", tree, drive.originals / "copy")
    assert tree_of(drive.originals / "copy") == tree_of(tree)
    drive.run("diff", "-r", tree, drive.originals / "copy")
    drive.expect({f"copy/{name}": digest for name, digest in hashes(tree).items()})
    assert tree_of(drive.originals / "copy") == tree_of(tree), "after a remount"


@needs("rsync")
def test_rsync_has_nothing_to_do_the_second_time(drive, tree):
    drive.run("rsync", "-a", f"{tree}/", f"{drive.originals}/copy/")
    assert tree_of(drive.originals / "copy") == tree_of(tree)
    again = ("rsync", "-a", "--itemize-changes", f"{tree}/", f"{drive.originals}/copy/")
    assert drive.run(*again).stdout == ""
    drive.expect({f"copy/{name}": digest for name, digest in hashes(tree).items()})
    assert drive.run("rsync", "-a", "--itemize-changes", "--checksum", f"{tree}/", f"{drive.originals}/copy/").stdout == ""
    labels = set(os.listdir(drive / "recent"))
    assert labels == {os.path.basename(name) for name in hashes(tree)}, "a label tells a passing name of rsync's"


@needs("rsync")
@pytest.mark.parametrize("how", [["--inplace"], ["--inplace", "--no-whole-file"], ["--no-whole-file"], ["--append"],
                                 ["--delay-updates"], ["--partial-dir=.rsync-partial"], ["--fsync"]], ids=" ".join)
def test_rsync_of_a_changed_file_makes_a_new_version(drive, tree, how):
    if "--fsync" in how and "--fsync" not in drive.run("rsync", "--help").stdout:
        pytest.skip("this rsync has no --fsync")
    drive.run("rsync", "-a", f"{tree}/", f"{drive.originals}/")
    drive.tag("kept", "one/two/d.bin")
    changed, old = tree / "one/two/d.bin", sha256(tree / "one/two/d.bin")
    data = bytearray(changed.read_bytes())
    if "--append" not in how:
        data[60000:60010] = b"0123456789"
    changed.write_bytes(data + b"longer")
    drive.run("rsync", "-a", *how, f"{tree}/", f"{drive.originals}/")
    assert drive.tags("one/two/d.bin") == ["kept"]
    assert old in {path.name for path in drive.library.objects()}, "the version before is gone"
    drive.expect(hashes(tree))


@needs("rsync")
def test_rsync_delete_moves_to_the_trash(drive, tree):
    drive.run("rsync", "-a", f"{tree}/", f"{drive.originals}/copy/")
    shutil.rmtree(tree / "one")
    gone = sha256(drive.originals / "copy/one/c.bin")
    drive.run("rsync", "-a", "--delete", f"{tree}/", f"{drive.originals}/copy/")
    assert gone in hashes(drive / "trash").values()
    drive.expect({f"copy/{name}": digest for name, digest in hashes(tree).items()})


@needs("tar")
def test_tar_extracts(drive, tree, scratch):
    drive.run("tar", "-C", tree, "-cf", scratch / "tree.tar", "--format=posix", ".")
    (drive.originals / "out").mkdir()
    drive.run("tar", "-C", drive.originals / "out", "-xpf", scratch / "tree.tar")
    assert tree_of(drive.originals / "out") == tree_of(tree)
    drive.expect({f"out/{name}": digest for name, digest in hashes(tree).items()})


@needs("zip", "unzip")
def test_unzip(drive, tree, scratch):
    drive.run("zip", "-qr", scratch / "tree.zip", ".", cwd=tree)
    drive.run("unzip", "-q", scratch / "tree.zip", "-d", drive.originals / "out")
    assert {name: mtime // SECOND_NS // 2 for name, (_, mtime) in tree_of(drive.originals / "out").items()} == \
        {name: mtime // SECOND_NS // 2 for name, (_, mtime) in tree_of(tree).items()}
    drive.expect({f"out/{name}": digest for name, digest in hashes(tree).items()})


def test_mv_in_from_another_drive_and_out_again(drive, tree, scratch):
    expected, attributes = hashes(tree), tree_of(tree)
    drive.run("mv", tree, drive.originals / "moved")
    assert not tree.exists()
    assert tree_of(drive.originals / "moved") == attributes
    drive.expect({f"moved/{name}": digest for name, digest in expected.items()})
    drive.run("mv", drive.originals / "moved", scratch / "out")
    assert hashes(scratch / "out") == expected and tree_of(scratch / "out") == attributes
    assert os.listdir(drive.originals) == []
    assert set(hashes(drive / "trash").values()) == set(expected.values()), "what was moved out is in the trash"
    drive.expect({})


def test_dd(drive, scratch):
    data = random.Random(1).randbytes(300_000)
    (scratch / "source").write_bytes(data)
    for n, how in enumerate((["conv=fsync"], ["conv=fdatasync"], ["oflag=sync"], ["oflag=direct"], ["conv=sparse"])):
        drive.run("dd", f"if={scratch}/source", f"of={drive.originals}/dd{n}.bin", "bs=32k", *how)
    part = (drive.originals / "part.bin")
    part.write_bytes(bytes(100_000))
    drive.run("dd", f"if={scratch}/source", f"of={part}", "bs=1000", "count=10", "seek=20", "conv=notrunc,fsync")
    (scratch / "expected").write_bytes(bytes(20_000) + data[:10_000] + bytes(70_000))
    drive.expect({f"dd{n}.bin": sha256(scratch / "source") for n in range(5)} | {"part.bin": sha256(scratch / "expected")})
    assert len({info.st_ino for _, info in drive.mount.files("originals")}) == 6
    assert drive.mount.stats()["blobs"] == 3, "those of five files, and two states of part.bin"


# --- programs that save ---------------------------------------------------------------------------------

@pytest.fixture
def letter(drive):
    """A tagged text, and a check that it was saved as another version of the same asset."""
    path = drive.originals / "letters/letter.txt"
    path.parent.mkdir()
    path.write_text("hello\n")
    drive.tag("kept", "letters/letter.txt")
    first, inode, asset = sha256(path), os.stat(path).st_ino, os.getxattr(path, "user.damfs.id")

    def check(text, others=()):
        assert path.read_text() == text
        assert os.stat(path).st_ino != inode, "a new version is a new inode"
        assert os.getxattr(path, "user.damfs.id") == asset, "saving made another asset of it"
        assert os.getxattr(path, "user.xdg.tags") == b"kept"
        assert os.listdir(drive / "by-tag/kept") == ["letter.txt"] and (drive / "by-tag/kept/letter.txt").read_text() == text
        assert first in {object.name for object in drive.library.objects()}, "the version before is gone"
        assert os.listdir(drive / "trash") == []
        assert sorted(os.listdir(path.parent)) == sorted(["letter.txt", *others])
        drive.expect({"letters/letter.txt": sha256(path)}, passing={f"letters/{name}": sha256(path.parent / name) for name in others})

    check.path = path
    return check


VIM = {"in place": "set backupskip= backupcopy=yes", "by renaming": "set backupskip= backupcopy=no", "as it likes": "set backupskip=",
       "without a backup": "set nowritebackup"}


@needs("vim")
@pytest.mark.parametrize("how", VIM)
def test_vim(drive, letter, how):
    drive.run("vim", "-Nu", "NONE", "-i", "NONE", "-es", "-V1", "-c", VIM[how], "-c", "%s/hello/goodbye/", "-c", "wq", letter.path)
    letter("goodbye\n")


@needs("vim")
def test_vim_keeps_a_backup_beside_it(drive, letter):
    drive.run("vim", "-Nu", "NONE", "-i", "NONE", "-es", "-V1", "-c", "set backup backupskip= backupcopy=no",
              "-c", "%s/hello/goodbye/", "-c", "wq", letter.path)
    assert (letter.path.parent / "letter.txt~").read_text() == "hello\n"
    os.unlink(letter.path.parent / "letter.txt~")  # what is aside lasts as long as the mount; it is a version besides
    letter("goodbye\n")


@needs("sed")
def test_sed_in_place(drive, letter):
    drive.run("sed", "-i", "s/hello/goodbye/", letter.path)
    letter("goodbye\n")


@needs("perl")
def test_perl_in_place(drive, letter):
    drive.run("perl", "-pi", "-e", "s/hello/goodbye/", letter.path)
    letter("goodbye\n")


@pytest.mark.parametrize("temporary", ["lu12ab3c.tmp", ".goutputstream-X1Y2Z3", "letter.txt.part", ".letter.txt.swp", "letter.txt.crdownload"])
def test_saved_beside_and_renamed_over(drive, letter, temporary):
    """As LibreOffice, GIO, and everything that saves safely does it."""
    new = letter.path.parent / temporary
    with open(new, "w") as file:
        file.write("goodbye\n")
        file.flush()
        os.fsync(file.fileno())
    assert temporary not in drive.library.by_name(), "a passing name was catalogued"
    os.replace(new, letter.path)
    folder = os.open(letter.path.parent, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)
    letter("goodbye\n")


def test_saved_in_place(drive, letter):
    with open(letter.path, "w") as file:  # O_TRUNC
        file.write("goodbye\n")
    letter("goodbye\n")


def test_saved_over_without_truncating_first(drive, letter):
    fd = os.open(letter.path, os.O_RDWR)
    os.write(fd, b"goodbye, and that is all\n")
    os.ftruncate(fd, 7)
    os.lseek(fd, 0, os.SEEK_END)
    os.write(fd, b"\n")
    os.close(fd)
    letter("goodbye\n")


def test_moved_aside_then_written_anew(drive, letter):
    """As emacs does it: the old file becomes the backup."""
    backup = letter.path.parent / "letter.txt~"
    os.rename(letter.path, backup)
    letter.path.write_text("goodbye\n")
    assert backup.read_text() == "hello\n"
    backup.unlink()
    letter("goodbye\n")


def test_a_file_saved_unchanged_stays_the_version_it_is(drive):
    path = drive.originals / "same.txt"
    path.write_text("same\n")
    before, blobs = os.stat(path).st_ino, drive.mount.stats()["blobs"]
    path.write_text("same\n")
    assert drive.mount.stats()["blobs"] == blobs and path.read_text() == "same\n"
    assert os.stat(path).st_ino == before
    drive.expect({"same.txt": sha256(path)})


@needs("exiftool")
@pytest.mark.parametrize("how", [["-overwrite_original"], ["-overwrite_original_in_place"], []], ids=["renaming", "in place", "with a copy"])
def test_exiftool_makes_a_new_version_of_a_photo(drive, demo, how):
    photo = drive.originals / "photo.jpg"
    shutil.copy2(demo / "Italy 2024/IMG_0001.JPG", photo)
    drive.tag("kept", "photo.jpg")
    before, asset = os.stat(photo), os.getxattr(photo, "user.damfs.id")
    drive.run("exiftool", *how, "-Artist=Somebody", photo)
    assert drive.run("exiftool", "-s3", "-Artist", photo).stdout == "Somebody\n"
    assert os.stat(photo).st_ino != before.st_ino
    assert sha256(demo / "Italy 2024/IMG_0001.JPG") in {path.name for path in drive.library.objects()}
    if how:
        assert os.getxattr(photo, "user.damfs.id") == asset and "kept" in drive.tags("photo.jpg")
        assert os.listdir(drive / "by-tag/kept") == ["photo.jpg"]
    else:
        assert sha256(drive.originals / "photo.jpg_original") == sha256(demo / "Italy 2024/IMG_0001.JPG")
    drive.expect(hashes(drive.originals))


def test_a_download_is_an_asset_once_it_has_its_name(drive):
    part, done = drive.originals / "film.mov.part", drive.originals / "film.mov"
    data = random.Random(2).randbytes(500_000)
    with open(part, "wb") as file:
        for at in range(0, len(data), 50_000):
            file.write(data[at:at + 50_000])
    assert drive.mount.stats()["assets"] == 0 and part.stat().st_size == len(data)
    with open(part, "ab") as file:  # carried on
        file.write(b"end")
    inode = part.stat().st_ino
    os.rename(part, done)
    assert done.read_bytes() == data + b"end" and done.stat().st_ino == inode and not part.exists()
    assert drive.mount.stats()["assets"] == 1
    drive.expect({"film.mov": sha256(done)})


def test_litter_is_served_and_never_catalogued(drive, letter):
    for name in (".DS_Store", "._letter.txt", "Thumbs.db", "desktop.ini", ".directory"):
        path = letter.path.parent / name
        path.write_text(name)
        assert path.read_text() == name and name in os.listdir(path.parent)
    assert drive.mount.stats()["assets"] == 1 and set(drive.library.by_name()) == {"letters/letter.txt"}
    for name in (".DS_Store", "._letter.txt", "Thumbs.db", "desktop.ini", ".directory"):
        (letter.path.parent / name).unlink()
    assert os.listdir(letter.path.parent) == ["letter.txt"]
    shutil.rmtree(letter.path.parent)
    assert os.listdir(drive.originals) == []


@needs("git")
def test_a_git_checkout_works(drive):
    """Thousands of small files, renames and locks; whoever keeps a project among the media does this."""
    git = ["git", "-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "init.defaultBranch=main"]
    place = drive.originals / "project"
    place.mkdir()
    drive.run(*git, "init", "-q", cwd=place)
    for n in range(20):
        (place / f"{n}.txt").write_text(f"{n}\n" * 100)
    drive.run(*git, "add", ".", cwd=place)
    drive.run(*git, "commit", "-qm", "first", cwd=place)
    (place / "3.txt").write_text("changed\n")
    drive.run(*git, "commit", "-qam", "second", cwd=place)
    drive.run(*git, "checkout", "-q", "HEAD~1", cwd=place)
    assert (place / "3.txt").read_text() == "3\n" * 100
    drive.run(*git, "gc", "-q", cwd=place)
    drive.run(*git, "fsck", "--strict", cwd=place)
    assert drive.run(*git, "status", "--porcelain", cwd=place).stdout == ""
    drive.remount()
    drive.run(*git, "fsck", "--strict", cwd=drive.originals / "project")


def test_a_download_is_carried_on_after_a_remount(drive):
    """What has a passing name is no asset, and it is not lost either: its close() had returned."""
    part = drive.originals / "film.mov.part"
    part.write_bytes(b"first half, ")
    drive.remount()
    part = drive.originals / "film.mov.part"
    assert part.read_bytes() == b"first half, " and drive.mount.stats()["assets"] == 0
    with open(part, "ab") as file:
        file.write(b"second half")
    os.rename(part, drive.originals / "film.mov")
    assert drive.mount.stats()["assets"] == 1
    drive.expect({"film.mov": sha256(drive.originals / "film.mov")})
