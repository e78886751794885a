// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/derived/derived_cache.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <utility>

#include "catalog/base/descriptors.h"
#include "catalog/base/error.h"
#include "catalog/base/flush.h"
#include "catalog/base/log.h"
#include "catalog/base/now.h"
#include "catalog/base/out_of_room.h"

namespace damfs {
namespace {

constexpr auto kSaveEvery = std::chrono::seconds(2);
constexpr int64_t kRoomAtLeast = 16 << 20;

// Bookkeeping that fails (a full disk, a folder deleted this very moment) must not cost a reader the picture.
template <typename Work>
void tolerantly(const Work& work) {
  try {
    work();
  } catch (const std::exception& error) {
    log::info("the index of derived files: {}", error.what());
  }
}

int64_t allocated(const struct stat& st) { return static_cast<int64_t>(st.st_blocks) * 512; }

// A tenth less than allowed, so that the next file does not start it all again.
int64_t with_slack(int64_t max_bytes) { return max_bytes - max_bytes / 10; }

}  // namespace

DerivedCache::DerivedCache(FileIn folder, int64_t max_bytes)
    : folder_(std::move(folder)), max_bytes_(max_bytes), index_(folder_) {}

DerivedCache::~DerivedCache() {
  {
    const std::lock_guard lock(sparse_mutex_);
    ending_ = true;
  }
  saver_wake_.notify_all();
  if (saver_.joinable()) saver_.join();
}

Path DerivedCache::name_of(const DerivedKey& key) const {
  const auto place = DerivedKey::place_of(key.text());
  if (!place) fail(EINVAL, "'{}' is no name of a derived file", key.text());
  return folder_.name / *place;
}

std::optional<UniqueFd> DerivedCache::open(const DerivedKey& key) {
  auto fd = folder_.folder.open_ours(name_of(key), O_RDONLY);
  if (fd) {
    tolerantly([&] { index_.touch(key.text()); });
  }
  return fd;
}

void DerivedCache::remove(const DerivedKey& key) {
  folder_.folder.unlink(name_of(key));
  tolerantly([&] { index_.drop(key.text()); });
  forget_failure(key);
  set_note(key, std::nullopt);
}

void DerivedCache::remove_all_of(const Digest& source) {
  std::vector<std::string> keys;
  tolerantly([&] { keys = index_.keys_that_begin_with(source.hex()); });
  for (const std::string& text : keys) {
    if (const auto key = DerivedKey::parse(text)) remove(*key);
  }
}

UniqueFd DerivedCache::stage() {
  const Folder folder = folder_.folder.make_folder(folder_.name);
  UniqueFd staged(::openat(folder.fd(), ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0644));
  if (!staged) throw_errno(errno, "cannot write in " + folder_.path().string());
  return outside_reserve(std::move(staged));
}

void DerivedCache::sync() {
  const int code = flush_file_system(folder_.folder.make_folder(folder_.name).fd());
  if (code != 0) throw_errno(code, "cannot write " + folder_.path().string() + " to its disk");
}

// False: the name is taken.
bool DerivedCache::give_name(int staged, const Path& name) const {
  for (int attempt = 0;; ++attempt) {
    const int code = folder_.folder.link_fd(staged, name);
    if (code == 0) return true;
    if (code == EEXIST) return false;
    if (code != ENOENT || attempt > 0) throw_errno(code, "cannot keep " + folder_.folder.at(name).string());
    folder_.folder.make_folder(name.parent_path());
  }
}

void DerivedCache::insert(const DerivedKey& key, int staged) {
  const Path name = name_of(key);
  const struct stat st = stat_fd(staged, name);
  if (!give_name(staged, name)) {
    // The same key is the same size for ever: another one is what a power cut or somebody's hand left.
    const auto there = folder_.folder.stat(name);
    if (!there || (S_ISREG(there->st_mode) && there->st_size == st.st_size)) return;
    folder_.folder.unlink(name);
    if (!give_name(staged, name)) return;
  }
  tolerantly([&] {
    index_.add(key.text(), allocated(st));
    if (bytes() > max_bytes_) keep_within_bound(with_slack(max_bytes_));
  });
}

std::vector<DerivedCache::OpenSparseRef> DerivedCache::all_open_sparse() const {
  const std::lock_guard lock(sparse_mutex_);
  std::vector<OpenSparseRef> all;
  for (const auto& [key, sparse] : open_sparse_) all.push_back(sparse);
  return all;
}

// Of open files since the index was told: it is not written to for each frame.
int64_t DerivedCache::growth() const {
  int64_t total = 0;
  const std::lock_guard lock(sparse_mutex_);
  for (const auto& [key, sparse] : open_sparse_) total += sparse->file->growth();
  return total;
}

int64_t DerivedCache::bytes() const { return index_.total() + growth(); }

void DerivedCache::keep_within_bound(int64_t target) {
  const std::unique_lock evicting(evicting_, std::try_to_lock);
  if (!evicting) return;  // another thread is at it
  const auto is_open = [this](const std::string& key) {
    const std::lock_guard lock(sparse_mutex_);
    return open_sparse_.count(key) > 0;
  };
  const auto files = index_.oldest_beyond(target - growth(), is_open);
  for (const auto& file : files) {
    if (!file.place.empty()) folder_.folder.unlink(folder_.name / file.place);
    tolerantly([&] { index_.drop(file.key); });
  }
  const int64_t pieces = bytes() > target ? evict_pieces(target) : 0;
  nothing_left_ = files.empty() && pieces == 0;
}

int64_t DerivedCache::evict_pieces(int64_t target) {
  const std::vector<OpenSparseRef> files = all_open_sparse();
  std::vector<std::pair<SparseFile::Piece, size_t>> candidates;
  for (size_t i = 0; i < files.size(); ++i) {
    for (const SparseFile::Piece& piece : files[i]->file->evictable()) candidates.emplace_back(piece, i);
  }
  std::sort(candidates.begin(), candidates.end(),
            [](const auto& a, const auto& b) { return a.first.used_ns < b.first.used_ns; });
  std::vector<std::vector<SparseFile::Piece>> leaving(files.size());
  int64_t left = bytes();
  for (const auto& [piece, i] : candidates) {
    if (left <= target) break;
    leaving[i].push_back(piece);
    left -= piece.bytes;
  }
  int64_t evicted = 0;
  for (size_t i = 0; i < files.size(); ++i) {
    if (leaving[i].empty()) continue;
    // On a full disk what is there may be impossible to save; all the more must something go.
    tolerantly([&] { save(*files[i]); });
    tolerantly([&] { evicted += files[i]->file->evict(leaving[i]); });
    tolerantly([&] { save(*files[i]); });  // for the index: it is smaller now
  }
  return evicted;
}

void DerivedCache::make_room() {
  tolerantly([&] {
    const int64_t now = bytes();
    keep_within_bound(now - std::max(now / 10, kRoomAtLeast));
  });
}

void DerivedCache::has_grown(bool nothing_missing) {
  if (nothing_missing) {
    const std::lock_guard lock(sparse_mutex_);
    save_now_ = true;
    saver_wake_.notify_all();
  }
  if (nothing_left_) return;
  tolerantly([&] {
    if (bytes() > max_bytes_) keep_within_bound(with_slack(max_bytes_));
  });
}

SparseFileRef DerivedCache::open_sparse(const DerivedKey& key, const SparseLayout& layout,
                                        std::span<const std::byte> head) {
  tolerantly([&] { index_.touch(key.text()); });
  try {
    return try_open_sparse(key, layout, head);
  } catch (const Error& error) {
    if (!is_out_of_room(error.code())) throw;
  }
  make_room();
  return try_open_sparse(key, layout, head);
}

// A file that was deleted is good for those who have it open, and for nobody else.
bool DerivedCache::leads_to_its_name(const OpenSparse& sparse) const {
  return !sparse.has_name || stat_fd(sparse.file->fd(), sparse.name).st_nlink > 0;
}

SparseFileRef DerivedCache::try_open_sparse(const DerivedKey& key, const SparseLayout& layout,
                                            std::span<const std::byte> head) {
  const std::string name = key.text();
  OpenSparseRef open;
  {
    const std::lock_guard lock(sparse_mutex_);
    if (const auto found = open_sparse_.find(name); found != open_sparse_.end()) open = found->second;
  }
  if (open && leads_to_its_name(*open)) return open->file;
  OpenSparseRef made = make_open_sparse(key, layout, head);
  const std::lock_guard lock(sparse_mutex_);
  OpenSparseRef& place = open_sparse_[name];
  if (place == open) place = std::move(made);  // else another thread was quicker
  if (!saver_.joinable()) saver_ = std::thread([this] { run_saver(); });
  saver_wake_.notify_all();
  return place->file;
}

DerivedCache::OpenSparseRef DerivedCache::make_open_sparse(const DerivedKey& key, const SparseLayout& layout,
                                                           std::span<const std::byte> head) {
  const SparseFile::Hooks hooks{.grown = [this](bool nothing_missing) { has_grown(nothing_missing); },
                                .disk_full = [this] { make_room(); }};
  auto sparse = std::make_shared<OpenSparse>();
  sparse->key = key.text();
  sparse->name = name_of(key);
  if (auto fd = folder_.folder.open_ours(sparse->name, O_RDWR)) {
    try {
      sparse->file = SparseFile::open(std::move(*fd), layout, hooks);
      if (!sparse->file) folder_.folder.unlink(sparse->name);
    } catch (const Error& error) {
      // Somebody's lock is on it and stays there: whoever asks now has one of his own, without a name.
      if (error.code() != EBUSY) throw;
      log::warning("{}: {}", folder_.folder.at(sparse->name).string(), error.what());
    }
    sparse->has_name = sparse->file != nullptr;
  }
  if (!sparse->file) sparse->file = SparseFile::create(stage(), layout, head, hooks);
  return sparse;
}

// Everything of it is on the disk and in the index, or it has no name to be found under.
bool DerivedCache::is_settled(const OpenSparse& sparse) const {
  if (sparse.file->needs_flush()) return false;
  return sparse.file->growth() == 0 || !sparse.has_name || !leads_to_its_name(sparse);
}

void DerivedCache::save(OpenSparse& sparse) {
  const std::lock_guard lock(sparse.saving);
  if (!sparse.file->flush()) return;
  if (!sparse.has_name) sparse.has_name = give_name(sparse.file->fd(), sparse.name);
  const int64_t counted = sparse.file->growth();
  const struct stat st = stat_fd(sparse.file->fd(), sparse.name);
  // Another process's file has the name, or somebody deleted it: it goes with its last reader.
  if (!sparse.has_name || st.st_nlink == 0) return;
  index_.add(sparse.key, allocated(st));
  sparse.file->growth() -= counted;
}

void DerivedCache::save_all() {
  for (const OpenSparseRef& sparse : all_open_sparse()) {
    try {
      if (!is_settled(*sparse)) save(*sparse);
    } catch (const std::exception& error) {
      // Who reads now has what it needs; it is made again for the next one.
      log::warning("cannot keep a proxy's frames: {}", error.what());
    }
  }
  std::vector<OpenSparseRef> closed;  // after the lock
  const std::lock_guard lock(sparse_mutex_);
  std::erase_if(open_sparse_, [&](const auto& entry) {
    const OpenSparseRef& sparse = entry.second;
    const bool is_unused = sparse.use_count() == 1 && sparse->file.use_count() == 1 && is_settled(*sparse);
    if (is_unused) closed.push_back(sparse);
    return is_unused;
  });
}

void DerivedCache::run_saver() {
  std::unique_lock lock(sparse_mutex_);
  for (bool last = false; !last;) {
    if (open_sparse_.empty()) {
      saver_wake_.wait(lock, [this] { return ending_ || !open_sparse_.empty(); });
    } else {
      Clock::wait_for(saver_wake_, lock, kSaveEvery, [this] { return ending_ || save_now_; });
    }
    last = ending_;
    save_now_ = false;
    lock.unlock();
    save_all();
    nothing_left_ = false;
    if (!last) has_grown(false);
    lock.lock();
  }
}

std::vector<DerivedCache::Failure> DerivedCache::failures() {
  std::vector<Failure> out;
  tolerantly([&] {
    for (auto& row : index_.failures()) {
      if (auto key = DerivedKey::parse(row.key)) out.push_back({std::move(*key), std::move(row.reason), row.at_ns});
    }
  });
  return out;
}

void DerivedCache::remember_failure(const DerivedKey& key, const std::string& reason) {
  tolerantly([&] { index_.set_failure(key.text(), reason); });
}

std::optional<std::string> DerivedCache::failure(const DerivedKey& key) {
  std::optional<std::string> reason;
  tolerantly([&] { reason = index_.failure(key.text()); });
  return reason;
}

void DerivedCache::forget_failure(const DerivedKey& key) {
  tolerantly([&] { index_.set_failure(key.text(), std::nullopt); });
}

void DerivedCache::set_note(const DerivedKey& key, const std::optional<std::string>& text) {
  tolerantly([&] { index_.set_note(key.text(), text); });
}

std::optional<std::string> DerivedCache::note(const DerivedKey& key) {
  std::optional<std::string> text;
  tolerantly([&] { text = index_.note(key.text()); });
  return text;
}

}  // namespace damfs
