// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <toml++/toml.h>

#include <vector>

#include "catalog/base/file.h"
#include "catalog/library/preview_settings.h"

namespace damfs {

// The section [preview] of damfs.toml. Throws Error with file, line and what would be right.
std::vector<PreviewSetting> preview_settings(const toml::node& section, const Path& file);

}  // namespace damfs
