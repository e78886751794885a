// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <mutex>
#include <vector>

#include "views/frame/node.h"

namespace damfs {

// An opened file whose bytes wait for something else to be made first; reads are answered then.
class DeferredContent final : public Content {
 public:
  void read(uint64_t offset, size_t size, ReadAnswerRef answer) override;
  bool cancel(const ReadAnswer& answer) override;

  // One of them, once.
  void set(ContentRef content);
  void fail();

 private:
  struct Waiter {
    ReadAnswerRef answer;
    uint64_t offset;
    size_t size;
  };

  std::mutex mutex_;
  ContentRef content_;
  bool failed_ = false;
  std::vector<Waiter> waiters_;
};

}  // namespace damfs
