// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

// What it means when a desktop moves something of a folder into its trash: .Trash-<uid>/files/.

#include <fmt/format.h>

#include <cerrno>
#include <vector>

#include "catalog/base/clock.h"
#include "catalog/base/error.h"
#include "catalog/base/names.h"
#include "views/frame/folder_node.h"

namespace damfs {

// EXDEV is what file managers take for "there is no trash for this": they offer to remove it instead, which is what
// dropping what is not catalogued, or deleting in trash/ itself, means here.
void FolderNode::rename_to_trash(const Actor& actor, EntryName name, const Node& files, EntryName to,
                                 Replace replace) const {
  require_writable();
  if (replace == Replace::kNever && files.lookup(to)) fail(EEXIST, "there is a {} already", printable(to.view()));
  if (view_.group_of(key_).grouping == Grouping::kTrash) {
    fail(EXDEV, "{} is in the trash already; rm takes it out of here, too", printable(name.view()));
  }
  const DraftRef draft = context_.drafts.at(id(), name.view());
  if (draft) {
    if (is_litter(name.view())) {
      context_.drafts.remove(draft);
      return forget_way_to_trash(files.id(), to.view());
    }
    if (is_temporary(name.view())) fail(EXDEV, "{} is no lasting file", printable(name.view()));
    draft->secure_now(actor, SealWhen::kReleased);
  }
  std::string shown(name.view());
  if (const auto parked = context_.drafts.take_parked(id(), name.view())) shown = parked->name;
  const auto folder = shown_folder(shown);
  const auto asset = shown_asset(shown);
  if (folder && (!asset || folder->name == shown)) return trash_folder(actor, *folder, files.id(), to);
  if (!asset) fail(ENOENT, "there is no {}", printable(name.view()));
  if (draft) context_.drafts.remove(draft);
  if (view_.group_of(key_).grouping != Grouping::kFolder) {
    return take_out_to_trash(actor, *asset, name, files.id(), to);
  }
  bool is_called_so = false;
  Doing deleted = doing(Doing::Kind::kDelete, asset->name);
  deleted.asset = asset->row.id;
  context_.acts.write(actor, deleted, Durability::kSoon, [&](Writer& writer, KnownNames& known) {
    const auto entry = writer.entry_at(view_.group_of(key_).key, asset->name);
    if (!entry) fail(ENOENT, "{} is gone", printable(asset->name));
    const auto row = writer.trash_row(writer.trash_entry(*entry, actor.uid, to.view()));
    is_called_so = row && row->name == to.view();
    known.emplace_back(id(), std::string(name.view()));
    if (is_called_so) known.emplace_back(files.id(), row->name);
  });
  if (is_called_so) {
    drop_desktop_note(files.id(), to.view());
  } else {
    forget_way_to_trash(files.id(), to.view());
  }
}

// The asset stays what it is.
void FolderNode::take_out_to_trash(const Actor& actor, const FoundAsset& asset, EntryName name, NodeId files,
                                   EntryName to) const {
  const auto trash = DesktopTrash::folder_of(files);
  if (!trash) fail(EXDEV, "{} is no trash", printable(to.view()));
  Doing taken_so = doing(kind_of_taking(view_), asset.name);
  taken_so.asset = asset.row.id;
  TakenOut taken{.uid = trash->uid, .name = std::string(to.view()), .asset = asset.row.id, .view = &view_, .key = key_};
  taken.path = join_path(taken_so.place, name.view());
  taken.at_ns = now_ns();
  if (view_.group_of(key_).grouping == Grouping::kAlbum) {
    taken.position = context_.catalog.reader()->album_position(view_.group_of(key_).key, asset.row.id);
  }
  context_.acts.write(
      actor, taken_so, Durability::kSoon,
      [&](Writer& writer, KnownNames& known) {
        view_.remove(writer, actor, key_, asset);
        if (const std::string shown = shown_name(asset.name, asset.row.id); shown == name.view()) {
          known.emplace_back(id(), shown);
        }
      },
      Acts::Room::kFreed);
  context_.drafts.forget_filed(id(), name.view());
  context_.desktop_trash.taken_out().put(std::move(taken));
  drop_desktop_note(files, to.view());
}

void FolderNode::put_back(const Actor& actor, const TakenOut& taken, EntryName to) const {
  require_writable();
  view_.require_takes_files(*context_.catalog.reader(), key_);
  const auto there = shown_asset(to.view());
  if (context_.drafts.at(id(), to.view()) || shown_folder(to.view()) || (there && there->row.id != taken.asset)) {
    fail(EEXIST, "there is a {} already", printable(to.view()));
  }
  Doing restored = doing(Doing::Kind::kRestore, to.view());
  restored.asset = taken.asset;
  restored.to_place = restored.place;
  context_.acts.write(actor, restored, Durability::kSoon, [&](Writer& writer, KnownNames&) {
    if (taken.position && taken.view == &view_ && taken.key == key_) {
      writer.put_back_in_album(taken.asset, view_.group_of(key_).key, *taken.position);
    } else {
      view_.add(writer, key_, to.view(), taken.asset);
    }
  });
  settle_name_of(taken.asset, to, Came::kFromElsewhere);
}

// The catalog's own account of it stands in its place, or nothing.
void FolderNode::drop_desktop_note(NodeId files, std::string_view to) const {
  const auto folder = DesktopTrash::folder_of(files);
  if (!folder) return;
  context_.desktop_trash.remove_note(DesktopTrash::directory(folder->uid, DesktopTrash::Part::kInfo),
                                     std::string(to) + std::string(DesktopTrash::kInfoSuffix));
}

// It is not called so in the trash, though the kernel has just cached that it is.
void FolderNode::forget_way_to_trash(NodeId files, std::string_view to) const {
  drop_desktop_note(files, to);
  context_.desktop_trash.note_stale_entry(files, to);
}

// The trash holds files, which come back to where they were; so a folder is what was in it, one act, and gone. Of a tag
// or an album nothing is in the trash: `damfs undo` brings it back, with all that was in it or with its query.
void FolderNode::trash_folder(const Actor& actor, const GroupRow& folder, NodeId files, EntryName to) const {
  std::vector<DraftRef> litter;
  settle_drafts_below(actor, folder.key, litter);
  context_.acts.write(actor, doing(kind_of_taking(view_), folder.name, Doing::Object::kFolder), Durability::kSoon,
                      [&](Writer& writer, KnownNames& known) {
                        if (view_.group_of(folder.key).grouping == Grouping::kFolder) {
                          trash_all_in(writer, actor, folder.key);
                        } else {
                          view_.remove_all(writer, folder.key);
                        }
                        known.emplace_back(id(), folder.name);
                      });
  for (const DraftRef& draft : litter) context_.drafts.remove(draft);
  forget_way_to_trash(files, to.view());
}

void FolderNode::trash_all_in(Writer& writer, const Actor& actor, int64_t key) const {
  std::vector<int64_t> below;
  {
    const auto reader = context_.catalog.reader();
    view_.assets(*reader, key, 0, [&](const AssetRow& row) {
      const auto entry = writer.entry_at(view_.group_of(key).key, row.name);
      if (entry) writer.trash_entry(*entry, actor.uid);
      return true;
    });
    view_.folders(*reader, key, 0, [&](const GroupRow& row) {
      below.push_back(row.key);
      return true;
    });
  }
  for (const int64_t each : below) trash_all_in(writer, actor, each);
  view_.remove_folder(writer, key);
}

// Before a folder goes: what is not catalogued in it is, or is litter, or keeps it here.
void FolderNode::settle_drafts_below(const Actor& actor, int64_t key, std::vector<DraftRef>& litter) const {
  const NodeId directory = folder_id(key);
  std::vector<std::string> names;
  if (context_.drafts.has_any(directory)) {
    context_.drafts.list(directory, 0, [&](int64_t, const std::string& name, const Attributes&) {
      names.push_back(name);
      return true;
    });
  }
  for (const std::string& name : names) {
    context_.drafts.take_parked(directory, name);
    const DraftRef draft = context_.drafts.at(directory, name);
    if (!draft) continue;
    if (is_litter(name)) {
      litter.push_back(draft);
      continue;
    }
    if (draft->has_writers()) fail(EBUSY, "{} is being written", printable(name));
    if (is_temporary(name)) fail(EXDEV, "{} is no lasting file", printable(name));
    draft->secure_now(actor, SealWhen::kReleased);
  }
  std::vector<int64_t> below;
  {
    const auto reader = context_.catalog.reader();
    view_.folders(*reader, key, 0, [&](const GroupRow& row) {
      below.push_back(row.key);
      return true;
    });
  }
  for (const int64_t each : below) settle_drafts_below(actor, each, litter);
}

}  // namespace damfs
