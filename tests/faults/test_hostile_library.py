# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A library that somebody else made (a stick, a share, an archive): links, pipes, devices and others' files under every
name that damfs knows, rows that name files, a catalog that acts by itself, giants. Each verb refuses or carries on, in
bounded time, and nothing outside is opened, written or removed."""

import contextlib
import json
import os
import shutil
import signal
import sqlite3
import stat
import subprocess
import time

import pytest

from canary import Canary
from library import BIN, SLOWNESS, Library, environment, require_innocent, scratch_folder
from loop import only_root
from mount import detach, is_mountpoint, why_no_mounts

SECONDS = 30
FILES = ["catalog.db", "catalog.db-wal", "catalog.db-shm", "catalog.db-journal", "catalog.db-reserve", "damfs.toml",
         "damfs.toml.tmp", "mount.json", "mount-2.json", "import.lock", "derived/CACHEDIR.TAG", "derived/CACHEDIR.TAG.tmp",
         "derived/index.db", "derived/index.db-wal", "derived/index.db-shm", "staging/999999999-1", "staging/draft-77",
         "staging/grave-" + "ab" * 32, "OBJECT", "PREVIEW"]
FOLDERS = ["staging", "derived", "objects", "derived/small", "OBJECT/..", "OBJECT/../.."]
VERBS = [["status", "--failed"], ["status"], ["verify"], ["gc", "--yes"], ["doctor"]]


@pytest.fixture(scope="module")
def made(demo):
    """A library with a few originals and a preview, which each test has a copy of."""
    with scratch_folder() as folder:
        library = Library(folder / "library").init()
        (folder / "source").mkdir()
        for name in ("IMG_0001.JPG", "IMG_0002.JPG"):
            shutil.copy2(demo / "Italy 2024" / name, folder / "source" / name)
        library.import_(folder / "source")
        library.run("warm", "IMG_0001.JPG", "--profile", "small")
        yield library


@pytest.fixture
def hostile(made, scratch):
    """The copy, beside a folder that is nobody's business."""
    library = made.copied_to(scratch / "hostile")
    os.chmod(library.path, 0o700)
    library.source = scratch / "source"
    library.source.mkdir()
    (library.source / "new.txt").write_text("something new")
    outside = scratch / "outside"
    (outside / "objects").mkdir(parents=True)
    (outside / "diary.txt").write_text("what nobody is to read")
    (outside / "999999999-1").write_text("looks like something left over")
    (outside / "draft-77").write_text("looks like a draft")
    shutil.copytree(library.path / "objects", outside / "objects", dirs_exist_ok=True)
    for name in ("catalog.db", "damfs.toml"):
        shutil.copy2(library.path / name, outside / name)
    shutil.copy2(library.path / "derived/index.db", outside / "index.db")
    library.outside = outside
    library.canary = Canary(outside)
    return library


def place(library, name):
    """OBJECT and PREVIEW stand for one of each."""
    for word, below in (("OBJECT", "objects"), ("PREVIEW", "derived/small")):
        if name.startswith(word):
            path = next(p for p in sorted((library.path / below).rglob("*")) if p.is_file())
            return type(path)(os.path.normpath(str(path) + name[len(word):]))
    return library.path / name


def put_instead(library, name, make):
    path = place(library, name)
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    elif os.path.lexists(path):
        path.unlink()
    path.parent.mkdir(parents=True, exist_ok=True)
    if name.endswith(".tmp"):  # what it is written for is missing
        path.with_suffix("").unlink(missing_ok=True)
    make(path)
    return path


def run(library, *args):
    return library.run(*args, expect=None, timeout=SECONDS, **({"cwd": "/"}))


def mount_and_look(library):
    """Mounts it, if it lets itself be, and reads all that it shows; everything in bounded time."""
    if why_no_mounts():
        return
    at = library.path.parent / "mount"
    at.mkdir(exist_ok=True)
    log = library.path.parent / "mount.log"
    with open(log, "w") as said:
        daemon = subprocess.Popen(library.argv("mount", at, "-f"), stdin=subprocess.DEVNULL, stdout=said, stderr=said,
                                  env=environment(library.home), cwd="/")
    try:
        end = time.monotonic() + SECONDS * SLOWNESS
        while daemon.poll() is None and not is_mountpoint(at):
            assert time.monotonic() < end, f"neither mounted nor refused in time:\n{log.read_text()}"
            time.sleep(0.02)
        if daemon.poll() is None:
            look = ('find "$0" -name search -prune -o -type f -print0 | xargs -0 -r cat; echo new > "$0/originals/written.txt"; '
                    'rm -f "$0/previews/small/originals/IMG_0002.JPG.webp"; cat "$0"/previews/small/originals/*')
            subprocess.run(["sh", "-c", look, str(at)], capture_output=True, timeout=2 * SECONDS * SLOWNESS)
            daemon.send_signal(signal.SIGTERM)
        assert daemon.wait(timeout=SECONDS * SLOWNESS) >= 0, f"it crashed:\n{log.read_text()}"
    finally:
        if daemon.poll() is None:
            daemon.kill()
            daemon.wait()
        if is_mountpoint(at):
            detach(str(at))
    require_innocent(log.read_text(), "mount")
    return log.read_text()


def run_everything(library, what):
    """Every verb, on the library as it stands; what each of them said, by its name."""
    library.canary.watch()
    said = {}
    for verb in [["init", library.path], ["import", library.source], *VERBS]:
        done = run(library, *verb)
        said[verb[0]] = done.stdout + done.stderr
        library.canary.require_untouched(f"{what}: damfs {' '.join(map(str, verb))}")
    said["mount"] = mount_and_look(library)
    library.canary.end(f"{what}: damfs mount")
    return said


# --- something else under a name ------------------------------------------------------------------------------------------


def outside_of(library, name):
    """What a link in that place would lead to, if somebody followed it."""
    names = {"catalog.db": "catalog.db", "damfs.toml": "damfs.toml", "derived/index.db": "index.db"}
    if name in FOLDERS:
        return library.outside / ("objects" if name == "objects" else "")
    return library.outside / names.get(name, "diary.txt")


@pytest.mark.parametrize("name", FILES + FOLDERS)
def test_a_link_in_its_place_is_never_followed(hostile, name):
    target = outside_of(hostile, name)
    path = put_instead(hostile, name, lambda at: at.symlink_to(target))
    said = run_everything(hostile, f"{name} is a link")
    if name in ("staging", "derived", "objects", "catalog.db", "catalog.db-wal", "damfs.toml"):
        for verb in ("import", "status", "doctor", "mount"):
            assert "symbolic link" in said[verb] and str(path) in said[verb], (verb, said[verb])


@pytest.mark.parametrize("name", ["derived/CACHEDIR.TAG", "mount.json", "import.lock", "catalog.db-reserve", "damfs.toml.tmp"])
def test_a_link_to_nothing_makes_nothing(hostile, name):
    put_instead(hostile, name, lambda at: at.symlink_to(hostile.outside / "not there yet"))
    run_everything(hostile, f"{name} leads to what is not there")


@pytest.mark.parametrize("name", FILES + ["staging", "derived", "objects"])
def test_a_pipe_in_its_place_is_not_waited_for(hostile, name):
    put_instead(hostile, name, os.mkfifo)
    run_everything(hostile, f"{name} is a pipe")


@only_root
@pytest.mark.parametrize("name", ["catalog.db", "catalog.db-shm", "damfs.toml", "mount.json", "derived/index.db", "staging/999999999-1",
                                  "OBJECT", "PREVIEW"])
def test_a_device_in_its_place_is_not_read(hostile, name):
    put_instead(hostile, name, lambda at: os.mknod(at, 0o666 | stat.S_IFCHR, os.makedev(1, 5)))  # endless zeros
    run_everything(hostile, f"{name} is a device")


@pytest.mark.parametrize("name", ["catalog.db-wal", "damfs.toml", "mount.json", "derived/CACHEDIR.TAG", "derived/index.db",
                                  "staging/999999999-1", "OBJECT", "PREVIEW"])
def test_a_folder_in_its_place_is_not_removed(hostile, name):
    path = put_instead(hostile, name, os.mkdir)
    (path / "kept").write_text("something of somebody's")
    run_everything(hostile, f"{name} is a folder")
    assert (path / "kept").read_text() == "something of somebody's"


def test_what_damfs_did_not_leave_in_staging_stays(hostile):
    kept = ["notes.txt", "12-", "-3", "1-2-3", "12-3.txt", "grave-", "grave-xyz", "grave-" + "AB" * 32, "draft-x", "draft-1x", "1-2 "]
    for name in kept:
        (hostile.path / "staging" / name).write_text("somebody's")
    (hostile.path / "staging/999999999-9").mkdir()
    (hostile.path / "staging/999999999-9/inside").write_text("somebody's")
    (hostile.path / "staging/999999999-1").write_text("left over")
    run_everything(hostile, "strange names in staging")
    assert all((hostile.path / "staging" / name).exists() for name in [*kept, "999999999-9/inside"])
    assert not (hostile.path / "staging/999999999-1").exists()


def test_what_a_living_writer_has_in_staging_stays(hostile):
    """The process that the name tells is gone, or another one by now; the lock says that somebody still writes."""
    import fcntl
    path = hostile.path / "staging/999999999-1"
    with open(path, "w") as writer:
        fcntl.flock(writer, fcntl.LOCK_EX)
        hostile.run("import", hostile.source)
        assert path.exists()
    (hostile.path / f"staging/{os.getpid()}-1").write_text("of a process that lives and does not write it")
    hostile.run("import", hostile.source)
    assert not path.exists() and not (hostile.path / f"staging/{os.getpid()}-1").exists()


# --- somebody else's --------------------------------------------------------------------------------------------------------


def give_away(path, uid=65534):
    for each in [path, *path.rglob("*")]:
        os.chown(each, uid, uid, follow_symlinks=False)


@only_root
def test_a_library_of_another_owner_is_refused(hostile):
    give_away(hostile.path)
    for verb in (["import", hostile.source], *VERBS, ["mount", hostile.path.parent / "mount", "-f"]):
        done = run(hostile, *verb)
        assert done.returncode == 1 and "--foreign-owner" in done.stderr, (verb, done.stderr)
    for verb in (["status"], ["verify"], ["import", hostile.source], ["doctor"]):
        assert run(hostile, "--foreign-owner", *verb).returncode == 0, verb
    assert run(hostile, "status").returncode == 1
    (hostile.path.parent / "theirs").mkdir()
    os.chown(hostile.path.parent / "theirs", 65534, 65534)
    assert "--foreign-owner" in run(hostile, "init", hostile.path.parent / "theirs").stderr


@only_root
def test_sudo_is_for_whoever_said_it(hostile):
    give_away(hostile.path)
    for uid, expected in (("65534", 0), ("1234", 1), ("", 1)):
        done = subprocess.run(hostile.argv("status"), env={**environment(hostile.home), "SUDO_UID": uid}, capture_output=True)
        assert done.returncode == expected, (uid, done.stderr)


@only_root
@pytest.mark.parametrize("name", ["catalog.db", "damfs.toml", "derived/index.db", "OBJECT", "PREVIEW", "staging", "objects"])
def test_others_files_in_a_library_are_not_used(hostile, name):
    """Whoever may write into a folder of it could leave a file there that he can change at any time."""
    path = place(hostile, name)
    os.chown(path, 65534, 65534)
    said = run_everything(hostile, f"{name} is somebody else's")
    if name in ("catalog.db", "damfs.toml", "staging", "objects"):
        assert "belongs to user 65534" in said["status"], said["status"]
    if name == "OBJECT":
        assert "no regular file of this library" in said["doctor"], said["doctor"]


def test_a_library_that_others_may_enter_is_told_of_and_left_so(hostile):
    assert "chmod" not in run(hostile, "status").stderr
    os.chmod(hostile.path, 0o755)
    assert "chmod 0700" in run(hostile, "status").stderr
    assert stat.S_IMODE(hostile.path.stat().st_mode) == 0o755
    fresh = Library(hostile.path.parent / "fresh")
    os.mkdir(fresh.path, 0o755)
    fresh.run("init", fresh.path)
    assert stat.S_IMODE(fresh.path.stat().st_mode) == 0o700
    assert stat.S_IMODE((fresh.path / "catalog.db").stat().st_mode) == 0o600


# --- rows ---------------------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def database(path):
    connection = sqlite3.connect(path)
    try:
        with connection:
            yield connection
    finally:
        connection.close()


HOSTILE_SQL = {
    "a trigger": "CREATE TRIGGER evil AFTER INSERT ON blob BEGIN DELETE FROM blob; END",
    "a trigger on what is read and written": "CREATE TRIGGER evil AFTER UPDATE ON counter BEGIN UPDATE asset SET state = 2; END",
    "a view": "CREATE VIEW evil AS SELECT * FROM asset",
    "a view in a table's place": "ALTER TABLE trash RENAME TO stash; CREATE VIEW trash AS SELECT * FROM stash",
    "a table more": "CREATE TABLE evil (a)",
    "an index by an expression": "CREATE INDEX evil ON asset (lower(label))",
    "a column more": "ALTER TABLE asset ADD COLUMN evil TEXT",
    "a table less": "DROP TABLE attribute",
}


@pytest.mark.parametrize("kind", HOSTILE_SQL)
def test_a_catalog_that_acts_by_itself_is_refused(hostile, kind):
    with database(hostile.path / "catalog.db") as catalog:
        catalog.execute("PRAGMA journal_mode = DELETE")
        catalog.executescript(HOSTILE_SQL[kind])
        before = list(catalog.execute("SELECT id, sha256 FROM blob"))
    said = run_everything(hostile, f"the catalog has {kind}")
    for verb in ("import", "status", "verify", "gc", "doctor", "mount"):
        assert "schema" in said[verb], (verb, said[verb])
    with database(hostile.path / "catalog.db") as catalog:
        assert list(catalog.execute("SELECT id, sha256 FROM blob")) == before


def test_a_catalog_that_was_analyzed_is_still_ours(hostile):
    with database(hostile.path / "catalog.db") as catalog:
        catalog.execute("ANALYZE")
    assert run(hostile, "verify").returncode == 0


@pytest.mark.parametrize("where", ["absolute", "relative", "by its key"])
def test_the_index_of_the_cache_names_no_files_outside(hostile, where):
    """Scenario: the cache is over its bound and its oldest files go, by the path that their rows tell."""
    victim = hostile.outside / "diary.txt"
    path = {"absolute": str(victim), "relative": "../../outside/diary.txt", "by its key": "small/x"}[where]
    key = "../../../outside/diary.txt" if where == "by its key" else "ab" * 32 + "-small-r1"
    hostile.configure("derived", max_bytes=1 << 20)
    with database(hostile.path / "derived/index.db") as index:
        index.execute("INSERT OR REPLACE INTO derived (key, path, bytes, used_ns) VALUES (?, ?, ?, 0)", (key, path, 1 << 40))
    run_everything(hostile, "a row names a file outside")
    with database(hostile.path / "derived/index.db") as index:
        assert index.execute("SELECT count(*) FROM derived WHERE key = ?", (key,)).fetchone() == (0,), "nothing was evicted"


def test_an_index_of_the_cache_that_acts_by_itself_is_made_anew(hostile):
    with database(hostile.path / "derived/index.db") as index:
        index.executescript("CREATE TRIGGER evil AFTER INSERT ON derived BEGIN DELETE FROM failure; END")
    run_everything(hostile, "the index has a trigger")
    with database(hostile.path / "derived/index.db") as index:
        assert index.execute("SELECT count(*) FROM sqlite_master WHERE type = 'trigger'").fetchone() == (0,)


# --- giants -------------------------------------------------------------------------------------------------------------------


def peak_of(library, *args):
    """KiB of memory that a verb took at the most."""
    done = subprocess.run(["/usr/bin/python3", "-c",
                           "import resource, subprocess, sys\n"
                           "subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)\n"
                           "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)", *library.argv(*args)],
                          env=environment(library.home), capture_output=True, text=True, timeout=SECONDS * SLOWNESS)
    return int(done.stdout)


@pytest.mark.parametrize("name", ["damfs.toml", "mount.json", "mount-2.json", "import.lock", "derived/CACHEDIR.TAG", "derived/index.db",
                                  "catalog.db-wal"])
def test_a_giant_in_its_place_is_not_read(hostile, name):
    usual = peak_of(hostile, "status")
    put_instead(hostile, name, lambda at: at.touch())
    os.truncate(hostile.path / name, 1 << 40)
    run_everything(hostile, f"{name} is a giant")
    assert peak_of(hostile, "status") < usual + (64 << 10)


def test_a_state_of_a_mount_is_no_order(hostile):
    """Its text is a stranger's as everything is: no path in it is looked into, no process in it believed."""
    import fcntl
    states = [json.dumps({"mountpoint": str(hostile.outside), "pid": os.getpid()}), json.dumps({"mountpoint": [], "pid": "x"}),
              json.dumps({"mountpoint": "/", "pid": -1}), "[" * 50_000, "\xff\x00"]
    (hostile.outside / ".damfs").mkdir()
    (hostile.outside / ".damfs/stats.json").write_text("{}")
    for text in states:
        with open(hostile.path / "mount.json", "w") as state:
            fcntl.flock(state, fcntl.LOCK_EX)
            state.write(text)
            state.flush()
            hostile.canary.watch()
            for verb in (["status"], ["gc", "--yes"], ["doctor"], ["unmount"]):
                run(hostile, *verb)
            hostile.canary.end(text[:40])


def test_giant_values_are_refused_in_bounded_memory(hostile):
    usual = peak_of(hostile, "find")
    with database(hostile.path / "catalog.db") as catalog:
        catalog.execute("UPDATE asset SET label = printf('%.*c', 100000000, 'x') WHERE id = (SELECT min(id) FROM asset)")
        catalog.execute("UPDATE folder_entry SET name = printf('%.*c', 100000000, 'y') WHERE asset_id = (SELECT min(id) FROM asset)")
    run_everything(hostile, "names of 100 MB")
    for verb in ("find", "status", "verify"):
        assert peak_of(hostile, verb) < usual + (90 << 10), verb
