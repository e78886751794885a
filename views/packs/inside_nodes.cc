// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

// The folders of archives: packs/<pack>/ and what is below.

#include <algorithm>

#include "catalog/base/names.h"
#include "views/packs/member_node.h"
#include "views/packs/packs_node.h"

namespace damfs {
namespace {

NodeRef make_inside(const TreeContext& context, MemberLens lens, MemberRow folder, NodeId parent,
                    const PackFacts& pack);

// The members directly in a folder of an archive.
class InFolder final : public MemberLens::Folder {
 public:
  InFolder(PackReader& packs, int64_t folder) : packs_(packs), folder_(folder) {}
  std::optional<MemberRow> named(std::string_view name) override { return packs_.find_member(folder_, name); }
  std::string name_of(const MemberRow& member) override { return member.parent == folder_ ? member.name : ""; }
  std::optional<MemberRow> with_id(int64_t id) override { return packs_.member(id); }

 private:
  PackReader& packs_;
  const int64_t folder_;
};

// What all folders of archives do, whether at the top of one or inside.
NodeRef find_in(const TreeContext& context, const MemberLens& lens, int64_t folder, NodeId folder_node,
                const PackFacts& pack, EntryName name) {
  const auto reader = context.catalog.reader();
  PackReader packs(*reader);
  auto child = packs.find_member(folder, name.view());
  if (child && child->is_folder()) return make_inside(context, lens, std::move(*child), folder_node, pack);
  if (lens.profile() == nullptr) return child ? lens.node(context, std::move(*child), pack) : nullptr;
  InFolder members(packs, folder);
  auto source = lens.source_of(name.view(), members);
  return source ? lens.node(context, std::move(*source), pack) : nullptr;
}

void list_in(const TreeContext& context, const MemberLens& lens, int64_t folder, const PackFacts& pack, Cursor after,
             EntrySink& sink) {
  const auto reader = context.catalog.reader();
  PackReader packs(*reader);
  InFolder in_folder(packs, folder);
  // A cursor is the number of the member behind it, which is never the highest one.
  const int64_t blob = blob_of_member(folder);
  in_pages<MemberRow>(
      member_id(blob, static_cast<int64_t>(after)) - 1,
      [&](int64_t from, const auto& each) { packs.members(folder, from, each); },
      [&](const MemberRow& row, int64_t& at) {
        at = row.id;
        const auto next = static_cast<Cursor>(number_of_member(row.id) + 1);
        if (row.is_folder()) {
          const NodeId id = packs_folder_id(lens, {Shelf::kInside, row.id});
          return sink.add(row.name, member_folder_attributes(id, row, pack), next);
        }
        const std::string name = lens.shown_name(row.name, row, in_folder);
        return name.empty() || sink.add(name, lens.attributes(row, pack), next);
      });
}

// A folder inside an archive. It is as it is until the archive is looked at again.
class InsideNode final : public PacksNode {
 public:
  InsideNode(const TreeContext& context, MemberLens lens, MemberRow folder, NodeId parent, const PackFacts& pack)
      : PacksNode(context, lens, {Shelf::kInside, folder.id}, parent), folder_(std::move(folder)), pack_(pack) {}
  std::optional<Attributes> attributes() const override { return member_folder_attributes(id(), folder_, pack_); }
  void list(Cursor after, EntrySink& sink) const override { list_in(context_, lens_, folder_.id, pack_, after, sink); }
  std::optional<std::string> xattr(std::string_view name) const override {
    const bool is_note = name == "user.damfs.note" && !folder_.note.empty();
    return is_note ? std::optional(folder_.note) : std::nullopt;
  }
  std::vector<std::string> xattr_names() const override {
    return folder_.note.empty() ? std::vector<std::string>() : std::vector<std::string>{"user.damfs.note"};
  }

 protected:
  NodeRef find(EntryName name) const override { return find_in(context_, lens_, folder_.id, id(), pack_, name); }

 private:
  const MemberRow folder_;
  const PackFacts pack_;
};

NodeRef make_inside(const TreeContext& context, MemberLens lens, MemberRow folder, NodeId parent,
                    const PackFacts& pack) {
  return std::make_shared<InsideNode>(context, lens, std::move(folder), parent, pack);
}

// What is at the top of an archive.
class PackFolder final : public ChangingPacksNode {
 public:
  PackFolder(const TreeContext& context, MemberLens lens, PackRow pack)
      : ChangingPacksNode(context, lens, {Shelf::kPack, pack.asset}, PacksPlace{}), pack_(std::move(pack)) {}
  std::optional<Attributes> attributes() const override { return pack_attributes(lens_, pack_); }
  void list(Cursor after, EntrySink& sink) const override {
    const auto now = current();
    if (now) list_in(context_, lens_, member_id(now->blob, kPackTop), now->facts(), after, sink);
  }
  std::optional<std::string> xattr(std::string_view name) const override {
    if (name == "user.damfs.pack" || name == "user.damfs.label") return pack_.label;
    if (name == "user.damfs.asset") return std::to_string(pack_.asset);
    if (name == "user.damfs.sha256") return pack_.sha256.hex();
    return std::nullopt;
  }
  std::vector<std::string> xattr_names() const override {
    return {"user.damfs.pack", "user.damfs.label", "user.damfs.asset", "user.damfs.sha256"};
  }

 protected:
  NodeRef find(EntryName name) const override {
    const auto now = current();
    return now ? find_in(context_, lens_, member_id(now->blob, kPackTop), id(), now->facts(), name) : nullptr;
  }

 private:
  std::optional<PackRow> current() const {
    const auto reader = context_.catalog.reader();
    return PackReader(*reader).pack(pack_.asset);
  }

  const PackRow pack_;
};

// The folder above one inside an archive.
PacksPlace above(PackReader& packs, const MemberRow& folder) {
  if (number_of_member(folder.parent) != kPackTop) return {Shelf::kInside, folder.parent};
  const auto pack = packs.pack_of_blob(blob_of_member(folder.id));
  return pack ? PacksPlace{Shelf::kPack, pack->asset} : PacksPlace{};
}

}  // namespace

Attributes pack_attributes(const MemberLens& lens, const PackRow& pack) {
  Attributes attributes = directory_attributes(packs_folder_id(lens, {Shelf::kPack, pack.asset}), pack.mtime_ns);
  attributes.ctime_ns = pack.changed_ns;
  narrow(pack.ownership, attributes);
  return attributes;
}

NodeRef make_pack_folder(const TreeContext& context, MemberLens lens, PackRow pack) {
  return std::make_shared<PackFolder>(context, lens, std::move(pack));
}

NodeRef make_inside_folder(const TreeContext& context, MemberLens lens, int64_t member) {
  const auto reader = context.catalog.reader();
  PackReader packs(*reader);
  auto folder = packs.member(member);
  if (!folder || !folder->is_folder()) return nullptr;
  const auto pack = packs.pack_of_blob(blob_of_member(member));
  if (!pack) return nullptr;
  const NodeId parent = packs_folder_id(lens, above(packs, *folder));
  return make_inside(context, lens, std::move(*folder), parent, pack->facts());
}

}  // namespace damfs
