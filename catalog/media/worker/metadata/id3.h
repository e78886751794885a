// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <functional>
#include <string_view>

namespace damfs::worker {

// The frames of a file's ID3 tag (version 2.3 and 2.4), whether it stands in front of MPEG audio or in a chunk of WAV
// or AIFF. `visit` says whether to go on.
void id3_frames(std::string_view file, const std::function<bool(std::string_view id, std::string_view body)>& visit);

}  // namespace damfs::worker
