// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "catalog/model/read/details.h"

namespace damfs {

nlohmann::ordered_json to_json(const Details& details, bool with_metadata);

// One line; bytes that are no UTF-8 (old file names) become U+FFFD.
std::string dump_line(const nlohmann::ordered_json& json);

}  // namespace damfs
