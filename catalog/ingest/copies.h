// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <atomic>
#include <cstdint>

#include "catalog/base/digest.h"

namespace damfs {

class Catalog;
class Places;

// Whether there are archives at all.
bool has_archives(Catalog& catalog);

// The member of an archive in the library whose bytes that object's are; 0: there is none. Its size is looked up first:
// it is read only where a member has the same. The SHA-256 decides where a member's is known, and the bytes where the
// archive holds them as they are; of others the CRC-32 is believed. What cannot be read has no origin, nor what is not
// here as a descriptor: no file is to be refused, or fetched, for that.
int64_t member_like(Catalog& catalog, Places& places, int object, const Digest& sha256, int64_t size);

// Links the assets that came behind `asset` to members whose bytes they have (Writer::link_copy): archives may have
// come with them, or after them. How many were linked.
int64_t link_copies_after(Catalog& catalog, Places& places, int64_t asset, const std::atomic<bool>& stop);

}  // namespace damfs
