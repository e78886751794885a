// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/derive/clips.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <thread>
#include <utility>
#include <vector>

#include "catalog/base/error.h"
#include "catalog/base/file.h"
#include "catalog/base/log.h"
#include "catalog/ingest/whole.h"
#include "catalog/media/media_types.h"
#include "catalog/model/catalog.h"
#include "catalog/places/places.h"
#include "views/derive/clip_layout.h"
#include "views/derive/deferred_content.h"
#include "views/derive/piece_content.h"

namespace damfs {
namespace {

constexpr std::string_view kIndexProfile = "index";
constexpr int kIndexRecipe = 1;

// Decoders of pictures a clip: one that plays, and one for whoever looks elsewhere meanwhile.
constexpr size_t kPictureLanes = 2;
constexpr PieceContent::Ahead kClipsAhead{8, 192};

DerivedKey clip_key(const Digest& source, const ClipProfile& profile) {
  return {source, std::string(profile.name), kClipRecipe};
}

void describe(const ClipLayout& layout, const PieceUnits& units, Job& job) {
  job.type = JobType::kClip;
  job.clip.facts = layout.facts();
  job.clip.codec = layout.profile().codec;
  job.clip.raster = layout.raster();
  job.clip.track = units.run < layout.facts().sound.size() ? static_cast<int>(units.run) : -1;
  job.clip.threads = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
}

}  // namespace

Clips::Clips(Parts parts) : parts_(parts), keeper_(parts.cache) {}
Clips::~Clips() = default;

ClipRow Clips::clip_of(int64_t version) {
  auto row = parts_.catalog.reader()->clip_of_version(version);
  if (!row) fail(ENOENT, "version {} is gone", version);
  return std::move(*row);
}

Clips::SessionRef Clips::find_session(const std::string& name) {
  const std::lock_guard lock(mutex_);
  std::erase_if(sessions_, [](const auto& entry) { return entry.second.expired(); });
  const auto found = sessions_.find(name);
  return found == sessions_.end() ? nullptr : found->second.lock();
}

Clips::SessionRef Clips::make_session(int64_t version, const ClipProfile& profile, const ClipRow& clip,
                                      UniqueFd object) {
  const DerivedKey key = clip_key(clip.sha256, profile);
  const std::string name = key.text();
  const auto facts = clip_from_text(clip.clip, stat_fd(object.get(), "a clip").st_size);
  if (!facts) fail(ENOENT, "version {} has no editing proxy", version);
  const ClipLayout layout(profile, *facts);
  const std::string head = layout.head(clip.sha256, clip.reel);
  auto file = parts_.cache.open_sparse(key, layout.sparse(), std::as_bytes(std::span(head)));
  const int source = object.get();
  std::vector<size_t> lanes(layout.sparse().runs.size(), 1);
  if (facts->frames > 0) lanes.back() = kPictureLanes;
  const auto made = std::make_shared<PieceSession>(PieceSession::Parts{
      std::move(file), std::move(object), name, std::move(lanes),
      [layout](const PieceUnits& units, Job& job) { describe(layout, units, job); }, parts_.workers, counters_,
      parts_.deadline_ms, [this, key](const std::string& reason) { parts_.cache.remember_failure(key, reason); }});
  {
    // Whoever was faster wins: one session a clip.
    const std::lock_guard lock(mutex_);
    auto& place = sessions_[name];
    if (auto other = place.lock()) return other;
    place = made;
  }
  if (!made->file().is_complete()) find_index(made, *facts, clip, source);
  return made;
}

// The index of an earlier time, or one that is made in the background: seeking works without, only slower.
void Clips::find_index(const SessionRef& session, const ClipFacts& facts, const ClipRow& clip, int source_fd) {
  if (!media_type(clip.mime).needs_index || facts.frames == 0) return;
  const DerivedKey key{clip.sha256, std::string(kIndexProfile), kIndexRecipe};
  if (auto known = parts_.cache.open(key)) return session->set_index(std::move(*known));
  if (parts_.cache.failure(key)) return;
  Job job;
  job.type = JobType::kClipIndex;
  job.job_class = JobClass::kPrefetch;
  job.source = duplicate(source_fd, "a clip");
  job.output = parts_.cache.stage();
  job.clip.facts = facts;
  job.deadline_ms = 20 * parts_.deadline_ms;  // it reads the whole recording
  job.done = [this, session, key](const JobResult& result, UniqueFd output) {
    if (!result.ok) {
      if (result.permanent) parts_.cache.remember_failure(key, result.reason);
      return;
    }
    const auto kept = std::make_shared<UniqueFd>(duplicate(output.get(), "a clip's index"));
    session->set_index(std::move(output));
    keeper_.keep({.key = key, .fd = kept->get(), .owner = kept, .kept = [] {}});
  };
  parts_.workers.submit(std::move(job));
}

ContentRef Clips::open(int64_t version, const ClipProfile& profile, uint64_t reader) {
  const ClipRow clip = clip_of(version);
  const DerivedKey key = clip_key(clip.sha256, profile);
  if (const auto reason = parts_.cache.failure(key)) fail(EIO, "{}", *reason);
  if (auto session = find_session(key.text())) return content_of(std::move(session), clip, reader);
  OpenedBlob original = open_whole(parts_.catalog, parts_.places, clip.sha256, "the original");
  if (original.file) {
    return content_of(make_session(version, profile, clip, std::move(original.file)), clip, reader);
  }
  const auto content = std::make_shared<DeferredContent>();
  parts_.places.fetch(
      clip.sha256,
      [this, version, &profile, clip, reader, content](UniqueFd fetched) {
        content->set(content_of(make_session(version, profile, clip, std::move(fetched)), clip, reader));
      },
      [content](const std::string& reason) {
        log::info("an editing proxy cannot be made: {}", reason);
        content->fail();
      });
  return content;
}

ContentRef Clips::content_of(SessionRef session, const ClipRow& clip, uint64_t reader) {
  const auto facts = clip_from_text(clip.clip);
  auto content = std::make_shared<PieceContent>(std::move(session), reader, kClipsAhead);
  // Whoever opens it will see its first frame, and that takes longer to make than the head takes to read.
  if (facts && facts->frames > 0) content->expect({facts->sound.size(), 0, 1});
  return content;
}

void Clips::drop(int64_t version, const ClipProfile& profile) {
  parts_.cache.remove(clip_key(clip_of(version).sha256, profile));
}

std::optional<std::string> Clips::failure(int64_t version, const ClipProfile& profile) {
  return parts_.cache.failure(clip_key(clip_of(version).sha256, profile));
}

std::shared_ptr<PieceSession> Clips::warm(int64_t version, const ClipProfile& profile, bool retry,
                                          PieceSession::Progress progress, PieceSession::Done done) {
  const ClipRow clip = clip_of(version);
  const DerivedKey key = clip_key(clip.sha256, profile);
  if (retry) parts_.cache.forget_failure(key);
  if (const auto reason = parts_.cache.failure(key)) {
    done(*reason);
    return nullptr;
  }
  auto session = find_session(key.text());
  if (!session) {
    session = make_session(version, profile, clip,
                           wait_for_whole(parts_.catalog, parts_.places, clip.sha256, "the original"));
  }
  session->warm(std::move(progress), std::move(done));
  return session;
}

}  // namespace damfs
