// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/store/library.h"

#include <fcntl.h>
#include <sys/file.h>

#include <toml++/toml.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <string_view>
#include <thread>

#include "catalog/base/error.h"
#include "catalog/model/catalog.h"
#include "catalog/store/preview_toml.h"

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

void refuse_unknown(const toml::table& table, const Path& file) {
  static constexpr std::array<std::string_view, 5> kKnown = {
      "derived.max_bytes", "media.workers", "media.ready_workers", "media.deadline_ms", "packs.encoding"};
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

void make_folder(const Path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw_errno(error.value(), "cannot make the folder " + folder.string());
}

}  // namespace

Config Config::load(const Path& file) {
  Config config;
  const auto text = read_text(file);
  if (!text) return config;
  toml::table table;
  try {
    table = toml::parse(*text, file.string());
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
  if (const auto* section = table.get("preview")) config.previews = preview_settings(*section, file);
  return config;
}

Library Library::create(const Path& root) {
  if (is_library(root)) fail(EEXIST, "{} is a damfs library already", root.string());
  make_folder(root);
  if (!fs::is_empty(root)) {
    fail(ENOTEMPTY, "{} is not empty; give a new folder for the library", root.string());
  }
  for (const char* folder : {"objects", "staging", "derived"}) make_folder(root / folder);
  replace_text(root / "derived" / "CACHEDIR.TAG", kCacheDirTag);
  replace_text(root / "damfs.toml", kConfigTemplate);
  Catalog::create(root / "catalog.db");
  return Library(root);
}

Library::Library(Path root) : root_(std::move(root)) {
  if (!is_library(root_)) {
    fail(ENOENT, "there is no damfs library at {}; `damfs init {}` makes one", root_.string(), root_.string());
  }
  root_ = fs::canonical(root_);
  config_ = Config::load(root_ / "damfs.toml");
  // Only `derived` may have been deleted by hand: everything in it can be made again.
  make_folder(derived());
  make_folder(staging());
  if (!stat_path(derived() / "CACHEDIR.TAG")) replace_text(derived() / "CACHEDIR.TAG", kCacheDirTag);
}

bool Library::is_library(const Path& folder) {
  std::error_code error;
  return fs::exists(folder / "catalog.db", error) && fs::is_directory(folder / "objects", error);
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
  for (Path at = from; !at.empty(); at = at.parent_path()) {
    if (is_library(at)) return at;
    if (at == at.parent_path()) break;
  }
  return default_root();
}

std::string Library::being_freed() const {
  return fmt::format("`damfs gc` is freeing bytes of {}; try again when it is done", root_.string());
}

UniqueFd FileLock::open(const Path& file) {
  if (fs::is_directory(file)) return open_file(file, O_RDONLY | O_DIRECTORY);
  return open_file(file, O_RDWR | O_CREAT, 0644);
}

std::optional<FileLock> FileLock::try_take(const Path& file) {
  UniqueFd fd = open(file);
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) == 0) return FileLock(std::move(fd));
  if (errno == EWOULDBLOCK) return std::nullopt;
  throw_errno(errno, "cannot lock " + file.string());
}

FileLock FileLock::share(const Path& file, std::string_view else_say) {
  using namespace std::chrono_literals;
  const auto end = std::chrono::steady_clock::now() + 10s;
  UniqueFd fd = open(file);
  while (::flock(fd.get(), LOCK_SH | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) throw_errno(errno, "cannot lock " + file.string());
    if (std::chrono::steady_clock::now() > end) fail(EBUSY, "{}", else_say);
    std::this_thread::sleep_for(20ms);
  }
  return FileLock(std::move(fd));
}

bool FileLock::is_held(const Path& file) {
  const auto fd = open_existing(file, O_RDONLY);
  return fd && ::flock(fd->get(), LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

}  // namespace damfs
