// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/derived/sparse_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <numeric>
#include <thread>
#include <utility>

#include "catalog/base/clock.h"
#include "catalog/base/error.h"
#include "catalog/base/file.h"
#include "catalog/base/flush.h"
#include "catalog/base/now.h"
#include "catalog/base/out_of_room.h"

namespace damfs {
namespace {

constexpr uint64_t kDiskBlock = 4096;
constexpr size_t kCopyBytes = 256 << 10;

struct MapHeader {
  std::array<char, 8> magic{'d', 'a', 'm', 'f', 's', 'm', 'a', 'p'};
  uint64_t layout = 0;
  friend bool operator==(const MapHeader&, const MapHeader&) = default;
};

// Bytes that are locked, far behind any file's end.
enum class LockedByte : off_t { kPresence = (off_t{1} << 60), kMap };

// How long another's lock is waited for. Ours are held for moments; a stranger's, on a file that he can read, for ever.
enum class Patience { kNone, kMoments };
constexpr auto kMoments = std::chrono::milliseconds(500);

// Of an open file description, so that two caches of one process exclude each other like two processes do; a change of
// kind is atomic, and one that fails leaves the lock as it was.
// 0, EBUSY for another's that stays, or another errno: where a file system knows no such locks, it goes without.
int set_lock(int fd, LockedByte byte, short kind, Patience patience) {
  struct flock lock {};
  lock.l_type = kind;
  lock.l_whence = SEEK_SET;
  lock.l_start = static_cast<off_t>(byte);
  lock.l_len = 1;
  const auto end = Clock::now() + kMoments;
  while (::fcntl(fd, F_OFD_SETLK, &lock) != 0) {
    if (errno == EINTR) continue;
    if (errno != EAGAIN && errno != EACCES) return errno;
    if (patience == Patience::kNone || Clock::now() > end) return EBUSY;
    Clock::sleep(std::chrono::milliseconds(2));
  }
  return 0;
}

[[noreturn]] void fail_locked() { fail(EBUSY, "another program keeps a derived file locked"); }

class Locked {
 public:
  Locked(int fd, LockedByte byte, Patience patience, short kind_after)
      : fd_(fd), byte_(byte), kind_after_(kind_after), result_(set_lock(fd, byte, F_WRLCK, patience)) {}
  ~Locked() {
    if (result_ == 0) set_lock(fd_, byte_, kind_after_, Patience::kNone);
  }
  Locked(const Locked&) = delete;
  Locked& operator=(const Locked&) = delete;
  bool is_held() const { return result_ == 0; }
  bool is_refused() const { return result_ == EBUSY; }

 private:
  int fd_;
  LockedByte byte_;
  short kind_after_;
  int result_;
};

size_t byte_of(int64_t unit) { return static_cast<size_t>(unit) / 8; }
uint8_t bit_of(int64_t unit) { return static_cast<uint8_t>(1U << (static_cast<uint64_t>(unit) % 8)); }
bool is_set(const std::vector<uint8_t>& bits, int64_t unit) { return (bits.at(byte_of(unit)) & bit_of(unit)) != 0; }
void set(std::vector<uint8_t>& bits, int64_t unit) { bits.at(byte_of(unit)) |= bit_of(unit); }
void clear(std::vector<uint8_t>& bits, int64_t unit) { bits.at(byte_of(unit)) &= static_cast<uint8_t>(~bit_of(unit)); }

// Bits behind the last unit count for nothing.
void trim(std::vector<uint8_t>& bits, int64_t units) {
  for (int64_t unit = units; unit < static_cast<int64_t>(bits.size()) * 8; ++unit) clear(bits, unit);
}

int64_t count_set(const std::vector<uint8_t>& bits) {
  return std::accumulate(bits.begin(), bits.end(), int64_t{0},
                         [](int64_t sum, uint8_t byte) { return sum + __builtin_popcount(byte); });
}

void write_at(int fd, std::span<const std::byte> bytes, uint64_t offset) {
  pwrite_all(fd, bytes, offset, "a derived file");
}

void sync_data(int fd) {
  if (const int code = flush_data(fd)) throw_errno(code, "cannot write a derived file to its disk");
}

void punch(int fd, uint64_t offset, uint64_t bytes) {
  // Where the file system cannot, the bytes stay; what they are is known to nobody any more.
  (void)::fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(offset),
                    static_cast<off_t>(bytes));
}

}  // namespace

SparseFile::SparseFile(UniqueFd fd, SparseLayout layout, Hooks hooks)
    : fd_(std::move(fd)),
      layout_(std::move(layout)),
      units_(layout_.units()),
      hooks_(std::move(hooks)),
      saved_(static_cast<size_t>((units_ + 7) / 8)),
      present_(saved_.size()),
      missing_(units_),
      groups_(layout_) {
  if (set_lock(fd_.get(), LockedByte::kPresence, F_RDLCK, Patience::kMoments) == EBUSY) fail_locked();
}

SparseFileRef SparseFile::create(UniqueFd empty, SparseLayout layout, std::span<const std::byte> head, Hooks hooks) {
  const SparseFileRef file(new SparseFile(std::move(empty), std::move(layout), std::move(hooks)));
  if (::ftruncate(file->fd(), static_cast<off_t>(file->size_with_map())) != 0) {
    throw_errno(errno, "cannot make a derived file");
  }
  // The map's place is taken now, so that a disk that is full later does not cost what was put before. Where the file
  // system cannot, it is as good as without.
  (void)::fallocate(file->fd(), 0, static_cast<off_t>(file->map_offset()),
                    static_cast<off_t>(file->size_with_map() - file->map_offset()));
  write_at(file->fd(), head, 0);
  return file;
}

SparseFileRef SparseFile::open(UniqueFd fd, SparseLayout layout, Hooks hooks) {
  SparseFileRef file(new SparseFile(std::move(fd), std::move(layout), std::move(hooks)));
  return file->load() ? file : nullptr;
}

uint64_t SparseFile::map_offset() const { return (layout_.size + kDiskBlock - 1) / kDiskBlock * kDiskBlock; }
uint64_t SparseFile::size_with_map() const { return map_offset() + sizeof(MapHeader) + saved_.size(); }
bool SparseFile::all_set(const Bits& bits) const { return count_set(bits) == units_; }

bool SparseFile::load() {
  const Locked map(fd(), LockedByte::kMap, Patience::kMoments, F_UNLCK);
  if (map.is_refused()) fail_locked();
  dirty_ = false;
  if (static_cast<uint64_t>(stat_fd(fd(), "a derived file").st_size) == layout_.size) {
    complete_ = true;
    return true;
  }
  if (!read_map(saved_)) return false;
  has_map_ = true;
  present_ = saved_;
  missing_ = units_ - count_set(present_);
  dirty_ = missing_ == 0;
  return true;
}

// False: there is none, or another one.
bool SparseFile::read_map(Bits& bits) const {
  if (static_cast<uint64_t>(stat_fd(fd(), "a derived file").st_size) != size_with_map()) return false;
  const MapHeader expected{.layout = layout_.checksum()};
  MapHeader header;
  const auto into = std::as_writable_bytes(std::span(&header, 1));
  if (pread_some(fd(), into, map_offset(), "a derived file") != into.size() || header != expected) return false;
  const auto body = std::as_writable_bytes(std::span(bits));
  if (pread_some(fd(), body, map_offset() + sizeof header, "a derived file") != body.size()) return false;
  trim(bits, units_);
  return true;
}

void SparseFile::write_map(const Bits& bits) const {
  const MapHeader header{.layout = layout_.checksum()};
  write_at(fd(), std::as_bytes(std::span(&header, 1)), map_offset());
  write_at(fd(), std::as_bytes(std::span(bits)), map_offset() + sizeof header);
}

bool SparseFile::has(int64_t unit) const {
  if (unit < 0 || unit >= units_) return false;
  if (complete_) return true;
  const std::lock_guard lock(mutex_);
  return is_set(present_, unit);
}

void SparseFile::copy(const SparseLayout::Place& place, int from, uint64_t offset) const {
  auto source = static_cast<off_t>(offset);
  auto target = static_cast<off_t>(place.offset);
  uint64_t left = place.bytes;
  while (left > 0) {
    const ssize_t n = ::copy_file_range(from, &source, fd(), &target, left, 0);
    if (n < 0 && errno == EINTR) continue;
    if (n == 0) fail(EIO, "a unit of {} bytes ends {} early", place.bytes, left);
    if (n < 0 && errno != EXDEV && errno != EINVAL && errno != EOPNOTSUPP && errno != ENOSYS) {
      throw_errno(errno, "cannot write a derived file");
    }
    if (n < 0) break;  // not between these two
    left -= static_cast<uint64_t>(n);
  }
  std::vector<std::byte> buffer(std::min<uint64_t>(left, kCopyBytes));
  while (left > 0) {
    const auto part = std::span(buffer).first(std::min<uint64_t>(left, buffer.size()));
    if (pread_some(from, part, static_cast<uint64_t>(source), "a worker's output") != part.size()) {
      fail(EIO, "a unit of {} bytes ends early", place.bytes);
    }
    write_at(fd(), part, static_cast<uint64_t>(target));
    source += static_cast<off_t>(part.size());
    target += static_cast<off_t>(part.size());
    left -= part.size();
  }
}

void SparseFile::copy_or_make_room(const SparseLayout::Place& place, int from, uint64_t offset) const {
  for (int attempt = 0;; ++attempt) {
    try {
      return copy(place, from, offset);
    } catch (const Error& error) {
      if (!is_out_of_room(error.code()) || attempt > 0 || !hooks_.disk_full) throw;
    }
    hooks_.disk_full();
  }
}

void SparseFile::put(int64_t unit, int from, uint64_t offset) {
  const SparseLayout::Place place = layout_.place(unit);
  const size_t group = groups_.of(unit);
  {
    std::unique_lock lock(mutex_);
    settled_.wait(lock, [&] { return !groups_.known(group).leaving; });
    if (complete_ || is_set(present_, unit)) return;
    ++groups_.state(group).pins;
  }
  const Pin guard(this, [this, group](const void*) { unpin(group, group); });
  copy_or_make_room(place, from, offset);
  bool nothing_missing = false;
  {
    const std::lock_guard lock(mutex_);
    groups_.state(group).used_ns = now_ns();
    if (complete_ || is_set(present_, unit)) return;  // another was as quick
    set(present_, unit);
    nothing_missing = --missing_ == 0;
    dirty_ = true;
  }
  growth_ += static_cast<int64_t>(place.bytes);
  if (hooks_.grown) hooks_.grown(nothing_missing);
}

SparseFile::Pin SparseFile::pin(int64_t first, int64_t count) {
  if (first < 0 || count <= 0 || first > units_ - count) return nullptr;
  if (complete_) return shared_from_this();
  const size_t from = groups_.of(first);
  const size_t to = groups_.of(first + count - 1);
  {
    const std::lock_guard lock(mutex_);
    if (complete_) return shared_from_this();
    for (int64_t unit = first; unit < first + count; ++unit) {
      if (!is_set(present_, unit)) return nullptr;
    }
    const int64_t now = now_ns();
    for (size_t group = from; group <= to; ++group) {
      ++groups_.state(group).pins;
      groups_.state(group).used_ns = now;
    }
  }
  return {this, [self = shared_from_this(), from, to](const void*) { self->unpin(from, to); }};
}

void SparseFile::unpin(size_t first_group, size_t last_group) {
  const std::lock_guard lock(mutex_);
  for (size_t group = first_group; group <= last_group; ++group) --groups_.state(group).pins;
}

bool SparseFile::needs_flush() const {
  const std::lock_guard lock(mutex_);
  return dirty_;
}

bool SparseFile::flush() {
  const std::lock_guard map_lock(map_mutex_);
  Bits entering;
  {
    const std::lock_guard lock(mutex_);
    if (!dirty_ || complete_) return true;
    entering = present_;
    dirty_ = false;
  }
  try {
    sync_data(fd());
    const Locked map(fd(), LockedByte::kMap, Patience::kMoments, F_UNLCK);
    if (map.is_refused()) {
      // Nothing is lost by it: it is entered the next time.
      const std::lock_guard lock(mutex_);
      dirty_ = true;
      return false;
    }
    Bits on_disk(saved_.size());
    if (has_map_ && !read_map(on_disk)) {
      if (static_cast<uint64_t>(stat_fd(fd(), "a derived file").st_size) != layout_.size) {
        has_map_ = false;
        saved_.assign(saved_.size(), 0);
        fail(EIO, "somebody else wrote to a derived file; it is made anew");
      }
      on_disk.assign(on_disk.size(), 0xFF);  // another process completed it
      trim(on_disk, units_);
    }
    for (size_t i = 0; i < on_disk.size(); ++i) on_disk[i] |= entering[i];
    finish_if_complete(on_disk);
    if (!complete_) write_map(on_disk);
    has_map_ = true;
    saved_ = on_disk;
    const std::lock_guard lock(mutex_);
    for (size_t i = 0; i < on_disk.size(); ++i) present_[i] |= on_disk[i];
    missing_ = units_ - count_set(present_);
    return true;
  } catch (...) {
    const std::lock_guard lock(mutex_);
    present_ = saved_;
    missing_ = units_ - count_set(present_);
    throw;
  }
}

void SparseFile::finish_if_complete(const Bits& on_disk) {
  if (!all_set(on_disk)) return;
  if (::ftruncate(fd(), static_cast<off_t>(layout_.size)) != 0) throw_errno(errno, "cannot end a derived file");
  complete_ = true;
}

std::vector<SparseFile::Piece> SparseFile::evictable() const {
  std::vector<Piece> pieces;
  if (complete_) return pieces;
  const std::lock_guard lock(mutex_);
  for (int64_t unit = 0; unit < units_;) {
    if (present_[byte_of(unit)] == 0) {
      unit = (unit / 8 + 1) * 8;
      continue;
    }
    if (!is_set(present_, unit)) {
      ++unit;
      continue;
    }
    const size_t number = groups_.of(unit);
    const UnitGroups::Group group = groups_.at(number);
    const UnitGroups::State state = groups_.known(number);
    int64_t there = 0;
    for (; unit < group.first + group.count; ++unit) there += is_set(present_, unit) ? 1 : 0;
    if (state.pins > 0 || state.leaving) continue;
    pieces.push_back({number, state.used_ns, static_cast<int64_t>(group.bytes) * there / group.count});
  }
  return pieces;
}

// From now on nobody reads them, and who puts one waits. Their bits are struck from `left`.
std::vector<size_t> SparseFile::claim(std::span<const Piece> pieces, Bits& left) {
  std::vector<size_t> claimed;
  const std::lock_guard lock(mutex_);
  for (const Piece& piece : pieces) {
    const UnitGroups::Group group = groups_.at(piece.group);
    UnitGroups::State& state = groups_.state(piece.group);
    if (state.pins > 0 || state.leaving || state.used_ns > piece.used_ns) continue;
    state.leaving = true;
    for (int64_t unit = group.first; unit < group.first + group.count; ++unit) {
      clear(present_, unit);
      clear(left, unit);
    }
    claimed.push_back(piece.group);
  }
  missing_ = units_ - count_set(present_);
  return claimed;
}

int64_t SparseFile::evict(std::span<const Piece> pieces) {
  const std::lock_guard map_lock(map_mutex_);
  if (complete_ || !has_map_) return 0;
  const Locked alone(fd(), LockedByte::kPresence, Patience::kNone, F_RDLCK);
  if (!alone.is_held()) return 0;
  Bits left(saved_.size());
  if (!read_map(left)) return 0;
  const std::vector<size_t> claimed = claim(pieces, left);
  const Pin settle(this, [&](const void*) {
    const std::lock_guard lock(mutex_);
    for (const size_t group : claimed) groups_.state(group).leaving = false;
    settled_.notify_all();
  });
  if (claimed.empty()) return 0;
  write_map(left);
  sync_data(fd());
  saved_ = left;
  for (const size_t group : claimed) punch(fd(), groups_.at(group).offset, groups_.at(group).bytes);
  return static_cast<int64_t>(claimed.size());
}

}  // namespace damfs
