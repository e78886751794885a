// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string_view>

#include "catalog/base/digest.h"
#include "catalog/base/unique_fd.h"

namespace damfs {

class Catalog;
class ObjectStore;

// Opens an original's bytes for reading. EIO with the reason where they are missing, or known to be damaged: nothing is
// to be made of those. `name`: whose they are, for people.
UniqueFd open_whole(Catalog& catalog, const ObjectStore& objects, const Digest& sha256, std::string_view name);

// Whether the catalog has these bytes and nothing is known against their object, so that others like them may be
// dropped.
bool is_kept(Catalog& catalog, const Digest& sha256);

// From now on an object that was known to be damaged is not, once other bytes were put in its place. Both must outlive
// whoever writes.
void heal_when_added(Catalog& catalog, ObjectStore& objects);

}  // namespace damfs
