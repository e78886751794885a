// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

extern "C" {
#include <libavformat/avformat.h>
}

#include <string>
#include <string_view>

#include "catalog/media/worker/source.h"

namespace damfs::worker {

// Why a format of libavformat's is not offered; empty: it is.
std::string_view why_refused(const AVInputFormat* format);

// The type of an offered format's files, when their sound and pictures have not been looked at yet.
std::string mime_of_format(const AVInputFormat* format);

// The format as libavformat tells it from the file's beginning, where it is sure and the format is offered; null: none.
struct RecordingGuess {
  const AVInputFormat* format = nullptr;
  bool certain = false;  // what cannot be opened then is a damaged recording, and else no recording at all
};
RecordingGuess recording_by_content(const Source& source);

// Whether it is laid out as ISO base media files and QuickTime's are, with a movie in it.
bool holds_movie(const Source& source);

// The format that opens those, whatever they begin with.
const AVInputFormat* movie_format();

}  // namespace damfs::worker
