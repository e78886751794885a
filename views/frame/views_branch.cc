// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/frame/views_branch.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "views/frame/folder_node.h"
#include "views/frame/original_node.h"
#include "views/frame/reach.h"
#include "views/frame/tree_context.h"
#include "views/previews/collage_node.h"
#include "views/write/draft_node.h"

namespace damfs {
namespace {

// Turns rows of the change feed into what a kernel may hold. Directories it does not hold are left out.
class NewsWriter {
 public:
  NewsWriter(const TreeContext& context, const Changes& changes, const StaleNodes& nodes)
      : context_(context), is_known_(nodes.is_known), may_miss_some_(changes.is_part), stale_(nodes.stale) {
    for (const ChangeRow& change : changes.rows) {
      if (change.what == ChangeRow::What::kAsset && change.version != 0) replaced_.insert(change.asset);
    }
  }

  void add(const ChangeRow& change) {
    change_ = change.id;
    switch (change.what) {
      case ChangeRow::What::kAsset: return add_asset(change.asset, change.version);
      case ChangeRow::What::kLostName:
        add_name({change.grouping, change.key}, change.name, change.asset);
        return add_attributes(change.asset);
      case ChangeRow::What::kNewGroup: return add_folder({change.grouping, change.key}, change.name);
      case ChangeRow::What::kGroup: return add_listing({change.grouping, change.key});
      case ChangeRow::What::kBytes:
        // What was written through this mount, its kernel has.
        return add_version(change.version,
                           context_.acts.is_own(change.id) ? Stale::What::kAttributes : Stale::What::kBytes);
    }
  }

 private:
  template <typename Work>
  void each_folder(View::Group group, const Work& work) {
    for (const auto& view : context_.views) {
      if (const auto key = view->key_of(group)) each_lens(*view, *key, work);
    }
  }

  template <typename Work>
  void each_lens(const View& view, int64_t key, const Work& work) {
    for (const auto& lens : context_.lenses) {
      const NodeId id = NodeId::directory(view.code(), lens->code(), key);
      if (view.is_seen_through(*lens) && is_known_(id)) work(view, *lens, key, id);
    }
  }

  void listing(NodeId id) {
    if (listed_.insert(id).second) add_stale_listing(context_, id, stale_);
  }

  void add_listing(View::Group group) {
    each_folder(group, [&](const View&, const Lens&, int64_t, NodeId id) { listing(id); });
  }

  void stale_entry(NodeId directory, std::string name) {
    if (context_.acts.is_known(change_, directory, name)) return;
    stale_.push_back({Stale::What::kEntry, directory, std::move(name)});
  }

  void add_folder(View::Group parent, const std::string& name) {
    each_folder(parent, [&](const View& view, const Lens& lens, int64_t key, NodeId id) {
      stale_entry(id, name);
      listing(id);
      // An asset that was shown so steps aside.
      const FolderNode folder(context_, view, lens, key);
      if (const auto asset = folder.source_of(name)) entry(folder, asset->name, asset->row.id);
    });
  }

  void entry(const FolderNode& folder, std::string_view name, int64_t asset) {
    for (std::string& each : folder.names_in_doubt(name, asset)) {
      stale_entry(folder.id(), std::move(each));
    }
    listing(folder.id());
  }

  void add_name(View::Group group, const std::string& name, int64_t asset) {
    const auto row = context_.catalog.reader()->asset(asset);
    each_folder(group, [&](const View& view, const Lens& lens, int64_t key, NodeId) {
      if (row && !has_shown(lens, *row)) return;
      entry(FolderNode(context_, view, lens, key), name, asset);
    });
  }

  // Whether the asset is shown through that lens, or was before these changes.
  bool has_shown(const Lens& lens, const FoundAsset& asset) const {
    return may_miss_some_ || replaced_.contains(asset.row.id) || lens.attributes(asset.row);
  }

  void add_version(int64_t version, Stale::What what = Stale::What::kAttributes) {
    for (const auto& lens : context_.lenses) {
      stale_.push_back({what, lens->node_id(version), {}});
    }
    for (const auto& view : context_.views) {
      if (const Beside* beside = view->beside()) stale_.push_back({what, beside->lens().node_id(version), {}});
    }
  }

  void add_attributes(int64_t asset) {
    const auto row = context_.catalog.reader()->asset(asset);
    if (row) add_version(row->row.version);
  }

  void add_asset(int64_t asset, int64_t old_version) {
    const auto row = context_.catalog.reader()->asset(asset);
    if (!row) return;
    add_version(row->row.version);
    if (old_version != 0) add_version(old_version);
    for (const auto& view : context_.views) {
      const auto reader = context_.catalog.reader();
      view->names(*reader, *row, [&](int64_t key, std::string_view name) {
        each_lens(*view, key, [&](const View&, const Lens& lens, int64_t, NodeId) {
          if (!has_shown(lens, *row)) return;
          entry(FolderNode(context_, *view, lens, key), name, asset);
        });
      });
    }
  }

  const TreeContext& context_;
  const std::function<bool(NodeId)>& is_known_;
  std::unordered_set<int64_t> replaced_;  // have other bytes or facts than before
  const bool may_miss_some_;              // of those
  std::vector<Stale>& stale_;
  int64_t change_ = 0;  // the one at hand
  std::unordered_set<NodeId> listed_;
};

bool has_view(const TreeContext& context, NodeId id) {
  const unsigned code = id.is_directory() ? id.view() : CollageNode::view_of(id);
  return context.view(code) != nullptr;
}

}  // namespace

bool ViewsBranch::owns(NodeId id) const {
  if (id.is_directory()) return has_view(context_, id);
  switch (id.file_kind()) {
    case NodeId::FileKind::kOriginal:
    case NodeId::FileKind::kStill:
    case NodeId::FileKind::kClip:
    case NodeId::FileKind::kCameraProxy: return true;
    case NodeId::FileKind::kCollage: return has_view(context_, id);
    default: return false;
  }
}

NodeRef ViewsBranch::node(NodeId id) const {
  if (id.is_directory()) return folder(id);
  if (id.file_kind() == NodeId::FileKind::kCollage) return CollageNode::find(context_, id);
  if (NodeRef draft = being_written(id)) return draft;
  const Lens* lens = context_.lens(id.profile());
  if (lens == nullptr || lens->node_id(id.file_id()) != id) return nullptr;
  const auto asset = context_.catalog.reader()->version(id.file_id());
  return asset && lens->attributes(asset->row) ? lens->node(context_, *asset) : nullptr;
}

NodeRef ViewsBranch::folder(NodeId id) const {
  const View* view = context_.view(id.view());
  const Lens* lens = context_.lens(id.lens());
  if (view == nullptr || lens == nullptr) return nullptr;
  // A view's top has key 0; a number with the stored tree's own top in it was never handed out.
  if (view->key_of(view->group_of(id.key())) != id.key()) return nullptr;
  if (!view->is_seen_through(*lens)) return nullptr;
  auto node = std::make_shared<FolderNode>(context_, *view, *lens, id.key());
  return node->attributes() ? node : nullptr;
}

NodeRef ViewsBranch::being_written(NodeId id) const {
  if (id.file_kind() != NodeId::FileKind::kOriginal || id.profile() != 0) return nullptr;
  auto draft = context_.drafts.find(id.file_id());
  const bool is_catalogued = draft && !draft->holds_name() && context_.catalog.reader()->version(id.file_id());
  if (draft && !is_catalogued) return std::make_shared<DraftNode>(std::move(draft));
  auto next = context_.drafts.written_by_number(id.file_id());
  return next ? std::make_shared<DraftNode>(std::move(next)) : nullptr;
}

std::vector<Branch::Entry> ViewsBranch::entries(const Lens& through) const {
  std::vector<Entry> entries;
  for (const auto& view : context_.views) {
    if (!view->is_seen_through(through)) continue;
    entries.push_back({std::string(view->name()), [&context = context_, &through, &view = *view] {
                         return std::make_shared<FolderNode>(context, view, through, 0);
                       }});
  }
  return entries;
}

bool ViewsBranch::shows(const Reach& reach, const Node& node, const Asker& asker, Wanted wanted) const {
  const NodeId id = node.id();
  if (!id.is_directory()) return shows_file(reach, node, asker, wanted);
  const View::Group group = context_.view(id.view())->group_of(id.key());
  if (group.grouping == Grouping::kTrash || group.grouping == Grouping::kDuplicates) return false;
  if (group.grouping != Grouping::kFolder || group.key == top_key(Grouping::kFolder)) return true;
  // Its own mode the kernel has looked at: what may be done with it is not the same for chmod, ls and cd.
  return reach.leads_to_folder(group.key, asker);
}

bool ViewsBranch::shows_file(const Reach& reach, const Node& node, const Asker& asker, Wanted wanted) const {
  const NodeId id = node.id();
  if (id.file_kind() == NodeId::FileKind::kCollage) return CollageNode::is_shown(node, reach, asker, wanted);
  if (!reach.shows_version(id.file_id(), asker, wanted)) return false;
  if (id.file_kind() != NodeId::FileKind::kCameraProxy) return true;
  // What it is called is one asset's, what it holds is another's.
  const auto asset = context_.catalog.reader()->version(id.file_id());
  return asset && reach.shows_version(asset->row.camera_proxy.version, asker, wanted);
}

void ViewsBranch::add_stale(const Changes& changes, const StaleNodes& nodes) const {
  NewsWriter writer(context_, changes, nodes);
  for (const ChangeRow& change : changes.rows) writer.add(change);
}

void ViewsBranch::add_stale_unchanged(const StaleNodes& nodes) const {
  for (const NodeId id : context_.drafts.tidy()) {
    if (nodes.is_known(id)) add_stale_listing(context_, id, nodes.stale);
  }
}

void add_stale_listing(const TreeContext& context, NodeId folder, std::vector<Stale>& stale) {
  stale.push_back({Stale::What::kListing, folder, {}});
  if (std::string name = context.lens(folder.lens())->folder_file_name(); !name.empty()) {
    stale.push_back({Stale::What::kEntry, folder, std::move(name)});
    stale.push_back({Stale::What::kAttributes, CollageNode::node_id(folder.view(), folder.lens(), folder.key()), {}});
  }
}

}  // namespace damfs
