// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string_view>

namespace damfs {

// The digest of what all schema steps together make; Catalog::newest_schema() finds it by making it. A test tells when
// it was forgotten after a step, which costs every verb a moment and nothing else.
inline constexpr std::string_view kNewestSchema = "893dbc9d082dac3802cbcb1bf22d8a6e6745b611efd59606f7122da2a88dd4c8";

}  // namespace damfs
