// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <CLI/CLI.hpp>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <utility>

#include "catalog/base/error.h"
#include "catalog/base/names.h"
#include "fs/cli/command.h"
#include "fs/cli/output.h"
#include "fs/cli/teller.h"
#include "views/serve/export.h"
#include "views/serve/served_library.h"

namespace damfs {
namespace {

struct ExportArguments {
  std::string query, folder, profile;
  bool xmp = false;
  bool flat = false;
  bool copies = false;
  bool dry_run = false;
  Teller tell;
};

const char* word_for(ExportKind kind) {
  switch (kind) {
    case ExportKind::kOriginal: return "original";
    case ExportKind::kPreview: return "preview";
    case ExportKind::kSidecar: break;
  }
  return "sidecar";
}

// What people and programs hear of each file.
class ExportTeller {
 public:
  ExportTeller(Path top, const ExportArguments& arguments)
      : top_(std::move(top)), arguments_(arguments), bar_("Exporting") {}

  void exported(const ExportedName& from, ExportKind kind, const std::string& wanted, const OutFolder::Place& place,
                const ExportReport& so_far) {
    if (place.name != wanted && !arguments_.tell.is_json()) {
      bar_.clear();
      const bool is_taken = place.name.starts_with(split_extension(wanted).stem);
      fmt::print(stderr, "damfs: {}: its name there is {}, for {} '{}'\n", printable(from.path()),
                 printable(place.path()), is_taken ? "there is another" : "that disk takes no", printable(wanted));
    }
    if (arguments_.dry_run && !place.is_there) arguments_.tell.words("{}\n", printable(to(place)));
    event(place.is_there ? "there" : arguments_.dry_run ? "would export" : "exported", kind, from, to(place), {});
    progress(so_far);
  }

  void failed(const ExportedName& from, ExportKind kind, const std::string& reason, const ExportReport& so_far) {
    bar_.clear();
    if (!arguments_.tell.is_json()) {
      fmt::print(stderr, "damfs: failed: {}: {}\n", printable(from.path()), printable(reason));
    }
    event("failed", kind, from, {}, reason);
    progress(so_far);
  }

  int end(const ExportReport& report, bool stopped) {
    bar_.clear();
    arguments_.tell.line({{"event", "done"},
                          {"exported", report.exported},
                          {"there", report.there},
                          {"failed", report.failed},
                          {"bytes", report.bytes},
                          {"dry_run", arguments_.dry_run},
                          {"stopped", stopped}});
    arguments_.tell.words("{} files {} ({}), {} were there already, {} failed\n", report.exported,
                          arguments_.dry_run ? "to be exported" : "exported", human_bytes(report.bytes), report.there,
                          report.failed);
    if (stopped) arguments_.tell.words("Stopped. What was done is kept; the same command carries on.\n");
    if (report.is_full) {
      fmt::print(stderr, "damfs: the disk of {} is full; make room there and say the same again to carry on\n",
                 printable(top_.native()));
    }
    if (stopped) return kFailed;
    if (report.failed == 0) return kAllDone;
    return report.exported + report.there > 0 ? kPartlyDone : kFailed;
  }

 private:
  std::string to(const OutFolder::Place& place) const { return (top_ / place.path()).native(); }

  void event(const char* what, ExportKind kind, const ExportedName& from, const std::string& to,
             const std::string& reason) {
    nlohmann::ordered_json line = {
        {"event", what}, {"kind", word_for(kind)}, {"asset", from.asset}, {"path", from.path()}};
    if (!to.empty()) line["to"] = to;
    if (!reason.empty()) line["reason"] = reason;
    arguments_.tell.line(line);
  }

  void progress(const ExportReport& now) {
    if (arguments_.tell.is_json() || arguments_.dry_run) return;
    bar_.show({.done = now.exported + now.there + now.failed, .total = now.all, .bytes = now.bytes});
  }

  const Path top_;
  const ExportArguments& arguments_;
  ProgressBar bar_;
};

int run_export(const ExportArguments& arguments, const Globals& globals) {
  const ToExport wanted{.query = arguments.query,
                        .folder = std::filesystem::absolute(arguments.folder).lexically_normal(),
                        .copies = arguments.copies ? ExactCopies::kAll : ExactCopies::kOldest,
                        .profile = arguments.profile,
                        .xmp = arguments.xmp,
                        .flat = arguments.flat,
                        .dry_run = arguments.dry_run};
  ServedLibrary served(globals.open_library());
  ExportTeller teller(wanted.folder, arguments);
  const StopOnSignal stop;
  const auto report = export_found(served, wanted,
                                   {.exported = [&](const auto&... told) { teller.exported(told...); },
                                    .failed = [&](const auto&... told) { teller.failed(told...); }},
                                   stop.flag());
  if (report.found == 0) fail(ENOENT, "`damfs find {}` finds nothing", printable(arguments.query));
  return teller.end(report, stop.flag());
}

}  // namespace

void add_export(CLI::App& program, Globals& globals) {
  auto* verb = program.add_subcommand("export", "Copy what a query finds out of the library");
  verb->footer(
      "Originals with their times and permission bits, in the folders they have below originals/, each proved by its\n"
      "SHA-256 on the way. A name in DIR is never a half file. What is there already with the same size and time is "
      "left\n"
      "alone, so that the same command carries on; nothing is written over: where another file has the name, it is\n"
      "a~2.jpg. QUERY is in the words of `damfs find`, as one argument; '' is everything.\n\n"
      "Examples:\n"
      "  damfs export 'album:Rome rating:>=4' ~/for-anna\n"
      "  damfs export date:2024 /media/stick/2024 --xmp\n"
      "  damfs export tag:print ~/print --preview large --flat\n"
      "  damfs export '' /srv/everything --copies --dry-run");
  auto arguments = std::make_shared<ExportArguments>();
  verb->add_option("QUERY", arguments->query, "What `damfs find` would list")->required();
  verb->add_option("DIR", arguments->folder, "Where to; made if it is not there")->required();
  verb->add_option("--preview", arguments->profile,
                   "That preview of each instead: small, medium, large, material or one of damfs.toml");
  verb->add_flag("--xmp", arguments->xmp, "With an XMP sidecar beside each: rating, tags, title, description");
  verb->add_flag("--flat", arguments->flat, "All in DIR itself, without folders");
  verb->add_flag("--copies", arguments->copies, "Of exact copies all, not the oldest alone");
  verb->add_flag("--dry-run", arguments->dry_run, "Write nothing; tell what would be written");
  arguments->tell = Teller(*verb);
  verb->callback([arguments, &globals] { globals.exit_code = run_export(*arguments, globals); });
}

}  // namespace damfs
