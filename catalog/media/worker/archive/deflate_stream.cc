// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/worker/archive/deflate_stream.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <new>

#include "catalog/base/error.h"

namespace damfs::worker {
namespace {

constexpr size_t kWindow = 32U << 10;
constexpr size_t kMostAtOnce = 1U << 30;  // zlib counts in 32 bits

}  // namespace

DeflateStream::DeflateStream(std::span<const uint8_t> stored) : stored_(stored) { start(); }

DeflateStream::DeflateStream(std::span<const uint8_t> stored, const Checkpoint& checkpoint, std::string_view window)
    : stored_(stored), in_(checkpoint.in), out_(checkpoint.out), last_checkpoint_(checkpoint.out) {
  const bool is_possible = checkpoint.in > 0 && std::cmp_less_equal(checkpoint.in, stored.size()) &&
                           checkpoint.bits < 8 && checkpoint.out > 0 && window.size() <= kWindow;
  if (!is_possible) fail(EPROTO, "a checkpoint that cannot be");
  start();
  if (checkpoint.bits != 0) {
    const int value = stored[static_cast<size_t>(checkpoint.in) - 1] >> (8 - checkpoint.bits);
    ::inflatePrime(&stream_, static_cast<int>(checkpoint.bits), value);
  }
  ::inflateSetDictionary(&stream_, reinterpret_cast<const Bytef*>(window.data()), static_cast<uInt>(window.size()));
}

DeflateStream::~DeflateStream() { ::inflateEnd(&stream_); }

void DeflateStream::start() {
  if (::inflateInit2(&stream_, -MAX_WBITS) != Z_OK) throw std::bad_alloc();
}

size_t DeflateStream::inflate_some(std::span<uint8_t> buffer, int flush) {
  const auto input = stored_.subspan(static_cast<size_t>(in_));
  stream_.next_in = const_cast<Bytef*>(input.data());
  stream_.avail_in = static_cast<uInt>(std::min(input.size(), kMostAtOnce));
  stream_.next_out = buffer.data();
  stream_.avail_out = static_cast<uInt>(std::min(buffer.size(), kMostAtOnce));
  const uInt given = stream_.avail_in;
  const uInt room = stream_.avail_out;
  const int code = ::inflate(&stream_, flush);
  in_ += given - stream_.avail_in;
  const size_t made = room - stream_.avail_out;
  out_ += static_cast<int64_t>(made);
  if (code == Z_STREAM_END) {
    has_ended_ = true;
  } else if (code == Z_MEM_ERROR) {
    throw std::bad_alloc();
  } else if (code == Z_BUF_ERROR || (code == Z_OK && given == 0 && made == 0)) {
    fail(EINVAL, "what is stored of it ends too early");
  } else if (code != Z_OK) {
    fail(EINVAL, "what is stored of it is damaged: {}", stream_.msg != nullptr ? stream_.msg : "no reason given");
  }
  return made;
}

size_t DeflateStream::read(std::span<uint8_t> buffer) {
  size_t made = 0;
  while (made < buffer.size() && !has_ended_) made += inflate_some(buffer.subspan(made), Z_NO_FLUSH);
  return made;
}

size_t DeflateStream::read_noting(std::span<uint8_t> buffer, int64_t least_gap, const AtBlock& at_block) {
  if (has_ended_ || buffer.empty()) return 0;
  size_t made = 0;
  while (made < buffer.size() && !has_ended_) {
    made += inflate_some(buffer.subspan(made), Z_BLOCK);
    tell_of_block(least_gap, at_block);
  }
  return made;
}

void DeflateStream::tell_of_block(int64_t least_gap, const AtBlock& at_block) {
  constexpr int kAtBlock = 128;
  constexpr int kLastBlock = 64;
  const bool is_between = (stream_.data_type & kAtBlock) != 0 && (stream_.data_type & kLastBlock) == 0;
  if (!is_between || has_ended_ || out_ - last_checkpoint_ < least_gap) return;
  std::array<char, kWindow> window{};
  uInt size = 0;
  if (::inflateGetDictionary(&stream_, reinterpret_cast<Bytef*>(window.data()), &size) != Z_OK) return;
  Checkpoint checkpoint;
  checkpoint.bits = static_cast<uint32_t>(stream_.data_type & 7);
  checkpoint.out = out_;
  checkpoint.in = in_;
  last_checkpoint_ = out_;
  at_block(checkpoint, {window.data(), size});
}

}  // namespace damfs::worker
