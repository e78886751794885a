# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""search/<query>/ and the folders behind a '+', as plain programs see them."""

import errno
import os
import shutil
import subprocess

import pytest

from mount import errno_of, wait_until


@pytest.fixture
def mounted(library, demo, mount_of):
    library.import_(demo)
    return mount_of(library)


def names(folder):
    return sorted(os.listdir(folder))


def labels(library, *words):
    return sorted(asset["label"] for asset in library.find(*words))


def run(*argv, **options):
    done = subprocess.run(list(map(str, argv)), capture_output=True, text=True, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def last_error(mount):
    return (mount / ".damfs/last-error").read_text().strip()


def test_a_folder_shows_what_find_finds(demo_mount, demo_library):
    for query in ("type:image", "beach", "tag:beach", "type:video", "ext:jpg", "date:2024", "rating:>=3", "-type:image",
                  "type:image -beach", "size:>1k type:image", "nothing is called so"):
        assert names(demo_mount / "search" / query) == labels(demo_library, *query.split()), query
    assert names(demo_mount / "search") == []
    listed = run("ls", demo_mount / "search/tag:beach").split("\n")
    assert sorted(filter(None, listed)) == labels(demo_library, "tag:beach") != []


def test_they_are_the_very_files(demo_mount, scratch):
    for path in sorted((demo_mount / "search/tag:beach").iterdir()):
        twin = demo_mount / "by-tag/beach" / path.name
        assert os.lstat(path).st_ino == os.lstat(twin).st_ino
        assert path.read_bytes() == twin.read_bytes()
        assert run("cat", path.parent / ".." / "tag:beach" / path.name, encoding="latin-1")
    found = run("find", demo_mount / "search/type:image", "-type", "f", "-size", "+0").splitlines()
    assert len(found) == len(names(demo_mount / "search/type:image")) > 5


def test_rsync_copies_a_search(demo_mount, scratch):
    if not shutil.which("rsync"):
        pytest.skip("rsync is not installed")
    run("rsync", "-a", f"{demo_mount.path}/search/type:image -beach/", scratch / "copy/")
    assert names(scratch / "copy") == names(demo_mount / "search/type:image -beach") != []
    for name in names(scratch / "copy"):
        assert (scratch / "copy" / name).read_bytes() == (demo_mount / "search/type:image -beach" / name).read_bytes()
    assert run("rsync", "-ani", f"{demo_mount.path}/search/type:image -beach/", scratch / "copy/") == ""


def test_tags_and_facets_meet_behind_a_plus(demo_mount, demo_library):
    assert "+" not in names(demo_mount / "by-tag/beach")
    assert names(demo_mount / "by-tag/beach/+") == []
    assert names(demo_mount / "by-tag/beach/+/places") == labels(demo_library, "tag:beach", "tag:places")
    assert names(demo_mount / "by-tag/beach/+/places/italy") == labels(demo_library, "tag:beach", "tag:places/italy") != []
    assert names(demo_mount / "by-type/image/+/tag:beach") == labels(demo_library, "type:image", "tag:beach") != []
    assert names(demo_mount / "by-type/image/+/tag:beach/+/ext:jpg") == labels(demo_library, "type:image", "tag:beach", "ext:jpg")
    assert names(demo_mount / "search/tag:places/italy") == labels(demo_library, "tag:places/italy") != []
    assert errno_of(os.listdir, demo_mount / "by-tag/beach/+/no such tag") == errno.ENOENT
    previews = names(demo_mount / "previews/small/by-type/image/+/tag:beach")
    assert [name.removesuffix(".webp") for name in previews] == names(demo_mount / "by-type/image/+/tag:beach")
    assert (demo_mount / "previews/small/search/tag:beach" / previews[0]).read_bytes()[:4] == b"RIFF"


def test_a_malformed_query_is_no_folder_and_says_why(demo_mount):
    assert errno_of(os.listdir, demo_mount / "search/rating:9") == errno.ENOENT
    assert "rating: wants 0 to 5" in last_error(demo_mount)
    assert errno_of(os.listdir, demo_mount / "search/colour:red") == errno.ENOENT
    assert "colour:" in last_error(demo_mount)
    for _ in range(2):  # not remembered by the kernel, so that the reason is always the last one's
        assert errno_of(os.listdir, demo_mount / "search/rating:9") == errno.ENOENT
        assert "rating: wants 0 to 5" in last_error(demo_mount)
        assert errno_of(os.listdir, demo_mount / "search/colour:red") == errno.ENOENT


def test_no_name_breaks_anything(demo_mount):
    before = last_error(demo_mount)
    for probe in (".hidden", ".Trash-1000", ".git", ".directory", "desktop.ini", "Thumbs.db"):
        assert errno_of(os.lstat, demo_mount / "search" / probe) == errno.ENOENT, probe
    assert last_error(demo_mount) == before
    for name in (b"\xff\xfe", b"\n", b" ", b"\"", b"\"\"", b"*", b"%s%n", b"-", b"--", b"- -", b":", b"::", b"tag::", b"a" * 255,
                 b"'; DROP TABLE asset; --", b"NEAR(a b)", b"a AND", b"{x} : y", b"^a", "\u2014".encode(), b"x" * 256):
        try:
            os.listdir(os.path.join(os.fsencode(demo_mount / "search"), name))
        except OSError as refused:
            assert refused.errno in (errno.ENOENT, errno.ENAMETOOLONG), (name, refused)
    for act in (lambda: os.mkdir(demo_mount / "search/new folder:"), lambda: (demo_mount / "search/beach/new.jpg").write_text("x"),
                lambda: os.rmdir(demo_mount / "search/beach")):
        assert errno_of(act) in (errno.EROFS, errno.ENOSYS, errno.EACCES, errno.EPERM)
    assert names(demo_mount / "search/type:document") is not None


def test_what_is_changed_by_command_shows_in_a_folder_that_was_listed(mounted, library):
    folder, file = mounted / "search/tag:summer", mounted / "originals/no camera.jpg"
    assert names(folder) == []
    preview = mounted / "previews/small/search/tag:summer"
    assert names(preview) == []
    links = os.lstat(file).st_nlink
    changed = os.lstat(folder).st_mtime_ns
    open_folder = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    for _ in range(3):
        assert not os.path.lexists(folder / "no camera.jpg")
    library.run("tag", "add", "summer", "no camera.jpg")
    wait_until(lambda: names(folder) == ["no camera.jpg"], 5, "the tagged file in the search")
    wait_until(lambda: names(preview) == ["no camera.jpg.webp"], 5, "its preview")
    wait_until(lambda: os.lstat(folder).st_mtime_ns > changed, 5, "the folder's time")
    assert os.listdir(open_folder) == ["no camera.jpg"]
    os.close(open_folder)
    assert os.lstat(folder / "no camera.jpg").st_ino == os.lstat(file).st_ino
    wait_until(lambda: os.lstat(file).st_nlink == links + 1, 5, "the tag's link, and none of the search")
    still = os.lstat(folder).st_mtime_ns
    assert names(mounted / "by-type/image/+/tag:summer") == ["no camera.jpg"]

    library.run("tag", "remove", "summer", "no camera.jpg")
    wait_until(lambda: not os.path.lexists(folder / "no camera.jpg"), 5, "the file gone from the search")
    wait_until(lambda: names(folder) == names(preview) == names(mounted / "by-type/image/+/tag:summer") == [], 5, "all empty")
    assert os.lstat(folder).st_mtime_ns > still


def test_numbers_are_the_same_in_every_mount(library, demo, mount_of):
    library.import_(demo)
    paths = ("search/beach", "by-tag/beach/+", "by-tag/beach/+/places", "previews/small/search/tag:beach")
    first = mount_of(library)
    before = {path: (os.lstat(first / path).st_ino, os.lstat(first / path).st_mtime_ns) for path in paths}
    first.stop()
    second = mount_of(library)
    assert before == {path: (os.lstat(second / path).st_ino, os.lstat(second / path).st_mtime_ns) for path in paths}


def test_a_walk_meets_no_search(demo_mount):
    for folder, folders, _ in os.walk(demo_mount.path):
        assert "+" not in folders, folder
        if os.path.basename(folder) == "search":
            assert folders == [], folder


def forgotten(mount):
    line = next(l for l in (mount / ".damfs/metrics").read_text().splitlines() if l.startswith('damfs_requests_total{op="forget"}'))
    return int(line.split()[-1])


def test_names_that_were_asked_for_long_ago_are_let_go(mounted):
    held = os.open(mounted / "search/beach", os.O_RDONLY | os.O_DIRECTORY)
    before = forgotten(mounted)
    for n in range(10_000):
        assert os.path.lexists(mounted / f"search/name{n}")
    wait_until(lambda: forgotten(mounted) >= before + 100, 10, "the kernel to forget them")
    assert os.path.lexists(mounted / "search/name0")
    assert os.listdir(held) == os.listdir(mounted / "search/beach") != []
    os.close(held)
