// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <deque>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "catalog/base/clock.h"
#include "catalog/base/error.h"
#include "catalog/base/names.h"
#include "catalog/base/out_of_room.h"
#include "catalog/ingest/whole.h"
#include "catalog/model/read/details.h"
#include "catalog/model/search/search.h"
#include "catalog/model/write/sidecar.h"
#include "fs/cli/command.h"
#include "fs/cli/made_preview.h"
#include "fs/cli/out_folder.h"
#include "fs/cli/output.h"
#include "fs/cli/teller.h"
#include "fs/served_library.h"
#include "views/frame/tree_context.h"
#include "views/previews/still_node.h"

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

// A name of an asset.
struct Export {
  int64_t asset = 0;
  std::string folder;  // below originals/
  std::string name;
  std::string path() const { return join_path(folder, name); }
};

// What people and programs hear of each file.
class ExportReport {
 public:
  ExportReport(Path top, const ExportArguments& arguments)
      : top_(std::move(top)), arguments_(arguments), bar_("Exporting") {}

  void begin(int64_t total) { total_ = total; }

  void exported(const Export& from, const char* kind, const std::string& wanted, const OutFolder::Place& place,
                int64_t bytes) {
    ++(place.is_there ? there_ : exported_);
    if (!place.is_there) bytes_ += bytes;
    if (place.name != wanted && !arguments_.tell.is_json()) {
      bar_.clear();
      const bool is_taken = place.name.starts_with(split_extension(wanted).stem);
      fmt::print(stderr, "damfs: {}: its name there is {}, for {} '{}'\n", printable(from.path()),
                 printable(place.path()), is_taken ? "there is another" : "that disk takes no", printable(wanted));
    }
    if (arguments_.dry_run && !place.is_there) arguments_.tell.words("{}\n", printable(to(place)));
    event(place.is_there ? "there" : arguments_.dry_run ? "would export" : "exported", kind, from, to(place), {});
    progress();
  }

  void failed(const Export& from, const char* kind, const std::string& reason) {
    ++failed_;
    bar_.clear();
    if (!arguments_.tell.is_json()) {
      fmt::print(stderr, "damfs: failed: {}: {}\n", printable(from.path()), printable(reason));
    }
    event("failed", kind, from, {}, reason);
    progress();
  }

  int end(bool stopped) {
    bar_.clear();
    arguments_.tell.line({{"event", "done"},
                          {"exported", exported_},
                          {"there", there_},
                          {"failed", failed_},
                          {"bytes", bytes_},
                          {"dry_run", arguments_.dry_run},
                          {"stopped", stopped}});
    arguments_.tell.words("{} files {} ({}), {} were there already, {} failed\n", exported_,
                          arguments_.dry_run ? "to be exported" : "exported", human_bytes(bytes_), there_, failed_);
    if (stopped) arguments_.tell.words("Stopped. What was done is kept; the same command carries on.\n");
    if (stopped) return kFailed;
    if (failed_ == 0) return kAllDone;
    return exported_ + there_ > 0 ? kPartlyDone : kFailed;
  }

 private:
  std::string to(const OutFolder::Place& place) const { return (top_ / place.path()).native(); }

  void event(const char* what, const char* kind, const Export& from, const std::string& to, const std::string& reason) {
    nlohmann::ordered_json line = {{"event", what}, {"kind", kind}, {"asset", from.asset}, {"path", from.path()}};
    if (!to.empty()) line["to"] = to;
    if (!reason.empty()) line["reason"] = reason;
    arguments_.tell.line(line);
  }

  void progress() {
    if (!arguments_.tell.is_json() && !arguments_.dry_run) {
      bar_.show({.done = exported_ + there_ + failed_, .total = total_, .bytes = bytes_});
    }
  }

  const Path top_;
  const ExportArguments& arguments_;
  ProgressBar bar_;
  int64_t total_ = 0, exported_ = 0, there_ = 0, failed_ = 0, bytes_ = 0;
};

// A clone shares the blocks with the library, where the disk can; what it holds is read for the proof all the same.
void copy_proved(int from, int to, const Digest& sha256, const std::string& path, const std::atomic<bool>& stop) {
  const bool is_clone = ::ioctl(to, FICLONE, from) == 0;
  ::posix_fadvise(from, 0, 0, POSIX_FADV_SEQUENTIAL);
  std::vector<std::byte> buffer(kBlock);
  Sha256 hash;
  uint64_t at = 0;
  for (;;) {
    if (stop) fail(ECANCELED, "stopped");
    const size_t n = pread_some(is_clone ? to : from, buffer, at, path);
    const auto block = std::span<const std::byte>(buffer).first(n);
    hash.update(block);
    if (!is_clone) write_all(to, block, path);
    at += n;
    if (n < buffer.size()) break;
  }
  if (hash.finish() != sha256) {
    fail(EIO,
         "its object is damaged: it has other bytes than its SHA-256 says. Import or copy the file once more, or "
         "restore "
         "the object from a backup of the library; `damfs verify` finds all such");
  }
}

// The assets of a folder of originals/, by name: what a preview is called there depends on them.
class FolderSiblings final : public Siblings {
 public:
  FolderSiblings(Reader& reader, int64_t folder) : reader_(reader), folder_(folder) {}
  std::optional<FoundAsset> named(std::string_view name) override {
    return reader_.find_asset(Grouping::kFolder, folder_, name);
  }
  std::vector<FoundAsset> with_stem(std::string_view stem) override {
    return reader_.assets_with_stem(Grouping::kFolder, folder_, stem);
  }

 private:
  Reader& reader_;
  int64_t folder_;
};

// "x.jpg.xmp"; where that is too long "x.xmp", which photo programs look for too.
std::string sidecar_name(const std::string& name) {
  for (const SidecarName& each : sidecars_of(name)) {
    if (each.name.size() <= kMaxNameBytes) return each.name;
  }
  fail(ENAMETOOLONG, "its name leaves no room for that of a sidecar");
}

class Exporter {
 public:
  Exporter(ServedLibrary& served, const ExportArguments& arguments, const StillProfile* profile, OutFolder& out,
           ExportReport& report, const std::atomic<bool>& stop)
      : served_(served),
        arguments_(arguments),
        profile_(profile),
        kind_(profile != nullptr ? "preview" : "original"),
        out_(out),
        report_(report),
        stop_(stop) {}

  void run(const std::vector<int64_t>& assets) {
    std::deque<Chosen> ahead;  // previews, which the workers make meanwhile
    const size_t at_once = profile_ != nullptr && !arguments_.dry_run ? 2 * served_.workers() + 2 : 0;
    for (const int64_t asset : assets) {
      if (stop_ || is_full_) break;
      for (Chosen& each : choose(asset)) ahead.push_back(std::move(each));
      while (ahead.size() > at_once) {
        write(ahead.front());
        ahead.pop_front();
      }
    }
    for (; !ahead.empty() && !stop_ && !is_full_; ahead.pop_front()) write(ahead.front());
    out_.finish();
    for (size_t i = 0; i < sidecars_.size() && !stop_ && !is_full_; ++i) write_sidecar(sidecars_[i]);
    out_.finish();
  }

  bool is_full() const { return is_full_; }

 private:
  struct Chosen {
    Export from;
    OutFolder::File file;
    OutFolder::Place place;
    Digest sha256;
    std::shared_ptr<MadePreview> preview;
  };
  struct Sidecar {
    Export from;
    OutFolder::Place beside;
  };

  std::vector<Chosen> choose(int64_t asset) {
    std::vector<Chosen> all;
    const auto reader = served_.catalog().reader();
    const auto found = reader->asset(asset);
    if (!found || found->row.is_link()) return all;
    std::shared_ptr<MadePreview> preview;
    for (const auto& [folder, name] : reader->folder_entries(asset)) {
      Chosen chosen{{asset, reader->group_path(Grouping::kFolder, folder), name}, {}, {}, {}, {}};
      try {
        choose(*reader, *found, folder, chosen);
        if (profile_ != nullptr && !chosen.place.is_there && !arguments_.dry_run) {
          if (!preview) preview = std::make_shared<MadePreview>(served_, *profile_, *found);
          chosen.preview = preview;
        }
        all.push_back(std::move(chosen));
      } catch (const Error& error) {
        report_.failed(chosen.from, kind_, error.what());
      }
      if (arguments_.flat) break;  // one folder needs no second name of the same file
    }
    return all;
  }

  void choose(Reader& reader, const FoundAsset& asset, int64_t folder, Chosen& chosen) {
    OutFolder::File& file = chosen.file;
    file.folder = arguments_.flat ? "" : chosen.from.folder;
    if (profile_ != nullptr) {
      const StillLens lens(*profile_);
      const auto attributes = lens.attributes(asset.row);
      if (!attributes) fail(ENOENT, "there is no preview '{}' of it", profile_->name);
      FolderSiblings siblings(reader, folder);
      file.name = lens.shown_name(chosen.from.name, asset.row.id, siblings);
      file.size = static_cast<int64_t>(attributes->size);
      file.mtime_ns = attributes->mtime_ns;
      file.mode = kFileMode;
    } else {
      const auto bytes = reader.bytes_of_version(asset.row.version);
      if (!bytes) fail(ENOENT, "it is gone");
      chosen.sha256 = bytes->sha256;
      file.name = chosen.from.name;
      file.size = asset.row.size;
      file.mtime_ns = asset.row.mtime_ns;
      file.mode = static_cast<mode_t>(asset.row.ownership.mode.value_or(kFileMode));
    }
    chosen.place = out_.choose(file);
  }

  void write(const Chosen& chosen) {
    if (chosen.place.is_there || arguments_.dry_run) return named(chosen.from, chosen.file, chosen.place, "");
    attempt(chosen.from, chosen.file, chosen.place, [&](int fd) {
      if (chosen.preview) {
        const std::string bytes = chosen.preview->bytes();
        return write_all(fd, std::as_bytes(std::span(bytes)), chosen.place.name);
      }
      const UniqueFd object = wait_for_whole(served_.catalog(), served_.places(), chosen.sha256, chosen.from.name);
      copy_proved(object.get(), fd, chosen.sha256, printable(chosen.from.path()), stop_);
    });
  }

  void attempt(const Export& from, const OutFolder::File& file, const OutFolder::Place& place,
               const OutFolder::Fill& fill) {
    try {
      out_.write(place, file, fill, [this, from, file](const OutFolder::Place& at, const std::string& problem) {
        named(from, file, at, problem);
      });
    } catch (const Error& error) {
      if (error.code() == ECANCELED) return;
      is_full_ = is_out_of_room(error.code());
      report_.failed(from, file.text ? "sidecar" : kind_, error.what());
    }
  }

  void named(const Export& from, const OutFolder::File& file, const OutFolder::Place& place,
             const std::string& problem) {
    const char* kind = file.text ? "sidecar" : kind_;
    if (!problem.empty()) return report_.failed(from, kind, problem);
    report_.exported(from, kind, file.name, place, file.size);
    if (arguments_.xmp && !file.text && !is_sidecar_name(from.name)) sidecars_.push_back({from, place});
  }

  void write_sidecar(const Sidecar& sidecar) {
    OutFolder::File file;
    try {
      const auto reader = served_.catalog().reader();
      if (!reader->asset(sidecar.from.asset)) return;
      file.text = xmp_packet(sidecar_words(*reader, sidecar.from.asset));
      file.folder = sidecar.beside.folder;
      file.name = sidecar_name(sidecar.beside.name);
      file.size = std::ssize(*file.text);
      file.mtime_ns = now_ns();
      const auto place = out_.choose(file);
      if (place.is_there || arguments_.dry_run) return named(sidecar.from, file, place, "");
      attempt(sidecar.from, file, place,
              [&](int fd) { write_all(fd, std::as_bytes(std::span(*file.text)), place.name); });
    } catch (const Error& error) {
      report_.failed(sidecar.from, "sidecar", error.what());
    }
  }

  ServedLibrary& served_;
  const ExportArguments& arguments_;
  const StillProfile* const profile_;
  const char* const kind_;
  OutFolder& out_;
  ExportReport& report_;
  const std::atomic<bool>& stop_;
  std::vector<Sidecar> sidecars_;  // when all else has its name: what people keep beside their files comes first
  bool is_full_ = false;
};

// Empty: it is not there, and will not be made.
std::optional<Folder> open_out_folder(const Path& path, bool dry_run) {
  Library::refuse_within(std::filesystem::weakly_canonical(path), "an export");
  if (const auto there = stat_path(path); there && !S_ISDIR(there->st_mode)) {
    fail(ENOTDIR, "{} is a file; name a folder to export to", printable(path.native()));
  }
  std::error_code error;
  if (!dry_run) std::filesystem::create_directories(path, error);
  if (error) throw_errno(error.value(), "cannot make the folder " + printable(path.native()));
  if (dry_run && !stat_path(path)) return std::nullopt;
  return Folder(path);
}

const StillProfile* wanted_profile(const StillProfiles& profiles, const std::string& name) {
  if (name.empty()) return nullptr;
  const StillProfile* profile = profiles.find(std::string_view(name));
  if (profile == nullptr) fail(EINVAL, "there is no preview '{}'; there are {}", printable(name), profiles.names());
  return profile;
}

int run_export(const ExportArguments& arguments, const Globals& globals) {
  const Criteria criteria{{}, parse_query(arguments.query, QueryReading::kStrict), arguments.copies};
  const Path path = std::filesystem::absolute(arguments.folder).lexically_normal();
  ServedLibrary served(globals.open_library());
  const StillProfile* profile = wanted_profile(served.stills().profiles(), arguments.profile);
  std::vector<int64_t> assets;
  search(*served.catalog().reader(), criteria, 0, [&](int64_t asset) {
    assets.push_back(asset);
    return true;
  });
  if (assets.empty()) fail(ENOENT, "`damfs find {}` finds nothing", printable(arguments.query));
  OutFolder out(open_out_folder(path, arguments.dry_run));
  ExportReport report(path, arguments);
  report.begin(std::ssize(assets) * (arguments.xmp ? 2 : 1));
  const StopOnSignal stop;
  Exporter exporter(served, arguments, profile, out, report, stop.flag());
  exporter.run(assets);
  const int code = report.end(stop.flag());
  if (exporter.is_full()) {
    fmt::print(stderr, "damfs: the disk of {} is full; make room there and say the same again to carry on\n",
               printable(path.native()));
  }
  return code;
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
