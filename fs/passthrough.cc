// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "fs/passthrough.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <system_error>

#include "catalog/base/log.h"
#include "catalog/base/now.h"

namespace damfs {
namespace {

class DeviceBacking final : public BackingFiles {
 public:
  explicit DeviceBacking(int device) : device_(device) {}
  int open(int fd) noexcept override {
    fuse_abi::BackingMap map{.fd = fd, .flags = 0, .padding = 0};
    const int id = ::ioctl(device_, fuse_abi::kBackingOpen, &map);
    return id < 0 ? -errno : id;
  }
  void close(int id) noexcept override {
    auto number = static_cast<uint32_t>(id);
    ::ioctl(device_, fuse_abi::kBackingClose, &number);
  }

 private:
  const int device_;
};

bool is_for_good(int error) { return error == EPERM || error == ENOTTY || error == EOPNOTSUPP || error == ENOSYS; }

std::string reason(int error) {
  switch (error) {
    case EPERM: return "the kernel allows it only with CAP_SYS_ADMIN, outside of containers";
    case ELOOP: return "the library lies on a file system that is stacked on another one";
    default: return "the kernel refuses it: " + std::generic_category().message(error);
  }
}

constexpr std::chrono::milliseconds kClosesIn{100};

constexpr const char* kTrue = "true";
constexpr const char* kUntried = "not tried yet";
constexpr const char* kOff = "switched off by the mount option no_passthrough";
constexpr const char* kNotAllowed = "only root may (CAP_SYS_ADMIN)";
constexpr const char* kNoDevice = "nothing is mounted: this speaks over a socket";
constexpr const char* kNotOffered = "this kernel does not offer it (Linux 6.9 and later may)";

}  // namespace

ReadWay::~ReadWay() { of_->left(node_, id_); }

Passthrough::Passthrough(Choice choice, Path library, Stats& stats)
    : library_(std::move(library)), stats_(stats), asks_(choice == Choice::kWhenPossible) {
  stats_.set_passthrough(asks_ ? kNotOffered : kOff);
}

void Passthrough::begin(std::shared_ptr<BackingFiles> backing) {
  if (!backing && asks_.exchange(false)) stats_.set_passthrough(kNoDevice);
  const std::lock_guard lock(backing_mutex_);
  backing_ = std::move(backing);
}

void Passthrough::begin(int device) {
  if (!may_pass_through()) {
    if (asks_.exchange(false)) stats_.set_passthrough(kNotAllowed);
    return;
  }
  begin(std::make_shared<DeviceBacking>(device));
}

void Passthrough::end() {
  const std::lock_guard lock(backing_mutex_);
  backing_.reset();  // what it still held ends with the connection
}

void Passthrough::received(const void* message, size_t size) noexcept {
  if (!asks_.load(std::memory_order_relaxed) || size < sizeof(fuse_in_header) + sizeof(fuse_init_in)) return;
  fuse_in_header header;
  fuse_init_in init;
  std::memcpy(&header, message, sizeof header);
  if (header.opcode != FUSE_INIT) return;
  std::memcpy(&init, static_cast<const std::byte*>(message) + sizeof header, sizeof init);
  const bool offered = (init.flags & FUSE_INIT_EXT) != 0 && (init.flags2 & fuse_abi::kPassthroughInFlags2) != 0;
  if (init.major > FUSE_KERNEL_VERSION) return;  // it comes again, with the version it is answered
  if (offered) {
    init_ = header.unique;
  } else {
    asks_ = false;
  }
}

bool Passthrough::completes(const struct iovec* vector, int count, fuse_init_out& answer) {
  const uint64_t expected = init_.load(std::memory_order_relaxed);
  if (expected == kNoInit || count != 2 || vector[1].iov_len != sizeof answer) return false;
  fuse_out_header header;
  std::memcpy(&header, vector[0].iov_base, sizeof header);
  if (header.unique != expected || header.error != 0) return false;
  std::memcpy(&answer, vector[1].iov_base, sizeof answer);
  init_ = kNoInit;
  asks_ = false;
  // The kernel would drop the wish, not the cache.
  if ((answer.flags & FUSE_WRITEBACK_CACHE) != 0) return false;
  answer.flags |= FUSE_INIT_EXT;
  answer.flags2 |= fuse_abi::kPassthroughInFlags2;
  const uint32_t depth = 1;  // files of file systems that are not stacked themselves
  std::memcpy(reinterpret_cast<std::byte*>(&answer) + fuse_abi::kMaxStackDepthAt, &depth, sizeof depth);
  // Before the kernel has it: an open that comes next may be served by another thread.
  is_on_ = true;
  stats_.set_passthrough(kUntried);
  return true;
}

// So that the truth is known before somebody opens an original. Where no file can be made it is known then.
void Passthrough::try_out() {
  const UniqueFd file(::open(library_.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (!file) {
    if (!works_.exchange(true)) stats_.set_passthrough(kTrue);
  } else if (const int id = open_backing(file.get())) {
    close_backing(id);
  }
}

ReadWayRef Passthrough::way(NodeId node, int fd) {
  if (!is_on_) return nullptr;
  {
    const std::lock_guard lock(mutex_);
    const auto found = ways_.find(node.value());
    if (found != ways_.end()) {
      if (auto known = found->second.lock()) return known;
    }
  }
  const int id = fd >= 0 ? open_backing(fd) : 0;
  // Named before the lock, so that one who came second gives up his own after it.
  const auto mine = std::make_shared<const ReadWay>(shared_from_this(), node, id);
  const std::lock_guard lock(mutex_);
  auto& slot = ways_[node.value()];
  if (auto known = slot.lock()) return known;
  slot = mine;
  return mine;
}

std::optional<ReadWayRef> Passthrough::way_for_writing(NodeId node) {
  const auto until = Clock::now() + kClosesIn;
  for (;;) {
    ReadWayRef found = way(node, -1);
    if (!found || found->backing_id() == 0) return found;
    found.reset();
    std::unique_lock lock(mutex_);
    const bool is_closed = Clock::wait_until(has_left_, lock, until, [&] {
      const auto at = ways_.find(node.value());
      return at == ways_.end() || at->second.expired();
    });
    if (!is_closed) return std::nullopt;
  }
}

void Passthrough::forget(NodeId node) {
  const std::lock_guard lock(mutex_);
  ways_.erase(node.value());
}

void Passthrough::left(NodeId node, int id) {
  {
    const std::lock_guard lock(mutex_);
    const auto found = ways_.find(node.value());
    if (found != ways_.end() && found->second.expired()) ways_.erase(found);
    has_left_.notify_all();
  }
  if (id > 0) close_backing(id);
}

int Passthrough::open_backing(int fd) {
  if (refused_) return 0;
  int id = -EBADF;
  {
    const std::lock_guard lock(backing_mutex_);
    if (!backing_) return 0;
    id = backing_->open(fd);
  }
  if (id > 0) {
    if (!works_.exchange(true)) stats_.set_passthrough(kTrue);
    return id;
  }
  works_ = false;
  if (is_for_good(-id)) refused_ = true;
  stats_.set_passthrough(reason(-id));
  log::debug("no passthrough: {}", reason(-id));
  return 0;
}

void Passthrough::close_backing(int id) {
  const std::lock_guard lock(backing_mutex_);
  if (backing_) backing_->close(id);
}

bool may_pass_through() {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> sets{};
  if (::syscall(SYS_capget, &header, sets.data()) != 0) return false;
  return (sets[CAP_TO_INDEX(CAP_SYS_ADMIN)].effective & CAP_TO_MASK(CAP_SYS_ADMIN)) != 0;
}

}  // namespace damfs
