// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/worker/clip/clip_session.h"

#include <algorithm>
#include <cerrno>
#include <exception>
#include <iterator>
#include <utility>

#include "catalog/base/error.h"
#include "catalog/base/file.h"
#include "catalog/media/worker/metadata/encoding_line.h"

namespace damfs::worker {
namespace {

constexpr size_t kMostClipSessions = 4;
constexpr size_t kMostCursors = 2;                // somebody plays it, and something looks through it
constexpr int64_t kMostBytes = int64_t{1} << 30;  // of all sessions but the one at work
// Pictures that a decoder holds: what its codec refers to at the most, and what its threads are at.
constexpr int64_t kPicturesHeld = 24;
constexpr int64_t kMostEncoders = 4;  // what decoding keeps up with

void check_run(const RunRequest& run, const ClipRequest& request) {
  const auto tracks = static_cast<int>(request.facts.sound.size());
  const bool pictures = request.track < 0;
  const bool possible = run.first >= 0 && run.count > 0 && request.track < tracks &&
                        (!pictures || (request.facts.frames > 0 && request.raster));
  if (!possible) fail(EPROTO, "a clip's run that cannot be");
}

}  // namespace

ClipSession::ClipSession(const Job& job)
    : name_(job.run.session), request_(job.clip), fd_(duplicate(job.source.get(), "the source")), source_(fd_.get()) {}

bool ClipSession::serves(const Job& job) const {
  const ClipRequest& request = job.clip;
  return job.run.session == name_ && request.facts == request_.facts && request.codec == request_.codec &&
         request.raster == request_.raster;
}

int64_t ClipSession::bytes() const {
  const Raster& raster = request_.facts.raster;
  return static_cast<int64_t>(cursors_.size()) * kPicturesHeld * raster.width * raster.height * 2;
}

// One that gets there by going on, else one more, else the one that was not used for longest.
VideoCursor& ClipSession::cursor_for(int64_t n, int threads) {
  auto chosen = std::find_if(cursors_.begin(), cursors_.end(), [&](const auto& c) { return c.goes_on_to(n); });
  if (chosen == cursors_.end() && cursors_.size() < kMostCursors) {
    chosen =
        cursors_.emplace(cursors_.begin(), source_, request_.facts, index_ ? &*index_ : nullptr, serials_, threads);
  } else if (chosen == cursors_.end()) {
    --chosen;
  }
  cursors_.splice(cursors_.begin(), cursors_, chosen);
  return cursors_.front();
}

// Decoded and brought to the proxy's raster; empty when the picture before, of that serial, is shown on.
Frame ClipSession::picture(int64_t n, int threads, uint64_t& shown) {
  const VideoCursor::View view = cursor_for(n, threads).at(n);
  if (shown == view.current.serial) return {};
  if (!filter_) filter_.emplace(request_.facts, request_.raster);
  Frame made = filter_->apply(view);
  shown = view.current.serial;
  return made;
}

std::span<const uint8_t> ClipSession::second(int64_t k, int track) {
  const ClipSound& sound = request_.facts.sound[static_cast<size_t>(track)];
  auto& cursor = sounds_.try_emplace(track, source_, request_.facts, sound).first->second;
  const std::span<const int16_t> samples = cursor.second(k);
  const int64_t left = request_.facts.samples_of(sound) - k * sound.sample_rate;
  const auto wanted = static_cast<size_t>(std::clamp<int64_t>(left, 0, sound.sample_rate) * sound.channels);
  return {reinterpret_cast<const uint8_t*>(samples.data()), wanted * sizeof(int16_t)};
}

int64_t ClipSession::render(const Job& job, const RunProgress& progress) {
  const ClipRequest& request = job.clip;
  if (!index_ && job.index) {
    index_ = KeyFrameIndex::read(job.index.get(), source_.size());
    for (VideoCursor& cursor : cursors_) cursor.use(index_ ? &*index_ : nullptr);
  }
  return request.track < 0 ? render_pictures(job, progress) : render_sound(job, progress);
}

int64_t ClipSession::render_pictures(const Job& job, const RunProgress& progress) {
  const ClipRequest& request = job.clip;
  const int threads = std::clamp(request.threads, 1, 16);
  const auto wanted = static_cast<size_t>(std::clamp<int64_t>(job.run.count - job.run.made, 1, kMostEncoders));
  while (encoders_.size() < std::min(wanted, static_cast<size_t>(threads))) {
    encoders_.emplace_back(request_.codec, request_.raster, request_.facts);
  }
  int64_t done = job.run.made;
  uint64_t shown = std::exchange(pictured_serial_, 0);  // until all that is begun is handed over
  EncodingLine line(encoders_, encoded_,
                    [&](std::span<const uint8_t> bytes) { return hand_over(job, bytes, done, progress); });
  bool all = true;
  std::exception_ptr unpictured;
  try {
    for (int64_t i = done; i < job.run.count && all; ++i) all = line.put(picture(job.run.first + i, threads, shown));
  } catch (...) {
    unpictured = std::current_exception();
  }
  // Those before the one that there is no picture of are still good.
  if (line.finish() && all) pictured_serial_ = shown;
  if (unpictured) std::rethrow_exception(unpictured);
  return done;
}

int64_t ClipSession::render_sound(const Job& job, const RunProgress& progress) {
  int64_t done = job.run.made;
  bool wanted = true;
  while (done < job.run.count && wanted) {
    wanted = hand_over(job, second(job.run.first + done, job.clip.track), done, progress);
  }
  return done;
}

int64_t ClipSessions::render(const Job& job, const RunProgress& progress) {
  check_run(job.run, job.clip);
  const auto found =
      std::find_if(sessions_.begin(), sessions_.end(), [&](const ClipSession& session) { return session.serves(job); });
  if (found != sessions_.end()) {
    sessions_.splice(sessions_.begin(), sessions_, found);
  } else {
    sessions_.emplace_front(job);
  }
  const auto others = [&] {
    int64_t sum = 0;
    for (auto it = std::next(sessions_.begin()); it != sessions_.end(); ++it) sum += it->bytes();
    return sum;
  };
  while (sessions_.size() > kMostClipSessions || (sessions_.size() > 1 && others() > kMostBytes)) sessions_.pop_back();
  try {
    return sessions_.front().render(job, progress);
  } catch (...) {
    sessions_.pop_front();  // whatever state its decoders are in
    throw;
  }
}

}  // namespace damfs::worker
