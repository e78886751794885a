# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files made to hurt whatever looks at them: each costs at most its own read, within a worker's time and memory."""

import errno
import os
import subprocess
import threading
from pathlib import Path

import pytest

import hostile_media
from library import MEMORY_FACTOR, SANITIZED, SLOWNESS
from mount import process_name, wait_until, xattr

# Of these no preview can be made, whatever the libraries are; of the others one may be, if it is whole.
HOPELESS = ("claims", "truncated.jpg", "truncated.webp", "truncated.heic", "reused", "counts", "nested", "billion")
# A page or a drawing of any size fits a preview: it is drawn as large as that. Older libraries refuse the drawing.
PERHAPS = ("claims.pdf", "claims.svg")

GIB = 1 << 30


def is_hopeless(name):
    return name.startswith(HOPELESS) and not name.startswith(PERHAPS)


def resident_bytes(pid):
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")
    except (FileNotFoundError, ProcessLookupError):
        return 0


class MemoryWatch:
    """The most that a mount's daemon, and any one of its workers, was seen to hold."""

    def __init__(self, mount):
        self.mount, self.daemon, self.worker = mount, 0, 0
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._watch)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()

    def _watch(self):
        while not self.over.wait(0.02):
            self.daemon = max(self.daemon, resident_bytes(self.mount.process.pid))
            self.worker = max([self.worker, *map(resident_bytes, self.mount.workers())])


def share_of_a_worker():
    """What a worker may fill: between one and four GiB, so that all of them leave half of the memory to others."""
    memory = os.sysconf("SC_PAGESIZE") * os.sysconf("SC_PHYS_PAGES")
    return min(4 * GIB, max(GIB, memory // 2 // os.cpu_count()))


@pytest.fixture
def corpus(scratch, demo):
    folder = scratch / "hostile"
    names = hostile_media.write_corpus(folder, demo)
    picture = (demo / "no camera.jpg").read_bytes()
    for n in range(len(names)):
        (folder / f"sound {n:02}.jpg").write_bytes(picture + bytes([n]))
    return folder, names


def read_preview(path):
    """Why there is none; None: it was read, and is whole."""
    try:
        data = path.read_bytes()
    except OSError as refused:
        assert refused.errno == errno.EIO, path
        reason = xattr(path, "user.damfs.error")
        assert reason, path
        return reason
    assert len(data) == os.lstat(path).st_size and data[:4] == b"RIFF", path
    return None


def test_each_costs_its_own_read_and_nothing_else(library, corpus, mount_of):
    folder, names = corpus
    library.configure("media", deadline_ms=int(4000 * SLOWNESS))
    done = library.import_(folder)
    assert done["failed"] == 0 and done["new_assets"] == 2 * len(names), done
    assets = library.by_name()

    library.configure("media", ready_workers=2)
    mount = mount_of(library)
    previews = mount / "previews/small/originals"
    declared = set(os.listdir(previews))
    (previews / "sound 00.jpg.webp").read_bytes()
    wait_until(lambda: len(mount.workers()) == min(2, os.cpu_count()), 30, "the workers")
    held = len(list(mount.descriptors()))
    failed = 0
    with MemoryWatch(mount) as seen:
        for n, name in enumerate(names):
            if f"{name}.webp" not in declared:
                asset = assets[name]
                assert asset["problem"] or asset["kind"] in ("texture-pack", "document"), asset
            elif read_preview(previews / f"{name}.webp"):
                failed += 1
            else:
                is_cut = name.startswith("truncated.") and xattr(previews / f"{name}.webp", "user.damfs.note")
                assert is_cut or not is_hopeless(name), f"a preview of {name} was made"
            # A new render each time: the worker that met the file, or the next one, still works.
            assert read_preview(previews / f"sound {n:02}.jpg.webp") is None, name
    stats = mount.stats()
    assert failed >= 5 and stats["renders_failed"] == failed, stats
    assert stats["worker_restarts"] <= 2 * failed, stats
    if not SANITIZED:
        assert seen.worker <= share_of_a_worker() + GIB // 2, seen.worker
    assert seen.daemon <= GIB // 4 * MEMORY_FACTOR, seen.daemon
    # Those that have done their share may be on their way out still.
    wait_until(lambda: len(mount.workers()) <= os.cpu_count(), 5, "workers beyond one a core to end")
    workers = mount.workers()
    wait_until(lambda: len(list(mount.descriptors())) <= held + os.cpu_count(), 10, "descriptors to be closed")
    mount.stop()
    wait_until(lambda: not any(process_name(pid) == "damfs-worker" for pid in workers), 20, "the workers to end")


def test_what_has_no_preview_says_why(library, corpus):
    folder, names = corpus
    library.import_(folder)
    troubled = [name for name in names if library.by_name()[name]["problem"]]
    assert len(troubled) >= 5, troubled
    for name in troubled[:5]:
        problem = library.by_name()[name]["problem"]
        assert problem in library.run("info", name).stdout


def test_a_drawing_shows_no_file_of_the_machine(library, scratch, mount_of):
    """What it wants to show is black; what is shown is its white ground."""
    secret = scratch / "secret"
    secret.mkdir()
    subprocess.run(["vips", "black", secret / "black.png", "400", "400"], check=True)
    (secret / "words.txt").write_text("MMMMMMMMMMMM")
    folder = scratch / "drawings"
    folder.mkdir()
    (folder / "links.svg").write_bytes(hostile_media.linking_drawing(secret / "black.png"))
    (folder / "quotes.svg").write_bytes(hostile_media.quoting_drawing(secret / "words.txt"))
    library.import_(folder)
    mount = mount_of(library)

    previews = mount / "previews/medium/originals"
    assert read_preview(previews / "links.svg.webp") is None
    require_white(previews / "links.svg.webp")
    # An XML parser may also refuse the file for its wish.
    if "quotes.svg.webp" not in os.listdir(previews):
        assert library.by_name()["quotes.svg"]["problem"]
    elif read_preview(previews / "quotes.svg.webp") is None:
        require_white(previews / "quotes.svg.webp")
    assert mount.stats()["worker_restarts"] == 0


def require_white(path):
    darkest = subprocess.run(["vips", "min", path], capture_output=True, text=True, check=True).stdout
    assert float(darkest) > 250, path
