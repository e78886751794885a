// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>

#include <cerrno>
#include <filesystem>
#include <future>
#include <string>
#include <utility>
#include <vector>

#include "catalog/base/error.h"
#include "catalog/base/file.h"
#include "catalog/media/pool/worker_pool.h"

namespace damfs::testing {

// A folder of a test's own, gone with it.
class ScratchFolder {
 public:
  ScratchFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "damfs-media-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw_errno(errno, "cannot make a scratch folder");
    path_ = name;
  }
  ~ScratchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  Path operator/(const std::string& name) const { return path_ / name; }

 private:
  Path path_;
};

struct Ran {
  int status = -1;  // 127: there is no such program
  std::string output, errors;
};

// Runs a tool of the system, found in $PATH.
inline Ran run(std::vector<std::string> words) {
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  ScratchFolder scratch;
  const Path output = scratch / "output";
  const Path errors = scratch / "errors";
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, output.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  ::posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, errors.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  pid_t pid = -1;
  const int error = ::posix_spawnp(&pid, argv[0], &actions, nullptr, argv.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return {127, {}, {}};
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128, read_text(output, 64U << 20).value_or(""),
          read_text(errors, 64U << 20).value_or("")};
}

// Skips the test when a tool that makes or judges its media is not installed.
#define NEEDS_TOOL(...)                                                                      \
  if (const Ran made = run({__VA_ARGS__}); made.status == 127) {                             \
    GTEST_SKIP() << "a tool is not installed: " << std::vector<std::string>{__VA_ARGS__}[0]; \
  } else                                                                                     \
    ASSERT_EQ(made.status, 0) << made.output << made.errors

inline size_t open_descriptors() {
  size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) ++count;
  return count;
}

inline void write_file(const Path& path, std::string_view text) {
  const UniqueFd fd = open_file(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  write_all(fd.get(), std::as_bytes(std::span(text)), path);
}

// Submits and waits.
inline JobResult finish(WorkerPool& pool, Job job) {
  std::promise<JobResult> promise;
  auto answer = promise.get_future();
  job.done = [&promise](JobResult result, UniqueFd) { promise.set_value(std::move(result)); };
  pool.submit(std::move(job));
  return answer.get();
}

inline Job probe_job(const Path& path) {
  Job job;
  job.type = JobType::kProbe;
  job.source = open_file(path, O_RDONLY);
  job.name = path.filename().string();
  return job;
}

inline Job still_job(const Path& source, const Path& output, Raster target, int64_t declared,
                     Kind kind = Kind::kImage) {
  Job job;
  job.type = JobType::kStill;
  job.source = open_file(source, O_RDONLY);
  job.output = open_file(output, O_RDWR | O_CREAT | O_TRUNC, 0600);
  job.still.target = target;
  job.still.declared_bytes = declared;
  job.still.kind = kind;
  return job;
}

}  // namespace damfs::testing
