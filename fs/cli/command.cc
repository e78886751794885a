// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "fs/cli/command.h"

#include <fmt/format.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "catalog/base/log.h"
#include "catalog/base/names.h"
#include "catalog/model/details.h"
#include "fs/cli/mounts.h"

namespace damfs {
namespace {

// A signal handler can reach nothing else.
std::atomic<bool> stop_asked{false};

void ask_to_stop(int signal) {
  stop_asked = true;
  ::signal(signal, SIG_DFL);
}

// The asset behind a path below some mount of this or any library.
std::optional<int64_t> asset_of_mounted_path(const std::string& path) {
  std::array<char, 32> value{};
  const ssize_t n = ::getxattr(path.c_str(), "user.damfs.asset", value.data(), value.size());
  int64_t id = 0;
  if (n <= 0 || std::from_chars(value.data(), value.data() + n, id).ec != std::errc()) return std::nullopt;
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
    auto asset = asset_of_mounted_path(item);
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
