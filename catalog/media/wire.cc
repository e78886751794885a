// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/wire.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>

#include "catalog/base/error.h"
#include "catalog/base/names.h"
#include "catalog/media/facts_json.h"

namespace damfs::wire {
namespace {

using Json = nlohmann::json;
using Clock = std::chrono::steady_clock;

// The first byte of an answer.
constexpr char kOk = '+';
constexpr char kFailedForGood = '-';
constexpr char kFailedForNow = '!';

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
    const int n = ::poll(fds.data(), fds.size(), timeout);
    if (n < 0 && errno != EINTR) throw_errno(errno, "cannot wait for a worker");
    if (n > 0 && fds[1].revents != 0) fail(EINTR, "interrupted");
    if (n > 0 && fds[0].revents != 0) return;
    if (n == 0 && timeout == 0) fail(ETIMEDOUT, "no answer in time");
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

int64_t number_from(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) fail(EPROTO, "a worker's answer is malformed: bytes");
  return value;
}

}  // namespace

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

std::string request_to_payload(const Job& job) {
  Json out = {{"type", static_cast<int>(job.type)}};
  if (job.type == JobType::kProbe) {
    out["name"] = printable(job.name);
  } else {
    const StillRequest& still = job.still;
    out["width"] = still.target.width;
    out["height"] = still.target.height;
    out["declared_bytes"] = still.declared_bytes;
    out["kind"] = static_cast<int>(still.kind);
    out["mime"] = printable(still.mime);
    out["quality"] = still.quality;
    out["effort"] = still.effort;
    out["seek_us"] = still.seek_us;
  }
  return out.dump();
}

Job request_from_payload(std::string_view payload) {
  try {
    const Json in = Json::parse(payload.begin(), payload.end());
    Job job;
    job.type = static_cast<JobType>(in.at("type").get<int>());
    if (job.type == JobType::kProbe) {
      job.name = in.at("name").get<std::string>();
      return job;
    }
    if (job.type != JobType::kStill) fail(EPROTO, "a job of an unknown type");
    StillRequest& still = job.still;
    still.target = {in.at("width").get<int64_t>(), in.at("height").get<int64_t>()};
    still.declared_bytes = in.at("declared_bytes").get<int64_t>();
    still.kind = static_cast<Kind>(in.at("kind").get<int>());
    still.mime = in.at("mime").get<std::string>();
    still.quality = in.at("quality").get<int>();
    still.effort = in.at("effort").get<int>();
    still.seek_us = in.at("seek_us").get<int64_t>();
    return job;
  } catch (const Json::exception& error) {
    fail(EPROTO, "a malformed job: {}", error.what());
  }
}

std::string result_to_payload(const JobResult& result, JobType type) {
  if (!result.ok) return (result.permanent ? kFailedForGood : kFailedForNow) + result.reason;
  return kOk + (type == JobType::kProbe ? facts_to_json(result.facts) : std::to_string(result.real_bytes));
}

JobResult result_from_payload(std::string_view payload, const Job& job) {
  if (payload.empty()) fail(EPROTO, "an empty answer");
  const char status = payload.front();
  payload.remove_prefix(1);
  JobResult result;
  if (status == kFailedForGood || status == kFailedForNow) {
    result.permanent = status == kFailedForGood;
    result.reason = printable(payload.substr(0, FactLimits::kSentence));
    if (result.reason.empty()) result.reason = "the worker gave no reason";
    return result;
  }
  if (status != kOk) fail(EPROTO, "an answer that is neither yes nor no");
  result.ok = true;
  if (job.type == JobType::kProbe) {
    result.facts = facts_from_json(payload);
  } else {
    result.real_bytes = number_from(payload);
    if (result.real_bytes <= 0 || result.real_bytes > job.still.declared_bytes) {
      fail(EPROTO, "a still of {} bytes where {} were declared", result.real_bytes, job.still.declared_bytes);
    }
  }
  return result;
}

}  // namespace damfs::wire
