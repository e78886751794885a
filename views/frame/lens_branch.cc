// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/frame/lens_branch.h"

#include <utility>

#include "views/frame/lens.h"
#include "views/frame/static_folder.h"
#include "views/frame/tree_context.h"

namespace damfs {

bool LensBranch::owns(NodeId id) const {
  return id.is_directory() && id.view() == ViewCode::kNone && id.key() != kControlKey;
}

NodeRef LensBranch::node(NodeId id) const {
  if (id == NodeId::root()) return root();
  const Lens* lens = context_.lens(id.lens());
  if (lens == nullptr) return nullptr;
  if (lens->code() != 0) return lens->top_key() == id.key() ? lens_folder(*lens) : nullptr;
  return id.key() == kPreviewsKey || id.key() == kProxiesKey ? lenses_folder(id.key()) : nullptr;
}

std::vector<Branch::Entry> LensBranch::entries(const Lens& through) const {
  if (through.code() != 0) return {};
  return {{"previews", [this] { return lenses_folder(kPreviewsKey); }},
          {"proxies", [this] { return lenses_folder(kProxiesKey); }}};
}

std::vector<Branch::Entry> LensBranch::entries_of_all(const Lens& through) const {
  std::vector<Entry> all;
  for (const auto& branch : context_.branches) {
    for (Entry& each : branch->entries(through)) all.push_back(std::move(each));
  }
  return all;
}

NodeRef LensBranch::root() const {
  return std::make_shared<StaticFolder>(NodeId::root(), NodeId::root(), context_.created_ns,
                                        entries_of_all(*context_.lenses.front()),
                                        [&context = context_](std::string_view name) -> NodeRef {
                                          for (const auto& branch : context.branches) {
                                            if (NodeRef found = branch->unlisted(name)) return found;
                                          }
                                          return nullptr;
                                        });
}

NodeRef LensBranch::lenses_folder(int64_t key) const {
  std::vector<Entry> entries;
  for (const auto& lens : context_.lenses) {
    if (lens->code() == 0 || lens->top_key() != key) continue;
    entries.push_back({std::string(lens->name()), [this, &each = *lens] { return lens_folder(each); }});
  }
  return std::make_shared<StaticFolder>(NodeId::directory(0, 0, key), NodeId::root(), context_.created_ns,
                                        std::move(entries));
}

NodeRef LensBranch::lens_folder(const Lens& lens) const {
  return std::make_shared<StaticFolder>(NodeId::directory(0, lens.code(), lens.top_key()),
                                        NodeId::directory(0, 0, lens.top_key()), context_.created_ns,
                                        entries_of_all(lens));
}

}  // namespace damfs
