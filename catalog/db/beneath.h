// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>

#include "catalog/base/folder.h"

namespace damfs::db {

// SQLite opens files by paths, several of them and again whenever it likes, and resolves links in them. Of what it is
// given these names it opens, makes and deletes each beneath the folder's descriptor, as Folder does: it, its WAL, the
// WAL's index and its journal. They are good for as long as the folder is open.
std::string name_beneath(const FileIn& file);
// The name of the VFS that leaves them as they are. Made, for the process, by the first call.
const char* vfs_beneath();

// The errno of the last read that the disk refused on this thread since this was asked; 0: none. SQLite takes such a
// page for a damaged one.
int take_read_error() noexcept;

}  // namespace damfs::db
