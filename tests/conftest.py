# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
import contextlib
import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "support"))

import media  # noqa: E402
from drive import Drive  # noqa: E402
from library import Library, scratch_folder  # noqa: E402
from mount import Mount, why_no_mounts  # noqa: E402


@pytest.fixture(scope="session")
def demo():
    """The demo folder, made once per build tree and shared: nobody writes to it."""
    return media.demo_folder()


@pytest.fixture(scope="session")
def samples():
    """Files of real cameras; the test is skipped where there are none."""
    return media.samples_folder()


@pytest.fixture
def scratch():
    with scratch_folder() as folder:
        yield folder


@pytest.fixture
def library(scratch):
    """An empty library of this test's own."""
    return Library(scratch / "library").init()


@contextlib.contextmanager
def _mounts():
    if reason := why_no_mounts():
        pytest.skip(reason)
    running = []

    def start(library, **options):
        running.append(Mount(library, **options).start())
        return running[-1]

    yield start
    media.run_all(mount.stop for mount in reversed(running))


@pytest.fixture
def mount_of():
    """mount_of(library, …) mounts it until the test ends; the test fails when the daemon did anything wrong."""
    with _mounts() as start:
        yield start


@pytest.fixture
def drive(library, mount_of):
    """An empty library of this test's own, mounted to be written to."""
    return Drive(library, mount_of)


@pytest.fixture(scope="module")
def shared_scratch():
    with scratch_folder() as folder:
        yield folder


@pytest.fixture(scope="module")
def shared_mount_of(shared_scratch):
    """As mount_of, until the last test of the file has ended."""
    with _mounts() as start:
        yield start


@pytest.fixture(scope="module")
def shared_drive(shared_scratch, shared_mount_of):
    """An empty mounted library for all tests of a file that have names of their own in it."""
    return Drive(Library(shared_scratch / "library").init(), shared_mount_of)


@pytest.fixture(scope="module")
def demo_library(demo):
    """The demo folder imported; shared by the tests of a file, which leave it as it is."""
    with scratch_folder() as folder:
        library = Library(folder / "library").init()
        library.import_(demo)
        yield library


@pytest.fixture(scope="module")
def demo_mount(demo_library):
    if reason := why_no_mounts():
        pytest.skip(reason)
    with Mount(demo_library) as mount:
        yield mount


def pytest_sessionfinish(session, exitstatus):
    """ctest is told when a whole file was skipped, and why stands in its output."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    outcomes = {kind: len(reporter.stats.get(kind, [])) for kind in ("passed", "failed", "error", "skipped")}
    if exitstatus == 0 and outcomes["skipped"] and not outcomes["passed"]:
        session.exitstatus = 77
    if os.environ.get("DAMFS_NO_SKIPS") and outcomes["skipped"]:
        session.exitstatus = 1
