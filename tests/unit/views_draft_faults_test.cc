// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

// Files being written, on a disk whose calls fail one by one, and forget: each writer is told once, and what he was
// told yes to is there.

#include <cerrno>
#include <filesystem>
#include <functional>
#include <string>

#include "tests/support/library.h"
#include "tests/support/scripted_disk.h"
#include "tests/support/told.h"
#include "views/frame/acts.h"
#include "views/write/draft_node.h"
#include "views/write/drafts.h"

namespace damfs::test {
namespace {

using damfs::testing::digest_of;
using damfs::testing::refusal;
using damfs::testing::ScratchCatalog;
using damfs::testing::ScratchFolder;
using damfs::testing::ScratchTree;
using Call = ScriptedDisk::Call;

const Actor kWriter{.uid = 1000, .gid = 1000, .program = 7, .name = "writer"};
const std::string kOld = std::string(200'000, 'o');
const std::string kSynced = std::string(150'000, 's');
const std::string kAfterwards = std::string(50'000, 'a');

// What a mount has of a library.
struct Writing {
  explicit Writing(const Path& library)
      : catalog(library / "catalog.db"),
        objects(library / "objects", library / "staging"),
        places(objects),
        acts(catalog),
        views(make_views()),
        drafts({.catalog = catalog, .objects = objects, .places = places, .acts = acts}) {
    for (const auto& view : views) {
      if (view->name() == "originals") originals = view.get();
    }
    top = NodeId::directory(originals->code(), 0, 0);
    drafts.load([&](unsigned code) { return code == originals->code() ? originals : nullptr; });
  }
  ~Writing() {
    drafts.finish();
    places.end();
  }
  DraftPlace place(const std::string& name) const {
    return {.directory = top, .view = originals, .key = 0, .name = name};
  }
  std::optional<FoundAsset> catalogued(const std::string& name) {
    return originals->find_asset(*catalog.reader(), 0, name);
  }
  // The bytes that the name leads to in this mount; empty: it is not there.
  std::optional<std::string> shown(const std::string& name) {
    if (const DraftRef draft = drafts.at(top, name)) {
      const auto bytes = draft->read(0, draft->attributes().size);
      return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    }
    const auto asset = catalogued(name);
    if (!asset) return std::nullopt;
    const auto bytes = catalog.reader()->bytes_of_version(asset->row.version);
    EXPECT_TRUE(objects.is_whole(bytes->sha256)) << name;
    const auto opened = places.wait_for(bytes->sha256);
    if (!opened) return "no object";
    std::string text(static_cast<size_t>(asset->row.size), '\0');
    text.resize(pread_some(opened->get(), std::as_writable_bytes(std::span(text)), 0, "an object"));
    return text;
  }

  Catalog catalog;
  ObjectStore objects;
  Places places;
  Acts acts;
  std::vector<std::unique_ptr<View>> views;
  const View* originals = nullptr;
  NodeId top;
  Drafts drafts;
};

struct Answers {
  int write = 0, sync = 0, write_again = 0, close = 0;
  std::vector<int> all() const { return {write, sync, write_again, close}; }
};

int write_at(DraftContent& content, uint64_t offset, std::string_view text) {
  return told([&](Done done) { content.write(offset, std::as_bytes(std::span(text)), std::move(done)); });
}

Answers write_through(DraftContent& content) {
  Answers answers;
  answers.write = write_at(content, 0, kSynced);
  answers.sync = told([&](Done done) { content.sync(std::move(done)); });
  answers.write_again = write_at(content, kSynced.size(), kAfterwards);
  answers.close = told([&](Done done) { content.close(kWriter, std::move(done)); });
  return answers;
}

Answers write_new(Writing& mount) {
  const DraftRef draft = mount.drafts.create(mount.place("new.bin"), kWriter, 0644);
  const auto content = draft->open(kWriter, DraftMode::kWrites);
  return write_through(*content);
}

Answers write_over(Writing& mount) {
  const auto asset = mount.catalogued("old.bin").value();
  const Attributes attributes{.node = NodeId::file(NodeId::FileKind::kOriginal, 0, asset.row.version)};
  const DraftRef draft = mount.drafts.overwrite(mount.place("old.bin"), asset, attributes);
  const auto content = draft->open(kWriter, DraftMode::kWrites);
  return write_through(*content);
}

struct Way {
  const char* name;
  const char* file;
  std::function<Answers(Writing&)> write;
  std::optional<std::string> before;
  std::string after;
};

std::vector<Way> ways() {
  return {{"new", "new.bin", &write_new, std::nullopt, kSynced + kAfterwards},
          {"over", "old.bin", &write_over, kOld, kSynced + kAfterwards}};
}

size_t open_descriptors_now() {
  return static_cast<size_t>(std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {}));
}

// Of many that are alike, pages of one transaction, some do.
int next_try(int nth) { return nth < 16 ? nth + 1 : nth + 5; }

class DraftFaults : public ::testing::Test {
 protected:
  DraftFaults() {
    std::filesystem::create_directory(made_ / "it");
    for (const char* name : {"objects", "staging"}) std::filesystem::create_directory(made_ / "it" / name);
    Catalog::create(made_ / "it/catalog.db");
    Writing mount(made_ / "it");
    const DraftRef draft = mount.drafts.create(mount.place("old.bin"), kWriter, 0644);
    const auto content = draft->open(kWriter, DraftMode::kWrites);
    EXPECT_EQ(write_at(*content, 0, kOld), 0);
    EXPECT_EQ(told([&](Done done) { content->close(kWriter, std::move(done)); }), 0);
  }
  Path fresh_library() {
    std::filesystem::remove_all(made_ / "copy");
    std::filesystem::copy(made_ / "it", made_ / "copy", std::filesystem::copy_options::recursive);
    return made_ / "copy";
  }
  static void expect_sound(Writing& mount) {
    for (const std::string& problem : check_catalog(*mount.catalog.reader())) ADD_FAILURE() << problem;
  }
  // What must be there still after those answers.
  static void expect_kept(Writing& mount, const Way& way, const Answers& answers) {
    const auto shown = mount.shown(way.file);
    if (answers.write == 0 && answers.sync == 0 && answers.write_again == 0 && answers.close == 0) {
      EXPECT_TRUE(shown == way.after) << (shown ? shown->size() : 0);
    } else if (answers.write == 0 && answers.sync == 0) {
      EXPECT_TRUE(shown && shown->starts_with(kSynced)) << (shown ? shown->size() : 0);
    } else {
      EXPECT_TRUE(shown == way.before || (shown && way.after.starts_with(*shown)) ||
                  (shown && way.before && shown->size() == way.before->size()))
          << (shown ? shown->size() : 0);
    }
  }

  ScratchFolder made_;
};

constexpr std::pair<Call, int> kDraftFaults[] = {{Call::kWrite, ENOSPC},  {Call::kWrite, EIO},  {Call::kRead, EIO},
                                                 {Call::kFlush, EIO},     {Call::kLink, EIO},   {Call::kFolder, ENOSPC},
                                                 {Call::kOpen, EMFILE},   {Call::kMode, EIO},   {Call::kCopy, ENOSPC},
                                                 {Call::kResize, ENOSPC}, {Call::kRename, EIO}, {Call::kRemove, EIO}};

TEST_F(DraftFaults, EachCallThatFailsIsToldOnceAndCostsNothingThatWasAcknowledged) {
  for (const Way& way : ways()) {
    for (const auto& [call, error] : kDraftFaults) {
      bool is_over = false;
      for (int nth = 1; !is_over; nth = next_try(nth)) {
        SCOPED_TRACE(fmt::format("{}: errno {} of call {} of kind {}", way.name, error, nth, static_cast<int>(call)));
        const Path library = fresh_library();
        const size_t before = open_descriptors_now();
        Answers answers;
        {
          ScriptedDisk disk(ScriptedDisk::Threads::kAll);
          {
            Writing mount(library);
            disk.fail(Call::kClone, 1, EOPNOTSUPP);
            disk.fail(call, nth, error);
            const int thrown = refusal([&] { answers = way.write(mount); });
            if (thrown != 0) answers = {thrown, thrown, thrown, thrown};
            is_over = disk.calls(call) < nth;
            disk.be_well();
            for (const int code : answers.all()) EXPECT_TRUE(code == 0 || code == error) << code;
            expect_sound(mount);
          }
          Writing mount(library);
          expect_sound(mount);
          expect_kept(mount, way, answers);
          if (is_over) {
            EXPECT_EQ(answers.all(), std::vector<int>(4));
          }
          // Whoever tries again succeeds.
          const DraftRef draft = mount.drafts.create(mount.place("again.bin"), kWriter, 0644);
          EXPECT_EQ(write_through(*draft->open(kWriter, DraftMode::kWrites)).all(), std::vector<int>(4));
        }
        EXPECT_EQ(open_descriptors_now(), before);
      }
    }
  }
}

TEST_F(DraftFaults, AfterAPowerCutWhatWasAcknowledgedIsThere) {
  for (const Way& way : ways()) {
    for (unsigned which = 0; which < 3; ++which) {
      bool is_over = false;
      for (int nth = 1; !is_over; nth = next_try(nth)) {
        SCOPED_TRACE(fmt::format("{}: cut {} at call {}", way.name, which, nth));
        const Path library = fresh_library();
        ScriptedDisk disk(ScriptedDisk::Threads::kAll);
        Answers answers;
        {
          Writing mount(library);
          disk.fail(Call::kClone, 1, EOPNOTSUPP);
          disk.cut_power_at(nth);
          const int thrown = refusal([&] { answers = way.write(mount); });
          if (thrown != 0) answers = {thrown, thrown, thrown, thrown};
          is_over = disk.changes() < nth;
          disk.cut_power_at(1);  // the mount's own end comes too late
        }
        disk.lose_what_was_not_flushed(which);
        disk.be_well();
        Writing mount(library);
        expect_sound(mount);
        expect_kept(mount, way, answers);
      }
    }
  }
}

}  // namespace
}  // namespace damfs::test
