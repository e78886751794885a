// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "fs/announcer.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstring>
#include <utility>

#include "catalog/base/log.h"
#include "catalog/base/unique_fd.h"

namespace damfs {
namespace {

// One that does not come back is stuck in a mount that is ending, or was stopped by somebody.
constexpr int kAnswersWithinMs = 2000;

// An order as it is sent to the process.
struct Order {
  dev_t device = 0;  // of the folder, as is the next: what its path leads to otherwise is left alone
  uint64_t inode = 0;
  uint32_t type = 0;
  Announcer::Item::Change change = Announcer::Item::Change::kCame;
  std::array<char, PATH_MAX> path{};
  std::array<char, NAME_MAX + 1> name{};
};

// --- in the process: system calls alone, for it is the copy of one that may have locked anything ---

void carry_out(const Order& order) {
  const int folder = ::open(order.path.data(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (folder < 0) return;
  struct stat st {};
  struct statfs volume {};
  const bool is_it = ::fstat(folder, &st) == 0 && ::fstatfs(folder, &volume) == 0 &&
                     volume.f_type == FUSE_SUPER_MAGIC && st.st_dev == order.device && st.st_ino == order.inode;
  if (is_it) {
    switch (order.change) {
      case Announcer::Item::Change::kCame:
        if (S_ISDIR(order.type)) {
          ::mkdirat(folder, order.name.data(), 0755);
        } else if (S_ISLNK(order.type)) {
          [[maybe_unused]] const int result = ::symlinkat("announced", folder, order.name.data());
        } else {
          ::mknodat(folder, order.name.data(), S_IFREG | 0644, 0);
        }
        break;
      case Announcer::Item::Change::kWent: ::unlinkat(folder, order.name.data(), 0); break;
      case Announcer::Item::Change::kTouched: ::futimens(folder, nullptr); break;
    }
  }
  ::close(folder);
}

[[noreturn]] void serve(int socket) {
  ::prctl(PR_SET_NAME, "damfs-announce");
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  const int nowhere = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  ::dup2(socket, 0);
  ::dup2(nowhere, 1);
  ::dup2(nowhere, 2);
  ::close_range(3, ~0U, 0);
  if (::chdir("/") != 0) ::_exit(1);
  for (;;) {
    Order order;
    const ssize_t size = ::read(0, &order, sizeof order);
    if (size < 0 && errno == EINTR) continue;
    if (size != sizeof order) ::_exit(0);
    carry_out(order);
    constexpr char kDone = 1;
    if (::send(0, &kDone, 1, MSG_NOSIGNAL) != 1) ::_exit(0);
  }
}

}  // namespace

// --- in the daemon ---------------------------------------------------------------------------------------

Announcer::Announcer(Path mountpoint) : mountpoint_(std::move(mountpoint)) {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) == 0) {
    socket_ = UniqueFd(ends[0]);
    const UniqueFd theirs(ends[1]);
    process_ = ::fork();
    if (process_ == 0) serve(theirs.get());
  }
  if (process_ < 0) {
    log::info("open windows are not told of changes: no process can be started");
  } else {
    thread_ = std::thread([this] { tell_all(); });
  }
}

Announcer::~Announcer() { end(); }

void Announcer::end() {
  {
    const std::lock_guard lock(mutex_);
    is_ending_ = true;
  }
  has_more_.notify_all();
  if (!thread_.joinable()) return;
  ::kill(process_, SIGKILL);
  thread_.join();
  ::waitpid(process_, nullptr, 0);
  process_ = -1;  // the number may be somebody else's now
}

void Announcer::announce(std::vector<Item> items) {
  if (process_ <= 0 || device_ == 0 || items.empty()) return;
  {
    const std::lock_guard lock(mutex_);
    for (Item& item : items) {
      if (waiting_.size() >= kMostWaiting) {
        const bool is_told = std::any_of(waiting_.begin(), waiting_.end(), [&](const Item& each) {
          return each.directory == item.directory && each.change == Item::Change::kTouched;
        });
        if (is_told || waiting_.size() >= 2 * kMostWaiting) continue;
        item.change = Item::Change::kTouched;
        item.name.clear();
      }
      waiting_.push_back(std::move(item));
    }
  }
  has_more_.notify_all();
}

std::optional<Announcer::Item> Announcer::telling(NodeId directory, std::string_view name) const {
  const std::lock_guard lock(mutex_);
  if (!current_ || current_->directory != directory || current_->name != name) return std::nullopt;
  return current_;
}

void Announcer::tell_all() {
  std::unique_lock lock(mutex_);
  for (;;) {
    has_more_.wait(lock, [this] { return is_ending_ || !waiting_.empty(); });
    if (is_ending_) return;
    current_ = std::move(waiting_.front());
    waiting_.pop_front();
    const Item item = *current_;
    lock.unlock();
    const bool goes_on = tell(item);
    lock.lock();
    current_.reset();
    if (!goes_on) {
      // One that is late would be answered as any program from here on.
      if (!is_ending_) log::info("open windows are not told of changes any more");
      is_ending_ = true;
      ::kill(process_, SIGKILL);
      return;
    }
  }
}

bool Announcer::tell(const Item& item) {
  Order order;
  const std::string path = (mountpoint_ / item.path).string();
  if (path.size() >= order.path.size() || item.name.size() >= order.name.size()) return true;
  order.device = device_;
  order.inode = item.directory.value();
  order.type = item.type;
  order.change = item.change;
  std::memcpy(order.path.data(), path.data(), path.size());
  std::memcpy(order.name.data(), item.name.data(), item.name.size());
  if (::send(socket_.get(), &order, sizeof order, MSG_NOSIGNAL) != sizeof order) return false;
  pollfd answer{.fd = socket_.get(), .events = POLLIN, .revents = 0};
  int ready = 0;
  while ((ready = ::poll(&answer, 1, kAnswersWithinMs)) < 0 && errno == EINTR) {
  }
  char done = 0;
  return ready == 1 && ::read(socket_.get(), &done, 1) == 1;
}

}  // namespace damfs
