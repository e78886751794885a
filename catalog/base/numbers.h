// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>

// Everything that is numbered for ever: these numbers stand in inode numbers, catalogs and backups. None is ever
// changed or given to something else; the next one of each is free.
namespace damfs {

// What assets are gathered by. Stored. In brackets, what a key is; that of a grouping's own top is top_key().
enum class Grouping : uint8_t {
  kAll = 0,          // every asset: no group of the catalog's, and no folder's
  kFolder = 1,       // [folder.id; the top is 1]
  kTag = 2,          // [tag.id; the top is 1]
  kAlbum = 3,        // [album.id; the top is 1]
  kCamera = 4,       // [camera.id]
  kDay = 5,          // [Day::key of a day]
  kYear = 6,         // [Day::key of a year]
  kKind = 7,         // [Kind]
  kRating = 8,       // [1..5]
  kRecent = 9,       // only a top
  kTrash = 10,       // only a top
  kInbox = 11,       // only a top, and nothing stays in it
  kVersions = 12,    // [asset.id]
  kPacks = 13,       // only a top
  kDuplicates = 14,  // [blob.id of bytes that several assets hold]
  kLens = 15,        // [lens.id]
};

// Folders below the mount's root, and what in them. Five bits of a directory's inode number; 18 to 31 are free.
struct ViewCode {
  static constexpr unsigned kNone = 0;  // the root, and what stands beside the views
  static constexpr unsigned kOriginals = 1;
  static constexpr unsigned kByDate = 2;
  static constexpr unsigned kByTag = 3;
  static constexpr unsigned kByType = 4;
  static constexpr unsigned kByCamera = 5;
  static constexpr unsigned kByRating = 6;
  static constexpr unsigned kAlbums = 7;
  static constexpr unsigned kRecent = 8;
  static constexpr unsigned kInbox = 9;
  static constexpr unsigned kTrash = 10;
  static constexpr unsigned kVersions = 11;
  static constexpr unsigned kSearch = 12;
  static constexpr unsigned kDesktopTrash = 13;
  static constexpr unsigned kPacks = 14;
  static constexpr unsigned kDuplicates = 15;
  static constexpr unsigned kSidecars = 16;
  static constexpr unsigned kByLens = 17;
};

// What is made of files: previews, proxies, and the ways to look through them (lenses). Five bits of an inode number.
struct ProfileCode {
  static constexpr unsigned kNone = 0;  // the files themselves
  static constexpr unsigned kSmall = 1;
  static constexpr unsigned kMedium = 2;
  static constexpr unsigned kLarge = 3;
  static constexpr unsigned kEdit = 4;
  static constexpr unsigned kEditHq = 5;
  static constexpr unsigned kCameraProxy = 6;
  static constexpr unsigned kMaterial = 7;
  static constexpr int64_t kFirstOfSettings = 8;  // those that a library's settings name: its catalog gives them out
  static constexpr int64_t kLastOfSettings = 31;
};

// Kinds of file. Three bits of a file's inode number: all are given out, so that what comes next is a MoreKind.
enum class FileKind : uint8_t {
  kOriginal = 0,
  kStill = 1,
  kControl = 2,
  kCollage = 3,
  kClip = 4,
  kCameraProxy = 5,
  kMore = 6,
  kMember = 7,
};

// Kinds of file that have FileKind::kMore. Five bits; 5 to 31 are free.
enum class MoreKind : uint8_t {
  kTrashInfo = 0,    // id: an entry of the trash
  kDesktopNote = 1,  // id: its own
  kSidecar = 2,      // id: a version
  kWithSidecar = 3,  // id: a version; its bytes, where a sidecar stands beside it
  kTakenOut = 4,     // id: its own (DesktopTrash)
};

}  // namespace damfs
