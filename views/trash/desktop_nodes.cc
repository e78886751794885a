// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/trash/desktop_nodes.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <optional>
#include <string>
#include <utility>

#include "catalog/base/clock.h"
#include "catalog/base/error.h"
#include "views/frame/folder_node.h"
#include "views/frame/text_content.h"
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

// What is told of something in the trash.
struct Account {
  Account(NodeId id, uint32_t uid, int64_t at_ns, std::string_view path)
      : attributes{.node = id, .mode = kPrivateFile} {
    const CaptureTime at = local_time(at_ns);
    text = fmt::format("[Trash Info]\nPath={}\nDeletionDate={}T{:02}:{:02}:{:02}\n", percent_encoded(path),
                       at.day.text(), at.hour, at.minute, at.second);
    attributes.size = text.size();
    attributes.mtime_ns = attributes.ctime_ns = at_ns;
    attributes.uid = uid;
  }
  explicit Account(const TrashRow& row)
      : Account(NodeId::file(NodeId::More::kTrashInfo, row.id), static_cast<uint32_t>(row.uid), row.deleted_ns,
                join_path("originals", join_path(row.folder, row.original_name))) {}
  explicit Account(const TakenOut& taken)
      : Account(NodeId::file(NodeId::More::kTakenOut, taken.number), taken.uid, taken.at_ns, taken.path) {}

  Attributes attributes;
  std::string text;
};

// Of something that is in the trash.
class InfoNode final : public Node {
 public:
  explicit InfoNode(Account account) : Node(account.attributes.node), account_(std::move(account)) {}
  std::optional<Attributes> attributes() const override { return account_.attributes; }
  ContentRef open(const OpenRequest& request) const override {
    if (request.writes) fail(EROFS, "what is known of something in the trash is made from the catalog");
    return std::make_shared<TextContent>(account_.text, TextContent::Lasts::kForever);
  }

 private:
  const Account account_;
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

const View& trash_view(const TreeContext& context) { return *context.view(ViewCode::kTrash); }

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
    const int64_t changed = row && row->changed_ns != 0 ? row->changed_ns : context_.created_ns;
    return std::max(changed, taken_out().changed_ns());
  }
  DesktopTrash& state() const { return context_.desktop_trash; }
  AllTakenOut& taken_out() const { return state().taken_out(); }
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

// In the cursors of a listing: it is behind what the catalog has, among what was taken out of tags and the like.
constexpr Cursor kTakenOutCursor = Cursor{1} << 60;

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
    const bool is_of_trash = (after & (kTakenOutCursor | 1U)) == 0;
    if (is_of_trash && !list_trash(static_cast<int64_t>(after >> 1), sink)) return;
    if ((after & 1U) == 0 && !list_taken_out(is_of_trash ? 0 : after, sink)) return;
    list_notes(after, sink);
  }

 protected:
  NodeRef find(std::string_view name) const override {
    if (!name.ends_with(DesktopTrash::kInfoSuffix) || name.size() == DesktopTrash::kInfoSuffix.size()) return nullptr;
    name.remove_suffix(DesktopTrash::kInfoSuffix.size());
    const auto reader = context_.catalog.reader();
    if (const auto asset = own(*reader, name)) {
      const auto row = reader->trash_entry(asset->row.cursor);
      return row ? std::make_shared<InfoNode>(Account(*row)) : nullptr;
    }
    const auto taken = taken_out().find(uid_, name);
    return taken ? std::make_shared<InfoNode>(Account(*taken)) : nullptr;
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
        if (!sink.add(name, Account(*row).attributes, static_cast<Cursor>(trash) << 1)) return false;
      }
      if (page.size() < kPage) return true;
      after = page.back();
    }
  }

  bool list_taken_out(Cursor after, EntrySink& sink) const {
    bool has_room = true;
    taken_out().list(uid_, static_cast<int64_t>((after & ~kTakenOutCursor) >> 1), [&](const TakenOut& taken) {
      if (taken.name.size() + DesktopTrash::kInfoSuffix.size() > kMaxNameBytes) return true;
      return has_room = sink.add(taken.name + std::string(DesktopTrash::kInfoSuffix), Account(taken).attributes,
                                 static_cast<Cursor>(taken.number) << 1 | kTakenOutCursor);
    });
    return has_room;
  }
};

class FilesFolder final : public DesktopFolder {
 public:
  FilesFolder(const TreeContext& context, uint32_t uid) : DesktopFolder(context, uid, Part::kFiles) {}

  NodeRef lookup(EntryName name) const override {
    const auto reader = context_.catalog.reader();
    auto asset = own(*reader, name.view());
    if (!asset) {
      const auto taken = taken_out().find(uid_, name.view());
      if (taken) asset = live(*reader, taken->asset);
    }
    return asset ? context_.lens(0)->node(context_, *asset) : nullptr;
  }
  void list(Cursor after, EntrySink& sink) const override {
    const auto reader = context_.catalog.reader();
    bool has_room = true;
    if ((after & kTakenOutCursor) == 0) {
      reader->trash_of_uid(uid_, static_cast<int64_t>(after), [&](const AssetRow& row) {
        return has_room = sink.add(row.name, *context_.lens(0)->attributes(row), static_cast<Cursor>(row.cursor));
      });
      after = 0;
    }
    if (!has_room) return;
    taken_out().list(uid_, static_cast<int64_t>(after & ~kTakenOutCursor), [&](const TakenOut& taken) {
      const auto asset = live(*reader, taken.asset);
      if (!asset || own(*reader, taken.name)) return true;
      return sink.add(taken.name, *context_.lens(0)->attributes(asset->row),
                      static_cast<Cursor>(taken.number) | kTakenOutCursor);
    });
  }

  void unlink(const Actor& actor, EntryName name) const override { drop(actor, name); }

  void rename(const Actor& actor, EntryName name, const Node& directory, EntryName to, Replace replace) const override {
    const bool is_trash = own(*context_.catalog.reader(), name.view()).has_value();
    const auto taken = is_trash ? std::nullopt : taken_out().find(uid_, name.view());
    if (!is_trash && !taken) fail(ENOENT, "there is no {}", printable(name.view()));
    if (DesktopTrash::is(directory, Part::kExpunged)) {
      drop(actor, name);
      return state().note_stale_entry(directory.id(), to.view());
    }
    if (!taken) return trash().rename(actor, name, directory, to, replace);
    const auto* folder = dynamic_cast<const FolderNode*>(&directory);
    if (folder == nullptr) fail(EROFS, "nothing can be put there");
    folder->put_back(actor, *taken, to);
    forget_taken_out(name.view());
  }

 private:
  std::optional<FoundAsset> live(Reader& reader, int64_t id) const {
    auto asset = reader.asset(id);
    return asset && asset->row.state == AssetState::kLive ? std::move(asset) : std::nullopt;
  }

  void forget_taken_out(std::string_view name) const {
    taken_out().drop(uid_, name);
    state().note_stale_entry(DesktopTrash::directory(uid_, Part::kInfo),
                             std::string(name) + std::string(DesktopTrash::kInfoSuffix));
  }

  void drop(const Actor& actor, EntryName name) const {
    const auto asset = own(*context_.catalog.reader(), name.view());
    if (!asset && taken_out().find(uid_, name.view())) return forget_taken_out(name.view());
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

NodeRef make_desktop_folder(const TreeContext& context, DesktopTrash::Folder folder);

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
    return found == kSubs.end() ? nullptr : make_desktop_folder(context_, {uid_, found->part});
  }
};

NodeRef make_desktop_folder(const TreeContext& context, DesktopTrash::Folder folder) {
  switch (folder.part) {
    case Part::kTop: return std::make_shared<TopFolder>(context, folder.uid);
    case Part::kFiles: return std::make_shared<FilesFolder>(context, folder.uid);
    case Part::kInfo: return std::make_shared<InfoFolder>(context, folder.uid);
    case Part::kExpunged: return std::make_shared<ExpungedFolder>(context, folder.uid);
  }
  return nullptr;
}

}  // namespace

bool DesktopTrashBranch::owns(NodeId id) const {
  if (id.is_directory()) return id.view() == ViewCode::kDesktopTrash;
  return id.is(NodeId::More::kDesktopNote) || id.is(NodeId::More::kTakenOut) || id.is(NodeId::More::kTrashInfo);
}

NodeRef DesktopTrashBranch::node(NodeId id) const {
  if (!id.is_directory()) return file(id);
  const auto folder = DesktopTrash::folder_of(id);
  return folder ? make_desktop_folder(context_, *folder) : nullptr;
}

NodeRef DesktopTrashBranch::unlisted(std::string_view name) const {
  constexpr std::string_view kPrefix = ".Trash-";
  if (!name.starts_with(kPrefix)) return nullptr;
  uint32_t uid = 0;
  const auto [end, error] = std::from_chars(name.data() + kPrefix.size(), name.data() + name.size(), uid);
  if (error != std::errc() || name != DesktopTrash::name_of_top(uid)) return nullptr;
  return std::make_shared<TopFolder>(context_, uid);
}

NodeRef DesktopTrashBranch::file(NodeId id) const {
  if (id.is(NodeId::More::kDesktopNote)) {
    const auto note = context_.desktop_trash.note(id.file_id());
    return note ? std::make_shared<NoteNode>(note) : nullptr;
  }
  if (id.is(NodeId::More::kTakenOut)) {
    const auto taken = context_.desktop_trash.taken_out().numbered(id.file_id());
    return taken ? std::make_shared<InfoNode>(Account(*taken)) : nullptr;
  }
  if (!id.is(NodeId::More::kTrashInfo)) return nullptr;
  const auto row = context_.catalog.reader()->trash_entry(id.file_id());
  return row ? std::make_shared<InfoNode>(Account(*row)) : nullptr;
}

}  // namespace damfs
