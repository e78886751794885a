// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/frame/tree.h"

#include <sys/stat.h>

#include <algorithm>
#include <utility>

#include "catalog/base/clock.h"
#include "catalog/base/error.h"
#include "catalog/base/log.h"
#include "catalog/model/write/purge.h"
#include "views/frame/branch.h"
#include "views/frame/doing.h"
#include "views/frame/reach.h"
#include "views/frame/tree_context.h"

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
                 make_lenses(options.stills),
                 {},
                 now_ns(),
                 0},
        reach_(context_),
        changes_at_once_(options.changes_at_once) {
    const auto config = options.catalog.in().folder.stat("objects");
    context_.created_ns = config ? to_ns(config->st_ctim) : context_.mounted_ns;
    context_.control_files.push_back({"last-error", 1024, [this] { return context_.last_error.line(); }});
    context_.branches = make_branches(context_);
    root_ = node(NodeId::root());
    drafts_.load([this](unsigned code) { return context_.view(code); });
  }

  // What only this mount knows goes into the catalog, while its views are there.
  ~Impl() { drafts_.finish(); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  NodeRef root() const { return root_; }
  NodeRef node(NodeId id) const {
    const Branch* branch = branch_of(id);
    return branch == nullptr ? nullptr : branch->node(id);
  }
  bool shows(const Node& node, const Asker& asker, Wanted wanted) const {
    const Branch* branch = branch_of(node.id());
    return branch != nullptr && branch->shows(reach_, node, asker, wanted);
  }
  News news(int64_t since, const std::function<bool(NodeId)>& is_known) const;
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
  void purge_hidden_trash_when_due() const;

  const Branch* branch_of(NodeId id) const {
    const auto found = std::find_if(context_.branches.begin(), context_.branches.end(),
                                    [&](const auto& branch) { return branch->owns(id); });
    return found == context_.branches.end() ? nullptr : found->get();
  }

  Acts acts_;
  mutable Drafts drafts_;
  TreeContext context_;
  Reach reach_;
  const int64_t changes_at_once_;
  mutable int64_t hidden_trash_due_ns_ = 0;
  mutable int64_t parted_at_ = -1;  // the change behind which the last part of the feed was to be read
  NodeRef root_;
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
  const StaleNodes nodes{is_known, news.stale};
  purge_hidden_trash_when_due();
  for (const auto& branch : context_.branches) branch->add_stale_unchanged(nodes);
  std::vector<ChangeRow> rows;
  {
    const auto reader = context_.catalog.reader();
    news.newest = std::max(since, reader->newest_change());
    if (news.newest == since) return news;
    news.everything = reader->oldest_change() > since + 1;
    if (!news.everything) rows = reader->changes_after(since, changes_at_once_);
  }
  if (news.everything) {
    for (const auto& branch : context_.branches) branch->add_all_stale(nodes);
  }
  if (!rows.empty()) {
    news.is_part = rows.back().id < news.newest;
    const Changes changes{rows, news.is_part || since == parted_at_};
    news.newest = rows.back().id;
    if (news.is_part) parted_at_ = news.newest;
    for (const auto& branch : context_.branches) branch->add_stale(changes, nodes);
  }
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
