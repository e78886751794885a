// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/ingest/copies.h"

#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "catalog/base/file.h"
#include "catalog/base/log.h"
#include "catalog/model/catalog.h"
#include "catalog/model/packs.h"
#include "catalog/model/write/writer.h"
#include "catalog/places/places.h"

namespace damfs {
namespace {

std::span<std::byte> block_buffer(size_t number) {
  thread_local const auto buffer = std::make_unique<std::byte[]>(2 * kBlock);
  return {buffer.get() + number * kBlock, kBlock};
}

// Calls `take` for one block after another; false from it stops.
template <typename Take>
bool each_block(int object, uint64_t size, const Take& take) {
  for (uint64_t at = 0; at < size;) {
    const auto wanted = block_buffer(0).first(static_cast<size_t>(std::min<uint64_t>(kBlock, size - at)));
    if (pread_some(object, wanted, at, "an object") != wanted.size()) return false;
    if (!take(at, wanted)) return false;
    at += wanted.size();
  }
  return true;
}

std::optional<uint32_t> crc_of(int object, uint64_t size) {
  uLong crc = 0;
  const bool is_whole = each_block(object, size, [&](uint64_t, std::span<const std::byte> block) {
    crc = ::crc32_z(crc, reinterpret_cast<const Bytef*>(block.data()), block.size());
    return true;
  });
  return is_whole ? std::optional(static_cast<uint32_t>(crc)) : std::nullopt;
}

bool holds_at(int archive, uint64_t offset, int object, uint64_t size) {
  return each_block(object, size, [&](uint64_t at, std::span<const std::byte> block) {
    const auto there = block_buffer(1).first(block.size());
    return pread_some(archive, there, offset + at, "an archive") == block.size() &&
           std::memcmp(there.data(), block.data(), block.size()) == 0;
  });
}

// Of one whose size and CRC-32 are the object's.
bool is_copied(PackReader& packs, Places& places, const MemberRow& member, int object, const Digest& sha256) {
  const auto pack = packs.pack_of_blob(blob_of_member(member.id));
  if (!pack) return false;  // nothing shows it
  if (member.sha256) return *member.sha256 == sha256;
  if (member.method != kStored || packs.holder_of(member)) return true;
  const auto archive = places.open(pack->sha256);
  return archive && archive->file &&
         holds_at(archive->file.get(), static_cast<uint64_t>(member.offset), object,
                  static_cast<uint64_t>(member.size));
}

int64_t find_member(Catalog& catalog, Places& places, int object, const Digest& sha256, int64_t size) {
  const auto reader = catalog.reader();
  PackReader packs(*reader);
  if (size == 0 || !packs.has_size(size)) return 0;
  const auto crc = crc_of(object, static_cast<uint64_t>(size));
  if (!crc) return 0;
  for (const int64_t id : packs.with_bytes(size, *crc)) {
    const auto member = packs.member(id);
    if (member && is_copied(packs, places, *member, object, sha256)) return id;
  }
  return 0;
}

int64_t member_of(Catalog& catalog, Places& places, const Digest& sha256, int64_t size) {
  try {
    const auto object = places.open(sha256);
    return object && object->file ? find_member(catalog, places, object->file.get(), sha256, size) : 0;
  } catch (const std::exception& error) {
    log::info("where a file was copied from is not found out: {}", error.what());
    return 0;
  }
}

}  // namespace

bool has_archives(Catalog& catalog) {
  const auto reader = catalog.reader();
  return PackReader(*reader).is_any();
}

int64_t member_like(Catalog& catalog, Places& places, int object, const Digest& sha256, int64_t size) {
  try {
    return find_member(catalog, places, object, sha256, size);
  } catch (const std::exception& error) {
    log::info("where a file was copied from is not found out: {}", error.what());
    return 0;
  }
}

int64_t link_copies_after(Catalog& catalog, Places& places, int64_t asset, const std::atomic<bool>& stop) {
  struct Candidate {
    int64_t asset, size;
    Digest sha256;
  };
  constexpr size_t kSizesAtOnce = 256;
  int64_t linked = 0;
  for (;;) {
    std::vector<Candidate> batch;
    {
      const auto reader = catalog.reader();
      PackReader(*reader).unlinked_like_members(asset, [&](int64_t id, const Digest& sha256, int64_t size) {
        batch.push_back({id, size, sha256});
        return batch.size() < kSizesAtOnce;
      });
    }
    std::vector<std::pair<int64_t, int64_t>> found;
    for (const Candidate& each : batch) {
      if (stop) return linked;
      asset = each.asset;
      const int64_t member = member_of(catalog, places, each.sha256, each.size);
      if (member != 0) found.emplace_back(each.asset, member);
    }
    if (!found.empty()) {
      catalog.write([&](Writer& writer) {
        for (const auto& [copy, member] : found) writer.link_copy(copy, member);
      });
    }
    linked += static_cast<int64_t>(found.size());
    if (batch.size() < kSizesAtOnce) return linked;
  }
}

}  // namespace damfs
