# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A catalog that cannot be used: a clear message that names it, and not a byte of it is changed."""

import shutil
import sqlite3

import pytest

from media import sha256

VERBS = [["status"], ["find"], ["tag", "list"], ["doctor"]]


@pytest.fixture
def damaged(library, demo, scratch):
    """damage(function of the catalog's path) -> the library, with nothing but that one file holding the catalog."""
    library.import_(demo)
    catalog = library.path / "catalog.db"
    with sqlite3.connect(catalog) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    for beside in ("catalog.db-wal", "catalog.db-shm"):
        (library.path / beside).unlink(missing_ok=True)

    def damage(act):
        act(catalog)
        return library

    return damage


def one_of(*words):
    return lambda text: any(word in text for word in words)


def require_refused(library, demo, *, say):
    catalog = library.path / "catalog.db"
    before = sha256(catalog)
    (library.path.parent / "mountpoint").mkdir()
    verbs = [*VERBS, ["import", demo], ["tag", "add", "x", "no camera.jpg"],
             ["mount", library.path.parent / "mountpoint", "-f"]]
    for verb in verbs:
        done = library.run(*verb, expect=1, timeout=60)
        assert "catalog" in done.stderr and say(done.stderr.lower()), (verb, done.stderr)
        assert sha256(catalog) == before, f"{verb} wrote to it"
    library.run("init", library.path, expect=1)
    assert sha256(catalog) == before, "init wrote over it"
    objects = library.objects()
    assert len(objects) > 40 and all(path.name == sha256(path) for path in objects)


def set_version(catalog, version):
    with sqlite3.connect(catalog) as connection:
        connection.execute(f"PRAGMA user_version = {version}")
    connection.close()
    for beside in ("-wal", "-shm"):
        catalog.with_name(catalog.name + beside).unlink(missing_ok=True)


def test_of_a_newer_version(damaged, demo):
    library = damaged(lambda catalog: set_version(catalog, 999))
    require_refused(library, demo, say=one_of("999", "newer"))


def test_truncated_to_nothing(damaged, demo):
    library = damaged(lambda catalog: catalog.write_bytes(b""))
    require_refused(library, demo, say=one_of("empty", "damaged", "corrupt", "truncated"))


def test_truncated_to_half(damaged, demo):
    library = damaged(lambda catalog: catalog.write_bytes(catalog.read_bytes()[:catalog.stat().st_size // 2]))
    require_refused(library, demo, say=one_of("malformed", "damaged", "corrupt", "truncated"))


def test_overwritten_by_something_else(damaged, demo):
    library = damaged(lambda catalog: catalog.write_bytes(b"This is a text file.\n" * 1000))
    require_refused(library, demo, say=one_of("not a database", "no sqlite file", "damaged", "corrupt"))


def test_put_back_it_works_again(damaged, demo, scratch):
    library = damaged(lambda catalog: shutil.copyfile(catalog, scratch / "kept"))
    (library.path / "catalog.db").write_bytes(b"")
    library.run("status", expect=1)
    shutil.copyfile(scratch / "kept", library.path / "catalog.db")
    done = library.import_(demo)
    assert done["new_assets"] == 0 and done["unchanged"] > 40
