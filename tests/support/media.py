# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Media to test with, and what a test asks of pictures."""

import fcntl
import hashlib
import os
import random
import re
import subprocess
import tempfile
from pathlib import Path

import pytest

from library import BIN, ROOT

# Of the demo folder: what an import leaves out.
LITTER = (".DS_Store", "._IMG_0001.JPG", "Thumbs.db")
LINK_OUT = "link out of the tree"
DIFF_EXCLUDES = [part for name in (*LITTER, LINK_OUT) for part in ("-x", name)]

BOX = {"small": 200, "medium": 800, "large": 1920}


def demo_folder():
    maker = ROOT / "scripts/demo-media"
    version = hashlib.sha256(maker.read_bytes()).hexdigest()[:12]
    beside_build = BIN.parent
    base = beside_build if os.access(beside_build, os.W_OK) else Path(tempfile.gettempdir())
    cache = base / f"test-media-{os.getuid()}"
    cache.mkdir(exist_ok=True)
    folder = cache / f"demo-{version}"
    with open(cache / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests run side by side; the first one makes it
        if not folder.exists():
            with tempfile.TemporaryDirectory(dir=cache) as making:
                subprocess.run([str(maker), f"{making}/demo"], check=True, stdin=subprocess.DEVNULL)
                os.rename(f"{making}/demo", folder)
    return folder


def samples_folder():
    folder = os.environ.get("DAMFS_SAMPLES")
    if not folder:
        pytest.skip("DAMFS_SAMPLES is not set: no folder of real camera files to try")
    return Path(folder)


def lasting_files(folder):
    """Relative paths of what an import of that folder must take in."""
    found = []
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink() and path.name not in LITTER:
            found.append(str(path.relative_to(folder)))
    return found


def sha256(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def random_files(folder, count, size, seed=1, suffix=".bin"):
    """Incompressible files, the same ones for a seed."""
    folder.mkdir(parents=True, exist_ok=True)
    source = random.Random(seed)
    for n in range(count):
        (folder / f"file{n:05}{suffix}").write_bytes(source.randbytes(size))
    return folder


def text_files(folder, count, suffix=".txt"):
    """Small files that are all different and surely no media."""
    folder.mkdir(parents=True, exist_ok=True)
    for n in range(count):
        (folder / f"file{n:05}{suffix}").write_text(f"This is text number {n} {suffix}.\n")
    return folder


def write(path, text, mode=None, mtime_ns=None):
    """A file with that text, or those bytes; the folders above it are made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    if mode is not None:
        path.chmod(mode)
    if mtime_ns is not None:
        os.utime(path, ns=(mtime_ns, mtime_ns))
    return path


def picture(path, color="red"):
    """640 by 480 pixels of one color, in the format that the name says."""
    path.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", f"color={color}:size=640x480", "-frames:v", "1", str(path)],
                   check=True, stdin=subprocess.DEVNULL)
    return path


def raster(path):
    """Width and height as libvips reads them: (w, h)."""
    out = subprocess.run(["vipsheader", str(path)], capture_output=True, text=True)
    assert out.returncode == 0, out.stderr
    return tuple(map(int, re.search(r": (\d+)x(\d+) ", out.stdout).groups()))


def pixel(path, x, y):
    out = subprocess.run(["vips", "getpoint", str(path), str(x), str(y)], capture_output=True, text=True)
    assert out.returncode == 0, out.stderr
    return tuple(float(v) for v in out.stdout.split())


def require_valid_webp(path, data):
    """A complete WebP to the last byte, by its own length field and by webpinfo; `path` holds the same bytes."""
    assert data[:4] == b"RIFF" and data[8:12] == b"WEBP", data[:16]
    assert int.from_bytes(data[4:8], "little") + 8 == len(data)
    out = subprocess.run(["webpinfo", "-quiet", str(path)], capture_output=True, text=True)
    assert out.returncode == 0 and "No error detected" in out.stdout + out.stderr or out.returncode == 0 and not out.stderr, \
        out.stdout + out.stderr


def run_all(actions):
    """Runs every one, even after a failure; then raises the first."""
    failures = []
    for action in actions:
        try:
            action()
        except BaseException as failure:  # noqa: BLE001: raised again below
            failures.append(failure)
    if failures:
        raise failures[0]
