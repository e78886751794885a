// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "catalog/model/read/reader.h"
#include "views/derive/stills.h"
#include "views/frame/asker.h"
#include "views/frame/node.h"
#include "views/frame/tree_context.h"

namespace damfs {

// Law 10: who is shown what. What an inode's mode says is the kernel's to hold; but one inode has names in many
// folders, and only those in originals/ decide who gets at it. So of everything that is made from an asset (its own
// bytes, a still, a proxy, a member of an archive, a collage) one of its names in originals/ must lead the asker to it:
// with every folder above searchable, and for its bytes with the asset's own mode. Thread-safe.
class Reach {
 public:
  explicit Reach(const TreeContext& context) : context_(context) {}

  // Whether one who may pass all folders above that one of originals/ comes to it.
  bool leads_to_folder(int64_t folder, const Asker& asker) const;
  bool shows_version(int64_t version, const Asker& asker, Wanted wanted) const;
  bool shows_asset(int64_t asset, const Asker& asker, Wanted wanted) const;
  // What is made of bytes is shown by any asset that has them.
  bool shows_blob(int64_t blob, const Asker& asker, Wanted wanted) const;
  bool shows_subject(const StillSubject& subject, const Asker& asker, Wanted wanted) const;

 private:
  // The permissions of the folders above a name, without those that all may search. Null: they do not lead to the top.
  using Gates = std::shared_ptr<const std::vector<Ownership>>;

  bool shows_draft(const Draft& draft, const Asker& asker, Wanted wanted) const;
  bool shows_blob(Reader& reader, int64_t blob, const Asker& asker, Wanted wanted) const;
  bool shows_material(Reader& reader, int64_t material, const Asker& asker, Wanted wanted) const;
  bool shows_asset(Reader& reader, const AssetRow& asset, const Asker& asker, Wanted wanted) const;
  bool passes(Reader& reader, int64_t folder, const Asker& asker) const;
  Gates gates(Reader& reader, int64_t folder) const;

  const TreeContext& context_;
  mutable std::mutex mutex_;
  mutable int64_t as_of_ = 0;  // the change of the catalog that what is kept is as new as
  mutable std::unordered_map<int64_t, Gates> kept_;
};

}  // namespace damfs
