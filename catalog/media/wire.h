// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/base/unique_fd.h"

// How the pool and a worker talk (what they say: jobs/messages.h): frames over a SOCK_STREAM socket pair, each four
// bytes of length (little endian) and so many bytes of payload; descriptors travel with the first byte of a frame.
namespace damfs::wire {

inline constexpr int kWorkerSocket = 3;  // a worker's end of the pair
// Where a program that raises workers is asked for one more (worker_nursery.h); a SOCK_SEQPACKET pair.
inline constexpr int kNurserySocket = 4;
inline constexpr size_t kMaxFrame = 8U << 20;
inline constexpr size_t kMaxDescriptors = 20;

using Deadline = std::optional<std::chrono::steady_clock::time_point>;  // empty: wait for ever

// What can be waited for besides the socket: a descriptor whose becoming readable ends the wait (-1: none).
struct Patience {
  Deadline deadline;
  int interrupt_fd = -1;
};

struct Frame {
  std::string payload;
  std::vector<UniqueFd> descriptors;  // close-on-exec
};

// Throw Error: ETIMEDOUT after the deadline, however much the peer has sent meanwhile, EINTR when interrupted, EPIPE
// when the peer is gone, EPROTO for a frame too long or more descriptors than `max_descriptors`.
void send_frame(int socket, std::string_view payload, std::span<const int> descriptors, const Patience& patience);
// Returns when a frame, or the peer's end, can be received: an interruption here leaves nothing half read.
void await_frame(int socket, const Patience& patience);
// Empty: the peer closed its end between two frames. Descriptors nobody expects are closed by the kernel.
std::optional<Frame> receive_frame(int socket, size_t max_descriptors, const Patience& patience);

// A descriptor alone, over a SOCK_SEQPACKET socket. To send one waits for nobody (EAGAIN, EPIPE); empty: the peer
// closed its end, or sent something else.
void send_descriptor(int socket, int fd);
UniqueFd receive_descriptor(int socket);

}  // namespace damfs::wire
