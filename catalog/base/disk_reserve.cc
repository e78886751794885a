// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/base/disk_reserve.h"

#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace damfs {
namespace {

constexpr off_t kBytes = 1 << 20;
constexpr uint64_t kFarFromFull = 16 * static_cast<uint64_t>(kBytes);

}  // namespace

void DiskReserve::put_by() const noexcept {
  struct statvfs disk {};
  if (::access(file_.c_str(), F_OK) == 0 || ::statvfs(file_.parent_path().c_str(), &disk) != 0) return;
  if (static_cast<uint64_t>(disk.f_bavail) * disk.f_frsize < kFarFromFull) return;
  const UniqueFd fd(::open(file_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
  if (!fd) return;
  if (::posix_fallocate(fd.get(), 0, kBytes) != 0) ::unlink(file_.c_str());
}

bool DiskReserve::give_up() const noexcept {
  if (::unlink(file_.c_str()) != 0) return false;
  // Some file systems have the room only when that is written down.
  const UniqueFd folder(::open(file_.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder) ::fsync(folder.get());
  return true;
}

}  // namespace damfs
