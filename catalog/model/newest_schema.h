// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string_view>

namespace damfs {

// The digest of what all schema steps together make; Catalog::newest_schema() finds it by making it. A test tells when
// it was forgotten after a step, which costs every verb a moment and nothing else.
inline constexpr std::string_view kNewestSchema = "f2ba184a9b7af890f169c0514594a0ddf2642a0afc72d997ccc8df5247700339";

}  // namespace damfs
