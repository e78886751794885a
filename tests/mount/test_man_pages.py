# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The man pages say what --help says, and render without a warning."""

import os
import re
import shutil
import subprocess

import pytest

from installed import install_to
from library import BIN, environment

DAMFS = BIN / "damfs"
OPTION = re.compile(r"(?<![\w-])--?[A-Za-z][\w-]*")


def ask(*args):
    return subprocess.run([DAMFS, *args], capture_output=True, text=True, check=True).stdout


VERBS = ask("help", "--verbs").split()
# What bears options: (page, words of the command).
COMMANDS = [(verb, (verb, *below)) for verb in VERBS
            for below in [()] + [(each,) for each in ask("help", verb, "--verbs").split()]]
GROFF = pytest.mark.skipif(not shutil.which("groff"), reason="groff is not here (Debian: groff-base)")


def rendered(roff, width=400):
    done = subprocess.run(["groff", "-man", "-Tutf8", "-ww", "-P-cbou", f"-rLL={width}n"], input=roff, capture_output=True,
                          text=True, env={**os.environ, "LANG": "C.UTF-8"}, check=True)
    assert not done.stderr, done.stderr
    return done.stdout


def told_by_help(*words):
    """{options} that stand at the beginning of a line of it."""
    found = set()
    for line in ask(*words, "--help").splitlines():
        if match := re.match(r"  (-[\w-]+(?:,-[\w-]+)*)", line):
            found |= set(match.group(1).split(","))
    return found


def told_by_page(roff):
    """{command: {options}} by the lines that .TP begins."""
    found, command = {}, "OPTIONS"
    lines = roff.replace("\\-", "-").splitlines()
    for before, line in zip(lines, lines[1:]):
        if match := re.match(r'\.S[HS] "(.*)"', line):
            command = match.group(1)
        elif before == ".TP" and line.startswith("\\fB-"):
            found.setdefault(command, set()).update(OPTION.findall(re.sub(r"\\f.", "", line.split(" \\fI")[0])))
    return found


def test_what_is_for_shells_and_packagers_stays_out_of_help():
    assert {"init", "import", "mount", "tag", "album", "doctor"} <= set(VERBS)
    assert not {"help", "complete"} & set(VERBS)
    assert not re.search(r"^  (help|complete) ", ask("--help"), re.M)


@pytest.mark.parametrize("page, words", COMMANDS, ids=[" ".join(words) for _, words in COMMANDS])
def test_a_page_has_the_options_that_help_has(page, words):
    told = told_by_page(ask("help", "--man", page))
    key = "OPTIONS" if len(words) == 1 else f"damfs {' '.join(words)}"
    assert told_by_help(*words) == told[key]
    assert len(told_by_help(*words)) >= 2, "-h, --help"


def test_the_program_s_page_has_its_options_and_all_verbs():
    roff = ask("help", "--man")
    assert told_by_page(roff)["OPTIONS"] == told_by_help()
    for verb in VERBS:
        assert re.search(rf"^\\fB{verb}\\fP", roff, re.M) and f"\\fBdamfs\\-{verb}\\fP(1)" in roff


@GROFF
@pytest.mark.parametrize("page", ["damfs", *VERBS])
def test_a_page_renders_without_a_warning_and_tells_all(page):
    words = [] if page == "damfs" else [page]
    roff = ask("help", "--man", *words)
    assert roff.isascii() and max(map(len, roff.splitlines())) < 2000
    for width in (78, 400):
        text = rendered(roff, width)
    shown = " ".join(text.split())
    for section in ("NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "SEE ALSO"):
        assert re.search(rf"^{section}$", text, re.M), section
    # Each line of an example can be pasted into a shell as it stands; every word of the help is there.
    help_text = ask(*words, "--help")
    for line in re.findall(r"^  (damfs .*)$", help_text, re.M):
        assert " ".join(line.split()) in shown, line
    for word in re.findall(r"[\w$/.~'\"+:>=<-]{3,}", help_text.split("Usage:")[1].split("\n", 1)[1]):
        if re.match(r"^(Options|Positionals|Subcommands|TEXT|UINT|INT|\[?OPTIONS|REQUIRED|Excludes|Needs|1024)", word):
            continue
        for piece in word.lower().split(","):
            assert piece.strip("`:") in shown.lower(), f"{piece} of {page}"


@pytest.mark.skipif(not shutil.which("man"), reason="man is not here (Debian: man-db)")
@GROFF
def test_installed_pages_are_found_by_man(scratch):
    prefix = install_to(scratch / "prefix")
    pages = sorted(path.name for path in (prefix / "share/man/man1").iterdir())
    assert pages == sorted(["damfs.1", *(f"damfs-{verb}.1" for verb in VERBS)])
    for page in ("damfs", "damfs-tag"):
        done = subprocess.run(["man", "--warnings", "-M", prefix / "share/man", page], capture_output=True, text=True,
                              env={**environment(scratch), "MANPAGER": "cat", "MANWIDTH": "80"}, check=True)
        assert "SYNOPSIS" in done.stdout and "warning" not in done.stderr, done.stderr


def test_help_of_a_verb_is_what_it_says_itself():
    assert ask("help") == ask("--help")
    assert ask("help", "tag", "add") == ask("tag", "add", "--help")
    done = subprocess.run([DAMFS, "help", "nonsense"], capture_output=True, text=True)
    assert done.returncode == 1 and "no verb 'nonsense'" in done.stderr
