// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/derive/stills.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "catalog/base/error.h"
#include "catalog/base/file.h"
#include "catalog/base/log.h"
#include "catalog/media/worker_pool.h"
#include "catalog/model/catalog.h"
#include "catalog/store/object_store.h"

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

BytesRow Stills::bytes_of(int64_t version) {
  auto bytes = parts_.catalog.reader()->bytes_of_version(version);
  if (!bytes) damfs::fail(ENOENT, "version {} is gone", version);
  return std::move(*bytes);
}

void Stills::drop(int64_t version, const StillProfile& profile) {
  const BytesRow bytes = bytes_of(version);
  parts_.cache.remove(Order{bytes, profile, {}}.key());
}

std::optional<std::string> Stills::failure(int64_t version, const StillProfile& profile) {
  const BytesRow bytes = bytes_of(version);
  return parts_.cache.failure(Order{bytes, profile, {}}.key());
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
    Batch batch{order.bytes, {}, job_class, reader};
    batch.items.push_back({spec, claimed.rendition, {}});
    start(std::move(batch));
  }
  return claimed.rendition;
}

// Throws what keeps it from starting, after all who wait for it were told.
void Stills::start(Batch of) {
  const auto shared = std::make_shared<Batch>(std::move(of));
  Batch& batch = *shared;
  try {
    auto object = parts_.objects.open(batch.bytes.sha256);
    if (!object) damfs::fail(EIO, "the original is missing from the library's objects; see `damfs doctor`");
    Job job;
    job.source = std::move(*object);
    job.output = parts_.cache.stage();
    static_cast<StillSpec&>(job.still) = batch.items.front().spec;
    for (size_t i = 1; i < batch.items.size(); ++i) {
      Item& item = batch.items[i];
      item.output = parts_.cache.stage();
      job.more.push_back(duplicate(item.output.get(), "a file for a worker"));
      job.still.also.push_back(item.spec);
    }
    job.still.kind = batch.bytes.kind;
    job.still.mime = batch.bytes.mime;
    job.still.seek_us = std::min<int64_t>(3'000'000, batch.bytes.duration_us / 10);
    submit(shared, std::move(job));
  } catch (const std::exception& error) {
    for (const Item& item : batch.items) lose(item.rendition, error.what());
    throw;
  }
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
      Batch alone{batch.bytes, {}, batch.job_class, batch.reader};
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

ContentRef Stills::open(int64_t version, const StillProfile& profile, Raster source, uint64_t reader) {
  const BytesRow bytes = bytes_of(version);
  const Order order{bytes, profile, source};
  if (const auto reason = parts_.cache.failure(order.key())) damfs::fail(EIO, "{}", *reason);
  return std::make_shared<StillContent>(*this, find_or_start(order, JobClass::kInteractive, reader),
                                        StillContent::Lasts::kYes);
}

void Stills::warm(int64_t version, std::span<const StillProfile* const> profiles, Raster source, bool retry,
                  const Warmed& done) {
  Batch batch{bytes_of(version), {}, JobClass::kWarm, 0};
  for (const StillProfile* profile : profiles) {
    const Order order{batch.bytes, *profile, source};
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
      batch.items.push_back({order.spec(), claimed.rendition, {}});
    }
    claimed.rendition->on_done([done, profile](const std::string& reason) { done(*profile, reason); });
  }
  while (!batch.items.empty()) {
    const auto first = batch.items.begin();
    const auto last = first + static_cast<ptrdiff_t>(std::min(batch.items.size(), kMaxStills));
    Batch part{batch.bytes, {}, batch.job_class, batch.reader};
    part.items.assign(std::make_move_iterator(first), std::make_move_iterator(last));
    batch.items.erase(first, last);
    try {
      start(std::move(part));
    } catch (const std::exception& error) {
      log::info("previews of version {}: {}", version, error.what());  // `done` was told
    }
  }
}

ContentRef Stills::open_collage(std::span<const Shown> shown, const StillProfile& profile, uint64_t reader) {
  Sha256 digest;
  for (const Shown& each : shown) {
    const std::string part = bytes_of(each.version).sha256.hex();
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
      const BytesRow bytes = bytes_of(each.version);
      const Order order{bytes, profile, each.source};
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
    job.still.collage = true;
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
