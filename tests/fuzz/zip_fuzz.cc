// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <map>
#include <set>
#include <span>
#include <string>
#include <utility>

#include "catalog/base/error.h"
#include "catalog/base/names.h"
#include "catalog/base/unique_fd.h"
#include "catalog/media/pack.h"
#include "catalog/media/worker/archive/pack_index.h"
#include "catalog/model/read/pack_tree.h"

namespace {

using namespace damfs;

void require(bool holds) {
  if (!holds) std::abort();
}

// Whatever an archive calls its members: each is one name in a folder that is there, and no two are alike.
void require_orderly(const Pack& members) {
  std::set<int64_t> folders{kPackTop};
  std::set<int64_t> numbers;
  std::set<std::pair<int64_t, std::string>> names;
  for (const PackNode& node : pack_tree(members)) {
    EntryName(node.name);  // throws for what is none
    require(is_utf8(node.name));
    require(folders.contains(node.parent));
    require(numbers.insert(node.number).second && node.number < kPackTop);
    require(names.emplace(node.parent, fold(node.name)).second);
    const bool is_folder = node.member == nullptr || node.member->type == PackMember::Type::kFolder;
    if (is_folder) folders.insert(node.number);
  }
}

}  // namespace

// An archive is refused, or its index is one that the program takes.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const UniqueFd index(::memfd_create("index", MFD_CLOEXEC));
  require(static_cast<bool>(index));
  try {
    worker::build_pack_index(std::span(data, size), {.hash_members = true, .look_at_pictures = false}, index.get());
  } catch (const Error& refused) {
    require(refused.code() == EINVAL);
    return 0;
  }
  const auto reader = PackIndexReader::open(index.get(), static_cast<int64_t>(size));
  require(reader.has_value());
  require_orderly(reader->members());
  return 0;
}
