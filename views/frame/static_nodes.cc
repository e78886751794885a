// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/frame/static_nodes.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "views/frame/folder_node.h"
#include "views/frame/text_content.h"
#include "views/packs/pack_nodes.h"
#include "views/trash/desktop_nodes.h"

namespace damfs {
namespace {

// A folder whose entries are known when the mount is made.
class StaticFolder final : public Node {
 public:
  struct Entry {
    std::string name;
    std::function<NodeRef()> node;
  };

  using Unlisted = std::function<NodeRef(std::string_view name)>;

  StaticFolder(NodeId id, NodeId parent, int64_t changed_ns, std::vector<Entry> entries, Unlisted unlisted = nullptr)
      : Node(id),
        parent_(parent),
        changed_ns_(changed_ns),
        entries_(std::move(entries)),
        unlisted_(std::move(unlisted)) {}

  std::optional<Attributes> attributes() const override { return directory_attributes(id(), changed_ns_); }

  NodeRef lookup(EntryName name) const override {
    const auto found =
        std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) { return entry.name == name.view(); });
    if (found != entries_.end()) return found->node();
    return unlisted_ ? unlisted_(name.view()) : nullptr;
  }

  NodeId parent() const override { return parent_; }

  void list(Cursor after, EntrySink& sink) const override {
    for (size_t i = after; i < entries_.size(); ++i) {
      const auto attributes = entries_[i].node()->attributes();
      if (attributes && !sink.add(entries_[i].name, *attributes, i + 1)) return;
    }
  }

 private:
  const NodeId parent_;
  const int64_t changed_ns_;
  const std::vector<Entry> entries_;
  const Unlisted unlisted_;  // what there is beside them
};

void add_views(const TreeContext& context, const Lens& lens, std::vector<StaticFolder::Entry>& entries) {
  for (const auto& view : context.views) {
    if (!view->is_seen_through(lens)) continue;
    entries.push_back({std::string(view->name()), [&context, &lens, &view = *view] {
                         return std::make_shared<FolderNode>(context, view, lens, 0);
                       }});
  }
}

class ControlNode final : public Node {
 public:
  ControlNode(const TreeContext& context, size_t index)
      : Node(NodeId::file(NodeId::FileKind::kControl, 0, static_cast<int64_t>(index) + 1)),
        context_(context),
        file_(context.control_files[index]) {}

  std::optional<Attributes> attributes() const override {
    return Attributes{.node = id(),
                      .mode = 0100444,
                      .nlink = 1,
                      .size = file_.size,
                      .mtime_ns = context_.mounted_ns,
                      .ctime_ns = context_.mounted_ns};
  }

  ContentRef open(const OpenRequest&) const override {
    std::string text = file_.content();
    text.resize(std::min(text.size(), file_.size - 1));
    text.resize(file_.size - 1, ' ');
    text += '\n';
    return std::make_shared<TextContent>(std::move(text), TextContent::Lasts::kForItsOpener);
  }

 private:
  const TreeContext& context_;
  const ControlFile& file_;
};

}  // namespace

NodeRef make_root(const TreeContext& context) {
  std::vector<StaticFolder::Entry> entries;
  add_views(context, *context.lenses.front(), entries);
  entries.push_back({std::string(kPacksName), [&context] { return make_packs_folder(context); }});
  entries.push_back({"previews", [&context] { return make_lenses_folder(context, kPreviewsKey); }});
  entries.push_back({"proxies", [&context] { return make_lenses_folder(context, kProxiesKey); }});
  entries.push_back({".damfs", [&context] { return make_control_folder(context); }});
  return std::make_shared<StaticFolder>(
      NodeId::root(), NodeId::root(), context.created_ns, std::move(entries),
      [&context](std::string_view name) { return find_desktop_trash(context, name); });
}

NodeRef make_lenses_folder(const TreeContext& context, int64_t key) {
  std::vector<StaticFolder::Entry> entries;
  for (const auto& lens : context.lenses) {
    if (lens->code() == 0 || lens->top_key() != key) continue;
    entries.push_back(
        {std::string(lens->name()), [&context, &each = *lens] { return make_lens_folder(context, each); }});
  }
  return std::make_shared<StaticFolder>(NodeId::directory(0, 0, key), NodeId::root(), context.created_ns,
                                        std::move(entries));
}

NodeRef make_lens_folder(const TreeContext& context, const Lens& lens) {
  std::vector<StaticFolder::Entry> entries;
  add_views(context, lens, entries);
  if (const StillProfile* profile = lens.still_profile()) {
    entries.push_back({std::string(kPacksName), [&context, profile] { return make_packs_folder(context, profile); }});
  }
  return std::make_shared<StaticFolder>(NodeId::directory(0, lens.code(), lens.top_key()),
                                        NodeId::directory(0, 0, lens.top_key()), context.created_ns,
                                        std::move(entries));
}

NodeRef make_control_folder(const TreeContext& context) {
  std::vector<StaticFolder::Entry> entries;
  for (size_t i = 0; i < context.control_files.size(); ++i) {
    entries.push_back({context.control_files[i].name, [&context, i] { return make_control_file(context, i); }});
  }
  return std::make_shared<StaticFolder>(NodeId::directory(0, 0, kControlKey), NodeId::root(), context.mounted_ns,
                                        std::move(entries));
}

NodeRef make_control_file(const TreeContext& context, size_t index) {
  return std::make_shared<ControlNode>(context, index);
}

}  // namespace damfs
