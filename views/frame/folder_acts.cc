// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

// What plain tools' acts do to a folder.

#include <fmt/format.h>

#include <cerrno>

#include "catalog/base/clock.h"
#include "catalog/base/error.h"
#include "views/frame/folder_node.h"
#include "views/frame/original_node.h"
#include "views/write/draft_node.h"

namespace damfs {
namespace {

bool is_temporary_or_litter(std::string_view name) { return is_temporary(name) || is_litter(name); }

const FolderNode& as_folder(const Node& directory) {
  const auto* folder = dynamic_cast<const FolderNode*>(&directory);
  if (folder == nullptr) fail(EROFS, "nothing can be put there");
  return *folder;
}

}  // namespace

void FolderNode::require_writable() const {
  const std::string_view made = lens_.code() != 0 ? lens_.name() : beside_ != nullptr ? view_.name() : "";
  if (!made.empty()) fail(EROFS, "{}/ is made from originals; change those", made);
}

DraftPlace FolderNode::place(std::string_view name) const {
  return {.directory = id(), .view = &view_, .key = key_, .name = std::string(name)};
}

// What the catalog has of that name, unless it is parked: then only what came in its place.
std::optional<FoundAsset> FolderNode::shown_asset(std::string_view name) const {
  auto asset = find_source(name);
  if (!asset || !context_.drafts.is_parked_away(id(), name)) return asset;
  return context_.drafts.is_parked_version(id(), name, asset->row.version) ? std::nullopt : std::move(asset);
}

std::optional<GroupRow> FolderNode::shown_folder(std::string_view name) const {
  const auto reader = context_.catalog.reader();
  return spelling() == Spelling::kAny ? view_.find_folder_of_any_spelling(*reader, key_, name)
                                      : view_.find_folder(*reader, key_, name);
}

Node::Created FolderNode::create(const Actor& actor, EntryName name, uint32_t mode) const {
  require_writable();
  view_.require_takes_files(*context_.catalog.reader(), key_);
  if (shown_folder(name.view())) fail(EISDIR, "{} is a folder", name.view());
  DraftRef draft = next_state(name.view());
  if (!draft) draft = context_.drafts.create(place(name.view()), actor, mode);
  auto node = std::make_shared<DraftNode>(draft);
  return {.node = node, .content = draft->open(actor, DraftMode::kWrites)};
}

NodeRef FolderNode::overwrite(const Actor& actor, EntryName name) const {
  (void)actor;
  require_writable();
  view_.require_takes_files(*context_.catalog.reader(), key_);
  DraftRef draft = next_state(name.view());
  if (!draft) context_.drafts.forget_filed(id(), name.view());  // what comes now is another file
  return draft ? std::make_shared<DraftNode>(std::move(draft)) : nullptr;
}

// What takes the writing to a file that is there; null: there is none.
DraftRef FolderNode::next_state(std::string_view name) const {
  for (;;) {
    if (DraftRef draft = context_.drafts.at(id(), name)) {
      draft->expect_opening();
      return draft;
    }
    const auto asset = shown_asset(name);
    if (!asset) return nullptr;
    if (asset->row.is_link()) fail(ESTALE, "{} is a symbolic link now", printable(name));
    DraftRef draft = context_.drafts.overwrite(place(asset->name), *asset, *lens_.attributes(asset->row));
    // Somebody's close may have come between the look at the catalog and this draft.
    const auto now = shown_asset(name);
    if (!draft->is_begun_from(asset->row.version) || (now && now->row.version == asset->row.version)) return draft;
    context_.drafts.remove(draft);
  }
}

Doing FolderNode::doing(Doing::Kind kind, std::string_view name, Doing::Object object) const {
  return {.kind = kind,
          .place = place_in_words(view_, *context_.catalog.reader(), key_),
          .name = std::string(name),
          .object = object};
}

Doing FolderNode::moving(std::string_view name, const FolderNode& to_folder, std::string_view to,
                         Doing::Object object) const {
  Doing moved = doing(Doing::Kind::kMove, name, object);
  moved.to_place =
      &to_folder == this ? moved.place : place_in_words(to_folder.view_, *context_.catalog.reader(), to_folder.key_);
  moved.to_name = to;
  return moved;
}

NodeRef FolderNode::mkdir(const Actor& actor, EntryName name, uint32_t mode) const {
  require_writable();
  if (context_.drafts.at(id(), name.view()) || shown_asset(name.view()) || shown_folder(name.view())) {
    fail(EEXIST, "there is a {} already", printable(name.view()));
  }
  int64_t made = 0;
  Doing made_so = doing(kind_of_putting(view_), name.view(), Doing::Object::kFolder);
  made_so.is_new = true;
  context_.acts.write(actor, made_so, Durability::kSoon, [&](Writer& writer, KnownNames& known) {
    made = view_.make_folder(writer, key_, name.view());
    AttributeChange change;
    if ((mode & 07777) != (kDirectoryMode & 07777)) change.mode = mode & 07777;
    if (!actor.is_owner) {
      change.uid = actor.uid;
      change.gid = actor.gid;
    }
    if (change.mode || change.uid) view_.set_folder(writer, made, change);
    known.emplace_back(id(), std::string(name.view()));
  });
  return std::make_shared<FolderNode>(context_, view_, lens_, made);
}

NodeRef FolderNode::symlink(const Actor& actor, EntryName name, std::string_view target) const {
  require_writable();
  if (view_.group_of(key_).grouping != Grouping::kFolder) fail(EPERM, "symbolic links are kept in originals/ alone");
  if (context_.drafts.at(id(), name.view()) || shown_asset(name.view()) || shown_folder(name.view())) {
    fail(EEXIST, "there is a {} already", printable(name.view()));
  }
  context_.objects.keep_empty();
  Ownership ownership;
  if (!actor.is_owner) ownership = {.mode = {}, .uid = actor.uid, .gid = actor.gid};
  int64_t made = 0;
  Doing made_so = doing(Doing::Kind::kWrite, name.view());
  made_so.is_new = true;
  context_.acts.write(actor, made_so, Durability::kSoon, [&](Writer& writer, KnownNames& known) {
    made_so.asset = made = writer.add_link(view_.group_of(key_).key, name.view(), target, ownership);
    known.emplace_back(id(), std::string(name.view()));
  });
  const auto now = context_.catalog.reader()->asset(made);
  if (!now) fail(ESTALE, "{} is gone", printable(name.view()));
  return lens_.node(context_, *now);
}

void FolderNode::rmdir(const Actor& actor, EntryName name) const {
  require_writable();
  const auto folder = shown_folder(name.view());
  if (!folder) {
    const NodeRef other = lookup(name);
    if (other && other->id().is_directory()) fail(EROFS, "{} is there for whoever asks for it", printable(name.view()));
    fail(other ? ENOTDIR : ENOENT, "{} is no folder", printable(name.view()));
  }
  if (context_.drafts.make_nonempty(folder_id(folder->key)))
    fail(ENOTEMPTY, "something is in {}", printable(name.view()));
  context_.acts.write(actor, doing(kind_of_taking(view_), folder->name, Doing::Object::kFolder), Durability::kSoon,
                      [&](Writer& writer, KnownNames& known) {
                        view_.remove_folder(writer, folder->key);
                        known.emplace_back(id(), folder->name);
                      });
}

void FolderNode::unlink(const Actor& actor, EntryName name) const {
  if (lens_.code() != 0) {
    const auto source = find_source(name.view());
    if (source && lens_.drop(context_, *source)) return;
  }
  require_writable();
  const DraftRef draft = context_.drafts.at(id(), name.view());
  auto held = Draft::hold({draft});
  const auto parked = context_.drafts.take_parked(id(), name.view());
  auto asset = shown_asset(name.view());
  if (draft) context_.drafts.remove(draft);
  if (parked) {
    // Put aside and then removed, with nothing in its place: it was that file that was to go.
    asset = shown_asset(parked->name);
    if (asset && asset->row.version != parked->asset.row.version) return;
    if (context_.drafts.at(id(), parked->name)) return;
  }
  if (!asset) {
    if (draft || parked) return;
    fail(shown_folder(name.view()) ? EISDIR : ENOENT, "there is no file {}", printable(name.view()));
  }
  if (!remove_short_lived(actor, *asset)) {
    Doing removed = doing(kind_of_taking(view_), asset->name);
    removed.asset = asset->row.id;
    context_.acts.write(
        actor, removed, Durability::kSoon,
        [&](Writer& writer, KnownNames& known) {
          view_.remove(writer, actor, key_, *asset);
          known.emplace_back(id(), shown_name(asset->name, asset->row.id));
        },
        Acts::Room::kFreed);
  }
  held.clear();
  const auto open = view_.filing() == View::Filing::kAtOnce ? context_.drafts.find(asset->row.version) : nullptr;
  if (open) context_.drafts.remove(open);
}

// What a program made a moment ago and takes away again: locks, temporary files, what was half loaded.
bool FolderNode::remove_short_lived(const Actor& actor, const FoundAsset& asset) const {
  const View::Group group = view_.group_of(key_);
  if (group.grouping != Grouping::kFolder || !context_.acts.is_short_lived(actor, asset.row.id)) return false;
  return context_.acts.remove_short_lived(actor, asset.row.id, [&](Writer& writer, KnownNames& known) {
    const auto entry = writer.entry_at(group.key, asset.name);
    if (!entry || entry->asset != asset.row.id || !writer.trash_short_lived(*entry, actor.uid)) return false;
    known.emplace_back(id(), asset.name);
    return true;
  });
}

NodeRef FolderNode::link(const Actor& actor, const Node& file, EntryName name) const {
  require_writable();
  view_.require_takes_files(*context_.catalog.reader(), key_);
  if (context_.drafts.at(id(), name.view()) || shown_asset(name.view()) || shown_folder(name.view())) {
    fail(EEXIST, "there is a {} already", printable(name.view()));
  }
  const bool is_original = !file.id().is_directory() && file.id().file_kind() == NodeId::FileKind::kOriginal;
  const auto draft = is_original ? context_.drafts.find(file.id().file_id()) : nullptr;
  // One that was made and left empty goes into the catalog when its descriptor is released, and the kernel reports that
  // late.
  if (draft && draft->has_name() && !draft->has_writers()) draft->secure_now(actor, SealWhen::kReleased);
  const auto version = is_original ? context_.catalog.reader()->version(file.id().file_id()) : std::nullopt;
  const auto asset = version ? context_.catalog.reader()->asset(version->row.id) : std::nullopt;
  if (!asset || asset->row.version != file.id().file_id() || (draft && !draft->is_catalogued())) {
    fail(EPERM, "only originals, in their newest version, can have several names");
  }
  Doing linked = doing(kind_of_putting(view_), name.view());
  linked.is_new = true;
  context_.acts.write(actor, linked, Durability::kSoon, [&](Writer& writer, KnownNames& known) {
    view_.add(writer, key_, name.view(), asset->row.id);
    if (view_.filing() == View::Filing::kAtOnce || asset->name == name.view()) {
      known.emplace_back(id(), std::string(name.view()));
    }
  });
  const auto now = context_.catalog.reader()->asset(asset->row.id);
  if (now && !may_cache_entries())
    return std::make_shared<OriginalNode>(context_, *now, OriginalNode::EntryCaching::kForbidden);
  return now ? lens_.node(context_, *now) : nullptr;
}

// --- rename ---------------------------------------------------------------------------------------------

void FolderNode::rename_folder(const Actor& actor, const GroupRow& folder, const FolderNode& to_folder,
                               EntryName to) const {
  if (&to_folder.view_ != &view_) fail(EXDEV, "a folder cannot be moved to another view; its files can");
  const auto over = to_folder.shown_folder(to.view());
  if (!over && (to_folder.shown_asset(to.view()) || context_.drafts.at(to_folder.id(), to.view()))) {
    fail(ENOTDIR, "there is a file {}", printable(to.view()));
  }
  if (over && over->key != folder.key && !over->query.empty()) {
    fail(ENOTEMPTY, "{} shows what its query finds; rmdir removes it", printable(over->name));
  }
  if (over && over->key != folder.key && context_.drafts.make_nonempty(folder_id(over->key))) {
    fail(ENOTEMPTY, "something is in {}", printable(to.view()));
  }
  context_.acts.write(actor, moving(folder.name, to_folder, to.view(), Doing::Object::kFolder), Durability::kSoon,
                      [&](Writer& writer, KnownNames& known) {
                        if (over && over->key != folder.key) view_.remove_folder(writer, over->key);
                        view_.move_folder(writer, folder.key, to_folder.key_, to.view());
                        known.emplace_back(id(), folder.name);
                        known.emplace_back(to_folder.id(), std::string(to.view()));
                      });
}

void FolderNode::rename_draft(const Actor& actor, const DraftRef& draft, std::vector<Draft::Hold> held,
                              const FolderNode& to_folder, EntryName to) const {
  to_folder.view_.require_takes_files(*context_.catalog.reader(), to_folder.key_);
  if (to_folder.shown_folder(to.view())) fail(EISDIR, "{} is a folder", printable(to.view()));
  if (const auto over = context_.drafts.at(to_folder.id(), to.view()); over && over != draft) {
    context_.drafts.remove(over);
  }
  const DraftPlace from = draft->place();
  const int failure = draft->failure();
  try {
    context_.drafts.move(draft, to_folder.place(to.view()));
    held.clear();  // its bytes may take a while to their disk
    draft->secure_soon(actor, SealWhen::kReleased);
  } catch (const Error&) {
    held.clear();
    draft->set_failure(failure);  // its bytes are as good as before
    context_.drafts.move_anyway(draft, from);
    throw;
  }
}

void FolderNode::rename_asset(const Actor& actor, const FoundAsset& asset, const FolderNode& to_folder,
                              EntryName to) const {
  const bool is_filed = view_.filing() == View::Filing::kAtOnce;
  const auto over_draft = context_.drafts.at(to_folder.id(), to.view());
  const auto over = to_folder.shown_asset(to.view());
  if (is_filed && to_folder.id() == id() && is_temporary_or_litter(to.view()) && !over && !over_draft) {
    return context_.drafts.park(id(), {std::string(to.view()), asset.name, asset, &view_, key_, actor, now_ns()});
  }
  if (over && over->row.id == asset.row.id && to_folder.id() == id() && over->name == asset.name &&
      to.view() == asset.name) {
    return;
  }
  if (to_folder.shown_folder(to.view())) fail(EISDIR, "{} is a folder", printable(to.view()));
  Doing moved = moving(asset.name, to_folder, to.view(), Doing::Object::kFile);
  moved.asset = asset.row.id;
  if (&to_folder.view_ != &view_) {
    const bool is_restored = view_.group_of(key_).grouping == Grouping::kTrash;
    moved.kind = is_restored ? Doing::Kind::kRestore : kind_of_putting(to_folder.view_);
    if (!is_restored) moved.place = moved.to_place;
  }
  context_.acts.write(actor, moved, Durability::kSoon, [&](Writer& writer, KnownNames& known) {
    if (&to_folder.view_ != &view_) {
      if (over) fail(EEXIST, "there is a {} already", printable(to.view()));
      to_folder.view_.take(writer, actor, view_, key_, asset, to_folder.key_, to.view());
      return;  // what the names show now is not what the kernel has just put there
    }
    // Spelled otherwise, it is its own name that it replaces.
    const bool respells = over && over->row.id == asset.row.id && over->row.cursor == asset.row.cursor;
    if (view_.move(writer, actor, key_, asset, to_folder.key_, to.view(), respells ? std::nullopt : over)) {
      known.emplace_back(to_folder.id(), std::string(to.view()));
    }
    known.emplace_back(id(), asset.name);
  });
  to_folder.settle_name_of(asset.row.id, to, to_folder.id() == id() ? Came::kFromHere : Came::kFromElsewhere);
  if (over_draft) context_.drafts.remove(over_draft);
  // Somebody may have it open still, or again write to what he has.
  const auto open = &to_folder.view_ == &view_ ? context_.drafts.find(asset.row.version) : nullptr;
  if (open) context_.drafts.move_anyway(open, to_folder.place(to.view()));
}

// The kernel has moved its entry here under that name, and keeps the timeout that it had before.
void FolderNode::settle_name_of(int64_t asset, EntryName name, Came came) const {
  if (view_.filing() != View::Filing::kByDate) return;
  const bool is_shown = shown_asset(name.view()).has_value();
  if (is_shown && may_cache_entries()) return;
  if (!is_shown && came == Came::kFromElsewhere) context_.drafts.note_filed(id(), name.view(), asset);
  context_.desktop_trash.note_stale_entry(id(), name.view());
}

void FolderNode::rename(const Actor& actor, EntryName name, const Node& directory, EntryName to,
                        Replace replace) const {
  if (DesktopTrash::is(directory, DesktopTrash::Part::kFiles)) {
    return rename_to_trash(actor, name, directory, to, replace);
  }
  const FolderNode& to_folder = as_folder(directory);
  require_writable();
  to_folder.require_writable();
  if (replace == Replace::kNever && to_folder.lookup(to)) fail(EEXIST, "there is a {} already", printable(to.view()));
  const auto draft = context_.drafts.at(id(), name.view());
  auto held = Draft::hold({draft, context_.drafts.at(to_folder.id(), to.view())});
  if (draft) {
    const auto asset = shown_asset(name.view());
    if (!asset) return rename_draft(actor, draft, std::move(held), to_folder, to);
    // The catalog has an earlier state of it: that moves, and this one goes along.
    rename_asset(actor, *asset, to_folder, to);
    if (draft->has_name()) context_.drafts.move_anyway(draft, to_folder.place(to.view()));
    return;
  }
  if (const auto parked = context_.drafts.take_parked(id(), name.view())) {
    const auto over = context_.drafts.at(to_folder.id(), to.view());
    if (to_folder.id() == id() && parked->name == to.view()) {
      if (over) context_.drafts.remove(over);
      return;
    }
    if (const auto asset = shown_asset(parked->name)) rename_asset(actor, *asset, to_folder, to);
    return;
  }
  const auto folder = shown_folder(name.view());
  const auto asset = shown_asset(name.view());
  if (folder && (!asset || folder->name == name.view())) return rename_folder(actor, *folder, to_folder, to);
  if (!asset) fail(ENOENT, "there is no {}", printable(name.view()));
  rename_asset(actor, *asset, to_folder, to);
}

void FolderNode::set_attributes(const Actor& actor, const AttributeChange& change) const {
  (void)actor;
  require_writable();
  context_.catalog.write(WriteRequest{.durability = Durability::kSoon},
                         [&](Writer& writer) { view_.set_folder(writer, key_, change); });
}

}  // namespace damfs
