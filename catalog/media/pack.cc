// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/pack.h"

#include <fmt/format.h>

#include <bit>
#include <cerrno>
#include <cstring>
#include <span>
#include <type_traits>
#include <utility>

#include "catalog/base/error.h"
#include "catalog/base/file.h"
#include "catalog/base/names.h"
#include "catalog/media/facts_json.h"

namespace damfs {
namespace {

static_assert(std::endian::native == std::endian::little, "the index is written as it lies in memory");
static_assert(sizeof(Checkpoint) == 40 && std::is_trivially_copyable_v<Checkpoint>);

constexpr std::string_view kWhat = "the index of an archive";
constexpr char kMagic[8] = {'d', 'a', 'm', 'f', 's', 'P', 'K', '2'};  // its last character is the version
constexpr int64_t kMaxCheckpoints = 1 << 24;                          // one a MiB, of 16 TiB
constexpr int64_t kMaxText = 512 << 20;
constexpr uint32_t kMaxPath = 256U << 10;  // 65,535 bytes of CP437, as UTF-8
constexpr int64_t kMaxSize = int64_t{1} << 60;

enum Flag : uint8_t { kHasMode = 1, kHasDigest = 2 };

// A member as it lies in the file; behind all of them stand their paths, problems and MIME types, in the same order.
struct Record {
  int64_t size, stored_size, offset, mtime_ns, archive, entry;
  uint32_t crc, mode, path_size, problem_size, mime_size, still_width, still_height;
  uint16_t method;
  uint8_t type, flags;
  uint8_t sha256[32];
};
static_assert(sizeof(Record) == 112 && std::is_trivially_copyable_v<Record>);

int32_t number_of(const Charset* charset) {
  return charset == nullptr ? 0 : static_cast<int32_t>(charset - charsets().data()) + 1;
}

[[noreturn]] void odd_index(std::string_view what) {
  fail(EPROTO, "a worker's index of an archive is malformed: {}", what);
}

template <typename T>
std::span<const std::byte> bytes_of(const std::vector<T>& all) {
  return std::as_bytes(std::span(all));
}

// Of a file that may be anything; false: it ends before.
bool read_at(int fd, std::span<std::byte> bytes, int64_t offset) {
  return offset >= 0 && pread_some(fd, bytes, static_cast<uint64_t>(offset), kWhat) == bytes.size();
}

Record record_of(const PackMember& member) {
  Record record{};
  record.size = member.size;
  record.stored_size = member.stored_size;
  record.offset = member.offset;
  record.mtime_ns = member.mtime_ns;
  record.archive = member.archive;
  record.entry = member.entry;
  record.crc = member.crc;
  record.mode = member.mode.value_or(0);
  record.path_size = static_cast<uint32_t>(member.path.size());
  record.problem_size = static_cast<uint32_t>(member.problem.size());
  record.mime_size = static_cast<uint32_t>(member.mime.size());
  record.still_width = static_cast<uint32_t>(member.still.width);
  record.still_height = static_cast<uint32_t>(member.still.height);
  record.method = member.method;
  record.type = static_cast<uint8_t>(member.type);
  if (member.mode) record.flags |= kHasMode;
  if (member.sha256) {
    record.flags |= kHasDigest;
    std::memcpy(record.sha256, member.sha256->bytes.data(), sizeof record.sha256);
  }
  return record;
}

constexpr std::string_view kDeclaresTooMuch = "it declares more bytes than what is stored of it can hold";

// How large the file is that holds the bytes of an archive's members.
int64_t size_of_holder(const Pack& before, int64_t archive, int64_t source_size) {
  while (archive >= 0) {
    const PackMember& at = before[static_cast<size_t>(archive)];
    if (at.method != kStored) return at.size;
    archive = at.archive;
  }
  return source_size;
}

void check(const Record& record, const Pack& before, int64_t source_size) {
  if (record.type > static_cast<uint8_t>(PackMember::Type::kArchive) || record.mode > 07777U)
    odd_index("a type or mode");
  if (record.size < 0 || record.size > kMaxSize) odd_index("a size");
  if (record.still_width > FactLimits::kEdge || record.still_height > FactLimits::kEdge) odd_index("a raster");
  if (record.archive < -1 || record.archive >= static_cast<int64_t>(before.size()) || record.entry < 0)
    odd_index("an archive");
  if (record.archive >= 0) {
    const PackMember& archive = before[static_cast<size_t>(record.archive)];
    if (archive.type != PackMember::Type::kArchive || !archive.problem.empty()) odd_index("an archive that is none");
  }
  // What can be read lies in the archive.
  if (record.problem_size != 0) return;
  const int64_t holder = size_of_holder(before, record.archive, source_size);
  const bool is_within = record.offset >= 0 && record.stored_size >= 0 && record.offset <= holder &&
                         record.stored_size <= holder - record.offset;
  if (!is_within) odd_index("bytes outside the archive");
  if (record.method == kStored && record.stored_size != record.size) odd_index("a stored size");
}

PackMember member_of(const Record& record, std::string_view path, std::string_view problem, std::string_view mime) {
  if (path.empty() || path.size() > kMaxPath || !is_utf8(path) || path.find('\0') != path.npos) odd_index("a name");
  PackMember member;
  member.path = path;
  member.type = static_cast<PackMember::Type>(record.type);
  member.method = record.method;
  member.size = record.size;
  member.stored_size = record.stored_size;
  member.offset = record.offset;
  member.archive = record.archive;
  member.entry = record.entry;
  member.crc = record.crc;
  member.mtime_ns = record.mtime_ns;
  member.mime = printable(mime.substr(0, FactLimits::kName));
  member.still = {record.still_width, record.still_height};
  if ((record.flags & kHasMode) != 0) member.mode = record.mode;
  member.problem = printable(problem.substr(0, FactLimits::kSentence));
  const bool is_lie =
      member.type != PackMember::Type::kFolder && member.size > most_unpacked(member.method, member.stored_size);
  if (member.problem.empty() && is_lie) member.problem = kDeclaresTooMuch;
  if ((record.flags & kHasDigest) != 0) {
    member.sha256 = Digest::from_bytes({reinterpret_cast<const char*>(record.sha256), sizeof record.sha256});
  }
  return member;
}

}  // namespace

std::string method_name(uint16_t method) {
  switch (method) {
    case kStored: return "stored";
    case 1: return "shrunk";
    case 6: return "imploded";
    case kDeflated: return "deflated";
    case 9: return "deflate64";
    case 12: return "bzip2";
    case 14: return "lzma";
    case 93: return "zstd";
    case 95: return "xz";
    case 99: return "encrypted";
    default: return fmt::format("method {}", method);
  }
}

int64_t most_unpacked(uint16_t method, int64_t stored_size) {
  // Deflate's shortest code copies 258 bytes in 2 bits; of other methods' records nothing is known but that they have
  // thousands for one.
  constexpr int64_t kOfDeflate = 1040;
  constexpr int64_t kOfOthers = int64_t{1} << 20;
  constexpr int64_t kAtMost = int64_t{1} << 41;
  if (method == kStored) return stored_size;
  const int64_t times = method == kDeflated ? kOfDeflate : kOfOthers;
  return stored_size >= kAtMost / times ? kAtMost : stored_size * times + times;
}

PackIndexWriter::PackIndexWriter(int fd, int64_t source_size)
    : fd_(fd), source_size_(source_size), end_(sizeof(PackIndexReader::Head)) {}

void PackIndexWriter::add(Checkpoint checkpoint, std::string_view window) {
  checkpoint.window = end_;
  checkpoint.window_size = static_cast<uint32_t>(window.size());
  checkpoint.unused = 0;
  pwrite_all(fd_, std::as_bytes(std::span(window)), static_cast<uint64_t>(end_), kWhat);
  end_ += static_cast<int64_t>(window.size());
  checkpoints_.push_back(checkpoint);
}

int64_t PackIndexWriter::finish(const Pack& members, const NamesRead& names) {
  PackIndexReader::Head head{};
  std::memcpy(head.magic, kMagic, sizeof head.magic);
  head.source_size = source_size_;
  head.charset = number_of(names.charset);
  head.runner_up = number_of(names.runner_up);
  const auto append = [this](std::span<const std::byte> bytes) {
    pwrite_all(fd_, bytes, static_cast<uint64_t>(end_), kWhat);
    end_ += static_cast<int64_t>(bytes.size());
  };
  head.checkpoints = static_cast<int64_t>(checkpoints_.size());
  head.checkpoints_at = end_;
  append(bytes_of(checkpoints_));
  std::vector<Record> records;
  std::string text;
  for (const PackMember& member : members) {
    records.push_back(record_of(member));
    text += member.path;
    text += member.problem;
    text += member.mime;
  }
  head.members = static_cast<int64_t>(records.size());
  head.members_at = end_;
  head.text_bytes = static_cast<int64_t>(text.size());
  append(bytes_of(records));
  append(std::as_bytes(std::span(text)));
  pwrite_all(fd_, std::as_bytes(std::span(&head, 1)), 0, kWhat);
  return end_;
}

std::optional<PackIndexReader> PackIndexReader::open(int fd, int64_t source_size) {
  Head head{};
  if (!read_at(fd, std::as_writable_bytes(std::span(&head, 1)), 0)) return std::nullopt;
  const bool is_one = std::memcmp(head.magic, kMagic, sizeof head.magic) == 0 && head.source_size == source_size;
  const auto is_within = [](int64_t number, int64_t most) { return number >= 0 && number <= most; };
  const bool is_possible = is_within(head.checkpoints, kMaxCheckpoints) && is_within(head.members, kMaxMembers) &&
                           is_within(head.text_bytes, kMaxText) && is_within(head.checkpoints_at, kMaxSize) &&
                           is_within(head.members_at, kMaxSize);
  if (!is_one || !is_possible) return std::nullopt;
  return PackIndexReader(fd, head);
}

Pack PackIndexReader::members() const {
  // What is declared must be there before memory is asked for.
  const auto records_size = head_.members * static_cast<int64_t>(sizeof(Record));
  const int64_t size = stat_fd(fd_, kWhat).st_size;
  if (head_.members_at > size || records_size + head_.text_bytes > size - head_.members_at)
    odd_index("its end is missing");
  std::vector<Record> records(static_cast<size_t>(head_.members));
  std::string text(static_cast<size_t>(head_.text_bytes), '\0');
  if (!read_at(fd_, std::as_writable_bytes(std::span(records)), head_.members_at) ||
      !read_at(fd_, std::as_writable_bytes(std::span(text)), head_.members_at + records_size)) {
    odd_index("its end is missing");
  }
  Pack members;
  members.reserve(records.size());
  std::string_view rest = text;
  const auto take = [&rest](uint32_t bytes) {
    if (bytes > rest.size()) odd_index("text is missing");
    const std::string_view taken = rest.substr(0, bytes);
    rest.remove_prefix(bytes);
    return taken;
  };
  for (const Record& record : records) {
    check(record, members, head_.source_size);
    const std::string_view path = take(record.path_size);
    const std::string_view problem = take(record.problem_size);
    members.push_back(member_of(record, path, problem, take(record.mime_size)));
  }
  return members;
}

NamesRead PackIndexReader::names() const {
  const auto charset = [](int32_t number) -> const Charset* {
    if (number < 0 || std::cmp_greater(number, charsets().size())) odd_index("an encoding");
    return number == 0 ? nullptr : &charsets()[static_cast<size_t>(number) - 1];
  };
  return {charset(head_.charset), charset(head_.runner_up)};
}

Checkpoint PackIndexReader::checkpoint(int64_t index) const {
  Checkpoint found;
  const int64_t at = head_.checkpoints_at + index * static_cast<int64_t>(sizeof found);
  if (!read_at(fd_, std::as_writable_bytes(std::span(&found, 1)), at)) odd_index("a checkpoint is missing");
  return found;
}

int64_t PackIndexReader::count_up_to(int64_t member, int64_t out) const {
  int64_t low = 0;
  int64_t high = head_.checkpoints;
  while (low < high) {
    const int64_t middle = low + (high - low) / 2;
    const Checkpoint found = checkpoint(middle);
    if (found.member < member || (found.member == member && found.out <= out)) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

std::optional<Checkpoint> PackIndexReader::before(int64_t member, int64_t out) const {
  const int64_t count = count_up_to(member, out);
  if (count == 0) return std::nullopt;
  const Checkpoint found = checkpoint(count - 1);
  return found.member == member ? std::optional(found) : std::nullopt;
}

std::optional<Checkpoint> PackIndexReader::behind(int64_t member, int64_t out) const {
  const int64_t count = count_up_to(member, out);
  if (count == head_.checkpoints) return std::nullopt;
  const Checkpoint found = checkpoint(count);
  return found.member == member ? std::optional(found) : std::nullopt;
}

std::string PackIndexReader::window(const Checkpoint& checkpoint) const {
  constexpr uint32_t kMaxWindow = 32U << 10;
  if (checkpoint.window_size > kMaxWindow) odd_index("a window");
  std::string window(checkpoint.window_size, '\0');
  if (!read_at(fd_, std::as_writable_bytes(std::span(window)), checkpoint.window)) odd_index("a window is missing");
  return window;
}

}  // namespace damfs
