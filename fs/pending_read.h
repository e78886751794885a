// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <sys/types.h>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <vector>

#include "fs/handle_table.h"
#include "fs/reply.h"
#include "views/frame/node.h"

namespace damfs {

class PendingRead;

// The reads that are not answered yet. Shared by the session and each read, since a read may be given its answer,
// too late, when the session is gone. Thread-safe.
class PendingReads {
 public:
  explicit PendingReads(Stats& stats) : stats_(stats) {}

  // Thread `closer` closes `file`: what nobody waits for any more is cancelled.
  void closing(const OpenFile& file, pid_t closer);
  // Ends every read, now, and returns when no answer is on its way any more. No read may start after this.
  void end_all();
  size_t size() const;

 private:
  friend class PendingRead;
  using Matches = std::function<bool(const PendingRead&)>;
  void add(const std::shared_ptr<PendingRead>& read);
  void finished(const PendingRead& read);
  std::vector<std::shared_ptr<PendingRead>> find(const Matches& matches) const;

  Stats& stats_;
  mutable std::mutex mutex_;  // never held while a content or the kernel is called
  std::condition_variable none_left_;
  std::unordered_map<const PendingRead*, std::weak_ptr<PendingRead>> reads_;
};

// One read on its way: what Content answers into.
//
// Three may want to end it at once: the content with its answer, the kernel with an interrupt, the session with
// its end. Whoever wins take() answers; all others find it taken and do nothing.
//
// The kernel's interrupt arrives in a callback that libfuse runs under the request's own lock. So the winner
// uninstalls that callback before it answers, which waits for one that is running: only then may the request be
// freed. When the winner is the callback itself it must not, for it would wait for itself.
class PendingRead final : public ReadAnswer, public std::enable_shared_from_this<PendingRead> {
  struct Key {};  // makes the constructor start()'s own

 public:
  // Asks the content and returns at once; the kernel is answered now or later.
  static void start(Reply&& reply, std::shared_ptr<PendingReads> reads, OpenFileRef file, uint64_t offset, size_t size);

  PendingRead(Key, Reply&& reply, std::shared_ptr<PendingReads> reads, OpenFileRef file);
  ~PendingRead() override;

  void bytes(std::span<const std::byte> data) override;
  void slice(int fd, uint64_t offset, size_t size) override;
  void fail(int error) override;

 private:
  friend class PendingReads;

  // Outlives the read, so that the callback can let go of the read while it still stands marked as running.
  struct Gate {
    std::atomic<bool> taken{false};
    std::atomic<bool> abandoned{false};  // the reader went away
    std::atomic<std::thread::id> callback_thread{};
  };

  static void on_interrupt(fuse_req_t request, void* data) noexcept;
  void abandon() noexcept;
  void cancel() noexcept;
  bool take();
  template <typename Answer>
  bool finish(Answer answer);

  const std::shared_ptr<Gate> gate_ = std::make_shared<Gate>();
  const std::shared_ptr<PendingReads> reads_;
  const OpenFileRef file_;
  const pid_t asker_;
  const std::thread::id starter_ = std::this_thread::get_id();
  Reply reply_;
};

}  // namespace damfs
