// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <string_view>

#include "catalog/media/facts.h"

namespace damfs {

// The worker's answer to a probe. The reader trusts nothing: a worker may have been taken over by the file it
// parsed. Anything malformed, out of range or over-long throws Error(EPROTO).
std::string facts_to_json(const MediaFacts& facts);
MediaFacts facts_from_json(std::string_view json);

}  // namespace damfs
