// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>

namespace damfs {

// An archive's member, as bytes of what it holds (PackMember). The source is the file that holds it: the archive, or
// one within it that was unpacked.
struct MemberRequest {
  int64_t number = 0;
  int64_t size = 0;  // bytes, when read
  uint16_t method = 0;
  int64_t offset = 0;       // of what is stored, in the source
  int64_t stored_size = 0;  // bytes
  uint32_t crc = 0;
  // Its own archive, and the number it has in that one's directory.
  int64_t archive_offset = 0;  // in the source
  int64_t archive_size = 0;    // bytes
  int64_t entry = 0;
  int64_t indexed_size = 0;  // of the outermost archive, which the index is of
};

// Also of a still's members. `from` throws nlohmann's exceptions.
nlohmann::json member_to_json(const MemberRequest& member);
MemberRequest member_from_json(const nlohmann::json& in);

}  // namespace damfs
