// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "tests/support/fake_kernel.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <stdexcept>

#include "catalog/base/error.h"
#include "tests/support/patience.h"

namespace damfs::test {
namespace {

std::string with_nul(std::string_view text) { return std::string(text) + '\0'; }

}  // namespace

FakeKernel::FakeKernel(Session& session) : session_(session) {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) throw_errno(errno, "socketpair");
  socket_ = UniqueFd(ends[0]);
  session.attach(UniqueFd(ends[1]));
  server_ = std::thread([this] { session_.run(); });
  listener_ = std::thread([this] { listen(); });
}

FakeKernel::~FakeKernel() { hang_up(); }

void FakeKernel::hang_up() {
  ::shutdown(socket_.get(), SHUT_WR);
  if (server_.joinable()) server_.join();
  ::shutdown(socket_.get(), SHUT_RDWR);
  if (listener_.joinable()) listener_.join();
}

void FakeKernel::listen() {
  std::string buffer(2U << 20, '\0');
  for (;;) {
    const ssize_t size = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
    if (size < static_cast<ssize_t>(sizeof(fuse_out_header))) return;
    const auto header = unpacked<fuse_out_header>(buffer);
    Answer answer{-header.error, buffer.substr(sizeof header, static_cast<size_t>(size) - sizeof header)};
    const std::lock_guard lock(mutex_);
    answers_[header.unique].push_back(std::move(answer));
    changed_.notify_all();
  }
}

fuse_init_out FakeKernel::init(uint32_t flags, uint32_t flags2) {
  fuse_init_in in{};
  in.major = FUSE_KERNEL_VERSION;
  in.minor = FUSE_KERNEL_MINOR_VERSION;
  in.max_readahead = 128 << 10;
  in.flags = flags;
  in.flags2 = flags2;
  return unpacked<fuse_init_out>(ask(FUSE_INIT, 0, packed(in)).data);
}

uint64_t FakeKernel::send(uint32_t opcode, uint64_t node, std::string_view payload) {
  fuse_in_header header{};
  header.len = static_cast<uint32_t>(sizeof header + payload.size());
  header.opcode = opcode;
  header.nodeid = node;
  header.pid = pid;
  {
    const std::lock_guard lock(mutex_);
    header.unique = ++last_ * 2;  // odd numbers are interrupts, as in Linux
  }
  const std::string message = packed(header) + std::string(payload);
  if (::send(socket_.get(), message.data(), message.size(), MSG_NOSIGNAL) < 0) throw_errno(errno, "send");
  return header.unique;
}

FakeKernel::Answer FakeKernel::wait(uint64_t request) {
  std::unique_lock lock(mutex_);
  if (!changed_.wait_for(lock, patience(30), [&] { return answers_.contains(request); })) {
    throw std::runtime_error("no answer to request " + std::to_string(request));
  }
  return answers_[request].front();
}

FakeKernel::Answer FakeKernel::ask(uint32_t opcode, uint64_t node, std::string_view payload) {
  return wait(send(opcode, node, payload));
}

void FakeKernel::interrupt(uint64_t request) {
  const fuse_interrupt_in in{.unique = request};
  fuse_in_header header{};
  header.len = sizeof header + sizeof in;
  header.opcode = FUSE_INTERRUPT;
  header.unique = request | 1;
  const std::string message = packed(header) + packed(in);
  if (::send(socket_.get(), message.data(), message.size(), MSG_NOSIGNAL) < 0) throw_errno(errno, "send");
}

size_t FakeKernel::answers(uint64_t request) {
  const std::lock_guard lock(mutex_);
  const auto found = answers_.find(request);
  return found == answers_.end() ? 0 : found->second.size();
}

uint64_t FakeKernel::next_request() {
  const std::lock_guard lock(mutex_);
  return (last_ + 1) * 2;
}

std::vector<FakeKernel::Answer> FakeKernel::notifications(size_t at_least) {
  std::unique_lock lock(mutex_);
  if (!changed_.wait_for(lock, patience(30), [&] { return answers_[0].size() >= at_least; })) {
    throw std::runtime_error("not enough notifications");
  }
  return answers_[0];
}

void FakeKernel::settle() {
  // A session that answers a later request has read all earlier ones; two are asked because two of its threads
  // may each hold one.
  for (int i = 0; i < 2; ++i) getattr(NodeId::root().value());
}

std::optional<fuse_entry_out> FakeKernel::lookup(uint64_t parent, std::string_view name) {
  const Answer answer = ask(FUSE_LOOKUP, parent, with_nul(name));
  if (answer.error != 0) throw_errno(answer.error, "lookup");
  const auto entry = unpacked<fuse_entry_out>(answer.data);
  if (entry.nodeid == 0) return std::nullopt;
  return entry;
}

FakeKernel::Answer FakeKernel::getattr(uint64_t node) { return ask(FUSE_GETATTR, node, packed(fuse_getattr_in{})); }

uint64_t FakeKernel::open(uint64_t node, uint32_t flags) {
  const Answer answer = ask(FUSE_OPEN, node, packed(fuse_open_in{.flags = flags, .open_flags = 0}));
  if (answer.error != 0) throw_errno(answer.error, "open");
  return unpacked<fuse_open_out>(answer.data).fh;
}

uint32_t FakeKernel::open_flags(uint64_t node) {
  return unpacked<fuse_open_out>(ask(FUSE_OPEN, node, packed(fuse_open_in{})).data).open_flags;
}

uint64_t FakeKernel::opendir(uint64_t node) {
  const Answer answer = ask(FUSE_OPENDIR, node, packed(fuse_open_in{}));
  if (answer.error != 0) throw_errno(answer.error, "opendir");
  return unpacked<fuse_open_out>(answer.data).fh;
}

uint64_t FakeKernel::send_read(uint64_t node, uint64_t handle, uint64_t offset, uint32_t size) {
  fuse_read_in in{};
  in.fh = handle;
  in.offset = offset;
  in.size = size;
  return send(FUSE_READ, node, packed(in));
}

FakeKernel::Answer FakeKernel::read(uint64_t node, uint64_t handle, uint64_t offset, uint32_t size) {
  return wait(send_read(node, handle, offset, size));
}

std::vector<FakeKernel::Entry> FakeKernel::readdir(uint64_t node, uint64_t handle, uint64_t offset, uint32_t size,
                                                   bool plus) {
  fuse_read_in in{};
  in.fh = handle;
  in.offset = offset;
  in.size = size;
  const Answer answer = ask(plus ? FUSE_READDIRPLUS : FUSE_READDIR, node, packed(in));
  if (answer.error != 0) throw_errno(answer.error, "readdir");
  if (answer.data.size() > size) throw std::runtime_error("readdir answered more than was asked for");
  std::vector<Entry> entries;
  std::string_view rest = answer.data;
  while (!rest.empty()) {
    Entry entry;
    const size_t head = plus ? sizeof(fuse_entry_out) : 0;
    if (plus) entry.plus = unpacked<fuse_entry_out>(rest);
    const std::string_view dirent = rest.substr(head);
    entry.ino = unpacked<uint64_t>(dirent.substr(offsetof(fuse_dirent, ino)));
    entry.off = unpacked<uint64_t>(dirent.substr(offsetof(fuse_dirent, off)));
    entry.type = unpacked<uint32_t>(dirent.substr(offsetof(fuse_dirent, type)));
    const auto length_of_name = unpacked<uint32_t>(dirent.substr(offsetof(fuse_dirent, namelen)));
    entry.name = dirent.substr(FUSE_NAME_OFFSET, length_of_name);
    const size_t length = FUSE_DIRENT_ALIGN(head + FUSE_NAME_OFFSET + length_of_name);
    entries.push_back(std::move(entry));
    rest.remove_prefix(std::min<size_t>(length, rest.size()));
  }
  return entries;
}

void FakeKernel::forget(uint64_t node, uint64_t times) {
  send(FUSE_FORGET, node, packed(fuse_forget_in{.nlookup = times}));
}

}  // namespace damfs::test
