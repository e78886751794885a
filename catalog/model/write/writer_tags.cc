// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

// Tags say what people wrote; their folders are called so, or the like where no system takes it for a name.

#include <fmt/format.h>

#include "catalog/base/names.h"
#include "catalog/model/statements.h"
#include "catalog/model/write/writer.h"

namespace damfs {

// `part` as in a tag's path (names.h: tag_part).
int64_t Writer::ensure_tag(int64_t parent, std::string_view part, bool create) {
  const Tree& tags = tree(Grouping::kTag);
  const std::string written = nfc(tag_words(part));
  std::string name = portable_name(written);
  {
    db::Use row(statement("tag_written_so_in_tag"));
    row->bind_all(parent, std::string_view(fold(written)));
    if (row->step()) return row->integer(0);
  }
  const int64_t called_so = find_child(tags, parent, name);
  if (name == written) return called_so != 0 || !create ? called_so : insert_node(tags, 0, {parent, std::move(name)});
  if (!create) return 0;
  // Another tag has that name, and says something else.
  const std::string wanted = name;
  for (int number = 2; find_child(tags, parent, name) != 0; ++number)
    name = with_suffix(wanted, fmt::format("~{}", number));
  return insert_node(tags, 0, {parent, std::move(name), written});
}

std::optional<int64_t> Writer::tag_called(std::string_view text) {
  if (const auto found = find_group(Grouping::kTag, text)) return found;
  const int64_t tag = ensure_tag(1, tag_part(text), false);
  return tag == 0 ? std::nullopt : std::optional(tag);
}

std::map<std::string, int64_t> Writer::tag_texts_of(int64_t asset) {
  std::map<std::string, int64_t> texts;
  for (const int64_t tag : tags_of(asset)) {
    std::string path;
    for (auto node = node_of(tree(Grouping::kTag), tag); node; node = node_of(tree(Grouping::kTag), node->parent)) {
      const std::string& text = node->text.empty() ? node->name : node->text;
      path = path.empty() ? text : text + '/' + path;
    }
    texts.emplace(std::move(path), tag);
  }
  return texts;
}

void Writer::put_tag_text(int64_t tag, std::string_view text) {
  const std::string key = fold(text);
  statement("set_text_of_tag").bind_all(tag, text, std::string_view(key)).run();
}

// An older damfs kept names alone. Where a file says what one of its tags was made of, the tag says so again.
void Writer::adopt_tag_texts(int64_t asset, const std::vector<std::string>& paths) {
  const Tree& tags = tree(Grouping::kTag);
  for (const std::string& path : paths) {
    int64_t at = 1;
    for (size_t begin = 0; begin < path.size() && at != 0;) {
      const size_t end = std::min(path.find('/', begin), path.size());
      const std::string written = nfc(tag_words(std::string_view(path).substr(begin, end - begin)));
      const int64_t above = at;
      at = ensure_tag(above, std::string_view(path).substr(begin, end - begin), false);
      begin = end + 1;
      if (at != 0 || portable_name(written) == written) continue;
      at = find_child(tags, above, portable_name(written));
      const auto node = at == 0 ? std::nullopt : node_of(tags, at);
      const bool is_last = begin > path.size();
      db::Use row(statement("is_tagged"));
      row->bind_all(at, asset);
      if (!node || !node->text.empty() || (is_last && !row->step())) {
        at = 0;
      } else {
        row->reset();
        put_tag_text(at, written);
      }
    }
  }
}

}  // namespace damfs
