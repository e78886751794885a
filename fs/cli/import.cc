// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <CLI/CLI.hpp>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <mutex>
#include <nlohmann/json.hpp>
#include <utility>

#include "catalog/acts/importing.h"
#include "catalog/base/error.h"
#include "catalog/base/names.h"
#include "catalog/base/now.h"
#include "catalog/media/charsets.h"
#include "fs/cli/command.h"
#include "fs/cli/items.h"
#include "fs/cli/output.h"
#include "fs/cli/teller.h"

namespace damfs {
namespace {

struct ImportArguments {
  std::vector<std::string> paths;
  std::string into;
  std::vector<std::string> tags, albums;
  bool dry_run = false;
  bool skip_known = false;
  bool hash_members = false;
  bool quiet = false;
  bool refresh = false;
  std::string encoding;
  unsigned threads = 0;
  Teller tell;
};

// What the user sees while an import runs, from whichever thread it comes.
class Reporter {
 public:
  Reporter(const ImportArguments& arguments) : arguments_(arguments), bar_("Importing") {}

  void event(const char* what, const Path& path, const std::string& reason) {
    const std::lock_guard lock(mutex_);
    if (arguments_.tell.is_json()) {
      arguments_.tell.line({{"event", what}, {"path", printable(path.native())}, {"reason", printable(reason)}});
    } else if (std::string_view(what) == "failed" || !arguments_.quiet) {
      bar_.clear();
      fmt::print(stderr, "{}: {}: {}\n", what, printable(path.native()), printable(reason));
    }
  }

  void progress(const ImportProgress& now) {
    const std::lock_guard lock(mutex_);
    if (arguments_.tell.is_json()) {
      if (Clock::now() - printed_ < std::chrono::seconds(1)) return;
      printed_ = Clock::now();
      arguments_.tell.line({{"event", "progress"},
                            {"files", now.done_files.load()},
                            {"found_files", now.found_files.load()},
                            {"bytes", now.read_bytes.load()},
                            {"found_bytes", now.found_bytes.load()},
                            {"counting", !now.walk_done}});
    } else if (!arguments_.quiet) {
      bar_.show({.done = now.done_files,
                 .total = now.found_files,
                 .total_grows = !now.walk_done,
                 .bytes = now.read_bytes,
                 .bytes_total = now.walk_done ? now.found_bytes.load() : 0});
    }
  }

  void done(const ImportReport& report, double seconds) {
    const std::lock_guard lock(mutex_);
    bar_.clear();
    if (arguments_.tell.is_json()) {
      arguments_.tell.line({{"event", "done"},
                            {"files", report.files},
                            {"new_assets", report.new_assets},
                            {"copies", report.copies},
                            {"brought_back", report.brought_back},
                            {"new_versions", report.new_versions},
                            {"known", report.known},
                            {"unchanged", report.unchanged},
                            {"healed", report.healed},
                            {"failed", report.failed},
                            {"skipped", report.skipped},
                            {"bytes", report.bytes},
                            {"stopped", report.stopped},
                            {"seconds", seconds}});
    } else if (arguments_.dry_run) {
      fmt::print("{} files: {} to read, {} unchanged since the last import; nothing was written\n", report.files,
                 report.files - report.unchanged, report.unchanged);
    } else {
      print_summary(report, seconds);
    }
  }

 private:
  static void print_summary(const ImportReport& report, double seconds) {
    fmt::print("{} files: {} new", report.files, report.new_assets);
    if (report.copies > 0) fmt::print(" ({} copies of what was there already)", report.copies);
    const std::pair<int64_t, const char*> rest[] = {{report.new_versions, "new versions"},
                                                    {report.brought_back, "brought back from the trash"},
                                                    {report.known, "known"},
                                                    {report.unchanged, "unchanged"},
                                                    {report.healed, "damaged ones whole again"},
                                                    {report.skipped, "skipped"},
                                                    {report.failed, "failed"}};
    for (const auto& [count, what] : rest) {
      if (count > 0) fmt::print(", {} {}", count, what);
    }
    fmt::print("; {} read in {:.1f} s\n", human_bytes(report.bytes), seconds);
    if (report.stopped) fmt::print("Stopped. What was done is kept; the same command carries on.\n");
  }

  const ImportArguments& arguments_;
  std::mutex mutex_;
  ProgressBar bar_;
  Clock::time_point printed_ = Clock::now();
};

// After a newer damfs was installed: what it finds in originals that an older one had looked at. With an encoding: what
// archives hold when their names are read in it.
int run_refresh(Importing& importing, const ImportArguments& arguments, Globals& globals) {
  RefreshOptions options{{}, checked_charset(arguments.encoding), arguments.hash_members};
  if (!arguments.paths.empty()) {
    options.assets = resolve_items(*importing.catalog().reader(), Items{arguments.paths}, globals);
    if (options.assets.empty()) return kFailed;
  }
  const bool is_some_missing = globals.exit_code != kAllDone;
  const char* which = !options.assets.empty() ? "were named"
                      : arguments.encoding.empty()
                          ? "had been looked at by an older damfs"
                          : "had been looked at by an older damfs, or their names read otherwise";
  ProgressBar bar("Looking again");
  const StopOnSignal stop;
  const auto show = [&](int64_t done, int64_t total) {
    if (!arguments.quiet && !arguments.tell.is_json()) bar.show({.done = done, .total = total});
  };
  const auto report = importing.refresh(std::move(options), show, stop.flag());
  bar.clear();
  arguments.tell.line({{"event", "done"},
                       {"stale", report.stale},
                       {"renewed", report.renewed},
                       {"failed", report.failed},
                       {"stopped", report.stopped}});
  arguments.tell.words("{} originals looked at again, {} could not be; {} {}{}\n", report.renewed, report.failed,
                       report.stale, which, report.stopped ? ". Stopped; the same command carries on" : "");
  if (report.stopped) return kFailed;
  return report.failed == 0 ? (is_some_missing ? kPartlyDone : kAllDone) : report.renewed > 0 ? kPartlyDone : kFailed;
}

int run_import(const ImportArguments& arguments, Globals& globals) {
  if (arguments.paths.empty() && !arguments.refresh) fail(EINVAL, "give files and folders to import, or --refresh");
  Importing importing(globals.open_library());
  if (arguments.refresh) return run_refresh(importing, arguments, globals);

  ToImport wanted;
  wanted.paths.assign(arguments.paths.begin(), arguments.paths.end());
  wanted.into = arguments.into;
  wanted.what = fmt::format("import {}", fmt::join(arguments.paths, ", "));
  wanted.tags = arguments.tags;
  wanted.albums = arguments.albums;
  wanted.dry_run = arguments.dry_run;
  wanted.skip_known = arguments.skip_known;
  wanted.hash_members = arguments.hash_members;
  wanted.encoding = arguments.encoding;
  wanted.threads = arguments.threads;

  Reporter reporter(arguments);
  const StopOnSignal stop;
  const auto begun = Clock::now();
  const ImportReport report = importing.import(
      wanted,
      {.failed = [&](const Path& path, const std::string& reason) { reporter.event("failed", path, reason); },
       .skipped = [&](const Path& path, const std::string& reason) { reporter.event("skipped", path, reason); },
       .unheard = [&](const Path& path, const std::string& reason) { reporter.event("not heard", path, reason); }},
      [&](const ImportProgress& now) { reporter.progress(now); }, stop.flag());
  reporter.done(report, std::chrono::duration<double>(Clock::now() - begun).count());
  if (report.stopped) return kFailed;
  if (report.failed == 0) return kAllDone;
  return report.failed >= report.files ? kFailed : kPartlyDone;
}

std::string encodings_help() {
  std::string text = "Encodings: auto (found out for each zip where that is clear, else cp437)";
  size_t line = text.size();
  for (const Charset& each : charsets()) {
    const bool is_full = line + each.name.size() > 108;
    text += is_full ? ",\n  " : ", ";
    text += each.name;
    line = (is_full ? 2 : line + 2) + each.name.size();
  }
  return text;
}

}  // namespace

void add_import(CLI::App& program, Globals& globals) {
  auto* verb = program.add_subcommand("import", "Copy files and folders into the library");
  verb->footer(
      "What is in a folder goes directly under originals/ with its sub-folders; the files themselves stay where they\n"
      "are and are never changed. Running it again reads only what is new or changed. Ctrl-C at any moment is safe.\n\n"
      "Examples:\n"
      "  damfs import ~/Pictures\n"
      "  damfs import /media/card/DCIM --into 2024/rome --tag places/italy --album Rome\n"
      "  damfs import ~/Pictures --dry-run\n"
      "  damfs import ~/Downloads/textures --encoding shift-jis\n"
      "  damfs import --refresh --encoding cp866 packs/old.zip\n\n" +
      encodings_help());
  auto arguments = std::make_shared<ImportArguments>();
  verb->add_option("PATH", arguments->paths, "Files and folders; with --refresh: ITEMs of the library");
  verb->add_flag(
      "--refresh", arguments->refresh,
      "Look again at originals that an older damfs had looked at, with --encoding also at zips whose names were "
      "read otherwise; or at the ITEMs given");
  verb->add_option("--encoding", arguments->encoding,
                   "How names in zips are read that do not tell their encoding and are not UTF-8 (packs.encoding of "
                   "damfs.toml, else auto)");
  verb->add_option("--into", arguments->into, "Folder below originals/ to put them in");
  verb->add_option("--tag", arguments->tags, "Tag every file, also those known already; 'a/b' is b below a")
      ->expected(1)
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  verb->add_option("--album", arguments->albums, "Add every file to an album")
      ->expected(1)
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  verb->add_flag("--hash-members", arguments->hash_members,
                 "Also the SHA-256 of everything inside zips, as user.damfs.sha256");
  verb->add_flag("--skip-known", arguments->skip_known,
                 "Leave out files whose bytes the library has, under whatever name");
  verb->add_flag("--dry-run", arguments->dry_run, "Only say what would be read");
  arguments->tell = Teller(*verb);
  verb->add_flag("-q,--quiet", arguments->quiet, "Name only what failed");
  verb->add_option("-j,--threads", arguments->threads, "Threads that read and hash (one a core)");
  verb->callback([arguments, &globals] { globals.exit_code = run_import(*arguments, globals); });
}

}  // namespace damfs
