// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/trash/desktop_trash.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "catalog/base/clock.h"
#include "catalog/base/error.h"

namespace damfs {
namespace {

// They are a path and a date each. More of them is somebody who keeps files here, where they do not last.
constexpr uint64_t kLargestNote = 64 << 10;
constexpr size_t kMostNotes = 1024;
constexpr size_t kMostUids = 64;

}  // namespace

// --- a note ---------------------------------------------------------------------------------------------

DesktopNote::DesktopNote(int64_t number, const Actor& actor, uint32_t mode) : number_(number) {
  attributes_ = {.node = node(), .mode = S_IFREG | (mode & 07777), .nlink = 1};
  attributes_.mtime_ns = attributes_.ctime_ns = now_ns();
  attributes_.uid = actor.uid;
  attributes_.gid = actor.gid;
  attributes_.is_cacheable = false;
}

Attributes DesktopNote::attributes() const {
  const std::lock_guard lock(mutex_);
  Attributes attributes = attributes_;
  attributes.size = text_.size();
  return attributes;
}

void DesktopNote::set_attributes(const AttributeChange& change) {
  if (change.size) resize(*change.size);
  const std::lock_guard lock(mutex_);
  if (change.mode) attributes_.mode = S_IFREG | (*change.mode & 07777);
  if (change.uid) attributes_.uid = *change.uid;
  if (change.gid) attributes_.gid = *change.gid;
  if (change.mtime_ns) attributes_.mtime_ns = *change.mtime_ns;
  attributes_.ctime_ns = now_ns();
}

std::string DesktopNote::text() const {
  const std::lock_guard lock(mutex_);
  return text_;
}

void DesktopNote::write(uint64_t offset, std::span<const std::byte> data) {
  if (offset > kLargestNote || data.size() > kLargestNote - offset) fail(EFBIG, "that is no file for a trash folder");
  const std::lock_guard lock(mutex_);
  text_.resize(std::max<size_t>(text_.size(), offset + data.size()));
  if (!data.empty()) std::memcpy(text_.data() + offset, data.data(), data.size());
  attributes_.mtime_ns = attributes_.ctime_ns = now_ns();
}

void DesktopNote::resize(uint64_t size) {
  if (size > kLargestNote) fail(EFBIG, "that is no file for a trash folder");
  const std::lock_guard lock(mutex_);
  text_.resize(size);
  attributes_.mtime_ns = attributes_.ctime_ns = now_ns();
}

// --- the folders ----------------------------------------------------------------------------------------

std::optional<DesktopTrash::Folder> DesktopTrash::folder_of(NodeId id) {
  if (!id.is_directory() || id.view() != ViewCode::kDesktopTrash) return std::nullopt;
  const Folder folder{static_cast<uint32_t>(id.key() >> 2), static_cast<Part>(id.key() & 3)};
  return directory(folder.uid, folder.part) == id ? std::optional(folder) : std::nullopt;
}

bool DesktopTrash::is(const Node& directory, Part part) {
  const auto folder = folder_of(directory.id());
  return folder && folder->part == part;
}

std::string DesktopTrash::name_of_top(uint32_t uid) { return fmt::format(".Trash-{}", uid); }

void DesktopTrash::asked_for(uint32_t uid) {
  const std::lock_guard lock(mutex_);
  uids_.insert(uid);
}

std::vector<uint32_t> DesktopTrash::uids(const std::function<bool(NodeId)>& is_known) const {
  std::vector<uint32_t> all;
  {
    const std::lock_guard lock(mutex_);
    all.assign(uids_.begin(), uids_.end());
  }
  std::erase_if(all, [&](uint32_t uid) {
    return !is_known(directory(uid, Part::kTop)) && !is_known(directory(uid, Part::kFiles)) &&
           !is_known(directory(uid, Part::kInfo));
  });
  return all;
}

// --- the notes ------------------------------------------------------------------------------------------

DesktopNoteRef DesktopTrash::note(NodeId directory, std::string_view name) const {
  const std::lock_guard lock(mutex_);
  const auto found = notes_.find({directory.value(), std::string(name)});
  return found == notes_.end() ? nullptr : found->second.note;
}

DesktopNoteRef DesktopTrash::note(int64_t number) const {
  const std::lock_guard lock(mutex_);
  const auto found = by_number_.find(number);
  return found == by_number_.end() ? nullptr : found->second.lock();
}

// Desktops that fail half-way leave theirs behind; the oldest makes room.
void DesktopTrash::make_room() {
  if (notes_.size() < kMostNotes) return;
  const auto oldest = std::min_element(notes_.begin(), notes_.end(),
                                       [](const auto& a, const auto& b) { return a.second.number < b.second.number; });
  notes_.erase(oldest);
}

DesktopNoteRef DesktopTrash::make_note(NodeId directory, std::string_view name, const Actor& actor, uint32_t mode) {
  const std::lock_guard lock(mutex_);
  make_room();
  std::erase_if(by_number_, [](const auto& each) { return each.second.expired(); });
  // By the clock, so that no later mount gives the number out again.
  last_number_ = std::max(last_number_ + 1, now_ns() / 1000);
  const auto note = std::make_shared<DesktopNote>(last_number_, actor, mode);
  notes_[{directory.value(), std::string(name)}] = {last_number_, note};
  by_number_[last_number_] = note;
  return note;
}

bool DesktopTrash::remove_note(NodeId directory, std::string_view name) {
  const std::lock_guard lock(mutex_);
  return notes_.erase({directory.value(), std::string(name)}) > 0;
}

bool DesktopTrash::rename_note(NodeId directory, std::string_view name, NodeId to_directory, std::string_view to) {
  const std::lock_guard lock(mutex_);
  const auto found = notes_.find({directory.value(), std::string(name)});
  if (found == notes_.end()) return false;
  const Kept kept = found->second;
  notes_.erase(found);
  notes_[{to_directory.value(), std::string(to)}] = kept;
  return true;
}

void DesktopTrash::notes(NodeId directory, int64_t after, const NoteVisitor& visit) const {
  std::map<int64_t, std::pair<std::string, DesktopNoteRef>> found;
  {
    const std::lock_guard lock(mutex_);
    for (auto at = notes_.lower_bound({directory.value(), {}}); at != notes_.end(); ++at) {
      if (at->first.first != directory.value()) break;
      if (at->second.number > after) found[at->second.number] = {at->first.second, at->second.note};
    }
  }
  for (const auto& [number, each] : found) {
    if (!visit(number, each.first, each.second->attributes())) return;
  }
}

// --- what the kernel was led to believe -----------------------------------------------------------------

void DesktopTrash::note_stale_entry(NodeId directory, std::string_view name) {
  const std::lock_guard lock(mutex_);
  stale_entries_.push_back({Stale::What::kEntry, directory, std::string(name)});
}

// Also the time to forget of whom the kernel holds nothing any more.
void DesktopTrash::take_stale_entries(const std::function<bool(NodeId)>& is_known, std::vector<Stale>& stale) {
  const auto held = uids(is_known);
  const std::lock_guard lock(mutex_);
  if (uids_.size() > kMostUids) uids_ = {held.begin(), held.end()};
  for (Stale& each : stale_entries_) stale.push_back(std::move(each));
  stale_entries_.clear();
}

}  // namespace damfs
