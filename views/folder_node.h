// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "views/lens.h"
#include "views/tree_context.h"
#include "views/view.h"

namespace damfs {

// A folder of a view, seen through a lens.
class FolderNode final : public Node {
 public:
  FolderNode(const TreeContext& context, const View& view, const Lens& lens, int64_t key);
  std::optional<Attributes> attributes() const override;
  NodeRef lookup(EntryName name) const override;
  NodeId parent() const override;
  void list(Cursor after, EntrySink& sink) const override;

  // The name that an asset called `name` in this folder is shown under.
  std::string shown_name(std::string_view name, int64_t asset) const;

  // An asset here that would be shown as `shown`, were there no folder of that name.
  std::optional<FoundAsset> source_of(std::string_view shown) const;

  // Every name that may mean something else, now that the asset called `name` came, went or changed.
  std::vector<std::string> names_in_doubt(std::string_view name, int64_t asset) const;

 private:
  class FolderSiblings;
  NodeId folder_id(int64_t key) const;
  Attributes folder_attributes(const GroupRow& row) const;
  std::optional<FoundAsset> find_source(std::string_view shown) const;
  bool list_folders(Reader& reader, int64_t after, EntrySink& sink) const;
  void list_assets(Reader& reader, int64_t after, EntrySink& sink) const;

  const TreeContext& context_;
  const View& view_;
  const Lens& lens_;
  const int64_t key_;
};

}  // namespace damfs
