// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "catalog/base/error.h"
#include "catalog/media/facts_json.h"

// A worker that a hostile file has taken over may say anything: it is refused with EPROTO, or it is facts that can
// be written down and read again.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace damfs;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const MediaFacts facts = facts_from_json(text);
    const std::string once = facts_to_json(facts);
    if (facts_to_json(facts_from_json(once)) != once) std::abort();
  } catch (const Error& error) {
    if (error.code() != EPROTO) std::abort();
  }
  return 0;
}
