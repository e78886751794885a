// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/base/task_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <memory>
#include <thread>
#include <vector>

namespace damfs {
namespace {

TEST(TaskPool, RunsAllThatWasBroughtBeforeItEnds) {
  std::atomic<int> done{0};
  {
    TaskPool pool(3);
    for (int i = 0; i < 200; ++i) {
      pool.submit([&] {
        if (++done % 50 == 0) pool.submit([&] { ++done; });
      });
    }
  }
  EXPECT_GE(done, 200);
}

TEST(TaskPool, OneTaskThatThrowsHarmsNoOther) {
  std::atomic<int> done{0};
  {
    TaskPool pool(1);
    pool.submit([] { throw std::runtime_error("on purpose"); });
    pool.submit([&] { ++done; });
  }
  EXPECT_EQ(done, 1);
}

TEST(TaskPool, HalfOfItsThreadsIsAllThatMayWorkElsewhere) {
  TaskPool pool(4);
  const TaskPool::Place one(pool);
  {
    const TaskPool::Place two(pool);
    EXPECT_TRUE(one && two);
    const TaskPool::Place three(pool);
    EXPECT_FALSE(three);
  }
  const TaskPool::Place again(pool);
  EXPECT_TRUE(again);
}

TEST(Strand, OneAfterTheOtherInTheOrderOfTheirComing) {
  TaskPool pool(4);
  const auto strand = std::make_shared<Strand>(pool);
  std::vector<int> order;  // guarded by the strand
  std::atomic<int> after{0};
  std::atomic<bool> is_in{false};
  for (int i = 0; i < 500; ++i) {
    strand->post(
        [&, i] {
          EXPECT_FALSE(is_in.exchange(true));
          order.push_back(i);
          is_in = false;
        },
        [&] { ++after; });
  }
  strand->wait([&] { EXPECT_EQ(order.size(), 500U); });
  for (int i = 0; i < 500; ++i) EXPECT_EQ(order[static_cast<size_t>(i)], i);
  while (after < 500) std::this_thread::yield();
}

TEST(Strand, NothingIsDoneAtOnceWhileSomethingIsUnderWay) {
  TaskPool pool(2);
  Strand strand(pool);
  std::promise<void> begun;
  std::promise<void> may_end;
  strand.post([&] {
    begun.set_value();
    may_end.get_future().wait();
  });
  begun.get_future().wait();
  EXPECT_FALSE(strand.try_now([] { FAIL(); }));
  std::atomic<bool> waited{false};
  std::thread waiter([&] { strand.wait([&] { waited = true; }); });
  EXPECT_FALSE(waited);
  may_end.set_value();
  waiter.join();
  EXPECT_TRUE(waited);
  EXPECT_TRUE(strand.try_now([] {}));
}

TEST(Strand, ManyWhoWaitAllGetTheirTurn) {
  TaskPool pool(2);
  Strand strand(pool);
  int count = 0;  // guarded by the strand
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 200; ++i) {
        strand.wait([&] { ++count; });
        strand.post([&] { ++count; });
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  strand.wait([&] { EXPECT_EQ(count, 8 * 400); });
}

}  // namespace
}  // namespace damfs
