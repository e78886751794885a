# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is typed wrong is told with what may have been meant; folders and queries are as good as files."""

import json
import os
import sqlite3
import subprocess

import pytest


@pytest.fixture
def filled(library, scratch):
    source = scratch / "trips"
    for name in ("2024/rome/colosseum.txt", "2024/rome/forum.txt", "2024/rome/deep/arch.txt", "2024/other.txt"):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(name)
    library.import_(source)
    return library


def tagged(library, tag):
    return sorted(each["label"] for each in library.json_lines("find", f"tag:{tag}"))


ROME = ["arch.txt", "colosseum.txt", "forum.txt"]


@pytest.mark.parametrize("typed, said", [
    (["fnd"], "no verb 'fnd'; find?"),
    (["mout", "/x"], "no verb 'mout'; mount?"),
    (["tag", "ad", "x"], "no verb 'ad'; add?"),
    (["tag", "zzzzzz"], "no verb 'zzzzzz'; there are add, remove"),
])
def test_a_verb_typed_wrong_is_told_with_the_right_one(library, typed, said):
    done = library.run(*typed, expect=1)
    assert said in done.stderr and not done.stdout, done


def test_an_item_typed_wrong_is_told_with_the_right_one(filled):
    for typed in ("2024/rome/coloseum.txt", "2024/rmoe/colosseum.txt", "colosesum.txt"):
        said = filled.run("info", typed, expect=1).stderr
        assert "did you mean '2024/rome/colosseum.txt'?" in said, said
    assert "`damfs find` lists" in filled.run("info", "nothing like it", expect=1).stderr


@pytest.mark.parametrize("query", ["a OR b", "a AND b", "NOT a", "a || b", '"rome', 'tag:"a b', 'forum "'])
def test_find_refuses_what_it_does_not_understand(filled, query):
    done = filled.run("find", query, expect=1)
    assert "damfs: " in done.stderr and not done.stdout, done
    assert filled.run("tag", "add", "t", "--query", query, expect=1).stderr == done.stderr
    assert not tagged(filled, "t")


def test_words_that_look_like_operators_can_be_looked_for(filled, scratch):
    (scratch / "either OR neither.txt").write_text("x")
    filled.import_(scratch / "either OR neither.txt")
    for query in ('"OR"', "or", "neither"):
        assert len(filled.json_lines("find", query)) == 1, query


def test_a_folder_is_all_that_is_below_it(filled, mount_of):
    filled.run("tag", "add", "by path", "2024/rome")
    assert tagged(filled, '"by path"') == ROME
    mount = mount_of(filled)
    filled.run("tag", "add", "mounted", mount / "originals/2024/rome", mount / "originals/2024/rome/forum.txt")
    filled.run("set", "--rating", "4", mount / "by-tag/mounted")
    assert tagged(filled, "mounted") == ROME
    assert len(filled.json_lines("find", "rating:4")) == 3
    filled.run("tag", "remove", "mounted", mount / "by-tag/mounted")
    assert not tagged(filled, "mounted")
    said = filled.run("revert", "2024/rome", expect=1).stderr
    assert "is a folder; name one file" in said


def test_a_folder_of_another_disk_is_not_taken_for_one_of_the_mount(filled, scratch, mount_of):
    mount_of(filled)
    (scratch / "elsewhere").mkdir()
    said = filled.run("tag", "add", "t", scratch / "elsewhere", expect=1).stderr
    assert "nothing in the library is called" in said


@pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts over a folder of a mount")
def test_what_is_mounted_over_a_folder_of_the_mount_is_not_believed(filled, scratch, mount_of):
    mount = mount_of(filled)
    foreign = scratch / "foreign"
    foreign.mkdir()
    (foreign / "claims.txt").write_text("x")
    other = filled.by_name()["2024/other.txt"]["id"]
    os.setxattr(foreign / "claims.txt", "user.damfs.asset", str(other).encode())
    over = mount / "originals/2024/rome/deep"
    subprocess.run(["mount", "--bind", foreign, over], check=True)
    try:
        filled.run("tag", "add", "t", mount / "originals/2024/rome")
    finally:
        subprocess.run(["umount", over], check=True)
    assert tagged(filled, "t") == ["colosseum.txt", "forum.txt"]


def test_a_folder_that_is_its_own_parent_is_passed_over_once(filled):
    catalog = sqlite3.connect(filled.path / "catalog.db")
    with catalog:
        rome, = catalog.execute("SELECT id FROM folder WHERE name = 'rome'").fetchone()
        catalog.execute("UPDATE folder SET parent_id = ? WHERE id = 1", (rome,))
    catalog.close()
    filled.run("tag", "add", "t", "2024/rome", timeout=20)
    assert len(tagged(filled, "t")) == 4, "from the top again, and no further"


def test_an_item_of_any_length_is_refused_at_once(filled):
    assert "nothing in the library is called" in filled.run("info", "for" + "x" * 100_000, expect=1, timeout=20).stderr


def test_a_query_is_as_good_as_its_items(filled):
    filled.run("album", "add", "Rome", "--query", "path:2024/rome")
    assert sorted(each["label"] for each in filled.json_lines("find", "album:Rome")) == ROME
    assert len(filled.json_lines("info", "--query", "forum")) == 1
    assert "finds nothing" in filled.run("set", "--rating", "1", "--query", "paris", expect=1).stderr
    assert "say which ITEM" in filled.run("tag", "add", "t", expect=1).stderr


def test_an_undo_is_told_before_it_is_done(filled):
    filled.run("tag", "add", "one", "2024/rome/forum.txt")
    filled.run("tag", "add", "two", "2024/rome/forum.txt")
    listed = [each["what"] for each in filled.json_lines("undo", "--list")]
    assert listed[:2] == ["tag add two", "tag add one"] and listed[2].startswith("import ") and len(listed) == 3
    newest, before = filled.json_lines("undo", "--list")[:2]
    told = filled.run("undo", str(before["act"]), "--dry-run").stdout
    assert "would be taken back: tag add one" in told and "- tag one: forum.txt" in told, told
    assert filled.json_lines("undo", "--dry-run") == [
        {"act": newest["act"], "what": "tag add two", "changes": newest["steps"], "left": 0, "dry_run": True}]
    assert tagged(filled, "one") == tagged(filled, "two") == ["forum.txt"]
    assert len(json.loads(filled.run("undo", "--json").stdout)) == 5
    assert not tagged(filled, "two") and tagged(filled, "one")
    assert [each["what"] for each in filled.json_lines("undo", "--list")] == listed[1:]
    filled.run("tag", "remove", "one", "2024/rome/forum.txt")
    assert "would be taken back" in filled.run("undo", str(before["act"]), "--dry-run", expect=None).stdout


def test_an_option_takes_one_word_and_no_path(filled, scratch):
    (scratch / "more").mkdir()
    (scratch / "more/file.txt").write_text("more")
    filled.run("import", "--tag", "one", "--tag", "two", scratch / "more")
    assert tagged(filled, "one") == tagged(filled, "two") == ["file.txt"]
    assert "2 do not exist" in filled.run("warm", "--profile", "small", "--profile", "medium", "file.txt").stdout
