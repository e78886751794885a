# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs that copy, or write what was there already: equal bytes are files of their own, as on any disk."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from mount import wait_until

PATIENCE_SECONDS = 10


def needs(program):
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"needs {program}")


@pytest.fixture
def folder(drive):
    folder = drive.originals / "folder"
    folder.mkdir()
    (folder / "conf").write_text("hello\n")
    return folder


def only(folder, *names):
    assert sorted(os.listdir(folder)) == sorted(names)


def run(folder, *argv):
    subprocess.run(argv, cwd=folder, check=True, capture_output=True, stdin=subprocess.DEVNULL)


def test_an_atomic_save_that_changes_nothing_leaves_no_temporary_file(folder):
    for _ in range(2):
        with open(folder / "conf.lock", "x") as lock:
            lock.write("hello\n")
        os.rename(folder / "conf.lock", folder / "conf")
        only(folder, "conf")


@pytest.mark.parametrize("argv", [["sed", "-i", "s/zzz/yyy/", "conf"], ["perl", "-pi", "-e", "s/zzz/yyy/", "conf"],
                                  ["install", "-m", "644", "conf", "conf2"]], ids=lambda argv: argv[0])
def test_a_program_that_changes_nothing_in_place(folder, argv):
    if shutil.which(argv[0]) is None:
        pytest.skip(f"needs {argv[0]}")
    for _ in range(2):
        run(folder, *argv)
    only(folder, "conf", *(["conf2"] if argv[0] == "install" else []))


@pytest.mark.parametrize("argv", [["mv", "one", "two"], ["cp", "one", "two"], ["rsync", "-a", "--ignore-times", "one", "two"],
                                  ["python3", "-c", "import os; os.replace('one', 'two')"],
                                  ["python3", "-c", "import shutil; shutil.move('one', 'two')"]], ids=" ".join)
def test_one_of_two_equal_files_over_the_other(folder, argv):
    if shutil.which(argv[0]) is None:
        pytest.skip(f"needs {argv[0]}")
    for name in ("one", "two"):
        (folder / name).write_text("same")
    run(folder, *argv)
    only(folder, "conf", "two", *(["one"] if argv[0] in ("cp", "rsync") else []))
    assert (folder / "two").read_text() == "same"


@needs("git")
def test_git_in_originals(folder):
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b", "-c", "init.defaultBranch=main"]
    run(folder, *git, "init", "-q", "a")
    for n in range(5):
        (folder / "a/file").write_text(f"{n}\n" * 100)
        (folder / f"a/same{n}").write_text("same")
        run(folder / "a", *git, "add", "-A")
        run(folder / "a", *git, "commit", "-qm", f"number {n}")
    run(folder, *git, "clone", "-q", "a", "b")
    run(folder / "a", *git, "worktree", "add", "-q", "../c")
    run(folder / "a", *git, "gc", "-q")
    for tree in "abc":
        run(folder / tree, *git, "fsck", "--strict")
        assert subprocess.run([*git, "status", "--porcelain"], cwd=folder / tree, capture_output=True, check=True).stdout == b""
        assert (folder / tree / "file").read_text() == "4\n" * 100


@needs("rsync")
def test_times_owners_and_modes_are_each_files_own(folder, scratch):
    source = scratch / "source"
    source.write_bytes(os.urandom(3000))
    os.utime(source, (1.2e9, 1.2e9))
    run(folder, "cp", "-p", source, "first")
    os.utime(folder / "first", (1e9, 1e9))
    (folder / "first").chmod(0o640)
    run(folder, "rsync", "-a", source, "second")
    run(folder, "cp", "-p", source, "third")
    packed = subprocess.run(["tar", "-C", scratch, "-cf", "-", "source"], capture_output=True, check=True).stdout
    subprocess.run(["tar", "-xf", "-"], cwd=folder, input=packed, check=True)
    for name in ("second", "third", "source"):
        info = os.stat(folder / name)
        assert (info.st_mtime, info.st_mode & 0o777) == (1.2e9, 0o644), name
    assert os.stat(folder / "first").st_mtime == 1e9 and os.stat(folder / "first").st_mode & 0o777 == 0o640
    assert subprocess.run(["rsync", "-ai", source, "second"], cwd=folder, capture_output=True, check=True).stdout == b""


def test_a_tag_of_one_copy_is_not_the_others(drive, folder):
    shutil.copy(folder / "conf", folder / "copy")
    drive.library.run("tag", "add", "mine", "folder/copy")
    wait_until(lambda: (drive / "by-tag/mine").is_dir() and os.listdir(drive / "by-tag/mine") == ["copy"], PATIENCE_SECONDS,
               "the copy under its tag")
    assert "copy" not in os.listdir(drive / "by-type/document") + os.listdir(drive / "by-type/other")
    assert os.listdir(drive / "search/tag:mine") == ["copy"], "of the two it is the one that is meant"


def test_what_was_said_of_a_file_goes_with_it_over_another(drive, folder):
    """Also when it was saved over before, so that it has older versions of its own."""
    for name in ("new", "saved twice", "there"):
        (folder / name).write_text(name)
    (folder / "saved twice").write_text("once more")
    (drive / "albums/A").mkdir()
    for n, name in enumerate(("new", "saved twice", "there")):
        drive.library.run("tag", "add", f"t{n}", f"{folder.name}/{name}")
        os.link(folder / name, drive / "albums/A" / name) if name != "there" else None
    os.rename(folder / "new", folder / "there")
    os.rename(folder / "saved twice", folder / "there")
    left = drive.library.by_name()[f"{folder.name}/there"]
    assert (folder / "there").read_text() == "once more"
    assert sorted(left["tags"]) == ["t0", "t1", "t2"] and left["albums"] == ["A"], left
    states = [path.read_text() for path in (drive / "versions" / left["label"]).iterdir()]
    assert sorted(states) == ["new", "once more", "saved twice", "there"], "no state is lost"
    drive.library.run("undo")
    left = drive.library.by_name()
    assert {path.rsplit("/")[-1]: asset["tags"] for path, asset in left.items()} == {
        "conf": [], "new": ["t0"], "saved twice": ["t1"], "there": ["t2"]}
    wait_until(lambda: (folder / "saved twice").exists() and (folder / "there").read_text() == "there", PATIENCE_SECONDS, "them")
    assert (folder / "saved twice").read_text() == "once more" and left[f"{folder.name}/saved twice"]["versions"] == 2


def test_what_is_put_into_an_album_right_after_a_rename_over_it(drive, folder):
    """The kernel takes the name for the file that came, by its number, which it must go on having."""
    (drive / "albums/A").mkdir()
    for n in range(20):
        (folder / f"f{n}").write_text("there")
        (folder / "new").write_text("new")
        (folder / "new").write_text(f"newer {n}")
        os.rename(folder / "new", folder / f"f{n}")
        os.link(folder / f"f{n}", drive / f"albums/A/f{n}")
        os.setxattr(folder / f"f{n}", "user.xdg.comment", b"said at once")
    found = drive.library.by_name()
    assert all(found[f"{folder.name}/f{n}"]["albums"] == ["A"] for n in range(20)), found
    assert all(found[f"{folder.name}/f{n}"]["description"] == "said at once" for n in range(20)), found


def test_an_import_is_taken_back_and_done_again(drive, scratch):
    source = scratch / "card"
    for n in range(20):
        (source / f"{n % 3}").mkdir(parents=True, exist_ok=True)
        (source / f"{n % 3}/{n}.txt").write_text(f"text {n % 15}")
    drive.library.import_(source, "--tag", "trip")
    wait_until(lambda: (drive / "by-tag/trip").is_dir() and len(os.listdir(drive / "by-tag/trip")) == 20, PATIENCE_SECONDS,
               "what came")
    assert f"import {source}" in drive.library.run("log").stdout
    drive.library.run("undo")
    wait_until(lambda: os.listdir(drive.originals) == [], PATIENCE_SECONDS, "what was taken back to be gone")
    again = drive.library.import_(source)
    assert (again["brought_back"], again["new_assets"], again["failed"]) == (20, 0, 0), again
    wait_until(lambda: {path.relative_to(drive.originals) for path in Path(drive.originals).rglob("*.txt")} ==
               {path.relative_to(source) for path in source.rglob("*.txt")}, PATIENCE_SECONDS, "all of it")
    # What somebody removed stays so.
    (drive.originals / "0/0.txt").unlink()
    assert drive.library.import_(source)["unchanged"] == 20
    assert not (drive.originals / "0/0.txt").exists()


def test_import_leaves_out_what_is_known(drive, scratch):
    for folder in ("one", "two"):
        (scratch / folder).mkdir()
        (scratch / folder / f"{folder}.txt").write_text("same")
        (scratch / folder / f"other {folder}.txt").write_text(folder)
    drive.library.import_(scratch / "one")
    done = drive.library.import_(scratch / "two", "--skip-known")
    assert (done["new_assets"], done["known"]) == (1, 1), done
    done = drive.library.import_(scratch / "two")
    assert (done["new_assets"], done["copies"], done["unchanged"]) == (1, 1, 1), done
    told = drive.library.run("find", "--duplicates").stdout.split()
    assert told == ["one.txt", "two.txt"]
    assert drive.library.json_lines("info", "one.txt")[0]["copies"] == ["two.txt"]


def test_all_copies_are_shown_where_that_is_wished(drive):
    for name in ("one", "two", "three"):
        (drive.originals / name).write_text("the same")
    for shown, names in (("true", ["one", "three", "two"]), ("false", ["one"])):
        drive.library.configure("views", show_copies=shown)
        drive.remount()
        # A label ends in the asset's number where it was taken.
        assert sorted(name.split("~")[0] for name in os.listdir(drive / "recent")) == names
        assert len(drive.library.find("--copies")) == 3
        assert len(drive.library.find()) == len(names)
        drive.library.run("doctor")
