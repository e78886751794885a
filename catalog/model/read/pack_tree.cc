// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/model/read/pack_tree.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "catalog/base/names.h"

namespace damfs {
namespace {

// What lies deeper stands in the last folder that is not: below it no program's path would reach.
constexpr size_t kMostParts = 100;
constexpr size_t kMostPathBytes = 3000;  // of the 4,096 that a path has, some are the mount's own
constexpr std::string_view kNoteOutside = "its name in the archive leads out of it; what leads out is left out";
constexpr std::string_view kNoteEmpty = "its name in the archive has empty parts, which are left out";
constexpr std::string_view kNoteTwice = "another one in its folder is called so, but for case";
constexpr std::string_view kNoteLong = "its name is too long for a file system";
constexpr std::string_view kNoteDeep = "it lies too deep in the archive for a path to reach; it is shown further up";
constexpr std::string_view kNoteNoNumber = "the archive has more folders than can be shown; it is shown further up";
constexpr std::string_view kNoteLink = "a symbolic link, which is not followed: a file with the text of its target";

struct Parts {
  std::vector<std::string> parts;
  std::string note;
  bool is_deep = false;  // some of the folders around it are left out
};

bool is_drive(std::string_view part) {
  return part.size() == 2 && part[1] == ':' && ((part[0] | 0x20) >= 'a' && (part[0] | 0x20) <= 'z');
}

// At most 255 bytes, cut at a character.
std::string fitting(std::string_view part, std::string& note) {
  if (part.size() <= kMaxNameBytes) return std::string(part);
  note = kNoteLong;
  return with_suffix(part, "~");
}

// Leaves the folders that a path can reach, and the last part.
void lift(Parts& path) {
  if (path.parts.empty()) return;
  size_t bytes = path.parts.back().size();
  size_t folders = 0;
  while (folders + 1 < path.parts.size()) {
    bytes += path.parts[folders].size() + 1;
    if (folders + 1 == kMostParts || bytes > kMostPathBytes) break;
    ++folders;
  }
  if (folders + 1 == path.parts.size()) return;
  path.parts.erase(path.parts.begin() + static_cast<ptrdiff_t>(folders), path.parts.end() - 1);
  path.is_deep = true;
  path.note = kNoteDeep;
}

Parts parts_of(std::string_view path) {
  Parts found;
  if (path.starts_with('/')) found.note = kNoteOutside;
  while (!path.empty()) {
    const size_t slash = std::min(path.find('/'), path.size());
    const std::string_view part = path.substr(0, slash);
    path.remove_prefix(std::min(slash + 1, path.size()));
    const bool leads_out = part == ".." || (found.parts.empty() && is_drive(part));
    if (leads_out) found.note = kNoteOutside;
    if (part.empty() && found.note.empty()) found.note = kNoteEmpty;
    if (leads_out || part.empty() || part == ".") continue;
    found.parts.push_back(fitting(part, found.note));
  }
  lift(found);
  return found;
}

// A folder's children, by name without case.
struct Key {
  int64_t folder;
  std::string name;
  friend bool operator==(const Key&, const Key&) = default;
};
struct KeyHash {
  size_t operator()(const Key& key) const noexcept {
    return std::hash<std::string>{}(key.name) ^ static_cast<size_t>(key.folder) * 0x9e3779b97f4a7c15U;
  }
};

class Builder {
 public:
  explicit Builder(const Pack& members) : members_(members), next_implied_(static_cast<int64_t>(members.size())) {}

  std::vector<PackNode> build() {
    // Folders first and from the top, so that one that has an entry of its own is that one, wherever that stands.
    std::vector<std::pair<size_t, size_t>> folders;  // depth, number
    for (size_t i = 0; i < members_.size(); ++i) {
      const std::string& path = members_[i].path;
      const auto depth = static_cast<size_t>(std::count(path.begin(), path.end() - 1, '/'));
      if (is_folder(members_[i])) folders.emplace_back(depth, i);
    }
    std::sort(folders.begin(), folders.end());
    for (const auto& [depth, number] : folders) own_folder(number, Deep::kNo);
    imply_folders(Deep::kNo);
    // What lies too deep comes last, so that it changes no number of the others.
    for (const auto& [depth, number] : folders) own_folder(number, Deep::kYes);
    imply_folders(Deep::kYes);
    for (size_t i = 0; i < members_.size(); ++i) {
      if (!is_folder(members_[i])) file(i);
    }
    return std::move(nodes_);
  }

 private:
  static bool is_folder(const PackMember& member) {
    return member.type == PackMember::Type::kFolder || member.type == PackMember::Type::kArchive;
  }
  enum class Deep : bool { kNo, kYes };

  void own_folder(size_t index, Deep which) {
    const Parts path = parts_of(members_[index].path);
    if (path.parts.empty() || path.is_deep != (which == Deep::kYes)) return;
    const auto number = static_cast<int64_t>(index);
    const Place place = place_of(path);
    const bool is_lifted = path.is_deep || !place.is_its_own;
    if (!is_lifted) {
      if (folders_.contains({place.folder, path.parts.back()})) return;  // it has one already
      add_folder(place.folder, path.parts.back(), number, &members_[index], path.note);
      return;
    }
    // Nothing is in it: what was, stands beside it.
    std::string note(place.is_its_own ? std::string_view(path.note) : kNoteNoNumber);
    std::string name = free_name(place.folder, path.parts.back(), note);
    nodes_.push_back({number, place.folder, std::move(name), &members_[index], std::move(note)});
  }

  // Also those that are only implied: of a file and a folder called the same, the folder keeps the name.
  void imply_folders(Deep which) {
    for (const PackMember& member : members_) {
      if (is_folder(member)) continue;
      const Parts path = parts_of(member.path);
      if (!path.parts.empty() && path.is_deep == (which == Deep::kYes)) place_of(path);
    }
  }

  void file(size_t index) {
    const PackMember& member = members_[index];
    Parts path = parts_of(member.path);
    if (path.parts.empty()) return;
    const Place place = place_of(path);
    if (!place.is_its_own) path.note = kNoteNoNumber;
    std::string name = free_name(place.folder, path.parts.back(), path.note);
    if (path.note.empty() && member.type == PackMember::Type::kLink) path.note = kNoteLink;
    nodes_.push_back({static_cast<int64_t>(index), place.folder, std::move(name), &member, std::move(path.note)});
  }

  // The folder around the last part, or one above it, where no number is left for it.
  struct Place {
    int64_t folder = kPackTop;
    bool is_its_own = true;
  };
  Place place_of(const Parts& path) {
    Place place;
    for (size_t i = 0; i + 1 < path.parts.size(); ++i) {
      const auto found = folders_.find({place.folder, path.parts[i]});
      if (found != folders_.end()) {
        place.folder = found->second;
        continue;
      }
      if (next_implied_ >= kPackTop) return {place.folder, false};
      place.folder = add_folder(place.folder, path.parts[i], next_implied_++, nullptr, {});
    }
    return place;
  }

  int64_t add_folder(int64_t parent, const std::string& part, int64_t number, const PackMember* member,
                     std::string note) {
    std::string name = free_name(parent, part, note);
    folders_.emplace(Key{parent, part}, number);
    nodes_.push_back({number, parent, std::move(name), member, std::move(note)});
    return number;
  }

  std::string free_name(int64_t parent, const std::string& wanted, std::string& note) {
    if (taken_.emplace(Key{parent, fold(wanted)}, 1).second) return wanted;
    if (note.empty()) note = kNoteTwice;
    int64_t& number = taken_[{parent, fold(wanted)}];
    for (;;) {
      std::string name = with_suffix(wanted, fmt::format("~{}", ++number));
      if (taken_.emplace(Key{parent, fold(name)}, 1).second) return name;
    }
  }

  const Pack& members_;
  int64_t next_implied_;
  std::vector<PackNode> nodes_;
  std::unordered_map<Key, int64_t, KeyHash> folders_;  // by their exact spelling
  std::unordered_map<Key, int64_t, KeyHash> taken_;    // folded; the highest number given to a clash
};

}  // namespace

std::vector<PackNode> pack_tree(const Pack& members) { return Builder(members).build(); }

}  // namespace damfs
