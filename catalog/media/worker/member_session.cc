// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/worker/member_session.h"

#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <span>
#include <utility>

#include "catalog/base/error.h"
#include "catalog/base/file.h"
#include "catalog/media/worker/deflate_stream.h"
#include "catalog/media/worker/source.h"
#include "catalog/media/worker/zip_archive.h"

namespace damfs::worker {
namespace {

constexpr size_t kMostSessions = 8;
constexpr size_t kSkip = 256U << 10;

// A member's bytes one behind the other. `position` only grows.
class MemberStream {
 public:
  virtual ~MemberStream() = default;
  virtual size_t read(std::span<uint8_t> buffer) = 0;
};

class Inflating final : public MemberStream {
 public:
  template <typename... Arguments>
  explicit Inflating(const Arguments&... arguments) : stream_(arguments...) {}
  size_t read(std::span<uint8_t> buffer) override { return stream_.read(buffer); }

 private:
  DeflateStream stream_;
};

class Unpacking final : public MemberStream {
 public:
  Unpacking(std::span<const uint8_t> bytes, size_t index) : archive_(bytes), stream_(archive_, index) {}
  size_t read(std::span<uint8_t> buffer) override {
    size_t n = 0;
    while (n < buffer.size()) {
      const size_t some = stream_.read(buffer.subspan(n));
      if (some == 0) break;
      n += some;
    }
    return n;
  }

 private:
  ZipArchive archive_;
  ZipArchive::Stream stream_;
};

void check(const Job& job, int64_t source_size) {
  const RunRequest& run = job.run;
  const MemberRequest& member = job.member;
  const auto is_within = [source_size](int64_t offset, int64_t size) {
    return offset >= 0 && size >= 0 && offset <= source_size && size <= source_size - offset;
  };
  const bool possible = run.first >= 0 && run.count > 0 && run.unit_bytes > 0 && member.size > 0 &&
                        run.first < member.size / run.unit_bytes + 1 && member.entry >= 0 &&
                        is_within(member.offset, member.stored_size) &&
                        is_within(member.archive_offset, member.archive_size);
  if (!possible) fail(EPROTO, "a run of a member that cannot be");
}

}  // namespace

class MemberSession {
 public:
  explicit MemberSession(const Job& job)
      : name_(job.run.session), fd_(duplicate(job.source.get(), "the archive")), source_(fd_.get()) {
    check(job, source_.size());
  }

  const std::string& name() const { return name_; }

  int64_t unpack(const Job& job, const RunProgress& progress) {
    check(job, source_.size());
    const int64_t unit_bytes = job.run.unit_bytes;
    int64_t done = job.run.made;
    seek(job, (job.run.first + done) * unit_bytes);
    buffer_.resize(static_cast<size_t>(unit_bytes));
    for (bool is_wanted = true; done < job.run.count && is_wanted;) {
      const int64_t left = job.member.size - position_;
      const auto unit = std::span(buffer_).first(static_cast<size_t>(std::min(left, unit_bytes)));
      if (unit.empty()) fail(EPROTO, "a run beyond the end of a member");
      read(job.member, unit);
      is_wanted = hand_over(job, unit, done, progress);
    }
    return done;
  }

 private:
  std::span<const uint8_t> stored(const MemberRequest& member) const {
    return source_.bytes().subspan(static_cast<size_t>(member.offset), static_cast<size_t>(member.stored_size));
  }

  void seek(const Job& job, int64_t position) {
    const bool goes_on = stream_ && position_ <= position;
    const auto checkpoint = nearest(job, position);
    if (checkpoint && (!goes_on || position_ < checkpoint->out)) {
      stream_ = std::make_unique<Inflating>(stored(job.member), *checkpoint, window_);
      position_ = checkpoint->out;
      crc_.reset();
    } else if (!goes_on) {
      open(job.member);
    }
    std::vector<uint8_t> skipped(kSkip);
    while (position_ < position) {
      const auto some = static_cast<size_t>(std::min<int64_t>(position - position_, kSkip));
      read(job.member, std::span(skipped).first(some));
    }
  }

  // Leaves its window in window_.
  std::optional<Checkpoint> nearest(const Job& job, int64_t position) {
    if (job.member.method != kDeflated || !job.index) return std::nullopt;
    const auto index = PackIndexReader::open(job.index.get(), job.member.indexed_size);
    auto found = index ? index->before(job.member.number, position) : std::nullopt;
    if (found) window_ = index->window(*found);
    return found;
  }

  void open(const MemberRequest& member) {
    if (member.method == kDeflated) {
      stream_ = std::make_unique<Inflating>(stored(member));
    } else {
      const auto archive =
          source_.bytes().subspan(static_cast<size_t>(member.archive_offset), static_cast<size_t>(member.archive_size));
      stream_ = std::make_unique<Unpacking>(archive, static_cast<size_t>(member.entry));
    }
    position_ = 0;
    crc_ = ::crc32_z(0, nullptr, 0);
  }

  // All of `bytes`; where the member ends with them, it must be whole.
  void read(const MemberRequest& member, std::span<uint8_t> bytes) {
    if (stream_->read(bytes) < bytes.size()) fail(EINVAL, "it holds fewer than the {} bytes it declares", member.size);
    position_ += static_cast<int64_t>(bytes.size());
    if (crc_) crc_ = ::crc32_z(*crc_, bytes.data(), bytes.size());
    if (position_ == member.size && crc_ && *crc_ != member.crc) {
      fail(EINVAL, "its CRC-32 is {:08x}, and the archive says {:08x}", *crc_, member.crc);
    }
  }

  const std::string name_;
  UniqueFd fd_;
  Source source_;
  std::unique_ptr<MemberStream> stream_;
  int64_t position_ = 0;
  std::optional<uLong> crc_;  // of what was read from the beginning on; empty: it began elsewhere
  std::string window_;
  std::vector<uint8_t> buffer_;
};

MemberSessions::MemberSessions() = default;
MemberSessions::~MemberSessions() = default;

int64_t MemberSessions::unpack(const Job& job, const RunProgress& progress) {
  const auto found = std::find_if(sessions_.begin(), sessions_.end(),
                                  [&](const auto& session) { return session->name() == job.run.session; });
  if (found != sessions_.end()) {
    sessions_.splice(sessions_.begin(), sessions_, found);
  } else {
    sessions_.push_front(std::make_unique<MemberSession>(job));
  }
  if (sessions_.size() > kMostSessions) sessions_.pop_back();
  try {
    return sessions_.front()->unpack(job, progress);
  } catch (...) {
    sessions_.pop_front();  // wherever its stream stands
    throw;
  }
}

}  // namespace damfs::worker
