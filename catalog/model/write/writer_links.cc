// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

// Symbolic links in originals/: assets that no flat view, search, tag or album takes. Nothing here follows one.

#include <unistd.h>

#include "catalog/base/error.h"
#include "catalog/base/names.h"
#include "catalog/model/statements.h"
#include "catalog/model/write/writer.h"

namespace damfs {

bool Writer::is_link(int64_t asset) { return count_of("is_link", asset) != 0; }

void Writer::require_file(int64_t asset) {
  if (is_link(asset)) fail(EPERM, "{} is a symbolic link, which takes no tags, albums or stars", label_of(asset));
}

int64_t Writer::add_link(int64_t folder, std::string_view name, std::string_view target, const Ownership& ownership) {
  if (folder != 1 && !node_of(tree(Grouping::kFolder), folder)) fail(ENOENT, "the folder is gone");
  IncomingFile incoming;
  incoming.mtime_ns = now_ns_;
  incoming.name = name;
  incoming.link = target;
  const int64_t asset = add_asset(incoming, blob_of_links(), MediaFacts());
  set_ownership(asset, ownership);
  add_entry(folder, name, asset);
  return asset;
}

// A version needs bytes: those of an empty file, whose object Writer::add_link's caller has seen to.
int64_t Writer::blob_of_links() {
  SealedFile empty;
  empty.sha256 = Sha256().finish();
  return add_sealed_blob(empty);
}

void Writer::set_link(int64_t asset, std::string_view target) {
  statement("set_link").bind_all(asset, target, static_cast<int64_t>(target.size())).run();
}

}  // namespace damfs
