// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/frame/doing.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "catalog/base/names.h"

namespace damfs {
namespace {

// Of one act: beyond it names are counted each time, and files are not known again.
constexpr size_t kMostKnown = 10'000;
constexpr int kDeepest = 4096;  // as in Reader::group_path: a cycle, which no code here makes, ends too

// What both have in common, by whole parts.
std::string common_place(std::string_view a, std::string_view b) {
  size_t end = 0;
  for (size_t i = 0;; ++i) {
    const bool a_ends = i >= a.size() || a[i] == '/';
    const bool b_ends = i >= b.size() || b[i] == '/';
    if (a_ends && b_ends) end = i;
    if (i >= a.size() || i >= b.size() || a[i] != b[i]) return std::string(a.substr(0, end));
  }
}

std::string shown_place(const std::string& place) { return place.empty() ? "originals" : printable(place); }

std::string several(int64_t count, std::string_view what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

bool is_of_originals(const View& view) {
  const auto grouping = view.group_of(0).grouping;
  return grouping == Grouping::kFolder || grouping == Grouping::kInbox;
}

}  // namespace

std::string place_in_words(const View& view, Reader& reader, int64_t key) {
  std::string path;
  for (int depth = 0; key != 0 && depth < kDeepest; ++depth) {
    const auto row = view.folder(reader, key);
    if (!row) break;
    path = path.empty() ? row->name : row->name + "/" + path;
    key = row->parent;
  }
  if (view.group_of(0).grouping == Grouping::kFolder) return path;
  return path.empty() ? std::string(view.name()) : join_path(view.name(), path);
}

Doing::Kind kind_of_putting(const View& view) {
  return is_of_originals(view) ? Doing::Kind::kWrite : Doing::Kind::kPut;
}

Doing::Kind kind_of_taking(const View& view) {
  if (view.group_of(0).grouping == Grouping::kTrash) return Doing::Kind::kForget;
  return is_of_originals(view) ? Doing::Kind::kDelete : Doing::Kind::kTake;
}

bool Doings::goes_on(const Doing& doing) const {
  if (doing.kind == kind_) return true;
  // A copy's times and tags, and the lasting name of what was written under a temporary one.
  const bool follows = doing.kind == Doing::Kind::kDescribe || doing.kind == Doing::Kind::kMove;
  return follows && doing.asset != 0 && assets_.contains(doing.asset);
}

void Doings::add(const Doing& doing) {
  const bool follows = doing.kind != kind_;
  if (follows) {
    if (doing.kind == Doing::Kind::kMove && files_ + folders_ == 1) {
      place_ = doing.to_place;
      name_ = doing.to_name;
    }
    return;
  }
  // A folder is the place of what is done in it.
  const std::string place = doing.object == Doing::Object::kFolder ? join_path(doing.place, doing.name) : doing.place;
  const size_t name = std::hash<std::string>()(join_path(doing.place, doing.name));
  const bool is_counted = counted_.contains(name);
  if (doing.asset != 0 && assets_.size() < kMostKnown) assets_.try_emplace(doing.asset, is_counted ? 0 : name);
  if (is_counted) return;
  if (counted_.size() < kMostKnown) counted_.insert(name);
  last_place_ = place;
  last_name_ = doing.name;
  last_ = name;
  const bool is_first = files_ + folders_ == 0;
  if (is_first) {
    place_ = place;
    name_ = doing.name;
    to_place_ = doing.to_place;
    to_name_ = doing.to_name;
    words_ = doing.words;
    object_ = doing.object;
    first_ = name;
  } else {
    place_ = common_place(place_, place);
    to_place_ = common_place(to_place_, doing.to_place);
    if (words_ != doing.words) words_ = "attributes";
  }
  is_within_a_folder_ = is_within_a_folder_ && doing.place == doing.to_place;
  (doing.object == Doing::Object::kFolder ? folders_ : files_)++;
  if (doing.is_new) ++new_;
}

void Doings::without(int64_t asset) {
  const auto found = assets_.find(asset);
  if (found == assets_.end()) return;
  const size_t name = found->second;
  assets_.erase(found);
  if (counted_.erase(name) == 0 || files_ == 0) return;
  --files_;
  if (new_ > 0) --new_;
  if (name != first_ || files_ + folders_ != 1) return;
  place_ = last_place_;
  name_ = last_name_;
  first_ = last_;
}

std::string Doings::count_in_words() const {
  if (folders_ == 0) return several(files_, "file");
  if (files_ == 0) return several(folders_, "folder");
  return fmt::format("{} and {}", several(folders_, "folder"), several(files_, "file"));
}

std::string Doings::told() const {
  const bool is_one = files_ + folders_ == 1;
  const std::string place = shown_place(place_);
  const std::string folder = object_ == Doing::Object::kFolder ? "folder " : "";
  const bool is_folder = !folder.empty();
  const std::string one = folder + printable(is_folder ? place_ : join_path(place_, name_));
  const std::string bare = folder + printable(name_);
  const auto in_words = [&](std::string_view verb, std::string_view preposition) {
    return is_one ? fmt::format("{} {}", verb, one)
                  : fmt::format("{} {} {} {}", verb, count_in_words(), preposition, place);
  };
  switch (kind_) {
    case Doing::Kind::kWrite: {
      const std::string_view verb = new_ == files_ + folders_ ? "add" : new_ == 0 ? "save" : "write";
      return in_words(verb, "in");
    }
    case Doing::Kind::kDelete: return in_words("delete", "in");
    case Doing::Kind::kForget: return in_words("forget", "of");
    case Doing::Kind::kDescribe: return in_words("set " + printable(words_) + " of", "in");
    case Doing::Kind::kPut:
      return is_one && !is_folder ? fmt::format("put {} into {}", bare, place)
                                  : in_words(is_one ? "add" : "put", "into");
    case Doing::Kind::kTake:
      return is_one && !is_folder ? fmt::format("take {} out of {}", bare, place)
                                  : in_words(is_one ? "remove" : "take", "out of");
    case Doing::Kind::kRestore:
      return is_one ? fmt::format("restore {} to {}", bare, shown_place(to_place_))
                    : fmt::format("restore {} to {}", count_in_words(), shown_place(to_place_));
    case Doing::Kind::kMove: break;
  }
  if (is_within_a_folder_) {
    return is_one ? fmt::format("rename {} to {}", one, printable(to_name_)) : in_words("rename", "in");
  }
  return is_one ? fmt::format("move {} to {}", one, printable(join_path(to_place_, to_name_)))
                : fmt::format("move {} to {}", count_in_words(), shown_place(to_place_));
}

}  // namespace damfs
