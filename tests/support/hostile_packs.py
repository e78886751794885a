# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Archives that lie, trap or are damaged, and what must be seen of each: HOSTILE and UNREADABLE, by name."""

import struct
import subprocess
import tempfile
import zlib
from dataclasses import dataclass
from pathlib import Path

from packs import need, rows
from zips import END as END_RECORD
from zips import (BZIP2, DEFLATED, DEFLATED64, DESCRIPTOR, DOS, ENCRYPTED, IMPLODED, LOCAL, LZMA, PPMD, SHRUNK, STORED, XZ,
                  Archive, Member, archive, deflate, lying, record, unicode_path)

TEXT = rows(200_000)
SOUND = Member("sound.txt", TEXT, DEFLATED)  # in every archive, and readable in every one


@dataclass
class Shown:
    """A member as the mount must have it. data None: it cannot be read, which user.damfs.error tells."""

    data: bytes = None
    size: int = None  # None: that of the data
    note: bool = False


@dataclass
class Hostile:
    data: bytes
    shown: dict  # besides sound.txt
    exact: bool = True  # nothing else is shown


def refused(size):
    return Shown(None, size)


def pack(shown, *members, sound_first=False, exact=True, **options):
    """sound_first: where a member claims bytes behind it, and one that reads from the start must not lose the sound one."""
    together = (SOUND, *members) if sound_first else (*members, SOUND)
    return Hostile(archive(*together, **options), shown, exact)


# --- names that lead out ----------------------------------------------------------------------------------

def parents():
    noted = {name: Shown(name.encode(), note=True) for name in ("evil.txt", "a/b.txt", "c/d/e.txt", "etc/passwd", "deep.txt")}
    return pack(noted, Member("../../evil.txt", b"evil.txt"), Member("a/../b.txt", b"a/b.txt"),
                Member("c/d/../../../e.txt", b"c/d/e.txt"), Member("/etc/passwd", b"etc/passwd"),
                Member("../" * 300 + "deep.txt", b"deep.txt"))


def empty_parts():
    noted = {"x/y.txt": Shown(b"1", note=True), "z.txt": Shown(b"2", note=True)}
    return pack(noted, Member("x//y.txt", b"1"), Member("////z.txt", b"2"))


def drives():
    names = ("windows/evil.txt", "forward.txt", "up.txt", "share/file.txt", "rooted.txt")
    shown = {name: Shown(name.encode(), note=True) for name in names}
    return pack(shown, Member(b"C:\\windows\\evil.txt", b"windows/evil.txt", host=DOS), Member("C:/forward.txt", b"forward.txt"),
                Member(b"..\\..\\up.txt", b"up.txt", host=DOS), Member(b"\\\\share\\file.txt", b"share/file.txt", host=DOS),
                Member("/D:/rooted.txt", b"rooted.txt"))


def nothing_left():
    names = ("..", "/", "../..", "", ".", "//", "C:", "C:/")
    return pack({}, *(Member(name, b"1") for name in names), Member("../", mode=0o040755))


def hidden_in_the_unicode_path():
    path = unicode_path("../../evil.txt", b"plain.txt")
    return pack({"evil.txt": Shown(b"1", note=True)}, Member(b"plain.txt", b"1", extra=path))


def zero_bytes():
    """What a C program takes for harmless.txt."""
    return pack({}, Member(b"harmless.txt\0.exe", b"1"), Member(b"\0", b"2"), exact=False)


def long_names():
    return pack({}, Member("x" * 256, b"1"), Member("y" * 65_535, b"2"), Member("ü" * 200 + ".png", b"3"), exact=False)


def deep_names():
    """What no path can reach is shown as far down as one can."""
    deep, wide = "d/" * 90 + "end.txt", ("w" * 200 + "/") * 20
    shown = {deep: Shown(b"1"), "f/" * 99 + "x": Shown(b"2", note=True), "f/" * 99 + "x~2": Shown(b"3", note=True),
             "e/" * 99 + "x": Shown(b"4", note=True), wide[:201 * 14] + "x": Shown(b"5", note=True)}
    return pack(shown, Member(deep, b"1"), Member("f/" * 900 + "x", b"2"), Member("f/" * 901 + "x", b"3"),
                Member("e/" * 32_000 + "x", b"4"), Member(wide + "x", b"5"))


# --- links and other kinds ----------------------------------------------------------------------------------

def links():
    targets = {"link": b"../../../etc/passwd", "to a folder": b"/", "dangling": b"nowhere", "sub/loop": b"loop"}
    shown = {name: Shown(data, note=True) for name, data in targets.items()}
    # What is to be written through the link, when somebody extracts it.
    members = [Member(name, data, mode=0o120777) for name, data in targets.items()]
    members.append(Member("tmp", b"/tmp", DEFLATED, mode=0o120777))
    through = Member("tmp/through.txt", b"1")
    return pack({**shown, "tmp/through.txt": Shown(b"1"), "tmp~2": Shown(b"/tmp", note=True)}, *members, through)


def devices():
    kinds = {"fifo": 0o010666, "character": 0o020666, "block": 0o060666, "socket": 0o140777}
    return pack({}, *(Member(name, name.encode(), mode=mode) for name, mode in kinds.items()), exact=False)


def folder_with_bytes():
    return pack({"folder/file.txt": Shown(b"1")}, Member("folder/", b"not empty", mode=0o040755), Member("folder/file.txt", b"1"),
                exact=False)


# --- what cannot be read --------------------------------------------------------------------------------------

def encrypted_by_hand():
    return pack({"secret.txt": refused(5), "stored.txt": refused(3)}, Member("secret.txt", b"12345", DEFLATED, flags=ENCRYPTED),
                Member("stored.txt", b"abc", flags=ENCRYPTED))


def _by_program(program, *argv):
    need(program)
    with tempfile.TemporaryDirectory() as folder:
        at = Path(folder)
        (at / "secret.txt").write_bytes(TEXT)
        (at / "plain.txt").write_bytes(b"plain")
        (at / "sound.txt").write_bytes(TEXT)
        for names, flags in ((["sound.txt", "plain.txt"], []), (["secret.txt"], argv[1:])):
            command = [program, *argv[0], *flags, "x.zip", *names]
            subprocess.run(command, cwd=at, check=True, stdin=subprocess.DEVNULL, capture_output=True)
        return Hostile((at / "x.zip").read_bytes(), {"plain.txt": Shown(b"plain"), "secret.txt": refused(len(TEXT))})


def encrypted_by_zip():
    return _by_program("zip", ["-q"], "-P", "word")


def encrypted_by_7z():
    return _by_program("7z", ["a", "-tzip"], "-pword", "-mem=AES256")


def unknown_methods():
    methods = {SHRUNK: 1, 2: 2, IMPLODED: 3, 10: 4, PPMD: 5, 97: 6, 0xFFFF: 8, DEFLATED64: 9}
    members = [Member(f"method {method}", bytes(size), method, packed=b"abcdefgh") for method, size in methods.items()]
    return pack({f"method {method}": refused(size) for method, size in methods.items()}, *members)


def bad_crc():
    methods, wrong = (STORED, DEFLATED, BZIP2, LZMA, XZ), zlib.crc32(TEXT) ^ 1
    members = [lying(Member(f"{method}.txt", TEXT, method), crc=wrong) for method in methods]
    return pack({member.name: refused(len(TEXT)) for member in members}, *members)


def flipped_bit():
    methods = {"stored.txt": STORED, "deflated.txt": DEFLATED, "bzip2.txt": BZIP2}
    whole = bytearray(archive(*(Member(name, TEXT, method) for name, method in methods.items()), SOUND))
    for name in methods:
        whole[whole.index(name.encode()) + 20_000] ^= 0x10
    return Hostile(bytes(whole), {name: refused(len(TEXT)) for name in methods})


def wrong_sizes():
    """The stream gives more or fewer bytes than the directory declares."""
    size, shown, members = len(TEXT), {}, []
    for method in (DEFLATED, BZIP2, LZMA, XZ):
        for what, told in (("short", size + 1), ("long", size - 1), ("much longer", 10), ("nothing", 1 << 30)):
            member = Member(f"{method} {what}", TEXT, method)
            members.append(lying(member, size=told))
            shown[member.name] = refused(told)
    members.append(lying(Member("stored short", TEXT), size=size + 7))
    members.append(lying(Member("stored long", TEXT), size=size - 7))
    return pack({**shown, "stored short": refused(size + 7), "stored long": refused(size - 7)}, *members)


def cut_streams():
    whole = deflate(TEXT)
    cut = Member("cut.txt", TEXT, DEFLATED, packed=whole[:len(whole) // 2])
    others = [Member("noise.txt", bytes(100), DEFLATED, packed=b"\xff" * 50),
              Member("none.txt", bytes(100), DEFLATED, packed=b""), Member("xz.txt", bytes(100), XZ, packed=b"\xfd7zXZ\0")]
    return pack({"cut.txt": refused(len(TEXT)), **{member.name: refused(100) for member in others}}, cut, *others)


def far_distance():
    """A deflate stream that copies from before its beginning."""
    bits = "1" + "10" + "0000001" + "11101" + "0" * 13 + "0000000"  # last, fixed codes; length 3 from 24,577 bytes back; end
    packed = bytes(int(bits[at:at + 8][::-1].ljust(8, "0")[:8], 2) for at in range(0, len(bits), 8))
    return pack({"far.txt": refused(3)}, Member("far.txt", b"abc", DEFLATED, packed=packed))


def garbage_behind():
    """Bytes behind a stream's end that belong to nobody: what is read is whole."""
    member = Member("trailing.txt", TEXT, DEFLATED, packed=deflate(TEXT) + b"behind the end" * 100)
    return pack({}, member, exact=False)


def outside():
    big = 1 << 31
    return pack({"packed.txt": refused(3), "offset.txt": refused(3), "stored.txt": refused(big), "header.txt": refused(3)},
                lying(Member("packed.txt", b"abc", DEFLATED), packed=big), lying(Member("offset.txt", b"abc"), offset=big),
                lying(Member("stored.txt", b"abc"), packed=big, size=big), lying(Member("header.txt", b"abc"), offset=7),
                sound_first=True)


def outside_by_zip64():
    far = (1 << 63) - 1
    offset = lying(Member("offset.txt", b"abc", zip64=True), offset64=far)
    packed = lying(Member("packed.txt", b"abc", zip64=True), packed64=far)
    return pack({"offset.txt": refused(3), "packed.txt": refused(3)}, offset, packed, sound_first=True)


def sizes_beyond_all():
    """A size is a signed number of 63 bits to the kernel; what is larger cannot be shown as it is declared."""
    sizes = {"2^59": 1 << 59, "2^62": 1 << 62, "2^63-1": (1 << 63) - 1, "2^63": 1 << 63, "2^64-1": (1 << 64) - 1}
    members = [lying(Member(name, b"abc", DEFLATED, zip64=True), size64=size) for name, size in sizes.items()]
    return pack({"2^59": refused(1 << 59)}, *members, exact=False)


def into_the_directory():
    """Its bytes are said to go on over the directory."""
    inside = archive(Member("tail.txt", b"0123456789"), SOUND)
    size = len(inside) - inside.index(b"tail.txt") - 8
    return Hostile(archive(SOUND, lying(Member("tail.txt", b"0123456789"), packed=size, size=size)), {"tail.txt": refused(size)})


def local_header_lies():
    """A header of its own without its signature may be forgiven, where the bytes behind it are right."""
    name = lying(Member("name.txt", b"1"), local={"name_length": 60_000})
    more = lying(Member("extra.txt", b"2", DEFLATED), local={"extra_length": 65_535})
    signature = lying(Member("signature.txt", b"3"), local={"signature": b"XXXX"})
    return pack({"name.txt": refused(1), "extra.txt": refused(1)}, name, more, signature, sound_first=True, exact=False)


def other_sizes_in_the_local_header():
    """The directory counts."""
    return pack({"a.txt": Shown(TEXT)}, lying(Member("a.txt", TEXT, DEFLATED), local={"size": 1, "packed": 1, "crc": 1}))


# --- bombs ------------------------------------------------------------------------------------------------------

def shared_stream():
    """Many members that are all one stream; the first has it."""
    one = Member("first.txt", TEXT, DEFLATED)
    others = [Member(f"other {n}.txt", TEXT, DEFLATED, skip_local=True, lies={"offset": 0}) for n in range(50)]
    return pack({"first.txt": Shown(TEXT), **{member.name: refused(len(TEXT)) for member in others}}, one, *others)


def overlapping_bomb(count=40):
    """Each stream quotes the header of the next member, and goes on with its stream."""
    kernel = bytes(1 << 20)
    data, stream, names = kernel, deflate(kernel), [f"bomb {n:02}" for n in range(count)]
    parts = []
    for name in reversed(names):
        member = Member(name, data, DEFLATED, packed=stream)
        header = record(LOCAL, member.fields()) + name.encode()
        parts.append((member, header))
        data, stream = header + data, b"\0" + struct.pack("<HH", len(header), ~len(header) & 0xFFFF) + header + stream
    parts.reverse()
    body, directory, at = b"".join(header for _, header in _quoted(parts)), b"", 0
    for member, header in _quoted(parts):
        directory += member.central_record(at)
        at += len(header)
    body += parts[-1][0].packed
    sound_at = len(body)
    body += SOUND.local_record()
    directory += SOUND.central_record(sound_at)
    end = Archive([*(member for member, _ in parts), SOUND]).end(len(body), len(directory))
    shown = {name: refused(len(member.data)) for (member, _), name in zip(parts[1:], names[1:])}
    return Hostile(body + directory + end, {names[0]: Shown(parts[0][0].data), **shown})


def _quoted(parts):
    """Each header as it stands in the file: behind the stored block that quotes it to the one before."""
    for n, (member, header) in enumerate(parts):
        quote = b"\0" + struct.pack("<HH", len(parts[n + 1][1]), ~len(parts[n + 1][1]) & 0xFFFF) if n + 1 < len(parts) else b""
        yield member, header + quote


def dense():
    """A quarter of a gigabyte of zeros is honest, if thick: 1,000 to 1."""
    zeros = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = b"".join(zeros.compress(bytes(1 << 20)) for _ in range(256)) + zeros.flush()
    crc = 0
    for _ in range(256):
        crc = zlib.crc32(bytes(1 << 20), crc)
    return pack({}, lying(Member("zeros.bin", b"", DEFLATED, packed=packed), crc=crc, size=256 << 20), exact=False)


# --- directories ------------------------------------------------------------------------------------------------

def two_archives_in_one():
    """The second one ends the file, so it is the one that counts; the first is bytes before it."""
    first = archive(Member("first.txt", b"1"), Member("sound.txt", b"not this one"))
    return Hostile(archive(Member("second.txt", b"2"), SOUND, prefix=first), {"second.txt": Shown(b"2")})


def end_in_the_comment():
    """A comment that holds the end of an empty archive."""
    return pack({"a.txt": Shown(b"1")}, Member("a.txt", b"1"), comment=b"PK\5\6" + bytes(18) + b"and more")


def described_without_sizes():
    return pack({"a.txt": Shown(TEXT), "b.txt": Shown(TEXT)}, Member("a.txt", TEXT, DEFLATED, flags=DESCRIPTOR),
                Member("b.txt", TEXT, STORED, flags=DESCRIPTOR))


HOSTILE = {kind.__name__: kind for kind in (
    parents, empty_parts, drives, nothing_left, hidden_in_the_unicode_path, zero_bytes, long_names, deep_names, links,
    devices, folder_with_bytes, encrypted_by_hand, encrypted_by_zip, encrypted_by_7z, unknown_methods, bad_crc, flipped_bit,
    wrong_sizes, cut_streams, far_distance, garbage_behind, outside, outside_by_zip64, sizes_beyond_all, into_the_directory,
    local_header_lies,
    other_sizes_in_the_local_header, shared_stream, overlapping_bomb, dense, two_archives_in_one, end_in_the_comment,
    described_without_sizes)}


# --- no directory at all ----------------------------------------------------------------------------------------

WHOLE = archive(Member("a.txt", TEXT), Member("b.txt", TEXT, DEFLATED))
DIRECTORY = WHOLE.index(b"PK\1\2")
END = WHOLE.index(b"PK\5\6")


def _end(**values):
    told = {"entries_here": 2, "entries": 2, "directory_size": END - DIRECTORY, "directory_offset": DIRECTORY}
    return WHOLE[:END] + record(END_RECORD, told | values)


UNREADABLE = {
    "cut in the middle": WHOLE[:len(WHOLE) // 2],
    "cut in the directory": WHOLE[:DIRECTORY + 20],
    "cut in the end": WHOLE[:-5],
    "directory of noise": WHOLE[:DIRECTORY] + b"\xa5" * (END - DIRECTORY) + WHOLE[END:],
    "directory of zeros": WHOLE[:DIRECTORY] + bytes(END - DIRECTORY) + WHOLE[END:],
}

# One reader makes sense of these, another one none: they are shown or refused, but never harm.
DOUBTFUL = {
    "directory far outside": _end(directory_offset=0xFFFFFF00),
    "directory too large": _end(directory_size=0xFFFFFF00),
    "directory too small": _end(directory_size=10),
    "one entry too few": _end(entries=1, entries_here=1),
    "many entries too many": _end(entries=60_000, entries_here=60_000),
    "no entries": _end(entries=0, entries_here=0),
    "on other disks": _end(disk=7, directory_disk=9),
    "a member on another disk": archive(lying(Member("b.txt", TEXT), disk=3), Member("a.txt", TEXT)),
    "names beyond the directory": WHOLE[:DIRECTORY + 28] + b"\xff\xff" + WHOLE[DIRECTORY + 30:],
    "end64 outside": archive(Member("a.txt", TEXT), zip64=True, lies64={"directory_offset": (1 << 63) - 1}),
    "end64 of billions": archive(Member("a.txt", TEXT), zip64=True, lies64={"entries": 1 << 40, "entries_here": 1 << 40}),
    "extra field longer than its room": archive(Member("a.txt", TEXT, extra=b"UT\xff\xff\1")),
    "extra field of too few bytes": archive(Member("a.txt", TEXT, extra=b"\x0a\0\x20\0" + bytes(3))),
    "zip64 without its field": archive(lying(Member("b.txt", TEXT), size=0xFFFFFFFF), Member("a.txt", TEXT)),
    "encrypted by AES without its field": archive(Member("b.txt", TEXT, 99, packed=TEXT), Member("a.txt", TEXT)),
    "names that are not the UTF-8 they say": archive(Member(b"\xff\xfe\xc3.txt", TEXT, flags=0x800),
                                                     Member(b"a\xc0\xaf..\xc0\xafb", TEXT, flags=0x800), Member("a.txt", TEXT)),
    "an end without a beginning": WHOLE[END:],
    "two directories": WHOLE + WHOLE[DIRECTORY:],
}
