# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A library of a test's own, and the program run on it."""

import contextlib
import json
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

SLOWNESS = float(os.environ.get("DAMFS_SLOWNESS", "1"))
# Programs under a sanitizer take more memory, and their workers are not confined.
SANITIZED = os.environ.get("DAMFS_SANITIZED") == "1"
MEMORY_FACTOR = 4 if SANITIZED else 1
# Set by `scripts/test all`, which takes hours.
THOROUGH = os.environ.get("DAMFS_THOROUGH") == "1"
ROOT = Path(__file__).resolve().parents[2]
BIN = Path(os.environ.get("DAMFS_BIN", ROOT / "build/release/bin"))

# What a program never says when all is well.
SUSPICIOUS = re.compile(
    r"AddressSanitizer|ThreadSanitizer|LeakSanitizer|UndefinedBehavior|runtime error:|terminate called|what\(\):"
    r"|assertion|\bassert\b|\bleak(ed|s)?\b|\bbug\b|double free|stack smashing|segmentation fault|core dumped",
    re.IGNORECASE)


def thorough(many, few):
    """How much of the same: CI proves it with few, `scripts/test all` with many."""
    return many if THOROUGH else few


def require_innocent(text, what):
    found = SUSPICIOUS.search(text)
    assert not found, f"{what} said {found.group(0)!r}:\n{text[-4000:]}"


@contextlib.contextmanager
def scratch_folder():
    """A folder that is gone afterwards. Not pytest's tmp_path, which keeps whole libraries for three sessions."""
    folder = Path(tempfile.mkdtemp(prefix="damfs-test-"))
    try:
        yield folder
    finally:
        detach_mounts_below(folder)
        shutil.rmtree(folder, onerror=_make_writable_and_retry)


def mountpoints():
    """From the kernel's table: asking a path itself would ask a daemon that may be dead."""
    with open("/proc/self/mounts", encoding="utf-8", errors="surrogateescape") as table:
        return [re.sub(r"\\(\d{3})", lambda m: chr(int(m.group(1), 8)), line.split()[1]) for line in table]


def detach(mountpoint):
    argv = ["umount", "-l", mountpoint] if os.getuid() == 0 else ["fusermount3", "-uz", mountpoint]
    subprocess.run(argv, capture_output=True)


def detach_mounts_below(folder):
    """Whatever a failed test left mounted: nothing may be deleted through it, and nothing stand in the next one's way."""
    inside = os.path.realpath(folder) + "/"
    for mountpoint in reversed([m for m in mountpoints() if m.startswith(inside)]):
        detach(mountpoint)


def _make_writable_and_retry(function, path, _):
    """A folder may be shut; and a daemon that is just ending may take a file away first."""
    with contextlib.suppress(FileNotFoundError):
        os.chmod(os.path.dirname(path), 0o755)
        function(path)


def environment(home):
    """Nothing of the developer's own library, settings and locale may leak in."""
    kept = {k: v for k, v in os.environ.items() if k in ("PATH", "TMPDIR", "TZ", "USER", "LOGNAME")}
    suppressions = ROOT / "tests/support/lsan.supp"
    return {**kept, "HOME": str(home), "XDG_DATA_HOME": str(home / ".local/share"), "LANG": "C.UTF-8",
            "ASAN_OPTIONS": "detect_leaks=1:detect_stack_use_after_return=1", "UBSAN_OPTIONS": "print_stacktrace=1",
            "LSAN_OPTIONS": f"suppressions={suppressions}:print_suppressions=0"}


def turn_a_byte(file, at=0):
    """As a disk does that rots: nobody is told."""
    mode = file.stat().st_mode
    file.chmod(0o644)
    with open(file, "r+b") as opened:
        opened.seek(at)
        byte = opened.read(1)[0]
        opened.seek(at)
        opened.write(bytes([byte ^ 1]))
    file.chmod(mode)


class Library:
    def __init__(self, path):
        self.path = Path(path)
        self.home = self.path.parent / "home"
        self.home.mkdir(parents=True, exist_ok=True)

    def argv(self, *args):
        return [str(BIN / "damfs"), "-L", str(self.path), *map(str, args)]

    def run(self, *args, expect=0, timeout=300, **options):
        """The program's verb; `expect` is the exit status it must have, None: any."""
        done = subprocess.run(self.argv(*args), stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              errors="surrogateescape", timeout=timeout * SLOWNESS, env=environment(self.home), **options)
        said = f"{' '.join(map(str, args))} exited {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        require_innocent(done.stderr, f"damfs {args[0]}")
        assert done.returncode >= 0, f"killed by a signal: {said}"
        assert expect is None or done.returncode == expect, said
        return done

    def start(self, *args, **options):
        """The verb as a running process, in a process group of its own."""
        return subprocess.Popen(self.argv(*args), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                text=True, env=environment(self.home), start_new_session=True, **options)

    def json_lines(self, *args, **options):
        return [json.loads(line) for line in self.run(*args, "--json", **options).stdout.splitlines() if line.strip()]

    def init(self, ready_workers=0):
        """Without workers that a mount starts before anybody asks: most tests never do, and starting costs a second."""
        self.run("init", self.path)
        self.configure("media", ready_workers=ready_workers)
        return self

    def copied_to(self, path):
        """A library of its own with all that is in this one, which nobody has mounted: what takes long is done once."""
        Path(path).parent.mkdir(exist_ok=True)
        shutil.copytree(self.path, path, symlinks=True)
        return Library(path)

    def import_(self, *paths_and_flags, expect=0, **options):
        """Imports; returns the closing event."""
        events = self.json_lines("import", *paths_and_flags, expect=expect, **options)
        assert events and events[-1]["event"] == "done", events[-3:]
        return events[-1]

    def find(self, *words):
        return self.json_lines("find", *words)

    def by_name(self):
        """Every originals path -> what find tells of its asset."""
        return {name: asset for asset in self.find("--copies") for name in asset["names"]}

    def delete_derived(self, profile=""):
        """As rm -rf does it, also beside a mount that is just keeping what was read: until it is gone."""
        folder = self.path / "derived" / profile
        while folder.exists():
            shutil.rmtree(folder, ignore_errors=True)

    def status(self):
        return json.loads(self.run("status", "--json").stdout)

    def configure(self, table, **values):
        """Sets numbers in damfs.toml, in whichever way the table stands there already."""
        config = self.path / "damfs.toml"
        text = config.read_text() if config.exists() else ""
        for key, value in values.items():
            header = re.search(rf"^\[{re.escape(table)}\][^\n]*$", text, re.M)
            if not header:
                text += f"\n[{table}]\n"
                header = re.search(rf"^\[{re.escape(table)}\][^\n]*$", text, re.M)
            end = re.search(r"^\[", text[header.end():], re.M)
            body_end = header.end() + end.start() if end else len(text)
            body = re.sub(rf"^{re.escape(key)}\s*=.*\n?", "", text[header.end():body_end], flags=re.M)
            text = text[:header.end()] + f"\n{key} = {value}" + body + text[body_end:]
        config.write_text(text)

    def objects(self):
        return sorted(p for p in (self.path / "objects").rglob("*") if p.is_file())

    def facts_for_comparison(self):
        """What the library holds, free of what depends on the order in which files were taken in."""
        return {name: {key: asset.get(key) for key in
                       ("kind", "mime", "size", "sha256", "captured", "date_source", "make", "model", "rating", "problem")}
                | {"names": sorted(asset["names"]), "tags": sorted(asset["tags"])}
                for name, asset in self.by_name().items()}
