// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <sys/stat.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "catalog/base/unique_fd.h"

namespace damfs {

using Path = std::filesystem::path;

// Bytes that copying and hashing read at a time: large enough to amortise the calls, small enough that a block is still
// in the core's cache when it is hashed and then written.
inline constexpr size_t kBlock = 256U << 10;

// Opens with O_CLOEXEC; throws Error naming the path.
UniqueFd open_file(const Path& path, int flags, mode_t mode = 0);

// As open_file, but "no such file" (ENOENT, ENOTDIR) is an empty optional.
std::optional<UniqueFd> open_existing(const Path& path, int flags);

// Another descriptor of the same open file, with O_CLOEXEC.
UniqueFd duplicate(int fd, const Path& path_for_messages);
// A descriptor that is readable once that process has ended; none where the kernel has no such.
UniqueFd open_pidfd(pid_t pid) noexcept;

struct stat stat_fd(int fd, const Path& path_for_messages);
std::optional<struct stat> stat_path(const Path& path);   // follows symlinks; empty when absent
std::optional<struct stat> lstat_path(const Path& path);  // does not

// Beyond 1677..2262, where nanoseconds end but file systems do not, the nearest end.
int64_t to_ns(const struct timespec& time) noexcept;
struct timespec to_timespec(int64_t ns) noexcept;

// Reads until the buffer is full or the file ends; returns the bytes read. Retries EINTR.
size_t read_some(int fd, std::span<std::byte> buffer, const Path& path_for_messages);
size_t pread_some(int fd, std::span<std::byte> buffer, uint64_t offset, const Path& path_for_messages);
void write_all(int fd, std::span<const std::byte> bytes, const Path& path_for_messages);
void pwrite_all(int fd, std::span<const std::byte> bytes, uint64_t offset, const Path& path_for_messages);

// The whole of a small text file, at most `limit` bytes (EFBIG beyond); empty optional when absent.
std::optional<std::string> read_text(const Path& path, size_t limit = 1U << 20);

// Replaces `path` by `text` through a temporary file, fsync and rename, so that no reader and no power cut
// ever meets half of it.
void replace_text(const Path& path, std::string_view text, mode_t mode = 0644);

// "…/bin/damfs" of this very process.
Path program_path();

}  // namespace damfs
