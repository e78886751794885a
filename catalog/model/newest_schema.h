// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string_view>

namespace damfs {

// The digest of what all schema steps together make; Catalog::newest_schema() finds it by making it. A test tells when
// it was forgotten after a step, which costs every verb a moment and nothing else.
inline constexpr std::string_view kNewestSchema = "07bc15da0c5b0fb2224e8ba02aef1c4db8876d5cf4185655f5eff2766663ead2";

}  // namespace damfs
