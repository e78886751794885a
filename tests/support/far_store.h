// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "catalog/places/place.h"
#include "catalog/places/store_place.h"

namespace damfs::test {

// The library's own objects, as if they were far away: no descriptors, every range late, in pieces of odd sizes, some
// of them twice and whatever was cancelled all the same.
class FarStore final : public Place {
 public:
  explicit FarStore(const ObjectStore& store) : store_(store), thread_([this] { run(); }) {}
  ~FarStore() override;

  std::string name() const override { return "a place far away"; }
  bool has(const Digest& sha256, int64_t size) const override { return store_.has(sha256, size); }
  std::optional<Opened> open(const Digest& sha256) const override;

 private:
  class FarRanges;
  struct Question {
    std::shared_ptr<const UniqueFd> file;
    uint64_t number = 0;
    uint64_t offset = 0;
    size_t size = 0;
    Ranges::Got got;
  };
  void ask(Question question) const;
  void run();
  static void answer(const Question& question);

  const StorePlace store_;
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  mutable std::deque<Question> questions_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace damfs::test
