# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A file grows and changes while it is imported: whatever is catalogued is what was hashed, and doctor agrees."""

import threading

from media import random_files, sha256


def test_changed_while_imported(library, scratch):
    media = random_files(scratch / "media", 20, 500_000)
    moving = media / "file00010.bin"
    over = threading.Event()

    def keep_writing():
        with open(moving, "r+b", buffering=0) as file:
            n = 0
            while not over.is_set():
                file.seek(n % 400_000)
                file.write(n.to_bytes(8, "big") * 512)
                if n % 10 == 0:
                    file.truncate(300_000 + n % 200_000)
                n += 4096

    writer = threading.Thread(target=keep_writing)
    writer.start()
    try:
        library.run("import", media, "--json", expect=None)
    finally:
        over.set()
        writer.join()
    for path in library.objects():
        assert path.name == sha256(path)
    library.run("doctor")
    library.import_(media)
    known = library.by_name()
    assert len(known) == 20 and known["file00010.bin"]["sha256"] == sha256(moving)
