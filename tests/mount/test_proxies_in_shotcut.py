# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shotcut opens a project whose clips are proxies of the mount, and shows and plays them."""

import pytest

from clips import clips_folder, run
from desktop import desktop, share_of, why_no_desktop
from mount import open_files, wait_until

PATIENCE = 180  # seconds; on a machine that does other things besides, a large program starts slowly
BARS = {"red": (255, 0, 0), "green": (0, 255, 0), "blue": (0, 0, 255), "magenta": (255, 0, 255)}


def shown_in_shotcut(scratch, project, clips, last_try):
    """False: Shotcut ended by itself, which it does now and then while it starts, with any file."""
    with desktop(scratch) as screen, screen.program("shotcut", "--noupgrade", project) as shotcut:
        def is_over():
            assert not last_try or shotcut.poll() is None, f"Shotcut ended twice: {shotcut.returncode}"
            return shotcut.poll() is not None

        def opens_the_clips():
            return is_over() or {str(clip) for clip in clips} <= set(open_files(shotcut.pid))

        # It plays at once: what the picture is made of stands in the window, each bar about a twentieth of it.
        def shows_the_picture():
            pixels = screen.screenshot()
            return is_over() or (pixels and all(share_of(pixels, colour) > 0.004 for colour in BARS.values()))

        wait_until(lambda: is_over() or screen.has_window("project.mlt - Shotcut"), PATIENCE, "its window")
        wait_until(opens_the_clips, PATIENCE, "the clips to be opened")
        wait_until(shows_the_picture, PATIENCE, "the picture in the window")
        return not is_over()


def test_a_project_of_proxies(library, mount_of, scratch):
    if reason := why_no_desktop("melt", "shotcut"):
        pytest.skip(reason)
    library.import_(clips_folder() / "dropframe.mov", clips_folder() / "bframes.mp4")
    mount = mount_of(library)
    folder = mount / "proxies/edit/originals"
    clips = [folder / "dropframe.mov", folder / "bframes.mov"]
    project = scratch / "project.mlt"
    run("melt", clips[0], "in=20", "out=80", clips[1], "in=0", "out=60", "-consumer", f"xml:{project}",
        env={"QT_QPA_PLATFORM": "offscreen", "PATH": "/usr/bin:/bin", "HOME": str(scratch)})
    for last_try in (False, True):
        if shown_in_shotcut(scratch, project, clips, last_try):
            break
    stats = mount.stats()
    assert stats["renders_done"] > 0 and stats["renders_failed"] == 0, stats
