# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""scripts/check-layers finds what it is there to find: each rule is broken once, in a tree that is otherwise clean."""

import subprocess
from pathlib import Path

import pytest

CHECK = Path(__file__).resolve().parents[2] / "scripts/check-layers"
CPP = "// SPDX-FileCopyrightText: The damfs authors\n// SPDX-License-Identifier: GPL-3.0-or-later\n"
CLEAN = {
    "catalog/base/a.cc": CPP + '#include "catalog/base/a.h"\n// system("in a comment") and #include <vips/vips8>\n',
    "catalog/db/d.cc": CPP + '#include <SQLiteCpp/SQLiteCpp.h>\n#include "catalog/base/a.h"\n',
    "catalog/media/worker/w.cc": CPP + '#include <vips/vips8>\n#include <zip.h>\n#include "catalog/media/job.h"\n',
    "views/v.cc": CPP + '#include "catalog/model/catalog.h"\nconst char* s = "popen(x)";\nint x = file_system(1) + o.system(2);\n',
    "fs/f.cc": CPP + '#include <fuse_lowlevel.h>\n#include "views/frame/tree.h"\n',
    "catalog/CMakeLists.txt": "target_link_libraries(damfs_model\n  PUBLIC damfs_base PRIVATE SQLiteCpp)\n",
    "fs/CMakeLists.txt": "target_link_libraries(damfs_fs PUBLIC damfs_views PkgConfig::FUSE3)\n",
    "catalog/sql/s.sql": CPP.replace("//", "--") + "-- name: one\nSELECT 1;\n\n-- name: list_tag\nSELECT 2;\n",
    "catalog/model/s.cc": CPP + 'const char* names[] = {"one", "list_{}"};\n',
    "catalog/base/l.h": CPP + "class Shelf {\n  struct Book final : Thing {\n    mutable std::mutex mutex_;\n  };\n};\n",
    "views/l.cc": CPP + "void f() {\n  static std::mutex once;\n  // std::mutex told_of;\n}\n",
    "fs/c.cc": CPP + "// (law 2), as docs/design.md 1 says\n",
    "docs/design.md": "## 1. The laws\n\n2. **`stat` never lies.** See `views/v.cc`.\n",
    "docs/locks.md": "## Mutexes\n\n| `Shelf::Book::mutex_` | a book | moments |\n| `views/l.cc: once` | it | moments |\n\n## Turns\n",
}


def check(root, files):
    for name, text in files.items():
        target = root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    return subprocess.run(["/usr/bin/python3", str(CHECK), str(root)], capture_output=True, text=True)


def test_a_clean_tree_passes(tmp_path):
    done = check(tmp_path, CLEAN)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name, text", [
    ("catalog/base/up.cc", CPP + '#include "catalog/model/catalog.h"\n'),
    ("catalog/model/up.cc", CPP + '#include "views/frame/node.h"\n'),
    ("views/up.cc", CPP + '#include "fs/session.h"\n'),
    ("catalog/media/worker/beside.cc", CPP + '#include "catalog/db/database.h"\n'),
    ("catalog/places/right.cc", CPP + '#include "catalog/model/catalog.h"\n'),
    ("catalog/media/right.cc", CPP + '#include "catalog/media/pool/worker_pool.h"\n'),
    ("catalog/alone.cc", CPP + '#include "catalog/base/a.h"\n'),
    ("catalog/ingest/inside.cc", CPP + '#include "catalog/media/worker/still/still.h"\n'),
    ("views/codec.cc", CPP + "#include <vips/vips8>\n"),
    ("catalog/ingest/codec.cc", CPP + "#include <exiv2/exiv2.hpp>\n"),
    ("catalog/media/codec.cc", CPP + 'extern "C" {\n#include <libavformat/avformat.h>\n}\n'),
    ("catalog/ingest/magic.cc", CPP + "#include <magic.h>\n"),
    ("views/sql.cc", CPP + "#include <sqlite3.h>\n"),
    ("catalog/places/sql.cc", CPP + "#include <SQLiteCpp/Database.h>\n"),
    ("views/fuse.cc", CPP + "#include <fuse_lowlevel.h>\n"),
    ("fs/clock.cc", CPP + "auto f() { return std::chrono::steady_clock::now(); }\n"),
    ("catalog/model/clock.cc", CPP + "void f(timespec* t) { ::clock_gettime(CLOCK_REALTIME, t); }\n"),
    ("views/sleeps.cc", CPP + "void f() { std::this_thread::sleep_for(kLong); }\n"),
    ("fs/shell.cc", CPP + 'int f() { return std::system("ls"); }\n'),
    ("fs/pipe.cc", CPP + 'auto* f() { return popen("ls", "r"); }\n'),
    ("tests/mount/shell.py", CPP.replace("//", "#") + "import os\nos.system('ls')\n"),
    ("fs/nolicence.cc", "int x;\n"),
    ("scripts/nolicence", "#!/bin/bash\necho\n"),
    ("fs/long.cc", CPP + "int x;\n" * 500),
    ("fs/function.cc", CPP + "void f() {\n" + "  g();\n" * 60 + "}\n"),
    ("catalog/sql/cites.sql", CPP.replace("//", "--") + "-- (law 3)\n"),
    ("catalog/sql/unused.sql", CPP.replace("//", "--") + "-- name: nobodys\nSELECT 1;\n"),
    ("fs/cites.cc", CPP + "// (docs/design.md 7)\n"),
    ("docs/adding.md", "First `views/gone.cc`.\n"),
    ("views/lock.h", CPP + "class Door {\n  std::recursive_mutex mutex_;\n};\n"),
    ("fs/lock.cc", CPP + "int f() {\n  std::mutex mine;\n}\n"),
    ("docs/locks.md", CLEAN["docs/locks.md"].replace("\n\n## Turns", "\n| `Gone::mutex_` | – | – |\n\n## Turns")),
    ("catalog/base/CMakeLists.txt", "target_link_libraries(damfs_base PUBLIC damfs_catalog)\n"),
    ("catalog/model/CMakeLists.txt", "target_link_libraries(damfs_model PUBLIC damfs_library)\n"),
    ("catalog/ingest/CMakeLists.txt", "target_link_libraries(damfs_ingest PRIVATE SQLiteCpp)\n"),
    ("views/CMakeLists.txt", "target_link_libraries(damfs_views\n  PRIVATE\n  damfs_fs)\n"),
    ("views/more/CMakeLists.txt", "target_link_libraries(damfs_views PRIVATE PkgConfig::VIPS)\n"),
    ("fs/more/CMakeLists.txt", "target_link_libraries(damfs PRIVATE SQLiteCpp)\n"),
])
def test_each_breach_is_found_and_named(tmp_path, name, text):
    done = check(tmp_path, {**CLEAN, name: text})
    assert done.returncode == 1
    assert name in done.stdout
    assert done.stdout.count("\n") == 2, done.stdout  # that one, and the closing line
