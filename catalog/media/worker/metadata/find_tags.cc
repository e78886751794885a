// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

// Tags, by whatever program they were given.

#include <algorithm>
#include <set>

#include "catalog/base/names.h"
#include "catalog/media/facts_json.h"
#include "catalog/media/worker/metadata/exif.h"
#include "catalog/media/worker/metadata/text.h"

namespace damfs::worker {
namespace {

// Gathers tags; one that says the same as another, or more than anybody can use, is left out.
class Tags {
 public:
  // A tag in its tree, from the root.
  void add_path(std::string_view raw, char separator) {
    // digiKam's tree has a root of its own in some versions.
    constexpr std::string_view kRoot = "_Digikam_root_tag_";
    if (raw.starts_with(kRoot)) raw.remove_prefix(kRoot.size());
    std::string tag = tag_path(raw, separator);
    for (size_t begin = 0; begin < tag.size();) {
      const size_t end = std::min(tag.find('/', begin), tag.size());
      levels_.insert(fold(std::string_view(tag).substr(begin, end - begin)));
      begin = end + 1;
    }
    add(std::move(tag));
  }

  // Programs that write the tree also write its words flat; those say nothing new.
  void add_word(std::string_view raw) {
    std::string word = tag_path(raw, '\0');
    if (!levels_.contains(fold(word))) add(std::move(word));
  }

  std::vector<std::string> take() { return std::move(tags_); }

 private:
  void add(std::string tag) {
    const auto parts = static_cast<size_t>(std::count(tag.begin(), tag.end(), '/')) + 1;
    if (!tag.empty() && parts <= FactLimits::kTagDepth && tags_.size() < FactLimits::kTags &&
        seen_.insert(fold(tag)).second)
      tags_.push_back(std::move(tag));
  }

  std::vector<std::string> tags_;
  std::set<std::string> seen_;    // whole paths, as they are compared
  std::set<std::string> levels_;  // every part of a hierarchical tag
};

std::vector<std::string> iptc_keywords(const Exiv2::IptcData& iptc) {
  std::vector<std::string> out;
  for (const auto& datum : iptc) {
    if (datum.key() == "Iptc.Application2.Keywords") out.push_back(datum.toString());
  }
  return out;
}

// "one; two", as Windows keeps them.
std::vector<std::string> separated(std::string_view text, std::string_view separators) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const size_t end = std::min(text.find_first_of(separators), text.size());
    out.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

// ACDSee's tree: <Categories><Category Assigned="0">places<Category
// Assigned="1">Rome</Category></Category></Categories>
void add_categories(std::string_view text, Tags& tags) {
  constexpr size_t kDeepestTag = 32;
  struct Level {
    std::string name;
    bool assigned;
  };
  std::vector<Level> levels;
  while (!text.empty()) {
    const size_t open = std::min(text.find('<'), text.size());
    const std::string name = clean_line(text.substr(0, open), FactLimits::kTag);
    if (!levels.empty() && !name.empty() && levels.back().name.empty()) {
      levels.back().name = name;
      std::string path;
      for (const Level& level : levels) path += (path.empty() ? "" : "|") + level.name;
      if (levels.back().assigned) tags.add_path(path, '|');
    }
    text.remove_prefix(open);
    const size_t close = text.find('>');
    if (close == text.npos) return;
    const std::string_view mark = text.substr(0, close);
    if (mark.starts_with("</Category") && !mark.starts_with("</Categories") && !levels.empty()) levels.pop_back();
    if (mark.starts_with("<Category") && levels.size() < kDeepestTag) {
      levels.push_back({"", mark.find("Assigned=\"1\"") != mark.npos || mark.find("Assigned='1'") != mark.npos});
    }
    text.remove_prefix(close + 1);
  }
}

// The Metadata Working Group's tree: keywords with children.
void add_keywords(const XmpNode& list, const std::string& above, Tags& tags, int depth) {
  constexpr int kDeepestTag = 32;
  if (depth > kDeepestTag) return;
  for (const XmpNode& item : list.children) {
    const std::string word = item.text_of("mwg-kw:Keyword");
    if (word.empty()) continue;
    const std::string path = above.empty() ? word : above + '|' + word;
    const XmpNode* below = item.field("mwg-kw:Children");
    const bool has_more = below != nullptr && !below->children.empty();
    if (!has_more || lower(item.text_of("mwg-kw:Applied")) == "true") tags.add_path(path, '|');
    if (has_more) add_keywords(*below, path, tags, depth + 1);
  }
}

}  // namespace

std::vector<std::string> find_tags(const MetadataSet& set) {
  Tags tags;
  for (const char* name : {"lr:hierarchicalSubject", "mediapro:CatalogSets", "expressionmedia:CatalogSets"}) {
    for (const std::string& raw : set.xmp.list(name)) tags.add_path(raw, '|');
  }
  for (const char* name : {"digiKam:TagsList", "MicrosoftPhoto:LastKeywordXMP", "MicrosoftPhoto:LastKeywordIPTC"}) {
    for (const std::string& raw : set.xmp.list(name)) tags.add_path(raw, '/');
  }
  add_categories(set.xmp.text("acdsee:categories"), tags);
  if (const XmpNode* keywords = set.xmp.find("mwg-kw:Keywords")) {
    if (const XmpNode* tree = keywords->field("mwg-kw:Hierarchy")) add_keywords(*tree, "", tags, 0);
  }
  for (const auto& words : {set.xmp.list("dc:subject"), set.xmp.list("acdsee:keywords"), iptc_keywords(set.iptc),
                            separated(windows_text(set.exif, "Exif.Image.XPKeywords"), ";"),
                            separated(set.xmp.text("pdf:Keywords"), ";,")}) {
    for (const std::string& raw : words) tags.add_word(raw);
  }
  return tags.take();
}

}  // namespace damfs::worker
