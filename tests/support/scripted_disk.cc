// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "tests/support/scripted_disk.h"

#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>

#include <fcntl.h>

namespace damfs::test {
namespace {

thread_local ScriptedDisk* of_this_thread = nullptr;
std::atomic<ScriptedDisk*> of_all_threads{nullptr};

// None of these comes back through here.
std::string bytes_at(int fd, uint64_t offset, uint64_t bytes) {
  std::string text(bytes, '\0');
  const long n = ::syscall(SYS_pread64, fd, text.data(), text.size(), offset);
  text.resize(n > 0 ? static_cast<size_t>(n) : 0);
  return text;
}

uint64_t size_of(int fd) {
  struct stat st {};
  return ::fstat(fd, &st) == 0 ? static_cast<uint64_t>(st.st_size) : 0;
}

bool is_change(ScriptedDisk::Call call) {
  return call != ScriptedDisk::Call::kRead && call != ScriptedDisk::Call::kOpen;
}

bool is_kept(unsigned which, size_t number) {
  if (which == 0) return false;
  uint64_t mixed = (number + 1) * 0x9E3779B97F4A7C15U ^ uint64_t { which } * 0xBF58476D1CE4E5B9U;
  mixed ^= mixed >> 31;
  return (mixed * 0x94D049BB133111EBU >> 63) != 0;
}

}  // namespace

ScriptedDisk::ScriptedDisk(Threads whose) : whose_(whose) {
  (whose_ == Threads::kAll) ? of_all_threads.store(this) : void(of_this_thread = this);
}
ScriptedDisk::~ScriptedDisk() {
  (whose_ == Threads::kAll) ? of_all_threads.store(nullptr) : void(of_this_thread = nullptr);
}
ScriptedDisk* ScriptedDisk::current() noexcept {
  return of_this_thread != nullptr ? of_this_thread : of_all_threads.load(std::memory_order_acquire);
}

void ScriptedDisk::fail(Call call, int nth, int error) {
  const std::lock_guard lock(mutex_);
  rules_[index(call)] = {0, nth, nth, error};
}
void ScriptedDisk::fail_from(Call call, int nth, int error) {
  const std::lock_guard lock(mutex_);
  rules_[index(call)] = {0, nth, INT_MAX, error};
}
void ScriptedDisk::cut_power_at(int nth) {
  const std::lock_guard lock(mutex_);
  changes_made_ = 0;
  power_ends_at_ = nth;
}
void ScriptedDisk::be_well() {
  const std::lock_guard lock(mutex_);
  rules_ = {};
  changes_made_ = 0;
  power_ends_at_ = INT_MAX;
  most_ = SIZE_MAX;
}
int ScriptedDisk::calls(Call call) const {
  const std::lock_guard lock(mutex_);
  return rules_[index(call)].made;
}
int ScriptedDisk::changes() const {
  const std::lock_guard lock(mutex_);
  return changes_made_;
}

int ScriptedDisk::begin(Call call) noexcept {
  const std::lock_guard lock(mutex_);
  Rule& rule = rules_[index(call)];
  ++rule.made;
  if (is_change(call) && ++changes_made_ >= power_ends_at_) return EIO;
  return rule.made >= rule.from && rule.made <= rule.to ? rule.error : 0;
}

// False: it is no file and no folder. With the lock held.
bool ScriptedDisk::remember(int fd, Inode& inode) {
  struct stat st {};
  if (::fstat(fd, &st) != 0 || (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))) return false;
  inode = {st.st_dev, st.st_ino};
  UniqueFd& own = open_[inode];
  if (own) return true;
  // Opened anew, for a copy of the descriptor would keep its flock.
  char name[32];
  std::snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
  const int flags = O_CLOEXEC | (S_ISDIR(st.st_mode) ? O_RDONLY | O_DIRECTORY : O_RDWR);
  own = UniqueFd(static_cast<int>(::syscall(SYS_openat, AT_FDCWD, name, flags, 0)));
  if (!own) own = UniqueFd(::fcntl(fd, F_DUPFD_CLOEXEC, 0));
  return true;
}

void ScriptedDisk::changes(const Stretch& stretch) {
  const std::lock_guard lock(mutex_);
  Change change;
  if (!remember(stretch.fd, change.inode)) return;
  change.offset = stretch.offset;
  change.before = {bytes_at(open_[change.inode].get(), stretch.offset, stretch.bytes), size_of(stretch.fd)};
  under_way_[{stretch.fd, stretch.offset}] = std::move(change);
}

void ScriptedDisk::changed(const Stretch& stretch, bool is_done) {
  const std::lock_guard lock(mutex_);
  const auto found = under_way_.find({stretch.fd, stretch.offset});
  if (found == under_way_.end()) return;
  Change change = std::move(found->second);
  under_way_.erase(found);
  if (!is_done) return;
  change.after = {bytes_at(open_[change.inode].get(), stretch.offset, stretch.bytes), size_of(stretch.fd)};
  unflushed_.push_back(std::move(change));
}

void ScriptedDisk::named(int folder, const char* name) {
  const std::lock_guard lock(mutex_);
  Name made{{}, name};
  if (made.name.find('/') == made.name.npos && remember(folder, made.folder)) names_.push_back(std::move(made));
}

void ScriptedDisk::flushed(int file) {
  const std::lock_guard lock(mutex_);
  struct stat st {};
  if (::fstat(file, &st) != 0) return;
  const Inode inode{st.st_dev, st.st_ino};
  std::erase_if(unflushed_, [&](const Change& each) { return each.inode == inode; });
  std::erase_if(names_, [&](const Name& each) { return each.folder == inode; });
}

void ScriptedDisk::flushed_all() {
  const std::lock_guard lock(mutex_);
  unflushed_.clear();
  names_.clear();
}

void ScriptedDisk::put(const Change& change, const State& state) {
  const int fd = open_[change.inode].get();
  if (!state.bytes.empty()) (void)::syscall(SYS_pwrite64, fd, state.bytes.data(), state.bytes.size(), change.offset);
  (void)::syscall(SYS_ftruncate, fd, state.size);
}

void ScriptedDisk::lose_what_was_not_flushed(unsigned which) {
  const std::lock_guard lock(mutex_);
  for (auto change = unflushed_.rbegin(); change != unflushed_.rend(); ++change) put(*change, change->before);
  size_t number = 0;
  for (const Change& change : unflushed_) {
    if (!is_kept(which, ++number)) continue;
    const uint64_t size = size_of(open_[change.inode].get());
    // What grew a file left it grown; what is written behind the end of what was lost leaves a hole.
    put(change, {change.after.bytes,
                 change.after.size < change.before.size ? change.after.size : std::max(size, change.after.size)});
  }
  for (const Name& each : names_) {
    if (!is_kept(which, ++number)) (void)::syscall(SYS_unlinkat, open_[each.folder].get(), each.name.c_str(), 0);
  }
  unflushed_.clear();
  names_.clear();
}

}  // namespace damfs::test
