# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What other programs get of the command line: files to open, and lines of JSON."""

import json
import os
import shutil
import subprocess

import pytest

from library import turn_a_byte
from media import picture, write


@pytest.fixture
def filled(library, scratch):
    for name in ("2024/rome/forum.txt", "2024/rome/arch.txt", "2023/oslo/forum.txt", "2023/pier.txt"):
        write(scratch / "trips" / name, name)
    library.import_(scratch / "trips")
    return library


class Desktop:
    """Programs that only write down how they were called."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()
        for name in ("xdg-open", "gdbus"):
            write(folder / name, '#!/bin/sh\necho noise\nprintf "%s\\n" "$0" "$@" "" >>"$0.called"\n'
                  'exit "$(cat "$0.status")"\n', 0o755)
        self.end_with("xdg-open", 0)
        self.end_with("gdbus", 0)

    def end_with(self, name, status):
        write(self.folder / f"{name}.status", str(status))

    def called(self, name):
        """Since it was last asked for: the arguments of each call, sorted, for several run at once."""
        log = self.folder / f"{name}.called"
        text = log.read_text() if log.exists() else ""
        log.unlink(missing_ok=True)
        return sorted(call.splitlines()[1:] for call in text.split("\n\n") if call.strip())


@pytest.fixture
def desktop(scratch, monkeypatch):
    found = Desktop(scratch / "programs")
    monkeypatch.setenv("PATH", f"{found.folder}:{os.environ['PATH']}")
    return found


def test_a_file_is_shown_selected_in_its_folder(filled, mount_of, desktop):
    mount = mount_of(filled)
    filled.run("tag", "add", "trip", "2023/pier.txt")
    write(mount / "originals/a 'b' ü?.txt", "x")
    for item, uri in (("2023/pier.txt", "originals/2023/pier.txt"), ("pier.txt", "originals/2023/pier.txt"),
                      (mount / "by-tag/trip/pier.txt", "by-tag/trip/pier.txt"),
                      ("a 'b' ü?.txt", "originals/a%20%27b%27%20%C3%BC%3F.txt")):
        assert filled.json_lines("show", item)[0]["shown"].startswith(str(mount.path))
        call, = desktop.called("gdbus")
        assert call[-2:] == [f"['file://{mount.path}/{uri}']", "''"] and "org.freedesktop.FileManager1.ShowItems" in call
    assert not desktop.called("xdg-open")


def test_where_no_file_manager_answers_its_folder_is_opened(filled, mount_of, desktop):
    mount = mount_of(filled)
    desktop.end_with("gdbus", 1)
    filled.run("show", "2023/pier.txt")
    assert desktop.called("xdg-open") == [[f"{mount.path}/originals/2023"]]
    (desktop.folder / "gdbus").chmod(0o644)
    filled.run("show", "2024/rome")
    filled.run("show", mount / "by-date")
    assert desktop.called("xdg-open") == sorted([[f"{mount.path}/originals/2024/rome"], [f"{mount.path}/by-date"]])
    desktop.end_with("xdg-open", 4)
    said = filled.run("show", "2024/rome", expect=1).stderr
    assert "xdg-open ended with 4: no program opened" in said and "2024/rome" in said


def test_files_are_opened_where_they_are_mounted(drive, scratch, desktop):
    picture(scratch / "source/2024/red.png")
    write(scratch / "source/2024/-rf $(x).txt", "x")
    drive.library.import_(scratch / "source")
    top = drive.mount.path
    done = drive.library.run("open", "2024/red.png", "2024/-rf $(x).txt", drive / "by-type/image/red.png")
    assert not done.stdout and "noise" in done.stderr
    assert desktop.called("xdg-open") == sorted([[f"{top}/originals/2024/red.png"], [f"{top}/originals/2024/-rf $(x).txt"],
                                                 [f"{top}/by-type/image/red.png"]])
    said = drive.library.run("open", "2024", "--preview", "medium", expect=2).stderr
    assert "-rf $(x).txt has nothing in previews/medium/" in said
    assert desktop.called("xdg-open") == [[f"{top}/previews/medium/originals/2024/red.png.webp"]]
    assert "there is no preview 'big'; there are large, material, medium, small" in drive.library.run(
        "open", "red.png", "--preview", "big", expect=1).stderr
    assert "red.png has nothing in proxies/edit/" in drive.library.run("open", "red.png", "--proxy", expect=1).stderr
    drive.library.run("open", "red.png", "--preview", "../..", expect=1)
    assert not desktop.called("xdg-open")


def test_a_recording_is_opened_by_its_proxy(drive, scratch, desktop):
    subprocess.run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc=size=640x360:rate=25:duration=1", "-pix_fmt",
                    "yuv420p", str(scratch / "clip.mp4")], check=True, stdin=subprocess.DEVNULL)
    drive.library.import_(scratch / "clip.mp4")
    drive.library.run("open", "clip.mp4", "--proxy")
    assert desktop.called("xdg-open") == [[f"{drive.mount.path}/proxies/edit/originals/clip.mov"]]


def test_what_cannot_be_opened_is_said_with_what_to_do(filled, mount_of, desktop, scratch):
    for verb in ("show", "open"):
        assert "is not mounted" in filled.run(verb, "2023/pier.txt", expect=1).stderr
        assert "`damfs mount` mounts it" in filled.run(verb, "2023/pier.txt", expect=1).stderr
    mount_of(filled)
    assert "did you mean '2023/pier.txt'" in filled.run("open", "2023/pierr.txt", expect=1).stderr
    write(scratch / "many/x", "x")
    for n in range(25):
        write(scratch / f"many/{n}.txt", str(n))
    filled.import_(scratch / "many", "--into", "many")
    assert "20 at the most" in filled.run("open", "many", expect=1).stderr
    assert not desktop.called("xdg-open")
    assert filled.json_lines("open", "2023/pier.txt", "nothing like it", expect=2)[0]["opened"].endswith("2023/pier.txt")
    (desktop.folder / "xdg-open").unlink()
    if not shutil.which("xdg-open"):
        assert "install the package xdg-utils" in filled.run("open", "2023/pier.txt", expect=1).stderr


def verbs_of(library, *above):
    """Every verb that -h lists, down to those that have none below them."""
    _, _, listed = library.run(*above, "-h").stdout.partition("\nSubcommands:\n")
    below = [line.split()[0].rstrip(",") for line in listed.partition("\n\n")[0].splitlines() if line.startswith("  ")
             and not line.startswith("   ")]
    return {leaf for verb in below for leaf in verbs_of(library, *above, verb)} if below else {above}


# In an order in which each has something to do: the verb, what follows it, and what its first line has keys for.
ALL_VERBS = [
    ("init", ["NEW"], "library"),
    ("import", ["SOURCE"], "event files new_assets failed"),
    ("import", ["SOURCE", "--dry-run"], "event files unchanged"),
    ("import", ["--refresh", "red.png"], "event renewed failed stale stopped"),
    ("status", [], "library assets mounted"),
    ("find", ["forum"], "id names sha256"),
    ("info", ["forum.txt"], "id names metadata"),
    ("export", ["forum", "OUT", "--xmp"], "event kind asset path to"),
    ("show", ["forum.txt"], "shown"),
    ("open", ["forum.txt"], "opened"),
    ("tag add", ["a", "forum.txt"], "tag act changed items"),
    ("tag add", ["c", "forum.txt"], "tag act changed items"),
    ("tag remove", ["a", "forum.txt"], "tag act changed items"),
    ("tag list", [], "tag assets"),
    ("tag rename", ["a", "b"], "tag act to"),
    ("tag merge", ["b", "c"], "tag act to"),
    ("tag delete", ["c"], "tag act"),
    ("album add", ["a", "forum.txt"], "album act changed items"),
    ("album add", ["c", "forum.txt"], "album act changed items"),
    ("album remove", ["a", "forum.txt"], "album act changed items"),
    ("album numbered", ["c", "on"], "album numbered"),
    ("album query", ["a", "type:image"], "album query"),
    ("album query", ["a"], "album query"),
    ("album query", ["a", ""], "album query"),
    ("album list", [], "album assets query numbered"),
    ("album rename", ["a", "b"], "album act to"),
    ("album merge", ["b", "c"], "album act to"),
    ("album delete", ["c"], "album act"),
    ("set", ["--rating", "3", "forum.txt"], "changed items"),
    ("log", [], "act at user what steps"),
    ("undo", ["--list"], "act what"),
    ("undo", [], "act what changes left dry_run"),
    ("warm", ["red.png", "--profile", "small"], "ready failed none stopped"),
    ("trash list", [], "name from deleted asset"),
    ("trash restore", ["gone.txt"], "name asset path"),
    ("trash empty", [], "emptied"),
    ("revert", ["saved.txt"], "asset reverted"),
    ("verify", [], "event originals bytes healed problems"),
    ("unmount", [], "unmounted"),
    ("mount", ["AT"], "mounted"),
    ("unmount", ["AT"], "unmounted"),
    ("purge", ["--dry-run"], "name asset bytes purged"),
    ("purge", ["--yes"], "name asset bytes purged"),
    ("gc", ["--dry-run"], "objects bytes freed"),
    ("gc", ["--yes"], "objects bytes freed"),
    ("doctor", [], "event text"),
]


def test_every_verb_tells_programs_in_lines_of_json_and_nothing_else(drive, scratch, desktop):
    library = drive.library
    for name in ("gone.txt", "gone too.txt", "saved.txt"):
        write(scratch / "before" / name, name)
    library.import_(scratch / "before")
    (drive.originals / "saved.txt").write_text("another state")
    for name in ("gone.txt", "gone too.txt"):
        (drive.originals / name).unlink()
    picture(scratch / "source/red.png")
    write(scratch / "source/forum.txt", "forum")
    places = {"NEW": scratch / "new", "SOURCE": scratch / "source", "OUT": scratch / "out", "AT": scratch / "at"}
    assert {" ".join(verb) for verb in verbs_of(library)} == {verb for verb, _, _ in ALL_VERBS}
    for verb, rest, keys in ALL_VERBS:
        args = verb.split() + [str(places.get(each, each)) for each in rest]
        done = library.run(*args, "--json", expect=None if verb == "doctor" else 0)
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        assert lines and all(isinstance(line, dict) for line in lines), args
        assert not set(keys.split()) - set(lines[0] if verb != "import" else lines[-1]), (args, lines)
        if verb == "unmount" and not rest:
            drive.mount.process.wait(timeout=30)
            drive.mount.stopped = True


def test_a_program_is_not_asked_but_told_to_say_yes(filled, mount_of):
    mount = mount_of(filled)
    (mount / "originals/2023/pier.txt").unlink()
    filled.run("trash", "empty")
    done = filled.run("purge", "--json", expect=1)
    assert "Say --yes" in done.stderr and not done.stdout
    assert [each["purged"] for each in filled.json_lines("purge", "--yes")] == [True]


def test_what_is_wrong_is_told_to_programs_too(filled):
    turn_a_byte(filled.objects()[0])
    bad, done = filled.json_lines("verify", expect=1)
    assert bad["event"] == "bad" and bad["sha256"] == filled.objects()[0].name and done["problems"] == 1
    told = filled.json_lines("doctor", expect=1)
    assert told[-1] == {"event": "done", "problems": len([each for each in told if each["event"] == "bad"])}
