# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole mount of the demo folder, as data: every path, what it is, which paths are one thing, and their sizes.

golden/demo-tree.txt is compared line by line. What depends on the versions of ffmpeg and vips that made the demo (sizes
and bytes of its files) is compared with the demo itself and stands in the text only as "source". Sizes of previews and
editing proxies are functions of catalogued facts alone and stand there as numbers.

After a wanted change of the tree: DAMFS_UPDATE_GOLDEN=1 and read the difference before committing it.
"""

import difflib
import os
import re
import stat
from pathlib import Path

import pytest

from media import lasting_files, sha256

GOLDEN = Path(__file__).parent / "demo-tree.txt"

HEADER = "# type mode nlink size same-as path; made by tests/golden/test_demo_tree.py\n"


@pytest.fixture(scope="module", autouse=True)
def in_utc():
    """Dates without a zone are filed by the machine's own: make it the same everywhere."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = "UTC"
    yield
    if before is None:
        del os.environ["TZ"]
    else:
        os.environ["TZ"] = before


def described(mount, demo):
    identities = {}
    sources = set(lasting_files(demo))
    yield HEADER
    for path, info in sorted(mount.entries(skip=())):
        if path.startswith(".damfs/"):
            yield f"file {stat.S_IMODE(info.st_mode):04o} - - - {path}\n"
            continue
        kind = "folder" if stat.S_ISDIR(info.st_mode) else "file"
        size, same = "-", "-"
        if kind == "file":
            # The first path of a thing, in the order of this text, stands for it.
            same = identities.setdefault(info.st_ino, path)
            same = "itself" if same == path else f"={same}"
            size = str(info.st_size) if path.startswith(("previews/", "proxies/edit")) else "source"
            if path.startswith("originals/"):
                assert path[len("originals/"):] in sources, path
        # What tells equal names apart in a folder comes from the bytes, which differ with the tools that made the demo; and so
        # does what equal bytes are called after.
        line = f"{kind} {stat.S_IMODE(info.st_mode):04o} {info.st_nlink} {size} {same} {path}\n"
        yield re.sub(r"duplicates/[0-9a-f]{64}", "duplicates/*", re.sub(r"~[0-9a-z]{3,}(?=\.)", "~*", line))


def test_the_tree_is_as_recorded(demo_mount, demo):
    lines = list(described(demo_mount, demo))
    if os.environ.get("DAMFS_UPDATE_GOLDEN"):
        GOLDEN.write_text("".join(lines), encoding="utf-8")
    assert GOLDEN.exists(), f"{GOLDEN} is missing; DAMFS_UPDATE_GOLDEN=1 makes it"
    recorded = GOLDEN.read_text(encoding="utf-8").splitlines(keepends=True)
    difference = list(difflib.unified_diff(recorded, lines, "recorded", "mounted", n=0))
    assert not difference, "".join(difference[:200])


def test_originals_have_the_bytes_of_their_sources(demo_mount, demo):
    for name in lasting_files(demo):
        assert sha256(demo_mount / "originals" / name) == sha256(demo / name), name
        assert os.getxattr(demo_mount / "originals" / name, "user.damfs.sha256").decode() == sha256(demo / name), name


def test_every_name_of_one_thing_gives_the_same_bytes(demo_mount):
    known = {}
    for path, info in demo_mount.files():
        assert known.setdefault(info.st_ino, sha256(demo_mount / path)) == sha256(demo_mount / path), path


def test_taken_in_twice_it_is_the_same_tree(demo_mount, demo, library, mount_of):
    """Names, labels and identities depend on what was imported, not on which worker was faster."""
    library.import_(demo)
    assert list(described(mount_of(library), demo)) == list(described(demo_mount, demo))
