// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <pthread.h>

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "catalog/base/file.h"
#include "fs/announcer.h"
#include "fs/attributes.h"
#include "fs/handle_table.h"
#include "fs/inode_table.h"
#include "fs/overwrites.h"
#include "fs/passthrough.h"
#include "fs/pending_read.h"
#include "fs/stats.h"
#include "views/frame/node.h"

struct fuse_conn_info;
struct fuse_session;

namespace damfs {

// One conversation with a kernel: turns its requests into calls of nodes. Everything a request needs stands
// here, so that several sessions can live in one process.
//
// Use: construct; mount() or attach(); run(); destroy. Threads: run() blocks in one, stop() comes from any other.
class Session {
 public:
  struct Options {
    const NodeSource& nodes;  // outlives the session, as does `stats`
    Stats& stats;
    Path library;  // a path on the volume that statfs reports
    Owner owner;
    bool is_for_others = false;  // others than the owner may ask (allow_other), and not all is theirs to see
    Timeouts timeouts{};
    std::vector<std::string> mount_options{};  // as libfuse takes them: "ro", "fsname=damfs"
    Passthrough::Choice passthrough = Passthrough::Choice::kWhenPossible;
    std::shared_ptr<BackingFiles> backing{};  // instead of the mount's own device
    Announcer* announcer = nullptr;           // outlives the session; null: open windows are told of nothing
    unsigned threads = 8;                     // at most; they wait for the disk sometimes, for media work never
  };

  explicit Session(Options options);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Mounts on an existing directory. Throws Error; what the kernel or fusermount3 said went to the log.
  void mount(const Path& mountpoint);
  // Instead: the kernel is whoever holds the other end of this SOCK_SEQPACKET socket.
  void attach(UniqueFd socket);

  // Serves until it is unmounted, the socket is closed or stop() is called; then ends every pending read and
  // unmounts, lazily if it must. Throws Error when the connection broke.
  void run();
  // Makes run() return soon. Returns when it has, or at once when it is not running.
  void stop();
  // Of one that was unmounted: it ends by itself, unless another mount namespace has a copy of the mount, which keeps
  // the kernel's side alive. Then it is stopped.
  void stop_unless_ended();

  // These invalidate what the kernel has cached. Not from a request's thread: the kernel may hold a lock for that
  // request which the notification needs. What it has not cached is no error. The entry is looked up anew when it is
  // next used; if it still leads to the same folder, programs in that stay there (Linux 6.2; before that, as the next).
  void expire_entry(NodeId directory, const std::string& name);
  // Drops the entry, and all those below it.
  void forget_entry(NodeId directory, const std::string& name);
  void invalidate_attributes(NodeId node);
  void invalidate_listing(NodeId directory);  // and its attributes
  void invalidate_bytes(NodeId file);         // likewise

  // `call` is called whenever something was changed through this mount, on the request's thread, and told whether a
  // request waits for the invalidation; null: no more calls.
  enum class News : uint8_t { kInTime, kAwaited };
  void on_change(std::function<void(News)> call);

  // For the invalidator: how many requests have asked to wait for it so far; and that all changes from before that many
  // are invalidated.
  uint64_t invalidations_asked();
  void invalidated(uint64_t invalidations_asked);

  // For the ops.
  const Options& options() const { return options_; }
  Stats& stats() { return options_.stats; }
  InodeTable& inodes() { return inodes_; }
  HandleTable<OpenFile>& files() { return files_; }
  HandleTable<const Node>& directories() { return directories_; }
  const std::shared_ptr<PendingReads>& reads() { return reads_; }
  Passthrough& passthrough() { return *passthrough_; }
  Overwrites& overwrites() { return overwrites_; }
  void changed();  // something was changed through this mount
  // Likewise, and waits until the kernel's caches are invalidated, for 200 ms at most. Not on a request's thread, with
  // no lock held.
  void await_invalidation();
  // Counts replies that are given later; the session ends only after all of them.
  void owes_answer();
  void gave_answer();
  void negotiate(fuse_conn_info& connection);

 private:
  struct Destroy {
    void operator()(fuse_session* session) const;
  };

  void finish();
  void notify_of_entry(NodeId directory, const std::string& name, uint32_t flags);
  void invalidate_inode(NodeId node, int64_t from, const char* doing);

  Options options_;
  InodeTable inodes_;
  HandleTable<OpenFile> files_;
  HandleTable<const Node> directories_;
  std::shared_ptr<PendingReads> reads_;
  std::shared_ptr<Passthrough> passthrough_;
  Overwrites overwrites_;
  bool is_mounted_ = false;
  bool has_device_ = false;  // it was: what it speaks over is no socket
  std::unique_ptr<fuse_session, Destroy> fuse_;

  std::mutex mutex_;
  std::condition_variable stopped_;
  bool is_running_ = false;  // guarded by mutex_, as is runner_
  bool stop_asked_ = false;
  pthread_t runner_{};

  std::mutex change_mutex_;
  std::function<void(News)> on_change_;
  std::condition_variable none_owed_;
  int owed_ = 0;  // guarded by change_mutex_, as is all below
  std::condition_variable is_invalidated_;
  uint64_t asked_ = 0;
  uint64_t invalidated_ = 0;
};

}  // namespace damfs
