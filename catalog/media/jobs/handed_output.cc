// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/jobs/handed_output.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <span>
#include <vector>

#include "catalog/base/error.h"
#include "catalog/base/file.h"

namespace damfs {
namespace {

constexpr int64_t kSmallestPage = 4096;
#ifdef MFD_NOEXEC_SEAL
constexpr unsigned kNotExecutable = MFD_NOEXEC_SEAL;
#else
constexpr unsigned kNotExecutable = 8;
#endif

UniqueFd memory(int64_t bytes) {
  constexpr const char* kName = "damfs-output";
  UniqueFd fd(::memfd_create(kName, MFD_CLOEXEC | MFD_ALLOW_SEALING | kNotExecutable));
  if (!fd && errno == EINVAL) fd = UniqueFd(::memfd_create(kName, MFD_CLOEXEC | MFD_ALLOW_SEALING));  // before 6.3
  if (!fd || ::ftruncate(fd.get(), bytes) != 0 ||
      ::fcntl(fd.get(), F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) != 0) {
    throw_errno(errno, "cannot make memory for a worker to write to");
  }
  return fd;
}

}  // namespace

HandedOutput::HandedOutput(int64_t bytes) : fd_(memory(bytes)) {}

// Whoever has the other descriptor may write while this looks, so each step leads on, whatever the kernel answers.
HandedOutput::Extent HandedOutput::next_data(int64_t from, int64_t to) const {
  const int64_t data = ::lseek(fd(), from, SEEK_DATA);
  if (data < from || data >= to) return {to, to};
  const int64_t hole = ::lseek(fd(), data, SEEK_HOLE);
  return {data, std::min(std::max(hole, data + kSmallestPage), to)};
}

int64_t HandedOutput::written(int64_t from, int64_t to) const {
  int64_t sum = 0;
  for (Extent each = next_data(from, to); each.from < each.to; each = next_data(each.to, to)) {
    sum += each.to - each.from;
  }
  return sum;
}

void HandedOutput::copy(int64_t from, int64_t to, int target) const {
  std::vector<std::byte> buffer(static_cast<size_t>(std::min<int64_t>(to - from, kBlock)));
  for (Extent each = next_data(from, to); each.from < each.to; each = next_data(each.to, to)) {
    for (int64_t at = each.from; at < each.to;) {
      const auto part = std::span(buffer).first(static_cast<size_t>(std::min<int64_t>(each.to - at, kBlock)));
      if (pread_some(fd(), part, static_cast<uint64_t>(at), "a worker's output") != part.size()) {
        fail(EIO, "a worker's output ends early");
      }
      pwrite_all(target, part, static_cast<uint64_t>(at), "a derived file");
      at += static_cast<int64_t>(part.size());
    }
  }
}

}  // namespace damfs
