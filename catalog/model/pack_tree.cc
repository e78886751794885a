// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/model/pack_tree.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "catalog/base/names.h"

namespace damfs {
namespace {

constexpr size_t kMostParts = 100;
constexpr std::string_view kNoteOutside = "its name in the archive leads out of it; what leads out is left out";
constexpr std::string_view kNoteEmpty = "its name in the archive has empty parts, which are left out";
constexpr std::string_view kNoteTwice = "another one in its folder is called so, but for case";
constexpr std::string_view kNoteLong = "its name is too long for a file system";
constexpr std::string_view kNoteLink = "a symbolic link, which is not followed: a file with the text of its target";

struct Parts {
  std::vector<std::string> parts;
  std::string note;
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
    for (const auto& [depth, number] : folders) own_folder(number);
    // Also those that are only implied: of a file and a folder called the same, the folder keeps the name.
    for (const PackMember& member : members_) {
      if (is_folder(member)) continue;
      const Parts path = parts_of(member.path);
      if (is_shown(path)) folder(path.parts, path.parts.size() - 1);
    }
    for (size_t i = 0; i < members_.size(); ++i) {
      if (!is_folder(members_[i])) file(i);
    }
    return std::move(nodes_);
  }

 private:
  static bool is_folder(const PackMember& member) {
    return member.type == PackMember::Type::kFolder || member.type == PackMember::Type::kArchive;
  }
  static bool is_shown(const Parts& path) { return !path.parts.empty() && path.parts.size() <= kMostParts; }

  void own_folder(size_t index) {
    const Parts path = parts_of(members_[index].path);
    if (!is_shown(path)) return;
    const int64_t parent = folder(path.parts, path.parts.size() - 1);
    if (parent < 0 || folders_.contains({parent, path.parts.back()})) return;  // it has one already
    add_folder(parent, path.parts.back(), static_cast<int64_t>(index), &members_[index], path.note);
  }

  void file(size_t index) {
    const PackMember& member = members_[index];
    Parts path = parts_of(member.path);
    if (!is_shown(path)) return;
    const int64_t parent = folder(path.parts, path.parts.size() - 1);
    if (parent < 0) return;
    std::string name = free_name(parent, path.parts.back(), path.note);
    if (path.note.empty() && member.type == PackMember::Type::kLink) path.note = kNoteLink;
    nodes_.push_back({static_cast<int64_t>(index), parent, std::move(name), &member, std::move(path.note)});
  }

  // The folder of the first `depth` parts; -1: there is no number left for it.
  int64_t folder(const std::vector<std::string>& parts, size_t depth) {
    int64_t at = kPackTop;
    for (size_t i = 0; i < depth; ++i) {
      const auto found = folders_.find({at, parts[i]});
      if (found != folders_.end()) {
        at = found->second;
        continue;
      }
      if (next_implied_ >= kPackTop) return -1;
      at = add_folder(at, parts[i], next_implied_++, nullptr, {});
    }
    return at;
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
    note = kNoteTwice;
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
