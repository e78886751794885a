// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "fs/reply.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "catalog/base/file.h"
#include "catalog/base/log.h"
#include "fs/passthrough.h"

namespace damfs {
namespace {

// Below, setting up a mapping costs more than copying once more.
constexpr size_t kWorthMapping = 256U << 10;

}  // namespace

Reply::~Reply() {
  if (is_owed()) error(EIO);
}

void Reply::ok() {
  if (auto* request = take()) fuse_reply_err(request, 0);
}

void Reply::error(int code) {
  auto* request = take();
  if (!request) return;
  // 512 and above are the kernel's private codes, which it refuses from us, leaving its own request open.
  const int honest = code > 0 && code < 512 ? code : EIO;
  stats_->count_error(honest);
  fuse_reply_err(request, honest);
}

void Reply::none() {
  if (auto* request = take()) fuse_reply_none(request);
}

bool Reply::entry(const fuse_entry_param& entry) {
  auto* request = take();
  return request && fuse_reply_entry(request, &entry) == 0;
}

bool Reply::open(const fuse_file_info& file) {
  auto* request = take();
  return request && fuse_reply_open(request, &file) == 0;
}

bool Reply::open(const fuse_file_info& file, int backing_id) {
  auto* request = take();
  fuse_abi::OpenOut out{.fh = file.fh, .open_flags = fuse_abi::kOpenPassthrough, .backing_id = backing_id};
  if (file.noflush) out.open_flags |= FOPEN_NOFLUSH;
  return request && fuse_reply_buf(request, reinterpret_cast<const char*>(&out), sizeof out) == 0;
}

bool Reply::create(const fuse_entry_param& entry, const fuse_file_info& file) {
  auto* request = take();
  return request && fuse_reply_create(request, &entry, &file) == 0;
}

bool Reply::entries(std::span<const char> packed) {
  auto* request = take();
  return request && fuse_reply_buf(request, packed.data(), packed.size()) == 0;
}

void Reply::attr(const struct stat& attributes, double timeout) {
  if (auto* request = take()) fuse_reply_attr(request, &attributes, timeout);
}

void Reply::bytes(std::span<const std::byte> data) {
  if (auto* request = take()) {
    fuse_reply_buf(request, reinterpret_cast<const char*>(data.data()), data.size());
  }
}

// The kernel copies out of its own pages, once. Only the kernel touches the mapping: where a page cannot be read it
// refuses the reply and gives the reader EIO, and no signal is sent.
bool Reply::mapped(int fd, uint64_t offset, size_t size) {
  // Where a file ends within a page, what is mapped goes on with zeros.
  struct stat st {};
  if (::fstat(fd, &st) != 0 || static_cast<uint64_t>(st.st_size) < offset + size) return false;
  const uint64_t skipped = offset % static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
  const size_t length = size + skipped;
  void* const map = ::mmap(nullptr, length, PROT_READ, MAP_SHARED, fd, static_cast<off_t>(offset - skipped));
  if (map == MAP_FAILED) return false;
  auto* request = take();
  const int refused = request ? fuse_reply_buf(request, static_cast<const char*>(map) + skipped, size) : 0;
  ::munmap(map, length);
  if (refused == -EFAULT) {
    stats_->count_error(EIO);
    log::error("a file in the library cannot be read, or is shorter than the catalog says; see `damfs doctor`");
  }
  return true;
}

void Reply::slice(int fd, uint64_t offset, size_t size) {
  if (size == 0) return bytes({});
  if (size >= kWorthMapping && mapped(fd, offset, size)) return;
  // Copied through a buffer that stays in the core's cache. Splicing page by page took twice as long for
  // sequential reads (bench/reads.py), and its size cannot be known before the kernel has it.
  thread_local std::vector<std::byte> buffer;
  if (buffer.size() < size) buffer.resize(size);
  const auto wanted = std::span(buffer).first(size);
  if (pread_some(fd, wanted, offset, "an original") < size) {
    log::error("an object is shorter than the catalog says; see `damfs doctor`");
    return error(EIO);
  }
  bytes(wanted);
}

void Reply::written(size_t size) {
  if (auto* request = take()) fuse_reply_write(request, size);
}

void Reply::offset(uint64_t offset) {
  if (auto* request = take()) fuse_reply_lseek(request, static_cast<off_t>(offset));
}

void Reply::xattr_size(size_t size) {
  if (auto* request = take()) fuse_reply_xattr(request, size);
}

void Reply::link_target(const std::string& target) {
  if (auto* request = take()) fuse_reply_readlink(request, target.c_str());
}

void Reply::statfs(const struct statvfs& volume) {
  if (auto* request = take()) fuse_reply_statfs(request, &volume);
}

}  // namespace damfs
