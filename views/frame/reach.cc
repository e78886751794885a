// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/frame/reach.h"

#include <algorithm>

#include "catalog/model/packs.h"
#include "views/write/draft.h"

namespace damfs {
namespace {

constexpr mode_t kAllMaySearch = 0111;
constexpr mode_t kUsualFile = kFileMode & 0777;
constexpr mode_t kUsualFolder = kDirectoryMode & 0777;
constexpr size_t kMostGates = 4096;      // folders whose gates are kept
constexpr size_t kDeepestFolder = 4096;  // paths end long before

bool asks_nothing(const Ownership& ownership) {
  return (static_cast<mode_t>(ownership.mode.value_or(kUsualFolder)) & kAllMaySearch) == kAllMaySearch;
}

}  // namespace

bool Reach::leads_to_folder(int64_t folder, const Asker& asker) const {
  const auto reader = context_.catalog.reader();
  const auto row = reader->group(Grouping::kFolder, folder);
  return row && passes(*reader, row->parent, asker);
}

bool Reach::shows_asset(int64_t id, const Asker& asker, Wanted wanted) const {
  const auto reader = context_.catalog.reader();
  const auto asset = reader->asset(id);
  return asset && shows_asset(*reader, asset->row, asker, wanted);
}

bool Reach::shows_blob(int64_t blob, const Asker& asker, Wanted wanted) const {
  return shows_blob(*context_.catalog.reader(), blob, asker, wanted);
}

bool Reach::shows_version(int64_t version, const Asker& asker, Wanted wanted) const {
  {
    const auto reader = context_.catalog.reader();
    if (const auto asset = reader->version(version)) return shows_asset(*reader, asset->row, asker, wanted);
  }
  const auto draft = context_.drafts.find(version);
  return draft && shows_draft(*draft, asker, wanted);
}

// A file that is being written: its writer's, and whom its name leads to it. Outside of originals/ it has no such name
// yet, but what it is to replace may.
bool Reach::shows_draft(const Draft& draft, const Asker& asker, Wanted wanted) const {
  const Attributes attributes = draft.attributes();
  const Ownership ownership{attributes.mode & 07777, attributes.uid, attributes.gid};
  if (wanted == Wanted::kBytes && !asker.may(Asker::Right::kRead, ownership, kUsualFile)) return false;
  if (attributes.uid == asker.uid()) return true;
  const DraftPlace place = draft.place();
  if (place.view == nullptr) return false;
  const auto reader = context_.catalog.reader();
  const View::Group group = place.view->group_of(place.key);
  if (group.grouping == Grouping::kFolder) return passes(*reader, group.key, asker);
  const auto replaced = place.view->find_asset(*reader, place.key, place.name);
  return replaced && shows_asset(*reader, replaced->row, asker, wanted);
}

bool Reach::shows_subject(const StillSubject& subject, const Asker& asker, Wanted wanted) const {
  if (subject.what == StillSubject::What::kVersion) return shows_version(subject.id, asker, wanted);
  const auto reader = context_.catalog.reader();
  if (subject.what == StillSubject::What::kMaterial) return shows_material(*reader, subject.id, asker, wanted);
  return shows_blob(*reader, blob_of_member(subject.id), asker, wanted);
}

bool Reach::shows_material(Reader& reader, int64_t material, const Asker& asker, Wanted wanted) const {
  const auto maps = PackReader(reader).maps_of_material(material);
  return !maps.empty() && shows_blob(reader, blob_of_member(maps.front().id), asker, wanted);
}

// Any asset that has these bytes now shows what is in them.
bool Reach::shows_blob(Reader& reader, int64_t blob, const Asker& asker, Wanted wanted) const {
  const auto assets = reader.assets_of_blob(blob);
  return std::any_of(assets.begin(), assets.end(), [&](int64_t id) {
    const auto asset = reader.asset(id);
    return asset && shows_asset(reader, asset->row, asker, wanted);
  });
}

bool Reach::shows_asset(Reader& reader, const AssetRow& asset, const Asker& asker, Wanted wanted) const {
  if (wanted == Wanted::kBytes && !asker.may(Asker::Right::kRead, asset.ownership, kUsualFile)) return false;
  for (const auto& [folder, name] : reader.folder_entries(asset.id)) {
    if (passes(reader, folder, asker)) return true;
  }
  // What somebody removed from originals/ was his to see, and is in his own trash.
  for (const auto& [id, name] : reader.trash_entries(asset.id)) {
    const auto row = reader.trash_entry(id);
    if (row && row->uid == static_cast<int64_t>(asker.uid())) return true;
  }
  return false;
}

bool Reach::passes(Reader& reader, int64_t folder, const Asker& asker) const {
  const Gates all = gates(reader, folder);
  return all && std::all_of(all->begin(), all->end(), [&](const Ownership& gate) {
           return asker.may(Asker::Right::kSearch, gate, kUsualFolder);
         });
}

Reach::Gates Reach::gates(Reader& reader, int64_t folder) const {
  // Asked for first: what is read below is as new as that, or newer.
  const int64_t newest = reader.newest_change();
  {
    const std::lock_guard lock(mutex_);
    if (as_of_ != newest || kept_.size() >= kMostGates) kept_.clear();
    as_of_ = newest;
    if (const auto found = kept_.find(folder); found != kept_.end()) return found->second;
  }
  auto found = std::make_shared<std::vector<Ownership>>();
  bool leads_up = true;
  size_t depth = 0;
  for (int64_t at = folder; at != 0 && leads_up;) {
    const auto row = reader.group(Grouping::kFolder, at);
    leads_up = row && ++depth <= kDeepestFolder;
    if (!leads_up) break;
    if (!asks_nothing(row->ownership)) found->push_back(row->ownership);
    at = row->parent;
  }
  Gates gates = leads_up ? Gates(std::move(found)) : nullptr;
  const std::lock_guard lock(mutex_);
  if (as_of_ == newest) kept_.emplace(folder, gates);
  return gates;
}

}  // namespace damfs
