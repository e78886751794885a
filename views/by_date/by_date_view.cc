// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/by_date/by_date_view.h"

namespace damfs {

ByDateView::ByDateView() : View(ViewCode::kByDate, "by-date", Grouping::kDay) {}

View::Group ByDateView::group_of(int64_t key) const {
  return {Day::from_key(key).month == 0 ? Grouping::kYear : Grouping::kDay, key};
}

std::optional<int64_t> ByDateView::key_of(Group group) const {
  if (group.grouping != Grouping::kYear && group.grouping != Grouping::kDay) return std::nullopt;
  return group.key;
}

}  // namespace damfs
