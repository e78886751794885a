// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "fs/cli/manual.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "fs/cli/shape.h"

namespace damfs {
namespace {

// The code point that begins there, and how many bytes it has.
std::pair<uint32_t, size_t> code_point(std::string_view text) {
  const auto first = static_cast<unsigned char>(text.front());
  const size_t length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  uint32_t code = length == 1 ? first : first & (0xffU >> (length + 1));
  for (size_t i = 1; i < length && i < text.size(); ++i)
    code = code << 6 | (static_cast<unsigned char>(text[i]) & 0x3f);
  return {code, std::min(length, text.size())};
}

// Text as roff shows it unchanged: some characters mean something to it, others would become typographic ones, which
// nobody can paste into a shell, and what is not ASCII depends on the locale.
std::string roff(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto [code, length] = code_point(text);
    switch (text.front()) {
      case '\\': out += "\\(rs"; break;
      case '-': out += "\\-"; break;
      case '\'': out += "\\(aq"; break;
      case '"': out += "\\(dq"; break;
      case '`': out += "\\(ga"; break;
      case '^': out += "\\(ha"; break;
      case '~': out += "\\(ti"; break;
      default:
        if (code >= 0x80) {
          out += fmt::format("\\[u{:04X}]", code);
        } else {
          out += text.front();
        }
    }
    text.remove_prefix(length);
  }
  return out.starts_with('.') ? "\\&" + out : out;
}

std::string bold(std::string_view text) { return "\\fB" + roff(text) + "\\fP"; }
std::string slanted(std::string_view text) { return "\\fI" + roff(text) + "\\fP"; }

// A line of a paragraph: what stands in backquotes there is bold here.
std::string line_of(std::string_view text) {
  std::string out;
  for (bool is_code = false; !text.empty(); is_code = !is_code) {
    const size_t mark = std::min(text.find('`'), text.size());
    const std::string_view piece = text.substr(0, mark);
    if (!piece.empty()) out += is_code ? bold(piece) : roff(piece);
    text.remove_prefix(std::min(mark + 1, text.size()));
  }
  return out.starts_with('.') || out.empty() ? "\\&" + out : out;
}

// What stands below the options in `--help`.
struct Footer {
  std::vector<std::string> paragraphs;
  std::string examples;
  std::string exit_status;
};

Footer footer_of(const CLI::App& verb) {
  constexpr std::string_view kExamples = "Examples:\n", kExit = "Exit status: ";
  Footer footer;
  const std::string text = verb.get_footer();
  std::string_view rest = text;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find("\n\n"), rest.size());
    const std::string_view paragraph = rest.substr(0, end);
    if (paragraph.starts_with(kExamples)) {
      footer.examples = paragraph.substr(kExamples.size());
    } else if (paragraph.starts_with(kExit)) {
      footer.exit_status = paragraph.substr(kExit.size());
    } else if (!paragraph.empty()) {
      footer.paragraphs.emplace_back(paragraph);
    }
    rest.remove_prefix(std::min(end + 2, rest.size()));
  }
  return footer;
}

class Page {
 public:
  Page(const std::string& name, const std::string& what) {
    std::string title = name;
    std::transform(title.begin(), title.end(), title.begin(), [](unsigned char c) { return std::toupper(c); });
    line(R"(.\" Made from what `damfs --help` tells; edit fs/cli.)");
    line(fmt::format(R"(.TH "{}" "1" "" "damfs {}" "damfs")", roff(title), DAMFS_VERSION));
    line(".nh");
    line(".ad l");
    section("NAME");
    line(fmt::format("{} \\- {}", roff(name), roff(what)));
  }

  void section(std::string_view title) { line(fmt::format(".SH \"{}\"", roff(title))); }
  void part(std::string_view title) { line(fmt::format(".SS \"{}\"", roff(title))); }
  void line(std::string_view text) {
    text_ += text;
    text_ += '\n';
  }

  // Its lines flow together, but for those that are indented. Not twice on one page.
  void paragraph(const std::string& text) {
    if (!told_.insert(text).second) return;
    line(".PP");
    bool is_as_typed = false;
    std::string_view rest = text;
    while (!rest.empty()) {
      const size_t end = std::min(rest.find('\n'), rest.size());
      const std::string_view each = rest.substr(0, end);
      if (each.starts_with("  ") != is_as_typed) line(is_as_typed ? ".fi\n.RE\n.PP" : ".RS\n.nf");
      is_as_typed = each.starts_with("  ");
      line(is_as_typed ? roff(each.substr(2)) : line_of(each));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    if (is_as_typed) line(".fi\n.RE");
  }

  void entry(const std::string& tag, const std::string& text) {
    line(".TP");
    line(tag);
    line(line_of(text));
  }

  void options(const CLI::App& verb) {
    for (const CLI::Option* each : shown_places(verb)) {
      entry(slanted(names_of(*each).front()), each->get_description());
    }
    for (const CLI::Option* each : shown_options(verb)) {
      std::string tag;
      for (const std::string& name : names_of(*each)) tag += (tag.empty() ? "" : ", ") + bold(name);
      if (const std::string value = value_of(*each); !value.empty()) tag += " " + slanted(value);
      entry(tag, each->get_description());
    }
  }

  std::string take() { return std::move(text_); }

 private:
  std::string text_;
  std::set<std::string> told_;
};

// "damfs tag add [OPTION]... NAME [ITEM]..."
std::string synopsis(const std::string& path, const CLI::App& verb) {
  std::string line = bold(path) + " [" + slanted("OPTION") + "]...";
  for (const CLI::Option* place : shown_places(verb)) {
    const std::string name = slanted(names_of(*place).front());
    line += (is_needed(*place) ? " " + name : " [" + name + "]") + (may_repeat(*place) ? "..." : "");
  }
  return line;
}

void end_of_page(Page& page, const Footer& footer) {
  if (!footer.examples.empty()) {
    page.section("EXAMPLES");
    page.paragraph(footer.examples);
  }
  if (!footer.exit_status.empty()) {
    page.section("EXIT STATUS");
    page.line(line_of(footer.exit_status));
  }
  page.section("SEE ALSO");
}

}  // namespace

std::string manual_of_program(const CLI::App& program) {
  Page page("damfs", program.get_description());
  page.section("SYNOPSIS");
  page.line(bold("damfs") + " [" + slanted("OPTION") + "]... " + slanted("VERB") + " [" + slanted("ARGUMENT") + "]...");
  page.section("DESCRIPTION");
  page.line(roff(program.get_description()));
  const Footer footer = footer_of(program);
  for (const std::string& paragraph : footer.paragraphs) page.paragraph(paragraph);
  page.section("VERBS");
  for (const CLI::App* verb : shown_verbs(program)) {
    std::string names = bold(verb->get_name());
    for (const std::string& alias : verb->get_aliases()) names += ", " + bold(alias);
    page.entry(names, verb->get_description());
  }
  page.section("OPTIONS");
  page.options(program);
  end_of_page(page, footer);
  std::string others;
  for (const CLI::App* verb : shown_verbs(program)) {
    others += (others.empty() ? "" : ",\n") + bold("damfs-" + verb->get_name()) + "(1)";
  }
  page.line(others);
  return page.take();
}

std::string manual_of_verb(const CLI::App& program, const CLI::App& verb) {
  const std::string path = program.get_name() + " " + verb.get_name();
  const auto below = shown_verbs(verb);
  Page page("damfs-" + verb.get_name(), verb.get_description());
  page.section("SYNOPSIS");
  page.line(".nf");
  if (below.empty()) page.line(synopsis(path, verb));
  for (const CLI::App* each : below) page.line(synopsis(path + " " + each->get_name(), *each));
  page.line(".fi");
  page.section("DESCRIPTION");
  page.line(line_of(verb.get_description() + "."));
  for (const std::string& alias : verb.get_aliases()) {
    page.paragraph("`" + program.get_name() + " " + alias + "` is the same.");
  }
  Footer footer = footer_of(verb);
  for (const std::string& paragraph : footer.paragraphs) page.paragraph(paragraph);
  page.section("OPTIONS");
  page.options(verb);
  if (!below.empty()) page.section("VERBS");
  for (const CLI::App* each : below) {
    page.part(path + " " + each->get_name());
    page.line(line_of(each->get_description() + "."));
    const Footer of_each = footer_of(*each);
    for (const std::string& paragraph : of_each.paragraphs) page.paragraph(paragraph);
    page.options(*each);
    if (!of_each.examples.empty() && !footer.examples.ends_with(of_each.examples)) {
      page.paragraph("Examples:\n" + of_each.examples);
    }
  }
  end_of_page(page, footer);
  page.line(bold("damfs") + "(1)");
  return page.take();
}

}  // namespace damfs
