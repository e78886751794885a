#!/usr/bin/python3
# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What compiling costs: the twenty dearest headers and the twenty dearest steps of a preset that was built.

Usage: bench/compile.py [PRESET]

A header's price is the processor time of a file that includes it alone, less that of an empty file, times the number of
the project's files that include it.
"""

import collections
import json
import re
import resource
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
INCLUDE = re.compile(r'^#include ([<"][^>"]+[>"])', re.M)


def flags_of(preset):
    """Every -I, -isystem and -D that any file is compiled with: so that any header can be found."""
    flags = {}
    for entry in json.loads((ROOT / "build" / preset / "compile_commands.json").read_text()):
        words = iter(shlex.split(entry["command"]))
        for word in words:
            if word == "-isystem":
                flags[f"-isystem{next(words)}"] = True
            elif word.startswith(("-I", "-D")):
                flags[word] = True
    return list(flags)


def seconds_for(header, flags, folder):
    source = folder / "one.cc"
    # libav's headers are C.
    text = f"#include {header}\n" if header else ""
    source.write_text(f'extern "C" {{\n{text}}}\n' if header.startswith("<lib") else text)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(["c++", "-std=c++20", "-O0", "-c", *flags, "-o", "/dev/null", source], capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime if done.returncode == 0 else None


def dearest_headers(preset):
    listed = subprocess.run(["git", "-C", ROOT, "ls-files", "*.cc", "*.h"], capture_output=True, text=True, check=True).stdout
    used = collections.Counter(header for name in listed.split() for header in set(INCLUDE.findall((ROOT / name).read_text())))
    flags = flags_of(preset)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        nothing = min(seconds_for("", flags, folder) for _ in range(3))
        prices = []
        for header, files in used.items():
            price = seconds_for(header, flags, folder)
            if price is not None:
                prices.append((max(0.0, price - nothing) * files, max(0.0, price - nothing), files, header))
    print("     all     one  files  header")
    for total, one, files, header in sorted(prices, reverse=True)[:20]:
        print(f"{total:7.1f}s {one:6.2f}s  {files:5}  {header}")


def dearest_steps(preset):
    steps = {}
    for line in (ROOT / "build" / preset / ".ninja_log").read_text().splitlines()[1:]:
        start, end, _, output, _ = line.split("\t")
        steps[output] = (int(end) - int(start)) / 1000
    print("\n   wall  step (two at a time)")
    for output, seconds in sorted(steps.items(), key=lambda step: -step[1])[:20]:
        print(f"{seconds:6.1f}s  {output}")


def main():
    if sys.argv[1:2] in (["-h"], ["--help"]) or len(sys.argv) > 2:
        print(__doc__.strip())
        return 0 if len(sys.argv) == 2 else 1
    preset = sys.argv[1] if len(sys.argv) > 1 else "release"
    if not (ROOT / "build" / preset / ".ninja_log").exists():
        print(f"bench/compile.py: the preset {preset} is not built; scripts/build {preset}", file=sys.stderr)
        return 1
    dearest_headers(preset)
    dearest_steps(preset)
    return 0


if __name__ == "__main__":
    sys.exit(main())
