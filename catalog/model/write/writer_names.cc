// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

// Names that are made where the one that is wanted is another file's.

#include <fmt/format.h>

#include "catalog/base/names.h"
#include "catalog/model/statements.h"
#include "catalog/model/write/writer.h"

namespace damfs {
namespace {

constexpr std::string_view kDigits = "0123456789abcdefghijklmnopqrstuvwxyz";

std::string base36(std::string_view bytes, size_t digits) {
  std::string text;
  for (size_t i = 0; i < digits; ++i) text += kDigits[static_cast<unsigned char>(bytes[i % bytes.size()]) % 36];
  return text;
}

std::string base36(int64_t number) {
  std::string text;
  for (auto rest = static_cast<uint64_t>(number); text.empty() || rest != 0; rest /= 36) {
    text.insert(text.begin(), kDigits[rest % 36]);
  }
  return text;
}

}  // namespace

// "IMG_0001.JPG", or "IMG_0001~k3f.JPG" where that name is another file's or a folder's. The suffix follows
// from the bytes, so the same file always gets the same one.
std::string Writer::free_name(int64_t folder, std::string_view name, const Digest& sha256,
                              const std::optional<std::string>& link) {
  const std::string_view wanted = link ? std::string_view(*link) : sha256.raw();
  std::string candidate(name);
  for (size_t digits = 3;; ++digits) {
    db::Use row(statement("digest_at_name"));
    row->bind_all(folder, std::string_view(candidate), link);
    if (!row->step() || row->text(0) == wanted) return candidate;
    candidate = with_suffix(name, "~" + base36(sha256.raw(), digits));
  }
}

// Its number makes it unique, however many are called so; unless somebody calls a file so.
std::string Writer::make_label(std::string_view name, int64_t asset) {
  const std::string wanted = portable_name(name);
  std::string label = wanted;
  for (int64_t more = 0;; ++more) {
    db::Use row(statement("is_label_taken"));
    row->bind_all(std::string_view(fold(label)));
    if (!row->step()) return label;
    label = with_suffix(wanted, "~" + base36(asset) + (more == 0 ? "" : fmt::format("-{}", more)));
  }
}

}  // namespace damfs
