# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recordings of every awkward kind, made once a build, and what ffmpeg itself makes of them."""

import fcntl
import hashlib
import json
import os
import subprocess
import tempfile
from pathlib import Path

from library import BIN, THOROUGH, thorough

# Long enough for several groups of pictures, and for sound that goes on over the proxies' runs.
SECONDS = thorough(6, 3)
TONE = ["-f", "lavfi", "-i", f"sine=frequency=997:sample_rate=48000:duration={SECONDS}"]
FLAGS = "bicubic+accurate_rnd+bitexact"


def picture(rate, size="640x360", seconds=SECONDS):
    return ["-f", "lavfi", "-i", f"testsrc2=size={size}:rate={rate}:duration={seconds}"]


H264 = ["-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p"]
STEREO = ["-af", "pan=stereo|c0=c0|c1=0.5*c0"]

# name: (arguments of ffmpeg before the output, rate of the proxy)
SOURCES = {
    "bframes.mp4": ([*picture(25), *TONE, *H264, "-g", "50", "-bf", "3", "-c:a", "aac", *STEREO], "25/1"),
    "dropframe.mov": ([*picture("30000/1001"), *TONE, *H264, "-c:a", "pcm_s16le", "-timecode", "01:00:59;20"], "30000/1001"),
    "opengop.mov": ([*picture("24000/1001"), *TONE, "-c:v", "libx265", "-preset", "ultrafast", "-x265-params",
                     "open-gop=1:keyint=24:log-level=none", "-tag:v", "hvc1", "-c:a", "aac", "-ar", "44100"], "24000/1001"),
    "variable.mp4": ([*picture(60), *TONE, *H264, "-vf", "select='not(mod(n,2))+gt(t,1.5)'", "-fps_mode", "vfr", "-c:a", "aac"],
                     "50/1"),
    "stream.ts": ([*picture(25), *TONE, *H264, "-g", "25", "-c:a", "mp2"], "25/1"),
    "program.mpg": ([*picture(25), *TONE, "-c:v", "mpeg2video", "-b:v", "3M", "-c:a", "mp2"], "25/1"),
    "matroska.mkv": ([*picture(30), *TONE, *H264, "-c:a", "aac"], "30/1"),
    "web.webm": ([*picture(25), *TONE, "-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-c:a", "libopus"], "25/1"),
    "silent.mp4": ([*picture(25), *H264], "25/1"),
    "rotated.mp4": ([*picture(30, "1280x720", 3), *H264], "30/1"),
    "interlaced.mov": ([*picture(50, "720x576"), *TONE, "-vf", "interlace=scan=tff,setsar=16/15", "-c:v", "mpeg2video",
                        "-flags", "+ildct+ilme", "-b:v", "8M", "-c:a", "pcm_s16le"], "25/1"),
    "tenbit.mov": ([*picture(25), *TONE, "-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none",
                    "-pix_fmt", "yuv420p10le", "-tag:v", "hvc1", "-c:a", "aac"], "25/1"),
    "surround.mov": ([*picture(25), "-f", "lavfi", "-i", "aevalsrc=0.1*sin(400*t)|0.1*sin(500*t)|0.1*sin(600*t)|0.1*sin(70*t)|"
                      f"0.1*sin(700*t)|0.1*sin(800*t):c=5.1:s=48000:d={SECONDS}", *H264, "-c:a", "pcm_s16le"], "25/1"),
    "fullrange.mp4": ([*picture(25), *H264, "-vf", "scale=out_range=pc", "-color_range", "pc"], "25/1"),
    "widescreen.mov": ([*picture(24, "1920x804", 4), *TONE, *H264, "-c:a", "pcm_s16le", "-t", "4"], "24/1"),
    "small.mp4": ([*picture(15, "160x120", 2), *H264], "15/1"),
    "two tracks.mov": ([*picture(25), *TONE, "-f", "lavfi", "-i",
                        f"sine=frequency=300:sample_rate=48000:duration={SECONDS}", "-map", "0",
                        "-map", "1", "-map", "2", *H264, "-c:a", "pcm_s16le"], "25/1"),
    "lossless.flac": ([*TONE, "-c:a", "flac"], None),
    "lossy.mp3": ([*TONE, "-c:a", "libmp3lame"], None),
    "phone.m4a": ([*TONE, "-c:a", "aac"], None),
}


def run(*argv, **options):
    done = subprocess.run([str(a) for a in argv], stdin=subprocess.DEVNULL, capture_output=True, **options)
    assert done.returncode == 0, (argv, done.stderr[-2000:])
    return done.stdout


def ffmpeg(*argv):
    return run("ffmpeg", "-nostdin", "-v", "error", "-y", *argv)


def _make(folder):
    for name, (arguments, _) in SOURCES.items():
        extra = ["-muxdelay", "0.7"] if name.endswith(".ts") else []
        ffmpeg(*arguments, "-fflags", "+bitexact", *extra, folder / name)
    turned = folder / "rotated.mp4"
    ffmpeg("-display_rotation:v:0", "90", "-i", turned, "-c", "copy", folder / "turned.mp4") if _knows_rotation() else \
        ffmpeg("-i", turned, "-c", "copy", "-metadata:s:v:0", "rotate=90", folder / "turned.mp4")
    os.replace(folder / "turned.mp4", turned)
    # An edit list that hides what lies before the cut, and pictures that begin after the sound.
    ffmpeg("-ss", "0.6", "-i", folder / "bframes.mp4", "-c", "copy", folder / "editlist.mp4")
    ffmpeg("-i", folder / "bframes.mp4", "-itsoffset", "0.48", "-i", folder / "bframes.mp4", "-map", "1:v", "-map", "0:a", "-c",
           "copy", folder / "late.mp4")


def _knows_rotation():
    return b"display_rotation" in run("ffmpeg", "-v", "quiet", "-h", "full")


def clips_folder():
    """Made by the first test that asks, kept beside the build."""
    version = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:12] + ("-thorough" if THOROUGH else "")
    base = BIN.parent if os.access(BIN.parent, os.W_OK) else Path(tempfile.gettempdir())
    cache = base / f"test-media-{os.getuid()}"
    cache.mkdir(exist_ok=True)
    folder = cache / f"clips-{version}"
    with open(cache / "clips.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            with tempfile.TemporaryDirectory(dir=cache) as making:
                (Path(making) / "clips").mkdir()
                _make(Path(making) / "clips")
                os.rename(f"{making}/clips", folder)
    return folder


def probe(path, entries, streams=None):
    argv = ["ffprobe", "-v", "warning", "-of", "json", "-show_entries", entries]
    done = subprocess.run([*argv, *(["-select_streams", streams] if streams else []), str(path)], capture_output=True, text=True)
    # It says so of every time-code track, its own ones too.
    said = [line for line in done.stderr.splitlines() if not line.startswith("Unsupported codec with id 0")]
    assert done.returncode == 0 and not said, said
    return json.loads(done.stdout)


def packets(path):
    """A hash of every video packet, in order."""
    out = run("ffmpeg", "-nostdin", "-v", "error", "-i", path, "-map", "0:v:0", "-c", "copy", "-f", "framemd5", "-")
    return [line.rsplit(b",", 1)[1].strip() for line in out.splitlines() if line and not line.startswith(b"#")]


def reference(source, into, rate, raster, filters=""):
    """What plain ffmpeg makes of the source: the proxy's frames, which begin with the pictures, not with the sound."""
    width, height = raster
    chain = f"setpts=PTS-STARTPTS,{filters}fps={rate}:round=near,scale={width}:{height}:flags={FLAGS}"
    ffmpeg("-i", source, "-map", "0:v:0", "-vf", chain, "-pix_fmt", "yuv422p", "-c:v", "dnxhd", "-profile:v", "dnxhr_lb",
           "-qmax", "255", into)
    return into


def samples(path, stream=0):
    return run("ffmpeg", "-nostdin", "-v", "error", "-i", path, "-map", f"0:a:{stream}", "-f", "s16le", "-c:a", "pcm_s16le", "-")
