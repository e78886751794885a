// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/trash/desktop_nodes.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "catalog/base/clock.h"
#include "catalog/base/error.h"
#include "views/folder_node.h"
#include "views/text_content.h"
#include "views/trash/trash_view.h"

namespace damfs {
namespace {

using Part = DesktopTrash::Part;

constexpr mode_t kPrivateDirectory = 0040700;
constexpr mode_t kPrivateFile = 0100600;

// --- .trashinfo files -----------------------------------------------------------------------------------

std::string percent_encoded(std::string_view path) {
  constexpr std::string_view kPlain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";
  std::string encoded;
  for (const char c : path) {
    if (kPlain.find(c) != kPlain.npos) {
      encoded += c;
    } else {
      fmt::format_to(std::back_inserter(encoded), "%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return encoded;
}

std::string trash_info(const TrashRow& row) {
  const std::string folder = row.folder.empty() ? "originals" : "originals/" + row.folder;
  const CaptureTime at = local_time(row.deleted_ns);
  return fmt::format("[Trash Info]\nPath={}\nDeletionDate={}T{:02}:{:02}:{:02}\n",
                     percent_encoded(folder + "/" + row.original_name), at.day.text(), at.hour, at.minute, at.second);
}

NodeId info_id(int64_t trash) { return NodeId::file(NodeId::More::kTrashInfo, trash); }

Attributes info_attributes(const TrashRow& row) {
  return {.node = info_id(row.id),
          .mode = kPrivateFile,
          .nlink = 1,
          .size = trash_info(row).size(),
          .mtime_ns = row.deleted_ns,
          .ctime_ns = row.deleted_ns,
          .uid = static_cast<uint32_t>(row.uid)};
}

// Of something that is in the trash.
class InfoNode final : public Node {
 public:
  explicit InfoNode(TrashRow row) : Node(info_id(row.id)), row_(std::move(row)) {}
  std::optional<Attributes> attributes() const override { return info_attributes(row_); }
  ContentRef open(const OpenRequest& request) const override {
    if (request.writes) fail(EROFS, "what is known of {} is made from the catalog", printable(row_.name));
    return std::make_shared<TextContent>(trash_info(row_), TextContent::Lasts::kForever);
  }

 private:
  const TrashRow row_;
};

class NoteContent final : public Content {
 public:
  explicit NoteContent(DesktopNoteRef note) : note_(std::move(note)) {}
  void read(uint64_t offset, size_t size, ReadAnswerRef answer) override {
    answer->bytes(TextContent::part(note_->text(), offset, size));
  }
  bool is_immutable() const override { return false; }
  void write(uint64_t offset, std::span<const std::byte> data, Done done) override {
    note_->write(offset, data);
    done(0);
  }
  void allocate(int mode, uint64_t offset, uint64_t size, Done done) override {
    if (mode != 0) fail(EOPNOTSUPP, "only room can be asked for");
    if (offset + size > note_->attributes().size) note_->resize(offset + size);
    done(0);
  }
  void copy_from(const ContentRef&, uint64_t, uint64_t, size_t, Copied) override {
    fail(EOPNOTSUPP, "it is read and written");
  }

 private:
  const DesktopNoteRef note_;
};

class NoteNode final : public Node {
 public:
  explicit NoteNode(DesktopNoteRef note) : Node(note->node()), note_(std::move(note)) {}
  std::optional<Attributes> attributes() const override { return note_->attributes(); }
  ContentRef open(const OpenRequest& request) const override {
    if (request.truncates) note_->resize(0);
    return std::make_shared<NoteContent>(note_);
  }
  void set_attributes(const Actor&, const AttributeChange& change) const override { note_->set_attributes(change); }

 private:
  const DesktopNoteRef note_;
};

// --- folders --------------------------------------------------------------------------------------------

const View& trash_view(const TreeContext& context) { return *context.view(TrashView::kCode); }

class DesktopFolder : public Node {
 public:
  DesktopFolder(const TreeContext& context, uint32_t uid, Part part)
      : Node(DesktopTrash::directory(uid, part)), context_(context), uid_(uid), part_(part) {
    context.desktop_trash.asked_for(uid);
  }

  // Desktops trust a trash only when it is theirs, and nobody else's business.
  std::optional<Attributes> attributes() const override {
    Attributes attributes = directory_attributes(id(), changed_ns());
    attributes.mode = kPrivateDirectory;
    attributes.uid = uid_;
    return attributes;
  }
  NodeId parent() const override {
    return part_ == Part::kTop ? NodeId::root() : DesktopTrash::directory(uid_, Part::kTop);
  }
  // Taken and not kept: what they are is given.
  void set_attributes(const Actor&, const AttributeChange&) const override {}

 protected:
  int64_t changed_ns() const {
    const auto row = context_.catalog.reader()->group(Grouping::kTrash, 0);
    return row && row->changed_ns != 0 ? row->changed_ns : context_.created_ns;
  }
  DesktopTrash& state() const { return context_.desktop_trash; }
  FolderNode trash() const { return {context_, trash_view(context_), *context_.lens(0), 0}; }
  // What of the trash is called so and was put there by that one. Its cursor is the trash entry's id.
  std::optional<FoundAsset> own(Reader& reader, std::string_view name) const {
    auto asset = reader.find_asset(Grouping::kTrash, 0, name);
    if (!asset || nfc(asset->name) != nfc(name)) return std::nullopt;
    const auto row = reader.trash_entry(asset->row.cursor);
    return row && row->uid == static_cast<int64_t>(uid_) ? std::move(asset) : std::nullopt;
  }

  const TreeContext& context_;
  const uint32_t uid_;
  const Part part_;
};

// One that takes notes.
class NotesFolder : public DesktopFolder {
 public:
  using DesktopFolder::DesktopFolder;

  NodeRef lookup(EntryName name) const override {
    if (NodeRef own = find(name.view())) return own;
    const auto note = state().note(id(), name.view());
    return note ? std::make_shared<NoteNode>(note) : nullptr;
  }

  Created create(const Actor& actor, EntryName name, uint32_t mode) const override {
    if (find(name.view())) fail(EEXIST, "there is a {} already", printable(name.view()));
    auto note = state().note(id(), name.view());
    if (!note) note = state().make_note(id(), name.view(), actor, mode);
    return {.node = std::make_shared<NoteNode>(note), .content = std::make_shared<NoteContent>(note)};
  }

  NodeRef mkdir(const Actor&, EntryName name, uint32_t) const override {
    if (lookup(name)) fail(EEXIST, "there is a {} already", printable(name.view()));
    fail(EROFS, "a trash has the folders that it has");
  }

  // What stands for something in the trash goes when that does.
  void unlink(const Actor&, EntryName name) const override {
    if (state().remove_note(id(), name.view())) return;
    const NodeRef own = find(name.view());
    if (!own) fail(ENOENT, "there is no {}", printable(name.view()));
    if (own->id().is_directory()) fail(EISDIR, "{} is a folder", printable(name.view()));
  }

  void rename(const Actor&, EntryName name, const Node& directory, EntryName to, Replace replace) const override {
    const auto* into = dynamic_cast<const NotesFolder*>(&directory);
    if (into == nullptr || !state().note(id(), name.view())) fail(EPERM, "{} stays here", printable(name.view()));
    if (replace == Replace::kNever && into->lookup(to)) fail(EEXIST, "there is a {} already", printable(to.view()));
    state().rename_note(id(), name.view(), into->id(), to.view());
  }

 protected:
  // What is here without being written.
  virtual NodeRef find(std::string_view name) const = 0;

  // Behind all else; the last bit of a cursor says so.
  void list_notes(Cursor after, EntrySink& sink) const {
    const int64_t number = (after & 1U) != 0 ? static_cast<int64_t>(after >> 1) : 0;
    state().notes(id(), number, [&](int64_t at, const std::string& name, const Attributes& attributes) {
      return find(name) || sink.add(name, attributes, static_cast<Cursor>(at) << 1 | 1U);
    });
  }
};

class InfoFolder final : public NotesFolder {
 public:
  InfoFolder(const TreeContext& context, uint32_t uid) : NotesFolder(context, uid, Part::kInfo) {}

  void list(Cursor after, EntrySink& sink) const override {
    if ((after & 1U) == 0 && !list_trash(static_cast<int64_t>(after >> 1), sink)) return;
    list_notes(after, sink);
  }

 protected:
  NodeRef find(std::string_view name) const override {
    if (!name.ends_with(DesktopTrash::kInfoSuffix) || name.size() == DesktopTrash::kInfoSuffix.size()) return nullptr;
    name.remove_suffix(DesktopTrash::kInfoSuffix.size());
    const auto reader = context_.catalog.reader();
    const auto asset = own(*reader, name);
    auto row = asset ? reader->trash_entry(asset->row.cursor) : std::nullopt;
    return row ? std::make_shared<InfoNode>(std::move(*row)) : nullptr;
  }

 private:
  static constexpr size_t kPage = 256;

  bool list_trash(int64_t after, EntrySink& sink) const {
    const auto reader = context_.catalog.reader();
    for (;;) {
      std::vector<int64_t> page;
      reader->trash_of_uid(uid_, after, [&](const AssetRow& row) {
        page.push_back(row.cursor);
        return page.size() < kPage;
      });
      for (const int64_t trash : page) {
        const auto row = reader->trash_entry(trash);
        // Whose name leaves no room for the ending has none; desktops cannot make such a one either.
        if (!row || row->name.size() + DesktopTrash::kInfoSuffix.size() > kMaxNameBytes) continue;
        const std::string name = row->name + std::string(DesktopTrash::kInfoSuffix);
        if (!sink.add(name, info_attributes(*row), static_cast<Cursor>(trash) << 1)) return false;
      }
      if (page.size() < kPage) return true;
      after = page.back();
    }
  }
};

class FilesFolder final : public DesktopFolder {
 public:
  FilesFolder(const TreeContext& context, uint32_t uid) : DesktopFolder(context, uid, Part::kFiles) {}

  NodeRef lookup(EntryName name) const override {
    const auto asset = own(*context_.catalog.reader(), name.view());
    return asset ? context_.lens(0)->node(context_, *asset) : nullptr;
  }
  void list(Cursor after, EntrySink& sink) const override {
    const auto reader = context_.catalog.reader();
    reader->trash_of_uid(uid_, static_cast<int64_t>(after), [&](const AssetRow& row) {
      return sink.add(row.name, *context_.lens(0)->attributes(row), static_cast<Cursor>(row.cursor));
    });
  }

  void unlink(const Actor& actor, EntryName name) const override { drop(actor, name); }

  void rename(const Actor& actor, EntryName name, const Node& directory, EntryName to, Replace replace) const override {
    if (!own(*context_.catalog.reader(), name.view())) fail(ENOENT, "there is no {}", printable(name.view()));
    if (DesktopTrash::is(directory, Part::kExpunged)) {
      drop(actor, name);
      return state().misled(directory.id(), to.view());
    }
    trash().rename(actor, name, directory, to, replace);
  }

 private:
  void drop(const Actor& actor, EntryName name) const {
    const auto asset = own(*context_.catalog.reader(), name.view());
    if (!asset) fail(ENOENT, "there is no {}", printable(name.view()));
    Doing forgotten{.kind = Doing::Kind::kForget, .place = "trash", .name = asset->name, .asset = asset->row.id};
    context_.acts.write(actor, forgotten, Durability::kSoon, [&](Writer& writer, KnownNames& known) {
      trash_view(context_).remove(writer, actor, 0, *asset);
      known.emplace_back(id(), std::string(name.view()));
    });
  }
};

// Always empty: what comes here is gone.
class ExpungedFolder final : public DesktopFolder {
 public:
  ExpungedFolder(const TreeContext& context, uint32_t uid) : DesktopFolder(context, uid, Part::kExpunged) {}
  NodeRef lookup(EntryName) const override { return nullptr; }
  void list(Cursor, EntrySink&) const override {}
};

struct Sub {
  std::string_view name;
  Part part;
};
constexpr std::array kSubs = {Sub{"files", Part::kFiles}, Sub{"info", Part::kInfo}, Sub{"expunged", Part::kExpunged}};

class TopFolder final : public NotesFolder {
 public:
  TopFolder(const TreeContext& context, uint32_t uid) : NotesFolder(context, uid, Part::kTop) {}

  void list(Cursor after, EntrySink& sink) const override {
    for (size_t i = (after & 1U) == 0 ? after >> 1 : kSubs.size(); i < kSubs.size(); ++i) {
      const auto attributes = find(kSubs[i].name)->attributes();
      if (!sink.add(kSubs[i].name, *attributes, (i + 1) << 1)) return;
    }
    list_notes(after, sink);
  }

 protected:
  NodeRef find(std::string_view name) const override {
    const auto found = std::find_if(kSubs.begin(), kSubs.end(), [&](const Sub& each) { return each.name == name; });
    return found == kSubs.end() ? nullptr : desktop_trash_folder(context_, DesktopTrash::directory(uid_, found->part));
  }
};

}  // namespace

NodeRef desktop_trash_folder(const TreeContext& context, NodeId id) {
  const auto folder = DesktopTrash::folder_of(id);
  if (!folder) return nullptr;
  switch (folder->part) {
    case Part::kTop: return std::make_shared<TopFolder>(context, folder->uid);
    case Part::kFiles: return std::make_shared<FilesFolder>(context, folder->uid);
    case Part::kInfo: return std::make_shared<InfoFolder>(context, folder->uid);
    case Part::kExpunged: return std::make_shared<ExpungedFolder>(context, folder->uid);
  }
  return nullptr;
}

NodeRef find_desktop_trash(const TreeContext& context, std::string_view name) {
  constexpr std::string_view kPrefix = ".Trash-";
  if (!name.starts_with(kPrefix)) return nullptr;
  uint32_t uid = 0;
  const auto [end, error] = std::from_chars(name.data() + kPrefix.size(), name.data() + name.size(), uid);
  if (error != std::errc() || name != DesktopTrash::name_of_top(uid)) return nullptr;
  return std::make_shared<TopFolder>(context, uid);
}

NodeRef desktop_trash_file(const TreeContext& context, NodeId id) {
  if (id.is(NodeId::More::kDesktopNote)) {
    const auto note = context.desktop_trash.note(id.file_id());
    return note ? std::make_shared<NoteNode>(note) : nullptr;
  }
  if (id != info_id(id.file_id())) return nullptr;
  auto row = context.catalog.reader()->trash_entry(id.file_id());
  return row ? std::make_shared<InfoNode>(std::move(*row)) : nullptr;
}

// --- news -----------------------------------------------------------------------------------------------

void tell_desktop_trash(const TreeContext& context, const std::function<bool(NodeId)>& is_known,
                        const std::vector<ChangeRow>& changes, std::vector<Stale>& stale) {
  const auto uids = context.desktop_trash.uids(is_known);
  if (uids.empty()) return;
  std::set<std::pair<std::string, int64_t>> names;  // and the change by which they came, went or changed
  bool has_changed = false;
  const auto reader = context.catalog.reader();
  for (const ChangeRow& change : changes) {
    const bool is_of_trash = change.grouping == Grouping::kTrash;
    has_changed = has_changed || (is_of_trash && change.what == ChangeRow::What::kGroup);
    if (is_of_trash && change.what == ChangeRow::What::kLostName) names.emplace(change.name, change.id);
    if (change.what != ChangeRow::What::kAsset) continue;
    for (const auto& [id, name] : reader->trash_entries(change.asset)) names.emplace(name, change.id);
  }
  if (!has_changed && names.empty()) return;
  const auto tell = [&](NodeId folder, std::string_view suffix) {
    if (!is_known(folder)) return;
    for (const auto& [name, change] : names) {
      std::string entry = name + std::string(suffix);
      if (!context.acts.is_known(change, folder, entry))
        stale.push_back({Stale::What::kEntry, folder, std::move(entry)});
    }
    stale.push_back({Stale::What::kListing, folder, {}});
  };
  for (const uint32_t uid : uids) {
    tell(DesktopTrash::directory(uid, Part::kFiles), "");
    tell(DesktopTrash::directory(uid, Part::kInfo), DesktopTrash::kInfoSuffix);
  }
}

void tell_all_desktop_trash(const TreeContext& context, const std::function<bool(NodeId)>& is_known,
                            std::vector<Stale>& stale) {
  for (const uint32_t uid : context.desktop_trash.uids(is_known)) {
    stale.push_back({Stale::What::kEntry, NodeId::root(), DesktopTrash::name_of_top(uid)});
  }
}

}  // namespace damfs
