// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/derive/clips.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "catalog/base/error.h"
#include "catalog/base/log.h"
#include "catalog/model/catalog.h"
#include "catalog/store/object_store.h"

namespace damfs {
namespace {

constexpr std::string_view kIndexProfile = "index";
constexpr int kIndexRecipe = 1;

// Requests of one reader overtake each other by about this much.
constexpr uint64_t kReorder = 1U << 20;
// How far is made ahead of a sequential reader: doubled with each read, from the least to the most.
constexpr int64_t kLeastAhead = 8;
constexpr int64_t kMostAhead = 192;

DerivedKey key_of(const Digest& source, const ClipProfile& profile) {
  return {source, std::string(profile.name), kClipRecipe};
}

// Containers that do not say where their key frames are.
bool needs_index(std::string_view mime) { return mime == "video/mp2t" || mime == "video/mpeg"; }

}  // namespace

// One opening: knows how its reader moves.
class Clips::ClipContent final : public Content {
 public:
  // Whoever opens it will see its first frame, and that takes longer to make than the head takes to read.
  ClipContent(SessionRef session, uint64_t reader) : session_(std::move(session)), reader_(reader) {
    const ClipFacts& facts = session_->layout().facts();
    if (facts.frames > 0) session_->prefetch({facts.sound.size(), 0, 1}, this, reader_);
  }
  ~ClipContent() override { session_->release(this); }

  void read(uint64_t offset, size_t size, ReadAnswerRef answer) override {
    session_->read(offset, size, std::move(answer), reader_);
    look_ahead(offset, size);
  }
  bool cancel(const ReadAnswer& answer) override { return session_->cancel(answer); }
  int passthrough_fd() const override { return session_->file().is_complete() ? session_->file().fd() : -1; }

 private:
  void look_ahead(uint64_t offset, size_t size) {
    const auto units = units_of(session_->file().layout(), offset, size);
    if (units.empty()) return;
    const ClipUnits& last = units.back();
    ClipUnits wanted{last.run, last.first + last.count, 0};
    {
      const std::lock_guard lock(mutex_);
      const uint64_t expected = std::exchange(expected_, offset + size);
      const bool sequential = offset <= expected + kReorder && offset + kReorder >= expected && last.run == run_;
      run_ = last.run;
      ahead_ = sequential ? std::clamp(2 * ahead_, kLeastAhead, kMostAhead) : 0;
      if (ahead_ == 0) {
        ordered_ = 0;
        return;
      }
      const int64_t end = wanted.first + ahead_;
      // In few large steps, each a run of its own.
      if (ordered_ > wanted.first && end - ordered_ < ahead_ / 2) return;
      wanted.first = std::max(wanted.first, ordered_);
      wanted.count = end - wanted.first;
      ordered_ = end;
    }
    // Behind the last second of sound lies the next track's first, or the first frame.
    const auto& runs = session_->file().layout().runs;
    const int64_t beyond = wanted.first + wanted.count - runs[wanted.run].units();
    session_->prefetch(wanted, this, reader_);
    if (beyond > 0 && wanted.run + 1 < runs.size()) {
      session_->prefetch({wanted.run + 1, 0, std::min(beyond, kLeastAhead)}, this, reader_);
    }
  }

  const SessionRef session_;
  const uint64_t reader_;
  std::mutex mutex_;
  uint64_t expected_ = 0;
  size_t run_ = 0;
  int64_t ahead_ = 0;
  int64_t ordered_ = 0;  // behind the last unit of the run that was asked for ahead
};

Clips::Clips(Parts parts) : parts_(parts), keeper_(parts.cache) {}
Clips::~Clips() = default;

ClipRow Clips::clip_of(int64_t version) {
  auto row = parts_.catalog.reader()->clip_of_version(version);
  if (!row) fail(ENOENT, "version {} is gone", version);
  return std::move(*row);
}

Clips::SessionRef Clips::session_of(int64_t version, const ClipProfile& profile, const ClipRow& clip) {
  const DerivedKey key = key_of(clip.sha256, profile);
  const std::string name = key.text();
  {
    const std::lock_guard lock(mutex_);
    std::erase_if(sessions_, [](const auto& entry) { return entry.second.expired(); });
    if (const auto found = sessions_.find(name); found != sessions_.end()) {
      if (auto session = found->second.lock()) return session;
    }
  }
  const auto facts = clip_from_text(clip.clip);
  if (!facts) fail(ENOENT, "version {} has no editing proxy", version);
  auto object = parts_.objects.open(clip.sha256);
  if (!object) fail(EIO, "the original is missing from the library's objects; see `damfs doctor`");
  const ClipLayout layout(profile, *facts);
  const std::string head = layout.head(clip.sha256, clip.reel);
  auto file = parts_.cache.open_sparse(key, layout.sparse(), std::as_bytes(std::span(head)));
  const int source = object->get();
  const auto made = std::make_shared<ClipSession>(ClipSession::Parts{
      layout, std::move(file), std::move(*object), name, parts_.workers, counters_, parts_.deadline_ms,
      [this, key](const std::string& reason) { parts_.cache.remember_failure(key, reason); }});
  {
    // Whoever was faster wins: one session a clip.
    const std::lock_guard lock(mutex_);
    auto& place = sessions_[name];
    if (auto other = place.lock()) return other;
    place = made;
  }
  if (!made->file().is_complete()) find_index(made, clip.sha256, clip.mime, source);
  return made;
}

// The index of an earlier time, or one that is made in the background: seeking works without, only slower.
void Clips::find_index(const SessionRef& session, const Digest& source, std::string_view mime, int source_fd) {
  if (!needs_index(mime) || session->layout().facts().frames == 0) return;
  const DerivedKey key{source, std::string(kIndexProfile), kIndexRecipe};
  if (auto known = parts_.cache.open(key)) return session->set_index(std::move(*known));
  if (parts_.cache.failure(key)) return;
  Job job;
  job.type = JobType::kClipIndex;
  job.job_class = JobClass::kPrefetch;
  job.source = UniqueFd(::fcntl(source_fd, F_DUPFD_CLOEXEC, 0));
  if (!job.source) throw_errno(errno, "cannot duplicate a descriptor");
  job.output = parts_.cache.stage();
  job.clip.facts = session->layout().facts();
  job.deadline_ms = 20 * parts_.deadline_ms;  // it reads the whole recording
  job.done = [this, session, key](const JobResult& result, UniqueFd output) {
    if (!result.ok) {
      if (result.permanent) parts_.cache.remember_failure(key, result.reason);
      return;
    }
    const auto kept = std::make_shared<UniqueFd>(::fcntl(output.get(), F_DUPFD_CLOEXEC, 0));
    session->set_index(std::move(output));
    keeper_.keep({.key = key, .fd = kept->get(), .owner = kept, .kept = [] {}});
  };
  parts_.workers.submit(std::move(job));
}

ContentRef Clips::open(int64_t version, const ClipProfile& profile, uint64_t reader) {
  const ClipRow clip = clip_of(version);
  if (const auto reason = parts_.cache.failure(key_of(clip.sha256, profile))) fail(EIO, "{}", *reason);
  return std::make_shared<ClipContent>(session_of(version, profile, clip), reader);
}

std::optional<std::string> Clips::failure(int64_t version, const ClipProfile& profile) {
  return parts_.cache.failure(key_of(clip_of(version).sha256, profile));
}

std::shared_ptr<ClipSession> Clips::warm(int64_t version, const ClipProfile& profile, bool retry,
                                         ClipSession::Progress progress, ClipSession::Done done) {
  const ClipRow clip = clip_of(version);
  const DerivedKey key = key_of(clip.sha256, profile);
  if (retry) parts_.cache.forget_failure(key);
  if (const auto reason = parts_.cache.failure(key)) {
    done(*reason);
    return nullptr;
  }
  auto session = session_of(version, profile, clip);
  session->warm(std::move(progress), std::move(done));
  return session;
}

}  // namespace damfs
