# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""After an upgrade: what an older damfs had looked at is looked at again, and what people said of it stays."""

import os
import sqlite3

from clips import clips_folder
from mount import wait_until


def test_a_library_of_an_older_damfs_gets_proxies_when_it_is_looked_at_again(library, mount_of):
    library.import_(clips_folder() / "silent.mp4", "--tag", "mine")
    with sqlite3.connect(library.path / "catalog.db") as catalog:
        catalog.execute("UPDATE technical SET probe = 1, clip = '', still_width = 0, still_height = 0")
        catalog.execute("UPDATE asset SET clip = '', still_width = 0, still_height = 0")
    mount = mount_of(library)
    assert os.listdir(mount / "proxies/edit/originals") == []
    assert library.status()["stale_originals"] == 1
    original = os.lstat(mount / "originals/silent.mp4").st_ino
    assert "1 originals looked at again" in library.run("import", "--refresh").stdout
    assert library.status()["stale_originals"] == 0
    # The mount that is open shows it, too.
    wait_until(lambda: os.listdir(mount / "proxies/edit/originals") == ["silent.mov"], 30, "the proxy to appear")
    assert os.listdir(mount / "previews/small/originals") == ["silent.mp4.webp"]
    assert os.listdir(mount / "by-tag/mine") == ["silent.mp4"]
    assert os.lstat(mount / "originals/silent.mp4").st_ino == original
