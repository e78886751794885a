# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The journal tells what programs did as people would: one kind of doing an act, by verb, count and outermost folder; and not
what a program made and removed itself."""

import os
import shutil
import sqlite3
import subprocess
import time

import pytest

from mount import wait_until

REST_SECONDS = 2.3  # longer than a program may pause and still be at the same thing
DAY_NS = 86_400 * 10**9


@pytest.fixture
def trips(drive, scratch):
    source = scratch / "Trips"
    (source / "Rome").mkdir(parents=True)
    for name in ("a.jpg", "b.jpg", "Rome/c.jpg", "Rome/d.jpg"):
        (source / name).write_text(name)
    drive.run("cp", "-a", source, drive.originals)
    return drive


def told(drive, count=1):
    """Of the newest acts, the newest last."""
    return [act["what"] for act in drive.library.json_lines("log", "-n", str(count))][::-1]


def sh(drive, script):
    drive.run("/bin/sh", "-e", "-c", script, cwd=drive.originals)


def test_a_tree_that_is_copied_in_is_one_act(trips):
    assert told(trips, 5) == ["cp: add 2 folders and 4 files in Trips"]
    trips.library.run("undo")
    wait_until(lambda: not os.listdir(trips.originals), 5, "all of it taken back")


def test_each_kind_of_doing_is_told_by_its_verb(trips):
    sh(trips, """
        rm Trips/a.jpg Trips/b.jpg Trips/Rome/c.jpg
        rm Trips/Rome/d.jpg
        mkdir Trips/Paris
        cp /etc/hostname Trips/Paris/new.txt
        mv Trips/Paris/new.txt Trips/Paris/old.txt
        mv Trips/Paris Trips/Rome Trips/..
        mv Paris Lutetia
        cp /etc/passwd Lutetia/old.txt
        ln -s old.txt Lutetia/link
        setfattr -n user.xdg.tags -v beach Lutetia/old.txt
        rmdir Rome
    """)
    assert told(trips, 11) == [
        "rm: delete 3 files in Trips", "rm: delete Trips/Rome/d.jpg", "mkdir: add folder Trips/Paris", "cp: add Trips/Paris/new.txt",
        "mv: rename Trips/Paris/new.txt to old.txt", "mv: move 2 folders to originals", "mv: rename folder Paris to Lutetia",
        "cp: save Lutetia/old.txt", "ln: add Lutetia/link", "setfattr: set user.xdg.tags of Lutetia/old.txt", "rmdir: delete folder Rome"]


def test_tags_and_the_trash_are_told_too(trips):
    (trips / "by-tag/kept").mkdir()
    trips.run("cp", trips.originals / "Trips/a.jpg", trips.originals / "Trips/b.jpg", trips / "by-tag/kept")
    trips.run("rm", trips / "by-tag/kept/a.jpg")
    trips.run("rm", trips.originals / "Trips/a.jpg")
    trips.run("mv", trips / "trash/a.jpg", trips.originals / "Trips/Rome")
    assert told(trips, 4) == ["cp: put 2 files into by-tag/kept", "rm: take a.jpg out of by-tag/kept", "rm: delete Trips/a.jpg",
                              "mv: restore a.jpg to Trips/Rome"]


def test_a_program_that_rests_or_does_something_else_begins_a_new_act(drive):
    script = """
import os, time
os.chdir({!r})
for name in "ab":
    open(name, "w").write(name)
time.sleep({})
for name in "cd":
    open(name, "w").write(name)
os.mkdir("folder")
for name in "ab":
    os.rename(name, "folder/" + name)
    os.setxattr("folder/" + name, "user.note", b"x")
""".format(str(drive.originals), REST_SECONDS)
    drive.run("python3", "-c", script)
    assert told(drive, 9) == ["python3: add 2 files in originals", "python3: add 1 folder and 2 files in originals",
                              "python3: move 2 files to folder"]
    drive.library.run("undo")
    wait_until(lambda: sorted(os.listdir(drive.originals)) == ["a", "b", "c", "d", "folder"], 5, "the moves taken back")


def test_what_a_program_makes_and_removes_itself_clutters_nothing_and_is_not_lost(drive):
    drive.run("python3", "-c", """
import os
os.chdir({!r})
for n in range(3):
    open("lock", "w").write(str(n))
    open("result", "w").write(str(n))
    os.unlink("lock")
""".format(str(drive.originals)))
    assert told(drive, 9) == ["python3: add result"]
    assert os.listdir(drive / "trash") == [] and drive.library.json_lines("trash", "list") == []
    hidden = drive.library.json_lines("trash", "list", "--all")
    assert sorted(each["name"] for each in hidden) == ["lock", "lock~2", "lock~3"] and all(each["hidden"] for each in hidden)
    drive.library.run("trash", "restore", "lock~2")
    wait_until((drive.originals / "lock").exists, 5, "it back")
    assert (drive.originals / "lock").read_text() == "1"
    drive.library.run("doctor")


def test_what_somebody_else_removes_or_has_looked_after_is_in_the_trash(drive):
    sh(drive, "echo x > by another; rm by; echo y > old")
    drive.run("python3", "-c", f"""
import os
os.chdir({str(drive.originals)!r})
open("tagged", "w").write("x")
os.setxattr("tagged", "user.xdg.tags", b"beach")
os.unlink("tagged")
os.unlink("old")
open("to the desktop's trash", "w").write("x")
os.rename("to the desktop's trash", {str(drive.mount.path)!r} + f"/.Trash-{{os.getuid()}}/files/gone")
""")
    assert sorted(os.listdir(drive / "trash")) == ["by", "gone", "old", "tagged"]


def test_hidden_trash_is_purged_after_a_week_and_no_earlier(drive):
    make = "import os; os.chdir({!r}); open('{}', 'w').write('{}'); os.unlink('{}')"
    for name in ("young", "aged"):
        drive.run("python3", "-c", make.format(str(drive.originals), name, name, name))
    drive.mount.stop()
    with sqlite3.connect(drive.library.path / "catalog.db") as catalog:
        for name, days in (("young", 6), ("aged", 8)):
            catalog.execute("UPDATE trash SET deleted_ns = ? WHERE name = ?", (time.time_ns() - days * DAY_NS, name))
    catalog.close()
    drive.remount()
    names = lambda: [each["name"] for each in drive.library.json_lines("trash", "list", "--all")]
    wait_until(lambda: names() == ["young"], 10, "the older one purged")
    drive.library.run("doctor")


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
def test_git_is_told_in_few_acts(drive):
    git = "git -c user.name=a -c user.email=a@b -c init.defaultBranch=main"
    sh(drive, f"mkdir r; cd r; {git} init -q; echo hi > file; {git} add file; {git} commit -qm one; echo more >> file; {git} commit -qam two")
    acts = told(drive, 30)
    assert not any("tmp_obj" in act or "lock" in act for act in acts) and len(acts) <= 12, acts
    assert os.listdir(drive / "trash") == []
    status = subprocess.run(["git", "-c", "safe.directory=*", "status", "--porcelain"], cwd=drive.originals / "r", check=True,
                            capture_output=True).stdout
    assert status == b""


def test_ten_thousand_names_are_told_without_growing_slower(drive):
    def seconds(folder):
        began = time.monotonic()
        drive.run("python3", "-c", f"import os\nfor n in range(600): os.mkdir({str(folder)!r} + '/' + str(n))")
        return time.monotonic() - began
    (drive.originals / "first").mkdir()
    (drive.originals / "second").mkdir()
    first = seconds(drive.originals / "first")
    assert seconds(drive.originals / "second") < 3 * first + 1
    assert told(drive)[0] == "python3: add 600 folders in second"
