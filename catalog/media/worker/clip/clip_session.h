// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "catalog/base/unique_fd.h"
#include "catalog/media/job.h"
#include "catalog/media/worker/clip/clip_cursor.h"
#include "catalog/media/worker/clip/clip_index.h"
#include "catalog/media/worker/clip/clip_picture.h"
#include "catalog/media/worker/clip/clip_sound.h"
#include "catalog/media/worker/run.h"
#include "catalog/media/worker/source.h"

namespace damfs::worker {

// One clip being read: its decoders stay where they are between jobs, for a reader mostly goes on.
class ClipSession {
 public:
  explicit ClipSession(const Job& job);

  bool serves(const Job& job) const;
  int64_t render(const Job& job, const RunProgress& progress);  // gives the units done
  int64_t bytes() const;                                        // of memory that its decoders take, about

 private:
  int64_t render_pictures(const Job& job, const RunProgress& progress);
  int64_t render_sound(const Job& job, const RunProgress& progress);
  Frame picture(int64_t n, int threads, uint64_t& shown);
  std::span<const uint8_t> second(int64_t k, int track);
  VideoCursor& cursor_for(int64_t n, int threads);

  const std::string name_;
  ClipRequest request_;  // the first one: what all of them have in common
  UniqueFd fd_;
  Source source_;
  std::optional<KeyFrameIndex> index_;
  uint64_t serials_ = 0;
  std::list<VideoCursor> cursors_;  // last used first
  std::map<int, SoundCursor> sounds_;
  std::optional<PictureFilter> filter_;
  std::deque<FrameEncoder> encoders_;
  std::vector<uint8_t> encoded_;  // the last frame
  uint64_t pictured_serial_ = 0;  // of the picture that it is of; 0: of none that is known
};

// The clips a worker has open.
class ClipSessions {
 public:
  int64_t render(const Job& job, const RunProgress& progress);

 private:
  std::list<ClipSession> sessions_;  // last used first
};

}  // namespace damfs::worker
