# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What other programs of the machine will do to a mount is noted by doctor, and is nothing wrong."""


def notes(library):
    return [line.removeprefix("note  ") for line in library.run("doctor").stdout.splitlines() if line.startswith("note  ")]


def indexed_by_baloo(library, folder):
    config = library.home / ".config"
    config.mkdir(exist_ok=True)
    (config / "baloofilerc").write_text(f"[General]\nfolders[$e]={folder}/\n")


def test_an_indexer_that_reads_the_mount_is_noted_with_its_remedy(library, mount_of):
    mount = mount_of(library)
    assert not any("Baloo" in note for note in notes(library))
    indexed_by_baloo(library, mount.path.parent)
    found, = [note for note in notes(library) if "Baloo" in note]
    assert f"balooctl config add excludeFolders {mount.path}" in found
    done = library.run("doctor")
    assert "All is well." in done.stdout


def test_where_it_is_mounted_nowhere_the_usual_place_is_meant(library):
    indexed_by_baloo(library, "$HOME")
    found, = [note for note in notes(library) if "Baloo" in note]
    assert f"reads {library.home}/damfs, " in found


def test_settings_that_are_garbage_are_passed_over(library):
    config = library.home / ".config"
    (config / "dconf").mkdir(parents=True)
    for name in ("baloofilerc", "user-dirs.dirs", "dconf/user"):
        (config / name).write_bytes(b"GVariant" + bytes(range(256)) * 40)
    (config / "baloofilerc").unlink()
    (config / "baloofilerc").mkdir()
    assert "All is well." in library.run("doctor").stdout
