# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What `cmake --install` brings, in a folder of its own."""

import os
import shutil
import subprocess

import pytest

from library import BIN


def install_to(folder):
    """Installs the build tree that the programs are of; the test is skipped where they are of none."""
    build = BIN.parent
    if not (build / "CMakeCache.txt").exists() or not shutil.which("cmake"):
        pytest.skip(f"{build} is no build tree, or there is no cmake")
    if not (build / "share/made").exists():
        pytest.skip("the man pages and completions were not built (target damfs-pages)")
    if not os.access(build, os.W_OK):
        pytest.skip(f"{build} is somebody else's, and cmake writes there what it installed")
    subprocess.run(["cmake", "--install", build, "--prefix", folder], check=True, capture_output=True, text=True)
    return folder
