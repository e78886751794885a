// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "fs/cli/command.h"
#include "fs/cli/teller.h"

namespace damfs {

void add_init(CLI::App& program, Globals& globals) {
  auto* verb = program.add_subcommand("init", "Make a new, empty library");
  verb->footer(
      "Without DIR the library is made where -L, $DAMFS_LIBRARY or the default (~/.local/share/damfs) say.\n\n"
      "Examples:\n  damfs init\n  damfs init /srv/photos.damfs");
  auto folder = std::make_shared<std::string>();
  verb->add_option("DIR", *folder, "Where; a new or empty folder on a local disk");
  const Teller tell(*verb);
  verb->callback([folder, tell, &globals] {
    Path root = *folder;
    if (root.empty()) {
      const char* named = std::getenv("DAMFS_LIBRARY");
      root = globals.library                      ? *globals.library
             : named != nullptr && *named != '\0' ? Path(named)
                                                  : Library::default_root();
    }
    const Library library = Library::create(std::filesystem::absolute(root), globals.foreign_owner);
    tell.line({{"library", library.root().string()}});
    tell.words("Made the library {}\nNext: damfs -L {} import FOLDER\n", library.root().string(),
               library.root().string());
  });
}

}  // namespace damfs
