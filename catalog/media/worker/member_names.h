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

// What all these names of one archive are in, when they look like names of East Asia or like Cyrillic of DOS, and each
// of them is possible in it; null: that is not clear.
const Charset* guess_charset(std::span<const std::string_view> names);

}  // namespace damfs::worker
