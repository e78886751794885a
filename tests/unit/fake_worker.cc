// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

// A worker that misbehaves on demand: what it does stands in the name of the file it is to probe, or in the session of
// the clip it is to make.

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <sstream>
#include <string>

#include "catalog/base/file.h"
#include "catalog/media/jobs/messages.h"
#include "catalog/media/wire.h"

namespace damfs {
namespace {

// True the first time: leaves a file behind.
bool first_time(const std::string& marker) {
  const UniqueFd fd(::open(marker.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  return static_cast<bool>(fd);
}

void send(std::string_view payload) { wire::send_frame(wire::kWorkerSocket, payload, {}, {}); }

// As a crash is seen from outside, even where a sanitizer would rather explain it.
void die(int signal) {
  ::signal(signal, SIG_DFL);
  ::raise(signal);
}

void obey(const std::string& order) {
  JobResult fine;
  fine.ok = true;
  fine.facts.title = std::to_string(::getpid());
  if (order == "crash") die(SIGSEGV);
  if (order == "bus") die(SIGBUS);
  if (order == "exit") ::_exit(3);
  if (order == "hang") ::pause();
  if (order == "garbage") return send("+{\"kind\":17}");
  if (order == "half") {
    (void)!::write(wire::kWorkerSocket, "\x50\0\0\0+{", 6);
    ::_exit(0);
  }
  if (order == "huge") {
    (void)!::write(wire::kWorkerSocket, "\xff\xff\xff\xff", 4);
    ::pause();
  }
  if (order.starts_with("crash-once ") && first_time(order.substr(11))) die(SIGABRT);
  if (order.starts_with("hang-once ") && first_time(order.substr(10))) ::pause();
  if (order == "refuse") return send("-this file is no good");
  send(wire::result_to_payload(fine, Job{}));
  if (order == "die-after") ::_exit(0);
}

// Each unit tells its number and who made it.
void write_unit(const Job& job, int64_t i) {
  const std::string text = fmt::format("{} {}", job.run.first + i, ::getpid());
  std::string unit(static_cast<size_t>(job.run.unit_bytes), '\0');
  unit.replace(0, text.size(), text);
  (void)!::pwrite(job.output.get(), unit.data(), unit.size(), i * job.run.unit_bytes);
}

void answer_clip(const Job& job, int64_t units) {
  JobResult result;
  result.ok = true;
  result.units_done = units;
  send(wire::result_to_payload(result, job));
}

// "<what> <unit> <marker>": what happens before that unit is made; with a marker, only once.
void obey_clip(const Job& job) {
  std::istringstream order(job.run.session);
  std::string what, marker;
  int64_t at = 0;
  order >> what >> at >> marker;
  for (int64_t i = job.run.made; i < job.run.count; ++i) {
    if (i == at && (marker.empty() || first_time(marker))) {
      if (what == "crash") die(SIGABRT);
      if (what == "hang") ::pause();
      if (what == "damaged") return send("-this stretch is no good");
      if (what == "early") return answer_clip(job, i);
      if (what == "lie") return answer_clip(job, job.run.count);
      if (what == "short") return send("+" + std::to_string(job.run.count) + "," + std::to_string(job.run.unit_bytes));
      if (what == "again") return send(wire::progress_to_payload(i, job.run));
      if (what == "await-stop") {
        while (wire::receive_frame(wire::kWorkerSocket, 0, {})->payload != wire::kStopPayload) {
        }
        return answer_clip(job, i);
      }
    }
    if (what == "slow") ::usleep(static_cast<useconds_t>(at) * 1000);
    write_unit(job, i);
    send(wire::progress_to_payload(i + 1, job.run));
  }
  answer_clip(job, job.run.count);
}

}  // namespace
}  // namespace damfs

int main() {
  using namespace damfs;
  while (auto frame = wire::receive_frame(wire::kWorkerSocket, wire::kMaxDescriptors, {})) {
    if (frame->payload == wire::kStopPayload) continue;  // it came too late
    Job job = wire::request_from_payload(frame->payload);
    if (job.type == JobType::kProbe) {
      obey(job.name);
    } else if (job.type == JobType::kClip) {
      job.output = std::move(frame->descriptors.at(1));
      obey_clip(job);
    } else {
      send("+100");  // and writes nothing
    }
  }
  return 0;
}
