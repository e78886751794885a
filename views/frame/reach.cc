// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/frame/reach.h"

#include <algorithm>

#include "catalog/model/packs.h"
#include "views/packs/packs_node.h"
#include "views/previews/collage_node.h"
#include "views/trash/desktop_trash.h"
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

bool Reach::shows(const Node& node, const Asker& asker, Wanted wanted) const {
  const NodeId id = node.id();
  if (id.is_directory()) return shows_folder(id, asker);
  switch (id.file_kind()) {
    case NodeId::FileKind::kControl: return true;
    case NodeId::FileKind::kMore:
      if (id.is(NodeId::More::kSidecar) || id.is(NodeId::More::kWithSidecar)) {
        return shows_version(id.file_id(), asker, wanted);
      }
      return shows_trash_file(id, asker);
    case NodeId::FileKind::kOriginal:
    case NodeId::FileKind::kStill:
    case NodeId::FileKind::kClip: return shows_version(id.file_id(), asker, wanted);
    case NodeId::FileKind::kCameraProxy: {
      // What it is called is one asset's, what it holds is another's.
      const auto asset = context_.catalog.reader()->version(id.file_id());
      return asset && shows_version(id.file_id(), asker, wanted) &&
             shows_version(asset->row.camera_proxy.version, asker, wanted);
    }
    case NodeId::FileKind::kMember: {
      const StillProfile* profile = id.profile() == 0 ? nullptr : context_.stills.profiles().find(id.profile());
      const bool is_ball = profile != nullptr && profile->shows == Composition::kMaterial;
      return shows_subject({is_ball ? StillSubject::What::kMaterial : StillSubject::What::kMember, id.file_id()}, asker,
                           wanted);
    }
    case NodeId::FileKind::kCollage: {
      // Its bytes are the same for everybody, so it is for those who may see all that is in it.
      const auto* collage = dynamic_cast<const CollageNode*>(&node);
      return collage != nullptr &&
             std::all_of(collage->shown().begin(), collage->shown().end(),
                         [&](const Stills::Shown& each) { return shows_subject(each.subject, asker, wanted); });
    }
  }
  return false;
}

bool Reach::shows_folder(NodeId id, const Asker& asker) const {
  if (const auto trash = DesktopTrash::folder_of(id)) return trash->uid == asker.uid();
  if (id.view() == ViewCode::kPacks) {
    const PacksPlace place = packs_place(id.key());
    const auto reader = context_.catalog.reader();
    if (place.shelf == Shelf::kInside) return shows_blob(*reader, blob_of_member(place.of), asker, Wanted::kBytes);
    if (place.shelf != Shelf::kPack) return true;
    const auto asset = reader->asset(place.of);
    return asset && shows_asset(*reader, asset->row, asker, Wanted::kBytes);
  }
  const View* view = context_.view(id.view());
  if (view == nullptr) return true;
  const View::Group group = view->group_of(id.key());
  if (group.grouping == Grouping::kTrash || group.grouping == Grouping::kDuplicates) return false;
  if (group.grouping != Grouping::kFolder || group.key == top_key(Grouping::kFolder)) return true;
  // Its own mode the kernel has looked at: what may be done with it is not the same for chmod, ls and cd.
  const auto reader = context_.catalog.reader();
  const auto row = reader->group(Grouping::kFolder, group.key);
  return row && passes(*reader, row->parent, asker);
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

bool Reach::shows_trash_file(NodeId id, const Asker& asker) const {
  if (id.is(NodeId::More::kDesktopNote)) {
    const auto note = context_.desktop_trash.note(id.file_id());
    return note && note->attributes().uid == asker.uid();
  }
  if (id.is(NodeId::More::kTakenOut)) {
    const auto taken = context_.desktop_trash.taken_out().numbered(id.file_id());
    return taken && taken->uid == asker.uid();
  }
  const auto row = context_.catalog.reader()->trash_entry(id.file_id());
  return row && row->uid == static_cast<int64_t>(asker.uid());
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
