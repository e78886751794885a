// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "catalog/base/error.h"
#include "catalog/media/facts_json.h"

// What a worker that was taken over may say. Whatever is taken must survive the way out and in again.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace damfs;
  MediaFacts facts;
  try {
    facts = facts_from_json({reinterpret_cast<const char*>(data), size});
  } catch (const Error&) {
    return 0;
  }
  const std::string once = facts_to_json(facts);
  if (facts_to_json(facts_from_json(once)) != once) std::abort();
  return 0;
}
