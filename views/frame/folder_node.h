// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "views/frame/lens.h"
#include "views/frame/tree_context.h"
#include "views/frame/view.h"

namespace damfs {

// A folder of a view, seen through a lens.
class FolderNode final : public Node {
 public:
  FolderNode(const TreeContext& context, const View& view, const Lens& lens, int64_t key);
  std::optional<Attributes> attributes() const override;
  NodeRef lookup(EntryName name) const override;
  bool may_cache_absence() const override { return view_.may_cache_absence() && may_cache_entries(); }
  bool may_cache_entries() const override;
  NodeId parent() const override;
  void list(Cursor after, EntrySink& sink) const override;

  Created create(const Actor& actor, EntryName name, uint32_t mode) const override;
  NodeRef overwrite(const Actor& actor, EntryName name) const override;
  NodeRef mkdir(const Actor& actor, EntryName name, uint32_t mode) const override;
  NodeRef symlink(const Actor& actor, EntryName name, std::string_view target) const override;
  void unlink(const Actor& actor, EntryName name) const override;
  void rmdir(const Actor& actor, EntryName name) const override;
  NodeRef link(const Actor& actor, const Node& file, EntryName name) const override;
  void rename(const Actor& actor, EntryName name, const Node& directory, EntryName to, Replace replace) const override;
  void set_attributes(const Actor& actor, const AttributeChange& change) const override;
  std::optional<std::string> xattr(std::string_view name) const override;
  std::vector<std::string> xattr_names() const override;
  void set_xattr(const Actor& actor, std::string_view name, std::string_view value, XattrFlag flag) const override;
  bool remove_xattr(const Actor& actor, std::string_view name) const override;

  // Out of the desktop's trash again, where it came to out of such a folder (trash/folder_to_trash.cc).
  void put_back(const Actor& actor, const TakenOut& taken, EntryName to) const;

  // The name that an asset called `name` in this folder is shown under.
  std::string shown_name(std::string_view name, int64_t asset) const;

  // An asset here that would be shown as `shown`, were there no folder of that name.
  std::optional<FoundAsset> source_of(std::string_view shown) const;

  // Every entry that has to be invalidated when the asset called `name` comes, goes or changes.
  std::vector<std::string> names_in_doubt(std::string_view name, int64_t asset) const;

 private:
  class FolderSiblings;
  class SubFolders;
  NodeId folder_id(int64_t key) const;
  // What is made from originals is only read.
  Spelling spelling() const { return lens_.code() == 0 ? Spelling::kExact : Spelling::kAny; }
  Attributes folder_attributes(const GroupRow& row) const;
  bool is_still_here(const FoundAsset& asset) const;
  std::optional<FoundAsset> find_source(std::string_view shown) const;
  // The one whose number stands in the name.
  std::optional<FoundAsset> numbered_asset(std::string_view shown,
                                           const std::function<bool(const FoundAsset&)>& is_it) const;
  std::optional<NodeRef> find_written(std::string_view shown) const;
  NodeRef find_catalogued(std::string_view shown) const;
  NodeRef find_just_filed(std::string_view shown) const;
  NodeRef find_beside(std::string_view shown) const;
  bool list_folders(Reader& reader, int64_t after, EntrySink& sink) const;
  bool list_assets(Reader& reader, int64_t after, EntrySink& sink) const;
  bool list_with_beside(Reader& reader, int64_t from, bool is_given, EntrySink& sink) const;
  bool has_sub_folder(const std::string& name) const;
  std::string shown_name_among(SubFolders& folders, std::string_view name, int64_t asset) const;
  void list_drafts(int64_t after, EntrySink& sink) const;
  // For changes (folder_acts.cc).
  Doing doing(Doing::Kind kind, std::string_view name, Doing::Object object = Doing::Object::kFile) const;
  Doing moving(std::string_view name, const FolderNode& to_folder, std::string_view to, Doing::Object object) const;
  void require_writable() const;
  DraftPlace place(std::string_view name) const;
  std::optional<FoundAsset> shown_asset(std::string_view name) const;
  bool remove_short_lived(const Actor& actor, const FoundAsset& asset) const;
  DraftRef next_state(std::string_view name) const;
  std::optional<GroupRow> shown_folder(std::string_view name) const;
  // folder_xattrs.cc
  bool is_own_xattr(std::string_view name) const;
  void set_own_xattr(const Actor& actor, std::string_view name, std::string_view value) const;
  void each_asset_below(int64_t key, const std::function<void(const AssetRow& asset)>& visit) const;
  void rename_folder(const Actor& actor, const GroupRow& folder, const FolderNode& to_folder, EntryName to) const;
  void rename_draft(const Actor& actor, const DraftRef& draft, std::vector<Draft::Hold> held,
                    const FolderNode& to_folder, EntryName to) const;
  void rename_asset(const Actor& actor, const FoundAsset& asset, const FolderNode& to_folder, EntryName to) const;
  enum class Came : uint8_t { kFromHere, kFromElsewhere };
  void settle_name_of(int64_t asset, EntryName name, Came came) const;
  // Into the desktop's trash (trash/folder_to_trash.cc).
  void rename_to_trash(const Actor& actor, EntryName name, const Node& files, EntryName to, Replace replace) const;
  void take_out_to_trash(const Actor& actor, const FoundAsset& asset, EntryName name, NodeId files, EntryName to) const;
  void trash_folder(const Actor& actor, const GroupRow& folder, NodeId files, EntryName to) const;
  void trash_all_in(Writer& writer, const Actor& actor, int64_t key) const;
  void settle_drafts_below(const Actor& actor, int64_t key, std::vector<DraftRef>& litter) const;
  void drop_desktop_note(NodeId files, std::string_view to) const;
  void forget_way_to_trash(NodeId files, std::string_view to) const;

  const TreeContext& context_;
  const View& view_;
  const Lens& lens_;
  const Beside* const beside_;  // null: nothing stands beside assets here
  const int64_t key_;
  const std::shared_ptr<const void> held_;
};

}  // namespace damfs
