#!/usr/bin/python3 -SE
# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A worker that was taken over: speaks as catalog/media/jobs/messages.cc and does what the file `evil` beside it says."""

import json
import os
import signal
import socket
import struct
import sys
import threading
import time

BESIDE = os.path.dirname(os.path.abspath(sys.argv[0]))
STILL, CLIP, MEMBER = 2, 3, 6
MIB = 1 << 20

pool = socket.socket(fileno=3)
kept = []  # every descriptor that was ever handed over


def receive():
    data, descriptors = b"", []
    while len(data) < 4 or len(data) < 4 + struct.unpack("<I", data[:4])[0]:
        part, more, _, _ = socket.recv_fds(pool, MIB, 32)
        if not part:
            sys.exit(0)
        data += part
        descriptors += more
    kept.extend(descriptors)
    return data[4:], descriptors


def send(payload):
    pool.sendall(struct.pack("<I", len(payload)) + payload)


def note(text):
    with open(f"{BESIDE}/noted", "a", encoding="utf-8") as file:
        file.write(text + "\n")


def picture(output, job):
    declared = job["still"]["stills"][0]["declared_bytes"]
    os.pwrite(output, b"RIFFgood", 0)
    return declared


def rewrite_later(output):
    time.sleep(1)
    try:
        os.pwrite(output, b"EVIL", 0)
        os.pwrite(output, bytes(MIB), MIB)
        note("it grew")
    except OSError as refused:
        note(f"refused: {refused.errno}")
    try:
        os.ftruncate(output, 0)
        note("it shrank")
    except OSError:
        pass
    note("rewrote")


def fill(output):
    try:
        for n in range(300):
            os.pwrite(output, b"x" * MIB, n * MIB)
        note("it grew")
    except OSError as refused:
        note(f"refused: {refused.errno}")
    time.sleep(3600)


def flood():
    signal.signal(signal.SIGXCPU, signal.SIG_IGN)
    frames = (struct.pack("<I", 4) + b"=0,0") * 20_000
    while True:
        pool.sendall(frames)


def trickle():
    for byte in struct.pack("<I", 4000) + b"+" * 4000:
        pool.sendall(bytes([byte]))
        time.sleep(0.05)


def stop_oneself():
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGXCPU):
        signal.signal(number, signal.SIG_IGN)
    os.kill(os.getpid(), signal.SIGSTOP)
    time.sleep(3600)


def obey(order, job, descriptors):
    if order == "flood":
        flood()
    elif order == "trickle":
        trickle()
    elif order == "stop":
        stop_oneself()
    elif order == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    elif job["type"] == STILL and order == "late":
        picture(descriptors[1], job)
        send(b"+8,1")
        threading.Thread(target=rewrite_later, args=[descriptors[1]]).start()
    elif job["type"] == STILL and order == "nothing":
        send(b"+8,1")
    elif job["type"] in (CLIP, MEMBER) and order == "fill":
        fill(descriptors[1])
    elif job["type"] in (CLIP, MEMBER) and order.startswith("short"):
        # A part of the first unit, called a whole one: in its bytes too, or not.
        os.pwrite(descriptors[1], b"x" * 100, 0)
        unit = job["run"]["last_bytes"] if job["run"]["count"] == 1 else job["run"]["unit_bytes"]
        unit = unit or job["run"]["unit_bytes"]
        send(b"=1,%d" % (unit if order == "short-lie" else 100))
        time.sleep(3600)
    else:
        send(b"-no")


while True:
    payload, given = receive()
    if payload == b".":
        continue
    with open(f"{BESIDE}/evil", encoding="utf-8") as orders:
        obey(orders.read().strip(), json.loads(payload), given)
