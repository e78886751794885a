# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Previews as other programs see them: every one read from a mount, and decoders that must take it in silence."""

import glob
import html
import os
import random
import re
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from library import thorough
from media import sha256

PROFILES = {"small": ".webp", "medium": ".webp", "large": ".webp", "frame": ".jpg", "plain": ".png"}
SETTINGS = '\n[preview.frame]\nbox = 400\nformat = "jpeg"\n\n[preview.plain]\nbox = 300\nformat = "png"\n'


@dataclass
class Still:
    name: str  # "small/plain.jpg"
    path: Path  # a copy of it
    sha256: str


def read_all(mount, into, seed):
    """Every preview, by eight readers in random order: (stills, names of those refused with a reason)."""
    listed = [(path, info) for profile in PROFILES for path, info in mount.files(f"previews/{profile}/originals")]
    random.Random(seed).shuffle(listed)
    into.mkdir()
    stills, refused = [], []

    def read(number, path, before):
        _, profile, _, name = path.split("/", 3)
        try:
            data = (mount / path).read_bytes()
        except OSError:
            assert os.getxattr(mount / path, "user.damfs.error"), path
            refused.append(name)
            return
        assert len(data) == before.st_size == os.lstat(mount / path).st_size, path
        copy = into / f"{number:05}{PROFILES[profile]}"
        copy.write_bytes(data)
        stills.append(Still(f"{profile}/{name}", copy, sha256(copy)))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda entry: read(entry[0], *entry[1]), enumerate(listed)))
    return sorted(stills, key=lambda still: still.name), sorted(set(refused))


def one_of_each(stills):
    """Of each picture one kind of preview, another kind for the next one: all kinds are seen, and every picture."""
    by_source = {}
    for still in stills:
        profile, name = still.name.split("/", 1)
        by_source.setdefault(name.removesuffix(PROFILES[profile]), []).append(still)
    return [kinds[n % len(kinds)] for n, kinds in enumerate(by_source.values())]


def need(*programs):
    for program in programs:
        if found := shutil.which(program):
            return found
    pytest.skip(f"not installed: {' or '.join(programs)}")


def in_silence(stills, suffixes, argv_of):
    """Runs it on them; what any of them says, or a status that is not 0, is a complaint."""
    def judge(still):
        done = subprocess.run(argv_of(still.path), stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace")
        said = (done.stdout + done.stderr).strip()
        return f"{still.name}: {done.returncode} {said[:300]}" if done.returncode or said else None

    chosen = [still for still in stills if still.path.suffix in suffixes]
    assert chosen
    chosen = thorough(chosen, one_of_each(chosen))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        complaints = [complaint for complaint in pool.map(judge, chosen) if complaint]
    assert not complaints, f"{len(complaints)} of {len(chosen)}: {complaints[:5]}"


ALL = (".webp", ".jpg", ".png")


def webpinfo(stills, scratch):
    program = need("webpinfo")
    in_silence(stills, (".webp",), lambda path: [program, "-quiet", path])


def dwebp(stills, scratch):
    program = need("dwebp")
    in_silence(stills, (".webp",), lambda path: [program, "-quiet", path, "-ppm", "-o", "/dev/null"])


def djpeg(stills, scratch):
    program = need("djpeg")
    in_silence(stills, (".jpg",), lambda path: [program, "-outfile", "/dev/null", path])


def pngcheck(stills, scratch):
    program = need("pngcheck")
    in_silence(stills, (".png",), lambda path: [program, "-q", path])


def gdk_pixbuf(stills, scratch):
    program = need("gdk-pixbuf-thumbnailer")
    reads_webp = glob.glob("/usr/lib/*/gdk-pixbuf-2.0/*/loaders/libpixbufloader-webp.so")
    in_silence(stills, ALL if reads_webp else (".jpg", ".png"),
               lambda path: [program, path, scratch / (path.name + ".thumbnail.png")])
    if not reads_webp:
        pytest.skip("JPEG and PNG are fine; not installed: webp-pixbuf-loader")


def libvips(stills, scratch):
    program = need("vips")
    in_silence(stills, ALL, lambda path: [program, "copy", f"{path}[fail-on=warning]" if path.suffix != ".webp" else path,
                                          scratch / (path.name + ".ppm")])


def ffprobe(stills, scratch):
    program = need("ffprobe")
    in_silence(stills, ALL, lambda path: [program, "-v", "warning", path])


def exiftool(stills, scratch):
    program = need("exiftool")
    folder = stills[0].path.parent
    said = subprocess.run([program, "-q", "-q", "-warning", "-error", "-s3", "-r", folder], capture_output=True, text=True)
    assert not said.stdout and not said.stderr, said.stdout + said.stderr


def image_magick(stills, scratch):
    program = need("convert-im6.q16", "convert-im7.q16", "magick", "convert")
    in_silence(stills, ALL, lambda path: [program, "-regard-warnings", path, "null:"])


def shown_in_chromium(program, stills, scratch):
    """What the page says after it loaded and drew them all."""
    pictures = "".join(f'<img src="{html.escape(still.path.as_uri())}" alt="{html.escape(still.name)}">' for still in stills)
    page = scratch / "page.html"
    page.write_text(f"""<!doctype html><meta charset="utf-8">{pictures}<p id="told">nothing</p><script>
onload = () => {{
  const canvas = document.createElement("canvas").getContext("2d");
  const is_bad = i => {{
    try {{ canvas.drawImage(i, 0, 0, 16, 16); }} catch (error) {{ return true; }}
    return !i.complete || !i.naturalWidth;
  }};
  const bad = [...document.images].filter(is_bad).map(i => i.alt);
  document.getElementById("told").textContent = `shown ${{document.images.length - bad.length}}, not ${{bad.join("; ")}}.`;
}};</script>""")
    done = subprocess.run([program, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={scratch}/profile",
                           "--virtual-time-budget=60000", "--dump-dom", page.as_uri()], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, env={"PATH": os.environ["PATH"], "HOME": str(scratch)})
    told = re.search(r'<p id="told">(.*?)</p>', done.stdout, re.S)
    assert told, done.stderr[-2000:]
    return told.group(1)


def chromium(stills, scratch):
    program = need("chromium", "chromium-browser", "google-chrome")
    for start in range(0, len(stills), 40):
        part = stills[start:start + 40]
        assert shown_in_chromium(program, part, scratch) == f"shown {len(part)}, not ."


EVERY = (webpinfo, dwebp, djpeg, pngcheck, gdk_pixbuf, libvips, ffprobe, exiftool, image_magick, chromium)
