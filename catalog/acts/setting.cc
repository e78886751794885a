// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/acts/setting.h"

#include "catalog/model/write/writer.h"

namespace damfs {

int64_t set_words(Catalog& catalog, const Act& act, const std::vector<int64_t>& assets, const WordsToSet& words) {
  int64_t changed = 0;
  catalog.write(act, [&](Writer& writer) {
    changed = 0;
    for (const int64_t asset : assets) {
      bool any = words.sets_rating && writer.set_rating(asset, words.rating);
      any = (words.title && writer.set_title(asset, *words.title)) || any;
      any = (words.description && writer.set_description(asset, *words.description)) || any;
      changed += any ? 1 : 0;
    }
  });
  return changed;
}

}  // namespace damfs
