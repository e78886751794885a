// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <zlib.h>

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "catalog/media/pack.h"

namespace damfs::worker {

// Raw deflated bytes (RFC 1951), read from their beginning or from a checkpoint on. Throws Error(EINVAL) at damage.
class DeflateStream {
 public:
  explicit DeflateStream(std::span<const uint8_t> stored);  // outlives this
  DeflateStream(std::span<const uint8_t> stored, const Checkpoint& checkpoint, std::string_view window);
  ~DeflateStream();
  DeflateStream(const DeflateStream&) = delete;
  DeflateStream& operator=(const DeflateStream&) = delete;

  int64_t position() const { return out_; }  // of what is read
  size_t read(std::span<uint8_t> buffer);    // fewer than asked for: the end

  // As read(), and `at_block` is told of places where reading can begin, each at least so far behind the last one.
  using AtBlock = std::function<void(const Checkpoint& checkpoint, std::string_view window)>;
  size_t read_noting(std::span<uint8_t> buffer, int64_t least_gap, const AtBlock& at_block);

 private:
  void start();
  size_t inflate_some(std::span<uint8_t> buffer, int flush);
  void tell_of_block(int64_t least_gap, const AtBlock& at_block);

  const std::span<const uint8_t> stored_;
  z_stream stream_{};
  int64_t in_ = 0;
  int64_t out_ = 0;
  int64_t last_checkpoint_ = 0;
  bool has_ended_ = false;
};

}  // namespace damfs::worker
