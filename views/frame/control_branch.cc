// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/frame/control_branch.h"

#include <algorithm>
#include <utility>

#include "views/frame/static_folder.h"
#include "views/frame/text_content.h"
#include "views/frame/tree_context.h"

namespace damfs {
namespace {

class ControlNode final : public Node {
 public:
  ControlNode(const TreeContext& context, size_t index)
      : Node(NodeId::file(NodeId::FileKind::kControl, 0, static_cast<int64_t>(index) + 1)),
        context_(context),
        file_(context.control_files[index]) {}

  std::optional<Attributes> attributes() const override {
    return Attributes{.node = id(),
                      .mode = kMadeFileMode,
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

constexpr NodeId kFolder = NodeId::directory(ViewCode::kNone, 0, kControlKey);

}  // namespace

bool ControlBranch::owns(NodeId id) const {
  if (id.is_directory()) return id.view() == ViewCode::kNone && id.key() == kControlKey;
  return id.file_kind() == NodeId::FileKind::kControl;
}

NodeRef ControlBranch::node(NodeId id) const {
  if (id.is_directory()) return id == kFolder ? folder() : nullptr;
  const auto index = static_cast<size_t>(id.file_id()) - 1;
  const bool is_canonical = id == NodeId::file(NodeId::FileKind::kControl, 0, id.file_id());
  return is_canonical && id.file_id() > 0 && index < context_.control_files.size() ? file(index) : nullptr;
}

std::vector<Branch::Entry> ControlBranch::entries(const Lens& through) const {
  if (through.code() != 0) return {};
  return {{".damfs", [this] { return folder(); }}};
}

NodeRef ControlBranch::folder() const {
  std::vector<Entry> entries;
  for (size_t i = 0; i < context_.control_files.size(); ++i) {
    entries.push_back({context_.control_files[i].name, [this, i] { return file(i); }});
  }
  return std::make_shared<StaticFolder>(kFolder, NodeId::root(), context_.mounted_ns, std::move(entries));
}

NodeRef ControlBranch::file(size_t index) const { return std::make_shared<ControlNode>(context_, index); }

}  // namespace damfs
