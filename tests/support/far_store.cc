// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "tests/support/far_store.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <utility>
#include <vector>

#include "catalog/base/file.h"

namespace damfs::test {
namespace {

constexpr std::chrono::microseconds kFar{200};
constexpr size_t kLargestPiece = 600'000;

size_t piece_of(size_t size, uint64_t number) {
  if (size <= 4096) return size;
  return std::min(size, kLargestPiece - static_cast<size_t>(number * 7919 % 400'000));
}

}  // namespace

class FarStore::FarRanges final : public Ranges {
 public:
  FarRanges(const FarStore& store, UniqueFd file)
      : store_(store),
        file_(std::make_shared<const UniqueFd>(std::move(file))),
        size_(static_cast<uint64_t>(stat_fd(file_->get(), "a far object").st_size)) {}
  uint64_t size() const override { return size_; }
  void ask(uint64_t number, uint64_t offset, size_t size, Got got) override {
    store_.ask({file_, number, offset, size, std::move(got)});
  }
  void cancel(uint64_t) override {}  // what is on its way comes

 private:
  const FarStore& store_;
  const std::shared_ptr<const UniqueFd> file_;
  const uint64_t size_;
};

FarStore::~FarStore() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

std::optional<Place::Opened> FarStore::open(const Digest& sha256) const {
  auto opened = store_.open(sha256);
  if (!opened) return std::nullopt;
  return Opened{{}, std::make_shared<FarRanges>(*this, std::move(opened->file))};
}

void FarStore::ask(Question question) const {
  const std::lock_guard lock(mutex_);
  questions_.push_back(std::move(question));
  changed_.notify_one();
}

void FarStore::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return ending_ || !questions_.empty(); });
    if (ending_) return;
    const Question question = std::move(questions_.front());
    questions_.pop_front();
    lock.unlock();
    std::this_thread::sleep_for(kFar);
    answer(question);
    lock.lock();
  }
}

void FarStore::answer(const Question& question) {
  std::vector<std::byte> bytes(piece_of(question.size, question.number));
  bytes.resize(pread_some(question.file->get(), bytes, question.offset, "a far object"));
  question.got(0, bytes);
  if (question.number % 5 == 0) question.got(0, bytes);
}

}  // namespace damfs::test
