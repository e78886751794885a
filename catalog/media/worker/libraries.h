// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace damfs::worker {

// Sets up libvips, exiv2 and libav: one thread each, no caches, and quiet; what they would have printed is kept
// as the explanation of a failure.
void start_libraries();

// Why a loader of libvips' is not offered, by its type's name; empty: it is.
std::string_view why_left_out(std::string_view loader);

void forget_complaints();      // at the start of a job
std::string last_complaint();  // libav's or libvips' newest words, one printable line, may be empty
void complain(std::string_view text);
uint64_t av_errors();     // so many libav has reported since the start, on any thread
bool left_blank_tiles();  // libvips could not decode part of the job's picture and went on

// What libvips says went wrong since the last call; empties its buffer.
std::string vips_complaint();

}  // namespace damfs::worker
