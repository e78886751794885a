// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/wire.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <limits>

#include "catalog/base/error.h"
#include "catalog/base/now.h"

namespace damfs::wire {
namespace {

union ControlBuffer {
  cmsghdr header;
  std::array<char, CMSG_SPACE(kMaxDescriptors * sizeof(int))> bytes;
};

int remaining_ms(const Deadline& deadline) {
  if (!deadline) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(*deadline - Clock::now()).count();
  return static_cast<int>(std::clamp<int64_t>(left, 0, std::numeric_limits<int>::max()));
}

void wait_for(int socket, short events, const Patience& patience) {
  for (;;) {
    std::array<pollfd, 2> fds{pollfd{socket, events, 0}, pollfd{patience.interrupt_fd, POLLIN, 0}};
    const int timeout = remaining_ms(patience.deadline);
    if (timeout == 0) fail(ETIMEDOUT, "no answer in time");
    const int n = ::poll(fds.data(), fds.size(), timeout);
    if (n < 0 && errno != EINTR) throw_errno(errno, "cannot wait for a worker");
    if (n > 0 && fds[1].revents != 0) fail(EINTR, "interrupted");
    if (n > 0 && fds[0].revents != 0) return;
  }
}

bool would_block(int error) { return error == EAGAIN || error == EWOULDBLOCK; }

// Sends a part of `bytes`, with the descriptors when there are any; returns the bytes sent.
size_t send_some(int socket, std::string_view bytes, std::span<const int> descriptors) {
  iovec part{const_cast<char*>(bytes.data()), bytes.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  ControlBuffer control{};
  if (!descriptors.empty()) {
    message.msg_control = control.bytes.data();
    message.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(descriptors.size_bytes());
    std::memcpy(CMSG_DATA(header), descriptors.data(), descriptors.size_bytes());
  }
  const ssize_t n = ::sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  if (n >= 0) return static_cast<size_t>(n);
  if (would_block(errno) || errno == EINTR) return 0;
  throw_errno(errno == ECONNRESET ? EPIPE : errno, "cannot send to a worker");
}

void keep_descriptors(msghdr& message, std::vector<UniqueFd>& kept) {
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    const size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(header) + i * sizeof(int), sizeof fd);
      kept.emplace_back(fd);
    }
  }
}

// Fills `buffer` and collects descriptors on the way; false when the peer closed before the first byte.
bool receive_exactly(int socket, std::span<char> buffer, size_t max_descriptors, std::vector<UniqueFd>& kept,
                     const Patience& patience) {
  size_t done = 0;
  while (done < buffer.size()) {
    // A peer that never stops sending is never waited for, so its time is looked at here.
    if (remaining_ms(patience.deadline) == 0) fail(ETIMEDOUT, "no whole frame in time");
    iovec part{buffer.data() + done, buffer.size() - done};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    ControlBuffer control{};
    if (max_descriptors > 0) {
      message.msg_control = control.bytes.data();
      message.msg_controllen = control.bytes.size();
    }
    const ssize_t n = ::recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (n < 0 && (would_block(errno) || errno == EINTR)) {
      wait_for(socket, POLLIN, patience);
      continue;
    }
    if (n == 0 || (n < 0 && errno == ECONNRESET)) {
      if (done == 0) return false;
      fail(EPIPE, "the peer closed in the middle of a frame");
    }
    if (n < 0) throw_errno(errno, "cannot receive from a worker");
    keep_descriptors(message, kept);
    if (kept.size() > max_descriptors) fail(EPROTO, "a frame with too many descriptors");
    done += static_cast<size_t>(n);
  }
  return true;
}

}  // namespace

void send_descriptor(int socket, int fd) {
  constexpr std::string_view kByte("", 1);  // what carries it
  if (send_some(socket, kByte, std::span(&fd, 1)) != kByte.size()) fail(EAGAIN, "a worker's nursery takes no more");
}

UniqueFd receive_descriptor(int socket) {
  char byte = 0;
  iovec part{&byte, 1};
  ControlBuffer control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.bytes.data();
  message.msg_controllen = control.bytes.size();
  ssize_t n = 0;
  do {
    n = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  } while (n < 0 && errno == EINTR);
  std::vector<UniqueFd> kept;
  if (n > 0) keep_descriptors(message, kept);
  return kept.empty() ? UniqueFd() : std::move(kept.front());
}

void send_frame(int socket, std::string_view payload, std::span<const int> descriptors, const Patience& patience) {
  if (payload.size() > kMaxFrame || descriptors.size() > kMaxDescriptors) fail(EPROTO, "a frame too long to send");
  const auto size = static_cast<uint32_t>(payload.size());
  std::string bytes;
  bytes.reserve(payload.size() + 4);
  for (unsigned i = 0; i < 4; ++i) bytes.push_back(static_cast<char>(size >> (8 * i) & 0xFFU));
  bytes.append(payload);
  std::string_view left = bytes;
  while (!left.empty()) {
    const size_t n = send_some(socket, left, descriptors);
    if (n == 0) {
      wait_for(socket, POLLOUT, patience);
      continue;
    }
    descriptors = {};
    left.remove_prefix(n);
  }
}

void await_frame(int socket, const Patience& patience) { wait_for(socket, POLLIN, patience); }

std::optional<Frame> receive_frame(int socket, size_t max_descriptors, const Patience& patience) {
  Frame frame;
  std::array<char, 4> head{};
  if (!receive_exactly(socket, head, max_descriptors, frame.descriptors, patience)) return std::nullopt;
  uint32_t size = 0;
  for (unsigned i = 0; i < 4; ++i) size |= uint32_t{static_cast<unsigned char>(head[i])} << (8 * i);
  if (size > kMaxFrame) fail(EPROTO, "a frame of {} bytes", size);
  frame.payload.resize(size);
  if (size > 0 && !receive_exactly(socket, frame.payload, max_descriptors, frame.descriptors, patience)) {
    fail(EPIPE, "the peer closed in the middle of a frame");
  }
  return frame;
}

}  // namespace damfs::wire
