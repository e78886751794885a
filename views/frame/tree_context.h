// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "catalog/model/catalog.h"
#include "views/derive/clips.h"
#include "views/derive/members.h"
#include "views/derive/stills.h"
#include "views/frame/acts.h"
#include "views/frame/branch.h"
#include "views/frame/last_error.h"
#include "views/frame/lens.h"
#include "views/frame/tree.h"
#include "views/frame/view.h"
#include "views/trash/desktop_trash.h"
#include "views/write/drafts.h"

namespace damfs {

// What every node of one mounted tree can reach. Lives as long as the tree, and so longer than its nodes.
struct TreeContext {
  Catalog& catalog;
  ObjectStore& objects;
  Places& places;
  Stills& stills;
  Clips& clips;
  Members& members;
  Acts& acts;
  Drafts& drafts;
  std::vector<ControlFile> control_files;
  std::vector<std::unique_ptr<View>> views;
  std::vector<std::unique_ptr<Lens>> lenses;  // [0] shows originals themselves
  std::vector<std::unique_ptr<Branch>> branches;
  int64_t mounted_ns = 0;
  int64_t created_ns = 0;  // of the library: the mtime of folders that never change
  mutable LastError last_error{};
  mutable DesktopTrash desktop_trash{};

  const View* view(unsigned code) const;
  const Lens* lens(unsigned code) const;
};

Attributes directory_attributes(NodeId id, int64_t changed_ns);
// Applies the owner and mode that were set.
void apply(const Ownership& ownership, Attributes& attributes);
// Of what is made from an asset: it has the asset's owner, and rights for none but those who may read the asset.
void narrow(const Ownership& ownership, Attributes& attributes);

// The folders of the mount that are not a view's: view code 0.
inline constexpr int64_t kRootKey = 0;
inline constexpr int64_t kPreviewsKey = 1;  // with lens 0: previews/; with a lens: previews/<profile>/
inline constexpr int64_t kControlKey = 2;   // .damfs/
inline constexpr int64_t kProxiesKey = 3;   // like kPreviewsKey: proxies/ and proxies/<profile>/

inline constexpr mode_t kFileMode = 0100644;
inline constexpr mode_t kLinkMode = 0120777;
inline constexpr mode_t kMadeFileMode = 0100444;  // of what is made from others
inline constexpr mode_t kDirectoryMode = 0040755;

}  // namespace damfs
