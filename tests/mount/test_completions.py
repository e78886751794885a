# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bash, zsh and fish complete verbs, options and what is in the library."""

import os
import pty
import re
import select
import shutil
import subprocess
import time

import pytest

from installed import install_to
from library import BIN, SLOWNESS, Library, environment, scratch_folder

DAMFS = BIN / "damfs"
TAGS = ["beach", "Bench", "places/italy", "places/ice land", "with space", "it's (good) & #1; done", "$HOME`x`"]
FILES = ["2024/rome/colosseum.txt", "2024/rome/my forum.txt", "2023/other.txt", "odd/colon: x=y.txt", 'odd/quote".txt',
         "odd/back\\slash $HOME.txt"]


@pytest.fixture(scope="module")
def filled():
    with scratch_folder() as folder:
        library = Library(folder / "library").init()
        source = folder / "trips"
        for name in FILES:
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_text(name)
        library.import_(source)
        for tag in TAGS:
            library.run("tag", "add", tag, "2023/other.txt")
        library.run("album", "add", "Best of 2024", "2023/other.txt")
        yield library


def matches(library, *args):
    return library.run("complete", *args).stdout.splitlines()


def test_the_program_knows_what_words_may_become(filled):
    assert matches(filled, "tags", "be") == ["beach", "Bench"]
    assert matches(filled, "tags", "places/") == ["places/ice land", "places/italy"]
    assert matches(filled, "tags", "nothing/like") == matches(filled, "tags", "zz") == []
    assert set(matches(filled, "tags")) == {tag.split("/")[0] for tag in TAGS}
    assert matches(filled, "albums", "") == ["Best of 2024"]
    assert matches(filled, "labels", "colos") == ["colosseum.txt"]
    assert matches(filled, "items", "2") == ["2023/", "2024/"]
    assert matches(filled, "items", "2024/rome/") == ["2024/rome/colosseum.txt", "2024/rome/my forum.txt"]
    assert matches(filled, "items", "ot") == ["other.txt"]
    assert matches(filled, "views", "by-t") == ["by-tag", "by-type"]
    assert {"small", "material", "edit", "edit-hq"} <= set(matches(filled, "profiles", ""))
    assert matches(filled, "words", "tag:be") == ["tag:beach", "tag:Bench"]
    assert matches(filled, "words", "album:b") == ['album:"Best of 2024"']
    assert "shift-jis" in matches(filled, "encodings", "sh")
    filled.run("complete", "nonsense", "", expect=1)


def test_a_profile_of_the_library_s_own_is_offered(library):
    library.configure("preview.frame", box=1280)
    assert matches(library, "profiles", "fr") == ["frame"]


def test_names_that_would_talk_to_the_terminal_are_left_out_and_no_more_than_200_told(library, scratch):
    source = scratch / "many"
    source.mkdir()
    for number in range(300):
        (source / f"n{number:03}.txt").write_text(str(number))
    (source / "x\nfirst line.txt").write_text("newline")
    (source / "x\x1b[31m.txt").write_text("escape")
    (source / "x fine.txt").write_text("fine")
    library.import_(source)
    (source / "deep").mkdir()
    (source / "deep/y\x1b[31m\n.txt").write_text("in a folder, where names are any bytes")
    (source / "deep/y fine.txt").write_text("fine, in a folder")
    library.import_(source / "deep", "--into", "deep")
    assert matches(library, "items", "deep/") == ["deep/y fine.txt"]
    assert "x fine.txt" in matches(library, "labels", "x")
    for what in ("labels", "items"):
        found = matches(library, what, "n")
        assert len(found) == 200 and found == sorted(found)
        assert all(name.isprintable() for name in matches(library, what, ""))
    library.run("tag", "add", "t\x1b[2J", "x fine.txt", expect=None)
    assert all(name.isprintable() for name in matches(library, "tags", ""))


def test_completing_changes_nothing(filled):
    before = {path: path.stat().st_mtime_ns for path in filled.path.iterdir() if path.name == "catalog.db"}
    for what in ("tags", "albums", "labels", "items", "words", "profiles"):
        matches(filled, what, "b")
    assert before == {path: path.stat().st_mtime_ns for path in before}


SCRIPT = 'source <("$1" help --completion bash); shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); ' \
         'COMP_LINE=; COMP_POINT=0; _damfs; printf "%s\\n" "${COMPREPLY[@]}"'


def in_bash(filled, *words, cwd=None):
    """COMPREPLY for the words, the last of which is being typed."""
    done = subprocess.run(["bash", "--norc", "-c", SCRIPT, "bash", DAMFS, str(DAMFS), *words], capture_output=True, text=True,
                          cwd=cwd or filled.home, env={**environment(filled.home), "DAMFS_LIBRARY": str(filled.path)})
    assert not done.stderr and done.returncode == 0, done
    return [line for line in done.stdout.splitlines() if line]


def bash_word(text):
    return subprocess.run(["bash", "-c", 'printf %q "$1"', "bash", text], capture_output=True, text=True, check=True).stdout


def words_as_typed(typed):
    """What a shell makes of it."""
    done = subprocess.run(["bash", "--norc", "-c", f"printf '%s\\n' {typed}"], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_bash_offers_verbs_and_options(filled):
    assert in_bash(filled, "im") == ["import"]
    assert {"init", "tag", "mount", "unmount"} <= set(in_bash(filled, ""))
    assert in_bash(filled, "tag", "re") == ["remove", "rename"]
    assert in_bash(filled, "import", "--re") == ["--refresh"]
    assert set(in_bash(filled, "tag", "add", "--")) == {"--help", "--json", "--query"}
    assert in_bash(filled, "-L", str(filled.path), "tag", "add", "bea") == ["beach"]
    assert in_bash(filled, "nonsense", "") == in_bash(filled, "tag", "list", "") == []


def test_bash_offers_what_is_in_the_library_quoted_for_a_shell(filled):
    assert in_bash(filled, "tag", "add", "be") == ["beach", "Bench"]
    assert in_bash(filled, "tag", "rename", "beach", "Ben") == ["Bench"]
    assert in_bash(filled, "import", "--tag", "bea") == in_bash(filled, "import", "x", "--tag", "bea") == ["beach"]
    assert in_bash(filled, "import", "--album", "B") == ["Best\\ of\\ 2024"]
    assert in_bash(filled, "album", "numbered", "Best of 2024", "o") == ["on", "off"]
    assert in_bash(filled, "album", "query", "x", "tag:bea") == ["beach"], "bash replaces what stands behind the colon"
    assert in_bash(filled, "warm", "--profile", "edi") == ["edit", "edit-hq"]
    assert in_bash(filled, "set", "--rating", "r") == ["rejected"]
    assert in_bash(filled, "tag", "add", "beach", "2024/rome/m") == ["2024/rome/my\\ forum.txt"]
    assert in_bash(filled, "tag", "add", "beach", "one", "two", "oth") == ["other.txt"], "as many items as one likes"
    for tag in [tag for tag in TAGS if "/" not in tag]:
        offered, = in_bash(filled, "tag", "add", bash_word(tag[:-1]))
        assert words_as_typed(offered) == [tag]
    assert in_bash(filled, "tag", "add", '"with s') == ["with space"], "the quote that is open is closed by bash"
    assert in_bash(filled, "tag", "add", "with\\ s") == ["with\\ space"]


PREPARED = {
    "bash": (["bash", "--norc", "--noprofile", "-i"],
             "bind 'set enable-bracketed-paste off'; source <(damfs help --completion bash)"),
    "zsh": (["zsh", "-f", "-i"], "fpath=($HOME $fpath); autoload -U compinit; compinit -u -D; bindkey -e"),
}


def typed_in_a_terminal(filled, shell, line, cwd):
    """The words that damfs is called with where Tab was pressed behind the line."""
    environ = {**environment(filled.home), "DAMFS_LIBRARY": str(filled.path), "PS1": "$ ", "TERM": "dumb",
               "PATH": f"{BIN}:{os.environ['PATH']}", "INPUTRC": "/dev/null"}
    argv, prepare = PREPARED[shell]
    (filled.home / "_damfs").write_text(subprocess.run([DAMFS, "help", "--completion", "zsh"], capture_output=True, text=True,
                                                       check=True).stdout)
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(cwd)
        os.execvpe(argv[0], argv, environ)
    said = b""

    def wait_for(mark):
        nonlocal said
        end = time.monotonic() + 30 * SLOWNESS
        while mark not in said and time.monotonic() < end:
            if select.select([terminal], [], [], 0.1)[0]:
                said += os.read(terminal, 65536)
        assert mark in said, said

    def write(text):
        os.write(terminal, text.encode())
    try:
        write("show() { for each; do printf '<%s>' \"$each\"; done; echo; }\n")
        write(f"{prepare}; echo rea''dy\n")
        wait_for(b"ready\r")
        write(line + "\t\x01show \x05; echo fin''ished\n")
        wait_for(b"finished\r")
    finally:
        write("\x03exit\n")
        os.close(terminal)
        os.waitpid(pid, 0)
    shown, = re.findall(r"^<damfs>(.*)\r$", said.decode(errors="replace"), re.M)
    return re.findall("<(.*?)>", shown)


@pytest.mark.parametrize("line, became", [
    ("damfs tag add wit", ["tag", "add", "with space"]),
    ("damfs tag add 'wit", ["tag", "add", "with space"]),
    ('damfs tag add "wit', ["tag", "add", "with space"]),
    ("damfs tag add with\\ s", ["tag", "add", "with space"]),
    ("damfs tag add it", ["tag", "add", "it's (good) & #1; done"]),
    ("damfs tag add 'it", ["tag", "add", "it's (good) & #1; done"]),
    ("damfs info odd/colon:", ["info", "odd/colon: x=y.txt"]),
    ("damfs info odd/q", ["info", 'odd/quote".txt']),
    ('damfs info "odd/q', ["info", 'odd/quote".txt']),
    ('damfs info "odd/b', ["info", "odd/back\\slash $HOME.txt"]),
    ("damfs info odd/back\\\\sl", ["info", "odd/back\\slash $HOME.txt"]),
    ("damfs tag add \\$H", ["tag", "add", "$HOME`x`"]),
    ("damfs import --tag=wit", ["import", "--tag=with space"]),
    ("damfs find tag:wit", ["find", 'tag:"with space"']),
    ("damfs info 2024/rome/m", ["info", "2024/rome/my forum.txt"]),
    ("damfs import ./fi", ["import", "./file here"]),
    ("damfs stat", ["status"]),
])
@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_in_a_terminal_tab_makes_words_of_it(filled, scratch, shell, line, became):
    if not shutil.which(shell):
        pytest.skip(f"{shell} is not here")
    (scratch / "file here").write_text("x")
    assert typed_in_a_terminal(filled, shell, line, scratch) == became


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_scripts_are_free_of_errors(shell, scratch):
    script = scratch / f"damfs.{shell}"
    script.write_text(subprocess.run([DAMFS, "help", "--completion", shell], capture_output=True, text=True, check=True).stdout)
    assert "# TABLES" not in script.read_text()
    if not shutil.which(shell):
        pytest.skip(f"{shell} is not here")
    done = subprocess.run([shell, "-n", script], capture_output=True, text=True)
    assert done.returncode == 0 and not done.stderr, done.stderr


@pytest.mark.parametrize("typed, offered", [
    ("damfs tag add be", ["beach", "Bench"]),
    ("damfs tag add wit", ["with space"]),
    ("damfs tag add places/", ["places/ice land", "places/italy"]),
    ("damfs import --album=B", ["--album=Best of 2024"]),
    ("damfs import --album B", ["Best of 2024"]),
    ("damfs tag re", ["remove", "rename"]),
    ("damfs import --ref", ["--refresh"]),
    ("damfs album numbered x o", ["off", "on"]),
    ("damfs info 2024/rome/c", ["2024/rome/colosseum.txt"]),
])
def test_fish_completes(filled, typed, offered):
    if not shutil.which("fish"):
        pytest.skip("fish is not here")
    script = 'source (damfs help --completion fish | psub); complete -C "$TYPED"'
    done = subprocess.run(["fish", "--no-config", "-c", script], capture_output=True, text=True, cwd=filled.home,
                          env={**environment(filled.home), "DAMFS_LIBRARY": str(filled.path), "TYPED": typed,
                               "PATH": f"{BIN}:{os.environ['PATH']}"})
    found = [re.sub(r"\\(.)", r"\1", line.split("\t")[0]) for line in done.stdout.splitlines()]
    assert sorted(found) == sorted(offered) and not done.stderr, done


def test_they_are_installed_where_shells_look(scratch):
    share = install_to(scratch / "prefix") / "share"
    for name in ("bash-completion/completions/damfs", "zsh/site-functions/_damfs", "fish/vendor_completions.d/damfs.fish"):
        assert (share / name).stat().st_size > 1000
    assert (share / "zsh/site-functions/_damfs").read_text().startswith("#compdef damfs\n")
