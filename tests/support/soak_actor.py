# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One of the programs of a soak: it works on files of its own in a mount, knows what was acknowledged of them, and pries
into those of others. It stands in the mount with its working directory, so that nothing lands below a dead one."""

import collections
import contextlib
import errno
import hashlib
import io
import os
import random
import time
import zipfile

from soak_prying import FULL, SECRET_NAME, Prying

GONE = (errno.ENOTCONN, errno.ECONNABORTED)
ANY = "any"  # a state that nobody can know
PIECE = 16 << 10


class Kept(collections.namedtuple("Kept", "digest mode tag", defaults=(None,))):
    """What was acknowledged of a file: its SHA-256, its mode, its tag."""


def digest_of(data):
    return hashlib.sha256(data).hexdigest()


class Actor(Prying):
    def __init__(self, number, uid, seed, pictures, halt, full):
        self.number, self.uid, self.pictures = number, uid, pictures
        self.halt, self.full = halt, full
        self.random = random.Random(seed * 1000 + number)
        self.home = f"originals/a{number}"
        self.secret_pictures = f"{self.home}/secret-u{uid}-pictures"
        self.private = f"{self.home}/private"
        self.folders = [self.home, f"{self.home}/open", self.private, self.secret_pictures]
        self.kept = {}  # path -> Kept
        self.doubt = {}  # path -> the digests it may have; None in it: absent
        self.trashed = {}  # name in the trash -> Kept
        self.made = 0
        self.begin()

    def begin(self):
        self.problems, self.counts, self.said = [], collections.Counter(), collections.deque(maxlen=400)
        self.acknowledged = set()

    def serve(self, pipe):
        """The process: a round for each mount that it is told of, and then what it knows; told what was found, it goes on."""
        os.umask(0)
        os.setgroups([])
        os.setresgid(self.uid, self.uid, self.uid)
        os.setresuid(self.uid, self.uid, self.uid)
        while (told := pipe.recv()) is not None:
            mount, state = told
            self.__dict__.update(state)
            self.begin()
            try:
                self.round(mount)
            except BaseException as failure:  # noqa: BLE001: told by the conductor
                self.problems.append(f"a{self.number} ended: {failure!r} after {list(self.said)[-3:]}")
            os.chdir("/")
            pipe.send({name: getattr(self, name) for name in ("kept", "doubt", "trashed", "folders", "problems", "counts", "said", "acknowledged")})

    def round(self, mount):
        acts = {self.create: 8, self.save_over: 3, self.patch: 3, self.save_beside: 3, self.rename: 3, self.move_folder: 1,
                self.chmod: 2, self.tag: 2, self.remove: 2, self.restore: 1, self.read: 4, self.look: 3, self.pry: 5, self.meddle: 2}
        os.chdir(mount)
        while not self.halt.is_set():
            act = self.remove if len(self.kept) > 45 else self.random.choices(list(acts), list(acts.values()))[0]
            self.counts[act.__name__] += 1
            began = time.monotonic()
            try:
                act()
            except OSError as refused:
                # While a daemon dies the kernel says other things too.
                if refused.errno in GONE or self.daemon_is_gone():
                    return
                self.counts[f"{act.__name__} {errno.errorcode[refused.errno]}"] += 1
                # A disk was full at some moment of this act; workers are killed, and die of full disks.
                excused = (*FULL, errno.EIO) if self.full.value > began - 3 else ()
                if refused.errno in excused:
                    for states in self.doubt.values():
                        states.add(ANY)  # as much of it as there was room for
                else:
                    self.problem(f"{act.__name__} was refused: {refused}")

    def daemon_is_gone(self):
        try:
            os.stat(".damfs/version")
            return False
        except OSError:
            return True

    def problem(self, what):
        self.problems.append(f"a{self.number} (uid {self.uid}): {what}; {[act for act in self.said if act[1] in what][-4:]}")

    def may_become(self, path, *digests):
        """Until it is known again; what is in doubt is left alone until somebody has looked."""
        self.said.append((time.strftime("%H:%M:%S"), path, *(str(digest)[:8] for digest in digests)))
        before = self.kept.pop(path, None)
        self.doubt[path] = {*digests, before and before.digest}
        return before

    def is_now(self, path, kept):
        self.doubt.pop(path, None)
        self.doubt.pop(f"{path}.tmp", None)
        if kept:
            self.kept[path] = kept
            self.acknowledged.add(kept.digest)

    def some(self, want=lambda path: True):
        paths = [path for path in sorted(self.kept) if want(path)]
        return self.random.choice(paths) if paths else None

    def is_secret(self, path):
        return SECRET_NAME.search(os.path.basename(path)) is not None

    def new_name(self, secret, suffix):
        self.made += 1
        return f"secret-u{self.uid}-{self.number}x{self.made:05}{suffix}" if secret else f"a{self.number}x{self.made:05}{suffix}"

    def folder_for(self, secret, suffix):
        if secret and suffix == ".jpg":
            return self.secret_pictures
        return self.random.choice([f for f in self.folders if f != self.secret_pictures])

    def data(self, secret, suffix):
        if suffix == ".jpg":
            picture = self.random.choice(self.pictures)
            comment = b"number %d %d" % (self.number, self.random.getrandbits(60))
            return picture[:2] + b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment + picture[2:]
        mark = b"SECRET-u%d-" % self.uid if secret else b"of everybody "
        body = b"".join(mark + self.random.randbytes(self.random.choice([900, 4000])) for _ in range(self.random.choice([1, 3, 30, 90])))
        if suffix == ".zip":
            packed = io.BytesIO()
            with zipfile.ZipFile(packed, "w") as archive:
                archive.writestr("note.txt", body)
                archive.writestr("wood_albedo.png", body[:3000])
            return packed.getvalue()
        return body

    def write(self, fd, path, data, state=b""):
        """In order or not, with an fsync in the midst now and then: after a cut that state, or a later one, may be shown."""
        state = bytearray(state)
        offsets = list(range(0, len(data), PIECE))
        if self.random.random() < 0.3:
            self.random.shuffle(offsets)
        synced, is_synced = self.random.choice(offsets) if self.random.random() < 0.25 else None, False
        for at in offsets:
            piece = data[at:at + PIECE]
            state += bytes(max(0, at + len(piece) - len(state)))
            state[at:at + len(piece)] = piece
            if is_synced:
                self.doubt[path].add(digest_of(state))
            assert os.pwrite(fd, piece, at) == len(piece)
            if at == synced:
                self.doubt[path].add(digest_of(state))
                os.fsync(fd)
                is_synced = True

    def save(self, path, data, mode, flags):
        fd = os.open(path, os.O_RDWR | flags, mode)
        try:
            self.write(fd, path, data)
        finally:
            os.close(fd)

    def create(self):
        secret = self.random.random() < 0.5
        suffix = self.random.choices([".bin", ".jpg", ".zip"], [7, 2, 1])[0]
        folder = self.folder_for(secret, suffix)
        path, data = f"{folder}/{self.new_name(secret, suffix)}", self.data(secret, suffix)
        mode = 0o600 if secret and folder != self.private else 0o644
        self.may_become(path, digest_of(data))
        self.save(path, data, mode, os.O_CREAT | os.O_EXCL)
        self.is_now(path, Kept(digest_of(data), mode))

    def save_over(self):
        if path := self.some():
            data = self.data(self.is_secret(path), path[-4:])
            before = self.may_become(path, digest_of(data))
            self.save(path, data, 0, os.O_TRUNC)
            self.is_now(path, before._replace(digest=digest_of(data)))

    def patch(self):
        if path := self.some(lambda path: path.endswith(".bin")):
            fd = os.open(path, os.O_RDWR)
            try:
                old = os.pread(fd, 1 << 20, 0)
                if digest_of(old) != self.kept[path].digest:
                    return self.problem(f"{path} reads {digest_of(old)[:8]}, not {self.kept[path].digest[:8]}")
                data = bytearray(old)
                before = self.may_become(path)
                for _ in range(self.random.choice([1, 5])):
                    at = self.random.randrange(len(data))
                    piece = self.random.randbytes(min(500, len(data) - at))
                    data[at:at + len(piece)] = piece
                    if self.random.random() < 0.2:
                        self.doubt[path].add(digest_of(data))
                    self.doubt[path].add(digest_of(data))
                    os.pwrite(fd, piece, at)
                    if self.random.random() < 0.2:
                        os.fsync(fd)
            finally:
                os.close(fd)
            self.is_now(path, before._replace(digest=digest_of(data)))

    def save_beside(self):
        if path := self.some():
            data, mode = self.data(self.is_secret(path), path[-4:]), self.kept[path].mode
            beside = f"{path}.tmp"
            with contextlib.suppress(FileNotFoundError):
                os.unlink(beside)
            self.doubt[beside] = {None}
            self.save(beside, data, mode, os.O_CREAT | os.O_EXCL)
            before = self.may_become(path, digest_of(data))
            os.rename(beside, path)
            self.is_now(path, before._replace(digest=digest_of(data)))

    def rename(self):
        if path := self.some():
            secret, kept = self.is_secret(path), self.kept[path]
            shown = kept.mode & 0o044
            folder = self.private if secret and shown else self.folder_for(secret, path[-4:])
            to = f"{folder}/{self.new_name(secret, path[-4:])}"
            self.may_become(path, None)
            self.may_become(to, kept.digest)
            os.rename(path, to)
            self.is_now(path, None)
            self.is_now(to, kept)

    def move_folder(self):
        moving = [f for f in self.folders if f.startswith(f"{self.home}/open/")]
        self.made += 1
        to = f"{self.home}/open/d{self.made}"
        if len(moving) < 3:
            os.mkdir(to, 0o755)
            self.folders.append(to)
            return
        folder = self.random.choice(moving)
        self.folders.remove(folder)
        within = {path: kept for path, kept in self.kept.items() if path.startswith(folder + "/")}
        if any(path.startswith(folder + "/") for path in self.doubt):
            return
        for path, kept in within.items():
            self.may_become(path, None)
            self.may_become(path.replace(folder, to), kept.digest)
        os.rename(folder, to)
        self.folders.append(to)
        for path, kept in within.items():
            self.is_now(path, None)
            self.is_now(path.replace(folder, to), kept)

    def chmod(self):
        if path := self.some(lambda path: not self.is_secret(path)):
            before, mode = self.may_become(path), self.random.choice([0o644, 0o664, 0o640, 0o600])
            os.chmod(path, mode)
            self.is_now(path, before._replace(mode=mode))

    def tag(self):
        if path := self.some():
            before, tag = self.may_become(path), f"t{self.random.randrange(5)}"
            os.setxattr(path, "user.xdg.tags", tag.encode())
            if self.is_secret(path):
                os.setxattr(path, "user.xdg.comment", b"SECRET-u%d-said" % self.uid)
            self.is_now(path, before._replace(tag=tag))

    def remove(self):
        if path := self.some():
            before, name = self.may_become(path, None), os.path.basename(path)
            if self.random.random() < 0.5:
                os.unlink(path)  # of what this process made within a minute, no trash shows anything
                return self.is_now(path, None)
            os.rename(path, f".Trash-{self.uid}/files/{name}")
            self.is_now(path, None)
            self.trashed[name] = before

    def restore(self):
        if self.trashed:
            name = self.random.choice(sorted(self.trashed))
            kept = self.trashed.pop(name)
            to = f"{self.private if self.is_secret(name) else self.home}/{name}"
            self.may_become(to, kept.digest, None)
            os.rename(f".Trash-{self.uid}/files/{name}", to)
            self.is_now(to, kept)

    def read(self):
        if path := self.some():
            with open(path, "rb") as file:
                found = digest_of(file.read())
            if found != self.kept[path].digest:
                self.problem(f"{path} reads {found[:8]}, not {self.kept[path].digest[:8]}")

    def look(self):
        """What is made of one's own: of the size that was told, to the last byte."""
        picture, pack = self.some(lambda path: path.endswith(".jpg")), self.some(lambda path: path.endswith(".zip"))
        clip = "proxies/edit/originals/common/video/C0001.mov"
        road = self.random.choice([picture and f"previews/small/{picture}.webp", picture and f"previews/medium/{picture}.webp",
                                   pack and f"packs/{os.path.basename(pack)[:-4]}/note.txt", clip])
        # A file that was just closed is looked at a moment later; and its worker may be the one that is killed.
        with self.suppress_errno(errno.ENOENT, errno.ENOTDIR, errno.EIO, *FULL), open(road or clip, "rb") as file:
            told, found = os.fstat(file.fileno()).st_size, len(file.read(1 << 20))
            if found != min(told, 1 << 20):
                self.problem(f"{road} has {told} bytes and gave {found}")
