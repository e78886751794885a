// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>

#include "catalog/places/range_reader.h"
#include "views/frame/node.h"

namespace damfs {

// A file, or a stretch of one, whose place has no descriptor of it: each read is answered when its range has come, with
// EIO where it does not. The kernel keeps what was read.
class RangeContent final : public Content {
 public:
  // Bytes [begin, begin + size) of the blob; `sha256`: of all of them, where it is known.
  RangeContent(RangeReaderRef ranges, uint64_t begin, uint64_t size, std::optional<Digest> sha256 = {})
      : ranges_(std::move(ranges)), begin_(begin), size_(size), sha256_(sha256) {}

  void read(uint64_t offset, size_t size, ReadAnswerRef answer) override {
    if (offset >= size_) return answer->bytes({});
    size = std::min<uint64_t>(size, size_ - offset);
    const void* const key = answer.get();
    ranges_->read(key, begin_ + offset, size,
                  [answer = std::move(answer)](int error, std::span<const std::byte> bytes) {
                    error == 0 ? answer->bytes(bytes) : answer->fail(error);
                  });
  }
  bool cancel(const ReadAnswer& answer) override { return ranges_->cancel(&answer); }
  bool answers_late() const override { return true; }
  std::optional<Digest> sha256() const override { return sha256_; }

 private:
  const RangeReaderRef ranges_;
  const uint64_t begin_, size_;
  const std::optional<Digest> sha256_;
};

}  // namespace damfs
