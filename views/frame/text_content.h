// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "views/frame/node.h"

namespace damfs {

// A small file as it was when it was opened.
class TextContent final : public Content {
 public:
  enum class Lasts : uint8_t {
    kForever,       // the same bytes for whoever opens it, at any time
    kForItsOpener,  // the next one may see others
  };
  TextContent(std::string text, Lasts lasts) : text_(std::move(text)), lasts_(lasts) {}

  void read(uint64_t offset, size_t size, ReadAnswerRef answer) override { answer->bytes(part(text_, offset, size)); }
  bool is_immutable() const override { return lasts_ == Lasts::kForever; }
  bool is_its_openers() const override { return lasts_ == Lasts::kForItsOpener; }

  // Those bytes of it that are there.
  static std::span<const std::byte> part(const std::string& text, uint64_t offset, size_t size) {
    const auto all = std::as_bytes(std::span(text));
    if (offset >= all.size()) return {};
    return all.subspan(offset, std::min<uint64_t>(size, all.size() - offset));
  }

 private:
  const std::string text_;
  const Lasts lasts_;
};

}  // namespace damfs
