// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

// Whole trees whose bytes are far away, read by a kernel.

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <map>
#include <set>
#include <string>

#include "tests/support/fake_kernel.h"
#include "tests/support/far_store.h"
#include "tests/support/library.h"

namespace damfs::test {
namespace {

using damfs::testing::photo;
using damfs::testing::ScratchTree;

Places::Parts far_places(const ObjectStore& store) {
  Places::Parts parts = places_of(store);
  parts.places.clear();
  parts.places.push_back(std::make_unique<FarStore>(store));
  return parts;
}

std::string picture(int side) {
  std::string text = "P6 " + std::to_string(side) + " " + std::to_string(side) + " 255\n";
  for (int i = 0; i < side * side; ++i) {
    text += static_cast<char>(i % side);
    text += static_cast<char>(i / side);
    text += static_cast<char>(i * 7);
  }
  return text;
}

struct FarTree : ::testing::Test {
  FarTree()
      : tree("damfs-worker", {}, &far_places),
        session({.nodes = tree.tree, .stats = stats, .library = "/", .owner = {.uid = 1234, .gid = 5678}}),
        kernel(session) {
    kernel.init();
  }
  void add(const std::string& folder, const std::string& name, const std::string& bytes, const MediaFacts& facts) {
    const UniqueFd staged = tree.objects.stage_unnamed();
    write_all(staged.get(), std::as_bytes(std::span(bytes)), "a staged file");
    tree.objects.adopt(staged.get(), damfs::testing::digest_of(bytes), static_cast<int64_t>(bytes.size()), false);
    tree.file(bytes, folder, name, facts);
    originals["originals/" + folder + "/" + name] = bytes;
  }
  void add_picture(const std::string& folder, const std::string& name, int side) {
    MediaFacts facts = photo();
    facts.mime = "image/x-portable-pixmap";
    facts.raster = facts.still = Raster{side, side};
    add(folder, name, picture(side), facts);
  }
  std::string read_whole(uint64_t node, uint64_t size, const std::string& path) {
    const uint64_t handle = kernel.open(node);
    std::string all;
    while (all.size() < size) {
      const auto answer = kernel.read(node, handle, all.size(), 128U << 10);
      EXPECT_EQ(answer.error, 0) << path;
      if (answer.error != 0 || answer.data.empty()) break;
      all += answer.data;
    }
    EXPECT_EQ(all.size(), size) << path;
    return all;
  }
  // Reads all that is below; each file once.
  void walk(uint64_t folder, const std::string& path) {
    const uint64_t handle = kernel.opendir(folder);
    uint64_t offset = 0;
    for (;;) {
      const auto entries = kernel.readdir(folder, handle, offset, 32768, true);
      if (entries.empty()) return;
      for (const auto& entry : entries) {
        offset = entry.off;
        if (entry.name == "." || entry.name == "..") continue;
        const std::string below = path.empty() ? entry.name : path + "/" + entry.name;
        const auto found = kernel.lookup(folder, entry.name);
        ASSERT_TRUE(found) << below;
        if (S_ISDIR(found->attr.mode)) {
          walk(found->nodeid, below);
        } else if (S_ISREG(found->attr.mode) && (originals.contains(below) || read.insert(found->nodeid).second)) {
          ++files;
          const std::string bytes = read_whole(found->nodeid, found->attr.size, below);
          EXPECT_TRUE(!originals.contains(below) || bytes == originals[below]) << below;
          EXPECT_TRUE(!below.starts_with("previews/") || bytes.starts_with("RIFF")) << below;
        }
      }
    }
  }

  std::map<std::string, std::string> originals;
  std::set<uint64_t> read;
  size_t files = 0;
  ScratchTree tree;
  Stats stats;
  Session session;
  FakeKernel kernel;
};

TEST_F(FarTree, EveryFileOfItIsRead) {
  add_picture("rome", "a.ppm", 300);
  add_picture("rome", "b.ppm", 700);
  std::string text;
  while (text.size() < 3'000'000) text += std::to_string(text.size()) + ", ";
  add("notes", "long.txt", text, damfs::testing::plain_file());
  add("notes", "short.txt", "x", damfs::testing::plain_file());
  add("notes", "empty.txt", "", damfs::testing::plain_file());
  walk(1, "");
  EXPECT_GE(files, 5U + 6U) << "the originals, and three previews of each picture";
  for (const auto& [path, bytes] : originals) {
    const auto node = damfs::testing::at_path(tree.tree, path);
    ASSERT_TRUE(node) << path;
    EXPECT_LT(node->open({})->passthrough_fd(), 0) << path;
  }
}

TEST_F(FarTree, SavingOverAFileBeginsWithItsBytes) {
  add("notes", "a.txt", "0123456789", damfs::testing::plain_file());
  const auto folder = damfs::testing::at_path(tree.tree, "originals/notes");
  const NodeRef draft = folder->overwrite({}, EntryName("a.txt"));
  ASSERT_TRUE(draft);
  EXPECT_EQ(draft->attributes()->size, 10U);
  const ContentRef content = draft->open({.writes = true, .actor = {}});
  content->write(3, std::as_bytes(std::span("abc", 3)), [](int error) { EXPECT_EQ(error, 0); });
  EXPECT_EQ(read_whole(draft->id().value(), 10, "a.txt"), "012abc6789");
}

}  // namespace
}  // namespace damfs::test
