// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace damfs {

// A few threads for what waits for a disk, so that those who answer lookups do not. Tasks begin in the order in which
// they came. A thread is started when a task finds none idle, up to `threads`; where none can be started at all, the
// task runs on the thread that brings it. Thread-safe.
class TaskPool {
 public:
  using Task = std::function<void()>;  // what it throws is logged

  explicit TaskPool(size_t threads) : most_(threads) {}
  ~TaskPool();  // all tasks have ended when it returns
  TaskPool(const TaskPool&) = delete;
  TaskPool& operator=(const TaskPool&) = delete;

  void submit(Task task);

  // Permission to do short I/O on the caller's own thread instead of in the pool. Empty: too many threads do so
  // already.
  class Place {
   public:
    explicit Place(TaskPool& pool);
    ~Place();
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    explicit operator bool() const { return is_taken_; }

   private:
    TaskPool& pool_;
    const bool is_taken_;
  };

 private:
  bool take_place();
  bool start_thread();  // with mutex_ held
  void work();

  const size_t most_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Task> tasks_;
  std::vector<std::thread> threads_;
  size_t idle_ = 0;
  size_t places_taken_ = 0;
  bool stopping_ = false;
};

// Runs the work on one thing piece by piece, in the order in which it came, on any thread; no lock is held while it
// runs. The work must keep the strand alive. Thread-safe.
class Strand {
 public:
  using Work = std::function<void()>;  // must not throw

  explicit Strand(TaskPool& pool) : pool_(pool) {}
  Strand(const Strand&) = delete;
  Strand& operator=(const Strand&) = delete;

  // Runs it now, on this thread, if no other work runs or waits and the pool gives a place. False: it was not run.
  template <typename Function>
  bool try_now(Function&& work) {
    const TaskPool::Place place(pool_);
    if (!place || !take_turn()) return false;
    const Turn turn{*this};
    work();
    return true;
  }
  // In its turn, on this thread, which waits for it. Not from within the strand.
  template <typename Function>
  void wait(Function&& work) {
    wait_for_turn();
    const Turn turn{*this};
    work();
  }
  // In its turn, on the pool; `after` follows on the same thread when the strand is free for others again.
  void post(Work work, Work after = {});

 private:
  struct Waiter {
    std::condition_variable called;
    bool has_turn = false;
  };
  struct Entry {
    Work work;
    Work after;
    Waiter* waiter = nullptr;  // instead
  };
  struct Turn {
    ~Turn() { strand.pass_on(); }
    Strand& strand;
  };
  bool take_turn();
  void wait_for_turn();
  void pass_on();
  void run_on_pool(Entry entry);

  TaskPool& pool_;
  std::mutex mutex_;
  std::deque<Entry> entries_;
  bool is_busy_ = false;
};

}  // namespace damfs
