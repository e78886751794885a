// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

// What it means when a desktop moves something of a folder into its trash: .Trash-<uid>/files/.

#include <fmt/format.h>

#include <cerrno>
#include <vector>

#include "catalog/base/error.h"
#include "views/folder_node.h"

namespace damfs {

// EXDEV is what file managers take for "there is no trash for this": they offer to remove it instead, which is what
// untagging, or dropping what is not catalogued, means here.
void FolderNode::rename_to_trash(const Actor& actor, EntryName name, const Node& files, EntryName to,
                                 Replace replace) const {
  require_writable();
  if (replace == Replace::kNever && files.lookup(to)) fail(EEXIST, "there is a {} already", printable(to.view()));
  if (const auto album = shown_folder(name.view()); album && !album->query.empty()) {
    return trash_smart_album(actor, *album, files.id(), to);
  }
  if (view_.group_of(key_).grouping != Grouping::kFolder) {
    fail(EXDEV, "only what is in originals/ goes to the trash; rm takes {} out of here", printable(name.view()));
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

// The catalog's own account of it stands in its place, or nothing.
void FolderNode::drop_desktop_note(NodeId files, std::string_view to) const {
  const auto folder = DesktopTrash::folder_of(files);
  if (!folder) return;
  context_.desktop_trash.remove_note(DesktopTrash::directory(folder->uid, DesktopTrash::Part::kInfo),
                                     std::string(to) + std::string(DesktopTrash::kInfoSuffix));
}

// It is not called so in the trash, though the kernel has just been told that it is.
void FolderNode::forget_way_to_trash(NodeId files, std::string_view to) const {
  drop_desktop_note(files, to);
  context_.desktop_trash.misled(files, to);
}

// The trash holds files, which come back to where they were; so a folder is what was in it, one act, and gone.
void FolderNode::trash_folder(const Actor& actor, const GroupRow& folder, NodeId files, EntryName to) const {
  std::vector<DraftRef> litter;
  settle_drafts_below(actor, folder.key, litter);
  context_.acts.write(actor, doing(Doing::Kind::kDelete, folder.name, Doing::Object::kFolder), Durability::kSoon,
                      [&](Writer& writer, KnownNames& known) {
                        trash_all_in(writer, actor, folder.key);
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

// Nothing in it was put there, so all that goes is the query, which `damfs undo` brings back. Otherwise a file manager
// would try to empty it first, and could not.
void FolderNode::trash_smart_album(const Actor& actor, const GroupRow& album, NodeId files, EntryName to) const {
  context_.acts.write(actor, doing(Doing::Kind::kDelete, album.name, Doing::Object::kFolder), Durability::kSoon,
                      [&](Writer& writer, KnownNames& known) {
                        view_.remove_folder(writer, album.key);
                        known.emplace_back(id(), album.name);
                      });
  forget_way_to_trash(files, to.view());
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
