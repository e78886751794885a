// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <chrono>
#include <functional>
#include <future>
#include <memory>

#include "tests/support/patience.h"
#include "views/frame/node.h"

namespace damfs::test {

// An errno that is told once, maybe later; a second time would end the program.
class Told {
 public:
  Done done() {
    return [promise = promise_](int error) { promise->set_value(error); };
  }
  bool is_there() const { return future_.wait_for(std::chrono::milliseconds(0)) == std::future_status::ready; }
  // -1: nothing was told in time.
  int error() {
    if (future_.wait_for(patience(60)) != std::future_status::ready) return -1;
    return future_.get();
  }

 private:
  std::shared_ptr<std::promise<int>> promise_ = std::make_shared<std::promise<int>>();
  std::future<int> future_ = promise_->get_future();
};

inline int told(const std::function<void(Done)>& ask) {
  Told answer;
  ask(answer.done());
  return answer.error();
}

}  // namespace damfs::test
