// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "catalog/model/rows.h"

namespace damfs {

class Reader;

// A change that somebody asked for: recorded, and undone, as one.
struct Act {
  int64_t uid = 0;
  std::string what;       // in the words of whoever asked: "tag add beach"
  int64_t undoes = 0;     // the act that it undoes; 0: none
  int64_t continues = 0;  // more of an act that was begun before; 0: a new one
};

// One thing that an act changed: from `before` to `after`. The numbers are stored: never renumber.
struct Step {
  enum class What : uint8_t {
    kTag = 1,            // whether `asset` has tag `group`: "1" or ""
    kAlbum = 2,          // where `asset` stands in album `group`: a position, or "" when it is not in it
    kRating = 3,         // of `asset`: a number, or ""
    kTitle = 4,          // of `asset`
    kDescription = 5,    // of `asset`
    kTagNode = 6,        // the tag `group` itself: "<parent's id>/<name>", or "" when there is none
    kAlbumNode = 7,      // the album `group` itself, likewise
    kFolderNode = 8,     // the folder `group` itself, likewise
    kEntry = 9,          // the name of `asset` in folder `group`; "" when it has none or lost it
    kTrash = 10,         // the trash entry `group` of `asset` (to_text(TrashRow)), or ""
    kVersion = 11,       // the current version of `asset`: its id
    kOwner = 12,         // the asset that version `group` is of and its number there: "7/2"
    kState = 13,         // of `asset`: AssetState as a number
    kAlbumQuery = 14,    // of album `group`: what it shows, or ""
    kAlbumNumbers = 15,  // of album `group`, whether it shows them: "1" or ""
    kFolderRights = 20,  // of folder `group`, when it goes: "<mode>/<uid>/<gid>", or "" where nobody set any
  };
  What what = What::kTag;
  int64_t asset = 0;
  int64_t group = 0;
  std::string before, after;
};

// Where a tag or an album stands, as Step tells it.
struct NodePlace {
  int64_t parent = 0;
  std::string name;
  std::string text{};  // of a tag: what it says, where that is not its name
};
std::string to_text(const std::optional<NodePlace>& place);       // "" where there is none
std::optional<NodePlace> place_from_text(std::string_view text);  // empty for what is none

// Without its id and asset, which the step has.
std::string to_text(const TrashRow& row);
std::optional<TrashRow> trash_from_text(std::string_view text);

// An act as it is told.
struct ActRow {
  int64_t id = 0;
  int64_t at_ns = 0;
  int64_t uid = 0;
  std::string what;
  int64_t undoes = 0;     // 0: none
  int64_t undone_by = 0;  // the newest act that undid it; 0: none
  int64_t steps = 0;
};

// Newest first. `asset` 0: all acts; else those that changed something of that asset. The visitor returns false to
// stop, and must not use this reader.
void acts(Reader& reader, int64_t asset, const std::function<bool(const ActRow&)>& visit);
std::optional<ActRow> act(Reader& reader, int64_t id);

// In their order. `asset` as above.
void steps(Reader& reader, int64_t act, int64_t asset, const std::function<bool(const Step&)>& visit);

// The newest act that is neither undone nor undoes another.
std::optional<int64_t> newest_undoable_act(Reader& reader);

// One line for people, with the names that things have now: "+ tag places/italy of IMG_0001.JPG".
std::string tell(Reader& reader, const Step& step);

}  // namespace damfs
