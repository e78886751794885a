// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "views/frame/view.h"

namespace damfs {

// by-date/2024/2024-05-17/: by capture day. A key is a Day::key, of a year or of a day.
class ByDateView final : public View {
 public:
  ByDateView();
  Group group_of(int64_t key) const override;
  std::optional<int64_t> key_of(Group group) const override;
};

}  // namespace damfs
