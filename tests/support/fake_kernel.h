// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <linux/fuse.h>

#include <condition_variable>
#include <cstdint>
#include <cstring>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "fs/session.h"

namespace damfs::test {

// Speaks the kernel's side of FUSE over a socket into a real Session, which it runs in a thread of its own.
class FakeKernel {
 public:
  struct Answer {
    int error = 0;  // an errno, 0: done
    std::string data;
  };
  struct Entry {
    std::string name;
    uint64_t ino = 0;
    uint64_t off = 0;
    uint32_t type = 0;
    fuse_entry_out plus{};  // readdirplus only
  };

  explicit FakeKernel(Session& session);
  ~FakeKernel();  // hangs up and waits for the session to return
  FakeKernel(const FakeKernel&) = delete;
  FakeKernel& operator=(const FakeKernel&) = delete;

  fuse_init_out init(uint32_t flags = ~0U & ~static_cast<uint32_t>(FUSE_INIT_EXT));
  void hang_up();

  // The number of the request.
  uint64_t send(uint32_t opcode, uint64_t node, std::string_view payload = {});
  Answer wait(uint64_t request);
  Answer ask(uint32_t opcode, uint64_t node, std::string_view payload = {});
  void interrupt(uint64_t request);
  // How many answers came for it so far; exact once everything that could answer is done and answered to.
  size_t answers(uint64_t request);
  uint64_t next_request();  // the number that the next send() will have
  // What it was told unasked (error is the negative code), once that many came.
  std::vector<Answer> notifications(size_t at_least);
  // Returns when all that was sent before was taken in.
  void settle();

  std::optional<fuse_entry_out> lookup(uint64_t parent, std::string_view name);  // empty: negative entry
  Answer getattr(uint64_t node);
  uint64_t open(uint64_t node, uint32_t flags = 0);
  uint32_t open_flags(uint64_t node);
  uint64_t opendir(uint64_t node);
  uint64_t send_read(uint64_t node, uint64_t handle, uint64_t offset, uint32_t size);
  Answer read(uint64_t node, uint64_t handle, uint64_t offset, uint32_t size);
  std::vector<Entry> readdir(uint64_t node, uint64_t handle, uint64_t offset, uint32_t size, bool plus);
  void forget(uint64_t node, uint64_t times);

  uint32_t pid = 4711;  // who asks

 private:
  void listen();

  Session& session_;
  UniqueFd socket_;
  std::mutex mutex_;
  std::condition_variable changed_;
  uint64_t last_ = 0;
  std::map<uint64_t, std::vector<Answer>> answers_;
  std::thread server_;
  std::thread listener_;
};

template <typename T>
std::string packed(const T& value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

template <typename T>
T unpacked(std::string_view data) {
  T value{};
  std::memcpy(&value, data.data(), std::min(sizeof value, data.size()));
  return value;
}

}  // namespace damfs::test
