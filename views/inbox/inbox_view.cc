// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/inbox/inbox_view.h"

#include "views/frame/filing.h"

namespace damfs {

InboxView::InboxView() : View(ViewCode::kInbox, "inbox", Grouping::kInbox) {}

View::Sealed InboxView::seal(Writer& writer, const SealedFile& file, int64_t key, std::string_view name) const {
  return {file_into_group(writer, *this, file, key, name), false};
}

// It is filed already.
void InboxView::add(Writer&, int64_t, std::string_view, int64_t) const {}

void InboxView::names(Reader&, const FoundAsset&, const NameVisitor&) const {}

}  // namespace damfs
