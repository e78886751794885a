// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/ingest/walk.h"

#include <dirent.h>
#include <fcntl.h>

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <memory>
#include <optional>
#include <set>
#include <system_error>
#include <utility>
#include <vector>

#include "catalog/base/error.h"
#include "catalog/base/long_path.h"
#include "catalog/base/names.h"
#include "catalog/base/own_mounts.h"
#include "catalog/library/library.h"

namespace damfs {
namespace {

struct CloseDirectory {
  void operator()(DIR* directory) const noexcept { ::closedir(directory); }
};
using Directory = std::unique_ptr<DIR, CloseDirectory>;

std::string why(int code) { return std::generic_category().message(code); }

std::optional<std::vector<std::string>> sorted_names(const Path& folder, const WalkVisitor& visitor) {
  UniqueFd fd(at_length(folder, [](int at, const char* rest) {
    return ::openat(at, rest, O_RDONLY | O_DIRECTORY | O_NONBLOCK | O_CLOEXEC);
  }));
  const Directory directory(fd ? ::fdopendir(fd.get()) : nullptr);
  if (!directory) {
    visitor.unreadable(folder, why(errno));
    return std::nullopt;
  }
  fd.release();  // the directory's now
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
  std::string text(PATH_MAX, '\0');
  const int size = at_length(link, [&](int at, const char* rest) {
    return static_cast<int>(::readlinkat(at, rest, text.data(), text.size()));
  });
  if (size < 0) return std::nullopt;
  text.resize(static_cast<size_t>(size));
  return text;
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

// Its own stack, for a tree may be deeper than that of a thread.
class Walk {
 public:
  Walk(Path root, const WalkVisitor& visitor)
      : root_(std::move(root)), visitor_(visitor), own_mounts_(devices_of_own_mounts()) {}

  bool all(const struct stat& root) {
    enter("", std::make_shared<WalkedFolder>(WalkedFolder{nullptr, root}));
    while (!levels_.empty()) {
      Level& level = levels_.back();
      below_.resize(level.below);
      if (level.next == level.names.size()) {
        levels_.pop_back();
        continue;
      }
      const std::string name = std::move(level.names[level.next++]);
      if (!entry(name, level.in)) return false;
    }
    return true;
  }

 private:
  struct Level {
    size_t below = 0;  // of below_, what is its own path
    std::vector<std::string> names{};
    size_t next = 0;
    std::shared_ptr<const WalkedFolder> in{};
  };
  static constexpr size_t kMostLevels = 10'000;

  void enter(const std::string& name, const std::shared_ptr<const WalkedFolder>& in) {
    if (!name.empty()) below_ = join_path(below_, name);
    const Path path = below_.empty() ? root_ : root_ / below_;
    if (own_mounts_.contains(in->stat.st_dev)) return visitor_.skipped(path, "a damfs mount");
    if (Library::is_library(path)) return visitor_.skipped(path, "a damfs library");
    if (levels_.size() == kMostLevels) {
      return visitor_.unreadable(path, "it lies below more than 10,000 folders; import it by itself");
    }
    if (auto names = sorted_names(path, visitor_)) levels_.push_back({below_.size(), std::move(*names), 0, in});
  }

  // In the folder below_.
  bool entry(const std::string& name, std::shared_ptr<const WalkedFolder> in) {
    const Path path = below_.empty() ? root_ / name : root_ / below_ / name;
    struct stat st {};
    const auto look = [&](int at, const char* rest) { return ::fstatat(at, rest, &st, AT_SYMLINK_NOFOLLOW); };
    if (at_length(path, look) != 0) {
      visitor_.unreadable(path, why(errno));
      return true;
    }
    if (S_ISDIR(st.st_mode)) {
      enter(name, std::make_shared<WalkedFolder>(WalkedFolder{std::move(in), st}));
      return true;
    }
    if (S_ISLNK(st.st_mode)) return link(path, below_, name, st, in);
    if (!S_ISREG(st.st_mode)) {
      visitor_.skipped(path, unsupported_type(st.st_mode));
      return true;
    }
    if (is_temporary(name)) {
      visitor_.skipped(path, "a temporary file of some program");
      return true;
    }
    return visitor_.file({path, below_, name, st, in});
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

  const Path root_;
  const WalkVisitor& visitor_;
  const std::set<dev_t> own_mounts_;
  std::vector<Level> levels_;
  std::string below_;  // the path of the folder that is walked, below the root
};

}  // namespace

bool walk(const Path& root, const WalkVisitor& visitor) {
  struct stat st {};
  if (at_length(root, [&](int at, const char* rest) { return ::fstatat(at, rest, &st, 0); }) != 0) {
    visitor.unreadable(root, why(errno));
    return true;
  }
  if (S_ISDIR(st.st_mode)) {
    return Walk(root, visitor).all(st);
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
