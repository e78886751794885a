// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <fmt/format.h>

#include <stdexcept>
#include <string>
#include <utility>

namespace damfs {

// A fault: something that should have worked did not. It carries the errno that a system call, a user's
// program or the kernel is to be told, and a message for people. What is merely absent is never an Error;
// "not found" is an empty optional.
class Error : public std::runtime_error {
 public:
  Error(int code, const std::string& message) : std::runtime_error(message), code_(code) {}

  int code() const noexcept { return code_; }  // an errno, never 0

 private:
  int code_;
};

// Throws Error(code, "<doing>: <strerror(code)>").
[[noreturn]] void throw_errno(int code, const std::string& doing);

template <typename... Args>
[[noreturn]] void fail(int code, fmt::format_string<Args...> format, Args&&... args) {
  throw Error(code, fmt::format(format, std::forward<Args>(args)...));
}

// The errno of whatever is being handled: an Error's own, ENOMEM for bad_alloc, EIO for anything else.
// Call it only inside a catch block.
int errno_of_current_exception() noexcept;

}  // namespace damfs
