// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <CLI/CLI.hpp>
#include <cerrno>

#include "catalog/base/error.h"
#include "catalog/base/names.h"
#include "fs/cli/command.h"
#include "fs/cli/completion.h"
#include "fs/cli/manual.h"
#include "fs/cli/shape.h"

namespace damfs {
namespace {

struct HelpArguments {
  std::vector<std::string> path;
  bool manual = false;
  bool verbs = false;
  std::string shell;
};

void tell_help(const CLI::App& program, const HelpArguments& arguments) {
  std::vector<const CLI::App*> way{&program};
  std::string before;
  for (const std::string& name : arguments.path) {
    const auto verbs = shown_verbs(*way.back());
    const auto verb = std::ranges::find_if(verbs, [&](const CLI::App* each) { return each->check_name(name); });
    if (verb == verbs.end()) fail(EINVAL, "there is no verb '{}'", printable(name));
    before += way.back()->get_name() + " ";
    way.push_back(*verb);
  }
  if (!arguments.shell.empty()) {
    fmt::print("{}", completion_script(program, arguments.shell));
  } else if (arguments.verbs) {
    for (const CLI::App* verb : shown_verbs(*way.back())) fmt::print("{}\n", verb->get_name());
  } else if (arguments.manual) {
    fmt::print("{}", way.size() > 1 ? manual_of_verb(program, *way[1]) : manual_of_program(program));
  } else {
    // App::help() would tell of the verb that runs: this one.
    const CLI::App* of = way.back();
    fmt::print("{}", of->get_formatter()->make_help(of, before + of->get_name(), CLI::AppFormatMode::Normal));
  }
}

}  // namespace

void add_help(CLI::App& program, Globals&) {
  auto* verb = program.add_subcommand("help", "Tell of the program or of a verb");
  verb->group("");
  auto arguments = std::make_shared<HelpArguments>();
  verb->add_option("VERB", arguments->path, "Of which; without: of the program");
  verb->add_flag("--man", arguments->manual, "As a man page in roff");
  verb->add_flag("--verbs", arguments->verbs, "Only the names of its verbs");
  verb->add_option("--completion", arguments->shell, "As a shell's completions")
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  verb->callback([arguments, &program] { tell_help(program, *arguments); });
}

}  // namespace damfs
