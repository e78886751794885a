// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "fs/cli/command.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "catalog/base/error.h"
#include "catalog/base/log.h"
#include "catalog/base/names.h"
#include "catalog/model/details.h"
#include "fs/cli/mounts.h"
#include "views/node_id.h"

namespace damfs {
namespace {

// A signal handler can reach nothing else.
std::atomic<bool> stop_asked{false};

void ask_to_stop(int signal) {
  stop_asked = true;
  ::signal(signal, SIG_DFL);
}

// Whether the file lies on a mount of that library, which is a device of its own.
bool is_mounted_by(const Library& library, const std::string& path) {
  const auto file = stat_path(path);
  const auto mounts = mounts_of(library);
  return file && std::any_of(mounts.begin(), mounts.end(), [&](const MountState& mount) {
           const auto top = stat_path(mount.mountpoint);
           return top && top->st_dev == file->st_dev && top->st_ino == NodeId::root().value();
         });
}

// The asset behind a path below a mount of this library. Copying programs spread the attribute to wherever they copy,
// and anybody can set it there: from elsewhere it is not believed. ESTALE.
std::optional<int64_t> asset_of_mounted_path(const std::string& path, const Globals& globals) {
  std::array<char, 32> value{};
  const ssize_t n = ::getxattr(path.c_str(), "user.damfs.asset", value.data(), value.size());
  if (n <= 0 && (n == 0 || errno != ERANGE)) return std::nullopt;
  if (!is_mounted_by(globals.open_library(), path)) {
    fail(
        ESTALE,
        "'{}' is not in a mount of this library, so that what its attribute user.damfs.asset says is not believed; say "
        "its path below the mount, or #ID",
        printable(path));
  }
  int64_t id = 0;
  if (n < 0 || std::from_chars(value.data(), value.data() + n, id).ec != std::errc()) return std::nullopt;
  return id;
}

}  // namespace

Path Globals::library_root() const { return Library::find(library, std::filesystem::current_path()); }

Library Globals::open_library() const {
  Library opened(library_root(), foreign_owner);
  if (opened.is_open_to_others()) {
    log::warning("others may enter {}, and read what is private in it; `chmod 0700 {}` keeps them out",
                 opened.root().string(), opened.root().string());
  }
  return opened;
}

std::string items_help() {
  return "An ITEM is a path below the mount, a path relative to originals/, a label as the flat folders show it, "
         "or #ID.";
}

std::vector<int64_t> resolve_items(Reader& reader, const std::vector<std::string>& items, Globals& globals) {
  std::vector<int64_t> assets;
  bool missed = false;
  for (const std::string& item : items) {
    std::optional<int64_t> asset;
    try {
      asset = asset_of_mounted_path(item, globals);
    } catch (const Error& error) {
      if (error.code() != ESTALE) throw;
      missed = true;
      fmt::print(stderr, "damfs: {}\n", error.what());
      continue;
    }
    if (!asset) asset = resolve_asset(reader, item);
    if (asset) {
      assets.push_back(*asset);
    } else {
      missed = true;
      fmt::print(stderr, "damfs: nothing in the library is called '{}'; `damfs find` lists what there is\n",
                 printable(item));
    }
  }
  if (missed) globals.exit_code = assets.empty() ? kFailed : kPartlyDone;
  return assets;
}

Act act_by_user(std::string what) { return {.uid = static_cast<int64_t>(::getuid()), .what = std::move(what)}; }

StopOnSignal::StopOnSignal() {
  stop_asked = false;
  ::signal(SIGINT, ask_to_stop);
  ::signal(SIGTERM, ask_to_stop);
}

StopOnSignal::~StopOnSignal() {
  ::signal(SIGINT, SIG_DFL);
  ::signal(SIGTERM, SIG_DFL);
}

const std::atomic<bool>& StopOnSignal::flag() const { return stop_asked; }

std::optional<Path> mounted_at(const Library& library) {
  const auto mounts = mounts_of(library);
  return mounts.empty() ? std::nullopt : std::optional(mounts.front().mountpoint);
}

}  // namespace damfs
