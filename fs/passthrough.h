// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <linux/fuse.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "catalog/base/file.h"
#include "fs/stats.h"
#include "views/frame/node_id.h"

namespace damfs {

// What headers older than Linux 6.9 lack. Names and values: include/uapi/linux/fuse.h there (protocol 7.40).
namespace fuse_abi {
inline constexpr uint32_t kPassthroughInFlags2 = 1U << 5;  // FUSE_PASSTHROUGH, bit 37 of all
inline constexpr uint32_t kOpenPassthrough = 1U << 7;      // FOPEN_PASSTHROUGH
inline constexpr size_t kMaxStackDepthAt = offsetof(fuse_init_out, flags2) + sizeof(uint32_t);
struct OpenOut {  // struct fuse_open_out
  uint64_t fh;
  uint32_t open_flags;
  int32_t backing_id;
};
struct BackingMap {  // struct fuse_backing_map
  int32_t fd;
  uint32_t flags;
  uint64_t padding;
};
inline constexpr unsigned long kBackingOpen = _IOW(229, 1, BackingMap);  // FUSE_DEV_IOC_BACKING_OPEN
inline constexpr unsigned long kBackingClose = _IOW(229, 2, uint32_t);   // FUSE_DEV_IOC_BACKING_CLOSE
}  // namespace fuse_abi

// Files that the kernel was given to read from by itself. Thread-safe.
class BackingFiles {
 public:
  virtual ~BackingFiles() = default;
  virtual int open(int fd) noexcept = 0;  // a number above 0, or a negative errno
  virtual void close(int id) noexcept = 0;
};

class Passthrough;

// How the kernel reads one file, for as long as anybody has it open: it refuses an open that disagrees with
// another one of the same inode, so all of them hold the same of these.
class ReadWay {
 public:
  ReadWay(std::shared_ptr<Passthrough> of, NodeId node, int backing) : of_(std::move(of)), node_(node), id_(backing) {}
  ~ReadWay();
  ReadWay(const ReadWay&) = delete;
  ReadWay& operator=(const ReadWay&) = delete;

  int backing_id() const { return id_; }  // 0: it asks this process

 private:
  const std::shared_ptr<Passthrough> of_;
  const NodeId node_;
  const int id_;
};
using ReadWayRef = std::shared_ptr<const ReadWay>;

// Reads of originals that the kernel does past this process. Works the same with every libfuse: what one without
// an interface for it leaves out of the answer to INIT is put in on the way to the kernel. Thread-safe.
// Whatever is refused is read as without it; Stats::passthrough() says why.
class Passthrough : public std::enable_shared_from_this<Passthrough> {
 public:
  enum class Choice { kWhenPossible, kNever };
  Passthrough(Choice choice, Path library, Stats& stats);

  // Before serving. Over anything but a device nothing passes through.
  void begin(std::shared_ptr<BackingFiles> backing);
  void begin(int device);  // that of the mount; end() before it is closed
  void end();

  // Each message of the kernel, as it came.
  void received(const void* message, size_t size) noexcept;
  // Each message to the kernel; `transport` sends it, as writev does.
  template <typename Transport>
  ssize_t send(const struct iovec* vector, int count, const Transport& transport) {
    fuse_init_out answer;
    if (!completes(vector, count, answer)) return transport(vector, count);
    const std::array<struct iovec, 2> completed = {vector[0], {&answer, sizeof answer}};
    const ssize_t sent = transport(completed.data(), 2);
    if (sent > 0) try_out();
    return sent;
  }

  // To be held by each open handle until the kernel released it. `fd`: the file's own bytes, or -1. Null: there
  // is no passthrough in this mount.
  ReadWayRef way(NodeId node, int fd);
  // One without passthrough, for whoever writes. Waits a moment for a handle that is just being closed; empty: somebody
  // has the file open.
  std::optional<ReadWayRef> way_for_writing(NodeId node);
  // Its bytes are in another file now, which those who open it from here on are given. (The kernel refuses two of them
  // at once: then they have to wait until the others close it.)
  void forget(NodeId node);

 private:
  friend class ReadWay;
  static constexpr uint64_t kNoInit = 0;

  bool completes(const struct iovec* vector, int count, fuse_init_out& answer);
  void try_out();
  int open_backing(int fd);
  void close_backing(int id);
  void left(NodeId node, int id);

  const Path library_;
  Stats& stats_;
  std::atomic<bool> asks_;               // INIT is still to be answered, with passthrough in it
  std::atomic<uint64_t> init_{kNoInit};  // the number of an INIT that offers it
  std::atomic<bool> is_on_{false};
  std::atomic<bool> works_{false};    // the last file was taken
  std::atomic<bool> refused_{false};  // for good

  std::mutex backing_mutex_;  // held in the two ioctls, so that the device is not closed under them
  std::shared_ptr<BackingFiles> backing_;
  std::mutex mutex_;
  std::map<uint64_t, std::weak_ptr<const ReadWay>> ways_;
  std::condition_variable has_left_;
};

// May this process ask the kernel for it?
bool may_pass_through();

}  // namespace damfs
