// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/library/library.h"

#include <cerrno>

#include "tests/unit/media_fixture.h"

namespace damfs {
namespace {

using testing::ScratchFolder;
using testing::write_file;

std::string refusal(const Path& file, const std::string& text) {
  write_file(file, text);
  try {
    Config::load(file);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), EINVAL);
    return error.what();
  }
  ADD_FAILURE() << "taken: " << text;
  return {};
}

TEST(Config, ReadsWhatIsSetAndKeepsDefaults) {
  const ScratchFolder folder;
  const Path file = folder / "damfs.toml";
  EXPECT_EQ(Config::load(file).derived_max_bytes, int64_t{10} << 30);
  EXPECT_EQ(Config::load(file).media_ready_workers, 2U);
  write_file(file, "[derived]\nmax_bytes = 2_000_000\n[media]\nworkers = 3\nready_workers = 0\n");
  const Config config = Config::load(file);
  EXPECT_EQ(config.derived_max_bytes, 2'000'000);
  EXPECT_EQ(config.media_workers, 3U);
  EXPECT_EQ(config.media_ready_workers, 0U);
  EXPECT_EQ(config.media_deadline_ms, 30'000);
}

TEST(Config, ErrorsNameFileAndLine) {
  const ScratchFolder folder;
  const Path file = folder / "damfs.toml";
  const struct {
    const char *text, *line, *says;
  } kCases[] = {
      {"\n[derived]\nmax_bytes = 5\n", ":3:", "derived.max_bytes must be a whole number"},
      {"[derived]\nmax_bytes = \"lots\"\n", ":2:", "derived.max_bytes must be"},
      {"[derived]\nmax_bytes = 1e9\n", ":2:", "derived.max_bytes must be"},
      {"[media]\n\nworkers = -1\n", ":3:", "media.workers must be"},
      {"[media]\nworker = 1\n", ":2:", "there is no setting 'media.worker'"},
      {"[medai]\nworkers = 1\n", ":2:", "there is no setting 'medai.workers'"},
      {"max_bytes = 1\n", ":1:", "'max_bytes' stands outside"},
      {"[derived]\nmax_bytes = = 1\n", ":2:", ""},
      {"[derived\n", ":1:", ""},
  };
  for (const auto& [text, line, says] : kCases) {
    const std::string message = refusal(file, text);
    EXPECT_NE(message.find(file.string() + line), std::string::npos) << message;
    EXPECT_NE(message.find(says), std::string::npos) << message;
  }
}

TEST(Library, IsMadeOnceAndOpenedAgain) {
  const ScratchFolder folder;
  const Library made = Library::create(folder / "new/library");
  EXPECT_TRUE(Library::is_library(made.root()));
  EXPECT_TRUE(
      read_text(made.derived().path() / "CACHEDIR.TAG")->starts_with("Signature: 8a477f597d28d172789f06886806bc55\n"));
  const auto code = [](const std::function<void()>& work) {
    try {
      work();
    } catch (const Error& error) {
      return error.code();
    }
    return 0;
  };
  EXPECT_EQ(code([&] { Library::create(made.root()); }), EEXIST);
  write_file(folder / "in the way", "x");
  EXPECT_EQ(code([&] { Library::create(folder / "."); }), ENOTEMPTY);
  EXPECT_EQ(code([&] { Library library(folder / "nowhere"); }), ENOENT);
  std::filesystem::remove_all(made.derived().path());
  EXPECT_EQ(code([&] { Library library(made.root()); }), 0);
  EXPECT_TRUE(stat_path(made.derived().path() / "CACHEDIR.TAG"));
}

TEST(Library, IsFoundInTheOrderThatTheManualSays) {
  const ScratchFolder folder;
  const Library around = Library::create(folder / "around");
  std::filesystem::create_directories(around.root() / "objects/ab/cd");
  const char* before = ::getenv("DAMFS_LIBRARY");
  const std::string kept = before == nullptr ? "" : before;
  ::unsetenv("DAMFS_LIBRARY");
  EXPECT_EQ(Library::find(std::nullopt, around.root() / "objects/ab/cd"), around.root());
  EXPECT_EQ(Library::find(std::nullopt, folder / "."), Library::default_root());
  ::setenv("DAMFS_LIBRARY", "/named", 1);
  EXPECT_EQ(Library::find(std::nullopt, around.root()), "/named");
  EXPECT_EQ(Library::find(Path("/given"), around.root()), "/given");
  before == nullptr ? ::unsetenv("DAMFS_LIBRARY") : ::setenv("DAMFS_LIBRARY", kept.c_str(), 1);
}

TEST(FileLock, IsSharedOrHeldAlone) {
  const ScratchFolder folder;
  std::filesystem::create_directory(folder / "folder");
  for (const Path& file : {folder / "lock", folder / "folder"}) {
    {
      const FileLock one = FileLock::share(file, "refused");
      const FileLock other = FileLock::share(file, "refused");
      EXPECT_FALSE(FileLock::try_take(file)) << file;
    }
    EXPECT_TRUE(FileLock::try_take(file)) << file;
  }
}

TEST(FileLock, IsHeldWhileItLives) {
  const ScratchFolder folder;
  const Path file = folder / "lock";
  EXPECT_FALSE(FileLock::is_held(file));
  {
    const auto lock = FileLock::try_take(file);
    ASSERT_TRUE(lock);
    EXPECT_TRUE(FileLock::is_held(file));
    EXPECT_FALSE(FileLock::try_take(file));
  }
  EXPECT_FALSE(FileLock::is_held(file));
  EXPECT_TRUE(FileLock::try_take(file));
}

}  // namespace
}  // namespace damfs
