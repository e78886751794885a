// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "views/frame/branch.h"

namespace damfs {

// .damfs/ and the files in it (TreeContext::control_files).
class ControlBranch final : public Branch {
 public:
  using Branch::Branch;
  bool owns(NodeId id) const override;
  NodeRef node(NodeId id) const override;
  bool shows(const Reach&, const Node&, const Asker&, Wanted) const override { return true; }
  std::vector<Entry> entries(const Lens& through) const override;

 private:
  NodeRef folder() const;
  NodeRef file(size_t index) const;
};

}  // namespace damfs
