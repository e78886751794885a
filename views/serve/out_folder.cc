// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/serve/out_folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <utility>

#include "catalog/base/error.h"
#include "catalog/base/flush.h"
#include "catalog/base/names.h"

namespace damfs {
namespace {

// One wait for the disk serves so many.
constexpr size_t kMostWaiting = 256;
constexpr int64_t kMostBytesWaiting = int64_t{1} << 30;

constexpr std::string_view kTemporary = ".damfs-export-";

// Disks keep times to the nanosecond, or cut them to 100 ns (NTFS), 10 ms (exFAT), 1 s or 2 s (FAT).
bool is_time_kept_as(int64_t wanted_ns, int64_t kept_ns) {
  constexpr std::array<int64_t, 5> kSteps{1, 100, 10'000'000, 1'000'000'000, 2'000'000'000};
  for (const int64_t step : kSteps) {
    const int64_t over = ((wanted_ns % step) + step) % step;
    if (kept_ns == wanted_ns - over) return true;
  }
  return false;
}

// Whose temporary file that is: the process that made it. 0: it is none.
pid_t maker_of(std::string_view name) {
  if (!name.starts_with(kTemporary)) return 0;
  name.remove_prefix(kTemporary.size());
  pid_t pid = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
  return error == std::errc() && end != name.data() + name.size() && *end == '-' && pid > 0 ? pid : 0;
}

int rename_to_free_name(int folder, const std::string& from, const std::string& to) {
  if (::renameat2(folder, from.c_str(), folder, to.c_str(), RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL && errno != ENOSYS) return errno;
  // Shares know no such rename.
  struct stat there {};
  if (::fstatat(folder, to.c_str(), &there, AT_SYMLINK_NOFOLLOW) == 0) return EEXIST;
  return ::renameat(folder, from.c_str(), folder, to.c_str()) == 0 ? 0 : errno;
}

}  // namespace

std::string OutFolder::Place::path() const { return join_path(folder, name); }

OutFolder::~OutFolder() {
  for (const Waiting& each : waiting_) each.folder.unlink(each.temporary);
}

bool OutFolder::is_the_same(const File& file, const struct stat& there, const Path& path) const {
  if (!S_ISREG(there.st_mode)) return false;
  if (!file.text) return there.st_size == file.size && is_time_kept_as(file.mtime_ns, to_ns(there.st_mtim));
  return there.st_size == std::ssize(*file.text) && folder_->read_text(path, file.text->size()) == file.text;
}

OutFolder::Place OutFolder::choose(const File& file) {
  (void)EntryName(file.name);
  int& number = last_tried_[join_path(file.folder, file.name)];
  for (;;) {
    ++number;
    Place place{file.folder, number == 1 ? file.name : with_suffix(file.name, fmt::format("~{}", number))};
    if (taken_.contains(place.path())) continue;
    const auto there = folder_ ? folder_->stat(place.path()) : std::nullopt;
    if (there && !is_the_same(file, *there, place.path())) continue;
    place.is_there = there.has_value();
    taken_.insert(place.path());
    return place;
  }
}

const Folder& OutFolder::enter(const std::string& folder) {
  if (entered_ && entered_name_ == folder) return *entered_;
  for (const Path& part : Path(folder)) (void)EntryName(part.native());
  try {
    entered_ = folder.empty() ? *folder_ : folder_->make_folder(folder);
  } catch (const Error& error) {
    if (error.code() != ELOOP && error.code() != EPERM) throw;
    fail(error.code(),
         "{} is, or is behind, a symbolic link or a folder of somebody else's, and nothing is written there",
         printable(folder_->at(folder).native()));
  }
  entered_name_ = folder;
  if (cleared_.insert(folder).second) remove_leftovers(*entered_);
  return *entered_;
}

void OutFolder::remove_leftovers(const Folder& folder) const {
  std::vector<std::string> left;
  folder.each([&](const std::string& name, unsigned char type) {
    const pid_t maker = type == DT_REG ? maker_of(name) : 0;
    if (maker != 0 && maker != ::getpid() && ::kill(maker, 0) != 0 && errno == ESRCH) left.push_back(name);
  });
  for (const std::string& name : left) folder.unlink(name);
}

void OutFolder::write(const Place& place, const File& file, const Fill& fill, const Named& named) {
  const Folder folder = enter(place.folder);
  const std::string temporary = fmt::format("{}{}-{}", kTemporary, ::getpid(), next_temporary_++);
  const UniqueFd out = folder.open(temporary, O_RDWR | O_CREAT | O_EXCL, 0600);
  try {
    fill(out.get());
    // Sticks and shares have modes of their own.
    if (::fchmod(out.get(), file.mode & 0777) != 0 && errno != EPERM && errno != EOPNOTSUPP) {
      throw_errno(errno, "cannot set the mode of " + printable(folder.at(place.name).native()));
    }
    const std::array<struct timespec, 2> times{to_timespec(file.mtime_ns), to_timespec(file.mtime_ns)};
    if (::futimens(out.get(), times.data()) != 0) {
      throw_errno(errno, "cannot set the time of " + printable(folder.at(place.name).native()));
    }
  } catch (...) {
    folder.unlink(temporary);
    throw;
  }
  waiting_.push_back({folder, temporary, place, file, named});
  waiting_bytes_ += file.size;
  if (waiting_.size() >= kMostWaiting || waiting_bytes_ >= kMostBytesWaiting) give_names();
}

void OutFolder::give_names() {
  if (waiting_.empty()) return;
  std::vector<Waiting> ready;
  ready.swap(waiting_);
  waiting_bytes_ = 0;
  const int code = flush_file_system(folder_->fd());
  for (Waiting& each : ready) {
    if (code == 0) {
      give_name(each);
      continue;
    }
    each.folder.unlink(each.temporary);
    each.named(each.place, fmt::format("its disk does not take it: {}", std::strerror(code)));
  }
}

void OutFolder::give_name(Waiting& waiting) {
  int code = 0;
  for (;;) {
    code = rename_to_free_name(waiting.folder.fd(), waiting.temporary, waiting.place.name);
    const std::string portable = portable_name(waiting.file.name);
    const bool is_name_refused = (code == EINVAL || code == EILSEQ) && portable != waiting.file.name;
    if (code != EEXIST && !is_name_refused) break;
    if (is_name_refused) waiting.file.name = portable;  // sticks take no ':' or '?'
    waiting.place = choose(waiting.file);
    if (!waiting.place.is_there) continue;
    waiting.folder.unlink(waiting.temporary);
    return waiting.named(waiting.place, "");
  }
  if (code == 0) return waiting.named(waiting.place, "");
  waiting.folder.unlink(waiting.temporary);
  waiting.named(waiting.place, fmt::format("cannot be called so there: {}", std::strerror(code)));
}

void OutFolder::finish() {
  give_names();
  if (const int code = folder_ ? flush_file_system(folder_->fd()) : 0) {
    throw_errno(code, "cannot write " + printable(folder_->path().native()) + " to its disk");
  }
}

}  // namespace damfs
