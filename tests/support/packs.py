# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Texture packs made by the programs that people make them with, all from one tree, and what must be seen of them."""

import datetime
import fcntl
import functools
import hashlib
import io
import os
import random
import shutil
import struct
import subprocess
import tempfile
import time
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import pytest

from clips import ffmpeg
from library import BIN

SECOND_NS = 1_000_000_000
LOCALE = {"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin", "HOME": "/nonexistent"}
DEEP = "deep/" + "/".join(f"level{n}" for n in range(24))


def need(*programs):
    for program in programs:
        if not shutil.which(program):
            pytest.skip(f"not installed: {program}")


def run(*argv, cwd=None, expect=0):
    zone = {"TZ": os.environ["TZ"]} if "TZ" in os.environ else {}
    done = subprocess.run([str(a) for a in argv], stdin=subprocess.DEVNULL, capture_output=True, cwd=cwd, env={**LOCALE, **zone})
    assert done.returncode == expect, (argv, done.stdout[-1000:], done.stderr[-2000:])
    return done.stdout


# --- the tree ---------------------------------------------------------------------------------------------

def _pictures(folder):
    folder.mkdir(parents=True)
    picture, noise = ["-f", "lavfi", "-i", "testsrc2=size=1024x1024:rate=1"], "noise=alls=12:all_seed=5"
    one = ["-frames:v", "1", "-update", "1", "-fflags", "+bitexact"]
    ffmpeg(*picture, "-vf", noise, *one, "-pix_fmt", "rgb24", folder / "Rock012_1K_Color.png")
    ffmpeg(*picture, *one, "-vf", "hue=h=90", "-pix_fmt", "rgb24", folder / "Rock012_1K_NormalGL.png")
    ffmpeg(*picture, "-vf", noise, *one, "-q:v", "3", folder / "Rock012_1K_Roughness.jpg")
    ffmpeg(*picture, "-vf", "noise=alls=2:all_seed=3,scale=1000:1000", *one, "-pix_fmt", "rgb48le", "-compression_algo", "raw",
           folder / "Rock012_1K_Displacement.tif")
    ffmpeg(*picture, "-vf", "scale=600:600", *one, "-pix_fmt", "gbrpf32le", "-compression", "none", folder / "Rock012_1K_AO.exr")


@functools.lru_cache(8)
def rows(size):
    """Text that deflate halves but does not make away with, the same every time."""
    source, out = random.Random(11), io.BytesIO()
    while out.tell() < size:
        out.write(b"%x %d row of the table\n" % (source.getrandbits(96), source.randrange(1000)))
    return out.getvalue()[:size]


def _plain_files(top):
    source = random.Random(12)
    contents = {
        "big/rows.txt": rows(6 << 20), "big/random.bin": source.randbytes(1_500_001), "big/zeros.bin": bytes(3 << 20),
        "empty.txt": b"", "empty too/nothing.bin": b"", "one byte.bin": b"x", "no extension": b"read me\n", ".hidden": b"dot\n",
        "Ünï çödé/漢字 テクスチャ.txt": b"texture\n", "Ünï çödé/Кирпич.mtl": b"newmtl brick\n",
        "a~2.txt": b"a tilde of its own\n",
        "spaces and (brackets) [1] #2 %41 'q'.txt": b"name\n", DEEP + "/bottom.txt": b"far down\n",
        "docs/LICENSE": b"CC0\n" * 400,
        "docs/a.b.c.tar.gz": source.randbytes(4096)}
    for n in range(60):
        contents[f"many/tile_{n:03}.bin"] = source.randbytes(n * 37) + b"pad" * n
    for name, data in contents.items():
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_bytes(data)
    (top / "empty folder").mkdir()


def _make_tree(top):
    _pictures(top / "textures")
    _plain_files(top)
    (top / "docs/LICENSE").chmod(0o444)
    (top / "no extension").chmod(0o755)
    (top / "one byte.bin").chmod(0o600)
    (top / "docs").chmod(0o750)
    # Times last, folders after what is in them; summer and winter, odd and even seconds, and parts of them.
    for n, path in enumerate(sorted(top.rglob("*"), reverse=True)):
        os.utime(path, ns=(0, (1_100_000_000 + n * 3_600_011) * SECOND_NS + (n * 123_456_700) % SECOND_NS))


def texture_tree():
    """Made by the first test that asks, kept beside the build; nobody writes to it."""
    version = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:12]
    base = BIN.parent if os.access(BIN.parent, os.W_OK) else Path(tempfile.gettempdir())
    cache = base / f"test-media-{os.getuid()}"
    cache.mkdir(exist_ok=True)
    folder = cache / f"textures-{version}"
    with open(cache / "textures.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            with tempfile.TemporaryDirectory(dir=cache) as making:
                _make_tree(Path(making) / "textures")
                os.rename(f"{making}/textures", folder)
    return folder


# --- makers -----------------------------------------------------------------------------------------------

def paths_below(tree):
    """Relative, folders before what is in them."""
    return sorted(str(path.relative_to(tree)) for path in tree.rglob("*"))


def _zipfile(method, streamed=False):
    def make(tree, archive):
        with open(archive, "wb") as out:
            target = _Unseekable(out) if streamed else out
            with zipfile.ZipFile(target, "w", method, compresslevel=6) as pack:
                for name in paths_below(tree):
                    pack.write(tree / name, name)
    return make


class _Unseekable(io.RawIOBase):
    """A pipe: sizes and CRC then stand behind each stream."""

    def __init__(self, out):
        self.out = out

    def writable(self):
        return True

    def write(self, data):
        return self.out.write(data)

    def seekable(self):
        return False


def _zip(*flags):
    def make(tree, archive):
        need("zip")
        run("zip", "-qr", *flags, archive, ".", cwd=tree)
    return make


def _7z(*flags):
    def make(tree, archive):
        need("7z")
        run("7z", "a", "-tzip", "-bd", *flags, archive, ".", cwd=tree)
    return make


def _bsdtar(*flags, top="."):
    def make(tree, archive):
        need("bsdtar")
        run("bsdtar", "--format", "zip", *flags, "-cf", archive, *([top] if top else sorted(os.listdir(tree))), cwd=tree)
    return make


def _extract_zipfile(archive, into):
    with zipfile.ZipFile(archive) as pack:
        pack.extractall(into)


def _extract_unzip(archive, into):
    need("unzip")
    run("unzip", "-q", archive, "-d", into)


def _extract_7z(archive, into):
    need("7z")
    run("7z", "x", "-bd", f"-o{into}", archive)


def _extract_bsdtar(archive, into):
    need("bsdtar")
    into.mkdir()
    run("bsdtar", "-xpf", archive, "-C", into)


@dataclass(frozen=True)
class Maker:
    make: object
    extract: object
    method: str  # of what is worth packing, as the xattr tells it
    sets_times: bool = True  # the extractor does


MAKERS = {
    "zipfile-stored": Maker(_zipfile(zipfile.ZIP_STORED), _extract_zipfile, "stored", False),
    "zipfile-deflated": Maker(_zipfile(zipfile.ZIP_DEFLATED), _extract_zipfile, "deflated", False),
    "zipfile-streamed": Maker(_zipfile(zipfile.ZIP_DEFLATED, streamed=True), _extract_zipfile, "deflated", False),
    "zipfile-bzip2": Maker(_zipfile(zipfile.ZIP_BZIP2), _extract_zipfile, "bzip2", False),
    "zip": Maker(_zip(), _extract_unzip, "deflated"),
    "zip-9-no-folders": Maker(_zip("-9", "-D"), _extract_unzip, "deflated"),
    "zip-0": Maker(_zip("-0"), _extract_unzip, "stored"),
    "zip-no-extra": Maker(_zip("-X"), _extract_unzip, "deflated"),
    "zip-zip64": Maker(_zip("-fz"), _extract_unzip, "deflated"),
    "7z": Maker(_7z(), _extract_7z, "deflated"),
    "7z-stored": Maker(_7z("-mx=0"), _extract_7z, "stored"),
    "bsdtar": Maker(_bsdtar(), _extract_bsdtar, "deflated"),
    "bsdtar-stored": Maker(_bsdtar("--options", "zip:compression=store", top=None), _extract_bsdtar, "stored"),
}


# --- what an archive records, read without damfs ----------------------------------------------------------

def _extra_fields(data):
    at = 0
    while at + 4 <= len(data):
        kind, size = struct.unpack_from("<HH", data, at)
        yield kind, data[at + 4:at + 4 + size]
        at += 4 + size


def recorded_mtime_ns(info):
    """Of a ZipInfo: NTFS, else the extended timestamp, else DOS time, which is local."""
    fields = dict(_extra_fields(info.extra))
    if len(fields.get(0x000A, b"")) >= 32:
        return (struct.unpack_from("<Q", fields[0x000A], 8)[0] - 116_444_736_000_000_000) * 100
    if fields.get(0x5455, b"\0")[0] & 1:
        return struct.unpack_from("<i", fields[0x5455], 1)[0] * SECOND_NS
    return int(time.mktime(datetime.datetime(*info.date_time).timetuple())) * SECOND_NS


def name_of(info):
    """The flag, else the Unicode path of Info-ZIP, else UTF-8 if it is that, else CP437."""
    if info.flag_bits & 0x800:
        return info.filename
    raw = info.orig_filename.encode("cp437")
    told = dict(_extra_fields(info.extra)).get(0x7075, b"")
    if len(told) > 5 and struct.unpack_from("<I", told, 1)[0] == zlib.crc32(raw):
        return told[5:].decode()
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return info.filename


def recorded(archive):
    """{path: (mtime in ns, permission bits as they must be shown, is it a folder)} of the members that have an entry."""
    found = {}
    with zipfile.ZipFile(archive) as pack:
        for info in pack.infolist():
            path = os.path.normpath(name_of(info))
            if path == ".":
                continue
            mode = info.external_attr >> 16 & 0o777
            shown = (mode | 0o555 if info.is_dir() else mode | 0o444) if mode else (0o755 if info.is_dir() else 0o644)
            found[path] = recorded_mtime_ns(info), shown, info.is_dir()
    return found
