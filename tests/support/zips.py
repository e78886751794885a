# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Zip archives written field by field, for what no honest program writes: every field can tell something else than is so.

Lies are given as {field: value}, with the names that LOCAL, CENTRAL, END, END64 list; what is no lie is worked out.
"""

import bz2
import dataclasses
import lzma
import struct
import subprocess
import zlib
from dataclasses import dataclass, field
from functools import cached_property, partial

STORED, SHRUNK, IMPLODED, DEFLATED, DEFLATED64, BZIP2, LZMA, ZSTD, XZ, PPMD = 0, 1, 6, 8, 9, 12, 14, 93, 95, 98
UNIX, DOS, NTFS_HOST = 3, 0, 10
ENCRYPTED, END_MARKED, DESCRIPTOR, UTF8 = 0x1, 0x2, 0x8, 0x800
# 2021-03-04 05:06:08, as DOS packs it.
DOS_DATE, DOS_TIME = (2021 - 1980) << 9 | 3 << 5 | 4, 5 << 11 | 6 << 5 | 8 // 2
MAX32 = 0xFFFFFFFF

# Each: signature, layout, names of the fields.
COMMON = "needs flags method time date crc packed size name_length extra_length"
PLACE = "disk directory_disk entries_here entries directory_size directory_offset"
LOCAL = (b"PK\3\4", "<4s5H3I2H", f"signature {COMMON}".split())
CENTRAL = (b"PK\1\2", "<4s6H3I5H2I", f"signature made_by {COMMON} comment_length disk internal external offset".split())
END = (b"PK\5\6", "<4s4H2IH", f"signature {PLACE} comment_length".split())
END64 = (b"PK\6\6", "<4sQ2H2I4Q", f"signature record_size made_by needs {PLACE}".split())
LOCATOR64 = (b"PK\6\7", "<4sIQI", "signature directory_disk offset disks".split())


def record(layout, values, lies=()):
    signature, form, names = layout
    told = {"signature": signature, **values, **dict(lies)}
    return struct.pack(form, *(told.get(name, 0) for name in names))


def extra(kind, data):
    return struct.pack("<HH", kind, len(data)) + data


def extended_timestamp(seconds):
    return extra(0x5455, struct.pack("<Bi", 1, seconds))


def ntfs_times(ns):
    """Modification, access, creation as 100 ns since 1601."""
    ticks = ns // 100 + 116_444_736_000_000_000
    return extra(0x000A, bytes(4) + struct.pack("<HH3Q", 1, 24, ticks, ticks, ticks))


def unicode_path(path, standard_name, crc=None):
    return extra(0x7075, struct.pack("<BI", 1, zlib.crc32(standard_name) if crc is None else crc) + path.encode())


def deflate(data, level=9):
    packer = zlib.compressobj(level, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


def _lzma(data):
    filters = [{"id": lzma.FILTER_LZMA1, "preset": 0, "dict_size": 1 << 20, "lc": 3, "lp": 0, "pb": 2}]
    packer = lzma.LZMACompressor(lzma.FORMAT_RAW, filters=filters)
    return struct.pack("<BBHBI", 9, 4, 5, (2 * 5 + 0) * 9 + 3, 1 << 20) + packer.compress(data) + packer.flush()


def _zstd(data):
    return subprocess.run(["zstd", "-q", "-c"], input=data, stdout=subprocess.PIPE, check=True).stdout


PACKERS = {STORED: bytes, DEFLATED: deflate, BZIP2: bz2.compress, LZMA: _lzma, XZ: partial(lzma.compress, preset=0),
           ZSTD: _zstd}
NEEDS = {STORED: 10, DEFLATED: 20, BZIP2: 46, LZMA: 63, XZ: 63, ZSTD: 63}


@dataclass
class Member:
    name: object  # str: in UTF-8 with the flag where it takes it; bytes: these, without
    data: bytes = b""
    method: int = STORED
    packed: bytes = None  # the stream in place of the one that `data` gives
    mode: int = None  # Unix mode with the file's kind
    flags: int = 0
    host: int = UNIX
    extra: bytes = b""  # in the directory
    local_extra: bytes = None  # None: as in the directory
    zip64: bool = False  # sizes and offset in the zip64 extra field
    skip_local: bool = False  # it has no header and stream of its own: the offset is a lie
    lies: dict = field(default_factory=dict)  # in the directory
    local_lies: dict = field(default_factory=dict)

    def stream(self):
        return self._packed_once if self.packed is None else self.packed

    @cached_property
    def _packed_once(self):
        # Every record asks for its length, and packing is what a large archive takes long for.
        return PACKERS[self.method](self.data)

    def raw_name(self):
        return self.name if isinstance(self.name, bytes) else self.name.encode()

    def fields(self):
        utf8 = UTF8 if isinstance(self.name, str) and not self.name.isascii() else 0
        flags = self.flags | utf8 | (END_MARKED if self.method == LZMA else 0)
        return {"needs": 45 if self.zip64 else NEEDS.get(self.method, 20), "flags": flags, "method": self.method,
                "time": DOS_TIME, "date": DOS_DATE, "crc": zlib.crc32(self.data), "packed": len(self.stream()),
                "size": len(self.data), "name_length": len(self.raw_name())}

    def local_record(self):
        fields, more = self.fields(), self.extra if self.local_extra is None else self.local_extra
        if self.zip64:
            more = extra(1, struct.pack("<QQ", fields["size"], fields["packed"])) + more
            fields |= {"size": MAX32, "packed": MAX32}
        descriptor = b""
        if self.flags & DESCRIPTOR:
            form = "<4sIQQ" if self.zip64 else "<4sIII"
            descriptor = struct.pack(form, b"PK\7\x08", fields["crc"], len(self.stream()), len(self.data))
            fields |= {"crc": 0, "packed": 0, "size": 0}
        header = record(LOCAL, {**fields, "extra_length": len(more)}, self.local_lies)
        return header + self.raw_name() + more + self.stream() + descriptor

    def central_record(self, offset):
        fields, more = self.fields(), self.extra
        if self.zip64:
            size, packed = self.lies.get("size64", fields["size"]), self.lies.get("packed64", fields["packed"])
            more = extra(1, struct.pack("<QQQ", size, packed, self.lies.get("offset64", offset))) + more
            fields |= {"size": MAX32, "packed": MAX32}
            offset = MAX32
        mode = self.mode if self.mode is not None else 0o100644
        external = mode << 16 if self.host == UNIX else 0
        header = record(CENTRAL, {**fields, "made_by": self.host << 8 | 63, "extra_length": len(more), "external": external,
                                  "offset": offset}, self.lies)
        return header + self.raw_name() + more


@dataclass
class Archive:
    """`bytes(archive)`; `offsets` are then those of the local headers."""

    members: list
    prefix: bytes = b""
    adjusted: bool = True  # offsets count the prefix, too
    gap: bytes = b""  # between the last stream and the directory
    comment: bytes = b""
    zip64: bool = False
    lies: dict = field(default_factory=dict)
    lies64: dict = field(default_factory=dict)
    offsets: list = field(default_factory=list)

    def __bytes__(self):
        body, self.offsets = bytearray(), []
        base = len(self.prefix) if self.adjusted else 0
        for member in self.members:
            self.offsets.append(base + len(body))
            body += b"" if member.skip_local else member.local_record()
        body += self.gap
        directory = b"".join(member.central_record(at) for member, at in zip(self.members, self.offsets))
        return self.prefix + bytes(body) + directory + self.end(base + len(body), len(directory))

    def end(self, at, size):
        values = {"entries_here": len(self.members), "entries": len(self.members), "directory_size": size, "directory_offset": at}
        out = b""
        if self.zip64:
            out += record(END64, {**values, "record_size": 44, "made_by": 63, "needs": 45}, self.lies64)
            out += record(LOCATOR64, {"offset": at + size, "disks": 1})
            values = {"entries_here": 0xFFFF, "entries": 0xFFFF, "directory_size": MAX32, "directory_offset": MAX32}
        return out + record(END, {**values, "comment_length": len(self.comment)}, self.lies) + self.comment


def archive(*members, **options):
    return bytes(Archive(list(members), **options))


def lying(member, local=None, **lies):
    return dataclasses.replace(member, lies=lies, local_lies=local or {})


# --- members of many gigabytes, without their bytes ---------------------------------------------------------

def _times(matrix, vector):
    out = 0
    for row in matrix:
        if vector & 1:
            out ^= row
        vector >>= 1
    return out


def crc_over_zeros(count, crc=0):
    """CRC-32 of what `crc` is of, followed by so many zeros: a step over one bit, squared as often as it takes."""
    step = [0xEDB88320] + [1 << bit for bit in range(31)]
    for _ in range(3):
        step = [_times(step, row) for row in step]
    register = crc ^ MAX32
    while count:
        if count & 1:
            register = _times(step, register)
        step = [_times(step, row) for row in step]
        count >>= 1
    return register ^ MAX32


def write_huge(path, name, zeros, tail, method=STORED):
    """An archive of one member: that many zeros and a tail. Stored, it is a hole in the file; deflated, a MiB repeated."""
    size, crc = zeros + len(tail), zlib.crc32(tail, crc_over_zeros(zeros))
    block, last = b"", tail
    if method == DEFLATED:
        assert zeros % (1 << 20) == 0
        packer = zlib.compressobj(9, zlib.DEFLATED, -15)
        block = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
        last = deflate(tail)
    packed = zeros + len(tail) if method == STORED else (zeros >> 20) * len(block) + len(last)
    truth = {"crc": crc, "size": MAX32, "packed": MAX32}
    sizes = extra(1, struct.pack("<QQ", size, packed))
    header = Member(name, method=method, zip64=True, packed=b"")
    with open(path, "wb") as out:
        local = record(LOCAL, {**header.fields(), **truth, "extra_length": len(sizes)})
        out.write(local + header.raw_name() + sizes)
        if method == STORED:
            out.seek(zeros, 1)
        else:
            out.write(block * (zeros >> 20))
        out.write(last)
        at = out.tell()
        central = Member(name, method=method, zip64=True, packed=b"",
                         lies={"crc": crc, "size64": size, "packed64": packed}).central_record(0)
        out.write(central + Archive([header], zip64=True).end(at, len(central)))
