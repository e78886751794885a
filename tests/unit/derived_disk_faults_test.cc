// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

// Derived files on a disk whose calls fail one by one, and forget: what the cache says is there has its bytes.

#include <sys/mman.h>

#include <cerrno>
#include <filesystem>
#include <functional>
#include <string>

#include "tests/support/library.h"
#include "tests/support/scripted_disk.h"

namespace damfs::test {
namespace {

using damfs::testing::digest_of;
using damfs::testing::refusal;
using damfs::testing::ScratchFolder;
using Call = ScriptedDisk::Call;

size_t open_descriptors() {
  return static_cast<size_t>(std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {}));
}

const DerivedKey kKey{digest_of("source"), "small", 1};
const std::string kPicture(20'000, 'p');

std::optional<std::string> kept(DerivedCache& cache) {
  const auto file = cache.open(kKey);
  if (!file) return std::nullopt;
  std::string text(kPicture.size() + 1, '\0');
  text.resize(pread_some(file->get(), std::as_writable_bytes(std::span(text)), 0, "a derived file"));
  return text;
}

void keep_picture(DerivedCache& cache) {
  const UniqueFd staged = cache.stage();
  pwrite_all(staged.get(), std::as_bytes(std::span(kPicture)), 0, "staged");
  cache.sync();
  cache.insert(kKey, staged.get());
}

constexpr std::pair<Call, int> kFaults[] = {{Call::kWrite, ENOSPC}, {Call::kWrite, EIO},  {Call::kFlush, EIO},
                                            {Call::kFlush, EINTR},  {Call::kLink, EIO},   {Call::kFolder, ENOSPC},
                                            {Call::kOpen, EMFILE},  {Call::kRead, EIO},   {Call::kResize, EIO},
                                            {Call::kRemove, EIO},   {Call::kCopy, ENOSPC}};

TEST(DerivedFaults, APictureIsKeptWholeOrNotAtAllAndTheNextTryKeepsIt) {
  for (const auto& [call, error] : kFaults) {
    bool is_over = false;
    for (int nth = 1; !is_over; ++nth) {
      SCOPED_TRACE(fmt::format("errno {} of call {} of kind {}", error, nth, static_cast<int>(call)));
      const ScratchFolder folder;
      std::filesystem::create_directory(folder / "derived");
      const size_t before = open_descriptors();
      {
        ScriptedDisk disk;
        DerivedCache cache(folder / "derived", int64_t{1} << 20);
        disk.fail(call, nth, error);
        const int code = refusal([&] { keep_picture(cache); });
        is_over = disk.calls(call) < nth;
        disk.be_well();
        EXPECT_TRUE(code == 0 || code == error) << code;
        const auto there = kept(cache);
        if (code == 0 || error == EINTR) {
          EXPECT_EQ(there, kPicture);
        } else if (there) {
          EXPECT_EQ(*there, kPicture);
        }
        keep_picture(cache);
        EXPECT_EQ(kept(cache), kPicture);
        EXPECT_EQ(refusal([&] { cache.remember_failure(kKey, "why"); }), 0);
      }
      EXPECT_EQ(open_descriptors(), before);
    }
  }
}

TEST(DerivedFaults, ACacheThatCannotOpenItsIndexSaysSoAndOpensLater) {
  for (const auto& [call, error] : kFaults) {
    bool is_over = false;
    for (int nth = 1; !is_over; ++nth) {
      SCOPED_TRACE(fmt::format("errno {} of call {} of kind {}", error, nth, static_cast<int>(call)));
      const ScratchFolder folder;
      std::filesystem::create_directory(folder / "derived");
      {
        DerivedCache cache(folder / "derived", int64_t{1} << 20);
        keep_picture(cache);
      }
      ScriptedDisk disk;
      disk.fail(call, nth, error);
      refusal([&] { DerivedCache cache(folder / "derived", int64_t{1} << 20); });
      is_over = disk.calls(call) < nth;
      disk.be_well();
      DerivedCache cache(folder / "derived", int64_t{1} << 20);
      EXPECT_EQ(kept(cache), kPicture);
      EXPECT_GE(cache.bytes(), static_cast<int64_t>(kPicture.size())) << "it is there and nobody would evict it";
    }
  }
}

TEST(DerivedFaults, AfterAPowerCutAPictureIsWholeOrNotThere) {
  for (unsigned which = 0; which < 4; ++which) {
    bool is_over = false;
    for (int nth = 1; !is_over; ++nth) {
      SCOPED_TRACE(fmt::format("cut {} at call {}", which, nth));
      const ScratchFolder folder;
      std::filesystem::create_directory(folder / "derived");
      ScriptedDisk disk;
      disk.cut_power_at(nth);
      bool is_kept = false;
      refusal([&] {
        DerivedCache cache(folder / "derived", int64_t{1} << 20);
        keep_picture(cache);
        is_kept = true;
      });
      is_over = disk.changes() < nth;
      disk.lose_what_was_not_flushed(which);
      disk.be_well();
      DerivedCache cache(folder / "derived", int64_t{1} << 20);
      const auto there = kept(cache);
      if (there) {
        EXPECT_EQ(*there, kPicture);
      }
      keep_picture(cache);
      EXPECT_EQ(kept(cache), kPicture);
    }
  }
}

// The index is not flushed, so that a file may be there which it does not know: nobody would ever evict it.
TEST(DerivedFaults, WhatTheIndexLostInAPowerCutIsEvictedAllTheSame) {
  const ScratchFolder folder;
  std::filesystem::create_directory(folder / "derived");
  ScriptedDisk disk;
  {
    DerivedCache cache(folder / "derived", int64_t{1} << 20);
    keep_picture(cache);
  }
  {
    db::Database index(folder / "derived/index.db", db::Database::Mode::kReadWrite);
    index.execute("DELETE FROM derived; PRAGMA application_id = 1");  // of another start of the machine
  }
  DerivedCache cache(folder / "derived", 50'000);
  EXPECT_EQ(cache.bytes(), 0);
  for (int n = 0; n < 5; ++n) {
    const UniqueFd staged = cache.stage();
    pwrite_all(staged.get(), std::as_bytes(std::span(kPicture)), 0, "staged");
    cache.insert({digest_of(std::to_string(n)), "small", 1}, staged.get());
  }
  EXPECT_EQ(kept(cache), std::nullopt);
  EXPECT_LE(cache.bytes(), 50'000);
}

// --- files that are made piece by piece ---

SparseLayout small_layout() {
  SparseLayout out;
  out.runs.push_back({8192, 4096, 40 * 4096});
  out.size = 8192 + 40 * 4096;
  return out;
}

std::string unit_of(int64_t unit) { return std::string(4096, static_cast<char>('A' + unit)); }

struct Pieces {
  // What a worker made, before anything fails.
  explicit Pieces(const ScratchFolder& folder) : name(folder / "pieces"), made(::memfd_create("units", MFD_CLOEXEC)) {
    for (int64_t unit = 0; unit < 40; ++unit) {
      const std::string text = unit_of(unit);
      write_all(made.get(), std::as_bytes(std::span(text)), "units");
    }
  }
  void put(int64_t unit) const { file->put(unit, made.get(), static_cast<uint64_t>(unit) * 4096); }
  // As the cache does: it has a name once it was flushed.
  void work() {
    UniqueFd unnamed = open_file(name.string() + ".unnamed", O_RDWR | O_CREAT | O_EXCL);
    const std::string head(8192, 'h');
    file = SparseFile::create(std::move(unnamed), small_layout(), std::as_bytes(std::span(head)), {});
    for (const int64_t unit : {3, 4, 17}) put(unit);
    file->flush();
    std::filesystem::rename(name.string() + ".unnamed", name);
    for (const int64_t unit : {5, 30}) put(unit);
    file->flush();
    const auto pieces = file->evictable();
    file->evict(std::span(pieces).first(1));
    for (const int64_t unit : {3, 39}) put(unit);
    file->flush();
    for (int64_t unit = 0; unit < 40; ++unit) put(unit);
    file->flush();
  }
  // Whatever is said to be there is right.
  static int64_t expect_right(SparseFile& of) {
    int64_t there = 0;
    for (int64_t unit = 0; unit < 40; ++unit) {
      const auto pin = of.pin(unit, 1);
      if (!pin) continue;
      ++there;
      std::string text(4096, '\0');
      pread_some(of.fd(), std::as_writable_bytes(std::span(text)), small_layout().place(unit).offset, "a unit");
      EXPECT_TRUE(text == unit_of(unit)) << unit;
    }
    return there;
  }
  void expect_right_again() const {
    if (!std::filesystem::exists(name)) return;
    if (const auto again = SparseFile::open(open_file(name, O_RDWR), small_layout(), {})) expect_right(*again);
  }

  Path name;
  UniqueFd made;
  SparseFileRef file;
};

TEST(SparseFaults, WhateverFailsWhatIsSaidToBeThereIsRightAndTheRestComesAgain) {
  for (const auto& [call, error] : kFaults) {
    bool is_over = false;
    for (int nth = 1; !is_over; ++nth) {
      SCOPED_TRACE(fmt::format("errno {} of call {} of kind {}", error, nth, static_cast<int>(call)));
      const ScratchFolder folder;
      Pieces pieces(folder);
      ScriptedDisk disk;
      disk.fail(call, nth, error);
      const int code = refusal([&] { pieces.work(); });
      is_over = disk.calls(call) < nth;
      disk.be_well();
      EXPECT_TRUE(code == 0 || code == error) << code;
      if (!pieces.file) continue;
      Pieces::expect_right(*pieces.file);
      pieces.expect_right_again();
      for (int64_t unit = 0; unit < 40; ++unit) pieces.put(unit);
      pieces.file->flush();
      EXPECT_EQ(Pieces::expect_right(*pieces.file), 40);
      EXPECT_TRUE(pieces.file->is_complete());
      EXPECT_EQ(stat_fd(pieces.file->fd(), "it").st_size, static_cast<int64_t>(small_layout().size));
    }
  }
}

TEST(SparseFaults, AfterAPowerCutWhatIsSaidToBeThereIsRight) {
  for (unsigned which = 0; which < 8; ++which) {
    bool is_over = false;
    for (int nth = 1; !is_over; ++nth) {
      SCOPED_TRACE(fmt::format("cut {} at call {}", which, nth));
      const ScratchFolder folder;
      Pieces pieces(folder);
      ScriptedDisk disk;
      disk.cut_power_at(nth);
      refusal([&] { pieces.work(); });
      is_over = disk.changes() < nth;
      pieces.file = nullptr;
      disk.lose_what_was_not_flushed(which);
      disk.be_well();
      pieces.expect_right_again();
    }
  }
}

}  // namespace
}  // namespace damfs::test
