// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/worker/archive/member_session.h"

#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <span>
#include <utility>

#include "catalog/base/error.h"
#include "catalog/base/file.h"
#include "catalog/media/worker/archive/member_stream.h"
#include "catalog/media/worker/source.h"

namespace damfs::worker {
namespace {

constexpr size_t kMostMemberSessions = 8;
constexpr size_t kSkip = 256U << 10;

void check_job(const Job& job, int64_t source_size) {
  const RunRequest& run = job.run;
  check_member(job.member, source_size);
  const bool possible =
      run.first >= 0 && run.count > 0 && run.unit_bytes > 0 && run.first < job.member.size / run.unit_bytes + 1;
  if (!possible) fail(EPROTO, "a run of a member that cannot be");
}

}  // namespace

class MemberSession {
 public:
  explicit MemberSession(const Job& job)
      : name_(job.run.session), fd_(duplicate(job.source.get(), "the archive")), source_(fd_.get()) {
    check_job(job, source_.size());
  }

  const std::string& name() const { return name_; }

  int64_t unpack(const Job& job, const RunProgress& progress, const RunWanted& is_still_wanted) {
    check_job(job, source_.size());
    const int64_t unit_bytes = job.run.unit_bytes;
    int64_t done = job.run.made;
    if (!seek(job, (job.run.first + done) * unit_bytes, is_still_wanted)) return done;
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
  // False: the run is not wanted any more. The way may be long where an archive has no checkpoints.
  bool seek(const Job& job, int64_t position, const RunWanted& is_still_wanted) {
    const bool goes_on = stream_ && position_ <= position;
    const auto checkpoint = nearest(job, position);
    if (checkpoint && (!goes_on || position_ < checkpoint->out)) {
      stream_ = MemberStream::from(*checkpoint, window_, job.member, source_);
      position_ = checkpoint->out;
      crc_.reset();
    } else if (!goes_on) {
      open(job.member);
    }
    std::vector<uint8_t> skipped(kSkip);
    while (position_ < position) {
      if (!is_still_wanted()) return false;
      const auto some = static_cast<size_t>(std::min<int64_t>(position - position_, kSkip));
      read(job.member, std::span(skipped).first(some));
    }
    return true;
  }

  // Leaves its window in window_.
  std::optional<Checkpoint> nearest(const Job& job, int64_t position) {
    if (job.member.method != kDeflated || !job.index) return std::nullopt;
    const auto index = PackIndexReader::open(job.index.get(), job.member.indexed_size);
    auto found = index ? index->before(job.member.number, position) : std::nullopt;
    if (found) window_ = index->window(*found);
    if (index) expect_stored(*index, job, position);
    return found;
  }

  // What is stored of the run.
  void expect_stored(const PackIndexReader& index, const Job& job, int64_t position) {
    const MemberRequest& member = job.member;
    const int64_t units_left = job.run.count - job.run.made;
    const auto from = index.before(member.number, position);
    const auto until = index.behind(member.number, position + units_left * job.run.unit_bytes);
    const int64_t begin = from ? from->in : 0;
    const int64_t end = until ? until->in : member.stored_size;
    if (begin >= 0 && begin <= end && end <= member.stored_size) source_.expect(member.offset + begin, end - begin);
  }

  void open(const MemberRequest& member) {
    stream_ = MemberStream::from_beginning(member, source_);
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

int64_t MemberSessions::unpack(const Job& job, const RunProgress& progress, const RunWanted& is_wanted) {
  const auto found = std::find_if(sessions_.begin(), sessions_.end(),
                                  [&](const auto& session) { return session->name() == job.run.session; });
  if (found != sessions_.end()) {
    sessions_.splice(sessions_.begin(), sessions_, found);
  } else {
    sessions_.push_front(std::make_unique<MemberSession>(job));
  }
  if (sessions_.size() > kMostMemberSessions) sessions_.pop_back();
  try {
    return sessions_.front()->unpack(job, progress, is_wanted);
  } catch (...) {
    sessions_.pop_front();  // wherever its stream stands
    throw;
  }
}

}  // namespace damfs::worker
