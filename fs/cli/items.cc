// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "fs/cli/items.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <filesystem>
#include <unordered_set>

#include "catalog/base/error.h"
#include "catalog/base/names.h"
#include "catalog/base/suggest.h"
#include "catalog/model/read/details.h"
#include "catalog/model/search/search.h"
#include "fs/mount/mounted_paths.h"

namespace damfs {
namespace {

constexpr size_t kMostCompared = 500;  // names with what was typed

// What the items of one call come to.
class Resolver {
 public:
  Resolver(Reader& reader, Globals& globals) : reader_(reader), globals_(globals) {}

  void add(const std::string& item) {
    if (add_mounted(item)) return;
    if (const auto asset = resolve_asset(reader_, item)) return add(*asset);
    if (const auto folder = folder_called(item)) return add_below(*folder);
    refuse("nothing in the library is called '{}'; {}", printable(item), advice(item));
  }

  void add_found(const std::string& query) {
    bool any = false;
    search(reader_, Criteria{{}, parse_query(query, QueryReading::kStrict)}, 0, [&](int64_t asset) {
      any = true;
      add(asset);
      return true;
    });
    if (!any) refuse("`damfs find {}` finds nothing", printable(query));
  }

  std::vector<int64_t> take() {
    if (missed_) globals_.exit_code = assets_.empty() ? kFailed : kPartlyDone;
    return std::move(assets_);
  }

 private:
  void add(int64_t asset) {
    if (known_.insert(asset).second) assets_.push_back(asset);
  }

  template <typename... Args>
  void refuse(fmt::format_string<Args...> format, Args&&... args) {
    missed_ = true;
    fmt::print(stderr, "damfs: {}\n", fmt::format(format, std::forward<Args>(args)...));
  }

  // Whether the item is a path below a mount.
  bool add_mounted(const std::string& item) {
    const AssetClaim claim = asset_claim(item);
    if (claim.is_there) {
      if (const auto file = stat_path(item); !file || !is_mounted(*file)) {
        refuse(
            "'{}' is not in a mount of this library, so that what its attribute user.damfs.asset says is not believed; "
            "say its path below the mount, or #ID",
            printable(item));
        return true;
      }
      if (claim.asset) add(*claim.asset);
      return claim.asset.has_value();
    }
    std::error_code error;
    if (!std::filesystem::is_directory(item, error) || !is_mounted(*stat_path(item))) return false;
    add_files_below(item);
    return true;
  }

  void add_files_below(const std::string& folder) {
    bool any = false;
    std::error_code error;
    std::filesystem::recursive_directory_iterator entry(
        folder, std::filesystem::directory_options::skip_permission_denied, error);
    for (; !error && entry != std::filesystem::recursive_directory_iterator(); entry.increment(error)) {
      // Something else may be mounted below.
      const auto file = entry->is_symlink(error) ? std::nullopt : stat_path(entry->path());
      if (!file || !S_ISREG(file->st_mode) || !is_mounted(*file)) continue;
      if (const AssetClaim claim = asset_claim(entry->path()); claim.asset) {
        any = true;
        add(*claim.asset);
      }
    }
    if (error) refuse("{} could not be read: {}", printable(folder), error.message());
    if (!error && !any) refuse("there is no file below {}", printable(folder));
  }

  std::optional<int64_t> folder_called(std::string_view path) {
    int64_t folder = 1;
    bool any = false;
    while (!path.empty()) {
      const size_t slash = std::min(path.find('/'), path.size());
      const std::string_view name = path.substr(0, slash);
      path.remove_prefix(std::min(path.size(), slash + 1));
      if (name.empty() || name == ".") continue;
      const auto row = reader_.find_group(Grouping::kFolder, folder, name);
      if (!row) return std::nullopt;
      folder = row->key;
      any = true;
    }
    return any ? std::optional(folder) : std::nullopt;
  }

  // A catalog that somebody sent may name a folder above as one below.
  void add_below(int64_t top) {
    std::vector<int64_t> folders{top};
    std::unordered_set<int64_t> met{top};
    while (!folders.empty()) {
      const int64_t folder = folders.back();
      folders.pop_back();
      reader_.assets(Grouping::kFolder, folder, 0, [&](const AssetRow& row) {
        if (!row.is_link()) add(row.id);
        return true;
      });
      reader_.groups(Grouping::kFolder, folder, 0, [&](const GroupRow& row) {
        if (met.insert(row.key).second) folders.push_back(row.key);
        return true;
      });
    }
  }

  // What it may have been meant for: names that begin as it does are compared.
  std::string advice(const std::string& item) {
    constexpr size_t kBeginning = 3;
    const std::string name = fold(item.substr(item.rfind('/') + 1));
    std::vector<std::string> names;
    std::vector<int64_t> assets;
    if (name.size() > kBeginning && is_utf8(name)) {
      QueryTerm word;
      word.text = name.substr(0, kBeginning);
      if (is_utf8(word.text) && has_letters(word.text)) {
        search(reader_, {word}, 0, [&](int64_t asset) {
          assets.push_back(asset);
          return assets.size() < kMostCompared;
        });
      }
    }
    for (const int64_t asset : assets) {
      const auto found = reader_.asset(asset);
      names.push_back(found ? fold(found->name) : std::string());
    }
    const auto meant = most_similar(name, names);
    if (!meant) return "`damfs find` lists what there is";
    const int64_t asset = assets[static_cast<size_t>(std::find(names.begin(), names.end(), *meant) - names.begin())];
    const auto entries = reader_.folder_entries(asset);
    if (entries.empty()) return "`damfs find` lists what there is";
    const auto& [folder, entry] = entries.front();
    return fmt::format("did you mean '{}'?",
                       printable(join_path(reader_.group_path(Grouping::kFolder, folder), entry)));
  }

  static bool has_letters(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isalnum(c) != 0; });
  }

  bool is_mounted(const struct stat& file) {
    if (!mounted_) mounted_.emplace(globals_.open_library());
    return mounted_->have(file);
  }

  Reader& reader_;
  Globals& globals_;
  std::optional<MountedPaths> mounted_;  // once it was asked for
  std::vector<int64_t> assets_;
  std::unordered_set<int64_t> known_;
  bool missed_ = false;
};

}  // namespace

std::string items_help() {
  return "An ITEM is a path below a mount, a path relative to originals/, a label as the flat folders show it, or #ID. "
         "A\nfolder means all that is below it.";
}

void add_items(CLI::App& verb, Items& items, const std::string& help) {
  verb.add_option("ITEM", items.named, help);
  verb.add_option("--query", items.query, "And all that `damfs find` finds for it");
}

std::vector<int64_t> resolve_items(Reader& reader, const Items& items, Globals& globals) {
  if (items.is_empty()) fail(EINVAL, "say which ITEM is meant, or --query");
  Resolver resolver(reader, globals);
  for (const std::string& item : items.named) resolver.add(item);
  if (!items.query.empty()) resolver.add_found(items.query);
  return resolver.take();
}

std::optional<int64_t> resolve_item(Reader& reader, const std::string& item, Globals& globals) {
  const auto found = resolve_items(reader, Items{{item}, {}}, globals);
  if (found.size() > 1) fail(EINVAL, "'{}' is a folder; name one file", printable(item));
  return found.empty() ? std::nullopt : std::optional(found.front());
}

}  // namespace damfs
