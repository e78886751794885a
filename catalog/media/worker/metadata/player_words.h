// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace damfs::worker {

// What players and file managers keep of a recording where libavformat does not look: Windows in an MP4's 'Xtra' box,
// players in ID3's POPM frames.
struct PlayerWords {
  std::optional<int> rating;       // stars
  std::vector<std::string> words;  // tags
};
PlayerWords player_words(std::span<const uint8_t> file);

}  // namespace damfs::worker
