// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/serve/export.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <deque>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "catalog/base/clock.h"
#include "catalog/base/error.h"
#include "catalog/base/names.h"
#include "catalog/base/out_of_room.h"
#include "catalog/ingest/whole.h"
#include "catalog/model/read/details.h"
#include "catalog/model/write/sidecar.h"
#include "views/frame/tree_context.h"
#include "views/previews/still_node.h"
#include "views/serve/made_preview.h"
#include "views/serve/served_library.h"

namespace damfs {
namespace {

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
  Exporter(ServedLibrary& served, const ToExport& wanted, const StillProfile* profile, OutFolder& out,
           const ExportEvents& events, const std::atomic<bool>& stop)
      : served_(served),
        wanted_(wanted),
        profile_(profile),
        kind_(profile != nullptr ? ExportKind::kPreview : ExportKind::kOriginal),
        out_(out),
        events_(events),
        stop_(stop) {}

  ExportReport run(const std::vector<int64_t>& assets) {
    report_.found = std::ssize(assets);
    report_.all = report_.found * (wanted_.xmp ? 2 : 1);
    std::deque<Chosen> ahead;  // previews, which the workers make meanwhile
    const size_t at_once = profile_ != nullptr && !wanted_.dry_run ? 2 * served_.workers() + 2 : 0;
    for (const int64_t asset : assets) {
      if (stop_ || report_.is_full) break;
      for (Chosen& each : choose(asset)) ahead.push_back(std::move(each));
      while (ahead.size() > at_once) {
        write(ahead.front());
        ahead.pop_front();
      }
    }
    for (; !ahead.empty() && !stop_ && !report_.is_full; ahead.pop_front()) write(ahead.front());
    out_.finish();
    for (size_t i = 0; i < sidecars_.size() && !stop_ && !report_.is_full; ++i) write_sidecar(sidecars_[i]);
    out_.finish();
    return report_;
  }

 private:
  struct Chosen {
    ExportedName from;
    OutFolder::File file;
    OutFolder::Place place;
    Digest sha256;
    std::shared_ptr<MadePreview> preview;
  };
  struct Sidecar {
    ExportedName from;
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
        if (profile_ != nullptr && !chosen.place.is_there && !wanted_.dry_run) {
          if (!preview) preview = std::make_shared<MadePreview>(served_, *profile_, *found);
          chosen.preview = preview;
        }
        all.push_back(std::move(chosen));
      } catch (const Error& error) {
        failed(chosen.from, kind_, error.what());
      }
      if (wanted_.flat) break;  // one folder needs no second name of the same file
    }
    return all;
  }

  void choose(Reader& reader, const FoundAsset& asset, int64_t folder, Chosen& chosen) {
    OutFolder::File& file = chosen.file;
    file.folder = wanted_.flat ? "" : chosen.from.folder;
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
    if (chosen.place.is_there || wanted_.dry_run) return named(chosen.from, chosen.file, chosen.place, "");
    attempt(chosen.from, chosen.file, chosen.place, [&](int fd) {
      if (chosen.preview) {
        const std::string bytes = chosen.preview->bytes();
        return write_all(fd, std::as_bytes(std::span(bytes)), chosen.place.name);
      }
      const UniqueFd object = wait_for_whole(served_.catalog(), served_.places(), chosen.sha256, chosen.from.name);
      copy_proved(object.get(), fd, chosen.sha256, printable(chosen.from.path()), stop_);
    });
  }

  void attempt(const ExportedName& from, const OutFolder::File& file, const OutFolder::Place& place,
               const OutFolder::Fill& fill) {
    try {
      out_.write(place, file, fill, [this, from, file](const OutFolder::Place& at, const std::string& problem) {
        named(from, file, at, problem);
      });
    } catch (const Error& error) {
      if (error.code() == ECANCELED) return;
      report_.is_full = is_out_of_room(error.code());
      failed(from, kind_of(file), error.what());
    }
  }

  void named(const ExportedName& from, const OutFolder::File& file, const OutFolder::Place& place,
             const std::string& problem) {
    if (!problem.empty()) return failed(from, kind_of(file), problem);
    ++(place.is_there ? report_.there : report_.exported);
    if (!place.is_there) report_.bytes += file.size;
    events_.exported(from, kind_of(file), file.name, place, report_);
    if (wanted_.xmp && !file.text && !is_sidecar_name(from.name)) sidecars_.push_back({from, place});
  }

  ExportKind kind_of(const OutFolder::File& file) const { return file.text ? ExportKind::kSidecar : kind_; }

  void failed(const ExportedName& from, ExportKind kind, const std::string& reason) {
    ++report_.failed;
    events_.failed(from, kind, reason, report_);
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
      if (place.is_there || wanted_.dry_run) return named(sidecar.from, file, place, "");
      attempt(sidecar.from, file, place,
              [&](int fd) { write_all(fd, std::as_bytes(std::span(*file.text)), place.name); });
    } catch (const Error& error) {
      failed(sidecar.from, ExportKind::kSidecar, error.what());
    }
  }

  ServedLibrary& served_;
  const ToExport& wanted_;
  const StillProfile* const profile_;
  const ExportKind kind_;
  OutFolder& out_;
  const ExportEvents& events_;
  const std::atomic<bool>& stop_;
  std::vector<Sidecar> sidecars_;  // when all else has its name: what people keep beside their files comes first
  ExportReport report_;
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

}  // namespace

std::string ExportedName::path() const { return join_path(folder, name); }

ExportReport export_found(ServedLibrary& served, const ToExport& wanted, const ExportEvents& events,
                          const std::atomic<bool>& stop) {
  const StillProfile* profile = wanted_profile(served.stills().profiles(), wanted.profile);
  const std::vector<int64_t> assets = found_assets(*served.catalog().reader(), wanted.query, wanted.copies);
  if (assets.empty()) return {};
  OutFolder out(open_out_folder(wanted.folder, wanted.dry_run));
  return Exporter(served, wanted, profile, out, events, stop).run(assets);
}

}  // namespace damfs
