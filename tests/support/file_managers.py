# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A user's session with its bus, GIO in it, and file managers in their windows."""

import contextlib
import os
import shutil
import signal
import subprocess
import time

import pytest

from desktop import desktop, why_no_desktop
from library import SLOWNESS
from mount import wait_until


STARTS = 3


class Session:
    """A user's session: a home and a bus, on which gvfs starts its daemons."""

    def __init__(self, environment):
        self.environment, self.bus = environment, None

    def begin(self):
        reading, writing = os.pipe()
        self.bus = subprocess.Popen(["dbus-daemon", "--session", "--nofork", f"--print-address={writing}"], env=self.environment,
                                    pass_fds=[writing], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                    stderr=subprocess.DEVNULL, start_new_session=True)
        os.close(writing)
        with os.fdopen(reading) as told:
            self.environment["DBUS_SESSION_BUS_ADDRESS"] = told.readline().strip()

    def end(self):
        # Its daemons end with it.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.bus.pid, signal.SIGKILL)
        self.bus.wait()

    def gio(self, *argv, expect=0):
        done = subprocess.run(["gio", *map(str, argv)], env=self.environment, stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=60 * SLOWNESS)
        assert done.returncode == expect, f"gio {argv}: {done.stdout}{done.stderr}"
        return done.stdout

    def trash(self):
        """Path below the mount that something had -> its address in the trash."""
        lines = [line.split("\t") for line in self.gio("trash", "--list").splitlines() if "\t" in line]
        return {path.split("/mount/", 1)[-1]: uri for uri, path in lines}

    def wait_for_trash(self, *paths):
        """The same, once these are in it and nothing else. A gvfs that came up on a busy machine without seeing the mount's
        trash does not look again; the user would log in anew."""
        for attempt in range(3):
            with contextlib.suppress(AssertionError):
                return wait_until(lambda: (t := self.trash()).keys() == set(paths) and (t,), 15, "gvfs to see them")[0]
            self.end()
            self.begin()
        raise AssertionError(f"the trash has {self.trash()} and not {paths}")


@contextlib.contextmanager
def session(home, environment=None):
    environment = dict(environment or {"PATH": "/usr/bin:/bin", "HOME": str(home), "LANG": "C.UTF-8"})
    user = Session({**environment, "XDG_RUNTIME_DIR": str(home)})
    user.begin()
    try:
        yield user
    finally:
        user.end()


def why_no_gio():
    missing = [name for name in ("gio", "dbus-daemon", "convert") if not shutil.which(name)]
    if not os.path.exists("/usr/share/dbus-1/services/org.gtk.vfs.Daemon.service"):
        missing.append("gvfs")
    return f"not installed: {', '.join(missing)}" if missing else None


class FileManager:
    def __init__(self, screen, title):
        self.screen = screen
        self.title = title

    def press(self, *keys, window=None):
        """In the folder's window, or the one whose title has that in it. There is no window manager to give it the focus."""
        wanted = window or self.title
        ids = wait_until(lambda: self.screen.tool("xdotool", "search", "--onlyvisible", "--name", wanted).split(), 60,
                         f"a window {wanted!r}")
        self.screen.tool("xdotool", "windowfocus", "--sync", ids[-1].decode())
        for key in keys:
            self.screen.tool("xdotool", "key", "--delay", "60", key)

    def type(self, text, window=None):
        self.press(window=window)
        self.screen.tool("xdotool", "type", "--delay", "60", text)

    def select(self, name):
        """By typing how it begins; the search then gets out of the way."""
        self.press("Escape")
        self.type(name)
        self.press("Escape")

    def delete(self, name, is_deleted):
        """The catalog knows of a copy before the window shows it, and keys that come too early are lost."""
        for _ in range(5):
            time.sleep(SLOWNESS)
            self.select(name)
            self.press("Delete")
            with contextlib.suppress(AssertionError):
                return wait_until(is_deleted, 6, f"{name} to be deleted")
        raise AssertionError(f"{name} was not deleted")

    def delete_all(self, is_deleted):
        """Keys mean the files once something among them was clicked, and what was selected is known a moment later."""
        for _ in range(5):
            self.screen.tool("xdotool", "mousemove", "700", "500", "click", "1")
            for key in ("ctrl+a", "Delete"):
                time.sleep(SLOWNESS)
                self.press(key)
            with contextlib.suppress(AssertionError):
                return wait_until(is_deleted, 6, "all to be deleted")
        raise AssertionError("they were not deleted")

    def rename(self, name, stem):
        self.select(name)
        self.press("F2")
        self.type(stem, window="Rename")
        self.press("Return", window="Rename")


def quieten_gtk(home, environment):
    """Drawn in software, GTK 4 spends all its time on what moves while a folder loads, and never comes to load it."""
    settings = home / ".config/gtk-4.0/settings.ini"
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text("[Settings]\ngtk-enable-animations=0\n")
    environment["GSK_RENDERER"] = "cairo"


@contextlib.contextmanager
def file_manager(program, folder, scratch, window_manager=None):
    """Some show their window as the program means it only where a window manager is."""
    managers = [window_manager] if window_manager else []
    if reason := why_no_gio() or why_no_desktop(program, *managers):
        pytest.skip(reason)
    with contextlib.ExitStack() as running:
        # On a busy machine one in five starts shows no window, whatever folder it is asked for; another session then does.
        for attempt in range(STARTS):
            with contextlib.ExitStack() as starting:
                screen = starting.enter_context(desktop(scratch))
                quieten_gtk(scratch, screen.environment)
                user = starting.enter_context(session(scratch, screen.environment))
                screen.environment = user.environment
                for argv in (*((manager,) for manager in managers), (program, folder)):
                    starting.enter_context(screen.program(*argv))
                try:
                    screen.wait_for_window(os.path.basename(folder))
                    # It shows the folder's entries; only then do keys mean them.
                    wait_until(lambda: coloured(screen) > 2000, 60, "files in the window")
                except AssertionError:
                    if attempt == STARTS - 1:
                        raise
                    continue
                running.push(starting.pop_all())
                break
        yield FileManager(screen, os.path.basename(folder)), user


def coloured(screen):
    """How many pixels: whatever a file manager draws for a picture and a folder has colours; its bare window next to none."""
    pixels = screen.screenshot()
    return sum(abs(r - b) > 40 for r, b in zip(pixels[0::3], pixels[2::3]))
