// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string_view>

namespace damfs {

// The digest of what all schema steps together make; Catalog::newest_schema() finds it by making it. A test tells when
// it was forgotten after a step, which costs every verb a moment and nothing else.
inline constexpr std::string_view kNewestSchema = "d495999ddbc6ff6f6f8a8803fe258db9a1dce058bf342f2be94817b9946a1f7a";

}  // namespace damfs
