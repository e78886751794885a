// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "fs/mount.h"

#include <fcntl.h>
#include <fuse_log.h>
#include <linux/magic.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <thread>

#include "catalog/base/descriptors.h"
#include "catalog/base/error.h"
#include "catalog/base/log.h"
#include "fs/mount/launch.h"
#include "fs/mount/options.h"
#include "fs/session.h"

namespace damfs {
namespace {

[[gnu::format(printf, 2, 0)]] void log_libfuse(fuse_log_level level, const char* format, va_list arguments) {
  std::array<char, 1024> text{};
  std::vsnprintf(text.data(), text.size(), format, arguments);
  std::string_view line(text.data());
  while (line.ends_with('\n')) line.remove_suffix(1);
  if (level <= FUSE_LOG_ERR) {
    log::error("{}", line);
  } else if (level <= FUSE_LOG_WARNING) {
    log::warning("{}", line);
  } else {
    log::debug("{}", line);
  }
}

// Signals that end a mount arrive at a descriptor instead of in the middle of something. To be made before any
// thread, since threads inherit it.
class EndSignals {
 public:
  EndSignals() {
    ::sigemptyset(&set_);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP}) ::sigaddset(&set_, signal);
    ::pthread_sigmask(SIG_BLOCK, &set_, &before_);
    struct sigaction ignore {};
    ignore.sa_handler = SIG_IGN;
    ::sigaction(SIGPIPE, &ignore, &pipe_before_);
    fd_ = UniqueFd(::signalfd(-1, &set_, SFD_CLOEXEC));
  }
  ~EndSignals() {
    // Polling told of the signal but did not take it: left pending, it would kill the process once unblocked,
    // and a clean end would look like a crash.
    const timespec no_wait{};
    while (::sigtimedwait(&set_, nullptr, &no_wait) > 0) {
    }
    ::sigaction(SIGPIPE, &pipe_before_, nullptr);
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  EndSignals(const EndSignals&) = delete;
  EndSignals& operator=(const EndSignals&) = delete;

  int fd() const { return fd_.get(); }

 private:
  sigset_t set_{};
  sigset_t before_{};
  struct sigaction pipe_before_ {};
  UniqueFd fd_;
};

// Waits beside the serving threads for a signal, and then ends the mount.
class Watch {
 public:
  Watch(Session& session, Invalidator& invalidator, Announcer& announcer, Path mountpoint, int signals)
      : session_(session),
        invalidator_(invalidator),
        announcer_(announcer),
        mountpoint_(std::move(mountpoint)),
        signals_(signals),
        over_(::eventfd(0, EFD_CLOEXEC)),
        thread_([this] { wait(); }) {}
  ~Watch() {
    ::eventfd_write(over_.get(), 1);
    thread_.join();
  }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  bool is_ending() const { return ending_; }

 private:
  void wait() {
    std::array<pollfd, 2> events{pollfd{.fd = signals_, .events = POLLIN, .revents = 0},
                                 pollfd{.fd = over_.get(), .events = POLLIN, .revents = 0}};
    while (::poll(events.data(), events.size(), -1) < 0 && errno == EINTR) {
    }
    if ((events[1].revents & POLLIN) == 0) end();
  }

  void end() {
    ending_ = true;
    ::sd_notify(0, "STOPPING=1");
    invalidator_.stop();  // while requests are still answered, see there
    announcer_.end();     // it stands in the mount while it tells
    try {
      unmount(mountpoint_);
      session_.stop_unless_ended();
    } catch (const std::exception& error) {
      log::warning("{}; ending all the same", error.what());
      session_.stop();
    }
  }

  Session& session_;
  Invalidator& invalidator_;
  Announcer& announcer_;
  const Path mountpoint_;
  const int signals_;
  UniqueFd over_;
  std::atomic<bool> ending_{false};
  std::thread thread_;
};

// Asks through the kernel, as any program would.
void check_answers(const Path& mountpoint) {
  struct statfs volume {};
  if (::statfs(mountpoint.c_str(), &volume) != 0) throw_errno(errno, mountpoint.string() + " does not answer");
  if (volume.f_type != FUSE_SUPER_MAGIC) fail(EIO, "{}: nothing is mounted", mountpoint.string());
  if (!stat_path(mountpoint)) fail(EIO, "{} does not answer", mountpoint.string());
}

// The kernel reads ahead 128 KiB of a FUSE file, which a disk answers well below its speed; more can only be set
// from outside and by root. Whoever is not keeps what there is.
void read_further_ahead(const Path& mountpoint) {
  const auto st = stat_path(mountpoint);
  if (!st) return;
  const auto setting = fmt::format("/sys/class/bdi/{}:{}/read_ahead_kb", major(st->st_dev), minor(st->st_dev));
  const UniqueFd file(::open(setting.c_str(), O_WRONLY | O_CLOEXEC));
  constexpr std::string_view kKibibytes = "1024";
  if (!file || ::write(file.get(), kKibibytes.data(), kKibibytes.size()) < 0) {
    log::debug("cannot set {}; reading ahead stays short", setting);
  }
}

void serve(const MountRequest& request, const Path& mountpoint, const MakeMountable& make, Launch& launch) {
  const EndSignals signals;
  raise_descriptor_limit();
  const MountOptions options = parse_mount_options(request.options);
  fuse_set_log_func(&log_libfuse);
  Stats stats;
  Announcer announcer(mountpoint);
  const Mountable mountable = make(stats);
  Session session({.nodes = *mountable.nodes,
                   .stats = stats,
                   .library = request.library,
                   .owner = options.owner,
                   .is_for_others = options.is_for_others,
                   .mount_options = options.for_libfuse,
                   .passthrough = options.passthrough,
                   .announcer = &announcer});
  session.mount(mountpoint);
  std::exception_ptr failure;
  {
    Invalidator invalidator(session, {.news = mountable.news, .since = mountable.since});
    const Watch watch(session, invalidator, announcer, mountpoint, signals.fd());
    const std::jthread ready([&] {
      try {
        check_answers(mountpoint);
        if (const auto top = stat_path(mountpoint)) announcer.begin(top->st_dev);
        read_further_ahead(mountpoint);
        launch.ready();
        mountable.mounted();
      } catch (const std::exception&) {
        if (watch.is_ending()) return;  // told to end while it began
        failure = std::current_exception();
        invalidator.stop();
        session.stop();
      }
    });
    session.run();
  }
  if (failure) std::rethrow_exception(failure);
}

}  // namespace

int run_mount(const MountRequest& request, const MakeMountable& make) {
  parse_mount_options(request.options);  // so that a wrong one is told before anything is touched
  const Path mountpoint = prepare_mountpoint(request.mountpoint);
  MountRequest absolute = request;
  absolute.library = std::filesystem::absolute(request.library);

  Launch launch({.foreground = request.foreground, .log_file = request.log_file});
  if (launch.split() == Launch::Side::kStarter) return 0;
  try {
    serve(absolute, mountpoint, make, launch);
    return 0;
  } catch (const std::exception& error) {
    if (launch.failed(errno_of_current_exception(), error.what())) return 1;
    throw;
  }
}

}  // namespace damfs
