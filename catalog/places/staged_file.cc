// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/places/staged_file.h"

#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <optional>
#include <utility>

#include "catalog/base/error.h"
#include "catalog/base/flush.h"
#include "catalog/base/holes.h"
#include "catalog/places/object_store.h"

namespace damfs {
namespace {

const Path kWhat = "a file that is being written";

// The pieces of one file that another one lacks; holes stay holes.
void copy_blocks(int from, int to, uint64_t size) {
  if (::ioctl(to, FICLONE, from) == 0) return;
  if (::ftruncate(to, static_cast<off_t>(size)) != 0) throw_errno(errno, "cannot copy a file in order to change it");
  uint64_t at = 0;
  while (const auto extent = data_from(from, at, size)) {
    auto in = static_cast<loff_t>(extent->begin);
    auto out = in;
    while (static_cast<uint64_t>(in) < extent->end) {
      const ssize_t n = ::copy_file_range(from, &in, to, &out, extent->end - static_cast<uint64_t>(in), 0);
      if (n == 0) fail(EIO, "a file is shorter than it was, and cannot be copied in order to change it");
      if (n < 0 && errno != EINTR) throw_errno(errno, "cannot copy a file in order to change it");
    }
    at = extent->end;
  }
}

constexpr size_t kMostAhead = 256;              // pieces that came early; of more, none is remembered
constexpr uint64_t kReadBackAtOnce = 4U << 20;  // bytes, during a write
constexpr uint64_t kCheapToCopy = 1U << 20;

}  // namespace

StagedFile::StagedFile(ObjectStore& store)
    : store_(store), file_(std::make_shared<const UniqueFd>(store.stage_unnamed())) {}

StagedFile::StagedFile(ObjectStore& store, const Digest& sha256, UniqueFd object) : store_(store) {
  become(sha256, std::move(object));
}

StagedFile::StagedFile(ObjectStore& store, ObjectStore::Kept kept)
    : store_(store),
      size_(static_cast<uint64_t>(stat_fd(kept.fd.get(), kWhat).st_size)),
      is_kept_(true),
      was_kept_(true),
      is_object_(kept.is_object) {
  file_ = std::make_shared<const UniqueFd>(std::move(kept.fd));
}

void StagedFile::keep(int64_t number) {
  make_writable();
  if (!is_kept_) store_.keep_staged(file_->get(), number);
  is_kept_ = was_kept_ = true;
}

void StagedFile::become(const Digest& sha256, UniqueFd object) {
  size_ = static_cast<uint64_t>(stat_fd(object.get(), kWhat).st_size);
  file_ = std::make_shared<const UniqueFd>(std::move(object));
  is_object_ = true;
  is_kept_ = false;
  object_ = sha256;
  forget_hash();
}

void StagedFile::make_writable() {
  if (!is_object_) return;
  go_on_with_copy();
  forget_hash();
}

void StagedFile::go_on_with_copy() {
  UniqueFd copy = store_.stage_unnamed();
  if (size_ > 0) copy_blocks(file_->get(), copy.get(), size_);
  file_ = std::make_shared<const UniqueFd>(std::move(copy));
  is_object_ = is_kept_ = was_kept_ = false;
  object_.reset();
}

bool StagedFile::is_cheap_to_change() const { return !is_object_ || size_ <= kCheapToCopy; }

void StagedFile::forget_hash() {
  hashed_ = 0;
  ahead_.clear();
}

// What follows is other than it was; what stands there before that may be.
void StagedFile::forget_from(uint64_t offset) {
  if (offset < hashed_) return forget_hash();
  ahead_.erase(ahead_.lower_bound(offset), ahead_.end());
  if (!ahead_.empty()) ahead_.rbegin()->second = std::min(ahead_.rbegin()->second, offset);
}

void StagedFile::drop_ahead_below(uint64_t end) {
  while (!ahead_.empty() && ahead_.begin()->first < end) {
    const uint64_t written = ahead_.begin()->second;
    ahead_.erase(ahead_.begin());
    if (written > end) ahead_[end] = written;
  }
}

// Those bytes are others now, or new.
void StagedFile::note_written(uint64_t offset, uint64_t end) {
  if (offset < hashed_) forget_hash();
  // Joined with what it touches.
  auto next = ahead_.lower_bound(offset);
  if (next != ahead_.begin() && std::prev(next)->second >= offset) --next;
  while (next != ahead_.end() && next->first <= end) {
    offset = std::min(offset, next->first);
    end = std::max(end, next->second);
    next = ahead_.erase(next);
  }
  if (ahead_.size() >= kMostAhead) ahead_.clear();
  ahead_[offset] = end;
}

// What follows what is hashed without a gap is hashed too, up to `end`.
void StagedFile::catch_up(uint64_t end) {
  const auto next = ahead_.begin();
  if (next == ahead_.end() || next->first > hashed_) return;
  const uint64_t written = next->second;
  hash_up_to(std::min(written, end));
  if (hashed_ >= written) ahead_.erase(next);
}

void StagedFile::write(uint64_t offset, std::span<const std::byte> data) {
  make_writable();
  size_t done = 0;
  while (done < data.size()) {
    const ssize_t n = ::pwrite(file_->get(), data.data() + done, data.size() - done, static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      note_written(offset, offset + data.size());  // nobody knows how far it came
      throw_errno(errno, "cannot write to the library");
    }
    done += static_cast<size_t>(n);
    size_ = std::max(size_, offset + done);
  }
  if (offset != hashed_) {
    note_written(offset, offset + data.size());
    return;
  }
  if (hashed_ == 0) hash_ = Sha256();
  hash_.update(data);
  hashed_ += data.size();
  drop_ahead_below(hashed_);
  catch_up(hashed_ + kReadBackAtOnce);
}

void StagedFile::truncate(uint64_t size) {
  if (size == size_) return;
  // Nothing of the object is wanted: nothing of it is copied.
  if (size == 0 && is_object_) size_ = 0;
  make_writable();
  if (::ftruncate(file_->get(), static_cast<off_t>(size)) != 0) throw_errno(errno, "cannot resize a file");
  forget_from(size);
  size_ = size;
}

void StagedFile::allocate(int mode, uint64_t offset, uint64_t size) {
  make_writable();
  if (::fallocate(file_->get(), mode, static_cast<off_t>(offset), static_cast<off_t>(size)) != 0) {
    throw_errno(errno, "cannot allocate room for a file");
  }
  if ((mode & ~FALLOC_FL_KEEP_SIZE) != 0) forget_from(offset);
  size_ = static_cast<uint64_t>(stat_fd(file_->get(), kWhat).st_size);
}

size_t StagedFile::copy_from(int source, uint64_t from, uint64_t to, size_t size) {
  make_writable();
  auto in = static_cast<loff_t>(from);
  auto out = static_cast<loff_t>(to);
  const ssize_t n = ::copy_file_range(source, &in, file_->get(), &out, size, 0);
  if (n < 0) throw_errno(errno, "cannot copy into a file");
  if (n > 0) note_written(to, to + static_cast<uint64_t>(n));
  size_ = std::max(size_, to + static_cast<uint64_t>(n));
  return static_cast<size_t>(n);
}

// From what is hashed on.
void StagedFile::hash_up_to(uint64_t end) {
  if (hashed_ >= end) return;
  if (hashed_ == 0) hash_ = Sha256();
  try {
    hash_range(hash_, file_->get(), hashed_, end, kWhat);
  } catch (...) {
    forget_hash();  // nobody knows how far it came
    throw;
  }
  hashed_ = end;
}

uint64_t StagedFile::left_to_hash() const { return object_ ? 0 : size_ - std::min(hashed_, size_); }

void StagedFile::hash_some(uint64_t most) {
  if (!object_) hash_up_to(hashed_ + std::min(most, left_to_hash()));
}

Digest StagedFile::hash_all() {
  if (size_ == 0) hash_ = Sha256();
  hash_up_to(size_);
  return hash_.so_far();  // what is hashed stays so, should this have to be done once more
}

void StagedFile::prepare() {
  if (object_) return;
  hash_up_to(size_);
  sync();
}

StagedFile::Sealed StagedFile::seal(const std::function<bool(const Digest&)>& is_catalogued) {
  if (object_) return {*object_, size_, data_bytes(file_->get(), size_)};
  const Sealed sealed{hash_all(), size_, data_bytes(file_->get(), size_)};
  // One that had a name in staging/ and lost it can never be linked again: its bytes go into one that can.
  if (was_kept_ && stat_fd(file_->get(), kWhat).st_nlink == 0) go_on_with_copy();
  UniqueFd object =
      store_.adopt(file_->get(), sealed.sha256, static_cast<int64_t>(sealed.size), is_catalogued(sealed.sha256));
  become(sealed.sha256, std::move(object));
  return sealed;
}

void StagedFile::sync() {
  if (is_object_) return;
  if (const int code = flush_data(file_->get())) throw_errno(code, "cannot write to the library's disk");
}

}  // namespace damfs
