// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/base/disk_reserve.h"

#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <exception>

namespace damfs {
namespace {

constexpr off_t kBytes = 1 << 20;
constexpr uint64_t kFarFromFull = 16 * static_cast<uint64_t>(kBytes);

}  // namespace

void DiskReserve::allocate() const noexcept {
  struct statvfs disk {};
  try {
    if (file_.folder.stat(file_.name) || ::fstatvfs(file_.folder.fd(), &disk) != 0) return;
    if (static_cast<uint64_t>(disk.f_bavail) * disk.f_frsize < kFarFromFull) return;
    const UniqueFd fd = file_.folder.open(file_.name, O_WRONLY | O_CREAT | O_EXCL, 0600);
    if (::posix_fallocate(fd.get(), 0, kBytes) != 0) file_.folder.unlink(file_.name);
  } catch (const std::exception&) {
  }
}

bool DiskReserve::release() const noexcept {
  if (file_.folder.unlink(file_.name) != 0) return false;
  // Some file systems have the room only when that is written down.
  ::fsync(file_.folder.fd());
  return true;
}

}  // namespace damfs
