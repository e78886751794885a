// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/ingest/walk.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "tests/unit/media_fixture.h"

namespace damfs {
namespace {

// Scenario: a tree of thousands of levels was the end of an import, by its stack or by the length of the paths.
TEST(Walk, GoesDown) {
  constexpr int kLevels = 3000;
  const testing::ScratchFolder scratch;
  const Path top = scratch / "top";
  ASSERT_EQ(::mkdir(top.c_str(), 0700), 0);
  UniqueFd at(::open(top.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  for (int i = 0; i < kLevels; ++i) {
    ASSERT_EQ(::mkdirat(at.get(), "d", 0700), 0);
    at = UniqueFd(::openat(at.get(), "d", O_PATH | O_DIRECTORY | O_CLOEXEC));
  }
  const UniqueFd file(::openat(at.get(), "file", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  std::vector<std::string> found;
  std::vector<std::string> refused;
  WalkVisitor visitor;
  visitor.file = [&](const WalkedFile& each) {
    found.push_back(each.name);
    EXPECT_EQ(each.folder.size(), size_t{2 * kLevels - 1});
    return true;
  };
  visitor.unreadable = visitor.skipped = [&](const Path&, const std::string& reason) { refused.push_back(reason); };
  EXPECT_TRUE(walk(top, visitor));
  EXPECT_EQ(found, std::vector<std::string>{"file"});
  EXPECT_EQ(refused, std::vector<std::string>());
  // From below, for what removes a scratch folder goes by paths.
  ::unlinkat(at.get(), "file", 0);
  for (int i = 0; i < kLevels; ++i) {
    at = UniqueFd(::openat(at.get(), "..", O_PATH | O_DIRECTORY | O_CLOEXEC));
    ::unlinkat(at.get(), "d", AT_REMOVEDIR);
  }
}

}  // namespace
}  // namespace damfs
