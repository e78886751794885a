// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "catalog/base/clock.h"
#include "catalog/base/names.h"
#include "catalog/derived/derived_cache.h"
#include "catalog/ingest/refresh.h"
#include "catalog/library/mounts.h"
#include "catalog/model/catalog.h"
#include "fs/cli/command.h"
#include "fs/cli/json.h"
#include "fs/cli/output.h"
#include "fs/mount/mountpoint.h"
#include "views/derive/failures.h"

namespace damfs {
namespace {

using Json = nlohmann::ordered_json;

// What the mount says of itself; null when it does not answer, or where only a library says that there is one.
Json mount_stats(const Path& mountpoint) {
  if (!is_fuse_mount(mountpoint)) return {};
  try {
    const auto text = read_text(mountpoint / ".damfs" / "stats.json");
    return Json::parse(text.value_or(""), nullptr, false);
  } catch (const std::exception&) {
    return {};
  }
}

void print_status(const Json& status) {
  fmt::print("Library   {}\n", status["library"].get<std::string>());
  fmt::print("Assets    {} ({} different contents, {})\n", status["assets"].get<int64_t>(),
             status["blobs"].get<int64_t>(), human_bytes(status["original_bytes"].get<int64_t>()));
  if (const auto stale = status["stale_originals"].get<int64_t>(); stale > 0) {
    fmt::print("          {} looked at by an older damfs; `damfs import --refresh` looks again\n", stale);
  }
  fmt::print("Derived   {} of at most {} cached\n", human_bytes(status["derived_cache_bytes"].get<int64_t>()),
             human_bytes(status["derived_max_bytes"].get<int64_t>()));
  if (!status["mounted"].is_string()) {
    fmt::print("Mounted   no; `damfs mount` shows it as a drive\n");
    return;
  }
  fmt::print("Mounted   at {}\n", status["mounted"].get<std::string>());
  if (!status.contains("requests")) {
    fmt::print("          but it does not answer; `damfs doctor` may tell why\n");
    return;
  }
  fmt::print("          {} requests, {} previews made, {} failed, {} workers restarted, {} in memory\n",
             status["requests"].get<int64_t>(), status["renders_done"].get<int64_t>(),
             status["renders_failed"].get<int64_t>(), status["worker_restarts"].get<int64_t>(),
             human_bytes(status["resident_bytes"].get<int64_t>()));
}

Json status_of(const Library& library) {
  Catalog catalog(library.catalog());
  const auto totals = catalog.reader()->totals();
  Json status = {{"library", library.root().string()},
                 {"version", DAMFS_VERSION},
                 {"assets", totals.assets},
                 {"copies", totals.copies},
                 {"blobs", totals.blobs},
                 {"original_bytes", totals.original_bytes},
                 {"stale_originals", stale_originals(catalog)},
                 {"derived_cache_bytes", DerivedCache(library.derived(), library.config().derived_max_bytes).bytes()},
                 {"derived_max_bytes", library.config().derived_max_bytes},
                 {"mounted", false}};
  if (const auto where = mounted_at(library)) {
    status["mounted"] = where->string();
    if (const Json stats = mount_stats(*where); stats.is_object()) status.update(stats);
  }
  return status;
}

Json failed_json(const FailedFile& file) {
  return {{"paths", file.paths},
          {"assets", file.assets},
          {"sha256", file.failure.key.source.hex()},
          {"profile", file.failure.key.profile},
          {"reason", file.failure.reason},
          {"at", local_time(file.failure.at_ns).text()}};
}

// What could not be made, of which files, and why.
void print_failed(const Library& library, bool as_json) {
  Catalog catalog(library.catalog());
  DerivedCache cache(library.derived(), library.config().derived_max_bytes);
  const auto files = failed_files(*catalog.reader(), cache);
  if (as_json) {
    Json list = Json::array();
    for (const FailedFile& file : files) list.push_back(failed_json(file));
    fmt::print("{}\n", dump_line({{"failed", std::move(list)}}));
    return;
  }
  if (files.empty()) {
    fmt::print("Nothing failed: every preview that was asked for could be made.\n");
    return;
  }
  for (const FailedFile& file : files) {
    const auto& [key, reason, at_ns] = file.failure;
    for (const std::string& path : file.paths) fmt::print("{}\n", printable(path));
    fmt::print("    {}: {} ({})\n", key.profile, printable(reason), local_time(at_ns).text());
  }
  fmt::print("{} failed. `damfs warm --retry` tries them again.\n", files.size());
}

struct StatusArguments {
  bool json = false;
  bool failed = false;
};

}  // namespace

void add_status(CLI::App& program, Globals& globals) {
  auto* verb = program.add_subcommand("status", "Say what the library holds and where it is mounted");
  verb->footer("Examples:\n  damfs status\n  damfs status --failed\n  damfs status --json");
  auto arguments = std::make_shared<StatusArguments>();
  verb->add_flag("--json", arguments->json, "One JSON object, in the words of .damfs/stats.json");
  verb->add_flag("--failed", arguments->failed, "List the previews that could not be made, and why");
  verb->callback([arguments, &globals] {
    const Library library = globals.open_library();
    if (arguments->failed) return print_failed(library, arguments->json);
    const Json status = status_of(library);
    if (arguments->json) {
      fmt::print("{}\n", dump_line(status));
    } else {
      print_status(status);
    }
  });
}

}  // namespace damfs
