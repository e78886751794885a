// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/ingest/verify.h"
#include "tests/support/library.h"

namespace damfs {
namespace {

using testing::digest_of;
using testing::ScratchTree;

class DamageTest : public ::testing::Test {
 protected:
  // An original with these bytes, its object and all.
  int64_t add(const std::string& bytes, const std::string& name) {
    const UniqueFd staged = tree_.objects.stage_unnamed();
    write_all(staged.get(), std::as_bytes(std::span(bytes)), "a test's object");
    tree_.objects.adopt(staged.get(), digest_of(bytes), static_cast<int64_t>(bytes.size()), false);
    return tree_.file(bytes, "a", name, testing::plain_file()).asset;
  }
  void spoil(const std::string& bytes, std::string_view by) {
    const Path object = tree_.objects.path_of(digest_of(bytes));
    std::filesystem::remove(object);
    testing::write_file(object, by);
  }
  VerifyReport verify() {
    const std::atomic<bool> stop{false};
    return verify_objects(catalog(), tree_.objects, tree_.cache, {[](const auto&, const auto&) {}, [](const auto&) {}},
                          stop);
  }
  std::vector<ChangeRow> told_since(int64_t change) {
    auto changes = catalog().reader()->changes_after(change, 1000);
    std::erase_if(changes, [](const ChangeRow& each) { return each.what != ChangeRow::What::kBytes; });
    return changes;
  }
  int64_t newest_change() { return catalog().reader()->newest_change(); }
  Catalog& catalog() { return tree_.catalog(); }

  ScratchTree tree_{"damfs-fake-worker"};
};

TEST_F(DamageTest, WhatVerifyFindsIsKnownUntilItIsWholeAgain) {
  const int64_t asset = add("bytes", "x.txt");
  const int64_t version = tree_.asset(asset).row.version;
  EXPECT_EQ(verify().bad, 0);
  spoil("bytes", "byteZ");
  int64_t before = newest_change();
  EXPECT_EQ(verify().bad, 1);
  EXPECT_EQ(verify().bad, 1);
  ASSERT_EQ(told_since(before).size(), 1U) << "told once";
  EXPECT_EQ(told_since(before).front().version, version);
  EXPECT_NE(catalog().reader()->bytes_of_version(version)->damage, "");
  EXPECT_EQ(damaged_blobs(*catalog().reader()).size(), 1U);
  EXPECT_THROW(testing::at_path(tree_.tree, "originals/a/x.txt")->open({}), Error);
  spoil("bytes", "bytes");
  before = newest_change();
  const VerifyReport report = verify();
  EXPECT_EQ(report.bad, 0);
  EXPECT_EQ(report.healed, 1);
  EXPECT_EQ(told_since(before).size(), 1U);
  EXPECT_EQ(catalog().reader()->bytes_of_version(version)->damage, "");
  EXPECT_TRUE(tree_.problems().empty());
}

TEST_F(DamageTest, EveryStateWithTheseBytesIsToldOf) {
  const int64_t one = add("bytes", "one.txt");
  add("others", "two.txt");
  tree_.catalog().write([&](Writer& writer) {
    writer.seal_version({.version = writer.reserve_versions(1), .sha256 = digest_of("others"), .size = 6}, one);
    writer.revert(one, 1);
  });
  spoil("bytes", "");
  const int64_t before = newest_change();
  EXPECT_EQ(verify().bad, 1);
  EXPECT_EQ(told_since(before).size(), 2U);
}

TEST_F(DamageTest, GoesWithTheBlobThatIsPurged) {
  const int64_t asset = add("bytes", "x.txt");
  spoil("bytes", "");
  verify();
  catalog().write([&](Writer& writer) {
    writer.trash_entry(*writer.entry_at(writer.ensure_folder("a"), "x.txt"), 0);
    writer.purge_asset(asset);
  });
  EXPECT_TRUE(damaged_blobs(*catalog().reader()).empty());
  EXPECT_TRUE(tree_.problems().empty());
}

TEST_F(DamageTest, AFlawIsOfTheFileThatHasIt) {
  add("bytes", "x.txt");
  EXPECT_FALSE(tree_.objects.find_flaw(digest_of("bytes")));
  spoil("bytes", "byteZ");
  const auto flaw = tree_.objects.find_flaw(digest_of("bytes"));
  ASSERT_TRUE(flaw);
  EXPECT_TRUE(tree_.objects.is_still(digest_of("bytes"), *flaw));
  spoil("bytes", "bytes");
  EXPECT_FALSE(tree_.objects.is_still(digest_of("bytes"), *flaw)) << "somebody put good ones there meanwhile";
  std::filesystem::remove(tree_.objects.path_of(digest_of("bytes")));
  EXPECT_FALSE(tree_.objects.is_still(digest_of("bytes"), *flaw));
  const auto gone = tree_.objects.find_flaw(digest_of("bytes"));
  ASSERT_TRUE(gone);
  EXPECT_TRUE(tree_.objects.is_still(digest_of("bytes"), *gone));
}

}  // namespace
}  // namespace damfs
