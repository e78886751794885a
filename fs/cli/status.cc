// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "catalog/model/catalog.h"
#include "catalog/store/derived_cache.h"
#include "fs/cli/command.h"
#include "fs/cli/json.h"
#include "fs/cli/output.h"

namespace damfs {
namespace {

using Json = nlohmann::ordered_json;

// What the mount says of itself; null when it does not answer.
Json mount_stats(const Path& mountpoint) {
  try {
    const auto text = read_text(mountpoint / ".damfs" / "stats.json");
    return Json::parse(text.value_or(""), nullptr, false);
  } catch (const std::exception&) {
    return {};
  }
}

void print_text(const Json& status) {
  fmt::print("Library   {}\n", status["library"].get<std::string>());
  fmt::print("Assets    {} ({} different contents, {})\n", status["assets"].get<int64_t>(),
             status["blobs"].get<int64_t>(), human_bytes(status["original_bytes"].get<int64_t>()));
  fmt::print("Previews  {} of at most {} cached\n", human_bytes(status["derived_cache_bytes"].get<int64_t>()),
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

}  // namespace

void add_status(CLI::App& program, Globals& globals) {
  auto* verb = program.add_subcommand("status", "Say what the library holds and where it is mounted");
  verb->footer("Examples:\n  damfs status\n  damfs status --json");
  auto json = std::make_shared<bool>(false);
  verb->add_flag("--json", *json, "One JSON object, in the words of .damfs/stats.json");
  verb->callback([json, &globals] {
    const Library library = globals.open_library();
    Catalog catalog(library.catalog());
    const auto totals = catalog.reader()->totals();
    Json status = {{"library", library.root().string()},
                   {"version", DAMFS_VERSION},
                   {"assets", totals.assets},
                   {"blobs", totals.blobs},
                   {"original_bytes", totals.original_bytes},
                   {"derived_cache_bytes", DerivedCache(library.derived(), library.config().derived_max_bytes).bytes()},
                   {"derived_max_bytes", library.config().derived_max_bytes},
                   {"mounted", false}};
    if (const auto where = mounted_at(library)) {
      status["mounted"] = where->string();
      if (const Json stats = mount_stats(*where); stats.is_object()) status.update(stats);
    }
    if (*json) {
      fmt::print("{}\n", dump_line(status));
    } else {
      print_text(status);
    }
  });
}

}  // namespace damfs
