// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "views/frame/branch.h"

namespace damfs {

// The root of the mount, previews/ and proxies/, and the folder of each lens in them: what every branch has stands
// there. None of them ever changes.
class LensBranch final : public Branch {
 public:
  using Branch::Branch;
  bool owns(NodeId id) const override;
  NodeRef node(NodeId id) const override;
  bool shows(const Reach&, const Node&, const Asker&, Wanted) const override { return true; }
  std::vector<Entry> entries(const Lens& through) const override;

 private:
  NodeRef root() const;
  NodeRef lenses_folder(int64_t key) const;
  NodeRef lens_folder(const Lens& lens) const;
  std::vector<Entry> entries_of_all(const Lens& through) const;
};

}  // namespace damfs
