// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "fs/session.h"

#include <fcntl.h>
#include <fuse_lowlevel.h>
#include <linux/fuse.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <utility>

#include "catalog/base/error.h"
#include "catalog/base/log.h"
#include "catalog/base/now.h"
#include "fs/op_table.h"

namespace damfs {
namespace {

// Reads and renders wait in the kernel's background queue, all of them, so that a queue which is full of
// previews being made would hold up everybody's originals. Long enough for any storm of thumbnails.
constexpr unsigned kBackground = 4096;

// What headers older than Linux 6.2 lack. Names and values: include/uapi/linux/fuse.h there; older kernels ignore the
// flags.
constexpr uint32_t kExpireOnly = 1U << 0;  // FUSE_EXPIRE_ONLY
struct EntryNotification {                 // struct fuse_notify_inval_entry_out
  uint64_t parent;
  uint32_t name_size;
  uint32_t flags;
};

constexpr std::chrono::seconds kEndsByItself{2};

// A notification blocks while a request in that folder is under way, or while the pages are being read.
constexpr std::chrono::milliseconds kInvalidatingAtMost{200};

// libfuse waits for its threads in a semaphore that only a signal interrupts. Without SA_RESTART, and put back.
class WakeSignal {
 public:
  static constexpr int kNumber = SIGUSR1;

  WakeSignal() {
    struct sigaction action {};
    action.sa_handler = [](int) {};
    ::sigaction(kNumber, &action, &before_);
    sigset_t set;
    ::sigemptyset(&set);
    ::sigaddset(&set, kNumber);
    ::pthread_sigmask(SIG_UNBLOCK, &set, &mask_before_);
  }
  ~WakeSignal() {
    ::pthread_sigmask(SIG_SETMASK, &mask_before_, nullptr);
    ::sigaction(kNumber, &before_, nullptr);
  }
  WakeSignal(const WakeSignal&) = delete;
  WakeSignal& operator=(const WakeSignal&) = delete;

 private:
  struct sigaction before_ {};
  sigset_t mask_before_{};
};

struct LoopConfigDeleter {
  void operator()(fuse_loop_config* config) const { fuse_loop_cfg_destroy(config); }
};

struct Arguments {
  Arguments() = default;
  Arguments(const Arguments&) = delete;
  Arguments& operator=(const Arguments&) = delete;
  ~Arguments() { fuse_opt_free_args(&args); }
  fuse_args args = FUSE_ARGS_INIT(0, nullptr);
};

Passthrough& passthrough_of(void* session) { return static_cast<Session*>(session)->passthrough(); }

// The two that read may neither own anything nor be noexcept: libfuse cancels its threads in there.
ssize_t read_socket(int fd, void* buffer, size_t size, void* session) {
  const ssize_t n = ::recv(fd, buffer, size, 0);
  if (n > 0) passthrough_of(session).received(buffer, static_cast<size_t>(n));
  if (n != 0) return n;
  errno = ENODEV;  // closed, which is how a kernel says "unmounted"
  return -1;
}

ssize_t write_socket(int fd, struct iovec* vector, int count, void* session) {
  return passthrough_of(session).send(vector, count, [fd](const struct iovec* parts, int n) {
    struct msghdr message {};
    message.msg_iov = const_cast<struct iovec*>(parts);
    message.msg_iovlen = static_cast<size_t>(n);
    return ::sendmsg(fd, &message, MSG_NOSIGNAL);
  });
}

ssize_t read_device(int fd, void* buffer, size_t size, void* session) {
  const ssize_t n = ::read(fd, buffer, size);
  if (n > 0) passthrough_of(session).received(buffer, static_cast<size_t>(n));
  return n;
}

ssize_t write_device(int fd, struct iovec* vector, int count, void* session) {
  return passthrough_of(session).send(vector, count,
                                      [fd](const struct iovec* parts, int n) { return ::writev(fd, parts, n); });
}

[[maybe_unused]] int clone_device(int device) {
  UniqueFd clone(::open("/dev/fuse", O_RDWR | O_CLOEXEC));
  auto number = static_cast<uint32_t>(device);
  if (!clone || ::ioctl(clone.get(), FUSE_DEV_IOC_CLONE, &number) != 0) return -1;
  return clone.release();
}

// As libfuse would do by itself. From 3.17 on it clones no descriptor that is not its own without being shown how;
// before that it cannot be shown.
template <typename Io>
Io device_io() {
  Io io{};
  io.read = &read_device;
  io.writev = &write_device;
  if constexpr (requires { io.clone_fd; }) io.clone_fd = &clone_device;
  return io;
}

// The interface of FUSE_USE_VERSION knows no clone_fd: its function would leave it out.
template <typename Io>
int use_device(fuse_session* session, const Io& io, int device) {
  if constexpr (requires { io.clone_fd; }) {
    return fuse_session_custom_io_317(session, &io, sizeof io, device);
  } else {
    return fuse_session_custom_io(session, &io, device);
  }
}

bool is_gone_anyway(int result) {
  // ENOENT: the kernel does not have it; the others: there is no kernel (any more).
  return result == 0 || result == -ENOENT || result == -ENOTCONN || result == -ENODEV || result == -EBADF;
}

}  // namespace

void Session::Destroy::operator()(fuse_session* session) const { fuse_session_destroy(session); }

Session::Session(Options options)
    : options_(std::move(options)),
      inodes_(options_.nodes),
      reads_(std::make_shared<PendingReads>(options_.stats)),
      passthrough_(std::make_shared<Passthrough>(options_.passthrough, options_.library, options_.stats)) {
  Arguments arguments;
  bool added = fuse_opt_add_arg(&arguments.args, "damfs") == 0;
  for (const std::string& option : options_.mount_options) {
    added = added && fuse_opt_add_arg(&arguments.args, ("-o" + option).c_str()) == 0;
  }
  if (!added) throw_errno(ENOMEM, "cannot prepare the mount");
  fuse_.reset(fuse_session_new(&arguments.args, &op_table(), sizeof(fuse_lowlevel_ops), this));
  if (!fuse_) fail(EINVAL, "libfuse does not take these mount options");
}

Session::~Session() { finish(); }

void Session::mount(const Path& mountpoint) {
  if (fuse_session_mount(fuse_.get(), mountpoint.c_str()) != 0) {
    fail(EIO, "cannot mount on {}", mountpoint.string());
  }
  is_mounted_ = has_device_ = true;
  const auto io = device_io<fuse_custom_io>();
  const int result = use_device(fuse_.get(), io, fuse_session_fd(fuse_.get()));
  if (result != 0) throw_errno(-result, "cannot talk FUSE over the device");
  if (options_.backing) return passthrough_->begin(options_.backing);
  passthrough_->begin(fuse_session_fd(fuse_.get()));
}

void Session::attach(UniqueFd socket) {
  fuse_custom_io io{};
  io.read = &read_socket;
  io.writev = &write_socket;
  const int result = fuse_session_custom_io(fuse_.get(), &io, socket.get());
  if (result != 0) throw_errno(-result, "cannot talk FUSE over a socket");
  socket.release();  // the session closes it
  passthrough_->begin(options_.backing);
}

void Session::run() {
  const std::unique_ptr<fuse_loop_config, LoopConfigDeleter> config(fuse_loop_cfg_create());
  if (!config) throw_errno(ENOMEM, "cannot start serving");
  // Every thread takes its requests from a descriptor of its own; threads that once started stay.
  fuse_loop_cfg_set_clone_fd(config.get(), is_mounted_ ? 1 : 0);
  fuse_loop_cfg_set_max_threads(config.get(), options_.threads);
  int result = 0;
  {
    const WakeSignal wake;
    {
      const std::lock_guard lock(mutex_);
      if (stop_asked_) fuse_session_exit(fuse_.get());
      runner_ = ::pthread_self();
      is_running_ = true;
    }
    result = fuse_session_loop_mt(fuse_.get(), config.get());
    const std::lock_guard lock(mutex_);
    is_running_ = false;
    stopped_.notify_all();
  }
  finish();
  if (result < 0 && result != -ENODEV) throw_errno(-result, "the connection to the kernel broke");
}

void Session::stop_unless_ended() {
  {
    std::unique_lock lock(mutex_);
    if (Clock::wait_for(stopped_, lock, kEndsByItself, [this] { return !is_running_; })) return;
  }
  log::info("another mount namespace has a copy of this mount, which ends with it");
  stop();
}

void Session::stop() {
  std::unique_lock lock(mutex_);
  stop_asked_ = true;
  fuse_session_exit(fuse_.get());
  // Again and again, because the signal is lost when it comes just before the runner goes to sleep.
  while (is_running_) {
    ::pthread_kill(runner_, WakeSignal::kNumber);
    stopped_.wait_for(lock, std::chrono::milliseconds(20));
  }
}

void Session::finish() {
  fuse_session_exit(fuse_.get());  // else libfuse complains of every answer that finds no kernel
  reads_->end_all();
  {
    std::unique_lock lock(change_mutex_);
    none_owed_.wait(lock, [this] { return owed_ == 0; });
  }
  passthrough_->end();
  if (is_mounted_) fuse_session_unmount(fuse_.get());
  is_mounted_ = false;
}

void Session::expire_entry(NodeId directory, const std::string& name) { notify_of_entry(directory, name, kExpireOnly); }

void Session::forget_entry(NodeId directory, const std::string& name) { notify_of_entry(directory, name, 0); }

// By hand: the libfuse of Debian 12 cannot say that a name is only to expire.
void Session::notify_of_entry(NodeId directory, const std::string& name, uint32_t flags) {
  const EntryNotification entry{directory.value(), static_cast<uint32_t>(name.size()), flags};
  fuse_out_header header{};
  header.error = FUSE_NOTIFY_INVAL_ENTRY;
  header.len = static_cast<uint32_t>(sizeof header + sizeof entry + name.size() + 1);
  std::array<struct iovec, 3> parts = {{{&header, sizeof header},
                                        {const_cast<EntryNotification*>(&entry), sizeof entry},
                                        {const_cast<char*>(name.c_str()), name.size() + 1}}};
  const int fd = fuse_session_fd(fuse_.get());
  const ssize_t sent = has_device_ ? write_device(fd, parts.data(), 3, this) : write_socket(fd, parts.data(), 3, this);
  if (sent < 0 && !is_gone_anyway(-errno)) throw_errno(errno, "cannot make the kernel forget a name");
}

void Session::invalidate_inode(NodeId node, int64_t from, const char* doing) {
  const int result = fuse_lowlevel_notify_inval_inode(fuse_.get(), node.value(), from, 0);
  if (!is_gone_anyway(result)) throw_errno(-result, doing);
}

// From before the first byte: none of them goes.
void Session::invalidate_attributes(NodeId node) {
  invalidate_inode(node, -1, "cannot make the kernel forget attributes");
}

void Session::invalidate_listing(NodeId directory) {
  invalidate_inode(directory, 0, "cannot make the kernel forget a listing");
}

void Session::invalidate_bytes(NodeId file) {
  passthrough_->forget(file);
  invalidate_inode(file, 0, "cannot make the kernel forget a file's bytes");
}

void Session::on_change(std::function<void(News)> call) {
  const std::lock_guard lock(change_mutex_);
  on_change_ = std::move(call);
  is_invalidated_.notify_all();
}

void Session::owes_answer() {
  const std::lock_guard lock(change_mutex_);
  ++owed_;
}

void Session::gave_answer() {
  const std::lock_guard lock(change_mutex_);
  if (--owed_ == 0) none_owed_.notify_all();
}

void Session::changed() {
  const std::lock_guard lock(change_mutex_);
  if (on_change_) on_change_(News::kInTime);
}

void Session::await_invalidation() {
  std::unique_lock lock(change_mutex_);
  if (!on_change_) return;
  const uint64_t asked = ++asked_;
  on_change_(News::kAwaited);
  Clock::wait_for(is_invalidated_, lock, kInvalidatingAtMost, [&] { return invalidated_ >= asked || !on_change_; });
}

uint64_t Session::invalidations_asked() {
  const std::lock_guard lock(change_mutex_);
  return asked_;
}

void Session::invalidated(uint64_t invalidations_asked) {
  const std::lock_guard lock(change_mutex_);
  invalidated_ = invalidations_asked;
  is_invalidated_.notify_all();
}

void Session::negotiate(fuse_conn_info& connection) {
  const auto want = [&](unsigned capability) { connection.want |= connection.capable & capability; };
  const auto refuse = [&](unsigned capability) { connection.want &= ~capability; };
  want(FUSE_CAP_READDIRPLUS);
  refuse(FUSE_CAP_READDIRPLUS_AUTO);  // it falls back to a lookup for each entry
  want(FUSE_CAP_ASYNC_READ);
  want(FUSE_CAP_ATOMIC_O_TRUNC);
  want(FUSE_CAP_PARALLEL_DIROPS);
  want(FUSE_CAP_EXPORT_SUPPORT);
  want(FUSE_CAP_SPLICE_WRITE);
  want(FUSE_CAP_SPLICE_MOVE);
  refuse(FUSE_CAP_SPLICE_READ);  // costs each small request a second system call, and no large one comes
  refuse(FUSE_CAP_WRITEBACK_CACHE);
  // Whoever looked at a file of gigabytes that was just written waited while the kernel forgot all its pages, for its
  // time had changed. What changes under one number is invalidated (Stale::kBytes), or not cached from one opening to
  // the next.
  refuse(FUSE_CAP_AUTO_INVAL_DATA);
  want(FUSE_CAP_CACHE_SYMLINKS);  // what a link says is the same as long as its number
  connection.max_background = kBackground;
  connection.congestion_threshold = kBackground / 4 * 3;
  // max_readahead stays what the kernel offered.
}

}  // namespace damfs
