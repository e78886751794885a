// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/base/digest.h"

// The streaming state on the stack: only its size, which this unlocks, is not part of the stable interface.
#define XXH_STATIC_LINKING_ONLY
#include <openssl/evp.h>
#include <xxhash.h>

#include <cerrno>
#include <cstring>

#include "catalog/base/error.h"

namespace damfs {
namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

EVP_MD_CTX* evp(void* context) { return static_cast<EVP_MD_CTX*>(context); }

}  // namespace

std::string Digest::hex() const {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(64);
  for (const uint8_t byte : bytes) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

std::optional<Digest> Digest::from_hex(std::string_view hex) {
  if (hex.size() != 64) return std::nullopt;
  Digest digest;
  for (size_t i = 0; i < 32; ++i) {
    const int high = hex_value(hex[2 * i]);
    const int low = hex_value(hex[2 * i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    digest.bytes[i] = static_cast<uint8_t>(high * 16 + low);
  }
  return digest;
}

std::optional<Digest> Digest::from_bytes(std::string_view raw) {
  if (raw.size() != 32) return std::nullopt;
  Digest digest;
  std::memcpy(digest.bytes.data(), raw.data(), 32);
  return digest;
}

std::string_view Digest::raw() const noexcept { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

void Sha256::Free::operator()(void* context) const noexcept { EVP_MD_CTX_free(evp(context)); }

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  if (!context_ || EVP_DigestInit_ex(evp(context_.get()), EVP_sha256(), nullptr) != 1) {
    fail(ENOMEM, "cannot set up SHA-256");
  }
}

void Sha256::update(std::span<const std::byte> bytes) {
  if (EVP_DigestUpdate(evp(context_.get()), bytes.data(), bytes.size()) != 1) fail(EIO, "SHA-256 failed");
}

void Sha256::update_zeros(uint64_t count) {
  static constexpr std::array<std::byte, size_t{64} << 10> kZeros{};
  for (; count > kZeros.size(); count -= kZeros.size()) update(kZeros);
  update(std::span(kZeros).first(static_cast<size_t>(count)));
}

Digest Sha256::finish() {
  Digest digest;
  if (EVP_DigestFinal_ex(evp(context_.get()), digest.bytes.data(), nullptr) != 1 ||
      EVP_DigestInit_ex(evp(context_.get()), EVP_sha256(), nullptr) != 1) {
    fail(EIO, "SHA-256 failed");
  }
  return digest;
}

Digest Sha256::so_far() const {
  Digest digest;
  const Sha256 copy;
  if (EVP_MD_CTX_copy_ex(evp(copy.context_.get()), evp(context_.get())) != 1 ||
      EVP_DigestFinal_ex(evp(copy.context_.get()), digest.bytes.data(), nullptr) != 1) {
    fail(EIO, "SHA-256 failed");
  }
  return digest;
}

uint64_t quick_fingerprint(uint64_t size, std::span<const std::byte> head, std::span<const std::byte> tail) {
  XXH3_state_t state;
  XXH3_64bits_reset(&state);
  XXH3_64bits_update(&state, &size, sizeof size);
  XXH3_64bits_update(&state, head.data(), head.size());
  XXH3_64bits_update(&state, tail.data(), tail.size());
  return XXH3_64bits_digest(&state);
}

}  // namespace damfs
