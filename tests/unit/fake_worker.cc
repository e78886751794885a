// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

// A worker that misbehaves on demand: what it does stands in the name of the file it is to probe.

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <string>

#include "catalog/base/file.h"
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
  send(wire::result_to_payload(fine, JobType::kProbe));
  if (order == "die-after") ::_exit(0);
}

}  // namespace
}  // namespace damfs

int main() {
  using namespace damfs;
  while (auto frame = wire::receive_frame(wire::kWorkerSocket, wire::kMaxDescriptors, {})) {
    const Job job = wire::request_from_payload(frame->payload);
    if (job.type == JobType::kStill) {
      send("+100");  // and writes nothing
    } else {
      obey(job.name);
    }
  }
  return 0;
}
