// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "catalog/media/job.h"
#include "catalog/media/pack.h"
#include "catalog/media/worker/source.h"

namespace damfs::worker {

// An archive within an archive that is not stored, and a picture there, are unpacked in memory up to here.
inline constexpr int64_t kMostInMemory = int64_t{256} << 20;

// Throws Error(EPROTO) for a member that cannot be in a file of that size.
void check_member(const MemberRequest& member, int64_t source_size);

// What is stored of a member that was checked.
std::span<const uint8_t> stored_bytes(const MemberRequest& member, const Source& source);

// A compressed member's bytes one behind the other. Throws Error(EINVAL) at damage.
class MemberStream {
 public:
  virtual ~MemberStream() = default;
  virtual size_t read(std::span<uint8_t> buffer) = 0;  // fewer than asked for: the end

  static std::unique_ptr<MemberStream> from_beginning(const MemberRequest& member, const Source& source);
  static std::unique_ptr<MemberStream> from(const Checkpoint& checkpoint, std::string_view window,
                                            const MemberRequest& member, const Source& source);  // a deflated one
};

// A member as a file of its own, whole. Throws Error(EINVAL) with the reason.
class MemberSource {
 public:
  MemberSource(const MemberRequest& member, const Source& source);  // which outlives it
  const Source& source() const { return *member_; }

 private:
  std::vector<uint8_t> unpacked_;  // empty: it is stored
  std::unique_ptr<Source> member_;
};

}  // namespace damfs::worker
