# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""pjdfstest, the POSIX conformance tests: every case that applies to a file system of files and folders passes.

PJDFSTEST names a built checkout of https://github.com/pjd/pjdfstest. Which cases do not apply, and why, stands in
tests/pjdfstest-not-applicable.txt.
"""

import os
import re
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from library import ROOT

# Kinds of files there are none of here are taken out of the loops over kinds: all their cases would only say so.
NO_SUCH_KIND = re.compile(r"^(\s*for type\d? in )(.*)(; do)$", re.M)
KINDS = {"none", "regular", "dir", "symlink"}
# The copy_file tools of a case wait a second for each time stamp, so many run side by side.
AT_ONCE = 8


def not_applicable():
    """{file: (set of case numbers, or None for all)}"""
    found = {}
    for line in (ROOT / "tests/pjdfstest-not-applicable.txt").read_text().splitlines():
        words = line.split("#")[0].split()
        if not words:
            continue
        numbers = set()
        for part in words[1:]:
            first, _, last = part.partition("-")
            numbers.update(range(int(first), int(last or first) + 1))
        if words[1:]:
            found.setdefault(words[0], set()).update(numbers)
        else:
            found[words[0]] = None
    return found


def pjdfstest(into):
    """A copy of the checkout, without the kinds of files that there are none of here."""
    checkout = os.environ.get("PJDFSTEST")
    if not checkout:
        pytest.skip("PJDFSTEST is not set: no checkout of pjdfstest to run")
    if os.getuid() != 0:
        pytest.skip("pjdfstest acts as several users, which takes root")
    if not os.access(f"{checkout}/pjdfstest", os.X_OK):
        pytest.skip(f"{checkout} has no pjdfstest program: autoreconf -ifs && ./configure && make")
    into.mkdir()
    shutil.copytree(Path(checkout) / "tests", into / "tests")
    shutil.copy2(Path(checkout) / "pjdfstest", into / "pjdfstest")
    for script in (into / "tests").rglob("*.t"):
        text = script.read_text()
        script.write_text(NO_SUCH_KIND.sub(
            lambda loop: loop[1] + " ".join(kind for kind in loop[2].split() if kind in KINDS) + loop[3], text))
        script.chmod(0o755)
    return into


def run_cases(script, folder):
    """[(number, whether it passed, what it said)] of a script run in that folder."""
    folder.mkdir()
    done = subprocess.run(["sh", str(script)], cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=600)
    lines = re.findall(r"^(not ok|ok) (\d+)(.*)$", done.stdout, re.M)
    if not lines and "SKIP" not in done.stdout:
        return [(0, False, f"ran no case: {done.stdout[-300:]}{done.stderr[-300:]}")]
    return [(int(number), result == "ok", said) for result, number, said in lines if "TODO" not in said]


def test_pjdfstest(library, mount_of, scratch):
    suite = pjdfstest(scratch / "suite")
    scratch.chmod(0o755)
    mount = mount_of(library, options=["-o", "allow_other"])
    exempt = not_applicable()
    place = mount / "originals/pjdfstest"
    place.mkdir()
    scripts = [path for path in sorted((suite / "tests").rglob("*.t"))
               if exempt.get(str(path.relative_to(suite / "tests")), ()) is not None]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        results = list(pool.map(lambda n: run_cases(scripts[n], place / f"run{n}"), range(len(scripts))))
    failed, excused = [], []
    for script, cases in zip(scripts, results):
        name = str(script.relative_to(suite / "tests"))
        failed += [f"{name} {number}{said}" for number, passed, said in cases if not passed and number not in exempt.get(name, ())]
        excused += [f"{name} {number}" for number, passed, _ in cases if passed and number in exempt.get(name, ())]
    assert len(scripts) > 100, "most of pjdfstest applies"
    assert not failed, f"{len(failed)} cases failed:\n" + "\n".join(failed)
    assert not excused, f"these pass, and are listed as not applicable: {excused}"
    library.run("doctor")
