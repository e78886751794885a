# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A window of a file manager that is open in a tag shows what is tagged and untagged by command, without being asked to
look again; what is deleted in it is untagged, without a question, and comes back by the file manager's own undo."""

import os
import subprocess

import pytest

from desktop import SIZE
from file_managers import file_manager
from mount import wait_until

# And the window manager that it needs.
PROGRAMS = {"thunar": None, "pcmanfm": None, "nemo": "openbox", "dolphin": "openbox", "nautilus": "openbox"}
A_NAME = 150  # pixels that differ at the least


@pytest.fixture
def tagged(library, mount_of, scratch):
    media = scratch / "media"
    media.mkdir()
    for colour in ("red", "green", "blue", "olive"):
        subprocess.run(["convert", "-size", "64x48", f"xc:{colour}", media / f"{colour}.png"], check=True)
    library.import_(media)
    library.run("tag", "add", "kept", "red.png", "blue.png")
    return mount_of(library)


def differing(one, other):
    """Where their pixels differ."""
    row = SIZE[0] * 3
    return [x for at in range(0, len(one), row) if one[at:at + row] != other[at:at + row]
            for x in range(at, at + row, 3) if one[x:x + 3] != other[x:x + 3]]


def share_as_in(one, other, places):
    return sum(one[x:x + 3] == other[x:x + 3] for x in places) / len(places)


def at_rest(screen):
    """What is shown, once it stays so."""
    seen = []

    def stays():
        seen.append(screen.screenshot())
        return len(seen) > 3 and all(each == seen[-1] for each in seen[-4:])
    wait_until(stays, 30, "a window that stays as it is")
    return seen[-1]


@pytest.mark.parametrize("program", PROGRAMS)
def test_tagged_by_command(library, tagged, scratch, program):
    with file_manager(program, tagged / "by-tag/kept", scratch, PROGRAMS[program]) as (window, _):
        two = at_rest(window.screen)
        library.run("tag", "add", "kept", "green.png", "olive.png")
        wait_until(lambda: len(differing(two, window.screen.screenshot())) > 2 * A_NAME, 45, "the window to show four files")
        four = at_rest(window.screen)
        added = differing(two, four)
        library.run("tag", "remove", "kept", "red.png", "green.png", "blue.png", "olive.png")
        # What stood where the new ones came is gone, too; the rest of the window may tell of it in its own way.
        wait_until(lambda: share_as_in(four, window.screen.screenshot(), added) < 0.6, 45, "the window to show none of them")


def test_deleted_and_undone_in_thunar(library, tagged, scratch):
    with file_manager("thunar", tagged / "by-tag/kept", scratch) as (thunar, _):
        thunar.delete("red", lambda: os.listdir(tagged / "by-tag/kept") == ["blue.png"])
        assert sorted(os.listdir(tagged / "originals")) == ["blue.png", "green.png", "olive.png", "red.png"]
        assert library.run("trash", "list").stdout == ""
        assert [title for title in thunar.screen.windows() if "Attention" in title or "Error" in title] == []
        thunar.press("ctrl+z")
        wait_until(lambda: sorted(os.listdir(tagged / "by-tag/kept")) == ["blue.png", "red.png"], 45, "it to be back")


def test_deleted_and_undone_in_nautilus(library, tagged, scratch):
    kept = tagged / "by-tag/kept"
    with file_manager("nautilus", kept, scratch, "openbox") as (nautilus, _):
        at_rest(nautilus.screen)
        nautilus.delete_all(lambda: os.listdir(kept) == [])
        assert sorted(os.listdir(tagged / "originals")) == ["blue.png", "green.png", "olive.png", "red.png"]
        assert nautilus.screen.windows().count("kept") == 1
        nautilus.press("ctrl+z")
        wait_until(lambda: sorted(os.listdir(kept)) == ["blue.png", "red.png"], 45, "them to be back")
