// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "catalog/base/error.h"
#include "catalog/media/worker/archive/deflate_stream.h"

namespace {

using namespace damfs;
using worker::DeflateStream;

constexpr size_t kMost = 256U << 10;  // bytes read of one input
constexpr int64_t kGap = 1000;

struct Kept {
  Checkpoint checkpoint;
  std::string window;
};

std::vector<uint8_t> read_all(DeflateStream& stream, std::vector<Kept>* kept) {
  std::vector<uint8_t> bytes(kMost);
  size_t n = 0;
  try {
    n = kept == nullptr
            ? stream.read(bytes)
            : stream.read_noting(bytes, kGap, [kept](const Checkpoint& checkpoint, std::string_view window) {
                kept->push_back({checkpoint, std::string(window)});
              });
  } catch (const Error& error) {
    if (error.code() != EINVAL) std::abort();
    return {};
  }
  bytes.resize(n);
  return bytes;
}

// From an invented checkpoint anything may be read, as long as it ends.
void read_from_anywhere(std::span<const uint8_t> data) {
  Checkpoint invented;
  if (data.size() < sizeof invented) return;
  std::memcpy(&invented, data.data(), sizeof invented);
  const auto rest = data.subspan(sizeof invented);
  try {
    DeflateStream stream(rest, invented, {reinterpret_cast<const char*>(rest.data()), rest.size() / 2});
    read_all(stream, nullptr);
  } catch (const Error& error) {
    if (error.code() != EPROTO) std::abort();
  }
}

}  // namespace

// Whatever is deflated: reading that begins at a checkpoint gives what reading from the beginning gives.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::span<const uint8_t> stored(data, size);
  std::vector<Kept> kept;
  DeflateStream whole(stored);
  const std::vector<uint8_t> expected = read_all(whole, &kept);
  if (!expected.empty()) {
    DeflateStream plain(stored);
    if (read_all(plain, nullptr) != expected) std::abort();
  }
  for (size_t i = 0; i < std::min<size_t>(kept.size(), 8) && !expected.empty(); ++i) {
    const auto& [checkpoint, window] = kept[kept.size() * i / 8];
    DeflateStream stream(stored, checkpoint, window);
    std::vector<uint8_t> rest(expected.size() - static_cast<size_t>(checkpoint.out));
    if (stream.read(rest) != rest.size()) std::abort();
    if (!std::equal(rest.begin(), rest.end(), expected.begin() + checkpoint.out)) std::abort();
  }
  read_from_anywhere(stored);
  return 0;
}
