// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/model/write/sidecar.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>

#include "catalog/base/names.h"

namespace damfs {
namespace {

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20; }

// XML has no way to spell control characters, bytes that are no UTF-8, and the two characters that are none.
std::string spellable(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto end = static_cast<size_t>(std::find_if(text.begin(), text.end(), is_control) - text.begin());
    out += printable(text.substr(0, end));
    if (end < text.size() && (text[end] == '\n' || text[end] == '\t')) out += text[end];
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  for (const std::string_view none : {"\xEF\xBF\xBE", "\xEF\xBF\xBF"}) {
    for (size_t at = 0; (at = out.find(none, at)) != out.npos;) out.replace(at, none.size(), "\xEF\xBF\xBD");
  }
  return out;
}

// Markup and attribute values alike.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : spellable(text)) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      default: out += c;
    }
  }
  return out;
}

std::string alternative(std::string_view property, std::string_view text) {
  if (text.empty()) return {};
  return fmt::format("   <{0}><rdf:Alt><rdf:li xml:lang=\"x-default\">{1}</rdf:li></rdf:Alt></{0}>\n", property,
                     escaped(text));
}

std::string list(std::string_view property, std::string_view kind, const std::vector<std::string>& items) {
  if (items.empty()) return {};
  std::string out = fmt::format("   <{}><rdf:{}>\n", property, kind);
  for (const std::string& item : items) out += fmt::format("    <rdf:li>{}</rdf:li>\n", escaped(item));
  return out + fmt::format("   </rdf:{}></{}>\n", kind, property);
}

}  // namespace

bool is_sidecar_name(std::string_view name) {
  const auto [stem, extension] = split_extension(name);
  return !stem.empty() && fold(extension) == ".xmp";
}

std::vector<std::string> spellings_of(std::string_view stem) {
  std::vector<std::string> spellings = {std::string(stem)};
  for (int (*const change)(int) : {static_cast<int (*)(int)>(std::toupper), static_cast<int (*)(int)>(std::tolower)}) {
    std::string other(stem);
    for (char& c : other) {
      if (static_cast<unsigned char>(c) < 0x80) c = static_cast<char>(change(c));
    }
    if (std::find(spellings.begin(), spellings.end(), other) == spellings.end()) spellings.push_back(std::move(other));
  }
  return spellings;
}

std::vector<SidecarName> sidecars_of(std::string_view original) {
  std::vector<SidecarName> names;
  const auto add = [&](std::string_view stem, SidecarForm form) {
    for (const std::string& spelling : spellings_of(stem)) {
      for (const std::string_view extension : {".xmp", ".XMP"}) {
        names.push_back({fmt::format("{}{}", spelling, extension), form});
      }
    }
  };
  add(original, SidecarForm::kWholeName);
  const auto stem = split_extension(original).stem;
  if (stem != original) add(stem, SidecarForm::kStem);
  return names;
}

bool applies_to(const SidecarWords& words, SidecarForm form, std::string_view original) {
  const std::string only = fold(words.only_for);
  if (form != SidecarForm::kStem || only.empty()) return true;
  return fold(split_extension(original).extension) == (only.front() == '.' ? only : '.' + only);
}

std::string to_text(const SidecarWords& words) {
  nlohmann::json out = {{"title", words.title}, {"description", words.description}, {"tags", words.tags}};
  if (words.rating) out["rating"] = *words.rating;
  if (words.captured) out["captured"] = words.captured->text();
  if (!words.only_for.empty()) out["only_for"] = words.only_for;
  return out.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

SidecarWords sidecar_from_text(std::string_view text) {
  const auto in = nlohmann::json::parse(text, nullptr, false);
  if (!in.is_object()) return {};
  SidecarWords words;
  try {
    words.title = in.value("title", "");
    words.description = in.value("description", "");
    words.tags = in.value("tags", std::vector<std::string>());
    words.captured = CaptureTime::parse(in.value("captured", ""));
    words.only_for = in.value("only_for", "");
    if (in.contains("rating")) words.rating = in["rating"].get<int64_t>();
  } catch (const nlohmann::json::exception&) {
    return {};
  }
  return words;
}

std::string xmp_packet(const SidecarWords& words) {
  std::vector<std::string> leaves;
  std::vector<std::string> trees;
  std::vector<std::string> paths;
  for (const std::string& tag : words.tags) {
    const std::string leaf = tag_words(tag.substr(tag.rfind('/') + 1));  // npos + 1 is 0
    if (std::find(leaves.begin(), leaves.end(), leaf) == leaves.end()) leaves.push_back(leaf);
    // Whoever reads a tree takes its separator for one: a tag that has it in its words stands in the other alone.
    std::string tree = tag;
    std::replace(tree.begin(), tree.end(), '/', '|');
    if (tag.find('|') == tag.npos) trees.push_back(tag_words(tree));
    if (tag_words(tag) == tag) paths.push_back(tag);
  }
  const std::string rating = words.rating ? fmt::format(" xmp:Rating=\"{}\"", *words.rating) : "";
  return fmt::format(
             "<?xpacket begin=\"\xEF\xBB\xBF\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n"
             "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\">\n"
             " <rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">\n"
             "  <rdf:Description rdf:about=\"\"\n"
             "    xmlns:dc=\"http://purl.org/dc/elements/1.1/\"\n"
             "    xmlns:xmp=\"http://ns.adobe.com/xap/1.0/\"\n"
             "    xmlns:lr=\"http://ns.adobe.com/lightroom/1.0/\"\n"
             "    xmlns:digiKam=\"http://www.digikam.org/ns/1.0/\"{}>\n",
             rating) +
         alternative("dc:title", words.title) + alternative("dc:description", words.description) +
         list("dc:subject", "Bag", leaves) + list("lr:hierarchicalSubject", "Bag", trees) +
         list("digiKam:TagsList", "Seq", paths) +
         "  </rdf:Description>\n </rdf:RDF>\n</x:xmpmeta>\n<?xpacket end=\"w\"?>\n";
}

}  // namespace damfs
