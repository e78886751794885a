// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/library/library.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <toml++/toml.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <string_view>
#include <thread>

#include "catalog/base/clock.h"
#include "catalog/base/error.h"
#include "catalog/base/now.h"
#include "catalog/base/own_mounts.h"
#include "catalog/library/preview_toml.h"
#include "catalog/model/catalog.h"

namespace damfs {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kConfigTemplate = R"(# damfs settings. Remove the '#' of what you change.

[derived]
# How many bytes previews may take on disk before the least recently used are dropped.
# max_bytes = 10737418240

[media]
# Worker processes; 0 is one a core.
# workers = 0
# How many of them a mount starts before anybody asks for a preview, so that the first one comes sooner.
# ready_workers = 2
# How long one picture or clip may take before its worker is stopped, in milliseconds.
# deadline_ms = 30000

[packs]
# How names in zips are read that do not tell their encoding and are not UTF-8. "auto" finds it out where it is clear.
# encoding = "shift-jis"

[dates]
# Where recordings were made that tell their moment in UTC alone; "" is this machine's own time zone.
# timezone = "Europe/Rome"
# Whether names as phones and messengers give them (IMG-20200101-WA0001.jpg) date files that nothing else does.
# from_names = true

[views]
# Whether by-date, by-type, by-camera, by-lens, recent and search show all of exact copies, and not the oldest alone.
# Counts from the next mount.
# show_copies = true

# Kinds of previews besides small, medium, large and material, each a folder in previews/. `box` is the long edge in
# pixels; `format` is "webp", "jpeg" or "png"; `budget` the bytes of one that fills the box. A section called like one
# of those changes that one.
# [preview.frame]
# box = 1280
# format = "jpeg"
# budget = 262144
)";

// The exact first line that backup programs look for (https://bford.info/cachedir/).
constexpr std::string_view kCacheDirTag =
    "Signature: 8a477f597d28d172789f06886806bc55\n"
    "# This directory holds files that damfs can make again from the originals; backups may leave it out.\n";

void take_integer(const toml::table& table, const Path& file, std::string_view section, std::string_view key,
                  int64_t least, int64_t most, const std::function<void(int64_t)>& set) {
  const auto node = table[section][key];
  if (!node) return;
  const auto value = node.value_exact<int64_t>();
  if (!value || *value < least || *value > most) {
    fail(EINVAL, "{}:{}: {}.{} must be a whole number from {} to {}", file.string(), node.node()->source().begin.line,
         section, key, least, most);
  }
  set(*value);
}

void take_charset(const toml::table& table, const Path& file, std::string& charset) {
  const auto node = table["packs"]["encoding"];
  if (!node) return;
  const auto value = node.value_exact<std::string>();
  try {
    charset = charset_name(value.value_or(""));
  } catch (const Error& error) {
    fail(EINVAL, "{}:{}: packs.encoding: {}", file.string(), node.node()->source().begin.line, error.what());
  }
}

void take_truth(const toml::table& table, const Path& file, std::string_view section, std::string_view key, bool& to) {
  const auto node = table[section][key];
  if (!node) return;
  const auto value = node.value_exact<bool>();
  if (!value) {
    fail(EINVAL, "{}:{}: {}.{} must be true or false", file.string(), node.node()->source().begin.line, section, key);
  }
  to = *value;
}

void take_dates(const toml::table& table, const Path& file, Config& config) {
  if (const auto node = table["dates"]["timezone"]) {
    const auto value = node.value_exact<std::string>();
    if (!value || (!value->empty() && !is_time_zone(*value))) {
      fail(EINVAL, "{}:{}: dates.timezone must be a time zone such as \"Europe/Rome\" or \"UTC0\"", file.string(),
           node.node()->source().begin.line);
    }
    config.timezone = *value;
  }
  take_truth(table, file, "dates", "from_names", config.dates.from_names);
}

void refuse_unknown(const toml::table& table, const Path& file) {
  static constexpr std::array<std::string_view, 8> kKnown = {
      "derived.max_bytes", "media.workers",  "media.ready_workers", "media.deadline_ms",
      "packs.encoding",    "dates.timezone", "dates.from_names",    "views.show_copies"};
  for (const auto& [section, inner] : table) {
    if (section == "preview") continue;
    if (!inner.is_table()) {
      fail(EINVAL, "{}:{}: '{}' stands outside any section", file.string(), inner.source().begin.line, section.str());
    }
    for (const auto& [key, value] : *inner.as_table()) {
      const std::string name = fmt::format("{}.{}", section.str(), key.str());
      if (std::find(kKnown.begin(), kKnown.end(), name) == kKnown.end()) {
        fail(EINVAL, "{}:{}: there is no setting '{}'; known are: {}", file.string(), value.source().begin.line, name,
             fmt::join(kKnown, ", "));
      }
    }
  }
}

// Far beyond any settings that somebody wrote.
constexpr size_t kMostBytesOfConfig = 256 << 10;
constexpr mode_t kOwnersAlone = 0700;

// sudo and pkexec say for whom they made a process root's, and nobody but root can say it to root: his own library is
// none of somebody else's.
bool is_for_user(uid_t uid) {
  if (::geteuid() != 0) return false;
  for (const char* name : {"SUDO_UID", "PKEXEC_UID"}) {
    if (const char* value = std::getenv(name); value != nullptr && value == std::to_string(uid)) return true;
  }
  return false;
}

void refuse_foreign(const Folder& root, ForeignOwner foreign) {
  const uid_t owner = root.owner();
  if (foreign == ForeignOwner::kAccepted || owner == ::geteuid() || owner == 0 || is_for_user(owner)) return;
  fail(EPERM,
       "{} belongs to user {}, who can change it while it is used; if you trust whoever made it, say --foreign-owner "
       "before the verb",
       root.path().string(), owner);
}

Folder open_library_folder(const Path& root) {
  if (!Library::is_library(root)) {
    fail(ENOENT, "there is no damfs library at {}; `damfs init {}` makes one", root.string(), root.string());
  }
  return Folder(fs::canonical(root));
}

}  // namespace

Config Config::load(const FileIn& file) {
  const auto text = file.folder.read_text(file.name, kMostBytesOfConfig);
  return text ? parse(*text, file.path()) : Config();
}

Config Config::parse(std::string_view text, const Path& file) {
  Config config;
  toml::table table;
  try {
    table = toml::parse(text, file.string());
  } catch (const toml::parse_error& error) {
    fail(EINVAL, "{}:{}: {}", file.string(), error.source().begin.line, error.description());
  }
  refuse_unknown(table, file);
  take_integer(table, file, "derived", "max_bytes", 1 << 20, INT64_MAX,
               [&](int64_t v) { config.derived_max_bytes = v; });
  take_integer(table, file, "media", "workers", 0, 1024,
               [&](int64_t v) { config.media_workers = static_cast<unsigned>(v); });
  take_integer(table, file, "media", "ready_workers", 0, 1024,
               [&](int64_t v) { config.media_ready_workers = static_cast<unsigned>(v); });
  take_integer(table, file, "media", "deadline_ms", 100, 3'600'000, [&](int64_t v) { config.media_deadline_ms = v; });
  take_charset(table, file, config.pack_charset);
  take_truth(table, file, "views", "show_copies", config.show_copies);
  take_dates(table, file, config);
  if (const auto* section = table.get("preview")) config.previews = preview_settings(*section, file);
  return config;
}

void Library::refuse_within(const Path& place, std::string_view what) {
  if (is_in_own_mount(place)) {
    fail(EINVAL, "{} is inside a damfs mount; {} needs a folder on a disk", place.string(), what);
  }
  for (Path at = fs::absolute(place).lexically_normal(); at != at.parent_path(); at = at.parent_path()) {
    if (is_library(at)) {
      fail(EINVAL, "{} is inside the damfs library {}; choose a folder outside of it", place.string(), at.string());
    }
  }
}

Library Library::create(const Path& root, ForeignOwner foreign) {
  if (is_library(root)) fail(EEXIST, "{} is a damfs library already", root.string());
  refuse_within(root, "a library");
  std::error_code error;
  if (root.has_parent_path()) fs::create_directories(root.parent_path(), error);
  if (error) throw_errno(error.value(), "cannot make the folder " + root.parent_path().string());
  if (::mkdir(root.c_str(), kOwnersAlone) != 0 && errno != EEXIST) {
    throw_errno(errno, "cannot make the folder " + root.string());
  }
  const Folder folder(root);
  if (!folder.is_empty()) {
    fail(ENOTEMPTY, "{} is not empty; give a new folder for the library", root.string());
  }
  refuse_foreign(folder, foreign);
  // A folder that was there may be open to others. Some file systems know no modes; the warning says so then.
  (void)::fchmod(folder.fd(), kOwnersAlone);
  for (const char* name : {"objects", "staging", "derived"}) folder.make_folder(name);
  folder.folder("derived").replace_text("CACHEDIR.TAG", kCacheDirTag);
  folder.replace_text("damfs.toml", kConfigTemplate);
  Catalog::create({folder, "catalog.db"});
  return Library(root, foreign);
}

Library::Library(const Path& root, ForeignOwner foreign)
    : root_([&] {
        Folder folder = open_library_folder(root);
        refuse_foreign(folder, foreign);
        return folder;
      }()),
      config_(Config::load({root_, "damfs.toml"})),
      objects_(root_.folder("objects")),
      staging_(root_.make_folder("staging")) {
  if (!config_.timezone.empty()) use_time_zone(config_.timezone);
  // Only `derived` may have been deleted by hand: everything in it can be made again.
  const Folder derived = root_.make_folder("derived");
  if (!derived.stat("CACHEDIR.TAG")) derived.replace_text("CACHEDIR.TAG", kCacheDirTag);
}

bool Library::is_open_to_others() const { return (stat_fd(root_.fd(), root()).st_mode & 0077) != 0; }

bool Library::is_library(const Path& folder) {
  std::error_code error;
  // A mount finds `search/catalog.db` too, which is a folder.
  return fs::is_regular_file(folder / "catalog.db", error) && fs::is_directory(folder / "objects", error);
}

Path Library::default_root() {
  if (const char* data = std::getenv("XDG_DATA_HOME"); data != nullptr && *data == '/') return Path(data) / "damfs";
  const char* home = std::getenv("HOME");
  if (home == nullptr || *home == '\0') fail(ENOENT, "HOME is not set; say with -L where the library is");
  return Path(home) / ".local" / "share" / "damfs";
}

Path Library::find(const std::optional<Path>& given, const Path& from) {
  if (given) return *given;
  if (const char* named = std::getenv("DAMFS_LIBRARY"); named != nullptr && *named != '\0') return named;
  for (Path at = is_in_own_mount(from) ? Path() : from; !at.empty(); at = at.parent_path()) {
    if (is_library(at)) return at;
    if (at == at.parent_path()) break;
  }
  return default_root();
}

std::string Library::being_freed() const {
  return fmt::format("`damfs gc` is freeing bytes of {}; try again when it is done", root().string());
}

UniqueFd FileLock::open(const FileIn& file) {
  if (file.folder.has_folder(file.name)) return duplicate(file.folder.folder(file.name).fd(), file.path());
  return file.folder.open(file.name, O_RDWR | O_CREAT, 0600);
}

std::optional<FileLock> FileLock::try_take(const FileIn& file) {
  UniqueFd fd = open(file);
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) == 0) return FileLock(std::move(fd));
  if (errno == EWOULDBLOCK) return std::nullopt;
  throw_errno(errno, "cannot lock " + file.path().string());
}

FileLock FileLock::share(const FileIn& file, std::string_view else_say) {
  using namespace std::chrono_literals;
  const auto end = Clock::now() + 10s;
  UniqueFd fd = open(file);
  while (::flock(fd.get(), LOCK_SH | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) throw_errno(errno, "cannot lock " + file.path().string());
    if (Clock::now() > end) fail(EBUSY, "{}", else_say);
    Clock::sleep(20ms);
  }
  return FileLock(std::move(fd));
}

bool FileLock::is_held(const FileIn& file) {
  const auto fd = file.folder.open_existing(file.name, O_RDONLY);
  return fd && ::flock(fd->get(), LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

}  // namespace damfs
