# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A library as an older damfs left it: its catalog's rows, made once by that one and kept as text, below the schema steps of its
time; its objects; and what its mount showed.

Usage: python3 tests/support/old_library.py LIBRARY MOUNT > tests/support/library-N.json (a library whose mount shows it)
"""

import base64
import hashlib
import json
import os
import re
import sqlite3
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
APPLICATION_ID = 0x64616D66


def shown(mount, top="originals"):
    """path -> [node number, SHA-256] of all files below a folder of a mount."""
    found = {}
    for at, _, names in os.walk(Path(mount) / top):
        for name in names:
            path = Path(at, name)
            found[str(path.relative_to(mount))] = [os.stat(path).st_ino, hashlib.sha256(path.read_bytes()).hexdigest()]
    return dict(sorted(found.items()))


def dump(library, mount):
    catalog = sqlite3.connect(f"file:{library}/catalog.db?mode=ro", uri=True)
    virtual = [name for name, in catalog.execute("SELECT name FROM sqlite_schema WHERE sql LIKE 'CREATE VIRTUAL%'")]
    tables = [name for name, in catalog.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
              if not any(name.startswith(each + "_") for each in virtual)]
    rows = {}
    for table in tables:
        found = catalog.execute(f"SELECT {'rowid, ' if table in virtual else ''}* FROM {table}")
        rows[table] = {"columns": [column[0] for column in found.description],
                       "rows": [[{"hex": value.hex()} if isinstance(value, bytes) else value for value in row] for row in found]}
    return {"version": catalog.execute("PRAGMA user_version").fetchone()[0],
            "objects": [base64.b64encode(path.read_bytes()).decode() for path in sorted(Path(library).glob("objects/*/*/*"))],
            "originals": shown(mount), "by-tag": shown(mount, "by-tag"), "by-date": shown(mount, "by-date"), "tables": rows}


class OldLibrary:
    def __init__(self, version):
        self.told = json.loads((Path(__file__).parent / f"library-{version}.json").read_text())

    def put_into(self, library):
        """In the place of a new library's catalog and objects."""
        for name in ("catalog.db", "catalog.db-wal", "catalog.db-shm"):
            (library.path / name).unlink(missing_ok=True)
        catalog = sqlite3.connect(library.path / "catalog.db")
        catalog.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        catalog.execute("PRAGMA journal_mode = WAL")
        for step in range(1, self.told["version"] + 1):
            catalog.executescript((ROOT / f"catalog/sql/schema-{step}.sql").read_text())
        for table, told in self.told["tables"].items():
            if not table.startswith("sqlite_stat"):
                catalog.execute(f"DELETE FROM {table}")
        for table, told in self.told["tables"].items():
            columns = ", ".join(told["columns"])
            values = ", ".join("?" * len(told["columns"]))
            for row in told["rows"]:
                # SQLite fills the sequences of what is put in; these are as they were.
                row = [bytes.fromhex(value["hex"]) if isinstance(value, dict) else value for value in row]
                if table == "sqlite_sequence":
                    catalog.execute("DELETE FROM sqlite_sequence WHERE name = ?", row[:1])
                catalog.execute(f"INSERT INTO {table} ({columns}) VALUES ({values})", row)
        for name, seq in self.told["tables"]["sqlite_sequence"]["rows"]:
            catalog.execute("UPDATE sqlite_sequence SET seq = ? WHERE name = ?", (seq, name))
        catalog.commit()
        catalog.close()
        for text in self.told["objects"]:
            data = base64.b64decode(text)
            name = hashlib.sha256(data).hexdigest()
            place = library.path / "objects" / name[:2] / name[2:4] / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)
            place.chmod(0o444)
        return library


if __name__ == "__main__":
    text = json.dumps(dump(*sys.argv[1:3]), indent=0, ensure_ascii=True)
    print(re.sub(r"\n(?=[^\[\]{}\"]|\"[^\"]*\"[,\]]|\])", " ", text))
