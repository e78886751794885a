// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/ingest/walk.h"

#include <dirent.h>
#include <fcntl.h>

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <memory>
#include <optional>
#include <set>
#include <system_error>
#include <vector>

#include "catalog/base/error.h"
#include "catalog/base/names.h"
#include "catalog/base/own_mounts.h"
#include "catalog/store/library.h"

namespace damfs {
namespace {

struct CloseDirectory {
  void operator()(DIR* directory) const noexcept { ::closedir(directory); }
};
using Directory = std::unique_ptr<DIR, CloseDirectory>;

std::string why(int code) { return std::generic_category().message(code); }

std::optional<std::vector<std::string>> sorted_names(const Path& folder, const WalkVisitor& visitor) {
  const Directory directory(::opendir(folder.c_str()));
  if (!directory) {
    visitor.unreadable(folder, why(errno));
    return std::nullopt;
  }
  std::vector<std::string> names;
  errno = 0;
  while (const dirent* entry = ::readdir(directory.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != ".." && !is_litter(name)) names.emplace_back(name);
    errno = 0;
  }
  // What was read before the failure is still worth importing.
  if (errno != 0) visitor.unreadable(folder, why(errno));
  std::sort(names.begin(), names.end());
  return names;
}

const char* unsupported_type(mode_t mode) {
  if (S_ISFIFO(mode)) return "a pipe";
  if (S_ISSOCK(mode)) return "a socket";
  return "a device";
}

// Empty: it cannot be read, and errno says why.
std::optional<std::string> target_of(const Path& link) {
  std::array<char, PATH_MAX> text{};
  const ssize_t size = ::readlink(link.c_str(), text.data(), text.size());
  if (size < 0) return std::nullopt;
  return std::string(text.data(), static_cast<size_t>(size));
}

// Whether a link in the folder `below` the root leads to somewhere below the root, by what it says alone.
bool stays_within(const std::string& below, const std::string& target) {
  if (target.starts_with('/')) return false;
  int64_t depth = below.empty() ? 0 : 1 + std::count(below.begin(), below.end(), '/');
  for (const Path& part : Path(target)) {
    if (part == "..") --depth;
    if (part != ".." && part != "." && !part.empty()) ++depth;
    if (depth < 0) return false;
  }
  return true;
}

class Walk {
 public:
  explicit Walk(const WalkVisitor& visitor) : visitor_(visitor), own_mounts_(devices_of_own_mounts()) {}

  // `below`: the folder's own path below the root, "" for the root itself.
  bool folder(const Path& path, const std::string& below, const std::shared_ptr<const WalkedFolder>& in) {
    if (own_mounts_.contains(in->stat.st_dev)) {
      visitor_.skipped(path, "a damfs mount");
      return true;
    }
    if (Library::is_library(path)) {
      visitor_.skipped(path, "a damfs library");
      return true;
    }
    const auto names = sorted_names(path, visitor_);
    if (!names) return true;
    for (const std::string& name : *names) {
      if (!entry(path / name, below, name, in)) return false;
    }
    return true;
  }

 private:
  bool entry(const Path& path, const std::string& below, const std::string& name,
             const std::shared_ptr<const WalkedFolder>& in) {
    struct stat st {};
    if (::lstat(path.c_str(), &st) != 0) {
      visitor_.unreadable(path, why(errno));
      return true;
    }
    if (S_ISDIR(st.st_mode)) {
      return folder(path, join_path(below, name), std::make_shared<WalkedFolder>(WalkedFolder{in, st}));
    }
    if (S_ISLNK(st.st_mode)) return link(path, below, name, st, in);
    if (!S_ISREG(st.st_mode)) {
      visitor_.skipped(path, unsupported_type(st.st_mode));
      return true;
    }
    if (is_temporary(name)) {
      visitor_.skipped(path, "a temporary file of some program");
      return true;
    }
    return visitor_.file({path, below, name, st, in});
  }

  bool link(const Path& path, const std::string& below, const std::string& name, const struct stat& st,
            const std::shared_ptr<const WalkedFolder>& in) {
    auto target = target_of(path);
    if (!target) {
      visitor_.unreadable(path, why(errno));
      return true;
    }
    if (!stays_within(below, *target)) {
      visitor_.skipped(path, "a symbolic link to " + printable(*target) + ", which is not among what is imported");
      return true;
    }
    return visitor_.file({path, below, name, st, in, std::move(target)});
  }

  const WalkVisitor& visitor_;
  const std::set<dev_t> own_mounts_;
};

}  // namespace

bool walk(const Path& root, const WalkVisitor& visitor) {
  struct stat st {};
  if (::stat(root.c_str(), &st) != 0) {
    visitor.unreadable(root, why(errno));
    return true;
  }
  if (S_ISDIR(st.st_mode)) {
    return Walk(visitor).folder(root, "", std::make_shared<WalkedFolder>(WalkedFolder{nullptr, st}));
  }
  if (devices_of_own_mounts().contains(st.st_dev)) {
    visitor.skipped(root, "in a damfs mount");
    return true;
  }
  if (!S_ISREG(st.st_mode)) {
    visitor.skipped(root, unsupported_type(st.st_mode));
    return true;
  }
  return visitor.file({root, "", root.filename().string(), st, nullptr});
}

}  // namespace damfs
