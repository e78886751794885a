// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/pool/handed_output.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <span>

#include "catalog/base/error.h"
#include "catalog/base/file.h"

namespace damfs {
namespace {

constexpr int64_t kSmallestPage = 4096;
// An index grows with what it is of, and that may be an archive that holds many times its own size.
constexpr int64_t kIndexAtLeast = int64_t{1} << 20;
constexpr int64_t kIndexTimesSource = 16;
constexpr int64_t kIndexAtMost = int64_t{512} << 20;

#ifdef MFD_NOEXEC_SEAL
constexpr unsigned kNotExecutable = MFD_NOEXEC_SEAL;
#else
constexpr unsigned kNotExecutable = 8;
#endif

UniqueFd memory(int64_t bytes) {
  constexpr const char* kName = "damfs-output";
  UniqueFd fd(::memfd_create(kName, MFD_CLOEXEC | MFD_ALLOW_SEALING | kNotExecutable));
  if (!fd && errno == EINVAL) fd = UniqueFd(::memfd_create(kName, MFD_CLOEXEC | MFD_ALLOW_SEALING));  // before 6.3
  if (!fd || ::ftruncate(fd.get(), bytes) != 0 ||
      ::fcntl(fd.get(), F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) != 0) {
    throw_errno(errno, "cannot make memory for a worker to write to");
  }
  return fd;
}

int64_t most_index_bytes(int source) {
  const int64_t size = stat_fd(source, "a source").st_size;
  return size > kIndexAtMost / kIndexTimesSource ? kIndexAtMost : std::max(kIndexAtLeast, size * kIndexTimesSource);
}

size_t sources_behind_the_first(const Job& job) {
  return std::min(job.more.size(), static_cast<size_t>(std::max(job.still.sources, 1)) - 1);
}

// What a job wants written besides its first output.
std::span<const UniqueFd> further_outputs(const Job& job) {
  if (job.type != JobType::kStill) return {};
  return std::span(job.more).subspan(sources_behind_the_first(job));
}

}  // namespace

HandedOutput::HandedOutput(int64_t bytes) : fd_(memory(bytes)) {}

// Whoever has the other descriptor may write while this looks, so each step leads on, whatever the kernel answers.
HandedOutput::Extent HandedOutput::next_data(int64_t from, int64_t to) const {
  const int64_t data = ::lseek(fd(), from, SEEK_DATA);
  if (data < from || data >= to) return {to, to};
  const int64_t hole = ::lseek(fd(), data, SEEK_HOLE);
  return {data, std::min(std::max(hole, data + kSmallestPage), to)};
}

int64_t HandedOutput::written(int64_t from, int64_t to) const {
  int64_t sum = 0;
  for (Extent each = next_data(from, to); each.from < each.to; each = next_data(each.to, to)) {
    sum += each.to - each.from;
  }
  return sum;
}

void HandedOutput::copy(int64_t from, int64_t to, int target) const {
  std::vector<std::byte> buffer(static_cast<size_t>(std::min<int64_t>(to - from, kBlock)));
  for (Extent each = next_data(from, to); each.from < each.to; each = next_data(each.to, to)) {
    for (int64_t at = each.from; at < each.to;) {
      const auto part = std::span(buffer).first(static_cast<size_t>(std::min<int64_t>(each.to - at, kBlock)));
      if (pread_some(fd(), part, static_cast<uint64_t>(at), "a worker's output") != part.size()) {
        fail(EIO, "a worker's output ends early");
      }
      pwrite_all(target, part, static_cast<uint64_t>(at), "a derived file");
      at += static_cast<int64_t>(part.size());
    }
  }
}

HandedOutputs::HandedOutputs(const Job& job) {
  if (is_run(job.type)) {
    outputs_.emplace_back(job.run.bytes_of(job.run.count));
  } else if (job.type == JobType::kStill) {
    outputs_.emplace_back(job.still.declared_bytes);
    for (const StillSpec& spec : job.still.also) outputs_.emplace_back(spec.declared_bytes);
  } else if (job.type == JobType::kClipIndex || job.type == JobType::kPackIndex) {
    outputs_.emplace_back(most_index_bytes(job.source.get()));
  }
}

std::vector<int> HandedOutputs::descriptors(const Job& job) const {
  std::vector<int> out{job.source.get()};
  if (!outputs_.empty()) out.push_back(outputs_.front().fd());
  if (job.index) out.push_back(job.index.get());
  const size_t sources = job.type == JobType::kStill ? sources_behind_the_first(job) : 0;
  for (size_t i = 0; i < sources; ++i) out.push_back(job.more[i].get());
  for (size_t i = 1; i < outputs_.size(); ++i) out.push_back(outputs_[i].fd());
  return out;
}

int HandedOutputs::take_units(const Job& job, int64_t from, int64_t to) const {
  const HandedOutput& output = outputs_.front();
  const int64_t begin = job.run.bytes_of(from);
  const int64_t end = job.run.bytes_of(to);
  const int64_t written = output.written(begin, end);
  if (written < end - begin) fail(EPROTO, "{} bytes for units of {}", written, end - begin);
  if (!job.output) return output.fd();
  output.copy(begin, end, job.output.get());
  return job.output.get();
}

void HandedOutputs::take_whole(const Job& job, const JobResult& result) const {
  if (outputs_.empty() || is_run(job.type)) return;
  if (job.type != JobType::kStill) {
    const int64_t written = outputs_.front().written(0, result.real_bytes);
    if (written != result.real_bytes) {
      fail(EPROTO, "the output has {} bytes, {} were declared", written, result.real_bytes);
    }
    return outputs_.front().copy(0, result.real_bytes, job.output.get());
  }
  int64_t written = 0;
  const auto further = further_outputs(job);
  for (size_t i = 0; i < outputs_.size(); ++i) {
    const int64_t declared = i == 0 ? job.still.declared_bytes : job.still.also[i - 1].declared_bytes;
    const int target = i == 0 ? job.output.get() : further[i - 1].get();
    written += outputs_[i].written(0, declared);
    outputs_[i].copy(0, declared, target);
    if (::ftruncate(target, declared) != 0) throw_errno(errno, "cannot make a derived file");
  }
  if (written < result.real_bytes) {
    fail(EPROTO, "the output has {} bytes, of {} that are declared {} were said to be real", written,
         job.still.declared_bytes, result.real_bytes);
  }
}

}  // namespace damfs
