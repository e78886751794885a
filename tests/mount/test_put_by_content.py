# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs that copy a file with all that is said of it into a tag, an album or a rating: the path says what is meant, and what the
program copies along takes none of that away; what is removed at once is gone at once."""

import os
import shutil
import subprocess

import pytest

from mount import wait_until, xattr

PATIENCE_SECONDS = 10
WAYS = {"cp": ["cp"], "cp -a": ["cp", "-a"], "rsync -aX": ["rsync", "-aX"], "gio": ["gio", "copy"], "python": [
    "python3", "-c", "import shutil, sys; shutil.copy2(sys.argv[1], sys.argv[2])"]}


@pytest.fixture(params=list(WAYS))
def put(request, drive):
    argv = WAYS[request.param]
    if shutil.which(argv[0]) is None:
        pytest.skip(f"needs {argv[0]}")

    def put(source, folder):
        # Of a program that says no to a part of it nothing may be left either.
        done = subprocess.run([*argv, str(source), f"{folder}/"], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr

    return put


@pytest.fixture
def photo(drive):
    """Tagged, rated, and with times and a mode of its own."""
    photo = drive.originals / "photo.txt"
    photo.write_text("a photo\n")
    drive.library.run("tag", "add", "old", "photo.txt")
    drive.library.run("set", "--rating", "2", "photo.txt")
    wait_until(lambda: xattr(photo, "user.xdg.tags") == "old", PATIENCE_SECONDS, "its tag")
    os.utime(photo, (1.2e9, 1.2e9))
    photo.chmod(0o640)
    return photo


def told(drive):
    return {key: drive.library.json_lines("info", "photo.txt")[0][key] for key in ("tags", "rating", "albums")}


def test_the_path_says_what_is_meant(drive, photo, put):
    for folder in ("by-tag/new", "albums/best"):
        (drive / folder).mkdir()
        put(photo, drive / folder)
        assert os.listdir(drive / folder) == ["photo.txt"]
    put(photo, drive / "by-rating/5")
    assert told(drive) == {"tags": ["old", "new"], "rating": 5, "albums": ["best"]}
    info = os.stat(photo)
    assert (info.st_mtime, info.st_mode & 0o777) == (1.2e9, 0o640)
    assert [path.name for path in drive.originals.iterdir()] == ["photo.txt"], "known bytes are no new file"


def test_what_comes_from_elsewhere_adds_what_it_says(drive, photo, put, scratch):
    source = scratch / "photo.txt"
    source.write_text("a photo\n")
    for name, value in (("user.xdg.tags", b"from elsewhere"), ("user.baloo.rating", b"8"), ("user.xdg.comment", b"said there")):
        try:
            os.setxattr(source, name, value)
        except OSError:
            pytest.skip("no extended attributes in the scratch folder")
    (drive / "by-tag/new").mkdir()
    put(source, drive / "by-tag/new")
    found = told(drive)
    assert {"old", "new"} <= set(found["tags"]) and found["rating"] == 2, found


def test_removed_at_once_it_is_gone_and_put_in_again_it_is_there(drive, photo, put):
    (drive / "albums/A").mkdir()
    for _ in range(3):
        put(photo, drive / "albums/A")
        assert os.listdir(drive / "albums/A") == ["photo.txt"]
        os.unlink(drive / "albums/A/photo.txt")
        assert not os.path.lexists(drive / "albums/A/photo.txt") and os.listdir(drive / "albums/A") == []
    assert [path.name for path in drive.originals.iterdir()] == ["photo.txt"]


def test_a_backup_with_all_attributes_is_put_back(drive, photo, scratch):
    backup = scratch / "backup"
    try:
        subprocess.run(["cp", "-a", drive.originals, backup], check=True)
        assert xattr(backup / "photo.txt", "user.damfs.sha256")
    except OSError:
        pytest.skip("no extended attributes in the scratch folder")
    for argv in (["cp", "-a", f"{backup}/.", drive.originals / "one"], ["rsync", "-aX", f"{backup}/", f"{drive.originals}/two/"]):
        if shutil.which(argv[0]):
            (drive.originals / "one").mkdir(exist_ok=True)
            done = subprocess.run(argv, capture_output=True, text=True, timeout=60)
            assert done.returncode == 0, done.stderr
    back = drive.originals / "one/photo.txt"
    assert xattr(back, "user.xdg.tags") == "old" and xattr(back, "user.damfs.id") != xattr(photo, "user.damfs.id")


def test_who_shuts_a_file_right_after_copying_it_finds_it_shut(drive, photo):
    """In one program, which a copy's attributes would come from too."""
    (drive / "albums/A").mkdir()
    shutil.copyfile(photo, drive / "albums/A/photo.txt")
    photo.chmod(0o600)
    assert os.stat(photo).st_mode & 0o777 == 0o600


def test_an_empty_file_is_meant_by_its_name(drive):
    (drive / "by-tag/new").mkdir()
    for name in ("empty", "empty too"):
        (drive.originals / name).touch()
    subprocess.run(["cp", drive.originals / "empty too", drive / "by-tag/new"], check=True)
    wait_until(lambda: drive.tags("empty too") == ["new"], PATIENCE_SECONDS, "it to be tagged")
    assert os.listdir(drive / "by-tag/new") == ["empty too"] and drive.tags("empty") == []
    assert sorted(os.listdir(drive.originals)) == ["empty", "empty too"], "it is in the library once"
