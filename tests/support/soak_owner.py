# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One who owns some files of a library, which has two mounts, and acts on them by three roads: either mount or the command
line. Each file is its own, whatever its bytes; what one road was told, the others show within seconds."""

import collections
import hashlib
import os
import random
import shutil
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

TAGS, ALBUMS, STARS = ("t0", "t1", "t2/below"), ("a0", "a1"), (1, 3, 5)
SEEN_WITHIN = 10  # seconds; a mount sees in one what others did
A_COPY_IS_NEW = 11  # seconds
MOST = 25
UID = os.getuid()


@dataclass(frozen=True)
class Kept:
    digest: str
    label: str
    tags: frozenset = field(default_factory=frozenset)
    albums: frozenset = field(default_factory=frozenset)
    rating: int = 0

    def places(self):
        """Where it is shown beside originals/."""
        return {*(f"by-tag/{tag}" for tag in self.tags), *(f"albums/{album}" for album in self.albums),
                *((f"by-rating/{self.rating}",) if self.rating else ())}

    def with_place(self, place, is_in=True):
        view, name = place.split("/", 1)
        if view == "by-rating":
            return replace(self, rating=int(name) if is_in else 0)
        of = "tags" if view == "by-tag" else "albums"
        return replace(self, **{of: getattr(self, of) | {name} if is_in else getattr(self, of) - {name}})


PLACES = [*(f"by-tag/{tag}" for tag in TAGS), *(f"albums/{album}" for album in ALBUMS), *(f"by-rating/{stars}" for stars in STARS)]


def digest_of(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def shown_in(mount, home):
    """{path below originals/: Kept} as that mount shows the files below a folder there."""
    places = collections.defaultdict(dict)  # inode -> {place: name}
    for place in PLACES:
        for entry in os.scandir(mount / place):
            if entry.is_file():
                places[entry.inode()][place] = entry.name
    shown = {}
    for at, _, files in os.walk(mount / "originals" / home):
        for name in files:
            path = Path(at, name)
            kept = Kept(digest_of(path), "")
            for place, label in places[os.lstat(path).st_ino].items():
                kept = replace(kept.with_place(place), label=label)
            shown[os.path.relpath(path, mount / "originals")] = kept
    return shown


def differences(model, shown):
    """A label is seen only where the file is in some place."""
    wanted = {path: kept if kept.places() else replace(kept, label="") for path, kept in model.items()}
    return {path: (wanted.get(path), shown.get(path)) for path in wanted.keys() | shown.keys()
            if wanted.get(path) != shown.get(path)}


class Owner:
    def __init__(self, number, seed, library, mounts, scratch, pool, importing):
        self.number, self.library, self.mounts, self.scratch, self.pool = number, library, mounts, scratch, pool
        self.importing = importing  # one at a time: a second one is refused
        self.home = f"o{number}"
        self.random = random.Random(seed * 1000 + number)
        self.model, self.road, self.made = {}, None, 0
        self.copied = {}  # label -> when it was put somewhere by content
        self.begin()

    def begin(self):
        self.problems, self.counts, self.said = [], collections.Counter(), collections.deque(maxlen=60)

    def problem(self, what):
        self.problems.append(f"{self.home}: {what}; last acts: {list(self.said)[-12:]}")

    # What this owner's process does, and what the conductor asks of it.

    def serve(self, pipe, halt):
        while (road := pipe.recv()) is not None:
            self.begin()
            try:
                if road == "free":
                    while not halt.is_set() and not self.problems:
                        self.step()
                else:
                    self.step(road)
            except Exception as failure:  # noqa: BLE001: told by the conductor
                self.problem(f"{failure!r}")
            pipe.send((self.model, self.problems, self.counts, list(self.said)))
            self.model = pipe.recv()  # as it is after what was undone

    def step(self, road=None):
        roads = [*range(len(self.mounts)), "command"]
        road = road if road is not None else self.random.choice([self.road if self.road is not None else 0] * 5 + roads)
        if road != self.road and road != "command":
            self.require_shown(self.mounts[road], f"by road {self.road}")
        self.road = road
        acts = [self.by_command] if road == "command" else self.acts_in_mount()
        act = self.random.choice(acts)
        self.counts[act.__name__] += 1
        act()

    def require_shown(self, mount, what):
        until = time.monotonic() + SEEN_WITHIN
        wrong = None
        while wrong is None or wrong:
            if wrong is not None:
                time.sleep(0.02)
            try:
                wrong = differences(self.model, shown_in(mount, self.home)) or self.seen_still(mount)
            except OSError as refused:
                wrong = {"refused": repr(refused)}
            if wrong and time.monotonic() > until:
                return self.problem(f"what was done {what} does not show in {mount.name}: (wanted, shown) {wrong}")
        return None

    def seen_still(self, mount):
        """Names that are found though nothing should be there."""
        return {(place, kept.label) for kept in self.model.values() for place in PLACES
                if place not in kept.places() and os.path.lexists(mount / place / kept.label)}

    def say(self, *what):
        self.said.append((time.strftime("%H:%M:%S"), self.road, *map(str, what)))

    # Acts in a mount. Each tells the model at once: there is nobody else who touches these files.

    def acts_in_mount(self):
        if not self.model:
            return [self.create]
        acts = [self.copy, self.save_over, self.save_beside, self.rename, self.rename_over, self.put_by_link, self.put_by_content,
                self.put_by_link, self.take_out, self.trash_out, self.move_place, self.remove, self.describe, self.link_parts]
        return [self.remove] if len(self.model) > MOST else acts + ([self.create] * 3 if len(self.model) < MOST // 2 else [])

    @property
    def mount(self):
        return self.mounts[self.road]

    def original(self, path):
        return self.mount / "originals" / path

    def some(self, want=lambda kept: True):
        paths = sorted(path for path, kept in self.model.items() if want(kept))
        return self.random.choice(paths) if paths else None

    def new_path(self):
        self.made += 1
        folder = self.random.choice([self.home, f"{self.home}/below"])
        return f"{folder}/{self.home}n{self.made:05}.bin"

    def data(self):
        """Mostly what others have, too: copies that nobody made by copying."""
        return self.random.choice(self.pool) if self.random.random() < 0.7 else self.random.randbytes(self.random.choice([1, 700, 9000]))

    def create(self):
        path, data = self.new_path(), self.data()
        self.say("create", path)
        self.original(path).write_bytes(data)
        self.model[path] = Kept(hashlib.sha256(data).hexdigest(), os.path.basename(path))

    def copy(self):
        old, new = self.some(), self.new_path()
        self.say("copy", old, new)
        shutil.copyfile(self.original(old), self.original(new))
        self.model[new] = Kept(self.model[old].digest, os.path.basename(new))

    def save_over(self):
        path, data = self.some(), self.data()
        self.say("save over", path)
        self.original(path).write_bytes(data)
        self.model[path] = replace(self.model[path], digest=hashlib.sha256(data).hexdigest())

    def save_beside(self):
        path, data = self.some(), self.data()
        self.say("save beside", path)
        beside = self.original(path).with_name(f".{os.path.basename(path)}.{self.random.randrange(1 << 20):x}~")
        beside.write_bytes(data)
        os.replace(beside, self.original(path))
        self.model[path] = replace(self.model[path], digest=hashlib.sha256(data).hexdigest())

    def rename(self):
        old, new = self.some(), self.new_path()
        self.say("rename", old, new)
        os.rename(self.original(old), self.original(new))
        self.model[new] = self.model.pop(old)

    def rename_over(self):
        """Its bytes become the newest version of what is there; the tags and albums of both stay."""
        old, over = self.some(), self.some()
        if old is None or old == over:
            return
        self.say("rename over", old, over)
        os.rename(self.original(old), self.original(over))
        gone = self.model.pop(old)
        kept = self.model[over]
        self.model[over] = replace(kept, digest=gone.digest, tags=kept.tags | gone.tags, albums=kept.albums | gone.albums)
        self.require_shown(self.mount, "in one folder to others")

    def link_parts(self):
        """A second name; saved over in place both change, and removed it leaves the other as it was."""
        old, new = self.some(), self.new_path()
        self.say("second name", old, new)
        os.link(self.original(old), self.original(new))
        data = self.data()
        self.original(new).write_bytes(data)
        if self.original(old).read_bytes() != data:
            self.problem(f"{old} does not show what was written to its other name {new}")
        os.unlink(self.original(new))
        self.model[old] = replace(self.model[old], digest=hashlib.sha256(data).hexdigest())

    def put_by_link(self):
        path, place = self.some(), self.random.choice(PLACES)
        kept = self.model[path]
        if place in kept.places():
            return
        self.say("link", path, place)
        os.link(self.original(path), self.mount / place / kept.label)
        self.model[path] = kept.with_place(place)

    def put_by_content(self):
        """Of the files with those bytes it is the one of that name."""
        path, place = self.some(), self.random.choice(PLACES)
        kept = self.model[path]
        if place in kept.places():
            return
        self.say("cp", path, place)
        shutil.copyfile(self.original(path), self.mount / place / kept.label)
        self.model[path] = kept.with_place(place)
        self.copied[kept.label] = time.monotonic()

    def some_placed(self):
        path = self.some(lambda kept: kept.places())
        return (path, self.random.choice(sorted(self.model[path].places()))) if path else (None, None)

    def take_out(self):
        path, place = self.some_placed()
        if path:
            self.say("rm", path, place)
            os.unlink(self.mount / place / self.model[path].label)
            self.model[path] = self.model[path].with_place(place, False)

    def trash_out(self):
        """As a desktop deletes, and, half of the time, takes that back."""
        path, place = self.some_placed()
        if not path:
            return
        label = self.model[path].label
        self.made += 1
        trashed = self.mount / f".Trash-{UID}/files/{self.home}n{self.made:05}"  # a desktop takes no name twice
        self.say("delete", path, place)
        os.rename(self.mount / place / label, trashed)
        if self.random.random() < 0.5:
            self.say("and back", path, place)
            os.rename(trashed, self.mount / place / label)
        else:
            self.model[path] = self.model[path].with_place(place, False)

    def move_place(self):
        path, place = self.some_placed()
        if not path:
            return
        kept = self.model[path]
        # Between two names that one file has rename(2) does nothing.
        others = [other for other in PLACES if other.split("/")[0] == place.split("/")[0] and other not in kept.places()]
        if not others:
            return
        to = self.random.choice(others)
        self.say("mv", path, place, to)
        os.rename(self.mount / place / kept.label, self.mount / to / kept.label)
        self.model[path] = kept.with_place(place, False).with_place(to)

    def remove(self):
        path = self.some()
        self.say("remove", path)
        os.unlink(self.original(path))
        del self.model[path]

    def describe(self):
        # What a program that copied a file says of it next adds to what the path said, and takes nothing away.
        path = self.some(lambda kept: self.copied.get(kept.label, 0) + A_COPY_IS_NEW < time.monotonic())
        if path is None:
            return
        kept = self.model[path]
        if self.random.random() < 0.5:
            tags = frozenset(self.random.sample(TAGS, self.random.randrange(len(TAGS))))
            self.say("xdg.tags", path, sorted(tags))
            os.setxattr(self.original(path), "user.xdg.tags", ",".join(sorted(tags)).encode())
            self.model[path] = replace(kept, tags=tags)
        else:
            stars = self.random.choice(STARS)
            self.say("baloo.rating", path, stars)
            os.setxattr(self.original(path), "user.baloo.rating", str(stars * 2).encode())
            self.model[path] = replace(kept, rating=stars)
        self.require_shown(self.mount, "in one folder to others")

    # By command line.

    def by_command(self):
        path = self.some()
        if path is None or self.random.random() < 0.15:
            return self.import_()
        kept, place = self.model[path], self.random.choice(PLACES)
        is_in = place in kept.places()
        view, name = place.split("/", 1)
        if view == "by-rating":
            argv = ["set", "--rating", "none" if is_in else name, path]
        else:
            argv = [{"by-tag": "tag", "albums": "album"}[view], "remove" if is_in else "add", name, path]
        self.say(*argv)
        self.library.run(*argv)
        self.model[path] = kept.with_place(place, not is_in)
        return None

    def import_(self):
        source = self.scratch / self.home
        shutil.rmtree(source, ignore_errors=True)
        source.mkdir()
        tag = self.random.choice([None, *TAGS])
        for _ in range(self.random.choice([1, 3])):
            self.made += 1
            name, data = f"{self.home}n{self.made:05}.bin", self.data()
            (source / name).write_bytes(data)
            self.model[f"{self.home}/below/{name}"] = Kept(hashlib.sha256(data).hexdigest(), name, frozenset({tag} if tag else ()))
        self.say("import", tag, sorted(os.listdir(source)))
        with self.importing:
            self.library.run("import", source, "--into", f"{self.home}/below", "-q", *(["--tag", tag] if tag else []))
