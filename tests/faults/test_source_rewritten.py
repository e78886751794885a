# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A source is written to while it is imported, and gets its times back: what is stored is what was hashed, also where
files share blocks, so that only the moment of cloning counts."""

import os
import subprocess

import pytest

from library import BIN
from loop import folder_with_reflinks, only_root


@only_root
def test_on_a_file_system_with_reflinks(scratch):
    if not (BIN / "damfs_unit_tests").exists():
        pytest.skip("the unit tests are not beside the programs")
    with folder_with_reflinks(scratch / "disk.img", scratch / "disk") as disk:
        (disk / "a").write_bytes(bytes(1 << 20))
        shared = subprocess.run(["cp", "--reflink=always", disk / "a", disk / "b"], capture_output=True, text=True)
        assert shared.returncode == 0, f"no reflinks here: {shared.stderr}"
        done = subprocess.run([BIN / "damfs_unit_tests", "--gtest_filter=ObjectStoreTest.WhatIsStoredIsWhatWasHashed"],
                              env={**os.environ, "TMPDIR": str(disk)}, capture_output=True, text=True)
        assert done.returncode == 0 and "[  PASSED  ] 1 test" in done.stdout, done.stdout + done.stderr
