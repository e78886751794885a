// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/ingest/prober.h"

#include <exception>
#include <utility>
#include <vector>

#include "catalog/base/log.h"
#include "catalog/ingest/look.h"
#include "catalog/ingest/probe_batch.h"
#include "catalog/media/pool/worker_pool.h"
#include "catalog/model/catalog.h"
#include "catalog/model/write/writer.h"

namespace damfs {
namespace {

constexpr int64_t kBatch = 64;  // descriptors held at once, and how long ending may take

}  // namespace

Prober::Prober(Parts parts) : parts_(std::move(parts)), thread_([this] { run(); }) {}

Prober::~Prober() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Prober::wake() {
  {
    const std::lock_guard lock(mutex_);
    awake_ = true;
  }
  changed_.notify_all();
}

void Prober::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (!std::exchange(awake_, false)) {
      changed_.wait(lock, [this] { return awake_ || stopping_; });
      continue;
    }
    lock.unlock();
    try {
      int64_t after = 0;
      while (probe_batch(after)) {
        const std::lock_guard check(mutex_);
        if (stopping_) break;
      }
    } catch (const std::exception& error) {
      log::warning("new files cannot be looked at: {}", error.what());
    }
    lock.lock();
  }
}

bool Prober::probe_batch(int64_t& after) {
  std::vector<ToProbe> batch;
  for (UnprobedRow& row : parts_.catalog.reader()->unprobed(after, kBatch)) {
    after = row.blob;
    batch.push_back({row.sha256, std::move(row.name), row.size, parts_.charset});
  }
  if (batch.empty()) return false;
  probe_all(batch, {parts_.places, parts_.workers, parts_.cache, parts_.deadline_ms});
  parts_.catalog.write(WriteRequest{.durability = Durability::kSoon}, [&](Writer& writer) {
    for (const ToProbe& item : batch) {
      if (item.facts) writer.learn_facts(item.sha256, *item.facts);
    }
  });
  return true;
}

void Prober::look(UniqueFd object, const Digest& sha256, const std::string& name, int64_t size,
                  std::function<void(MediaFacts)> done) {
  ToLook what{.object = std::move(object),
              .sha256 = sha256,
              .name = name,
              .size = size,
              .job_class = JobClass::kInteractive,
              .deadline_ms = parts_.deadline_ms,
              .charset = parts_.charset};
  look_at(parts_.workers, parts_.cache, std::move(what), [done = std::move(done)](JobResult result) {
    MediaFacts facts = std::move(result.facts);
    if (!result.ok) {
      facts = {};
      facts.problem = result.reason;
    }
    done(std::move(facts));
  });
}

}  // namespace damfs
