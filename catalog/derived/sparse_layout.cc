// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/derived/sparse_layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <span>
#include <string>

#include "catalog/base/digest.h"
#include "catalog/base/error.h"

namespace damfs {
namespace {

constexpr uint64_t kGroupBytes = 1U << 20;

}  // namespace

int64_t SparseLayout::units() const {
  int64_t total = 0;
  for (const Run& run : runs) total += run.units();
  return total;
}

SparseLayout::Place SparseLayout::place(int64_t unit) const {
  int64_t left = unit;
  for (const Run& run : runs) {
    if (left >= 0 && left < run.units()) {
      const uint64_t within = static_cast<uint64_t>(left) * run.unit_bytes;
      return {run.offset + within, std::min(run.unit_bytes, run.bytes - within)};
    }
    left -= run.units();
  }
  fail(EINVAL, "a file of {} units has no unit {}", units(), unit);
}

uint64_t SparseLayout::checksum() const {
  std::string text = fmt::format("{}", size);
  for (const Run& run : runs) text += fmt::format(" {}+{}/{}", run.offset, run.bytes, run.unit_bytes);
  return quick_fingerprint(text.size(), std::as_bytes(std::span(text)), {});
}

UnitGroups::UnitGroups(const SparseLayout& layout) {
  int64_t unit = 0;
  size_t group = 0;
  for (const SparseLayout::Run& run : layout.runs) {
    const auto each = static_cast<int64_t>(std::max<uint64_t>(1, kGroupBytes / run.unit_bytes));
    spans_.push_back({run, unit, each, group});
    group += static_cast<size_t>((run.units() + each - 1) / each);
    unit += run.units();
  }
}

size_t UnitGroups::of(int64_t unit) const {
  const auto behind = std::upper_bound(spans_.begin(), spans_.end(), unit,
                                       [](int64_t number, const Span& span) { return number < span.first_unit; });
  const Span& span = *std::prev(behind);
  return span.first_group + static_cast<size_t>((unit - span.first_unit) / span.units_each);
}

UnitGroups::Group UnitGroups::at(size_t group) const {
  const auto behind = std::upper_bound(spans_.begin(), spans_.end(), group,
                                       [](size_t number, const Span& span) { return number < span.first_group; });
  const Span& span = *std::prev(behind);
  const int64_t first = static_cast<int64_t>(group - span.first_group) * span.units_each;
  const uint64_t within = static_cast<uint64_t>(first) * span.run.unit_bytes;
  const int64_t count = std::min(span.units_each, span.run.units() - first);
  return {span.first_unit + first, count, span.run.offset + within,
          std::min(static_cast<uint64_t>(count) * span.run.unit_bytes, span.run.bytes - within)};
}

}  // namespace damfs
