# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A program of a soak that looks where it has no business: by every road of the mount, for what others keep to themselves.
Such bytes and names say whose they are."""

import contextlib
import errno
import os
import re
import stat

FULL = (errno.ENOSPC, errno.EDQUOT)
MARK = re.compile(rb"SECRET-u(\d+)-")
SECRET_NAME = re.compile(r"secret-u(\d+)-")
ROADS = ("by-type/image", "by-type/other", "by-type/texture-pack", "by-type", "by-date", "by-tag", "recent", "versions", "packs",
         "trash", "search/secret", "search/kind:image", "duplicates", "inbox", ".damfs", "originals", "originals", "proxies/edit/recent",
         "previews/small/recent", "previews/medium/by-type/image", "previews/small/originals", "previews/material/packs")


class Excusing(contextlib.AbstractContextManager):
    def __init__(self, counts, excused):
        self.counts, self.excused = counts, excused

    def __exit__(self, kind, error, _):
        if kind and issubclass(kind, OSError) and error.errno in self.excused:
            self.counts[errno.errorcode[error.errno]] += 1
            return True
        return False


class Prying:
    """Of whoever has a uid, chances and counts, and says what is wrong by problem()."""

    def suppress_errno(self, *excused):
        return Excusing(self.counts, excused)

    def a_road(self):
        """Somewhere in the mount, by chance."""
        path = self.random.choice([*ROADS, f"originals/a{self.random.randrange(8)}/private",
                                   f".Trash-{self.random.choice([0, 61001, 61002])}/files"])
        for _ in range(6):
            info = os.lstat(path)
            if not stat.S_ISDIR(info.st_mode):
                return path
            if path.startswith("previews/") and self.random.random() < 0.2:
                return f"{path}/folder.webp"
            names = os.listdir(path)
            if not names:
                return path
            preferred = [name for name in names if "secret-u" in name]
            path = f"{path}/{self.random.choice(preferred if preferred and self.random.random() < 0.6 else names)}"
        return path

    def not_mine(self, whose):
        return self.uid and any(int(uid) != self.uid for uid in whose)

    def pry(self):
        """None of the bytes that others keep to themselves, by whichever road."""
        with self.suppress_errno(*(errno.EACCES, errno.EPERM, errno.ENOENT, errno.EISDIR, errno.ENOTDIR, errno.EIO, *FULL)):
            path = self.a_road()
            for name in os.listxattr(path) if self.random.random() < 0.3 else ():
                with self.suppress_errno(errno.ENODATA):
                    if self.not_mine(MARK.findall(os.getxattr(path, name))):
                        self.problem(f"{path}: {name} was shown")
            with open(path, "rb") as file:
                data = file.read(1 << 16)
            self.counts["pried"] += 1
            by_name = SECRET_NAME.findall(path) if data and not path.startswith(".damfs") else ()
            if self.not_mine(MARK.findall(data)) or self.not_mine(by_name):
                self.problem(f"{path} was shown: {data[:24]!r}")

    def meddle(self):
        """Nothing of others is changed."""
        with self.suppress_errno(*(errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOENT, errno.EISDIR, errno.ENOTDIR, errno.EXDEV)):
            path = self.a_road()
            if not self.uid or not os.path.isfile(path) or os.stat(path).st_uid == self.uid:
                return
            how = self.random.choice([lambda: os.unlink(path), lambda: os.truncate(path, 0), lambda: os.chmod(path, 0o666),
                                      lambda: os.rename(path, f"{self.home}/stolen"), lambda: os.setxattr(path, "user.xdg.tags", b"mine")])
            how()
            self.problem(f"{path} could be meddled with")
