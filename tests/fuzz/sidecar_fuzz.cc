// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "catalog/base/error.h"
#include "catalog/base/unique_fd.h"
#include "catalog/media/facts_json.h"
#include "catalog/media/worker/libraries.h"
#include "catalog/media/worker/probe/probe.h"

// Whatever a sidecar says, it is refused as such or fits into the worker's answer.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace damfs;
  static const bool started = (worker::start_libraries(), true);
  if (!started) std::abort();
  const UniqueFd file(::memfd_create("sidecar", MFD_CLOEXEC));
  if (!file || ::write(file.get(), data, size) != static_cast<ssize_t>(size)) std::abort();
  const worker::Source source(file.get());
  MediaFacts facts;
  facts.mime = kSidecarMime;
  try {
    worker::probe_sidecar(source, facts);
  } catch (const Error&) {
    return 0;
  }
  facts_from_json(facts_to_json(facts));
  return 0;
}
