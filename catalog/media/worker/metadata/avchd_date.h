// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace damfs::worker {

// When a camcorder's transport stream (AVCHD) was recorded, by the clock that stands in a message of its first
// pictures: ISO 8601. Empty: there is none.
std::string avchd_date(std::span<const uint8_t> file);

}  // namespace damfs::worker
