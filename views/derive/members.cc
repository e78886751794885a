// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/derive/members.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "catalog/base/error.h"
#include "catalog/base/file.h"
#include "catalog/base/log.h"
#include "catalog/ingest/look.h"
#include "catalog/ingest/whole.h"
#include "catalog/model/catalog.h"
#include "catalog/places/places.h"
#include "views/derive/deferred_content.h"
#include "views/derive/piece_content.h"
#include "views/frame/range_content.h"

namespace damfs {
namespace {

constexpr int kMemberRecipe = 1;
// With a checkpoint every 896 KiB (worker/pack_index.h), at most a MiB is unpacked for any piece.
constexpr uint64_t kPieceBytes = 128U << 10;
constexpr PieceContent::Ahead kMembersAhead{8, 128};
constexpr size_t kLanes = 2;
constexpr int kAttempts = 4;  // at unpacking an archive within an archive as a whole
// Up to here a file is unpacked as a whole when it is opened, and not kept: the kernel keeps what was read of it.
constexpr int64_t kSmall = 1 << 20;

// What has no checkpoints is unpacked from its beginning for whoever jumps into it, by a busy machine slowly.
constexpr int64_t kSkippedEachMs = 20'000;
constexpr int64_t kMostSkippingMs = 300'000;

int64_t time_to_get_to(int64_t position, const Job& job) {
  int64_t from = 0;
  try {
    const auto index = job.index ? PackIndexReader::open(job.index.get(), job.member.indexed_size) : std::nullopt;
    const auto checkpoint = index ? index->before(job.member.number, position) : std::nullopt;
    if (checkpoint) from = std::clamp<int64_t>(checkpoint->out, 0, position);
  } catch (const Error& error) {
    log::info("an archive's checkpoints cannot be read: {}", error.what());
  }
  return std::min((position - from) / kSkippedEachMs, kMostSkippingMs);
}

DerivedKey member_key(const Digest& archive, const MemberRow& member) {
  return {archive, fmt::format("member-{}", number_of_member(member.id)), kMemberRecipe};
}

}  // namespace

class Members::StoredContent final : public Content {
 public:
  StoredContent(std::shared_ptr<const UniqueFd> file, std::shared_ptr<const void> kept, uint64_t offset, uint64_t size)
      : file_(std::move(file)), kept_(std::move(kept)), offset_(offset), size_(size) {}
  void read(uint64_t offset, size_t size, ReadAnswerRef answer) override {
    if (offset >= size_) return answer->bytes({});
    size = std::min<uint64_t>(size, size_ - offset);
    answer->slice(file_->get(), offset_ + offset, size);
  }

 private:
  const std::shared_ptr<const UniqueFd> file_;
  const std::shared_ptr<const void> kept_;
  const uint64_t offset_, size_;
};

class Members::SmallContent final : public Content {
 public:
  explicit SmallContent(RenditionRef rendition) : rendition_(std::move(rendition)) {}
  void read(uint64_t offset, size_t size, ReadAnswerRef answer) override {
    rendition_->read(offset, size, std::move(answer));
  }
  bool cancel(const ReadAnswer& answer) override { return rendition_->cancel(answer); }

 private:
  const RenditionRef rendition_;
};

MemberRequest Members::request_of(const MemberRow& member, const Source& source) {
  MemberRequest request;
  request.number = number_of_member(member.id);
  request.size = member.size;
  request.method = member.method;
  request.offset = member.offset;
  request.stored_size = member.stored_size;
  request.crc = member.crc;
  request.archive_offset = source.archive_offset;
  request.archive_size = source.archive_size;
  request.entry = member.entry;
  request.indexed_size = source.indexed_size;
  return request;
}

Digest Members::archive_of(const MemberRow& member) {
  const auto reader = parts_.catalog.reader();
  const auto digest = PackReader(*reader).digest_of(blob_of_member(member.id));
  if (!digest) fail(ESTALE, "the archive of {} is gone", member.name);
  return *digest;
}

Members::Source Members::source_of(const Digest& archive, UniqueFd object) {
  Source source;
  source.archive = archive;
  source.indexed_size = stat_fd(object.get(), "an archive").st_size;
  source.fd = std::make_shared<const UniqueFd>(std::move(object));
  return source;
}

std::optional<MemberRow> Members::row_of(int64_t blob, int64_t number) {
  const auto reader = parts_.catalog.reader();
  return PackReader(*reader).member(member_id(blob, number));
}

std::optional<MemberRow> Members::holder_of(const MemberRow& member) {
  const auto reader = parts_.catalog.reader();
  return PackReader(*reader).holder_of(member);
}

void Members::find_range(const MemberRow& member, Source& source) {
  source.archive_offset = 0;
  source.archive_size = stat_fd(source.fd->get(), "an archive").st_size;
  if (member.archive < 0) return;
  const auto archive = row_of(blob_of_member(member.id), member.archive);
  if (!archive) fail(EIO, "the archive around {} is not in the catalog", member.name);
  if (archive->method == kStored) source.archive_offset = archive->offset;
  source.archive_size = archive->size;
}

// One of both is called, now or later on a thread of the workers or of the places.
void Members::with_source(const MemberRow& member, const Then& then, const Failed& failed) {
  const auto ready = [this, member, then](Source source) {
    find_range(member, source);
    then(source);
  };
  const auto holder = holder_of(member);
  if (!holder) {
    const Digest archive = archive_of(member);
    return with_whole(
        parts_.catalog, parts_.places, archive, fmt::format("the archive of {}", member.name),
        [archive, ready](UniqueFd object) { ready(source_of(archive, std::move(object))); }, failed);
  }
  with_source(
      *holder, [this, holder, ready, failed](const Source& around) { with_holder(*holder, around, ready, failed); },
      failed);
}

// Unpacked once, whoever waits for it.
void Members::with_holder(const MemberRow& holder, const Source& around, const Then& then, const Failed& failed) {
  const DerivedKey key = member_key(around.archive, holder);
  const std::string name = key.text();
  const SessionRef session = session_of(holder, key, around);
  {
    const std::lock_guard lock(mutex_);
    auto& waiting = holders_[name];
    waiting.emplace_back(then, failed);
    if (waiting.size() > 1) return;
  }
  unpack_holder(name, session, around, kAttempts);
}

// Pieces that somebody else was about to make may have been given up with that one's leaving.
void Members::unpack_holder(const std::string& name, const SessionRef& session, const Source& around,
                            int attempts_left) {
  session->warm(
      {},
      [this, name, session, around, attempts_left](const std::string& reason) {
        if (reason.empty() && attempts_left > 1 && !session->pin_all()) {
          return unpack_holder(name, session, around, attempts_left - 1);
        }
        settle_holder(name, session, around, reason);
      },
      JobClass::kInteractive);
}

void Members::settle_holder(const std::string& name, const SessionRef& session, const Source& around,
                            const std::string& reason) {
  std::vector<std::pair<Then, Failed>> waiting;
  {
    const std::lock_guard lock(mutex_);
    waiting = std::move(holders_[name]);
    holders_.erase(name);
  }
  std::string why = reason;
  const SparseFile::Pin pin = session->pin_all();
  if (why.empty() && !pin) why = "there is no room in the cache to unpack its archive";
  for (const auto& [then, failed] : waiting) {
    if (!why.empty()) {
      failed(why);
      continue;
    }
    try {
      Source source = around;
      source.fd = std::make_shared<const UniqueFd>(duplicate(session->file().fd(), "an unpacked archive"));
      source.kept = std::make_shared<std::pair<SessionRef, SparseFile::Pin>>(session, pin);
      then(source);
    } catch (const std::exception& error) {
      failed(error.what());
    }
  }
}

std::optional<std::string> Members::failure(const MemberRow& member) {
  if (!member.problem.empty()) return member.problem;
  if (member.method == kStored || member.is_folder()) return std::nullopt;
  // Catalogs of earlier times have such without a word.
  if (member.size > most_unpacked(member.method, member.stored_size)) return "it declares more bytes than it can hold";
  return parts_.cache.failure(member_key(archive_of(member), member));
}

void Members::with_file(const MemberRow& member, const std::function<void(File)>& then, const Failed& failed) {
  with_source(
      member,
      [member, then](const Source& source) {
        then({source.fd, source.kept, request_of(member, source)});
      },
      failed);
}

ContentRef Members::open(const MemberRow& member, uint64_t reader) {
  if (const auto reason = failure(member)) fail(EIO, "{}: {}", member.name, *reason);
  if (member.size == 0) return std::make_shared<StoredContent>(nullptr, nullptr, 0, 0);
  if (!holder_of(member)) {
    const Digest archive = archive_of(member);
    OpenedBlob opened =
        open_whole(parts_.catalog, parts_.places, archive, fmt::format("the archive of {}", member.name));
    if (opened.file) {
      Source source = source_of(archive, std::move(opened.file));
      find_range(member, source);
      return content_of(member, member_key(archive, member), source, reader);
    }
    if (member.method == kStored) {
      return std::make_shared<RangeContent>(std::move(opened.ranges), static_cast<uint64_t>(member.offset),
                                            static_cast<uint64_t>(member.size));
    }
  }
  const auto content = std::make_shared<DeferredContent>();
  with_source(
      member,
      [this, member, reader, content](const Source& source) {
        content->set(content_of(member, member_key(source.archive, member), source, reader));
      },
      [content](const std::string& reason) {
        log::info("a member of an archive cannot be had: {}", reason);
        content->fail();
      });
  return content;
}

ContentRef Members::content_of(const MemberRow& member, const DerivedKey& key, const Source& source, uint64_t reader) {
  if (member.method == kStored) {
    return std::make_shared<StoredContent>(source.fd, source.kept, static_cast<uint64_t>(member.offset),
                                           static_cast<uint64_t>(member.size));
  }
  if (member.size <= kSmall) return std::make_shared<SmallContent>(small_one(member, key, source, reader));
  return std::make_shared<PieceContent>(session_of(member, key, source), reader, kMembersAhead);
}

RenditionRef Members::small_one(const MemberRow& member, const DerivedKey& key, const Source& source, uint64_t reader) {
  const std::string name = key.text();
  const auto made = std::make_shared<Rendition>(key, member.size);
  {
    const std::lock_guard lock(mutex_);
    auto& place = small_[name];
    if (auto other = place.lock()) return other;
    place = made;
    if (small_.size() > 1024) std::erase_if(small_, [](const auto& entry) { return entry.second.expired(); });
  }
  Job job;
  job.type = JobType::kMember;
  job.reader = reader;
  job.source = duplicate(source.fd->get(), "an archive");
  job.output = UniqueFd(::memfd_create("damfs-member", MFD_CLOEXEC));
  if (!job.output) throw_errno(errno, "cannot make a file in memory");
  job.run.unit_bytes = member.size;
  job.run.session = name;
  job.member = request_of(member, source);
  job.deadline_ms = parts_.deadline_ms;
  job.done = [this, made](const JobResult& result, UniqueFd output) {
    ++(result.ok ? counters_.done : counters_.failed);
    if (result.ok) return made->complete(std::move(output));
    if (result.permanent) parts_.cache.remember_failure(made->key(), result.reason);
    log::info("a member of an archive cannot be unpacked: {}", result.reason);
    made->fail(result.reason);
  };
  ++counters_.started;
  parts_.workers.submit(std::move(job));
  return made;
}

Members::SessionRef Members::session_of(const MemberRow& member, const DerivedKey& key, const Source& source) {
  const std::string name = key.text();
  {
    const std::lock_guard lock(mutex_);
    std::erase_if(sessions_, [](const auto& entry) { return entry.second.expired(); });
    if (const auto found = sessions_.find(name); found != sessions_.end()) {
      if (auto session = found->second.lock()) return session;
    }
  }
  const auto size = static_cast<uint64_t>(member.size);
  auto file = parts_.cache.open_sparse(key, {size, {{0, kPieceBytes, size}}}, {});
  const auto describe = [request = request_of(member, source), kept = source.kept](const PieceUnits& units, Job& job) {
    job.type = JobType::kMember;
    job.member = request;
    job.deadline_ms += time_to_get_to(units.first * static_cast<int64_t>(kPieceBytes), job);
  };
  const auto made = std::make_shared<PieceSession>(
      PieceSession::Parts{std::move(file),
                          duplicate(source.fd->get(), "an archive"),
                          name,
                          {kLanes},
                          describe,
                          parts_.workers,
                          counters_,
                          parts_.deadline_ms,
                          [this, key](const std::string& reason) { parts_.cache.remember_failure(key, reason); }});
  {
    // Whoever was faster wins: one session a member.
    const std::lock_guard lock(mutex_);
    auto& place = sessions_[name];
    if (auto other = place.lock()) return other;
    place = made;
  }
  if (member.method == kDeflated && !made->file().is_complete()) find_index(made, source);
  return made;
}

// What import left, or where the cache has lost it, one that is made in the background: reading works without, only
// slower.
void Members::find_index(const SessionRef& session, const Source& source) {
  if (auto known = parts_.cache.open(pack_index_key(source.archive))) return session->set_index(std::move(*known));
  {
    const std::lock_guard lock(mutex_);
    auto& awaiting = awaiting_index_[source.archive];
    awaiting.push_back(session);
    if (awaiting.size() > 1) return;
  }
  const auto make = [this, sha256 = source.archive, size = source.indexed_size](UniqueFd object) {
    // What it shows is in the catalog already.
    ToLook what{.object = std::move(object),
                .sha256 = sha256,
                .name = {},
                .size = size,
                .job_class = JobClass::kPrefetch,
                .deadline_ms = parts_.deadline_ms,
                .look_at_pictures = false};
    make_pack_index(parts_.workers, &parts_.cache, std::move(what),
                    [this, sha256](const JobResult& result, const UniqueFd& index) {
                      hand_out_index(sha256, result.ok ? index.get() : -1);
                    });
  };
  auto opened = parts_.places.open(source.archive);
  if (!opened) return hand_out_index(source.archive, -1);
  if (opened->file) return make(std::move(opened->file));
  parts_.places.fetch(source.archive, make,
                      [this, sha256 = source.archive](const std::string&) { hand_out_index(sha256, -1); });
}

void Members::hand_out_index(const Digest& archive, int index) {
  std::vector<std::weak_ptr<PieceSession>> sessions;
  {
    const std::lock_guard lock(mutex_);
    sessions = std::move(awaiting_index_[archive]);
    awaiting_index_.erase(archive);
  }
  if (index < 0) return;
  for (const auto& waiting : sessions) {
    if (const auto session = waiting.lock()) session->set_index(duplicate(index, "an index"));
  }
}

}  // namespace damfs
