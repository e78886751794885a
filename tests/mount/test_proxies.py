# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Editing proxies: declared before a frame is made, what ffmpeg itself would make, the same in any order."""

import hashlib
import os
import random
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

from clips import SOURCES, clips_folder, packets, probe, reference, samples
from library import Library, scratch_folder
from mount import Mount, why_no_mounts

PICTURES = sorted(name for name, (_, rate) in SOURCES.items() if rate) + ["editlist.mp4", "late.mp4"]
SOUNDS = sorted(name for name, (_, rate) in SOURCES.items() if not rate)
DEINTERLACED = {"interlaced.mov"}


@pytest.fixture(scope="module")
def proxies():
    if reason := why_no_mounts():
        pytest.skip(reason)
    with scratch_folder() as folder:
        library = Library(folder / "library").init()
        library.import_(clips_folder())
        with Mount(library) as mount:
            yield mount


def proxy_name(name):
    stem = os.path.splitext(name)[0]
    return stem + (".wav" if name in SOUNDS else ".mov")


def proxy_of(mount, name, profile="edit"):
    return mount / "proxies" / profile / "originals" / proxy_name(name)


def rate_of(name):
    return SOURCES.get(name, (None, "25/1"))[1]


def test_every_recording_has_one_and_listing_makes_nothing(proxies):
    before = proxies.stats()["renders_started"]
    shown = set(os.listdir(proxies / "proxies/edit/originals"))
    assert shown == {proxy_name(name) for name in PICTURES + SOUNDS}
    subprocess.run(["find", proxies / "proxies", "-ls"], check=True, capture_output=True)
    assert proxies.stats()["renders_started"] == before


@pytest.mark.parametrize("name", PICTURES)
def test_pictures_are_those_that_ffmpeg_makes(proxies, scratch, name):
    path = proxy_of(proxies, name)
    told = os.lstat(path).st_size
    copy = scratch / "proxy.mov"
    shutil.copyfile(path, copy)
    assert copy.stat().st_size == told == os.lstat(path).st_size
    stream = probe(copy, "stream=width,height,r_frame_rate,nb_frames,codec_name", "v:0")["streams"][0]
    assert stream["r_frame_rate"] == rate_of(name) and stream["codec_name"] == "dnxhd"
    deinterlace = "bwdif=mode=send_frame:deint=all," if name in DEINTERLACED else ""
    plain = reference(clips_folder() / name, scratch / "plain.mov", rate_of(name), (stream["width"], stream["height"]), deinterlace)
    ours, theirs = packets(copy), packets(plain)
    assert len(ours) == int(stream["nb_frames"])
    # A container's own idea of its length may differ from the filter's by the last frame.
    assert abs(len(ours) - len(theirs)) <= 1
    common = min(len(ours), len(theirs))
    different = [n for n in range(common) if ours[n] != theirs[n]]
    assert not different, f"{len(different)} of {common} frames differ: {different[:10]}"


@pytest.mark.parametrize("name", PICTURES)
def test_whole_and_in_any_order_the_same(proxies, name):
    path = proxy_of(proxies, name)
    whole = hashlib.sha256(path.read_bytes()).hexdigest()
    size = path.stat().st_size
    proxies.drop_pages(path)
    proxies.library.delete_derived("edit")
    block = 400_000
    order = list(range(0, size, block))
    random.Random(name).shuffle(order)
    fd = os.open(path, os.O_RDONLY)
    try:
        with ThreadPoolExecutor(8) as pool:
            parts = dict(zip(order, pool.map(lambda at: os.pread(fd, block, at), order)))
    finally:
        os.close(fd)
    assert hashlib.sha256(b"".join(parts[at] for at in sorted(parts))).hexdigest() == whole


@pytest.mark.parametrize("name", ["bframes.mp4", "dropframe.mov", "opengop.mov", "stream.ts", "matroska.mkv", "surround.mov",
                                  "two tracks.mov"])
def test_sound_is_in_sync_to_the_sample(proxies, scratch, name):
    copy = shutil.copyfile(proxy_of(proxies, name), scratch / "proxy.mov")
    source = clips_folder() / name
    tracks = probe(source, "stream=index,channels,channel_layout,sample_rate", "a")["streams"]
    made = probe(copy, "stream=index,channels,channel_layout,sample_rate", "a")["streams"]
    assert [(t["channels"], t["sample_rate"]) for t in tracks] == [(t["channels"], t["sample_rate"]) for t in made]
    start = float(probe(source, "stream=start_time", "v:0")["streams"][0]["start_time"])
    for index, track in enumerate(tracks):
        begins = float(probe(source, "stream=start_time", f"a:{index}")["streams"][0]["start_time"])
        frame = 2 * track["channels"]
        theirs, ours = samples(source, index), samples(copy, index)
        shift = round((begins - start) * int(track["sample_rate"])) * frame
        theirs = theirs[-shift:] if shift < 0 else bytes(shift) + theirs
        # Codecs differ at their very ends by how a decoder was started.
        edge = 4096 * frame
        common = min(len(ours), len(theirs)) - edge
        assert common > 2 * edge and ours[edge:common] == theirs[edge:common], name


@pytest.mark.parametrize("name", SOUNDS)
def test_sound_alone_is_a_wav_of_exact_length(proxies, scratch, name):
    path = proxy_of(proxies, name)
    told = os.lstat(path).st_size
    copy = shutil.copyfile(path, scratch / "proxy.wav")
    assert copy.stat().st_size == told
    stream = probe(copy, "stream=codec_name,channels,sample_rate,duration_ts", "a:0")["streams"][0]
    assert (stream["codec_name"], stream["channels"], stream["sample_rate"]) == ("pcm_s16le", 1, "48000")
    ours, theirs = samples(copy), samples(clips_folder() / name)
    edge = 2 * 4096
    common = min(len(ours), len(theirs)) - edge
    assert abs(len(ours) - len(theirs)) <= 2 * 2400 and ours[edge:common] == theirs[edge:common]


def test_timecode_reel_and_identity(proxies):
    told = probe(proxy_of(proxies, "dropframe.mov"), "stream_tags=timecode:format_tags")
    assert "01:00:59;20" in [stream.get("tags", {}).get("timecode") for stream in told["streams"]]


def test_a_clash_keeps_the_whole_name(library, mount_of, scratch):
    source = clips_folder() / "small.mp4"
    folder = scratch / "in"
    folder.mkdir()
    shutil.copyfile(source, folder / "C0001.mp4")
    subprocess.run(["ffmpeg", "-v", "error", "-i", source, "-c", "copy", folder / "C0001.mkv"], check=True)
    library.import_(folder)
    mount = mount_of(library)
    shown = set(os.listdir(mount / "proxies/edit/originals"))
    assert shown in ({"C0001.mov", "C0001.mkv.mov"}, {"C0001.mov", "C0001.mp4.mov"})
    for name in shown:
        assert len((mount / "proxies/edit/originals" / name).read_bytes()) == os.lstat(mount / "proxies/edit/originals" / name).st_size


def test_the_cameras_own_proxies_are_offered_under_the_clips_name(library, mount_of, scratch):
    folder = scratch / "card"
    (folder / "Clip").mkdir(parents=True)
    (folder / "Sub").mkdir()
    small, large = clips_folder() / "small.mp4", clips_folder() / "silent.mp4"
    pairs = {"GX010001.MP4": "GL010001.LRV", "DJI_0001.MP4": "DJI_0001.LRF", "Clip/C0001.MP4": "Sub/C0001S03.MP4"}
    for n, (original, proxy) in enumerate(pairs.items()):
        # Different files, as no two clips are one.
        for source, name in ((large, original), (small, proxy)):
            subprocess.run(["ffmpeg", "-v", "error", "-i", source, "-c", "copy", "-metadata", f"title={name}{n}", "-f", "mp4",
                            folder / name], check=True)
    library.import_(folder)
    mount = mount_of(library)
    for original, proxy in pairs.items():
        shown = mount / "proxies/camera/originals" / (os.path.splitext(original)[0] + ".mp4")
        assert shown.read_bytes() == (folder / proxy).read_bytes()
    assert sorted(os.listdir(mount / "proxies/camera/originals")) == ["Clip", "DJI_0001.mp4", "GX010001.mp4", "Sub"]
    assert os.listdir(mount / "proxies/camera/originals/Sub") == []
