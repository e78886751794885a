// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "catalog/base/error.h"
#include "catalog/places/place.h"
#include "tests/support/patience.h"

namespace damfs::test {

// A blob whose ranges are answered as a test says.
class FakeRanges final : public Ranges {
 public:
  struct Question {
    uint64_t number = 0;
    uint64_t offset = 0;
    size_t size = 0;
    Got got;
  };
  using Manner = std::function<void(const FakeRanges& ranges, const Question& question)>;

  // Without a manner its questions wait for take().
  explicit FakeRanges(std::string text, Manner manner = nullptr) : text_(std::move(text)), manner_(std::move(manner)) {}

  uint64_t size() const override { return text_.size(); }
  void ask(uint64_t number, uint64_t offset, size_t size, Got got) override {
    const Question question{number, offset, size, std::move(got)};
    {
      const std::lock_guard lock(mutex_);
      ++asked_;
      if (!manner_) waiting_.push_back(question);
      changed_.notify_all();
    }
    if (manner_) manner_(*this, question);
  }
  void cancel(uint64_t number) override {
    const std::lock_guard lock(mutex_);
    cancelled_.push_back(number);
  }

  std::span<const std::byte> bytes(const Question& question, size_t most = SIZE_MAX) const {
    return std::as_bytes(std::span(text_)).subspan(question.offset, std::min(question.size, most));
  }
  Question take() {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, patience(60), [&] { return !waiting_.empty(); })) fail(ETIMEDOUT, "nobody asked");
    Question question = std::move(waiting_.front());
    waiting_.erase(waiting_.begin());
    return question;
  }
  size_t asked() const {
    const std::lock_guard lock(mutex_);
    return asked_;
  }
  std::vector<uint64_t> cancelled() const {
    const std::lock_guard lock(mutex_);
    return cancelled_;
  }

  // Manners.
  static void at_once(const FakeRanges& ranges, const Question& question) { question.got(0, ranges.bytes(question)); }
  static Manner in_pieces(size_t most) {
    return
        [most](const FakeRanges& ranges, const Question& question) { question.got(0, ranges.bytes(question, most)); };
  }
  static void never(const FakeRanges&, const Question&) {}

 private:
  const std::string text_;
  const Manner manner_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  size_t asked_ = 0;
  std::vector<Question> waiting_;
  std::vector<uint64_t> cancelled_;
};

class FakePlace final : public Place {
 public:
  std::string name() const override { return "a place of the test"; }
  bool has(const Digest& sha256, int64_t size) const override {
    const auto found = blobs.find(sha256);
    return found != blobs.end() && found->second->size() == static_cast<uint64_t>(size);
  }
  std::optional<Opened> open(const Digest& sha256) const override {
    ++opened;
    if (is_away) fail(EHOSTDOWN, "{} is away", name());
    const auto found = blobs.find(sha256);
    if (found == blobs.end()) return std::nullopt;
    return Opened{{}, found->second};
  }

  std::map<Digest, std::shared_ptr<FakeRanges>> blobs;
  bool is_away = false;
  mutable std::atomic<int> opened{0};
};

}  // namespace damfs::test
