# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""File servers over a mount, with the settings that docs/ advises, and who asks them."""

import contextlib
import ctypes
import ctypes.util
import itertools
import os
import re
import shutil
import signal
import socket
import subprocess

from library import ROOT, SLOWNESS, environment
from mount import end_with_parent, open_files, wait_until

HOST = "127.0.0.1"
# The next one, of libnfs 6, has the arguments of pread and pwrite in another order.
KNOWN_LIBNFS = 14
NUMBERS = itertools.count()


def why_no_server(*programs, libraries=()):
    """What a test needs that is not there; None: all is."""
    if os.geteuid() != 0:
        return "file servers take on their clients' identity: that takes root"
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    missing = [name for name in programs if not shutil.which(name, path=path)]
    found = {name: ctypes.util.find_library(name) for name in libraries}
    missing += [f"lib{name}" for name in libraries if not found[name]]
    if missing:
        return f"not installed: {', '.join(missing)}"
    if "nfs" in found and int(found["nfs"].rsplit(".", 1)[1]) > KNOWN_LIBNFS:
        return f"{found['nfs']} is newer than what is known here"
    return None


def free_port():
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


def accepts(port):
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0


def advised(name, **settings):
    """The sample of docs/, a key of it set to what holds here: one that it does not have would prove nothing."""
    text = (ROOT / "docs" / name).read_text()
    for key, value in settings.items():
        pattern = rf"^(\s*{key.replace('_', '[ _]')}\s*=\s*)[^;\n]*"
        text, found = re.subn(pattern, lambda line, value=value: f"{line[1]}{value}", text, flags=re.M)
        assert found == 1, f"docs/{name} has {key} {found} times"
    return text


class Server:
    """A program that serves on a port; ended with all that it started."""

    def __init__(self, folder):
        self.folder = folder
        self.log = folder / "log"
        self.port = free_port()
        self.process = None

    def _run(self, *argv):
        with open(self.folder / "output", "a") as output:
            self.process = subprocess.Popen(list(map(str, argv)), stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                                            env=environment(self.folder), start_new_session=True, preexec_fn=end_with_parent)
        try:
            wait_until(self._serves, 30, "the server to answer")
        except BaseException:
            self.stop()
            raise
        return self

    def _serves(self):
        assert self.process.poll() is None, f"the server ended with {self.process.returncode}:\n{self.said()}"
        return accepts(self.port)

    def said(self):
        return "".join(path.read_text(errors="replace")[-3000:] for path in (self.folder / "output", self.log) if path.exists())

    def stop(self):
        """Killed, as there is nothing of its own to keep; a mount that it stands in is then free to end."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


class Samba(Server):
    """smbd, and smbclient. Guests are let in, as there are no accounts here."""

    SHARE = "damfs"

    def start(self, mount):
        for name in ("private", "lock", "state", "cache", "pid", "ncalrpc"):
            (self.folder / name).mkdir()
        at = self.folder
        self.config = at / "smb.conf"
        # smb.conf takes a section in parts: what is only so for the test comes after what is advised.
        self.config.write_text(advised("samba.conf", path=mount.path, force_user="root") + f"""
            guest ok = yes
            [global]
            map to guest = Bad User
            interfaces = {HOST}
            bind interfaces only = yes
            smb ports = {self.port}
            disable netbios = yes
            load printers = no
            disable spoolss = yes
            private dir = {at}/private
            lock directory = {at}/lock
            state directory = {at}/state
            cache directory = {at}/cache
            pid directory = {at}/pid
            ncalrpc dir = {at}/ncalrpc
            log file = {self.log}
        """)
        return self._run("/usr/sbin/smbd", "-F", "--no-process-group", "-s", self.config)

    def said_by(self, *commands, refused=None):
        """What smbclient printed. One that is refused says so with an NT_STATUS_, and does not always end with an error."""
        done = subprocess.run(["smbclient", "-s", self.config, "-N", "-p", str(self.port), f"//{HOST}/{self.SHARE}",
                               "-c", "; ".join(commands)], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=120 * SLOWNESS, env=environment(self.folder))
        said = done.stdout + done.stderr
        if refused is None:
            assert done.returncode == 0 and "NT_STATUS" not in said, f"{commands} ended with {done.returncode}:\n{said}"
        else:
            assert f"NT_STATUS_{refused}" in said, f"{commands} was not refused so:\n{said}"
        return said


class SmbFile:
    """A file that is held open over SMB and written to anywhere, as programs do on a network drive."""

    _library = None

    @classmethod
    def library(cls):
        if not cls._library:
            cls._library = ctypes.CDLL(ctypes.util.find_library("smbclient"), use_errno=True)
            cls._guest = ctypes.CFUNCTYPE(None, *[ctypes.c_char_p] * 2, *[ctypes.c_void_p, ctypes.c_int] * 3)(lambda *_: None)
            assert cls._library.smbc_init(cls._guest, 0) == 0
            cls._library.smbc_lseek.argtypes = [ctypes.c_int, ctypes.c_int64, ctypes.c_int]
            cls._library.smbc_lseek.restype = ctypes.c_int64
            cls._library.smbc_write.restype = cls._library.smbc_read.restype = ctypes.c_ssize_t
        return cls._library

    def __init__(self, samba, path, flags):
        self.url = f"smb://{HOST}:{samba.port}/{samba.SHARE}/{path}"
        self.fd = self._done(self.library().smbc_open(self.url.encode(), flags, 0o644))

    def _done(self, result):
        if result < 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), self.url)
        return result

    def write(self, data, at):
        self._done(self.library().smbc_lseek(self.fd, at, os.SEEK_SET))
        assert self._done(self.library().smbc_write(self.fd, data, ctypes.c_size_t(len(data)))) == len(data)

    def read(self, size, at):
        self._done(self.library().smbc_lseek(self.fd, at, os.SEEK_SET))
        buffer = ctypes.create_string_buffer(size)
        got = self._done(self.library().smbc_read(self.fd, buffer, ctypes.c_size_t(size)))
        return buffer.raw[:got]

    def close(self):
        self._done(self.library().smbc_close(self.fd))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Ganesha(Server):
    """ganesha.nfsd."""

    EXPORT = "/damfs"

    def start(self, mount):
        recovery = self.folder / "recovery"
        recovery.mkdir(exist_ok=True)
        config = self.folder / "ganesha.conf"
        config.write_text(advised("ganesha.conf", Path=f'"{mount.path}"', NFS_Port=self.port, Bind_addr=HOST,
                                  RecoveryRoot=f'"{recovery}"'))
        self.log.unlink(missing_ok=True)
        return self._run("ganesha.nfsd", "-F", "-f", config, "-L", self.log, "-p", self.folder / "pid", "-N", "EVENT")

    def _serves(self):
        return super()._serves() and "NFS SERVER INITIALIZED" in self.log.read_text(errors="replace")

    def has_open(self, name):
        return any(os.path.basename(path).removesuffix(" (deleted)") == name for path in open_files(self.process.pid))


class NfsStat(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in
                ("dev", "ino", "mode", "nlink", "uid", "gid", "rdev", "size", "blksize", "blocks", "atime", "mtime", "ctime",
                 "atime_nsec", "mtime_nsec", "ctime_nsec", "used")]


class NfsEntry(ctypes.Structure):
    """The beginning of it."""

    _fields_ = [("next", ctypes.c_void_p), ("name", ctypes.c_char_p), ("inode", ctypes.c_uint64)]


class NfsClient:
    """A client that mounts by itself, without the kernel: libnfs. A call that is refused raises its errno."""

    def __init__(self, ganesha):
        self.library = ctypes.CDLL(ctypes.util.find_library("nfs"))
        for name in ("init_context", "parse_url_dir", "readdir", "get_error"):
            getattr(self.library, f"nfs_{name}").restype = ctypes.c_void_p
        self.context = ctypes.c_void_p(self.library.nfs_init_context())
        # Servers tell clients apart by this.
        self.library.nfs4_set_client_name(self.context, f"client {next(NUMBERS)}".encode())
        url = f"nfs://{HOST}{ganesha.EXPORT}?version=4&nfsport={ganesha.port}&uid=0&gid=0"
        assert self.library.nfs_parse_url_dir(self.context, url.encode()), "an address that libnfs understands"
        self.library.nfs_set_timeout(self.context, 20_000)
        self._call("mount", HOST.encode(), ganesha.EXPORT.encode())

    def _call(self, name, *args):
        result = getattr(self.library, f"nfs_{name}")(self.context, *args)
        if result < 0:
            said = ctypes.string_at(self.library.nfs_get_error(ctypes.c_void_p(self.context.value))).decode(errors="replace")
            raise OSError(-result, f"nfs_{name}: {os.strerror(-result)}: {said}")
        return result

    def close(self):
        self.library.nfs_destroy_context(self.context)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def open(self, path, flags, mode=0o644):
        return NfsFile(self, path, flags, mode)

    def write(self, path, data):
        """As `>` does: over what is there. This client takes O_CREAT for O_EXCL, and looks first therefore."""
        try:
            opened = self.open(path, os.O_WRONLY | os.O_TRUNC)
        except FileNotFoundError:
            opened = self.open(path, os.O_WRONLY | os.O_CREAT)
        with opened:
            opened.write(data, 0)

    def read(self, path):
        with self.open(path, os.O_RDONLY) as opened:
            return opened.read(opened.stat().size, 0)

    def stat(self, path):
        found = NfsStat()
        self._call("lstat64", path.encode(), ctypes.byref(found))
        return found

    def list(self, path):
        folder = ctypes.c_void_p()
        self._call("opendir", path.encode(), ctypes.byref(folder))
        names = []
        while entry := self.library.nfs_readdir(self.context, folder):
            names.append(NfsEntry.from_address(entry).name.decode())
        self.library.nfs_closedir(self.context, folder)
        return sorted(set(names) - {".", ".."})

    def act(self, name, *paths):
        """mkdir, rmdir, unlink, rename, link, symlink."""
        self._call(name, *(path.encode() for path in paths))

    def truncate(self, path, size):
        self._call("truncate", path.encode(), ctypes.c_uint64(size))


class NfsFile:
    def __init__(self, client, path, flags, mode):
        self.client, self.handle = client, ctypes.c_void_p()
        client._call("open2", path.encode(), flags, mode, ctypes.byref(self.handle))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.client._call("close", self.handle)

    def write(self, data, at):
        """In steps, as this library has no room for more in one call of NFS 4."""
        step = 3 << 10
        for start in range(0, len(data), step):
            part = data[start:start + step]
            done = self.client._call("pwrite", self.handle, ctypes.c_uint64(at + start), ctypes.c_uint64(len(part)), part)
            assert done == len(part)

    def read(self, size, at):
        found = b""
        while len(found) < size:
            part = ctypes.create_string_buffer(min(size - len(found), 256 << 10))
            got = self.client._call("pread", self.handle, ctypes.c_uint64(at + len(found)), ctypes.c_uint64(len(part)), part)
            if not got:
                break
            found += part.raw[:got]
        return found

    def stat(self):
        found = NfsStat()
        self.client._call("fstat64", self.handle, ctypes.byref(found))
        return found

    def _number(self):
        """The server's own name of the file: struct nfsfh begins with its length and where it stands."""
        start = self.handle.value
        return ctypes.c_int.from_address(start), ctypes.c_void_p.from_address(start + ctypes.sizeof(ctypes.c_void_p)).value

    def number(self):
        length, at = self._number()
        assert 8 < length.value <= 128, "a handle of NFS 4"
        return ctypes.string_at(at, length.value)

    @contextlib.contextmanager
    def as_number(self, number):
        """What is asked meanwhile is asked of that file, which this client has not looked up."""
        length, at = self._number()
        own = self.number()
        assert len(number) == length.value
        ctypes.memmove(at, number, len(number))
        try:
            yield
        finally:
            ctypes.memmove(at, own, len(own))
