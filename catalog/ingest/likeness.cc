// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/ingest/likeness.h"

#include <unistd.h>

#include <algorithm>

namespace damfs {

Ownership ownership_like(const struct stat& st, mode_t usual) {
  constexpr mode_t kBits = 0777;
  Ownership ownership;
  if ((st.st_mode & kBits) != usual) ownership.mode = st.st_mode & kBits;
  if (::geteuid() != 0) return ownership;
  if (st.st_uid != 0) ownership.uid = st.st_uid;
  if (st.st_gid != 0) ownership.gid = st.st_gid;
  return ownership;
}

std::vector<Ownership> folders_like(const WalkedFile& file, std::string_view into) {
  constexpr mode_t kUsual = 0755;
  std::vector<Ownership> folders;
  bool are_usual = true;
  for (auto at = file.in; at; at = at->above) {
    folders.push_back(ownership_like(at->stat, kUsual));
    if (!at->above && into.empty()) folders.pop_back();
    const Ownership& own = folders.empty() ? Ownership{} : folders.back();
    are_usual = are_usual && !own.mode && !own.uid && !own.gid;
  }
  if (are_usual) return {};
  const auto above = static_cast<size_t>(std::count(into.begin(), into.end(), '/'));
  folders.insert(folders.end(), into.empty() ? 0 : above, Ownership{});
  std::reverse(folders.begin(), folders.end());
  return folders;
}

}  // namespace damfs
