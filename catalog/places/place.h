// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "catalog/base/digest.h"
#include "catalog/base/unique_fd.h"

namespace damfs {

// One blob's bytes as a place without descriptors gives them: in ranges, later. What a place implements; who reads has
// a RangeReader, which expects nothing of it that is not said here, and not even all of that. Thread-safe, and called
// with no lock held.
class Ranges {
 public:
  // Told once, on any thread, with none of the place's locks held; it may be before ask() returns. An errno, or 0 and
  // the first of the bytes that were asked for: one at least, all at most, lent until it returns. For what is left of
  // the range the place is asked again.
  using Got = std::function<void(int error, std::span<const std::byte> bytes)>;

  virtual ~Ranges() = default;
  // Of the whole blob, as far as this place knows; asks no network.
  virtual uint64_t size() const = 0;
  // Returns at once. `number` is never used twice. [offset, offset + size) lies within size().
  virtual void ask(uint64_t number, uint64_t offset, size_t size, Got got) = 0;
  // Nobody waits for that one any more, if it is not answered yet.
  virtual void cancel(uint64_t number) = 0;
};

// Where bytes are: the library's own objects, another disk, a bucket. Thread-safe.
class Place {
 public:
  // One of both.
  struct Opened {
    UniqueFd file;  // read-only: all of the bytes, now and for as long as it is open
    std::shared_ptr<Ranges> ranges{};
  };

  virtual ~Place() = default;
  virtual std::string name() const = 0;  // for messages
  // Whether it holds them, `size` bytes long, as far as is known without asking a network. A place that is away has
  // what it had (law 12).
  virtual bool has(const Digest& sha256, int64_t size) const = 0;
  // Never waits for a network. Empty: it does not have them. Throws Error when it may have them and cannot tell, or
  // cannot give them now.
  virtual std::optional<Opened> open(const Digest& sha256) const = 0;
};

}  // namespace damfs
