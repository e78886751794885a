// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "catalog/base/names.h"

namespace {

void require(bool held) {
  if (!held) std::abort();
}

}  // namespace

// Whatever bytes a file is called: a synthesized name is portable, and making it again changes nothing.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace damfs;
  const std::string_view text(reinterpret_cast<const char*>(data), size);

  const std::string name = portable_name(text);
  require(!name.empty() && name.size() <= kMaxNameBytes && is_utf8(name));
  require(name.find_first_of("<>:\"/\\|?*") == std::string::npos);
  require(name.back() != '.' && name.back() != ' ');
  for (const char c : name) require(static_cast<unsigned char>(c) >= 0x20);
  require(portable_name(name) == name);
  require(nfc(name) == name);
  require(fold(fold(text)) == fold(text));

  const std::string suffixed = with_suffix(name, "~k3f");
  require(suffixed.size() <= kMaxNameBytes && suffixed.find("~k3f") != std::string::npos && is_utf8(suffixed));

  const StemAndExtension parts = split_extension(text);
  require(std::string(parts.stem) + std::string(parts.extension) == text);
  require(is_utf8(printable(text)));
  is_litter(text);
  is_temporary(text);
  return 0;
}
