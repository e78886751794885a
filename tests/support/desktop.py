# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A desktop that nobody sees: programs with windows, run under Xvfb."""

import contextlib
import os
import shutil
import signal
import subprocess

from library import SLOWNESS
from mount import wait_until

SIZE = (1280, 900)


def why_no_desktop(*programs):
    missing = [name for name in ("Xvfb", "xdotool", "import", *programs) if not shutil.which(name)]
    return f"not installed: {', '.join(missing)}" if missing else None


class Desktop:
    def __init__(self, home, display):
        self.environment = {"DISPLAY": f":{display}", "PATH": "/usr/bin:/bin", "HOME": str(home), "XDG_RUNTIME_DIR": str(home),
                            "LIBGL_ALWAYS_SOFTWARE": "1", "LANG": "C.UTF-8"}

    @contextlib.contextmanager
    def program(self, *argv):
        """A program that is ended, with all that it started, when the block is left."""
        process = subprocess.Popen([str(a) for a in argv], env=self.environment, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        try:
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def tool(self, *argv):
        return subprocess.run([str(a) for a in argv], env=self.environment, stdin=subprocess.DEVNULL, capture_output=True).stdout

    def windows(self):
        """Their titles."""
        ids = self.tool("xdotool", "search", "--name", ".").split()
        return [self.tool("xdotool", "getwindowname", one.decode()).decode(errors="replace").strip() for one in ids]

    def has_window(self, part_of_title):
        return any(part_of_title in title for title in self.windows())

    def wait_for_window(self, part_of_title):
        return wait_until(lambda: self.has_window(part_of_title), 60, f"a window {part_of_title!r}")

    def screenshot(self):
        """RGB bytes, row by row. $DAMFS_SCREENSHOTS names a folder where one is left to be looked at."""
        if folder := os.environ.get("DAMFS_SCREENSHOTS"):
            name = os.environ.get("PYTEST_CURRENT_TEST", "desktop").split("::")[-1].split(" ")[0]
            self.tool("import", "-window", "root", f"{folder}/{name}.png")
        return self.tool("import", "-window", "root", "-depth", "8", "rgb:-")


def share_of(pixels, wanted, tolerance=24):
    """How much of a screenshot has about that colour, 0 to 1."""
    reds, greens, blues = pixels[0::3], pixels[1::3], pixels[2::3]
    near = sum(abs(r - wanted[0]) < tolerance and abs(g - wanted[1]) < tolerance and abs(b - wanted[2]) < tolerance
               for r, g, b in zip(reds, greens, blues))
    return near / len(reds)


@contextlib.contextmanager
def desktop(home):
    reading, writing = os.pipe()
    server = subprocess.Popen(["Xvfb", "-displayfd", str(writing), "-screen", "0", f"{SIZE[0]}x{SIZE[1]}x24", "-nolisten", "tcp"],
                              pass_fds=[writing], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.close(writing)
    try:
        with os.fdopen(reading) as told:
            display = told.readline().strip()
        assert display, "Xvfb did not start"
        yield Desktop(home, display)
    finally:
        server.terminate()
        server.wait(30 * SLOWNESS)
