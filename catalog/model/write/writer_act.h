// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <optional>

#include "catalog/model/write/writer.h"

namespace damfs {

// While it lives, changes are recorded as that act's, unless another act is under way or none is given.
class Writer::WithinAct {
 public:
  WithinAct(Writer& writer, const std::optional<Act>& act) : writer_(writer), begins_(!writer.act_ && act) {
    if (begins_) writer_.begin(*act);
  }
  ~WithinAct() {
    if (!begins_) return;
    writer_.act_.reset();
    writer_.act_id_ = writer_.steps_ = 0;
  }
  WithinAct(const WithinAct&) = delete;
  WithinAct& operator=(const WithinAct&) = delete;

 private:
  Writer& writer_;
  const bool begins_;
};

}  // namespace damfs
