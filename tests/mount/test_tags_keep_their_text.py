# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A tag says what was written, also where no folder can be called so."""

import json
import os
import subprocess

import said
from media import write
from mount import xattr

ODD = ["AC/DC", "Lens: 50 mm", 'the "best"', "a_b", "a:b", "a?b", "one, two"]


def tags(library, name):
    return sorted(json.loads(library.run("info", name, "--json").stdout)["tags"])


def test_what_came_in_goes_out_again(drive, scratch):
    escaped = [tag.replace('"', "&quot;") for tag in ODD]
    write(scratch / "card/a.txt", "a")
    write(scratch / "card/a.txt.xmp", said.packet(said.bag("dc:subject", *escaped) + said.bag("lr:hierarchicalSubject", "x|y/z")))
    drive.library.import_(scratch / "card")
    expected = sorted([*ODD, "x/y/z"])
    assert tags(drive.library, "a.txt") == expected
    # In the mount each has a name of its own that every system takes.
    folders = os.listdir(drive / "by-tag")
    assert {"AC_DC", "Lens_ 50 mm", "the _best_", "a_b", "one, two", "x"} <= set(folders) and len(folders) == len(ODD) + 1
    assert os.path.exists(drive / "by-tag/AC_DC/a.txt") and os.path.exists(drive / "by-tag/x/y_z/a.txt")
    for question in ("tag:AC/DC", 'tag:"Lens: 50 mm"', "tag:AC_DC", 'tag:"x/y_z"'):
        assert [asset["label"] for asset in drive.library.find(question)] == ["a.txt"], question

    # By attribute and back: nothing has changed.
    file = drive.originals / "a.txt"
    value = xattr(file, "user.xdg.tags")
    assert sorted(value.split(",")) == sorted(",".join(expected).split(","))
    subprocess.run(["setfattr", "-n", "user.xdg.tags", "-v", value, str(file)], check=True)
    assert tags(drive.library, "a.txt") == expected

    # By sidecar and back, into another library's file.
    ours = drive.library.run("info", "a.txt", "--xmp").stdout
    write(scratch / "other/b.txt", "b")
    write(scratch / "other/b.txt.xmp", ours)
    drive.library.import_(scratch / "other")
    assert tags(drive.library, "b.txt") == expected


def test_a_tag_renamed_says_its_new_name(drive, scratch):
    write(scratch / "card/a.txt", "a")
    write(scratch / "card/a.txt.xmp", said.packet(said.bag("dc:subject", "AC/DC")))
    drive.library.import_(scratch / "card")
    os.mkdir(drive / "by-tag/bands")
    os.rename(drive / "by-tag/AC_DC", drive / "by-tag/bands/AC_DC")
    assert tags(drive.library, "a.txt") == ["bands/AC/DC"]
    os.rename(drive / "by-tag/bands/AC_DC", drive / "by-tag/bands/Rock")
    assert tags(drive.library, "a.txt") == ["bands/Rock"]
    drive.library.run("undo")  # both, which came one behind the other
    assert tags(drive.library, "a.txt") == ["AC/DC"]
