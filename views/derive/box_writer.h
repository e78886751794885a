// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace damfs {

// Big-endian numbers and nested boxes of ISO/IEC 14496-12 (QuickTime "atoms"), appended to one string.
class BoxWriter {
 public:
  BoxWriter& u8(uint64_t value) { return number(value, 1); }
  BoxWriter& u16(uint64_t value) { return number(value, 2); }
  BoxWriter& u24(uint64_t value) { return number(value, 3); }
  BoxWriter& u32(uint64_t value) { return number(value, 4); }
  BoxWriter& u64(uint64_t value) { return number(value, 8); }
  BoxWriter& text(std::string_view bytes) {
    out_ += bytes;
    return *this;
  }
  BoxWriter& zeros(size_t count) {
    out_.append(count, '\0');
    return *this;
  }
  // A Pascal string in a field of `field` bytes; longer text is cut.
  BoxWriter& pascal(std::string_view string, size_t field) {
    string = string.substr(0, field - 1);
    u8(string.size()).text(string);
    return zeros(field - 1 - string.size());
  }

  // A box with whatever `body` writes in it.
  template <typename Body>
  BoxWriter& box(std::string_view type, const Body& body) {
    const size_t start = out_.size();
    u32(0).text(type);
    body();
    const size_t size = out_.size() - start;
    for (size_t i = 0; i < 4; ++i) out_[start + i] = static_cast<char>(size >> (8 * (3 - i)) & 0xFFU);
    return *this;
  }
  // The same with version and flags.
  template <typename Body>
  BoxWriter& full_box(std::string_view type, unsigned version, unsigned flags, const Body& body) {
    return box(type, [&] {
      u8(version).u24(flags);
      body();
    });
  }

  size_t size() const { return out_.size(); }
  std::string take() { return std::move(out_); }

 private:
  BoxWriter& number(uint64_t value, unsigned bytes) {
    for (unsigned i = bytes; i-- > 0;) out_ += static_cast<char>(value >> (8 * i) & 0xFFU);
    return *this;
  }

  std::string out_;
};

}  // namespace damfs
