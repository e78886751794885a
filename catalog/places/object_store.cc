// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/places/object_store.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <memory>
#include <thread>
#include <vector>

#include "catalog/base/descriptors.h"
#include "catalog/base/error.h"
#include "catalog/base/flush.h"
#include "catalog/base/holes.h"
#include "catalog/base/log.h"
#include "catalog/base/now.h"
#include "catalog/base/out_of_room.h"

namespace damfs {
namespace {

constexpr uint64_t kHoleStep = 64 << 20;  // between two looks whether to stop

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
  hash_range(hash, file, 0, static_cast<uint64_t>(stat_fd(file, path).st_size), path);
  return hash.finish();
}

void flush(int file, const Path& path) {
  if (const int code = damfs::flush(file)) throw_errno(code, "cannot write " + path.string() + " to its disk");
}

// ab/cd/<sha256>
Path place_of(const Digest& sha256) {
  const std::string hex = sha256.hex();
  std::string place;
  place.reserve(hex.size() + 6);
  return place.append(hex, 0, 2).append("/").append(hex, 2, 2).append("/").append(hex);
}

constexpr std::string_view kKept = "draft-";
constexpr std::string_view kGrave = "grave-";

std::string grave_name(const Digest& sha256) { return std::string(kGrave) + sha256.hex(); }
// What is closed here stays locked for a moment where a process was being started meanwhile: until that is the other
// program, it has all that is open here.
bool lock_until(int fd, std::chrono::steady_clock::time_point until) {
  while (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK || Clock::now() >= until) return false;
    Clock::sleep(std::chrono::milliseconds(2));
  }
  return true;
}

std::string kept_name(int64_t number) { return fmt::format("{}{}", kKept, number); }

// `text` without its first digits; empty: it begins with none.
std::optional<std::string_view> after_digits(std::string_view text) {
  const size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  if (digits == 0) return std::nullopt;
  return text.substr(digits);
}

// <process>-<number>, as new_name() makes them.
bool is_new_name(std::string_view name) {
  const auto number = after_digits(name);
  return number && number->starts_with('-') && after_digits(number->substr(1)) == "";
}

}  // namespace

ObjectStore::ObjectStore(Folder objects, Folder staging) : objects_(std::move(objects)), staging_(std::move(staging)) {}

Path ObjectStore::path_of(const Digest& sha256) const { return objects_.at(place_of(sha256)); }

std::optional<UniqueFd> ObjectStore::open(const Digest& sha256) const {
  return objects_.open_ours(place_of(sha256), O_RDONLY);
}

std::optional<int64_t> ObjectStore::size_of(const Digest& sha256) const {
  const auto st = objects_.stat(place_of(sha256));
  if (!st || !S_ISREG(st->st_mode) || !is_trusted_owner(st->st_uid, objects_.owner())) return std::nullopt;
  return st->st_size;
}

void ObjectStore::each(const std::function<void(const Found&)>& visit) const {
  const auto is_part = [](const std::string& name, unsigned char type) {
    return type == DT_DIR && name.size() == 2 && name.find_first_not_of("0123456789abcdef") == name.npos;
  };
  objects_.each([&](const std::string& first, unsigned char type) {
    if (!is_part(first, type)) return;
    const Folder outer = objects_.folder(first);
    outer.each([&](const std::string& second, unsigned char inner_type) {
      if (!is_part(second, inner_type)) return;
      const Folder inner = outer.folder(second);
      inner.each([&](const std::string& name, unsigned char file_type) {
        const auto sha256 = file_type == DT_REG ? Digest::from_hex(name) : std::nullopt;
        if (!sha256 || place_of(*sha256) != Path(first) / second / name) return;
        if (const auto st = inner.stat(name); st && S_ISREG(st->st_mode)) visit({*sha256, st->st_size});
      });
    });
  });
}

std::string ObjectStore::new_name() const { return fmt::format("{}-{}", ::getpid(), next_name_++); }

ObjectStore::Staged ObjectStore::stage() const {
  if (unnamed_works_) {
    const int fd = ::openat(staging_.fd(), ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0444);
    if (fd >= 0) return {outside_reserve(UniqueFd(fd)), {}};
    if (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL) {
      throw_errno(errno, "cannot write in " + staging_.path().string());
    }
    unnamed_works_ = false;
  }
  return stage_named();
}

// Who clears away may find it between its making and its lock: then it is gone, and another one is made.
ObjectStore::Staged ObjectStore::stage_named() const {
  constexpr int kTries = 1000;
  for (int i = 0; i < kTries; ++i) {
    const std::string name = new_name();
    if (staging_.stat(name)) continue;  // a former process of this number left it
    Staged staged{staging_.open(name, O_RDWR | O_CREAT | O_EXCL, 0444), name};
    if (::flock(staged.fd.get(), LOCK_EX | LOCK_NB) != 0) continue;
    if (stat_fd(staged.fd.get(), staging_.at(name)).st_nlink > 0) return staged;
  }
  fail(EIO, "cannot write in {}: somebody removes what is made there", staging_.path().string());
}

UniqueFd ObjectStore::stage_unnamed() const {
  Staged staged = stage();
  if (staged.name.empty()) return std::move(staged.fd);
  // A file system without unnamed files: it gets a name again when it is kept.
  if (const int code = staging_.unlink(staged.name)) {
    throw_errno(code, "cannot write in " + staging_.path().string());
  }
  return std::move(staged.fd);
}

void ObjectStore::keep_staged(int staged, int64_t number) const {
  const std::string name = kept_name(number);
  staging_.unlink(name);  // an earlier state of it
  // Unlike an object, this one may be written to.
  int code = ::fchmod(staged, 0600) != 0 || ::flock(staged, LOCK_EX | LOCK_NB) != 0 ? errno : 0;
  if (code == 0) code = staging_.link_fd(staged, name);
  if (code != 0) throw_errno(code, "cannot keep " + staging_.at(name).string());
}

void ObjectStore::flush_kept_names() const { flush(staging_.fd(), staging_.path()); }

std::optional<ObjectStore::Kept> ObjectStore::open_kept(int64_t number,
                                                        std::chrono::steady_clock::time_point until) const {
  const std::string name = kept_name(number);
  auto kept = staging_.open_existing(name, O_RDONLY);
  if (!kept || !lock_until(kept->get(), until)) return std::nullopt;
  // Nobody else has it, so whoever adopted it was killed before the catalog knew: it is an object by now, or it was
  // only sealed to become one.
  if (stat_fd(kept->get(), staging_.at(name)).st_nlink > 1) return Kept{std::move(*kept), true};
  if (::fchmod(kept->get(), 0600) != 0) throw_errno(errno, "cannot open " + staging_.at(name).string());
  kept = staging_.open_existing(name, O_RDWR);
  if (!kept || !lock_until(kept->get(), until)) return std::nullopt;
  return Kept{std::move(*kept), false};
}

void ObjectStore::forget_all_kept_but(const std::vector<int64_t>& numbers) const {
  std::vector<int64_t> unknown;
  staging_.each([&](const std::string& name, unsigned char type) {
    if (type != DT_REG || !name.starts_with(kKept)) return;
    int64_t number = 0;
    std::from_chars(name.data() + kKept.size(), name.data() + name.size(), number);
    if (kept_name(number) != name || std::find(numbers.begin(), numbers.end(), number) != numbers.end()) return;
    unknown.push_back(number);
  });
  for (const int64_t number : unknown) {
    if (open_kept(number)) forget_kept(number);  // else another mount is just about to make it known
  }
}

void ObjectStore::forget_kept(int64_t number) const { staging_.unlink(kept_name(number)); }

UniqueFd ObjectStore::adopt(int staged, const Digest& sha256, int64_t size, bool catalogued) {
  if (stat_fd(staged, staging_.path()).st_size != size) {
    fail(EIO, "a staged file is not as long as what was written to it");
  }
  const Path place = place_of(sha256);
  const Path target = objects_.at(place);
  if (::fchmod(staged, 0444) != 0) throw_errno(errno, "cannot seal " + target.string());
  const bool added = link_into_place({duplicate(staged, staging_.path()), {}}, sha256, size, catalogued);
  UniqueFd object = objects_.open(place, O_RDONLY);
  // What is not catalogued may have been put there a moment ago by somebody who is not done with this either.
  if (added || !catalogued) {
    flush(object.get(), target);
    flush(objects_.folder(place.parent_path()).fd(), target);
  }
  if (added && on_added_) on_added_(sha256);
  return object;
}

void ObjectStore::keep_empty() {
  const Digest empty = Sha256().finish();
  if (!is_there(empty, 0)) adopt(stage_unnamed().get(), empty, 0, false);
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
  int64_t data_bytes = 0;
  int64_t written_back = 0;
  const auto whole = static_cast<uint64_t>(before.st_size);
  Extent data;
  try {
    for (;;) {
      if (hooks.stop()) fail(ECANCELED, "stopped");
      const auto at = static_cast<uint64_t>(size);
      if (at >= data.end && at < whole) data = data_from(read_from, at, whole).value_or(Extent{whole, whole});
      if (at < data.begin) {
        const uint64_t hole = std::min(kHoleStep, data.begin - at);
        hash.update_zeros(hole);
        size += static_cast<int64_t>(hole);
        hooks.on_bytes(static_cast<int64_t>(hole));
        continue;
      }
      // Behind what it was, it is read once more: it may have grown.
      const auto buffer = block_buffer().first(at < data.end ? std::min<uint64_t>(kBlock, data.end - at) : kBlock);
      const size_t n = pread_some(read_from, buffer, at, source_path);
      const auto block = std::span<const std::byte>(buffer).first(n);
      hash.update(block);
      if (!cloned) pwrite_all(staged.fd.get(), block, at, "the library");
      size += static_cast<int64_t>(n);
      data_bytes += static_cast<int64_t>(n);
      hooks.on_bytes(static_cast<int64_t>(n));
      if (!cloned && size - written_back >= kWriteBackStep) {
        ::sync_file_range(staged.fd.get(), written_back, size - written_back, SYNC_FILE_RANGE_WRITE);
        written_back = size;
      }
      if (n < buffer.size()) break;
    }
    if (!cloned && ::ftruncate(staged.fd.get(), size) != 0) throw_errno(errno, "cannot write the library");
    if (!same_state(before, stat_fd(source, source_path)) || size != before.st_size) {
      fail(EAGAIN, "{} changed while it was read; import it again when nothing writes to it", source_path.string());
    }
    // The disk begins at once, so that the batch's syncfs finds little left to wait for.
    if (!cloned && size > written_back) ::sync_file_range(staged.fd.get(), written_back, 0, SYNC_FILE_RANGE_WRITE);
    const Digest sha256 = hash.finish();
    const bool added = link_into_place(staged, sha256, size, hooks.is_catalogued(sha256));
    Ingested result{sha256, size, added, data_bytes, {}};
    result.object = objects_.open(place_of(sha256), O_RDONLY);
    return result;
  } catch (...) {
    if (!staged.name.empty()) staging_.unlink(staged.name);
    throw;
  }
}

// What lies there may be half of it, but it may also be another thread's or process' whole copy, catalogued by now: so
// its place is never empty for a moment, and what comes instead is on the disk first.
void ObjectStore::replace(const Staged& staged, const Digest& sha256) {
  const Path place = place_of(sha256);
  if (const int code = flush(staged.fd.get())) throw_errno(code, "cannot store " + objects_.at(place).string());
  std::string from = staged.name;
  if (from.empty()) {
    // Locked before it has a name, so that nobody takes it for a leftover.
    int code = ::flock(staged.fd.get(), LOCK_EX | LOCK_NB) != 0 ? errno : EEXIST;
    while (code == EEXIST) code = staging_.link_fd(staged.fd.get(), from = new_name());
    if (code != 0) throw_errno(code, "cannot write in " + staging_.path().string());
  }
  if (const int code = staging_.rename(from, objects_, place)) {
    staging_.unlink(from);
    throw_errno(code, "cannot replace " + objects_.at(place).string());
  }
}

bool ObjectStore::is_whole(const Digest& sha256) {
  const auto object = open(sha256);
  if (!object) return false;
  const Path path = path_of(sha256);
  const struct stat state = stat_fd(object->get(), path);
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
  std::optional<UniqueFd> object;
  try {
    object = objects_.open_existing(place_of(sha256), O_RDONLY);
  } catch (const Error& error) {
    if (!is_none_of_ours(error.code())) throw;
    const auto there = objects_.stat(place_of(sha256));
    return Flaw{"its object is no regular file of this library", there ? there->st_ino : 0,
                there ? to_ns(there->st_ctim) : 0};
  }
  if (!object) return Flaw{"its object is missing", 0, 0};
  const struct stat state = stat_fd(object->get(), path);
  Flaw flaw{{}, state.st_ino, to_ns(state.st_ctim)};
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
  const auto there = objects_.stat(place_of(sha256));
  if (!there) return flaw.inode == 0;
  return there->st_ino == flaw.inode && to_ns(there->st_ctim) == flaw.ctime_ns;
}

bool ObjectStore::is_there(const Digest& sha256, int64_t size) const { return size_of(sha256) == size; }

bool ObjectStore::is_as_good(const Digest& sha256, int64_t size, const struct stat& there) {
  if (!S_ISREG(there.st_mode) || there.st_size != size) return false;
  try {
    return is_whole(sha256);
  } catch (const Error& error) {
    // A disk that does not give it back: the bytes at hand are better.
    log::warning("{}: {}", path_of(sha256).string(), error.what());
    return false;
  }
}

bool ObjectStore::link_into_place(const Staged& staged, const Digest& sha256, int64_t size, bool catalogued) {
  const Path place = place_of(sha256);
  if (const auto there = objects_.stat(place)) {
    // The bytes at hand are dropped for better ones only.
    if (catalogued && is_as_good(sha256, size, *there)) {
      if (!staged.name.empty()) staging_.unlink(staged.name);
      return false;
    }
    // Two names of one file are not renamed over each other: that would leave both.
    const struct stat own = stat_fd(staged.fd.get(), objects_.at(place));
    if (own.st_dev == there->st_dev && own.st_ino == there->st_ino) return true;
    replace(staged, sha256);
    return true;
  }
  for (int attempt = 0;; ++attempt) {
    const int code =
        staged.name.empty() ? objects_.link_fd(staged.fd.get(), place) : staging_.rename(staged.name, objects_, place);
    if (code == 0) return true;
    if (code == EEXIST) return link_into_place(staged, sha256, size, true);  // another thread was first
    if (code != ENOENT || attempt > 0) throw_errno(code, "cannot store " + objects_.at(place).string());
    objects_.make_folder(place.parent_path());
  }
}

void ObjectStore::bury(const Digest& sha256) const {
  const Path place = place_of(sha256);
  int code = objects_.rename(place, staging_, grave_name(sha256));
  // On a full disk there is no room for a name in another folder, and room is what this is for.
  if (is_out_of_room(code)) code = objects_.unlink(place);
  if (code != 0) throw_errno(code, "cannot remove " + objects_.at(place).string());
}

void ObjectStore::sync() {
  if (const int code = flush_file_system(objects_.fd())) throw_errno(code, "cannot write the library to its disk");
}

// It goes while it is locked: who made it, and was about to lock it, finds it gone and makes another.
bool ObjectStore::remove_if_left_over(const std::string& name) const {
  const auto buried =
      name.starts_with(kGrave) ? Digest::from_hex(std::string_view(name).substr(kGrave.size())) : std::nullopt;
  if (!is_new_name(name) && !(buried && grave_name(*buried) == name)) return false;
  try {
    const auto file = staging_.open_existing(name, O_RDONLY);
    return file && ::flock(file->get(), LOCK_EX | LOCK_NB) == 0 && staging_.unlink(name) == 0;
  } catch (const Error& error) {
    log::warning("{}", error.what());
    return false;
  }
}

int ObjectStore::remove_leftovers() {
  std::vector<std::string> names;
  staging_.each([&](const std::string& name, unsigned char type) {
    if (type == DT_REG) names.push_back(name);
  });
  return static_cast<int>(
      std::count_if(names.begin(), names.end(), [this](const std::string& name) { return remove_if_left_over(name); }));
}

}  // namespace damfs
