// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/store/object_store.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <vector>

#include "catalog/base/error.h"
#include "catalog/base/log.h"
#include "catalog/base/out_of_room.h"

namespace damfs {
namespace {

// Start write-back of a large file while it is still being read, so that the batch's syncfs finds little left.
constexpr int64_t kWriteBackStep = 32 << 20;

bool same_state(const struct stat& a, const struct stat& b) {
  return a.st_size == b.st_size && to_ns(a.st_mtim) == to_ns(b.st_mtim);
}

std::span<std::byte> block_buffer() {
  thread_local const auto buffer = std::make_unique<std::byte[]>(kBlock);
  return {buffer.get(), kBlock};
}

Digest digest_of_file(int file, const Path& path) {
  Sha256 hash;
  uint64_t at = 0;
  for (;;) {
    const auto buffer = block_buffer();
    const size_t n = pread_some(file, buffer, at, path);
    hash.update(std::span<const std::byte>(buffer).first(n));
    at += n;
    if (n < buffer.size()) return hash.finish();
  }
}

void make_parents(const Path& path) {
  std::error_code error;
  std::filesystem::create_directories(path.parent_path(), error);
  if (error) throw_errno(error.value(), "cannot make the folder " + path.parent_path().string());
}

}  // namespace

ObjectStore::ObjectStore(Path objects, Path staging) : objects_(std::move(objects)), staging_(std::move(staging)) {}

Path ObjectStore::path_of(const Digest& sha256) const {
  const std::string hex = sha256.hex();
  return objects_ / hex.substr(0, 2) / hex.substr(2, 2) / hex;
}

std::optional<UniqueFd> ObjectStore::open(const Digest& sha256) const {
  return open_existing(path_of(sha256), O_RDONLY);
}

ObjectStore::Staged ObjectStore::stage() const {
  if (unnamed_works_) {
    const int fd = ::open(staging_.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0444);
    if (fd >= 0) return {UniqueFd(fd), {}};
    if (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL) {
      throw_errno(errno, "cannot write in " + staging_.string());
    }
    unnamed_works_ = false;
  }
  auto* self = const_cast<ObjectStore*>(this);
  const Path path = staging_ / fmt::format("{}-{}", ::getpid(), self->next_name_++);
  return {open_file(path, O_RDWR | O_CREAT | O_EXCL, 0444), path};
}

UniqueFd ObjectStore::stage_unnamed() const {
  Staged staged = stage();
  if (staged.path.empty()) return std::move(staged.fd);
  // A file system without unnamed files: it gets a name again when it is kept.
  if (::unlink(staged.path.c_str()) != 0) throw_errno(errno, "cannot write in " + staging_.string());
  return std::move(staged.fd);
}

namespace {

constexpr std::string_view kKept = "draft-";

}  // namespace

void ObjectStore::keep_staged(int staged, int64_t number) const {
  const Path path = staging_ / fmt::format("{}{}", kKept, number);
  const std::string unnamed = fmt::format("/proc/self/fd/{}", staged);
  ::unlink(path.c_str());  // an earlier state of it
  // An object is nobody's to write to; this one is.
  if (::fchmod(staged, 0600) != 0 || ::flock(staged, LOCK_EX | LOCK_NB) != 0 ||
      ::linkat(AT_FDCWD, unnamed.c_str(), AT_FDCWD, path.c_str(), AT_SYMLINK_FOLLOW) != 0) {
    throw_errno(errno, "cannot keep " + path.string());
  }
}

std::optional<ObjectStore::Kept> ObjectStore::open_kept(int64_t number) const {
  const Path path = staging_ / fmt::format("{}{}", kKept, number);
  auto kept = open_existing(path, O_RDONLY);
  if (!kept || ::flock(kept->get(), LOCK_EX | LOCK_NB) != 0) return std::nullopt;
  // Nobody else has it, so whoever adopted it was killed before the catalog knew: it is an object by now, or it was
  // only sealed to become one.
  if (stat_fd(kept->get(), path).st_nlink > 1) return Kept{std::move(*kept), true};
  if (::fchmod(kept->get(), 0600) != 0) throw_errno(errno, "cannot open " + path.string());
  kept = open_existing(path, O_RDWR);
  if (!kept || ::flock(kept->get(), LOCK_EX | LOCK_NB) != 0) return std::nullopt;
  return Kept{std::move(*kept), false};
}

void ObjectStore::forget_all_kept_but(const std::vector<int64_t>& numbers) const {
  for (const auto& entry : std::filesystem::directory_iterator(staging_)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(kKept)) continue;
    const int64_t number = std::strtoll(name.c_str() + kKept.size(), nullptr, 10);
    if (std::find(numbers.begin(), numbers.end(), number) != numbers.end()) continue;
    if (open_kept(number)) forget_kept(number);  // else another mount is just about to make it known
  }
}

void ObjectStore::forget_kept(int64_t number) const {
  ::unlink((staging_ / fmt::format("{}{}", kKept, number)).c_str());
}

UniqueFd ObjectStore::adopt(int staged, const Digest& sha256, int64_t size, bool catalogued) {
  if (stat_fd(staged, staging_).st_size != size) fail(EIO, "a staged file is not as long as what was written to it");
  const Path target = path_of(sha256);
  if (::fchmod(staged, 0444) != 0) throw_errno(errno, "cannot seal " + target.string());
  const bool added = link_into_place({duplicate(staged, staging_), {}}, sha256, size, catalogued);
  UniqueFd object = open_file(target, O_RDONLY);
  // What is not catalogued may have been put there a moment ago by somebody who is not done with this either.
  if (added || !catalogued) {
    if (::fsync(object.get()) != 0) throw_errno(errno, "cannot write " + target.string() + " to its disk");
    const UniqueFd folder = open_file(target.parent_path(), O_RDONLY | O_DIRECTORY);
    if (::fsync(folder.get()) != 0) throw_errno(errno, "cannot write " + target.string() + " to its disk");
  }
  if (added && on_added_) on_added_(sha256);
  return object;
}

ObjectStore::Ingested ObjectStore::ingest(int source, const Path& source_path, const Hooks& hooks) {
  const struct stat before = stat_fd(source, source_path);
  Staged staged = stage();
  // A clone shares the blocks: then only the hash has to read them. It reads the clone: the source may be another one
  // by now, and what is stored under a hash must be what was hashed.
  const bool cloned = clone_works_ && ::ioctl(staged.fd.get(), FICLONE, source) == 0;
  if (!cloned && (errno == EOPNOTSUPP || errno == EXDEV || errno == ENOTTY)) clone_works_ = false;
  const int read_from = cloned ? staged.fd.get() : source;
  ::posix_fadvise(source, 0, 0, POSIX_FADV_SEQUENTIAL);

  Sha256 hash;
  int64_t size = 0;
  int64_t written_back = 0;
  try {
    for (;;) {
      if (hooks.stop()) fail(ECANCELED, "stopped");
      const auto buffer = block_buffer();
      const size_t n = pread_some(read_from, buffer, static_cast<uint64_t>(size), source_path);
      const auto block = std::span<const std::byte>(buffer).first(n);
      hash.update(block);
      if (!cloned) write_all(staged.fd.get(), block, "the library");
      size += static_cast<int64_t>(n);
      hooks.on_bytes(static_cast<int64_t>(n));
      if (!cloned && size - written_back >= kWriteBackStep) {
        ::sync_file_range(staged.fd.get(), written_back, size - written_back, SYNC_FILE_RANGE_WRITE);
        written_back = size;
      }
      if (n < buffer.size()) break;
    }
    if (!same_state(before, stat_fd(source, source_path)) || size != before.st_size) {
      fail(EAGAIN, "{} changed while it was read; import it again when nothing writes to it", source_path.string());
    }
    // The disk begins at once, so that the batch's syncfs finds little left to wait for.
    if (!cloned && size > written_back) ::sync_file_range(staged.fd.get(), written_back, 0, SYNC_FILE_RANGE_WRITE);
    const Digest sha256 = hash.finish();
    const bool added = link_into_place(staged, sha256, size, hooks.is_catalogued(sha256));
    Ingested result{sha256, size, added, {}};
    result.object = open_file(path_of(sha256), O_RDONLY);
    return result;
  } catch (...) {
    if (!staged.path.empty()) ::unlink(staged.path.c_str());
    throw;
  }
}

// What lies there may be half of it, but it may also be another thread's or process' whole copy, catalogued by now: so
// its place is never empty for a moment, and what comes instead is on the disk first.
void ObjectStore::replace(const Staged& staged, const Path& target) {
  if (::fsync(staged.fd.get()) != 0) throw_errno(errno, "cannot store " + target.string());
  Path from = staged.path;
  if (from.empty()) {
    from = staging_ / fmt::format("{}-{}", ::getpid(), next_name_++);
    const std::string unnamed = fmt::format("/proc/self/fd/{}", staged.fd.get());
    if (::linkat(AT_FDCWD, unnamed.c_str(), AT_FDCWD, from.c_str(), AT_SYMLINK_FOLLOW) != 0) {
      throw_errno(errno, "cannot write in " + staging_.string());
    }
  }
  if (::rename(from.c_str(), target.c_str()) != 0) {
    const int code = errno;
    ::unlink(from.c_str());
    throw_errno(code, "cannot replace " + target.string());
  }
}

bool ObjectStore::is_whole(const Digest& sha256) {
  const Path path = path_of(sha256);
  // What a stranger put there may be a pipe, at which opening and reading would wait.
  const auto object = open_existing(path, O_RDONLY | O_NONBLOCK);
  if (!object) return false;
  const struct stat state = stat_fd(object->get(), path);
  if (!S_ISREG(state.st_mode)) return false;
  const Proof proof{state.st_ino, to_ns(state.st_ctim)};
  {
    const std::lock_guard lock(proofs_mutex_);
    const auto known = proofs_.find(sha256);
    if (known != proofs_.end() && known->second == proof) return true;
  }
  if (digest_of_file(object->get(), path) != sha256) return false;
  const std::lock_guard lock(proofs_mutex_);
  if (proofs_.size() >= kMostProofs) proofs_.clear();
  proofs_.insert_or_assign(sha256, proof);
  return true;
}

std::optional<ObjectStore::Flaw> ObjectStore::find_flaw(const Digest& sha256) {
  const Path path = path_of(sha256);
  const auto object = open_existing(path, O_RDONLY | O_NONBLOCK);
  if (!object) return Flaw{"its object is missing", 0, 0};
  const struct stat state = stat_fd(object->get(), path);
  Flaw flaw{{}, state.st_ino, to_ns(state.st_ctim)};
  if (!S_ISREG(state.st_mode)) {
    flaw.reason = "its object is no regular file";
    return flaw;
  }
  try {
    if (digest_of_file(object->get(), path) == sha256) return std::nullopt;
    flaw.reason = "its object is damaged: it has other bytes than its SHA-256 says";
  } catch (const Error& error) {
    if (error.code() != EIO) throw;
    flaw.reason = "its object cannot be read from its disk";
  }
  const std::lock_guard lock(proofs_mutex_);
  proofs_.erase(sha256);
  return flaw;
}

bool ObjectStore::is_still(const Digest& sha256, const Flaw& flaw) const {
  const auto there = stat_path(path_of(sha256));
  if (!there) return flaw.inode == 0;
  return there->st_ino == flaw.inode && to_ns(there->st_ctim) == flaw.ctime_ns;
}

bool ObjectStore::is_there(const Digest& sha256, int64_t size) const {
  const auto there = stat_path(path_of(sha256));
  return there && S_ISREG(there->st_mode) && there->st_size == size;
}

bool ObjectStore::is_as_good(const Digest& sha256, int64_t size, const struct stat& there) {
  if (there.st_size != size) return false;
  try {
    return is_whole(sha256);
  } catch (const Error& error) {
    // A disk that does not give it back: the bytes at hand are better.
    log::warning("{}: {}", path_of(sha256).string(), error.what());
    return false;
  }
}

bool ObjectStore::link_into_place(const Staged& staged, const Digest& sha256, int64_t size, bool catalogued) {
  const Path target = path_of(sha256);
  if (const auto there = stat_path(target)) {
    // The bytes at hand are dropped for better ones only.
    if (catalogued && is_as_good(sha256, size, *there)) {
      if (!staged.path.empty()) ::unlink(staged.path.c_str());
      return false;
    }
    // Two names of one file are not renamed over each other: that would leave both.
    const struct stat own = stat_fd(staged.fd.get(), target);
    if (own.st_dev == there->st_dev && own.st_ino == there->st_ino) return true;
    replace(staged, target);
    return true;
  }
  const std::string from =
      staged.path.empty() ? fmt::format("/proc/self/fd/{}", staged.fd.get()) : staged.path.string();
  for (int attempt = 0;; ++attempt) {
    const int result = staged.path.empty()
                           ? ::linkat(AT_FDCWD, from.c_str(), AT_FDCWD, target.c_str(), AT_SYMLINK_FOLLOW)
                           : ::rename(from.c_str(), target.c_str());
    if (result == 0) return true;
    if (errno == EEXIST) return link_into_place(staged, sha256, size, true);  // another thread was first
    if (errno != ENOENT || attempt > 0) throw_errno(errno, "cannot store " + target.string());
    make_parents(target);
  }
}

void ObjectStore::bury(const Digest& sha256) const {
  const Path object = path_of(sha256);
  const Path grave = staging_ / ("grave-" + sha256.hex());
  if (::rename(object.c_str(), grave.c_str()) == 0) return;
  // On a full disk there is no room for a name in another folder, and room is what this is for.
  if (!is_out_of_room(errno) || ::unlink(object.c_str()) != 0) throw_errno(errno, "cannot remove " + object.string());
}

void ObjectStore::sync() {
  const UniqueFd folder = open_file(objects_, O_RDONLY | O_DIRECTORY);
  if (::syncfs(folder.get()) != 0) throw_errno(errno, "cannot write the library to its disk");
}

int ObjectStore::remove_leftovers() {
  int removed = 0;
  for (const auto& entry : std::filesystem::directory_iterator(staging_)) {
    std::error_code error;
    const std::string name = entry.path().filename().string();
    const auto writer = static_cast<pid_t>(std::strtol(name.c_str(), nullptr, 10));
    const bool is_in_use = writer > 0 && writer != ::getpid() && ::kill(writer, 0) == 0;
    if (name.starts_with(kKept) || is_in_use) continue;
    if (std::filesystem::remove(entry.path(), error)) ++removed;
  }
  return removed;
}

}  // namespace damfs
