// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/model/write/shown_copies.h"

#include "catalog/model/write/writer.h"

namespace damfs {

void show_copies(Catalog& catalog, bool show) {
  {
    const auto reader = catalog.reader();
    const Reader::CopiesAre now = reader->copies_are();
    if (show ? now == Reader::CopiesAre::kShown && reader->totals().copies == 0 : now == Reader::CopiesAre::kHidden)
      return;
  }
  catalog.write([&](Writer& writer) { writer.begin_to_show_copies(show); });
  for (std::optional<int64_t> after = 0; after;) {
    catalog.write([&](Writer& writer) { after = writer.settle_more_copies(*after); });
  }
}

}  // namespace damfs
