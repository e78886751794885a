// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/store/staged_file.h"

#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "catalog/base/error.h"
#include "catalog/store/object_store.h"

namespace damfs {
namespace {

const Path kWhat = "a file that is being written";

void copy_blocks(int from, int to, uint64_t size) {
  if (::ioctl(to, FICLONE, from) == 0) return;
  loff_t in = 0;
  loff_t out = 0;
  while (static_cast<uint64_t>(in) < size) {
    const ssize_t n = ::copy_file_range(from, &in, to, &out, size - static_cast<uint64_t>(in), 0);
    if (n == 0) break;
    if (n < 0 && errno != EINTR) throw_errno(errno, "cannot copy a file in order to change it");
  }
}

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

void StagedFile::write(uint64_t offset, std::span<const std::byte> data) {
  make_writable();
  if (offset < hashed_) forget_hash();
  size_t done = 0;
  while (done < data.size()) {
    const ssize_t n = ::pwrite(file_->get(), data.data() + done, data.size() - done, static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw_errno(errno, "cannot write to the library");
    done += static_cast<size_t>(n);
    size_ = std::max(size_, offset + done);
  }
  if (offset != hashed_) return;
  if (hashed_ == 0) hash_ = Sha256();
  hash_.update(data);
  hashed_ += data.size();
}

void StagedFile::truncate(uint64_t size) {
  if (size == size_) return;
  // Nothing of the object is wanted: nothing of it is copied.
  if (size == 0 && is_object_) size_ = 0;
  make_writable();
  if (::ftruncate(file_->get(), static_cast<off_t>(size)) != 0) throw_errno(errno, "cannot resize a file");
  if (size < hashed_) forget_hash();
  size_ = size;
}

void StagedFile::allocate(int mode, uint64_t offset, uint64_t size) {
  make_writable();
  if (::fallocate(file_->get(), mode, static_cast<off_t>(offset), static_cast<off_t>(size)) != 0) {
    throw_errno(errno, "cannot allocate room for a file");
  }
  if ((mode & ~FALLOC_FL_KEEP_SIZE) != 0) forget_hash();
  size_ = static_cast<uint64_t>(stat_fd(file_->get(), kWhat).st_size);
}

size_t StagedFile::copy_from(int source, uint64_t from, uint64_t to, size_t size) {
  make_writable();
  auto in = static_cast<loff_t>(from);
  auto out = static_cast<loff_t>(to);
  const ssize_t n = ::copy_file_range(source, &in, file_->get(), &out, size, 0);
  if (n < 0) throw_errno(errno, "cannot copy into a file");
  if (to < hashed_) forget_hash();
  size_ = std::max(size_, to + static_cast<uint64_t>(n));
  return static_cast<size_t>(n);
}

Digest StagedFile::hash_all() {
  if (hashed_ == 0) hash_ = Sha256();
  std::vector<std::byte> block(std::min<uint64_t>(kBlock, size_ - hashed_));
  while (hashed_ < size_) {
    const size_t wanted = std::min<uint64_t>(block.size(), size_ - hashed_);
    const size_t n = pread_some(file_->get(), std::span(block).first(wanted), hashed_, kWhat);
    if (n == 0) fail(EIO, "a file that is being written is shorter than it was");
    hash_.update(std::span<const std::byte>(block).first(n));
    hashed_ += n;
  }
  forget_hash();
  return hash_.finish();
}

StagedFile::Sealed StagedFile::seal(const std::function<bool(const Digest&)>& is_catalogued) {
  if (object_) return {*object_, size_};
  const Sealed sealed{hash_all(), size_};
  // One that had a name in staging/ and lost it can never be linked again: its bytes go into one that can.
  if (was_kept_ && stat_fd(file_->get(), kWhat).st_nlink == 0) go_on_with_copy();
  UniqueFd object =
      store_.adopt(file_->get(), sealed.sha256, static_cast<int64_t>(sealed.size), is_catalogued(sealed.sha256));
  become(sealed.sha256, std::move(object));
  return sealed;
}

void StagedFile::sync() {
  if (!is_object_ && ::fdatasync(file_->get()) != 0) throw_errno(errno, "cannot write to the library's disk");
}

}  // namespace damfs
