// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/ingest/import.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <exception>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <thread>
#include <utility>

#include "catalog/base/error.h"
#include "catalog/base/exact_time.h"
#include "catalog/base/names.h"
#include "catalog/base/now.h"
#include "catalog/base/out_of_room.h"
#include "catalog/ingest/copies.h"
#include "catalog/ingest/likeness.h"
#include "catalog/ingest/look.h"
#include "catalog/ingest/walk.h"
#include "catalog/media/pool/worker_pool.h"
#include "catalog/model/catalog.h"
#include "catalog/model/write/writer.h"
#include "catalog/places/object_store.h"

namespace damfs {
namespace {

// How far reading may run ahead of the catalog, in files: bounds memory. Enough that reading goes on while a batch is
// written to the disk.
constexpr size_t kWindow = 4096;
// How many probes may be under way: each holds a descriptor.
constexpr size_t kMostProbes = 128;
// A batch is committed when it is this large or this old. Each costs one syncfs and one transaction.
constexpr size_t kBatchFiles = 2000;
constexpr auto kBatchAge = std::chrono::seconds(1);

SourceStamp stamp_of(const struct stat& st) {
  return {st.st_size, to_ns(st.st_mtim), to_ns(st.st_ctim), static_cast<int64_t>(st.st_ino)};
}

bool same_look(const SourceStamp& a, const SourceStamp& b) {
  return a.size == b.size && a.mtime_ns == b.mtime_ns && a.ctime_ns == b.ctime_ns && a.inode == b.inode;
}

// Waits for `ready`. A signal handler can only set a flag, so whoever waits looks up now and then.
template <typename Ready>
void wait_looking_up(std::condition_variable& condition, std::unique_lock<std::mutex>& lock, const Ready& ready) {
  while (!Clock::wait_for(condition, lock, std::chrono::milliseconds(100), ready)) {
  }
}

// Errors that no other file will escape either.
bool ends_everything(int code) { return is_out_of_room(code) || code == EROFS; }

}  // namespace

// One file on its way from the walk to the catalog.
struct Item {
  enum class State { kWaiting, kReady, kUnchanged, kFailed };
  uint64_t order = 0;
  WalkedFile walked;
  State state = State::kWaiting;
  SourceStamp stamp;
  int64_t known_entry = 0;  // kUnchanged: what it became
  Digest sha256;
  std::optional<int64_t> data_bytes;  // IncomingFile's
  bool heals = false;                 // catalogued bytes, whose object was damaged or missing until now
  int64_t copy_of = 0;                // IncomingFile's
  std::optional<MediaFacts> facts;
};
using ItemRef = std::shared_ptr<Item>;

class Import::Pipeline {
 public:
  Pipeline(Parts parts, ImportOptions options, ImportEvents events)
      : parts_(parts), options_(std::move(options)), events_(std::move(events)) {}

  ImportReport run(const std::atomic<bool>& stop);
  const ImportProgress& progress() const { return progress_; }

 private:
  void walk_all(const std::function<bool(const WalkedFile&)>& each);
  ImportReport look_only();
  bool met(const WalkedFile& file);
  void reader_loop();
  void writer_loop();
  void read_one(const ItemRef& item);
  void read_link(const ItemRef& item);
  bool is_unchanged(Item& item);
  void probe(const ItemRef& item, UniqueFd object);
  void settle(const ItemRef& item, Item::State state);
  void fail_item(const ItemRef& item, const std::string& reason);
  void give_up(std::exception_ptr error);
  bool stopping() const { return aborted_ || stop_->load(std::memory_order_relaxed); }
  void commit(const std::vector<ItemRef>& batch);
  void catalogue(Writer& writer, const Item& item, ImportReport& counts);
  void mark(Writer& writer, int64_t asset);
  void link_late_copies();
  void report_unheard(const Item& item);
  void report_failed(const Path& path, const std::string& reason);

  Parts parts_;
  ImportOptions options_;
  ImportEvents events_;
  ImportProgress progress_;
  const std::atomic<bool>* stop_ = nullptr;
  std::atomic<bool> aborted_{false};

  std::mutex mutex_;
  std::condition_variable to_readers_, to_probers_, to_walker_, to_writer_;
  std::deque<ItemRef> queue_;           // for readers
  std::map<uint64_t, ItemRef> window_;  // every item not yet taken by the writer, by order
  uint64_t next_order_ = 0;
  bool walk_done_ = false;
  size_t probing_ = 0;
  std::exception_ptr error_;
  ImportReport report_;
  int64_t last_asset_ = 0;  // that was there before
  int64_t act_ = 0;         // the journal's; the writer's thread alone
  std::atomic<bool> has_archives_{false};
  bool brings_archives_ = false;
  std::mutex events_mutex_;
};

void Import::Pipeline::report_failed(const Path& path, const std::string& reason) {
  const std::lock_guard lock(events_mutex_);
  ++report_.failed;
  if (events_.failed) events_.failed(path, reason);
}

void Import::Pipeline::report_unheard(const Item& item) {
  const bool is_unheard = item.facts && item.facts->mime == kSidecarMime && !item.facts->problem.empty();
  if (!is_unheard || !events_.unheard) return;
  const std::lock_guard lock(events_mutex_);
  events_.unheard(item.walked.path, item.facts->problem);
}

void Import::Pipeline::give_up(std::exception_ptr error) {
  const std::lock_guard lock(mutex_);
  if (!error_) error_ = std::move(error);
  aborted_ = true;
  to_readers_.notify_all();
  to_walker_.notify_all();
  to_writer_.notify_all();
}

void Import::Pipeline::settle(const ItemRef& item, Item::State state) {
  const std::lock_guard lock(mutex_);
  item->state = state;
  to_writer_.notify_one();
}

void Import::Pipeline::fail_item(const ItemRef& item, const std::string& reason) {
  report_failed(item->walked.path, reason);
  settle(item, Item::State::kFailed);
}

bool Import::Pipeline::met(const WalkedFile& file) {
  if (stopping()) return false;
  ++progress_.found_files;
  progress_.found_bytes += file.stat.st_size;
  auto item = std::make_shared<Item>();
  item->walked = file;
  item->stamp = stamp_of(file.stat);
  // The unchanged are settled here, without a thread hand-over, so that a second import is a walk.
  const bool unchanged = is_unchanged(*item);
  std::unique_lock lock(mutex_);
  wait_looking_up(to_walker_, lock, [&] { return window_.size() < kWindow || stopping(); });
  if (stopping()) return false;
  item->order = next_order_++;
  window_.emplace(item->order, item);
  if (unchanged) {
    item->state = Item::State::kUnchanged;
    to_writer_.notify_one();
  } else {
    queue_.push_back(item);
    to_readers_.notify_one();
  }
  return true;
}

// Calls `each` for every file below every path of the options.
void Import::Pipeline::walk_all(const std::function<bool(const WalkedFile&)>& each) {
  WalkVisitor visitor;
  visitor.file = each;
  visitor.unreadable = [this](const Path& path, const std::string& reason) { report_failed(path, reason); };
  visitor.skipped = [this](const Path& path, const std::string& reason) {
    const std::lock_guard lock(events_mutex_);
    ++report_.skipped;
    if (events_.skipped) events_.skipped(path, reason);
  };
  for (const Path& path : options_.paths) {
    if (!walk(std::filesystem::absolute(path).lexically_normal(), visitor)) break;
  }
  progress_.walk_done = true;
}

// Anybody can give a file its former size and mtime back, whatever is in it; its ctime nobody can. And what the library
// has lost of it must be read once more. What was purged of it was meant to go.
bool Import::Pipeline::is_unchanged(Item& item) {
  const auto known = parts_.catalog.reader()->source(item.walked.path.native());
  if (!known || !known->sha256 || !same_look(known->stamp, item.stamp)) return false;
  item.known_entry = known->entry;
  if (!known->is_catalogued) return true;
  return !known->is_damaged && parts_.store.is_there(*known->sha256, known->stamp.size);
}

void Import::Pipeline::reader_loop() {
  for (;;) {
    ItemRef item;
    {
      std::unique_lock lock(mutex_);
      wait_looking_up(to_readers_, lock, [&] { return !queue_.empty() || walk_done_ || stopping(); });
      if (stopping() || queue_.empty()) return;
      item = std::move(queue_.front());
      queue_.pop_front();
    }
    try {
      read_one(item);
    } catch (const Error& error) {
      if (error.code() == ECANCELED) return;
      if (ends_everything(error.code())) return give_up(std::current_exception());
      fail_item(item, error.what());
    } catch (...) {
      return give_up(std::current_exception());
    }
  }
}

void Import::Pipeline::read_link(const ItemRef& item) {
  Sha256 hash;
  hash.update(std::as_bytes(std::span(*item->walked.link)));
  item->sha256 = hash.finish();
  parts_.store.keep_empty();
  settle(item, Item::State::kReady);
}

void Import::Pipeline::read_one(const ItemRef& item) {
  if (item->walked.link) return read_link(item);
  const UniqueFd source = open_file(item->walked.path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  const struct stat st = stat_fd(source.get(), item->walked.path);
  if (!S_ISREG(st.st_mode)) fail(EAGAIN, "{} is no regular file any more", item->walked.path.string());
  item->stamp = stamp_of(st);
  bool is_known = false;
  auto ingested = parts_.store.ingest(source.get(), item->walked.path,
                                      {.stop = [this] { return stopping(); },
                                       .on_bytes = [this](int64_t n) { progress_.read_bytes += n; },
                                       .is_catalogued =
                                           [&](const Digest& sha256) {
                                             const auto reader = parts_.catalog.reader();
                                             is_known = reader->has_blob(sha256);
                                             // What is known to be damaged is not even asked whether it is whole.
                                             return is_known && !reader->damage(sha256);
                                           }});
  item->sha256 = ingested.sha256;
  // It would be shown with another time; what is known of that source stays as it is.
  if (!exact_ns(st.st_mtim)) {
    const auto known = parts_.catalog.reader()->source(item->walked.path.native());
    if (!known || known->sha256 != ingested.sha256) {
      fail(EOVERFLOW, "its time lies beyond the years 1677 to 2262, which a library keeps; `touch` gives it another");
    }
  }
  item->heals = is_known && ingested.added;
  item->stamp.size = ingested.size;
  item->data_bytes = ingested.data_bytes;
  if (has_archives_) {
    item->copy_of = member_like(parts_.catalog, parts_.places, ingested.object.get(), ingested.sha256, ingested.size);
  }
  if (parts_.catalog.reader()->has_blob(ingested.sha256)) return settle(item, Item::State::kReady);
  probe(item, std::move(ingested.object));
}

void Import::Pipeline::probe(const ItemRef& item, UniqueFd object) {
  {
    std::unique_lock lock(mutex_);
    wait_looking_up(to_probers_, lock, [&] { return probing_ < kMostProbes || stopping(); });
    if (stopping()) fail(ECANCELED, "stopped");
    ++probing_;
  }
  ToLook what{.object = std::move(object),
              .sha256 = item->sha256,
              .name = item->walked.name,
              .size = item->stamp.size,
              .deadline_ms = options_.probe_deadline_ms,
              .hash_members = options_.hash_members,
              .charset = options_.charset};
  look_at(parts_.workers, parts_.cache, std::move(what), [this, item](JobResult result) {
    if (result.ok) {
      item->facts = std::move(result.facts);
      report_unheard(*item);
      settle(item, Item::State::kReady);
    } else if (result.permanent) {
      item->facts.emplace();
      item->facts->problem = result.reason;
      settle(item, Item::State::kReady);
    } else {
      fail_item(item, result.reason);
    }
    const std::lock_guard lock(mutex_);
    --probing_;
    to_probers_.notify_one();
    to_writer_.notify_one();
  });
}

void Import::Pipeline::writer_loop() {
  std::vector<ItemRef> batch;
  auto begun = Clock::now();
  for (;;) {
    bool flush = false;
    bool finished = false;
    {
      std::unique_lock lock(mutex_);
      const auto ready = [&] { return !window_.empty() && window_.begin()->second->state != Item::State::kWaiting; };
      const auto ended = [&] { return stopping() || (walk_done_ && window_.empty()); };
      const auto too_old = [&] { return !batch.empty() && Clock::now() - begun >= kBatchAge; };
      wait_looking_up(to_writer_, lock, [&] { return ready() || ended() || too_old(); });
      while (ready() && batch.size() < kBatchFiles) {
        if (batch.empty()) begun = Clock::now();
        const ItemRef item = window_.begin()->second;
        window_.erase(window_.begin());
        ++progress_.done_files;
        progress_.done_bytes += item->walked.stat.st_size;
        if (item->state != Item::State::kFailed) batch.push_back(item);
      }
      to_walker_.notify_one();
      finished = ended() && !ready();
      flush = finished || batch.size() >= kBatchFiles || too_old();
    }
    if (flush && !batch.empty()) {
      commit(batch);
      batch.clear();
    }
    if (finished) return;
  }
}

void Import::Pipeline::commit(const std::vector<ItemRef>& batch) {
  const bool adds =
      std::any_of(batch.begin(), batch.end(), [](const ItemRef& item) { return item->state == Item::State::kReady; });
  const bool marks = !options_.tags.empty() || !options_.albums.empty();
  ImportReport counts;
  if (!adds && !marks) {
    counts.unchanged = static_cast<int64_t>(batch.size());
  } else {
    if (adds) parts_.store.sync();
    const Act act{.uid = static_cast<int64_t>(::getuid()), .what = options_.what, .continues = act_};
    const Written written = parts_.catalog.write({.act = act}, [&](Writer& writer) {
      counts = {};
      for (const ItemRef& item : batch) catalogue(writer, *item, counts);
    });
    if (written.act != 0) act_ = written.act;
  }
  if (std::any_of(batch.begin(), batch.end(), [](const ItemRef& item) { return item->facts && item->facts->pack; })) {
    has_archives_ = brings_archives_ = true;
  }
  const std::lock_guard lock(events_mutex_);
  report_.new_assets += counts.new_assets;
  report_.copies += counts.copies;
  report_.brought_back += counts.brought_back;
  report_.new_versions += counts.new_versions;
  report_.known += counts.known;
  report_.healed += counts.healed;
  report_.unchanged += counts.unchanged;
}

void Import::Pipeline::catalogue(Writer& writer, const Item& item, ImportReport& counts) {
  if (item.state == Item::State::kUnchanged) {
    ++counts.unchanged;
    if (const auto asset = writer.asset_of_entry(item.known_entry)) mark(writer, *asset);
    return;
  }
  IncomingFile incoming;
  incoming.sha256 = item.sha256;
  incoming.size = item.stamp.size;
  incoming.data_bytes = item.data_bytes;
  incoming.mtime_ns = item.stamp.mtime_ns;
  incoming.folder = item.walked.folder.empty() ? options_.into : join_path(options_.into, item.walked.folder);
  incoming.name = item.walked.name;
  incoming.facts = item.facts ? &*item.facts : nullptr;
  incoming.source_path = item.walked.path.native();
  incoming.stamp = item.stamp;
  incoming.copy_of = item.copy_of;
  incoming.link = item.walked.link;
  constexpr mode_t kUsualFile = 0644;
  constexpr mode_t kUsualLink = 0777;
  incoming.ownership = ownership_like(item.walked.stat, item.walked.link ? kUsualLink : kUsualFile);
  incoming.folders = folders_like(item.walked, options_.into);
  incoming.is_import = true;
  incoming.only_unknown = options_.skip_known;
  const FiledAs filed = writer.file(incoming);
  switch (filed.how) {
    case Filed::kNewAsset: ++counts.new_assets; break;
    case Filed::kNewCopy: ++counts.new_assets, ++counts.copies; break;
    case Filed::kBroughtBack: ++counts.brought_back; break;
    case Filed::kNewVersion: ++counts.new_versions; break;
    case Filed::kKnown: ++counts.known; break;
  }
  if (item.heals) {
    writer.mark_whole(item.sha256);
    ++counts.healed;
  }
  if (filed.asset != 0) mark(writer, filed.asset);
}

void Import::Pipeline::mark(Writer& writer, int64_t asset) {
  if (writer.is_link(asset)) return;
  for (const std::string& tag : options_.tags) writer.add_tag(asset, writer.ensure_group(Grouping::kTag, tag));
  for (const std::string& album : options_.albums)
    writer.add_to_album(asset, writer.ensure_group(Grouping::kAlbum, album));
}

// What came in with an archive was read before that was looked into.
void Import::Pipeline::link_late_copies() {
  if (!brings_archives_ || stopping()) return;
  link_copies_after(parts_.catalog, parts_.places, last_asset_, *stop_);
}

ImportReport Import::Pipeline::look_only() {
  walk_all([this](const WalkedFile& file) {
    ++report_.files;
    Item item;
    item.walked = file;
    item.stamp = stamp_of(file.stat);
    if (is_unchanged(item)) ++report_.unchanged;
    return !stopping();
  });
  report_.stopped = stopping();
  return report_;
}

ImportReport Import::Pipeline::run(const std::atomic<bool>& stop) {
  stop_ = &stop;
  if (options_.dry_run) return look_only();
  last_asset_ = parts_.catalog.reader()->newest_asset();
  has_archives_ = has_archives(parts_.catalog);
  std::vector<std::thread> readers;
  const unsigned threads = options_.threads != 0 ? options_.threads : std::max(1U, std::thread::hardware_concurrency());
  for (unsigned i = 0; i < threads; ++i) readers.emplace_back([this] { reader_loop(); });
  std::thread writer([this] {
    try {
      writer_loop();
    } catch (...) {
      give_up(std::current_exception());
    }
  });
  try {
    walk_all([this](const WalkedFile& file) { return met(file); });
  } catch (...) {
    give_up(std::current_exception());
  }
  {
    const std::lock_guard lock(mutex_);
    walk_done_ = true;
    to_readers_.notify_all();
    to_writer_.notify_all();
  }
  for (std::thread& reader : readers) reader.join();
  writer.join();
  {
    // Probes call back into this object: wait them out, however the import ended.
    std::unique_lock lock(mutex_);
    to_writer_.wait(lock, [&] { return probing_ == 0; });
  }
  if (error_) std::rethrow_exception(error_);
  link_late_copies();
  report_.files = progress_.found_files;
  report_.bytes = progress_.read_bytes;
  report_.stopped = stop;
  return report_;
}

Import::Import(Parts parts, ImportOptions options, ImportEvents events)
    : pipeline_(std::make_unique<Pipeline>(parts, std::move(options), std::move(events))) {}
Import::~Import() = default;

ImportReport Import::run(const std::atomic<bool>& stop) { return pipeline_->run(stop); }
const ImportProgress& Import::progress() const { return pipeline_->progress(); }

}  // namespace damfs
