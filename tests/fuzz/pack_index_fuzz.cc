// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <span>

#include "catalog/base/error.h"
#include "catalog/base/file.h"
#include "catalog/base/unique_fd.h"
#include "catalog/media/pack.h"
#include "catalog/model/read/pack_tree.h"

// Whatever a worker that was taken over calls an index: it is refused, or what it says is safe to keep.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace damfs;
  constexpr int64_t kSourceSize = 1000;
  const UniqueFd file(::memfd_create("index", MFD_CLOEXEC));
  if (!file) std::abort();
  write_all(file.get(), std::as_bytes(std::span(data, size)), "an index");
  try {
    const auto reader = PackIndexReader::open(file.get(), kSourceSize);
    if (!reader) return 0;
    if (const auto checkpoint = reader->before(1, 1 << 20)) reader->window(*checkpoint);
    const Pack members = reader->members();
    for (const PackMember& member : members) {
      if (member.problem.empty() && member.offset + member.stored_size > kSourceSize) std::abort();
    }
    pack_tree(members);
  } catch (const Error& error) {
    if (error.code() != EPROTO) std::abort();
  }
  return 0;
}
