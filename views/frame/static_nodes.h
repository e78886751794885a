// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "views/frame/tree_context.h"

namespace damfs {

// The folders that hold views: the mount's root; previews/ and proxies/ (by their key in tree_context.h), and in them
// a folder a lens; and .damfs/.
NodeRef make_root(const TreeContext& context);
NodeRef make_lenses_folder(const TreeContext& context, int64_t key);
NodeRef make_lens_folder(const TreeContext& context, const Lens& lens);
NodeRef make_control_folder(const TreeContext& context);
NodeRef make_control_file(const TreeContext& context, size_t index);

}  // namespace damfs
