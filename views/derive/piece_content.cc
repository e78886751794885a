// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/derive/piece_content.h"

#include <algorithm>
#include <utility>

namespace damfs {
namespace {

// Requests of one reader overtake each other by about this much.
constexpr uint64_t kReorder = 1U << 20;

}  // namespace

void PieceContent::read(uint64_t offset, size_t size, ReadAnswerRef answer) {
  session_->read(offset, size, std::move(answer), reader_);
  look_ahead(offset, size);
}

void PieceContent::look_ahead(uint64_t offset, size_t size) {
  const auto units = units_of(session_->file().layout(), offset, size);
  if (units.empty()) return;
  const PieceUnits& last = units.back();
  PieceUnits wanted{last.run, last.first + last.count, 0};
  {
    const std::lock_guard lock(mutex_);
    const uint64_t expected = std::exchange(expected_, offset + size);
    const bool sequential = offset <= expected + kReorder && offset + kReorder >= expected && last.run == run_;
    run_ = last.run;
    ahead_ = sequential ? std::clamp(2 * ahead_, limits_.least, limits_.most) : 0;
    if (ahead_ == 0) {
      ordered_ = 0;
      return;
    }
    const int64_t end = wanted.first + ahead_;
    // In few large steps, each a run of its own.
    if (ordered_ > wanted.first && end - ordered_ < ahead_ / 2) return;
    wanted.first = std::max(wanted.first, ordered_);
    wanted.count = end - wanted.first;
    ordered_ = end;
  }
  // Behind the last second of sound lies the next track's first, or the first frame.
  const auto& runs = session_->file().layout().runs;
  const int64_t beyond = wanted.first + wanted.count - runs[wanted.run].units();
  session_->prefetch(wanted, this, reader_);
  if (beyond > 0 && wanted.run + 1 < runs.size()) {
    session_->prefetch({wanted.run + 1, 0, std::min(beyond, limits_.least)}, this, reader_);
  }
}

}  // namespace damfs
