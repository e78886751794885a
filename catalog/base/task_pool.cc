// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/base/task_pool.h"

#include <exception>
#include <memory>
#include <system_error>
#include <utility>

#include "catalog/base/log.h"

namespace damfs {
namespace {

void run_task(const TaskPool::Task& task) {
  try {
    task();
  } catch (const std::exception& error) {
    log::error("what was to be done in the background failed: {}", error.what());
  }
}

}  // namespace

TaskPool::~TaskPool() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

bool TaskPool::start_thread() {
  try {
    threads_.reserve(threads_.size() + 1);
    threads_.emplace_back([this] { work(); });
    return true;
  } catch (const std::system_error& error) {
    log::warning("no thread can be started for work in the background: {}", error.what());
    return !threads_.empty();
  }
}

void TaskPool::submit(Task task) {
  {
    const std::lock_guard lock(mutex_);
    const bool is_short_of_threads = !stopping_ && tasks_.size() >= idle_ && threads_.size() < most_;
    if (!is_short_of_threads || start_thread()) {
      tasks_.push_back(std::move(task));
      changed_.notify_one();
      return;
    }
  }
  run_task(task);
}

void TaskPool::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    ++idle_;
    changed_.wait(lock, [this] { return stopping_ || !tasks_.empty(); });
    --idle_;
    if (tasks_.empty()) return;
    {
      const Task task = std::move(tasks_.front());
      tasks_.pop_front();
      lock.unlock();
      run_task(task);
    }
    lock.lock();
  }
}

bool TaskPool::take_place() {
  const std::lock_guard lock(mutex_);
  if (places_taken_ * 2 >= most_) return false;
  ++places_taken_;
  return true;
}

TaskPool::Place::Place(TaskPool& pool) : pool_(pool), is_taken_(pool.take_place()) {}

TaskPool::Place::~Place() {
  if (!is_taken_) return;
  const std::lock_guard lock(pool_.mutex_);
  --pool_.places_taken_;
}

bool Strand::take_turn() {
  const std::lock_guard lock(mutex_);
  if (is_busy_) return false;
  is_busy_ = true;
  return true;
}

void Strand::wait_for_turn() {
  Waiter waiter;
  std::unique_lock lock(mutex_);
  if (!std::exchange(is_busy_, true)) return;
  entries_.push_back({.work = {}, .after = {}, .waiter = &waiter});
  waiter.called.wait(lock, [&] { return waiter.has_turn; });
}

void Strand::post(Work work, Work after) {
  Entry entry{.work = std::move(work), .after = std::move(after)};
  {
    const std::lock_guard lock(mutex_);
    if (is_busy_) {
      entries_.push_back(std::move(entry));
      return;
    }
    is_busy_ = true;
  }
  run_on_pool(std::move(entry));
}

void Strand::run_on_pool(Entry entry) {
  // What the work holds may be all that keeps this strand: it is let go of last, behind everything of the strand.
  const auto shared = std::make_shared<const Entry>(std::move(entry));
  pool_.submit([this, shared] {
    shared->work();
    pass_on();
    if (shared->after) shared->after();
  });
}

void Strand::pass_on() {
  Entry next;
  {
    const std::lock_guard lock(mutex_);
    if (entries_.empty()) {
      is_busy_ = false;
      return;
    }
    next = std::move(entries_.front());
    entries_.pop_front();
    if (next.waiter != nullptr) {
      next.waiter->has_turn = true;
      next.waiter->called.notify_one();
      return;
    }
  }
  run_on_pool(std::move(next));
}

}  // namespace damfs
