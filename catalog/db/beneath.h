// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>

#include "catalog/base/folder.h"

namespace damfs::db {

// SQLite opens files by path, several of them and at any time again, and follows links. With this name and the VFS
// below it opens, makes and deletes the database, its WAL, the WAL's index and its journal beneath the folder's
// descriptor, as Folder does. The name is good for as long as the folder is open.
std::string name_beneath(const FileIn& file);
// The name of that VFS. The first call registers it, for the whole process.
const char* vfs_beneath();

// The errno of the last read that the disk refused on this thread since this was asked; 0: none. SQLite takes such a
// page for a damaged one.
int take_read_error() noexcept;

}  // namespace damfs::db
