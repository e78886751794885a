// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "fs/mount/traps.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <filesystem>
#include <optional>
#include <string_view>

#include "catalog/base/error.h"
#include "catalog/base/names.h"
#include "fs/mount/place_pattern.h"

namespace damfs {
namespace {

using Words = std::vector<std::string>;

std::string text_of(const Path& file) {
  try {
    return read_text(file).value_or("");
  } catch (const Error&) {
    return {};
  }
}

bool is_there(const Path& place) {
  std::error_code error;
  return std::filesystem::exists(place, error);
}

Words parted(std::string_view text, std::string_view marks) {
  Words parts;
  while (!text.empty()) {
    const size_t end = std::min(text.find_first_of(marks), text.size());
    if (end > 0) parts.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r";
  text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
  return text.substr(0, text.find_last_not_of(kBlanks) + 1);
}

// The value behind "key =" of the line that sets it last, without quotes around it.
std::optional<std::string> setting(const std::string& text, std::string_view key) {
  std::optional<std::string> found;
  for (const std::string& line : parted(text, "\n")) {
    const size_t equals = line.find('=');
    if (equals == std::string::npos || trimmed(std::string_view(line).substr(0, equals)) != key) continue;
    std::string_view value = trimmed(std::string_view(line).substr(equals + 1));
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
    found = value;
  }
  return found;
}

bool covers(const Path& folder, const Path& place) {
  if (!folder.is_absolute()) return false;
  std::string above = folder.lexically_normal().string();
  if (!above.ends_with('/')) above += '/';
  return (place.lexically_normal().string() + "/").starts_with(above);
}

bool any_covers(const Words& folders, const Path& place) {
  return std::any_of(folders.begin(), folders.end(), [&](const std::string& each) { return covers(each, place); });
}

// "$HOME/Pictures" and "~/Pictures" as a path.
std::string with_home(std::string text, const Path& home) {
  for (const std::string_view mark : {"$HOME", "${HOME}", "~"}) {
    if (text.starts_with(mark)) return home.string() + text.substr(mark.size());
  }
  return text;
}

void look_at_updatedb(const Surroundings& here, Words& traps) {
  const std::string text = text_of(here.root / "etc/updatedb.conf");
  if (text.empty()) return;
  const Words kinds = parted(setting(text, "PRUNEFS").value_or(""), " \t");
  const bool prunes_kind =
      std::any_of(kinds.begin(), kinds.end(), [](const auto& k) { return fold(k) == "fuse.damfs"; });
  if (prunes_kind || any_covers(parted(setting(text, "PRUNEPATHS").value_or(""), " \t"), here.mountpoint)) return;
  traps.push_back(
      "updatedb (plocate) lists what is in a mount, every file once for each folder that shows it: add fuse.damfs to "
      "PRUNEFS in /etc/updatedb.conf");
}

// Of "XDG_PICTURES_DIR" and its like, as the desktop has it.
std::string desktop_folder(const Surroundings& here, const std::string& name) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kUsual = {{{"DESKTOP", "Desktop"},
                                                                                    {"DOCUMENTS", "Documents"},
                                                                                    {"DOWNLOAD", "Downloads"},
                                                                                    {"MUSIC", "Music"},
                                                                                    {"PICTURES", "Pictures"},
                                                                                    {"PUBLIC_SHARE", "Public"},
                                                                                    {"TEMPLATES", "Templates"},
                                                                                    {"VIDEOS", "Videos"}}};
  const std::string key = name == "PUBLIC_SHARE" ? "XDG_PUBLICSHARE_DIR" : "XDG_" + name + "_DIR";
  if (const auto set = setting(text_of(here.home / ".config/user-dirs.dirs"), key)) return with_home(*set, here.home);
  for (const auto& [usual, folder] : kUsual) {
    if (usual == name) return (here.home / folder).string();
  }
  return {};
}

// ['&PICTURES', '/srv'] of a schema's default.
Words quoted_words(std::string_view text) {
  Words words;
  for (size_t open = text.find('\''); open != std::string_view::npos; open = text.find('\'')) {
    const size_t close = text.find('\'', open + 1);
    if (close == std::string_view::npos) break;
    words.emplace_back(text.substr(open + 1, close - open - 1));
    text.remove_prefix(close + 1);
  }
  return words;
}

uint32_t number_at(std::string_view bytes, size_t at) {
  std::array<unsigned char, 4> four{};
  if (at > bytes.size() || bytes.size() - at < four.size()) return 0;
  std::memcpy(four.data(), bytes.data() + at, four.size());
  return four[0] | uint32_t{four[1]} << 8 | uint32_t{four[2]} << 16 | uint32_t{four[3]} << 24;
}

// What a dconf database (gvdb-format.h) has under a key, as far as that is a list of strings; by the key's last part.
std::optional<Words> strings_in_dconf(std::string_view database, std::string_view key) {
  constexpr size_t kHeader = 24, kItem = 24;
  if (!database.starts_with("GVariant")) return std::nullopt;
  const size_t table = number_at(database, 16);
  const size_t end = std::min<size_t>(number_at(database, 20), database.size());
  const size_t before_items =
      8 + size_t{4} * (number_at(database, table) & 0x07ffffff) + size_t{4} * number_at(database, table + 4);
  if (table < kHeader || table + before_items > end) return std::nullopt;
  for (size_t item = table + before_items; item + kItem <= end; item += kItem) {
    const size_t key_at = number_at(database, item + 8);
    const size_t key_size = number_at(database, item + 12) & 0xffff;
    if (database[item + 14] != 'v' || key_at > database.size() || database.substr(key_at, key_size) != key) continue;
    const size_t value_at = number_at(database, item + 16);
    const size_t value_end = std::min<size_t>(number_at(database, item + 20), database.size());
    if (value_at >= value_end) continue;
    std::string_view value = database.substr(value_at, value_end - value_at);
    if (!value.ends_with(std::string_view("\0as", 3))) continue;
    value.remove_suffix(3);
    // Behind the strings stands where each ends, in numbers as wide as the whole needs.
    const size_t width = value.size() <= 0xff ? 1 : value.size() <= 0xffff ? 2 : 4;
    if (value.size() < width) return Words{};
    const uint32_t last = number_at(std::string(value.substr(value.size() - width)) + std::string(4 - width, '\0'), 0);
    return parted(value.substr(0, last), std::string_view("\0", 1));
  }
  return std::nullopt;
}

void look_at_tracker(const Surroundings& here, Words& traps) {
  constexpr std::string_view kKey = "index-recursive-directories";
  const std::string schema =
      text_of(here.root / "usr/share/glib-2.0/schemas/org.freedesktop.Tracker3.Miner.Files.gschema.xml");
  if (schema.empty()) return;
  Words folders;
  if (const auto own = strings_in_dconf(text_of(here.home / ".config/dconf/user"), kKey)) {
    folders = *own;
  } else if (const size_t at = schema.find(kKey); at != std::string::npos) {
    const std::string_view behind = std::string_view(schema).substr(at);
    folders = quoted_words(behind.substr(0, behind.find("</default>")));
  }
  for (std::string& folder : folders) {
    folder = folder.starts_with('&') ? desktop_folder(here, folder.substr(1)) : with_home(folder, here.home);
  }
  if (!any_covers(folders, here.mountpoint)) return;
  traps.push_back(
      fmt::format("GNOME's indexer (Tracker, LocalSearch) reads {0}, all files of the mount in each folder: mount "
                  "elsewhere, or add "
                  "'{1}' to `gsettings get org.freedesktop.Tracker3.Miner.Files ignored-directories`",
                  here.mountpoint.string(), here.mountpoint.filename().string()));
}

void look_at_baloo(const Surroundings& here, Words& traps) {
  const Path file = here.home / ".config/baloofilerc";
  if (!is_there(file) && !is_there(here.root / "etc/xdg/autostart/baloo_file.desktop")) return;
  const std::string text = text_of(file);
  if (fold(setting(text, "Indexing-Enabled").value_or("true")) == "false") return;
  const auto folders_of = [&](std::string_view key, std::string_view usual) {
    const auto expanded = setting(text, std::string(key) + "[$e]");
    Words folders = parted(expanded ? *expanded : setting(text, key).value_or(std::string(usual)), ",");
    for (std::string& folder : folders) folder = with_home(folder, here.home);
    return folders;
  };
  if (!any_covers(folders_of("folders", "$HOME"), here.mountpoint)) return;
  if (any_covers(folders_of("exclude folders", ""), here.mountpoint)) return;
  traps.push_back(
      fmt::format("KDE's indexer (Baloo) reads {0}, all files of the mount in each folder: `balooctl config add "
                  "excludeFolders {0}` (balooctl6 in Plasma 6)",
                  here.mountpoint.string()));
}

void look_at_thumbnails(const Surroundings& here, Words& traps) {
  // Where pictures are decoded by programs of their own, WebP is among them.
  if (is_there(here.root / "usr/share/glycin-loaders")) return;
  bool any = false;
  for (const char* libraries : {"usr/lib", "usr/lib64"}) {
    std::error_code error;
    Words places{libraries};
    for (std::filesystem::directory_iterator each(here.root / libraries, error); !error && each != end(each);
         each.increment(error)) {
      places.push_back(fmt::format("{}/{}", libraries, each->path().filename().string()));
    }
    for (const std::string& place : places) {
      const Path loaders = here.root / place / "gdk-pixbuf-2.0/2.10.0/loaders";
      if (is_there(loaders / "libpixbufloader-webp.so")) return;
      any = any || is_there(loaders);
    }
  }
  if (!any) return;
  traps.push_back(
      "GNOME's and Xfce's file managers draw no thumbnails of the previews, which are WebP: install the package "
      "webp-pixbuf-loader");
}

void look_at_apparmor(const Surroundings& here, Words& traps) {
  const Path profiles = here.root / "etc/apparmor.d";
  if (here.is_root || is_there(profiles / "disable/fusermount3")) return;
  Words allowed;
  for (const std::string& line :
       parted(text_of(profiles / "fusermount3") + text_of(profiles / "local/fusermount3"), "\n")) {
    const std::string_view rule = trimmed(std::string_view(line).substr(0, line.find('#')));
    const size_t arrow = rule.find("->");
    if (!rule.starts_with("mount") || arrow == std::string_view::npos) continue;
    std::string_view place = trimmed(rule.substr(arrow + 2));
    if (place.ends_with(',')) place.remove_suffix(1);
    place = trimmed(place);
    if (place.size() >= 2 && place.front() == '"' && place.back() == '"') place = place.substr(1, place.size() - 2);
    allowed.emplace_back(place);
  }
  const std::string mountpoint = here.mountpoint.string() + "/";
  const auto allows = [&](const std::string& place) { return is_place_like(mountpoint, place); };
  if (allowed.empty() || std::any_of(allowed.begin(), allowed.end(), allows)) return;
  traps.push_back(fmt::format(
      "AppArmor lets fusermount3 mount at {0} only, which {1} is not: mount at one of these, or add `mount "
      "fstype=fuse.damfs "
      "-> \"{1}/\",` and `umount \"{1}/\",` to /etc/apparmor.d/local/fusermount3 and run `apparmor_parser -r "
      "/etc/apparmor.d/fusermount3` as root",
      fmt::join(allowed, " "), here.mountpoint.string()));
}

// Whether a table of mounts, as fstab(5) describes it, has a damfs that lets others in.
bool lets_others_in(const std::string& table) {
  for (const std::string& line : parted(table, "\n")) {
    const Words columns = parted(line, " \t");
    if (columns.size() < 4 || columns[0].starts_with('#')) continue;
    const Words options = parted(columns[3], ",");
    const bool is_ours = columns[2] == "fuse.damfs" || columns[2] == "damfs";
    if (is_ours && std::find(options.begin(), options.end(), "allow_other") != options.end()) return true;
  }
  return false;
}

void look_at_fuse(const Surroundings& here, Words& traps) {
  if (here.is_root) return;
  const std::string text = text_of(here.root / "etc/fuse.conf");
  for (const std::string& line : parted(text, "\n")) {
    if (trimmed(line) == "user_allow_other") return;
  }
  if (!lets_others_in(text_of(here.root / "proc/self/mounts")) && !lets_others_in(text_of(here.root / "etc/fstab")))
    return;
  traps.push_back(
      "the mount is meant for others too (allow_other), which fusermount3 refuses to ordinary users: write a line "
      "user_allow_other to /etc/fuse.conf");
}

}  // namespace

std::vector<std::string> traps_of(const Surroundings& here) {
  Words traps;
  for (const auto look :
       {look_at_updatedb, look_at_tracker, look_at_baloo, look_at_thumbnails, look_at_apparmor, look_at_fuse}) {
    look(here, traps);
  }
  for (std::string& trap : traps) trap = printable(trap);
  return traps;
}

}  // namespace damfs
