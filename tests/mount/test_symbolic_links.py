# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Symbolic links in originals/: kept and shown as what they are, and followed by nobody but who asks the kernel to."""

import os
import shutil
import stat
import subprocess
import time

import pytest

from mount import wait_until


def needs(program):
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"needs {program}")


def run(folder, *argv):
    subprocess.run(argv, cwd=folder, check=True, capture_output=True, stdin=subprocess.DEVNULL)


def picture_of(tree):
    """Of each name below a folder: what kind, mode, time, owner and content or target it has."""
    found = {}
    for path in sorted(tree.rglob("*")):
        st = path.lstat()
        if stat.S_ISLNK(st.st_mode):
            said = os.readlink(path)
            assert st.st_size == len(os.fsencode(said))
        else:
            said = path.read_bytes() if stat.S_ISREG(st.st_mode) else None
        time_of = None if stat.S_ISDIR(st.st_mode) else st.st_mtime_ns
        found[str(path.relative_to(tree))] = (stat.S_IFMT(st.st_mode), stat.S_IMODE(st.st_mode), time_of, st.st_uid, st.st_gid, said)
    return found


@pytest.fixture
def linked(scratch):
    """A tree with links of all sorts."""
    tree = scratch / "linked"
    (tree / "sub/deep").mkdir(parents=True)
    (tree / "file").write_text("what it says\n")
    (tree / "empty").touch()
    (tree / "script").write_text("#!/bin/sh\necho ran\n")
    (tree / "script").chmod(0o755)
    for name, target in {"to-file": "file", "to-folder": "sub", "sub/up": "../file", "sub/deep/out": "../../../elsewhere",
                         "dangling": "nowhere", "absolute": "/etc/hostname", "loop": "loop", "to-script": "./script",
                         "non-utf8": b"caf\xe9", "long": "x/" * 2000 + "end", "ümlaut": "ä"}.items():
        os.symlink(target, tree / name)
        os.utime(tree / name, ns=(0, 1_600_000_000_123_456_789), follow_symlinks=False)
    return tree


COPIERS = [["cp", "-a"], ["rsync", "-a"], ["rsync", "-aX"], ["tar"]]


def copy(argv, source, destination):
    if argv == ["tar"]:
        destination.mkdir()
        packed = subprocess.run(["tar", "--format=posix", "-C", source, "-cf", "-", "."], check=True, capture_output=True).stdout
        subprocess.run(["tar", "-C", destination, "-xpf", "-"], input=packed, check=True)
        return
    subprocess.run([*argv, f"{source}/", f"{destination}"] if argv[0] == "rsync" else [*argv, source, destination], check=True)


@pytest.mark.parametrize("argv", COPIERS, ids=" ".join)
def test_a_tree_with_links_goes_in_and_comes_out_as_it_was(argv, linked, drive, scratch):
    if shutil.which(argv[0]) is None:
        pytest.skip(f"needs {argv[0]}")
    copy(argv, linked, drive.originals / "tree")
    assert picture_of(drive.originals / "tree") == picture_of(linked)
    copy(argv, drive.originals / "tree", scratch / "back")
    assert picture_of(scratch / "back") == picture_of(linked)
    drive.remount()
    assert picture_of(drive.originals / "tree") == picture_of(linked)
    drive.library.run("doctor")


def test_what_a_link_leads_to_is_what_a_program_gets(linked, drive):
    tree = drive.originals / "tree"
    shutil.copytree(linked, tree, symlinks=True)
    assert (tree / "to-file").read_text() == "what it says\n"
    ran = subprocess.run(["/bin/sh", tree / "to-script"], check=True, capture_output=True)  # a mount is noexec
    assert ran.stdout == b"ran\n"
    (tree / "to-file").write_text("said anew\n")
    assert (tree / "file").read_text() == "said anew\n" and os.readlink(tree / "to-file") == "file"
    with pytest.raises(FileNotFoundError):
        (tree / "dangling").read_text()
    (tree / "dangling").write_text("made through the link\n")
    assert (tree / "nowhere").read_text() == "made through the link\n"
    with pytest.raises(OSError, match="Too many levels"):
        (tree / "loop").read_text()


def test_a_link_replaces_and_is_replaced_by_rename(drive):
    folder = drive.originals
    (folder / "current").write_text("a file\n")
    for target in ("one", "two"):
        run(folder, "ln", "-sfn", target, "current")
        assert os.readlink(folder / "current") == target
    (folder / "new").write_text("a file again\n")
    os.rename(folder / "new", folder / "current")
    assert (folder / "current").read_text() == "a file again\n" and not (folder / "current").is_symlink()
    assert sorted(os.listdir(folder)) == ["current"]
    assert sorted(os.listdir(drive.mount / "trash")) == ["current", "current~2", "current~3"]
    assert {os.readlink(drive.mount / "trash" / name) for name in ("current~2", "current~3")} == {"one", "two"}
    drive.library.run("doctor")


def test_a_link_is_removed_to_the_trash_and_comes_back(drive):
    link = drive.originals / "link"
    link.symlink_to("there")
    drive.run("rm", link)
    assert not os.path.lexists(link)
    trashed = drive.mount / "trash" / "link"
    assert os.readlink(trashed) == "there"
    drive.library.run("trash", "restore", "link")
    wait_until(lambda: os.path.lexists(link), 5, "the link to be shown")
    assert os.readlink(link) == "there"


def test_links_are_in_no_flat_view_and_in_nothing_found(linked, drive):
    tree = drive.originals / "tree"
    shutil.copytree(linked, tree, symlinks=True)
    names = {path.name for view in ("by-date", "by-type", "recent", "by-rating") for path in (drive.mount / view).rglob("*")}
    assert "file" in names and not names & {"to-file", "dangling", "absolute"}
    found = drive.library.json_lines("find", "path:tree")
    assert sorted(os.path.basename(item["path"]) for item in found) == ["empty", "file", "script"]
    assert not list((drive.mount / "search" / "dangling").iterdir())
    drive.library.run("tag", "add", "kept", "tree")
    assert sorted(os.listdir(drive.mount / "by-tag/kept")) == ["empty", "file", "script"]


def test_a_link_takes_no_tags_and_is_put_nowhere_else(drive):
    link = drive.originals / "link"
    link.symlink_to("there")
    (drive.mount / "by-tag/kept").mkdir()
    for act in (lambda: os.symlink("x", drive.mount / "by-tag/kept/new"), lambda: os.symlink("x", drive.mount / "inbox/new"),
                lambda: os.rename(link, drive.mount / "by-tag/kept/link"), lambda: os.link(link, drive.mount / "by-tag/kept/link", follow_symlinks=False)):
        with pytest.raises(PermissionError):
            act()
    refused = drive.library.run("tag", "add", "kept", "link", expect=None)
    assert refused.returncode != 0 and "symbolic link" in refused.stderr
    assert os.readlink(link) == "there"


def test_pipes_sockets_and_devices_are_refused(drive):
    for kind in (stat.S_IFIFO, stat.S_IFSOCK, stat.S_IFCHR):
        with pytest.raises(PermissionError):
            os.mknod(drive.originals / "special", 0o644 | kind)
    assert not os.listdir(drive.originals)


def test_a_link_has_the_times_and_the_owner_that_are_set(drive):
    link = drive.originals / "link"
    link.symlink_to("there")
    os.utime(link, ns=(0, 1_500_000_000_000_000_001), follow_symlinks=False)
    if os.geteuid() == 0:
        os.chown(link, 12, 34, follow_symlinks=False)
    drive.remount()
    st = link.lstat()
    assert st.st_mtime_ns == 1_500_000_000_000_000_001 and stat.S_IMODE(st.st_mode) == 0o777
    if os.geteuid() == 0:
        assert (st.st_uid, st.st_gid) == (12, 34)


@needs("git")
def test_git_keeps_links(drive, scratch):
    repository = drive.originals / "repository"
    repository.mkdir()
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b", "-c", "init.defaultBranch=main", "-c", "safe.directory=*"]
    run(repository, *git, "init")
    (repository / "file").write_text("x\n")
    (repository / "link").symlink_to("file")
    run(repository, *git, "add", ".")
    run(repository, *git, "commit", "-m", "one")
    assert b"120000" in subprocess.run([*git, "ls-tree", "HEAD"], cwd=repository, check=True, capture_output=True).stdout
    run(drive.originals, *git, "clone", "repository", "clone")
    assert os.readlink(drive.originals / "clone/link") == "file"
    status = subprocess.run([*git, "status", "--porcelain"], cwd=repository, check=True, capture_output=True).stdout
    assert status == b""


def test_a_virtual_environment_works(drive):
    run(drive.originals, "/usr/bin/python3", "-m", "venv", "--without-pip", "venv")
    python = drive.originals / "venv/bin/python"
    assert python.is_symlink()
    said = subprocess.run([python, "-c", "import sys; print(sys.prefix)"], check=True, capture_output=True, text=True).stdout
    assert said.strip() == str(drive.originals / "venv")


def test_import_keeps_links_that_stay_within_and_names_the_others(linked, drive):
    imported = drive.library.run("import", "--into", "came", linked)
    for kept in ("to-file", "to-folder", "sub/up", "dangling", "non-utf8", "loop"):
        assert os.readlink(os.fsencode(drive.originals / "came" / kept)) == os.readlink(os.fsencode(linked / kept))
        assert (drive.originals / "came" / kept).lstat().st_mtime_ns == (linked / kept).lstat().st_mtime_ns
    told = imported.stdout + imported.stderr
    for left in ("absolute", "sub/deep/out"):
        assert not os.path.lexists(drive.originals / "came" / left)
        assert left in told
    before = picture_of(drive.originals / "came")
    drive.library.run("import", "--into", "came", linked)
    assert picture_of(drive.originals / "came") == before
    # What a link says now; a link that became a file, and the other way round.
    (linked / "to-file").unlink()
    (linked / "to-file").symlink_to("script")
    (linked / "to-folder").unlink()
    (linked / "to-folder").write_text("a file now\n")
    (linked / "empty").unlink()
    (linked / "empty").symlink_to("file")
    drive.library.run("import", "--into", "came", linked)
    wait_until(lambda: os.readlink(drive.originals / "came/to-file") == "script", 5, "what the link says now")
    wait_until(lambda: not (drive.originals / "came/to-folder").is_symlink(), 5, "the file in its place")
    assert (drive.originals / "came/to-folder").read_text() == "a file now\n"
    wait_until((drive.originals / "came/empty").is_symlink, 5, "the link in its place")
    assert os.readlink(drive.originals / "came/empty") == "file"
    assert set(picture_of(drive.originals / "came")) == set(before)
    drive.library.run("doctor")


def test_an_empty_file_is_no_link_of_that_name(linked, drive, scratch):
    """Both have the bytes of an empty file in the catalog."""
    first, second = scratch / "first", scratch / "second"
    for folder in (first, second):
        folder.mkdir()
    (first / "same").symlink_to("target")
    (second / "same").touch()
    drive.library.run("import", "--into", "x", first)
    drive.library.run("import", "--into", "x", second)
    kinds = sorted((path.is_symlink(), path.name) for path in (drive.originals / "x").iterdir())
    assert [kind for kind, _ in kinds] == [False, True] and kinds[1][1] == "same"
    drive.library.run("doctor")


def test_many_links_cost_no_more_than_many_folders(drive):
    def seconds(make):
        began = time.monotonic()
        for i in range(400):
            make(i)
        return time.monotonic() - began
    (drive.originals / "l").mkdir(), (drive.originals / "d").mkdir()
    links = seconds(lambda i: os.symlink("x", drive.originals / "l" / str(i)))
    folders = seconds(lambda i: os.mkdir(drive.originals / "d" / str(i)))
    assert links < 6 * folders + 0.5
