// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/jobs/job_types.h"

#include <algorithm>
#include <cerrno>
#include <charconv>

#include "catalog/base/error.h"

namespace damfs {
namespace {

constexpr const JobTypeRow* kRows[] = {&kProbeJob, &kStillJob, &kClipJob, &kClipIndexJob, &kPackIndexJob, &kMemberJob};

}  // namespace

std::span<const JobTypeRow* const> job_types() { return kRows; }

const JobTypeRow& job_type(int64_t number) {
  const auto* found = std::find_if(std::begin(kRows), std::end(kRows),
                                   [&](const JobTypeRow* row) { return static_cast<int64_t>(row->type) == number; });
  if (found == std::end(kRows)) fail(EPROTO, "a job of an unknown type");
  return **found;
}

int64_t number_in_answer(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) fail(EPROTO, "a worker's answer is malformed: bytes");
  return value;
}

}  // namespace damfs
