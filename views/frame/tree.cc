// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/frame/tree.h"

#include <sys/stat.h>

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "catalog/base/clock.h"
#include "catalog/base/error.h"
#include "catalog/base/log.h"
#include "catalog/model/write/purge.h"
#include "views/frame/folder_node.h"
#include "views/frame/original_node.h"
#include "views/frame/reach.h"
#include "views/frame/static_nodes.h"
#include "views/frame/tree_context.h"
#include "views/packs/pack_nodes.h"
#include "views/previews/collage_node.h"
#include "views/previews/still_node.h"
#include "views/proxies/camera_node.h"
#include "views/proxies/clip_node.h"
#include "views/search/search_news.h"
#include "views/sidecars/sidecar_nodes.h"
#include "views/trash/desktop_nodes.h"
#include "views/write/draft_node.h"

namespace damfs {

const View* TreeContext::view(unsigned code) const {
  const auto found = std::find_if(views.begin(), views.end(), [&](const auto& view) { return view->code() == code; });
  return found == views.end() ? nullptr : found->get();
}

const Lens* TreeContext::lens(unsigned code) const {
  const auto found = std::find_if(lenses.begin(), lenses.end(), [&](const auto& lens) { return lens->code() == code; });
  return found == lenses.end() ? nullptr : found->get();
}

Attributes directory_attributes(NodeId id, int64_t changed_ns) {
  return {.node = id, .mode = kDirectoryMode, .nlink = 1, .size = 0, .mtime_ns = changed_ns, .ctime_ns = changed_ns};
}

void apply(const Ownership& ownership, Attributes& attributes) {
  if (ownership.mode) attributes.mode = (attributes.mode & S_IFMT) | (static_cast<mode_t>(*ownership.mode) & 07777);
  if (ownership.uid) attributes.uid = static_cast<uint32_t>(*ownership.uid);
  if (ownership.gid) attributes.gid = static_cast<uint32_t>(*ownership.gid);
}

void narrow(const Ownership& ownership, Attributes& attributes) {
  const mode_t readers = static_cast<mode_t>(ownership.mode.value_or(kFileMode)) & 0444;
  attributes.mode &= S_IFMT | readers | readers >> 1 | readers >> 2;
  if (ownership.uid) attributes.uid = static_cast<uint32_t>(*ownership.uid);
  if (ownership.gid) attributes.gid = static_cast<uint32_t>(*ownership.gid);
}

class Tree::Impl {
 public:
  explicit Impl(Options options)
      : acts_(options.catalog),
        drafts_({options.catalog, options.objects, options.places, acts_, options.prober}),
        context_{options.catalog,
                 options.objects,
                 options.places,
                 options.stills,
                 options.clips,
                 options.members,
                 acts_,
                 drafts_,
                 std::move(options.control_files),
                 make_views(),
                 {},
                 now_ns(),
                 0},
        reach_(context_) {
    context_.lenses.push_back(std::make_unique<PlainLens>());
    for (const StillProfile& profile : options.stills.profiles()) {
      context_.lenses.push_back(std::make_unique<StillLens>(profile));
    }
    for (const ClipProfile& profile : clip_profiles()) {
      context_.lenses.push_back(std::make_unique<ClipLens>(profile));
    }
    context_.lenses.push_back(std::make_unique<CameraProxyLens>());
    const auto config = options.catalog.in().folder.stat("objects");
    context_.created_ns = config ? to_ns(config->st_ctim) : context_.mounted_ns;
    context_.control_files.push_back({"last-error", 1024, [this] { return context_.last_error.line(); }});
    root_ = make_root(context_);
    drafts_.load([this](unsigned code) { return context_.view(code); });
  }

  // What only this mount knows goes into the catalog, while its views are there.
  ~Impl() { drafts_.finish(); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  NodeRef root() const { return root_; }
  NodeRef node(NodeId id) const { return id.is_directory() ? directory(id) : file(id); }
  News news(int64_t since, const std::function<bool(NodeId)>& is_known) const;
  bool shows(const Node& node, const Asker& asker, Wanted wanted) const { return reach_.shows(node, asker, wanted); }
  void refused(const std::string& reason) const { context_.last_error.note(reason); }
  Catalog& catalog() const { return context_.catalog; }
  std::string path_of(NodeId directory) const {
    const View* view = directory.lens() == 0 ? context_.view(directory.view()) : nullptr;
    if (view == nullptr) return {};
    const std::string place = place_in_words(*view, *context_.catalog.reader(), directory.key());
    return view->group_of(0).grouping == Grouping::kFolder ? std::string(view->name()) + "/" + place : place;
  }
  void sync(Done done) const { drafts_.sync_catalog(std::move(done)); }

 private:
  class NewsWriter;
  void purge_hidden_trash_when_due() const;

  NodeRef directory(NodeId id) const {
    if (id == NodeId::root()) return root_;
    if (id.view() == ViewCode::kDesktopTrash) return desktop_trash_folder(context_, id);
    if (id.view() == ViewCode::kPacks) return packs_folder(context_, id);
    const Lens* lens = context_.lens(id.lens());
    if (lens == nullptr) return nullptr;
    if (id.view() == 0) {
      if (lens->code() != 0) return lens->top_key() == id.key() ? make_lens_folder(context_, *lens) : nullptr;
      if (id.key() == kPreviewsKey || id.key() == kProxiesKey) return make_lenses_folder(context_, id.key());
      return id.key() == kControlKey ? make_control_folder(context_) : nullptr;
    }
    const View* view = context_.view(id.view());
    // A view's top has key 0; a number with the stored tree's own top in it was never handed out.
    if (view == nullptr || view->key_of(view->group_of(id.key())) != id.key()) return nullptr;
    if (!view->is_seen_through(*lens)) return nullptr;
    auto node = std::make_shared<FolderNode>(context_, *view, *lens, id.key());
    return node->attributes() ? node : nullptr;
  }

  NodeRef file(NodeId id) const {
    if (id.file_kind() == NodeId::FileKind::kControl) {
      const auto index = static_cast<size_t>(id.file_id()) - 1;
      const bool is_canonical = id == NodeId::file(NodeId::FileKind::kControl, 0, id.file_id());
      return is_canonical && id.file_id() > 0 && index < context_.control_files.size()
                 ? make_control_file(context_, index)
                 : nullptr;
    }
    if (id.file_kind() == NodeId::FileKind::kMore) {
      NodeRef found = sidecars_file(context_, id);
      return found ? found : desktop_trash_file(context_, id);
    }
    if (id.file_kind() == NodeId::FileKind::kMember) return packs_file(context_, id);
    if (id.file_kind() == NodeId::FileKind::kCollage) {
      return CollageNode::view_of(id) == ViewCode::kPacks ? packs_collage(context_, id)
                                                          : CollageNode::find(context_, id);
    }
    if (id.file_kind() == NodeId::FileKind::kOriginal && id.profile() == 0) {
      auto draft = drafts_.find(id.file_id());
      const bool is_catalogued = draft && !draft->holds_name() && context_.catalog.reader()->version(id.file_id());
      if (draft && !is_catalogued) return std::make_shared<DraftNode>(std::move(draft));
      if (auto next = drafts_.written_by_number(id.file_id())) return std::make_shared<DraftNode>(std::move(next));
    }
    const Lens* lens = context_.lens(id.profile());
    if (lens == nullptr || lens->node_id(id.file_id()) != id) return nullptr;
    const auto asset = context_.catalog.reader()->version(id.file_id());
    return asset && lens->attributes(asset->row) ? lens->node(context_, *asset) : nullptr;
  }

  Acts acts_;
  mutable Drafts drafts_;
  TreeContext context_;
  Reach reach_;
  mutable int64_t hidden_trash_due_ns_ = 0;
  NodeRef root_;
};

// Turns rows of the change feed into what a kernel may hold. Directories it does not hold are left out.
class Tree::Impl::NewsWriter {
 public:
  NewsWriter(const TreeContext& context, const std::function<bool(NodeId)>& is_known,
             const std::vector<ChangeRow>& changes, std::vector<Stale>& stale)
      : context_(context), is_known_(is_known), stale_(stale) {
    for (const ChangeRow& change : changes) {
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
    return replaced_.contains(asset.row.id) || lens.attributes(asset.row);
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
  std::vector<Stale>& stale_;
  int64_t change_ = 0;  // the one at hand
  std::unordered_set<NodeId> listed_;
};

// Nobody has missed it for days. Asked by one thread alone.
void Tree::Impl::purge_hidden_trash_when_due() const {
  constexpr int64_t kDayNs = int64_t{86'400} * 1'000'000'000;
  constexpr int64_t kKeptDays = 7;
  const int64_t now = now_ns();
  if (now < hidden_trash_due_ns_) return;
  hidden_trash_due_ns_ = now + kDayNs;
  try {
    purge_hidden_trash(context_.catalog, now - kKeptDays * kDayNs);
  } catch (const Error& error) {
    log::warning("the trash could not be rid of what programs left: {}", error.what());
  }
}

Tree::News Tree::Impl::news(int64_t since, const std::function<bool(NodeId)>& is_known) const {
  News news;
  purge_hidden_trash_when_due();
  for (const NodeId id : drafts_.tidy()) {
    if (is_known(id)) add_stale_listing(context_, id, news.stale);
  }
  add_given_up_entries(context_, is_known, news.stale);
  context_.desktop_trash.take_stale_entries(is_known, news.stale);
  std::vector<ChangeRow> changes;
  {
    const auto reader = context_.catalog.reader();
    news.newest = std::max(since, reader->newest_change());
    if (news.newest == since) return news;
    news.everything = reader->oldest_change() > since + 1;
    changes = reader->changes_after(since);
  }
  if (news.everything) add_all_desktop_trash(context_, is_known, news.stale);
  NewsWriter writer(context_, is_known, changes, news.stale);
  for (const ChangeRow& change : changes) writer.add(change);
  add_stale_searches(context_, is_known, changes, news.stale);
  add_stale_desktop_trash(context_, is_known, changes, news.stale);
  add_stale_packs(context_, is_known, changes, news.stale);
  if (!changes.empty()) news.newest = changes.back().id;
  context_.acts.forget_up_to(news.newest);
  return news;
}

Tree::Tree(Options options) : impl_(std::make_unique<Impl>(std::move(options))) {}
Tree::~Tree() = default;
NodeRef Tree::root() const { return impl_->root(); }
NodeRef Tree::node(NodeId id) const { return impl_->node(id); }
std::string Tree::path_of(NodeId directory) const { return impl_->path_of(directory); }
bool Tree::shows(const Node& node, const Asker& asker, Wanted wanted) const {
  return impl_->shows(node, asker, wanted);
}
void Tree::refused(const std::string& reason) const { impl_->refused(reason); }
void Tree::sync(Done done) const { impl_->sync(std::move(done)); }
int64_t Tree::newest_change() const { return impl_->catalog().reader()->newest_change(); }
Tree::News Tree::news(int64_t since, const std::function<bool(NodeId)>& is_known) const {
  return impl_->news(since, is_known);
}

}  // namespace damfs
