// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace damfs {

inline constexpr size_t kMaxNameBytes = 255;

// One path component as a user or the kernel gave it: not empty, no '/', no NUL, not "." or "..",
// at most 255 bytes. It need not be UTF-8.
class EntryName {
 public:
  // Throws Error: EINVAL for what is no component, ENAMETOOLONG for what is too long.
  explicit EntryName(std::string_view text);
  std::string_view view() const noexcept { return text_; }

 private:
  std::string_view text_;  // the caller's bytes must outlive this
};

bool is_utf8(std::string_view text);

// How names are compared where NFC and NFD spellings are one name: NFC; bytes that are not UTF-8 stay as they are.
std::string nfc(std::string_view name);

// How labels, tags and albums are compared: NFC, case-folded.
std::string fold(std::string_view name);

// A component that every file system and file-sharing protocol takes: none of < > : " / \ | ? * and control
// characters (each becomes '_'), no trailing dot or space, no reserved DOS name (gets a '_' before its
// extension), NFC, valid UTF-8, never empty, at most `max_bytes` cut at a character with the extension kept.
std::string portable_name(std::string_view name, size_t max_bytes = kMaxNameBytes);

// "IMG_0001.JPG" + "~k3f" = "IMG_0001~k3f.JPG", at most 255 bytes.
std::string with_suffix(std::string_view name, std::string_view suffix);

struct StemAndExtension {
  std::string_view stem;       // "IMG_0001"
  std::string_view extension;  // ".JPG", or empty; a leading dot alone is no extension
};
StemAndExtension split_extension(std::string_view name);

// Files that file managers and cameras scatter about and that are nobody's media: .DS_Store, ._*, Thumbs.db,
// desktop.ini, .directory …
bool is_litter(std::string_view name);

// Names that editors, rsync and desktops use while they write: *.tmp, *~, *.part, .goutputstream-*,
// .a.jpg.Xa3b9Z …
bool is_temporary(std::string_view name);

// A tag is a path, its parts joined by '/'. A '/' that somebody wrote within a part stands there as a character that no
// text has: tag_part makes a part of what was written, tag_words makes what was written of a part or of a whole path.
std::string tag_part(std::string_view written);
std::string tag_words(std::string_view part);

// "folder/name"; the name alone where there is no folder.
std::string join_path(std::string_view folder, std::string_view name);

// Any bytes made fit for a terminal or JSON: invalid UTF-8 and control characters become U+FFFD.
std::string printable(std::string_view text);

// What an asset's state is called in versions/: "v003.jpg" the third of one labelled "a.jpg".
std::string version_name(int64_t number, std::string_view label);

}  // namespace damfs
