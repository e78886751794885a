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
#include "catalog/base/now.h"
#include "catalog/media/facts_json.h"

namespace damfs::wire {
namespace {

using Json = nlohmann::json;

// The first byte of an answer.
constexpr char kOk = '+';
constexpr char kFailedForGood = '-';
constexpr char kFailedForNow = '!';
constexpr char kProgress = '=';

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

int64_t number_from(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) fail(EPROTO, "a worker's answer is malformed: bytes");
  return value;
}

ClipRequest clip_from_json(const Json& in) {
  ClipRequest clip;
  auto facts = clip_from_text(in.at("facts").get<std::string>());
  if (!facts) fail(EPROTO, "a malformed job: facts");
  clip.facts = std::move(*facts);
  clip.codec = static_cast<ClipCodec>(in.at("codec").get<int>());
  clip.raster = {in.at("width").get<int64_t>(), in.at("height").get<int64_t>()};
  clip.track = in.at("track").get<int>();
  clip.threads = in.at("threads").get<int>();
  return clip;
}

Json clip_to_json(const ClipRequest& clip) {
  return {{"facts", clip_to_text(clip.facts)},
          {"codec", static_cast<int>(clip.codec)},
          {"width", clip.raster.width},
          {"height", clip.raster.height},
          {"track", clip.track},
          {"threads", clip.threads}};
}

Json run_to_json(const RunRequest& run) {
  return {{"unit_bytes", run.unit_bytes}, {"first", run.first}, {"count", run.count},
          {"last_bytes", run.last_bytes}, {"made", run.made},   {"session", run.session}};
}

RunRequest run_from_json(const Json& in) {
  RunRequest run;
  run.unit_bytes = in.at("unit_bytes").get<int64_t>();
  run.first = in.at("first").get<int64_t>();
  run.count = in.at("count").get<int64_t>();
  run.last_bytes = in.at("last_bytes").get<int64_t>();
  run.made = in.at("made").get<int64_t>();
  run.session = in.at("session").get<std::string>();
  return run;
}

Json member_to_json(const MemberRequest& member) {
  return {{"number", member.number},
          {"size", member.size},
          {"method", member.method},
          {"offset", member.offset},
          {"stored_size", member.stored_size},
          {"crc", member.crc},
          {"archive_offset", member.archive_offset},
          {"archive_size", member.archive_size},
          {"entry", member.entry},
          {"indexed_size", member.indexed_size}};
}

MemberRequest member_from_json(const Json& in) {
  MemberRequest member;
  member.number = in.at("number").get<int64_t>();
  member.size = in.at("size").get<int64_t>();
  member.method = in.at("method").get<uint16_t>();
  member.offset = in.at("offset").get<int64_t>();
  member.stored_size = in.at("stored_size").get<int64_t>();
  member.crc = in.at("crc").get<uint32_t>();
  member.entry = in.at("entry").get<int64_t>();
  member.archive_offset = in.at("archive_offset").get<int64_t>();
  member.archive_size = in.at("archive_size").get<int64_t>();
  member.indexed_size = in.at("indexed_size").get<int64_t>();
  return member;
}

Json spec_to_json(const StillSpec& spec) {
  return {{"width", spec.target.width},
          {"height", spec.target.height},
          {"declared_bytes", spec.declared_bytes},
          {"format", static_cast<int>(spec.format)},
          {"quality", spec.quality},
          {"effort", spec.effort}};
}

StillSpec spec_from_json(const Json& in) {
  StillSpec spec;
  spec.target = {in.at("width").get<int64_t>(), in.at("height").get<int64_t>()};
  spec.declared_bytes = in.at("declared_bytes").get<int64_t>();
  spec.format = static_cast<StillFormat>(in.at("format").get<int>());
  spec.quality = in.at("quality").get<int>();
  spec.effort = in.at("effort").get<int>();
  return spec;
}

Json still_to_json(const StillRequest& still) {
  Json out = {{"composition", static_cast<int>(still.composition)},
              {"sources", still.sources},
              {"members", Json::array()},
              {"roles", Json::array()},
              {"kind", static_cast<int>(still.kind)},
              {"mime", printable(still.mime)},
              {"seek_us", still.seek_us},
              {"stills", Json::array({spec_to_json(still)})}};
  for (const StillSpec& spec : still.also) out["stills"].push_back(spec_to_json(spec));
  for (const MemberRequest& member : still.members) out["members"].push_back(member_to_json(member));
  for (const MapRole role : still.roles) out["roles"].push_back(static_cast<int>(role));
  return out;
}

int most_sources(const StillRequest& still) {
  switch (still.composition) {
    case Composition::kCollage: return kMaxCollage;
    case Composition::kMaterial: return kMaxMaps;
    default: return 1;
  }
}

StillRequest still_from_json(const Json& in) {
  StillRequest still;
  const Json& specs = in.at("stills");
  still.composition = static_cast<Composition>(in.at("composition").get<int>());
  still.sources = in.at("sources").get<int>();
  if (specs.empty() || specs.size() > kMaxStills || still.sources < 1 || still.sources > most_sources(still)) {
    fail(EPROTO, "a malformed job: {} stills of {} sources", specs.size(), still.sources);
  }
  for (const Json& member : in.at("members")) still.members.push_back(member_from_json(member));
  for (const Json& role : in.at("roles")) still.roles.push_back(static_cast<MapRole>(role.get<int>()));
  const auto sources = static_cast<size_t>(still.sources);
  const bool are_paired = (still.members.empty() || still.members.size() == sources) &&
                          (still.composition != Composition::kMaterial || still.roles.size() == sources);
  if (!are_paired) fail(EPROTO, "a malformed job: {} members of {} sources", still.members.size(), sources);
  static_cast<StillSpec&>(still) = spec_from_json(specs.at(0));
  for (size_t i = 1; i < specs.size(); ++i) still.also.push_back(spec_from_json(specs.at(i)));
  still.kind = static_cast<Kind>(in.at("kind").get<int>());
  still.mime = in.at("mime").get<std::string>();
  still.seek_us = in.at("seek_us").get<int64_t>();
  return still;
}

std::string units_to_text(int64_t units, const RunRequest& run) {
  return std::to_string(units) + ',' + std::to_string(run.bytes_of(units));
}

int64_t declared_bytes(const StillRequest& still) {
  int64_t sum = still.declared_bytes;
  for (const StillSpec& spec : still.also) sum += spec.declared_bytes;
  return sum;
}

// What an answer of that type counts: a run's units and, behind a comma, their bytes; an index's bytes; stills' bytes
// and, behind a comma, encodes; on a line of its own what is to be said of them.
void take_count(std::string_view text, const Job& job, JobResult& result) {
  if (const size_t line = text.find('\n'); job.type == JobType::kStill && line != text.npos) {
    result.note = printable(text.substr(line + 1, FactLimits::kSentence));
    text = text.substr(0, line);
  }
  const size_t comma = job.type == JobType::kStill || is_run(job.type) ? text.find(',') : text.npos;
  const int64_t second = comma != text.npos ? number_from(text.substr(comma + 1)) : -1;
  const int64_t count = number_from(text.substr(0, comma));
  if (is_run(job.type)) {
    if (count < 0 || count > job.run.count) fail(EPROTO, "{} units where {} were asked for", count, job.run.count);
    const int64_t bytes = job.run.bytes_of(count);
    if (second != bytes) fail(EPROTO, "{} units of {} bytes, {} were declared", count, second, bytes);
    result.units_done = count;
  } else {
    const bool too_many = job.type == JobType::kStill && count > declared_bytes(job.still);
    if (count <= 0 || too_many || second < -1) fail(EPROTO, "a file of {} bytes", count);
    result.real_bytes = count;
    result.encodes = std::max<int64_t>(second, 0);
  }
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

std::string request_to_payload(const Job& job) {
  Json out = {{"type", static_cast<int>(job.type)}};
  if (job.type == JobType::kProbe) {
    out["name"] = printable(job.name);
  } else if (is_run(job.type)) {
    out["run"] = run_to_json(job.run);
    if (job.type == JobType::kClip) out["clip"] = clip_to_json(job.clip);
    if (job.type == JobType::kMember) out["member"] = member_to_json(job.member);
  } else if (job.type == JobType::kPackIndex) {
    out["hash_members"] = job.hash_members;
    out["look_at_pictures"] = job.look_at_pictures;
    out["charset"] = job.charset;
  } else if (job.type == JobType::kStill) {
    out["still"] = still_to_json(job.still);
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
    if (job.type == JobType::kClipIndex) return job;
    if (job.type == JobType::kPackIndex) {
      job.hash_members = in.at("hash_members").get<bool>();
      job.look_at_pictures = in.at("look_at_pictures").get<bool>();
      job.charset = in.at("charset").get<std::string>();
      return job;
    }
    if (is_run(job.type)) {
      job.run = run_from_json(in.at("run"));
      if (job.type == JobType::kClip) job.clip = clip_from_json(in.at("clip"));
      if (job.type == JobType::kMember) job.member = member_from_json(in.at("member"));
      return job;
    }
    if (job.type != JobType::kStill) fail(EPROTO, "a job of an unknown type");
    job.still = still_from_json(in.at("still"));
    return job;
  } catch (const Json::exception& error) {
    fail(EPROTO, "a malformed job: {}", error.what());
  }
}

std::string result_to_payload(const JobResult& result, const Job& job) {
  if (!result.ok) return (result.permanent ? kFailedForGood : kFailedForNow) + result.reason;
  if (job.type == JobType::kProbe) return kOk + facts_to_json(result.facts);
  if (is_run(job.type)) return kOk + units_to_text(result.units_done, job.run);
  std::string count = kOk + std::to_string(result.real_bytes);
  if (job.type != JobType::kStill) return count;
  count += ',' + std::to_string(result.encodes);
  return result.note.empty() ? count : count + '\n' + printable(result.note);
}

std::string progress_to_payload(int64_t units_done, const RunRequest& run) {
  return kProgress + units_to_text(units_done, run);
}

std::optional<int64_t> progress_from_payload(std::string_view payload, const Job& job) {
  if (!payload.starts_with(kProgress) || !is_run(job.type)) return std::nullopt;
  JobResult result;
  take_count(payload.substr(1), job, result);
  if (result.units_done <= job.run.made) fail(EPROTO, "{} units are made, as many as before", result.units_done);
  return result.units_done;
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
    take_count(payload, job, result);
  }
  return result;
}

}  // namespace damfs::wire
