// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <vector>

#include "views/derive/still_profile.h"
#include "views/frame/tree_context.h"
#include "views/frame/view.h"

namespace damfs {

// The picture that stands for a folder of a view: a collage of the first assets in it that have stills, or of those
// in its first sub-folders. It changes with the folder.
class CollageNode final : public Node {
 public:
  // Null: nothing in the folder has a still.
  static NodeRef find(const TreeContext& context, const View& view, const StillProfile& profile, int64_t key);
  // The node with that number; null when there is none.
  static NodeRef find(const TreeContext& context, NodeId id);
  static NodeId node_id(unsigned view, unsigned profile, int64_t key);
  // Whether that one may see all that is in it: its bytes are the same for everybody.
  static bool is_shown(const Node& node, const Reach& reach, const Asker& asker, Wanted wanted);
  static unsigned view_of(NodeId id);  // code and key that it was made of
  static int64_t key_of(NodeId id);
  static std::string name(const StillProfile& profile);  // "folder.webp"

  // Whether everybody may read all that is in it; if not, it is its owner's alone.
  enum class Readers : uint8_t { kAll, kOwner };
  CollageNode(const TreeContext& context, const StillProfile& profile, NodeId id, int64_t changed_ns,
              std::vector<Stills::Shown> shown, Readers readers)
      : Node(id),
        context_(context),
        profile_(profile),
        changed_ns_(changed_ns),
        shown_(std::move(shown)),
        readers_(readers) {}
  static Readers readers_of(const Ownership& ownership, Readers others);  // with one picture more
  const std::vector<Stills::Shown>& shown() const { return shown_; }
  std::optional<Attributes> attributes() const override;
  ContentRef open(const OpenRequest& request) const override;
  std::optional<std::string> xattr(std::string_view name) const override;
  std::vector<std::string> xattr_names() const override;

 private:
  const TreeContext& context_;
  const StillProfile& profile_;
  const int64_t changed_ns_;
  const std::vector<Stills::Shown> shown_;
  const Readers readers_;
};

}  // namespace damfs
