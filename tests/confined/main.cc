// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

// damfs-confined-act: the worker as if it had been taken over. It starts like damfs-worker and works like it, but a
// source that ends in "damfs-act:NAME" makes it try that act. `damfs-confined-act --list`: their names and fates, with
// the signal or error number.
// `--landlock`: that part alone.

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <exception>
#include <memory>
#include <string>
#include <vector>

#include "catalog/base/error.h"
#include "catalog/media/jobs/messages.h"
#include "catalog/media/wire.h"
#include "catalog/media/worker/libraries.h"
#include "catalog/media/worker/probe/probe.h"
#include "catalog/media/worker/sandbox/confine.h"
#include "catalog/media/worker/sandbox/start.h"
#include "catalog/media/worker/source.h"
#include "catalog/media/worker/still/still.h"
#include "tests/confined/acts.h"

namespace damfs {
namespace {

constexpr std::string_view kMark = "damfs-act:";

std::string act_in(const worker::Source& source) {
  const auto bytes = source.bytes();
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const std::string_view tail = text.substr(text.size() - std::min<size_t>(text.size(), 64));
  const size_t at = tail.rfind(kMark);
  return at == tail.npos ? std::string() : std::string(tail.substr(at + kMark.size()));
}

JobResult answer(std::string text) {
  JobResult result;
  result.reason = std::move(text);
  return result;
}

// The three limits on what a worker uses; they are no system calls of their own.
JobResult use_up(const std::string& what, int output) {
  if (what == "processor") {
    for (std::atomic<unsigned> n = 0;; ++n) {
    }
  }
  if (what == "disk") {
    (void)!::ftruncate(output, int64_t{8} << 30);
  }
  if (what == "descriptors") {
    int count = 0;
    while (::dup(STDIN_FILENO) >= 0) ++count;
    return answer(count < 1000 && errno == EMFILE ? "refused" : "not limited");
  }
  if (what == "all-memory") {
    std::vector<std::unique_ptr<char[]>> held;  // not written to: the limit is on what could be
    for (int i = 0; i < 64; ++i) held.emplace_back(new char[size_t{256} << 20]);
  }
  return answer("it came back from " + what);
}

JobResult perform(const std::string& name, int output) {
  for (const testing::Act& act : testing::acts()) {
    if (name != act.name) continue;
    errno = 0;
    const long result = act.perform();
    return answer(result < 0 ? "refused: " + std::to_string(errno) : "it was done");
  }
  return use_up(name, output);
}

JobResult work(const Job& job) {
  std::vector<std::unique_ptr<worker::Source>> sources;
  sources.push_back(std::make_unique<worker::Source>(job.source.get()));
  const worker::Source& source = *sources.front();
  if (const std::string act = act_in(source); !act.empty()) return perform(act, job.output.get());
  worker::forget_complaints();
  JobResult result;
  if (job.type == JobType::kProbe) {
    result.facts = worker::probe(source, job.name);
  } else {
    const int output = job.output.get();
    result.real_bytes = worker::render_stills(sources, job.still, std::span(&output, 1)).real_bytes;
  }
  result.ok = true;
  return result;
}

void serve() {
  while (auto frame = wire::receive_frame(wire::kWorkerSocket, wire::kMaxDescriptors, {})) {
    Job job = wire::request_from_payload(frame->payload);
    job.source = std::move(frame->descriptors.at(0));
    if (frame->descriptors.size() > 1) job.output = std::move(frame->descriptors[1]);
    JobResult result;
    try {
      result = work(job);
    } catch (const std::exception& error) {
      result = answer(error.what());
    }
    wire::send_frame(wire::kWorkerSocket, wire::result_to_payload(result, job), {}, {});
  }
}

int list() {
  if (!worker::kCanConfine) return 1;
  for (const testing::Act& act : testing::acts()) {
    constexpr std::array<const char*, 3> kFates{"ends", "refused", "allowed"};
    const int number = act.fate == testing::Act::Fate::kEndsIt ? testing::ended_by(act) : act.error;
    std::printf("%s %s %d\n", act.name, kFates.at(static_cast<size_t>(act.fate)), number);
  }
  return 0;
}

// Landlock alone, which otherwise nothing ever reaches behind the filter: what it makes of opening a file.
int try_landlock() {
  worker::confine_early();
  worker::refuse_paths_and_network();
  const int opened = ::open("/etc/passwd", O_RDONLY);
  std::printf("%d\n", opened < 0 ? errno : 0);
  return 0;
}

}  // namespace
}  // namespace damfs

int main(int argc, char** argv) {
  if (argc > 1) return argv[1] == std::string_view("--landlock") ? damfs::try_landlock() : damfs::list();
  try {
    damfs::worker::run_worker(damfs::serve);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "damfs-confined-act: %s\n", error.what());
    return 1;
  }
}
