// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <thread>

#include "catalog/model/newest_schema.h"
#include "tests/support/library.h"

namespace damfs {
namespace {

using testing::file_bytes;
using testing::photo;
using testing::ScratchCatalog;
using testing::ScratchFolder;

std::string bytes_of(const Path& file) { return read_text(file, 64U << 20).value(); }

// A closed catalog with something in it.
class CatalogFile : public ::testing::Test {
 protected:
  CatalogFile() {
    Catalog::create(file_);
    Catalog catalog(file_);
    catalog.write([](Writer& writer) {
      for (int i = 0; i < 50; ++i) file_bytes(writer, std::to_string(i), "a", std::to_string(i) + ".jpg", photo());
    });
  }
  // Opens it, which must fail, and leave every byte as it was.
  Error refusal() {
    const std::string before = bytes_of(file_);
    try {
      Catalog catalog(file_);
    } catch (const Error& error) {
      EXPECT_EQ(bytes_of(file_), before) << "the refused file was changed";
      EXPECT_NE(std::string(error.what()).find(file_.string()), std::string::npos) << error.what();
      return error;
    }
    ADD_FAILURE() << "it was opened";
    return {EINVAL, ""};
  }
  ScratchFolder folder_;
  Path file_ = folder_ / "catalog.db";
};

TEST_F(CatalogFile, OpensAgainWithEverythingInIt) {
  Catalog catalog(file_);
  EXPECT_EQ(catalog.reader()->totals().assets, 50);
  EXPECT_TRUE(check_catalog(*catalog.reader()).empty());
}

TEST_F(CatalogFile, IsNotMadeOverAnother) {
  const std::string before = bytes_of(file_);
  EXPECT_THROW(Catalog::create(file_), Error);
  EXPECT_EQ(bytes_of(file_), before);
}

TEST_F(CatalogFile, OfANewerDamfsIsLeftAlone) {
  { db::Database(file_, db::Database::Mode::kReadWrite).execute("PRAGMA user_version = 999"); }
  const Error error = refusal();
  EXPECT_EQ(error.code(), ENOTSUP);
  EXPECT_NE(std::string(error.what()).find("999"), std::string::npos) << error.what();
}

TEST_F(CatalogFile, CutAnywhereIsRefused) {
  const std::string whole = bytes_of(file_);
  ASSERT_GT(whole.size(), 20'000U);
  for (const size_t left : {size_t{0}, size_t{1}, size_t{99}, size_t{100}, size_t{4096}, whole.size() / 2,
                            whole.size() - 4096, whole.size() - 1}) {
    testing::write_file(file_, whole.substr(0, left));
    const Error error = refusal();
    EXPECT_EQ(error.code(), EUCLEAN) << left;
    EXPECT_NE(std::string(error.what()).find("nothing was changed"), std::string::npos) << error.what();
  }
}

TEST_F(CatalogFile, ThatIsSomethingElseIsRefused) {
  testing::write_file(file_, std::string(8192, 'x'));
  EXPECT_EQ(refusal().code(), EUCLEAN);
  std::filesystem::remove(file_);
  db::Database(file_, db::Database::Mode::kCreate)
      .execute("PRAGMA application_id = 1; CREATE TABLE t (x); PRAGMA user_version = 1");
  EXPECT_EQ(refusal().code(), EUCLEAN);
}

TEST_F(CatalogFile, ThatIsNotThereIsNotMade) {
  std::filesystem::remove(file_);
  try {
    Catalog catalog(file_);
    FAIL() << "opened";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ENOENT);
  }
  EXPECT_FALSE(std::filesystem::exists(file_));
}

// A commit whose process was killed stands in the WAL: it is there at the next opening.
TEST_F(CatalogFile, SurvivesAKillAfterACommit) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    Catalog catalog(file_);
    catalog.write([](Writer& writer) { file_bytes(writer, "late", "b", "late.jpg", photo()); });
    ::_exit(0);  // no destructor: no checkpoint
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_EQ(status, 0);
  Catalog catalog(file_);
  EXPECT_EQ(catalog.reader()->totals().assets, 51);
}

TEST(Catalog, ReadersReadWhileAWriterWrites) {
  ScratchCatalog scratch;
  Catalog& catalog = scratch.catalog();
  scratch.file("first", "a", "first.jpg");
  std::atomic<bool> done{false};
  std::atomic<int> readings{0};
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      do {
        const auto reader = catalog.reader();
        std::set<int64_t> seen;
        reader->assets(Grouping::kFolder, 2, 0, [&](const AssetRow& row) { return seen.insert(row.cursor).second; });
        // A batch is seen whole or not at all.
        if (seen.size() % 10 != 1) ADD_FAILURE() << seen.size();
        ++readings;
      } while (!done);
    });
  }
  for (int batch = 0; batch < 20; ++batch) {
    catalog.write([&](Writer& writer) {
      for (int i = 0; i < 10; ++i) {
        const std::string name = std::to_string(batch) + "-" + std::to_string(i);
        file_bytes(writer, name, "a", name, photo());
      }
    });
  }
  done = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_GE(readings, 3);
  EXPECT_EQ(catalog.reader()->totals().assets, 201);
}

TEST(Catalog, TwoConnectionsWriteInTurn) {
  ScratchCatalog scratch;
  Catalog& one = scratch.catalog();
  Catalog two(one.file());
  const auto write = [](Catalog& catalog, const std::string& prefix) {
    for (int i = 0; i < 25; ++i) {
      catalog.write([&](Writer& writer) {
        const std::string name = prefix + std::to_string(i);
        writer.add_tag(file_bytes(writer, name, "shared", name, photo()).asset,
                       writer.ensure_group(Grouping::kTag, "both"));
      });
    }
  };
  std::thread other([&] { write(two, "two-"); });
  write(one, "one-");
  other.join();
  EXPECT_EQ(one.reader()->totals().assets, 50);
  EXPECT_EQ(two.reader()->totals().assets, 50);
  EXPECT_TRUE(scratch.problems().empty());
}

TEST(Catalog, ALeaseSeesWhatAnotherConnectionCommitted) {
  ScratchCatalog scratch;
  const auto reader = scratch.catalog().reader();
  const int64_t before = reader->data_version();
  EXPECT_EQ(reader->data_version(), before);
  Catalog(scratch.catalog().file()).write([](Writer& writer) { writer.ensure_group(Grouping::kTag, "x"); });
  EXPECT_NE(reader->data_version(), before);
  EXPECT_TRUE(reader->find_group(Grouping::kTag, 1, "x"));
}

TEST(CatalogSchema, IsTheOneWhoseDigestIsKnown) {
  EXPECT_EQ(Catalog::newest_schema(), kNewestSchema) << "after a schema step, its digest goes to newest_schema.h";
}

}  // namespace
}  // namespace damfs
