// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string_view>

#include "catalog/base/digest.h"
#include "catalog/base/unique_fd.h"
#include "catalog/places/places.h"

namespace damfs {

class Catalog;
class ObjectStore;

// Opens an original's bytes for reading, as they are to be had at once. EIO with the reason where they are missing, or
// known to be damaged: nothing is to be made of those. `name`: whose they are, for people.
OpenedBlob open_whole(Catalog& catalog, Places& places, const Digest& sha256, std::string_view name);
// The same for who needs a descriptor. Where a place has one, `then` is called at once, and what it throws is thrown;
// else the bytes are fetched (Places::fetch).
void with_whole(Catalog& catalog, Places& places, const Digest& sha256, std::string_view name, Places::Then then,
                Places::Failed failed);
// The same for a thread that may wait for them.
UniqueFd wait_for_whole(Catalog& catalog, Places& places, const Digest& sha256, std::string_view name);

// Whether the catalog has these bytes and nothing is known against their object, so that others like them may be
// dropped.
bool is_kept(Catalog& catalog, const Digest& sha256);

// From now on an object that was known to be damaged is not, once other bytes were put in its place. Both must outlive
// whoever writes.
void heal_when_added(Catalog& catalog, ObjectStore& objects);

}  // namespace damfs
