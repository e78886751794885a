// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/worker/archive/pack_index.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <memory>
#include <new>
#include <numeric>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "catalog/base/error.h"
#include "catalog/base/names.h"
#include "catalog/media/facts_json.h"
#include "catalog/media/texture_map.h"
#include "catalog/media/worker/archive/deflate_stream.h"
#include "catalog/media/worker/archive/member_stream.h"
#include "catalog/media/worker/archive/zip_archive.h"
#include "catalog/media/worker/metadata/text.h"
#include "catalog/media/worker/probe/probe.h"

namespace damfs::worker {
namespace {

constexpr size_t kBuffer = 256U << 10;
// What may be unpacked on the way: enough for every honest archive, and an end for one that is a few megabytes and
// holds petabytes. Members beyond are looked at when they are read.
constexpr int64_t kMostUnpacked = int64_t{4} << 30;
constexpr int64_t kMostUnpackedTimes = 16;  // the archive's own size

// What is read of a member goes through here.
class Check {
 public:
  enum class Keep : bool { kNo, kYes };
  Check(const PackMember& member, bool hash, Keep keep) : member_(member), keep_(keep == Keep::kYes) {
    if (hash) sha256_.emplace();
    if (!keep_) return;
    try {
      kept_.reserve(static_cast<size_t>(member.size));
    } catch (const std::bad_alloc&) {
      keep_ = false;
    }
  }

  void take(std::span<const uint8_t> bytes) {
    size_ += static_cast<int64_t>(bytes.size());
    if (size_ > member_.size) fail(EINVAL, "it holds more than the {} bytes that it declares", member_.size);
    crc_ = ::crc32_z(crc_, bytes.data(), bytes.size());
    if (sha256_) sha256_->update(std::as_bytes(bytes));
    if (keep_) kept_.insert(kept_.end(), bytes.begin(), bytes.end());
  }
  std::span<const uint8_t> kept() const { return kept_; }

  std::optional<Digest> finish() {
    if (size_ != member_.size) fail(EINVAL, "it holds {} bytes and declares {}", size_, member_.size);
    if (crc_ != member_.crc) fail(EINVAL, "its CRC-32 is {:08x}, and the archive says {:08x}", crc_, member_.crc);
    return sha256_ ? std::optional(sha256_->finish()) : std::nullopt;
  }

 private:
  const PackMember& member_;
  bool keep_;
  std::vector<uint8_t> kept_;
  int64_t size_ = 0;
  uLong crc_ = 0;
  std::optional<Sha256> sha256_;
};

// An archive whose members are being noted.
struct Level {
  Level(std::span<const uint8_t> its_bytes, int64_t its_base, int64_t its_number, std::string its_prefix, int its_depth,
        std::string_view charset)
      : bytes(its_bytes),
        base(its_base),
        number(its_number),
        prefix(std::move(its_prefix)),
        depth(its_depth),
        archive(its_bytes) {
    names = archive.read_names_as(charset);
  }

  std::span<const uint8_t> stored(const PackMember& member) const {
    if (member.stored_size == 0) return {};
    return bytes.subspan(static_cast<size_t>(member.offset - base), static_cast<size_t>(member.stored_size));
  }

  const std::span<const uint8_t> bytes;
  const int64_t base;        // where they begin in the file that holds them
  const int64_t number;      // among all members; -1: the outermost
  const std::string prefix;  // of its members' paths
  const int depth;           // 1: the outermost
  ZipArchive archive;
  NamesRead names;
};

class IndexBuilder {
 public:
  IndexBuilder(std::span<const uint8_t> bytes, const PackIndexRequest& options, int output)
      : bytes_(bytes), options_(options), writer_(output, static_cast<int64_t>(bytes.size())) {}

  int64_t build() {
    Level outermost(bytes_, 0, -1, {}, 1, options_.charset);
    if (outermost.archive.size() > kMaxMembers) {
      fail(EINVAL, "the archive has {} members; {} are the most", outermost.archive.size(), kMaxMembers);
    }
    note(outermost);
    return writer_.finish(members_, names_);
  }

 private:
  static bool is_read(const PackMember& member) {
    return member.problem.empty() && member.type != PackMember::Type::kFolder;
  }

  void note(Level& level) {
    // The outermost that has such names speaks for all.
    if (names_.charset == nullptr) names_ = level.names;
    const size_t first = members_.size();
    const size_t count = level.archive.size();
    for (size_t i = 0; i < count; ++i) {
      PackMember member = level.archive.member(i);
      member.path = level.prefix + member.path;
      member.archive = level.number;
      member.entry = static_cast<int64_t>(i);
      locate(level, member);
      members_.push_back(std::move(member));
    }
    refuse_shared_bytes(first);
    for (size_t i = 0; i < count; ++i) read_through(level, first + i);
    if (level.depth == kMostArchivesDeep) return;
    for (size_t i = 0; i < count; ++i) look_inside(level, first + i);
  }

  static void locate(Level& level, PackMember& member) {
    if (member.type == PackMember::Type::kFolder) member.size = member.stored_size = 0;
    if (!is_read(member)) return;
    if (member.method == kStored && member.stored_size != member.size) {
      member.problem = fmt::format("{} bytes are stored of it, and it declares {}", member.stored_size, member.size);
    } else if (member.stored_size != 0) {
      find_bytes(level, member);
    }
  }

  static void find_bytes(Level& level, PackMember& member) {
    const auto offset = level.archive.data_offset(static_cast<size_t>(member.entry));
    const auto size = static_cast<int64_t>(level.bytes.size());
    if (!offset) {
      member.problem = "its own header in the archive is damaged";
    } else if (*offset > size || member.stored_size > size - *offset) {
      member.problem = "what is stored of it lies beyond the archive's end";
    } else if (member.size > most_of(member)) {
      member.problem = fmt::format("{} bytes cannot hold the {} that it declares", member.stored_size, member.size);
    } else {
      member.offset = level.base + *offset;
    }
  }

  // No bytes say more than that: of deflated ones it is in their nature, of others what anybody will wait for.
  static int64_t most_of(const PackMember& member) {
    constexpr int64_t kMost = int64_t{1} << 44;
    constexpr int64_t kMostDeflated = 1032;
    const bool is_less = member.method == kDeflated && member.stored_size < kMost / kMostDeflated;
    return is_less ? (member.stored_size + 1) * kMostDeflated : kMost;
  }

  // Members that share bytes are how a small archive holds petabytes.
  void refuse_shared_bytes(size_t first) {
    std::vector<size_t> order(members_.size() - first);
    std::iota(order.begin(), order.end(), first);
    std::erase_if(order, [&](size_t i) { return !is_read(members_[i]) || members_[i].stored_size == 0; });
    std::sort(order.begin(), order.end(),
              [&](size_t a, size_t b) { return std::pair(members_[a].offset, a) < std::pair(members_[b].offset, b); });
    int64_t end = 0;
    for (const size_t i : order) {
      PackMember& member = members_[i];
      if (member.offset < end) {
        member.problem = "it shares bytes with another member of the archive";
      } else {
        end = member.offset + member.stored_size;
      }
    }
  }

  // False: it is left for whoever reads it.
  bool is_worth_unpacking(const PackMember& member) const {
    const int64_t most = std::max(kMostUnpacked, kMostUnpackedTimes * static_cast<int64_t>(bytes_.size()));
    return is_read(member) && member.size <= most - unpacked_;
  }

  void read_through(Level& level, size_t number) {
    PackMember& member = members_[number];
    if (!is_worth_unpacking(member)) return;
    unpacked_ += member.size;
    const bool is_picture = options_.look_at_pictures && is_shown_name(member.path);
    try {
      const bool is_kept = is_picture && member.method != kStored && member.size <= kMostInMemory;
      Check check(member, options_.hash_members, is_kept ? Check::Keep::kYes : Check::Keep::kNo);
      const auto note_checkpoint = [this, number](Checkpoint checkpoint, std::string_view window) {
        checkpoint.member = static_cast<uint32_t>(number);
        writer_.add(checkpoint, window);
      };
      read(level, member, note_checkpoint, [&check](std::span<const uint8_t> bytes) { check.take(bytes); });
      member.sha256 = check.finish();
      if (is_picture) look_at_picture(member, member.method == kStored ? level.stored(member) : check.kept());
    } catch (const Error& error) {
      if (error.code() != EINVAL) throw;
      member.problem = printable(error.what()).substr(0, FactLimits::kSentence);
    }
  }

  // What is not kept, as it is too large, has no bytes here.
  static void look_at_picture(PackMember& member, std::span<const uint8_t> bytes) {
    if (bytes.empty()) return;
    const Source source(bytes);
    if (auto picture = picture_facts(source, member.path)) {
      member.mime = std::move(picture->mime);
      member.still = picture->still;
      return;
    }
    const MediaFacts facts = probe(source, member.path);
    if (!facts.still || !facts.problem.empty()) return;
    member.mime = said_by_first_part(facts);
    member.still = *facts.still;
  }

  // PackMember::mime: a container of sound alone is sound, whatever it may hold besides.
  static std::string said_by_first_part(const MediaFacts& facts) {
    const std::string_view first = facts.kind == Kind::kVideo ? "video" : facts.kind == Kind::kAudio ? "audio" : "";
    if (first.empty()) return facts.mime;
    return fmt::format("{}{}", first,
                       std::string_view(facts.mime).substr(std::min(facts.mime.find('/'), facts.mime.size())));
  }

  template <typename Note, typename Take>
  void read(Level& level, const PackMember& member, const Note& note_checkpoint, const Take& take) {
    if (member.method == kStored) {
      take(level.stored(member));
    } else if (member.method == kDeflated) {
      DeflateStream stream(level.stored(member));
      drain([&](std::span<uint8_t> buffer) { return stream.read_noting(buffer, kCheckpointGap, note_checkpoint); },
            take);
    } else {
      ZipArchive::Stream stream(level.archive, static_cast<size_t>(member.entry));
      drain([&](std::span<uint8_t> buffer) { return stream.read(buffer); }, take);
    }
  }

  template <typename Read, typename Take>
  void drain(const Read& read_some, const Take& take) {
    if (buffer_.empty()) buffer_.resize(kBuffer);
    while (const size_t n = read_some(std::span(buffer_))) take(std::span<const uint8_t>(buffer_).first(n));
  }

  void look_inside(Level& level, size_t number) {
    const PackMember& member = members_[number];
    const bool is_called_so = member.path.size() > 4 && lower(member.path).ends_with(".zip");
    if (!is_called_so || member.type != PackMember::Type::kFile || !is_worth_unpacking(member)) return;
    if (member.method == kStored) return look_into(level.stored(member), member.offset, level.depth, number);
    if (member.size > kMostInMemory) return;
    unpacked_ += member.size;
    std::vector<uint8_t> bytes;
    try {
      bytes.reserve(static_cast<size_t>(member.size));
    } catch (const std::bad_alloc&) {
      return;  // it stays the file that it is
    }
    read(
        level, member, [](const Checkpoint&, std::string_view) {},  // they are noted already
        [&bytes](std::span<const uint8_t> some) { bytes.insert(bytes.end(), some.begin(), some.end()); });
    look_into(bytes, 0, level.depth, number);
  }

  // What cannot be read as an archive stays the file that it is.
  void look_into(std::span<const uint8_t> bytes, int64_t base, int depth, size_t number) {
    std::optional<Level> inside;
    try {
      inside.emplace(bytes, base, static_cast<int64_t>(number), members_[number].path + "/", depth + 1,
                     options_.charset);
    } catch (const Error&) {
      return;
    }
    if (inside->archive.size() > kMaxMembers - members_.size()) return;
    members_[number].type = PackMember::Type::kArchive;
    note(*inside);
  }

  const std::span<const uint8_t> bytes_;
  const PackIndexRequest options_;
  PackIndexWriter writer_;
  Pack members_;
  NamesRead names_;
  std::vector<uint8_t> buffer_;
  int64_t unpacked_ = 0;
};

}  // namespace

int64_t build_pack_index(std::span<const uint8_t> archive, const PackIndexRequest& options, int output) {
  return IndexBuilder(archive, options, output).build();
}

}  // namespace damfs::worker
