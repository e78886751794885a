# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long somebody waits for stat, ls and lookups while large files are closed and many small ones are written, in a mount
and, beside it in the same run, on the disk below it."""

import multiprocessing
import os
import random
import time

from library import Library
from mount import Mount

MEBIBYTE = 1 << 20
WRITERS, SMALL_FILES = 8, 4000
SAME_FOLDER, ELSEWHERE = 20, 5  # ms that the 99.9th percentile may be
EVERY = 0.002


def probe(act, measuring, over, pipe):
    took = []
    while not over.value:
        if not measuring.value:
            time.sleep(EVERY)
            continue
        began = time.monotonic()
        act()
        took.append((time.monotonic() - began) * 1000)
        time.sleep(EVERY)
    pipe.send(took)


def probes(folder):
    """What -> (act, whether it is in the folder that is written to)."""
    return {"stat of the file": (lambda: os.stat(folder / "busy/large.bin"), True),
            "ls of its folder": (lambda: os.listdir(folder / "busy"), True),
            "lookup elsewhere": (lambda: os.path.exists(folder / f"quiet/absent{random.random()}"), False),
            "ls elsewhere": (lambda: os.listdir(folder / "quiet"), False)}


def write_backwards(path, gib):
    """As SMB and downloaders may: nothing that was hashed on the way in is of use. Gives the open descriptor."""
    fd, block = os.open(path, os.O_RDWR | os.O_CREAT, 0o644), os.urandom(MEBIBYTE)
    for n in reversed(range(int(gib * 1024))):
        os.pwrite(fd, n.to_bytes(8, "little") + block[8:], n * MEBIBYTE)
    return fd


class LargeFile:
    """It is written, and then closed, by a program of its own: nobody else has its descriptor. As much as close() of the
    mount promises is asked for natively too."""

    def __init__(self, gib):
        self.gib, self.writers = gib, {}

    def writing(self, folder, durable):
        here, there = multiprocessing.Pipe()

        def write():
            fd = write_backwards(folder / "busy/large.bin", self.gib)
            there.send("written")
            there.recv()
            os.fsync(fd) if durable else None
            os.close(fd)
            there.send("closed")
        writer = self.writers[folder] = (multiprocessing.Process(target=write), here)

        def act():
            writer[0].start()
            here.recv()
        return act

    def closing(self, folder, _):
        process, pipe = self.writers[folder]

        def act():
            pipe.send("close")
            pipe.recv()
            process.join()
        return act


def small_files(folder, durable):
    def write(k):
        for n in range(SMALL_FILES // WRITERS):
            with open(folder / f"busy/small{k}_{n}.bin", "wb") as file:
                file.write(os.urandom(20_000))
                file.flush()
                os.fsync(file.fileno()) if durable else None
    def act():
        writers = [multiprocessing.Process(target=write, args=(k,)) for k in range(WRITERS)]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
    return act


def beside(folder, act):
    """{what: ms of each} while the act lasts, and its seconds."""
    measuring, over = multiprocessing.Value("i", 0), multiprocessing.Value("i", 0)
    pipes, processes = {}, []
    for what, (look, _) in probes(folder).items():
        here, there = multiprocessing.Pipe()
        processes.append(multiprocessing.Process(target=probe, args=(look, measuring, over, there)))
        processes[-1].start()
        pipes[what] = here
    time.sleep(0.5)
    began, measuring.value = time.monotonic(), 1
    act()
    took, measuring.value, over.value = time.monotonic() - began, 0, 1
    found = {what: sorted(pipe.recv()) for what, pipe in pipes.items()}
    for process in processes:
        process.join()
    return found, took


def percentile(sorted_numbers, part):
    return sorted_numbers[min(len(sorted_numbers) - 1, int(len(sorted_numbers) * part))] if sorted_numbers else 0.0


def measure(base, gib):
    """Prints the table; gives what is over its bound though the disk itself was not."""
    base.mkdir()
    library = Library(base / "library").init()
    native = base / "native"
    native.mkdir()
    wrong, unproved, rows = [], [], []
    with Mount(library, at=base / "mount") as mount:
        places = {"native": native, "damfs": mount / "originals"}
        for at in places.values():
            for name in ("busy", "quiet"):
                (at / name).mkdir()
                for n in range(100):
                    (at / name / f"f{n}.bin").write_bytes(b"%d of %s" % (n, name.encode()))
            (at / "busy/large.bin").write_bytes(b"large")
        large = LargeFile(gib)
        loads = {"nothing": lambda at, durable: lambda: time.sleep(5),
                 f"writing {gib:g} GiB backwards": large.writing,
                 "its close": large.closing,
                 f"{SMALL_FILES} small files by {WRITERS}": small_files}
        idle, worst = {}, {}  # of the mount with nothing beside it, of the disk whatever was beside it
        for load, start in loads.items():
            found = {name: beside(at, start(at, name == "native")) for name, at in places.items()}
            for what, (_, same) in probes(native).items():
                tails = {}
                for name, (took, seconds) in found.items():
                    p50, p99, tails[name] = (percentile(took[what], part) for part in (0.5, 0.99, 0.999))
                    rows.append((load, f"{seconds:.1f}", what, name, str(len(took[what])), f"{p50:.2f}", f"{p99:.2f}", f"{tails[name]:.2f}"))
                worst[what] = max(worst.get(what, 0), tails["native"])
                idle.setdefault(what, tails["damfs"])
                bound = SAME_FOLDER if same else ELSEWHERE
                if tails["damfs"] <= bound:
                    continue
                told = f"{what} beside {load}: {tails['damfs']:.1f} ms, {worst[what]:.1f} natively, {bound} allowed"
                # On a machine that is busy with other things nothing is proved.
                (wrong if max(worst[what], idle[what]) <= bound else unproved).append(told)
    headings = ("beside", "s", "what", "where", "n", "p50 ms", "p99 ms", "p99.9 ms")
    for row in [headings, ("---",) * len(headings), *rows]:
        print("| " + " | ".join(row) + " |")
    for word, told in (("WRONG", wrong), ("this machine was too busy to tell", unproved)):
        for what in told:
            print(f"{word}: {what}")
    return wrong
