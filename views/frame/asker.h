// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "catalog/model/rows.h"

namespace damfs {

// Who asks, and what permission bits let that one do, as the kernel reads them. One thread at a time.
class Asker {
 public:
  // Those it is in beside its first one. Called once at most, and only where it matters: it costs more than all else.
  using Groups = std::function<std::vector<uint32_t>()>;
  // What has no owner in the catalog belongs to `owner_uid` and `owner_gid`.
  Asker(uint32_t uid, uint32_t gid, uint32_t owner_uid, uint32_t owner_gid, Groups groups)
      : uid_(uid), gid_(gid), owner_uid_(owner_uid), owner_gid_(owner_gid), groups_(std::move(groups)) {}

  uint32_t uid() const { return uid_; }

  enum class Right : mode_t { kRead = 4, kSearch = 1 };
  // `usual`: the mode of what has none in the catalog.
  bool may(Right right, const Ownership& ownership, mode_t usual) const;

 private:
  bool is_in(uint32_t group) const;

  const uint32_t uid_, gid_;
  const uint32_t owner_uid_, owner_gid_;
  const Groups groups_;
  mutable std::optional<std::vector<uint32_t>> known_groups_;
};

// Whose request this thread works on, for what is told to that one alone: see LastError.
class Asking {
 public:
  explicit Asking(uint32_t uid) noexcept;
  ~Asking();
  Asking(const Asking&) = delete;
  Asking& operator=(const Asking&) = delete;
  static std::optional<uint32_t> uid() noexcept;  // empty: nobody's

 private:
  const int64_t before_;  // one request's work may go on within another's
};

}  // namespace damfs
