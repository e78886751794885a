# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files and folders that may not be read: named with the reason, and everything else is taken in."""

import json
import os

import pytest

from media import lasting_files, text_files


@pytest.mark.skipif(os.getuid() == 0, reason="root may read everything; the run as an ordinary user does this one")
def test_unreadable_file_and_folder(library, scratch):
    media = text_files(scratch / "media", 5)
    (media / "shut").mkdir()
    (media / "shut/inside.txt").write_text("x")
    (media / "secret.txt").write_text("x")
    (media / "secret.txt").chmod(0)
    (media / "shut").chmod(0)
    try:
        done = library.run("import", media, "--json", expect=2)
        events = [json.loads(line) for line in done.stdout.splitlines()]
        failed = {os.path.basename(e["path"].rstrip("/")): e["reason"] for e in events if e["event"] == "failed"}
        assert set(failed) == {"secret.txt", "shut"}, failed
        assert all("ermission denied" in reason for reason in failed.values())
        assert events[-1]["event"] == "done" and events[-1]["failed"] == 2
        assert len(library.find()) == 5
    finally:
        (media / "shut").chmod(0o755)
        (media / "secret.txt").chmod(0o644)
    library.import_(media)
    assert sorted(library.by_name()) == lasting_files(media)


def test_a_folder_that_is_not_there(library, scratch):
    done = library.run("import", scratch / "nothing", expect=1)
    assert str(scratch / "nothing") in done.stderr


def test_things_that_are_no_files(library, scratch):
    media = text_files(scratch / "media", 3)
    os.mkfifo(media / "pipe")
    (media / "loop").symlink_to(media)
    (media / "dangling").symlink_to("nowhere")
    library.import_(media, timeout=60)
    assert sorted(library.by_name()) == [f"file{n:05}.txt" for n in range(3)]
