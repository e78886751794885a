// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "fs/cli/teller.h"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "fs/cli/json.h"

namespace damfs {

Teller::Teller(CLI::App& verb) : Teller() {
  verb.add_flag("--json", *as_json_, "One JSON object a line, for programs");
}

void Teller::line(const nlohmann::ordered_json& json) const {
  if (!is_json()) return;
  fmt::print("{}\n", dump_line(json));
  std::fflush(stdout);
}

}  // namespace damfs
