// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/worker/archive/zip_archive.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <zip.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <vector>

#include "catalog/base/error.h"
#include "catalog/base/names.h"

namespace damfs::worker {
namespace {

constexpr size_t kEndSize = 22;  // of an end of central directory record without its comment
constexpr size_t kMaxComment = 65'535;
constexpr std::string_view kEndMark = "PK\5\6";

uint64_t little_endian(std::span<const uint8_t> bytes, size_t at, size_t size) {
  uint64_t value = 0;
  for (size_t i = size; i-- > 0;) value = value << 8 | bytes[at + i];
  return value;
}

// Where the last end of central directory record stands that is as long as it says.
std::optional<size_t> find_end(std::span<const uint8_t> bytes) {
  if (bytes.size() < kEndSize) return std::nullopt;
  const size_t last = bytes.size() - kEndSize;
  const size_t first = last > kMaxComment ? last - kMaxComment : 0;
  for (size_t at = last + 1; at-- > first;) {
    const bool is_marked = std::memcmp(bytes.data() + at, kEndMark.data(), kEndMark.size()) == 0;
    if (is_marked && at + kEndSize + little_endian(bytes, at + 20, 2) <= bytes.size()) return at;
  }
  return std::nullopt;
}

// How much stands in front of an archive whose offsets count from its own beginning.
size_t bytes_in_front(std::span<const uint8_t> bytes) {
  const auto end = find_end(bytes);
  if (!end) return 0;
  const uint64_t directory = little_endian(bytes, *end + 12, 4) + little_endian(bytes, *end + 16, 4);
  return directory <= *end ? *end - directory : 0;
}

// 100 ns since 1601.
int64_t from_windows_time(uint64_t time) {
  constexpr uint64_t kUnixEpoch = 116'444'736'000'000'000;
  constexpr uint64_t kMost = 92'000'000'000'000'000;  // beyond it nanoseconds before and since 1970 end
  if (time < kUnixEpoch - kMost || time > kUnixEpoch + kMost) return 0;
  return (static_cast<int64_t>(time) - static_cast<int64_t>(kUnixEpoch)) * 100;
}

std::span<const uint8_t> extra_field(zip_t* archive, size_t index, uint16_t id) {
  zip_uint16_t size = 0;
  const zip_uint8_t* field = zip_file_extra_field_get_by_id(archive, index, id, 0, &size, ZIP_FL_CENTRAL);
  return field == nullptr ? std::span<const uint8_t>() : std::span(field, size);
}

// The finest that is recorded: NTFS, else the extended timestamp, else DOS as libzip tells it, in local time.
int64_t mtime_of(zip_t* archive, size_t index, const zip_stat_t& stat) {
  constexpr uint16_t kNtfs = 0x000a;
  constexpr uint16_t kExtendedTime = 0x5455;
  constexpr int64_t kSecond = 1'000'000'000;
  const auto ntfs = extra_field(archive, index, kNtfs);
  if (ntfs.size() >= 32 && little_endian(ntfs, 4, 2) == 1) {
    if (const int64_t ns = from_windows_time(little_endian(ntfs, 8, 8))) return ns;
  }
  const auto extended = extra_field(archive, index, kExtendedTime);
  if (extended.size() >= 5 && (extended[0] & 1U) != 0) {
    return static_cast<int32_t>(little_endian(extended, 1, 4)) * kSecond;
  }
  const bool is_known = (stat.valid & ZIP_STAT_MTIME) != 0 && stat.mtime > 0;
  return is_known ? static_cast<int64_t>(stat.mtime) * kSecond : 0;
}

void take_attributes(zip_t* archive, size_t index, PackMember& member) {
  constexpr uint32_t kDosFolder = 0x10;
  zip_uint8_t maker = 0;
  zip_uint32_t attributes = 0;
  const bool is_known = zip_file_get_external_attributes(archive, index, 0, &maker, &attributes) == 0;
  if (is_known && (maker == ZIP_OPSYS_UNIX || maker == ZIP_OPSYS_OS_X) && attributes >> 16 != 0) {
    const auto mode = static_cast<mode_t>(attributes >> 16);
    member.mode = mode & 0777U;
    if (S_ISDIR(mode)) member.type = PackMember::Type::kFolder;
    if (S_ISLNK(mode)) member.type = PackMember::Type::kLink;
  } else if (is_known && (attributes & kDosFolder) != 0) {
    member.type = PackMember::Type::kFolder;
  }
  // Some tools of DOS write their own separator.
  const bool is_from_dos = is_known && (maker == ZIP_OPSYS_DOS || maker == ZIP_OPSYS_WINDOWS_NTFS);
  if (is_from_dos && member.path.find('/') == member.path.npos) {
    std::replace(member.path.begin(), member.path.end(), '\\', '/');
  }
  if (member.path.ends_with('/')) member.type = PackMember::Type::kFolder;
}

std::string text_of(zip_error_t& error) {
  std::string text = zip_error_strerror(&error);
  zip_error_fini(&error);
  return text;
}

}  // namespace

// What libzip reads from, and where it last went: that is how one learns where a member's bytes are, which libzip
// finds and keeps to itself.
struct ZipArchive::Bytes {
  std::span<const uint8_t> all;  // from the archive's own beginning
  size_t in_front = 0;
  uint64_t position = 0;
  uint64_t sought = 0;

  static zip_int64_t serve(void* state, void* data, zip_uint64_t length, zip_source_cmd_t command) {
    auto& self = *static_cast<Bytes*>(state);
    switch (command) {
      case ZIP_SOURCE_OPEN: self.position = 0; return 0;
      case ZIP_SOURCE_READ: return self.read(static_cast<uint8_t*>(data), length);
      case ZIP_SOURCE_SEEK: return self.seek(data, length);
      case ZIP_SOURCE_TELL: return static_cast<zip_int64_t>(self.position);
      case ZIP_SOURCE_STAT: {
        auto* stat = static_cast<zip_stat_t*>(data);
        zip_stat_init(stat);
        stat->valid = ZIP_STAT_SIZE;
        stat->size = self.all.size();
        return sizeof *stat;
      }
      case ZIP_SOURCE_SUPPORTS: return ZIP_SOURCE_SUPPORTS_SEEKABLE;
      case ZIP_SOURCE_CLOSE:
      case ZIP_SOURCE_FREE: return 0;
      default: return -1;
    }
  }

  zip_int64_t read(uint8_t* to, uint64_t length) {
    const uint64_t some = std::min<uint64_t>(length, all.size() - position);
    std::memcpy(to, all.data() + position, some);
    position += some;
    return static_cast<zip_int64_t>(some);
  }

  zip_int64_t seek(void* data, uint64_t length) {
    zip_error_t error;
    zip_error_init(&error);
    const zip_int64_t to = zip_source_seek_compute_offset(position, all.size(), data, length, &error);
    zip_error_fini(&error);
    if (to < 0 || static_cast<uint64_t>(to) > all.size()) return -1;
    position = sought = static_cast<uint64_t>(to);
    return 0;
  }
};

bool ends_like_an_archive(std::span<const uint8_t> bytes) { return find_end(bytes).has_value(); }

void ZipArchive::Discard::operator()(zip* archive) const { zip_discard(archive); }
void ZipArchive::Stream::Close::operator()(zip_file* file) const { zip_fclose(file); }

std::unique_ptr<zip, ZipArchive::Discard> ZipArchive::open(Bytes& bytes, std::string& complaint) {
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* source = zip_source_function_create(&Bytes::serve, &bytes, &error);
  zip_t* archive = source == nullptr ? nullptr : zip_open_from_source(source, ZIP_RDONLY, &error);
  if (archive == nullptr && source != nullptr) zip_source_free(source);
  complaint = text_of(error);
  return std::unique_ptr<zip, Discard>(archive);
}

ZipArchive::ZipArchive(std::span<const uint8_t> bytes) : bytes_(std::make_unique<Bytes>()) {
  bytes_->all = bytes;
  std::string complaint;
  archive_ = open(*bytes_, complaint);
  const size_t in_front = archive_ ? 0 : bytes_in_front(bytes);
  if (in_front > 0) {
    bytes_->all = bytes.subspan(in_front);
    bytes_->in_front = in_front;
    archive_ = open(*bytes_, complaint);
  }
  if (!archive_) fail(EINVAL, "the archive is damaged: {}", complaint);
}

ZipArchive::~ZipArchive() = default;

size_t ZipArchive::size() const {
  return static_cast<size_t>(std::max<zip_int64_t>(0, zip_get_num_entries(archive_.get(), 0)));
}

NamesRead ZipArchive::read_names_as(std::string_view charset) {
  std::vector<std::string_view> names;
  for (size_t i = 0; i < size(); ++i) {
    const char* bytes = zip_get_name(archive_.get(), i, ZIP_FL_ENC_RAW);
    if (bytes != nullptr && !is_utf8(bytes)) names.emplace_back(bytes);
  }
  decoder_.reset();
  if (names.empty()) return {};
  const NamesRead read = charset == kAutoCharset ? guess_charset(names) : NamesRead{find_charset(charset), nullptr};
  if (read.charset != nullptr) decoder_.emplace(*read.charset);
  return read;
}

std::optional<std::string> ZipArchive::path(size_t index) {
  // As it is stored, or as the Unicode path says that goes with it.
  const char* bytes = zip_get_name(archive_.get(), index, ZIP_FL_ENC_RAW);
  if (decoder_ && bytes != nullptr && !is_utf8(bytes)) {
    if (auto decoded = decoder_->decode(bytes)) return decoded;
  }
  const char* path = zip_get_name(archive_.get(), index, ZIP_FL_ENC_GUESS);
  if (path == nullptr || !is_utf8(path)) return std::nullopt;
  return *path == '\0' ? "/" : path;  // which is no name either
}

PackMember ZipArchive::member(size_t index) {
  PackMember member;
  member.path = path(index).value_or(fmt::format("member {}", index));
  zip_stat_t stat;
  zip_stat_init(&stat);
  if (zip_stat_index(archive_.get(), index, 0, &stat) != 0) {
    member.problem = "its entry in the archive's directory is damaged";
    return member;
  }
  constexpr uint64_t kMaxSize = uint64_t{1} << 60;
  member.size = static_cast<int64_t>(std::min<uint64_t>(stat.size, kMaxSize));
  member.stored_size = static_cast<int64_t>(std::min<uint64_t>(stat.comp_size, kMaxSize));
  member.method = stat.comp_method;
  member.crc = stat.crc;
  member.mtime_ns = mtime_of(archive_.get(), index, stat);
  take_attributes(archive_.get(), index, member);
  if (stat.size > kMaxSize || stat.comp_size > kMaxSize) member.problem = "it declares a size that cannot be";
  if ((stat.valid & ZIP_STAT_ENCRYPTION_METHOD) != 0 && stat.encryption_method != ZIP_EM_NONE) {
    member.problem = "it is encrypted, and nobody gave a password";
  }
  return member;
}

std::optional<int64_t> ZipArchive::data_offset(size_t index) {
  bytes_->sought = UINT64_MAX;
  const std::unique_ptr<zip_file, Stream::Close> file(zip_fopen_index(archive_.get(), index, ZIP_FL_COMPRESSED));
  uint8_t first = 0;
  if (!file || zip_fread(file.get(), &first, 1) < 0 || bytes_->sought == UINT64_MAX) return std::nullopt;
  return static_cast<int64_t>(bytes_->in_front + bytes_->sought);
}

ZipArchive::Stream::Stream(ZipArchive& archive, size_t index)
    : file_(zip_fopen_index(archive.archive_.get(), index, 0)) {
  if (!file_) fail(EINVAL, "{}", zip_strerror(archive.archive_.get()));
}

size_t ZipArchive::Stream::read(std::span<uint8_t> buffer) {
  const zip_int64_t n = zip_fread(file_.get(), buffer.data(), buffer.size());
  if (n < 0) fail(EINVAL, "{}", zip_file_strerror(file_.get()));
  return static_cast<size_t>(n);
}

}  // namespace damfs::worker
