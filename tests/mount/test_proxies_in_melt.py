# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""MLT, which Kdenlive and Shotcut are built on, reads proxies straight from the mount: length, rate, the right frames."""

import random
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree

import pytest

from clips import SECONDS, clips_folder, ffmpeg, run
from library import Library, scratch_folder
from mount import Mount, why_no_mounts

FRAMES = 30 * SECONDS


@pytest.fixture(scope="module")
def proxy():
    if reason := why_no_mounts():
        pytest.skip(reason)
    if not shutil.which("melt"):
        pytest.skip("no melt (Debian package of that name)")
    with scratch_folder() as folder:
        library = Library(folder / "library").init()
        library.import_(clips_folder() / "dropframe.mov")
        with Mount(library) as mount:
            yield mount / "proxies/edit/originals/dropframe.mov"


def melt(*arguments, **options):
    return run("melt", *arguments, env={"QT_QPA_PLATFORM": "offscreen", "PATH": "/usr/bin:/bin", "HOME": "/nonexistent"}, **options)


def test_length_rate_and_timecode(proxy):
    document = ElementTree.fromstring(melt(proxy, "-consumer", "xml"))
    told = {p.get("name"): p.text for p in document.iter("property")}
    assert int(told["length"]) == FRAMES
    profile = document.find("profile")
    assert (profile.get("frame_rate_num"), profile.get("frame_rate_den")) == ("30000", "1001")
    assert "01:00:59;20" in {value for name, value in told.items() if "timecode" in name}


def test_twenty_frames_are_the_right_ones(proxy, scratch):
    """Each is compared with the source's frames around it: only its own is like it."""
    ffmpeg("-i", clips_folder() / "dropframe.mov", "-vf", "scale=64:36:flags=area", "-pix_fmt", "gray", "-f", "rawvideo", scratch / "all")
    size = 64 * 36
    source = (scratch / "all").read_bytes()
    frames = [source[at:at + size] for at in range(0, len(source), size)]
    positions = random.Random(5).sample(range(3, FRAMES - 3), 20)
    for n in positions:
        melt(proxy, f"in={n}", f"out={n}", "-consumer", f"avformat:{scratch}/one.png", "vcodec=png", "an=1")
        shown = run("ffmpeg", "-v", "error", "-i", scratch / "one.png", "-vf", "scale=64:36:flags=area", "-pix_fmt", "gray", "-f",
                    "rawvideo", "-")[:size]
        difference = {m: sum(abs(a - b) for a, b in zip(shown, frames[m])) for m in range(n - 2, n + 3)}
        assert min(difference, key=difference.get) == n, (n, difference)
