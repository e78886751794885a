// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

// Files of the library in the desktop's programs, which see them where it is mounted.

#include <sys/stat.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <utility>

#include "catalog/base/error.h"
#include "catalog/base/names.h"
#include "catalog/model/catalog.h"
#include "fs/cli/command.h"
#include "fs/cli/desktop.h"
#include "fs/cli/items.h"
#include "fs/cli/teller.h"
#include "fs/mount/mounted_paths.h"

namespace damfs {
namespace {

constexpr size_t kMostOpened = 20;

// A mount of the library that answers.
class Shown {
 public:
  Shown(const Library& library, Reader& reader) : reader_(reader), mounted_(library), top_(mounted_.top()) {
    if (top_.empty()) {
      fail(ENOENT, "{} is not mounted, and other programs see it only then; `damfs mount` mounts it",
           library.root().string());
    }
  }

  // That very path, if it is one of a mount.
  std::optional<Path> as_typed(const std::string& item) const {
    std::error_code error;
    const Path path = std::filesystem::absolute(item, error);
    if (error || !std::filesystem::exists(path, error)) return std::nullopt;
    const auto there = stat_path(path);
    return there && mounted_.have(*there) ? std::optional(path) : std::nullopt;
  }

  std::optional<Path> folder(const std::string& item) const {
    std::error_code error;
    const Path path = top_ / "originals" / Path(item).relative_path();
    return as_typed(path.native()) && std::filesystem::is_directory(path, error) ? std::optional(path) : std::nullopt;
  }

  // In originals/, or in what shows that through something ("previews/medium"). ENOENT says why it is not there.
  Path file(int64_t asset, const Path& through) const {
    const auto entries = reader_.folder_entries(asset);
    if (entries.empty()) fail(ENOENT, "#{} is in the trash; `damfs trash restore` brings it back", asset);
    const auto& [folder, name] = entries.front();
    const Path place = top_ / through / "originals" / reader_.group_path(Grouping::kFolder, folder);
    if (through.empty()) return place / name;
    std::error_code error;
    for (std::filesystem::directory_iterator entry(place, error), end; !error && entry != end; entry.increment(error)) {
      if (asset_claim(entry->path()).asset == asset) return entry->path();
    }
    fail(ENOENT, "{} has nothing in {}/", printable(name), through.native());
  }

  // Whether there is such a folder of previews or proxies; EINVAL tells which there are.
  void require(const Path& through) const {
    std::error_code error;
    if (through.empty() || std::filesystem::is_directory(top_ / through, error)) return;
    std::vector<std::string> names;
    for (std::filesystem::directory_iterator entry(top_ / through.parent_path(), error), end; !error && entry != end;
         entry.increment(error)) {
      names.push_back(entry->path().filename().native());
    }
    std::sort(names.begin(), names.end());
    fail(EINVAL, "there is no preview '{}'; there are {}", printable(through.filename().native()),
         fmt::join(names, ", "));
  }

 private:
  Reader& reader_;
  const MountedPaths mounted_;
  const Path& top_;
};

DesktopProgram start_opener(const Path& path) {
  DesktopProgram opener({"xdg-open", path.native()});
  if (!opener.is_there()) {
    fail(ENOENT,
         "there is no xdg-open, which knows the desktop's programs: install the package xdg-utils. It would open {}",
         printable(path.native()));
  }
  return opener;
}

void require_opened(const Path& path, int status) {
  if (status != 0) {
    fail(EIO, "xdg-open ended with {}: no program opened {}; `xdg-mime default` says which is to", status,
         printable(path.native()));
  }
}

// File managers that know it select the file in its folder.
bool show_selected(const Path& path) {
  DesktopProgram call({"gdbus", "call", "--session", "--timeout", "5", "--dest", "org.freedesktop.FileManager1",
                       "--object-path", "/org/freedesktop/FileManager1", "--method",
                       "org.freedesktop.FileManager1.ShowItems", fmt::format("['{}']", file_uri(path)), "''"},
                      DesktopProgram::Says::kNothing);
  return call.wait() == 0;
}

void show(const std::string& item, const Teller& tell, Globals& globals) {
  const Library library = globals.open_library();
  Catalog catalog(library.catalog());
  const auto reader = catalog.reader();
  const Shown shown(library, *reader);
  auto path = shown.as_typed(item);
  if (!path) path = shown.folder(item);
  if (!path) {
    const auto asset = resolve_item(*reader, item, globals);
    if (!asset) return;
    path = shown.file(*asset, {});
  }
  std::error_code error;
  const bool is_folder = std::filesystem::is_directory(*path, error);
  if (is_folder || !show_selected(*path)) {
    const Path folder = is_folder ? *path : path->parent_path();
    require_opened(folder, start_opener(folder).wait());
  }
  tell.line({{"shown", path->native()}});
}

struct OpenArguments {
  std::vector<std::string> items;
  std::string preview;
  bool proxy = false;
  Teller tell;
};

std::vector<Path> paths_to_open(const Shown& shown, Reader& reader, const OpenArguments& arguments, Globals& globals) {
  const Path through = arguments.proxy              ? Path("proxies") / "edit"
                       : !arguments.preview.empty() ? Path("previews") / EntryName(arguments.preview).view()
                                                    : Path();
  shown.require(through);
  std::vector<Path> paths;
  int code = kAllDone;
  for (const std::string& item : arguments.items) {
    std::error_code error;
    const auto typed = through.empty() ? shown.as_typed(item) : std::nullopt;
    if (typed && !std::filesystem::is_directory(*typed, error)) {
      paths.push_back(*typed);
      continue;
    }
    for (const int64_t asset : resolve_items(reader, Items{{item}}, globals)) {
      try {
        paths.push_back(shown.file(asset, through));
      } catch (const Error& missing) {
        fmt::print(stderr, "damfs: {}\n", missing.what());
        code = kPartlyDone;
      }
    }
    code = std::max(code, std::exchange(globals.exit_code, kAllDone) == kAllDone ? kAllDone : kPartlyDone);
  }
  globals.exit_code = code != kAllDone && paths.empty() ? kFailed : code;
  return paths;
}

void open(const OpenArguments& arguments, Globals& globals) {
  if (arguments.proxy && !arguments.preview.empty()) fail(EINVAL, "say --preview or --proxy, not both");
  const Library library = globals.open_library();
  Catalog catalog(library.catalog());
  const auto reader = catalog.reader();
  const Shown shown(library, *reader);
  const std::vector<Path> paths = paths_to_open(shown, *reader, arguments, globals);
  if (paths.size() > kMostOpened) {
    fail(E2BIG, "that are {} files; name {} at the most, or `damfs show` their folder", paths.size(), kMostOpened);
  }
  std::vector<DesktopProgram> openers;
  for (const Path& path : paths) openers.push_back(start_opener(path));
  for (size_t i = 0; i < paths.size(); ++i) {
    require_opened(paths[i], openers[i].wait());
    arguments.tell.line({{"opened", paths[i].native()}});
  }
}

}  // namespace

void add_show(CLI::App& program, Globals& globals) {
  auto* verb = program.add_subcommand("show", "Show a file in its folder, in the file manager");
  verb->footer(
      items_help() +
      "\nThe library must be mounted. A path below a mount is shown where it is, anything else in originals/.\n\n"
      "Examples:\n  damfs show 2024/IMG_0001.JPG\n  damfs show 2024/rome\n  damfs show ~/damfs/by-tag/beach");
  auto item = std::make_shared<std::string>();
  verb->add_option("ITEM", *item, "What")->required();
  const Teller tell(*verb);
  verb->callback([item, tell, &globals] { show(*item, tell, globals); });
}

void add_open(CLI::App& program, Globals& globals) {
  auto* verb = program.add_subcommand("open", "Open files in the desktop's programs for them");
  verb->footer(items_help() +
               "\nThe library must be mounted. Ends when xdg-open does.\n\nExamples:\n  damfs open 2024/IMG_0001.JPG\n"
               "  damfs open IMG_0001.CR2 --preview large\n  damfs open C0001.MP4 --proxy");
  auto arguments = std::make_shared<OpenArguments>();
  verb->add_option("ITEM", arguments->items, "What")->required();
  verb->add_option("--preview", arguments->preview, "Its preview instead: small, medium, large or one of damfs.toml");
  verb->add_flag("--proxy", arguments->proxy, "Its editing proxy instead");
  arguments->tell = Teller(*verb);
  verb->callback([arguments, &globals] { open(*arguments, globals); });
}

}  // namespace damfs
