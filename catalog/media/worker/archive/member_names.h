// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "catalog/media/charsets.h"

namespace damfs::worker {

// Reads bytes of a charset, and nothing but such. One that the C library lacks reads nothing.
class Decoder {
 public:
  explicit Decoder(const Charset& charset);
  std::optional<std::string> decode(std::string_view bytes);  // UTF-8

 private:
  struct Close {
    void operator()(void* converter) const;
  };
  std::unique_ptr<void, Close> converter_;
};

// What the names of one archive are in that do not tell it: the encoding in which they are most likely names that
// people give, all of them together. Nothing can be ruled out of a few letters, so there is an answer whenever there is
// something to read.
NamesRead guess_charset(std::span<const std::string_view> names);

}  // namespace damfs::worker
