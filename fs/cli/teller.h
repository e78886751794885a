// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <utility>

namespace CLI {
class App;
}

namespace damfs {

// What a verb says on stdout: words to people, or with --json one object a line to programs, and then nothing else.
// What goes wrong is said in words on stderr, to both. Copies of it are one.
class Teller {
 public:
  Teller() : as_json_(std::make_shared<bool>(false)) {}
  explicit Teller(CLI::App& verb);  // gives it --json

  bool is_json() const { return *as_json_; }

  template <typename... Args>
  void words(fmt::format_string<Args...> format, Args&&... args) const {
    if (!is_json()) fmt::print(format, std::forward<Args>(args)...);
  }
  // Written at once, for whoever reads it while the verb goes on.
  void line(const nlohmann::ordered_json& json) const;

 private:
  std::shared_ptr<bool> as_json_;
};

}  // namespace damfs
