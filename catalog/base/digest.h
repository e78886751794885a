// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace damfs {

// A SHA-256, the identity of a blob.
struct Digest {
  std::array<uint8_t, 32> bytes{};

  std::string hex() const;  // 64 lower-case digits
  static std::optional<Digest> from_hex(std::string_view hex);
  static std::optional<Digest> from_bytes(std::string_view raw);  // exactly 32 bytes
  std::string_view raw() const noexcept;

  friend auto operator<=>(const Digest&, const Digest&) = default;
};

// Streaming SHA-256 through OpenSSL's EVP, which uses the processor's SHA instructions where it has them.
class Sha256 {
 public:
  Sha256();
  void update(std::span<const std::byte> bytes);
  void update_zeros(uint64_t count);
  Digest finish();        // leaves the hasher ready for the next message
  Digest so_far() const;  // of what came until now; more may follow

 private:
  struct Free {
    void operator()(void* context) const noexcept;
  };
  std::unique_ptr<void, Free> context_;
};

// XXH3-64 over size + head + tail of a file: a hint that it has not changed, never proof (store.h).
uint64_t quick_fingerprint(uint64_t size, std::span<const std::byte> head, std::span<const std::byte> tail);

}  // namespace damfs
