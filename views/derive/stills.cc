// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/derive/stills.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "catalog/base/error.h"
#include "catalog/base/file.h"
#include "catalog/base/log.h"
#include "catalog/base/names.h"
#include "catalog/ingest/whole.h"
#include "catalog/media/pool/worker_pool.h"
#include "catalog/model/catalog.h"
#include "catalog/places/places.h"

namespace damfs {
class Stills::StillContent final : public Content {
 public:
  enum class Lasts : bool { kNo, kYes };
  StillContent(Stills& stills, RenditionRef rendition, Lasts lasts)
      : stills_(stills), rendition_(std::move(rendition)), lasts_(lasts) {}
  ~StillContent() override { stills_.abandon(rendition_); }
  void read(uint64_t offset, size_t size, ReadAnswerRef answer) override {
    rendition_->read(offset, size, std::move(answer));
  }
  bool cancel(const ReadAnswer& answer) override { return rendition_->cancel(answer); }
  bool is_immutable() const override { return lasts_ == Lasts::kYes; }

 private:
  Stills& stills_;
  const RenditionRef rendition_;
  const Lasts lasts_;
};

bool is_on_ball(const MemberRow& map) {
  if (!map.role || !map.still || !map.problem.empty()) return false;
  switch (*map.role) {
    case MapRole::kHeight:
    case MapRole::kSpecular:
    case MapRole::kMask:
    case MapRole::kMetallicRoughness: return false;
    default: return true;
  }
}

// The stills that a collage waits for.
struct Stills::Gathering {
  RenditionRef collage;
  StillSpec spec;
  JobClass job_class = JobClass::kInteractive;
  uint64_t reader = 0;
  std::vector<RenditionRef> parts;
  std::atomic<size_t> left{1};  // one for who gathers
};

Stills::Stills(Parts parts) : parts_(std::move(parts)), keeper_(parts_.cache) {}
Stills::~Stills() = default;

StillSpec Stills::Order::spec() const {
  return {.target = still_raster(profile, source),
          .declared_bytes = still_bytes(profile, source),
          .format = profile.format,
          .quality = profile.quality,
          .effort = profile.effort};
}

Stills::Origin Stills::origin_of_version(PackReader& packs, int64_t version, const BytesRow& bytes) {
  // What is no picture itself may be an archive with one.
  const bool may_be_archive = bytes.kind == Kind::kTexturePack || bytes.kind == Kind::kOther;
  const auto primary = may_be_archive ? packs.primary_member(version) : std::nullopt;
  return primary ? origin_of_member(packs, *primary) : Origin{bytes, {}, {}};
}

Stills::Origin Stills::origin_of_member(PackReader& packs, const MemberRow& member) {
  const auto digest = packs.digest_of(blob_of_member(member.id));
  if (!digest) damfs::fail(ENOENT, "the archive of {} is gone", printable(member.name));
  Origin origin;
  origin.bytes.sha256 = *digest;
  const std::string_view mime = member.mime;
  origin.bytes.kind = mime.starts_with("video/")   ? Kind::kVideo
                      : mime.starts_with("audio/") ? Kind::kAudio
                                                   : Kind::kImage;
  origin.bytes.mime = member.mime;
  origin.part = fmt::format("-member-{}", number_of_member(member.id));
  origin.members.push_back(member);
  return origin;
}

Stills::Origin Stills::origin_of_material(PackReader& packs, int64_t material) {
  std::vector<MemberRow> maps = packs.maps_of_material(material);
  std::erase_if(maps, [](const MemberRow& map) { return !is_on_ball(map); });
  if (maps.empty()) damfs::fail(EIO, "none of its maps can be shown on a ball");
  Origin origin = origin_of_member(packs, maps.front());
  origin.part = fmt::format("-material-{}", number_of_member(maps.front().id));
  origin.members = std::move(maps);
  origin.composition = Composition::kMaterial;
  return origin;
}

Stills::Origin Stills::origin_of(const StillSubject& subject, const StillProfile& profile) {
  const auto reader = parts_.catalog.reader();
  PackReader packs(*reader);
  if (subject.what == StillSubject::What::kMaterial) return origin_of_material(packs, subject.id);
  if (subject.what == StillSubject::What::kMember) {
    const auto member = packs.member(subject.id);
    if (!member) damfs::fail(ENOENT, "member {} is gone", subject.id);
    return origin_of_member(packs, *member);
  }
  if (profile.shows == Composition::kMaterial) return origin_of_material(packs, packs.first_material(subject.id));
  const auto bytes = reader->bytes_of_version(subject.id);
  if (!bytes) damfs::fail(ENOENT, "version {} is gone", subject.id);
  return origin_of_version(packs, subject.id, *bytes);
}

void Stills::drop(const StillSubject& subject, const StillProfile& profile) {
  const Origin origin = origin_of(subject, profile);
  parts_.cache.remove(Order{origin, profile, {}}.key());
}

std::optional<std::string> Stills::failure(const StillSubject& subject, const StillProfile& profile) {
  const Origin origin = origin_of(subject, profile);
  return parts_.cache.failure(Order{origin, profile, {}}.key());
}

std::optional<std::string> Stills::note(const StillSubject& subject, const StillProfile& profile) {
  const Origin origin = origin_of(subject, profile);
  return parts_.cache.note(Order{origin, profile, {}}.key());
}

Stills::Claim Stills::claim(const DerivedKey& key, int64_t bytes) {
  auto rendition = std::make_shared<Rendition>(key, bytes);
  const std::lock_guard lock(mutex_);
  const auto [place, is_new] = in_flight_.try_emplace(key.text(), std::move(rendition));
  ++place->second->users;
  return {place->second, is_new};
}

bool Stills::take_from_cache(const RenditionRef& rendition) {
  auto fd = parts_.cache.open(rendition->key());
  if (!fd || static_cast<uint64_t>(stat_fd(fd->get(), "a preview").st_size) != rendition->size()) return false;
  forget(rendition->key());
  rendition->complete(std::move(*fd));
  return true;
}

RenditionRef Stills::find_or_start(const Order& order, JobClass job_class, uint64_t reader) {
  const StillSpec spec = order.spec();
  Claim claimed = claim(order.key(), spec.declared_bytes);
  if (!claimed.is_mine) {
    // It may stand in the queue behind all that is being warmed.
    WorkerPool::Ticket ticket = 0;
    {
      const std::lock_guard lock(mutex_);
      ticket = claimed.rendition->ticket;
    }
    if (ticket != 0 && job_class == JobClass::kInteractive) parts_.workers.promote(ticket, job_class, reader);
    return claimed.rendition;
  }
  // This thread alone makes it; others who ask from now on wait on the rendition.
  if (!take_from_cache(claimed.rendition)) {
    Batch batch{order.origin, {}, job_class, reader};
    batch.items.push_back({spec, claimed.rendition, {}});
    start(std::move(batch));
  }
  return claimed.rendition;
}

// Throws what keeps it from starting, after all who wait for it were told.
void Stills::start(Batch of) {
  const auto batch = std::make_shared<Batch>(std::move(of));
  try {
    if (!batch->origin.members.empty()) return find_members(batch);
    with_whole(
        parts_.catalog, parts_.places, batch->origin.bytes.sha256, "the original",
        [this, batch](UniqueFd original) {
          std::vector<UniqueFd> sources;
          sources.push_back(std::move(original));
          submit_with(batch, std::move(sources));
        },
        [this, batch](const std::string& reason) {
          for (const Item& item : batch->items) lose(item.rendition, reason);
        });
  } catch (const std::exception& error) {
    for (const Item& item : batch->items) lose(item.rendition, error.what());
    throw;
  }
}

// One behind the other, for an archive around one may have to be unpacked first.
void Stills::find_members(const std::shared_ptr<Batch>& batch) {
  if (batch->files.size() == batch->origin.members.size()) {
    std::vector<UniqueFd> sources;
    for (const Members::File& file : batch->files) sources.push_back(duplicate(file.fd->get(), "an archive"));
    return submit_with(batch, std::move(sources));
  }
  parts_.members.with_file(
      batch->origin.members[batch->files.size()],
      [this, batch](Members::File file) {
        batch->files.push_back(std::move(file));
        find_members(batch);
      },
      [this, batch](const std::string& reason) {
        for (const Item& item : batch->items) lose(item.rendition, reason);
      });
}

void Stills::submit_with(const std::shared_ptr<Batch>& shared, std::vector<UniqueFd> sources) {
  Batch& batch = *shared;
  const BytesRow& bytes = batch.origin.bytes;
  Job job;
  job.source = std::move(sources.front());
  job.still.sources = static_cast<int>(sources.size());
  for (size_t i = 1; i < sources.size(); ++i) job.more.push_back(std::move(sources[i]));
  for (const Members::File& file : batch.files) job.still.members.push_back(file.request);
  job.still.composition = batch.origin.composition;
  if (batch.origin.composition == Composition::kMaterial) {
    for (const MemberRow& map : batch.origin.members) job.still.roles.push_back(*map.role);
  }
  job.output = parts_.cache.stage();
  static_cast<StillSpec&>(job.still) = batch.items.front().spec;
  for (size_t i = 1; i < batch.items.size(); ++i) {
    Item& item = batch.items[i];
    item.output = parts_.cache.stage();
    job.more.push_back(duplicate(item.output.get(), "a file for a worker"));
    job.still.also.push_back(item.spec);
  }
  job.still.kind = bytes.kind;
  job.still.mime = bytes.mime;
  // A member's length is not in the catalog.
  job.still.seek_us = batch.files.empty() ? moment_to_show(bytes.duration_us) : kMomentOfLength;
  submit(shared, std::move(job));
}

void Stills::submit(const std::shared_ptr<Batch>& batch, Job job) {
  job.type = JobType::kStill;
  job.job_class = batch->job_class;
  job.reader = batch->reader;
  job.deadline_ms = parts_.deadline_ms;
  job.done = [this, batch](const JobResult& result, UniqueFd output) { finish(*batch, result, std::move(output)); };
  started_ += batch->items.size();
  std::vector<RenditionRef> renditions;  // the batch is the job's from here on
  for (const Item& item : batch->items) renditions.push_back(item.rendition);
  const auto ticket = parts_.workers.submit(std::move(job));
  const std::lock_guard lock(mutex_);
  for (const RenditionRef& rendition : renditions) rendition->ticket = ticket;
}

void Stills::forget(const DerivedKey& key) {
  const std::lock_guard lock(mutex_);
  in_flight_.erase(key.text());
}

void Stills::lose(const RenditionRef& rendition, const std::string& reason) {
  forget(rendition->key());
  rendition->fail(reason);
}

void Stills::finish(Batch& batch, const JobResult& result, UniqueFd output) {
  batch.items.front().output = std::move(output);
  if (!result.ok && result.permanent && batch.items.size() > 1) {
    // It may be about one of them: each is tried by itself, as a reader of it would.
    started_ -= batch.items.size();
    for (Item& item : batch.items) {
      Batch alone{batch.origin, {}, batch.job_class, batch.reader};
      alone.items.push_back({item.spec, item.rendition, {}});
      try {
        start(std::move(alone));
      } catch (const std::exception& error) {
        log::info("preview {}: {}", item.rendition->key().text(), error.what());
      }
    }
    return;
  }
  for (Item& item : batch.items) finish_one(item, result);
}

void Stills::finish_one(Item& item, const JobResult& result) {
  const RenditionRef& rendition = item.rendition;
  const DerivedKey& key = rendition->key();
  std::string reason = result.reason;
  struct stat st {};
  if (result.ok && (::fstat(item.output.get(), &st) != 0 || static_cast<uint64_t>(st.st_size) != rendition->size())) {
    reason = "the worker made a file of the wrong size";
  }
  if (reason.empty()) {
    ++done_;
    if (!result.note.empty()) parts_.cache.set_note(key, result.note);
    const int fd = item.output.get();
    rendition->complete(std::move(item.output));
    // Who asks until it is kept, is given this rendition.
    keeper_.keep({.key = key, .fd = fd, .owner = rendition, .kept = [this, key] { forget(key); }});
    return;
  }
  ++failed_;
  log::info("preview {} failed: {}", key.text(), reason);
  if (result.permanent) parts_.cache.remember_failure(key, reason);
  lose(rendition, reason);
}

// The last reader is gone: what has not begun is not begun. A render that runs, runs on into the cache.
void Stills::abandon(const RenditionRef& rendition) {
  WorkerPool::Ticket ticket = 0;
  {
    const std::lock_guard lock(mutex_);
    if (--rendition->users > 0 || rendition->wanted) return;
    ticket = rendition->ticket;
    const auto found = in_flight_.find(rendition->key().text());
    if (ticket == 0 || found == in_flight_.end() || found->second != rendition) return;
    // Out of the table first: whoever opens it from now on starts afresh.
    if (!parts_.workers.cancel(ticket)) return;
    in_flight_.erase(found);
  }
  --started_;
  rendition->fail("cancelled");
}

ContentRef Stills::open(const StillSubject& subject, const StillProfile& profile, Raster source, uint64_t reader) {
  const Origin origin = origin_of(subject, profile);
  const Order order{origin, profile, source};
  if (const auto reason = parts_.cache.failure(order.key())) damfs::fail(EIO, "{}", *reason);
  return std::make_shared<StillContent>(*this, find_or_start(order, JobClass::kInteractive, reader),
                                        StillContent::Lasts::kYes);
}

void Stills::warm(const StillSubject& subject, std::span<const StillProfile* const> profiles, Raster source, bool retry,
                  const Warmed& done) {
  // Of one origin, and so from one decode.
  std::vector<Batch> batches;
  for (const StillProfile* profile : profiles) {
    Origin origin = origin_of(subject, *profile);
    const Order order{origin, *profile, source};
    const DerivedKey key = order.key();
    if (retry) parts_.cache.forget_failure(key);
    if (const auto reason = parts_.cache.failure(key)) {
      done(*profile, *reason);
      continue;
    }
    const Claim claimed = claim(key, order.spec().declared_bytes);
    {
      const std::lock_guard lock(mutex_);
      claimed.rendition->wanted = true;
      --claimed.rendition->users;
    }
    if (claimed.is_mine && !take_from_cache(claimed.rendition)) {
      auto batch = std::find_if(batches.begin(), batches.end(), [&](const Batch& each) {
        return each.origin.part == origin.part && each.items.size() < kMaxStills;
      });
      const StillSpec spec = order.spec();
      if (batch == batches.end()) {
        batch = batches.insert(batch, {std::move(origin), {}, JobClass::kWarm, 0});
      }
      batch->items.push_back({spec, claimed.rendition, {}});
    }
    claimed.rendition->on_done([done, profile](const std::string& reason) { done(*profile, reason); });
  }
  for (Batch& batch : batches) {
    try {
      start(std::move(batch));
    } catch (const std::exception& error) {
      log::info("previews ahead of time: {}", error.what());  // `done` was told
    }
  }
}

ContentRef Stills::open_collage(std::span<const Shown> shown, const StillProfile& profile, uint64_t reader) {
  Sha256 digest;
  for (const Shown& each : shown) {
    const Origin origin = origin_of(each.subject, profile);
    const std::string part = origin.bytes.sha256.hex() + origin.part;
    digest.update(std::as_bytes(std::span(part)));
  }
  const DerivedKey key{digest.finish(), profile.cache_name, kStillRecipe};
  if (const auto reason = parts_.cache.failure(key)) damfs::fail(EIO, "{}", *reason);
  auto gathering = std::make_shared<Gathering>();
  gathering->spec = Order{{}, profile, collage_raster(profile)}.spec();
  gathering->reader = reader;
  const Claim claimed = claim(key, gathering->spec.declared_bytes);
  gathering->collage = claimed.rendition;
  if (claimed.is_mine && !take_from_cache(claimed.rendition)) gather(gathering, shown, profile);
  return std::make_shared<StillContent>(*this, claimed.rendition, StillContent::Lasts::kNo);
}

void Stills::gather(const std::shared_ptr<Gathering>& gathering, std::span<const Shown> shown,
                    const StillProfile& profile) {
  const auto one_less = [this, gathering] {
    if (--gathering->left == 0) assemble(*gathering);
  };
  try {
    for (const Shown& each : shown) {
      const Origin origin = origin_of(each.subject, profile);
      const Order order{origin, profile, each.source};
      if (parts_.cache.failure(order.key())) continue;
      gathering->parts.push_back(find_or_start(order, gathering->job_class, gathering->reader));
    }
  } catch (const std::exception& error) {
    for (const RenditionRef& part : gathering->parts) abandon(part);
    lose(gathering->collage, error.what());
    throw;
  }
  for (const RenditionRef& part : gathering->parts) {
    ++gathering->left;
    part->on_done([one_less](const std::string&) { one_less(); });
  }
  one_less();
}

// All that could be had are there. One that failed for now and not for good would be missing from the cached bytes for
// ever, so then there is no collage this time.
void Stills::assemble(Gathering& gathering) {
  Job job;
  try {
    for (const RenditionRef& part : gathering.parts) {
      if (part->fd() < 0 && !parts_.cache.failure(part->key())) damfs::fail(EIO, "a picture of it cannot be had now");
      if (part->fd() < 0) continue;
      UniqueFd still = duplicate(part->fd(), "a file for a worker");
      if (job.source) {
        job.more.push_back(std::move(still));
      } else {
        job.source = std::move(still);
      }
    }
    if (!job.source) damfs::fail(EIO, "none of its pictures can be shown");
    job.still.composition = Composition::kCollage;
    job.still.sources = static_cast<int>(1 + job.more.size());
    static_cast<StillSpec&>(job.still) = gathering.spec;
    job.output = parts_.cache.stage();
    const auto batch = std::make_shared<Batch>(Batch{{}, {}, gathering.job_class, gathering.reader});
    batch->items.push_back({gathering.spec, gathering.collage, {}});
    submit(batch, std::move(job));
  } catch (const std::exception& error) {
    lose(gathering.collage, error.what());
  }
  for (const RenditionRef& part : gathering.parts) abandon(part);
  gathering.parts.clear();
}

Stills::Counters Stills::counters() const { return {started_, done_, failed_}; }

}  // namespace damfs
