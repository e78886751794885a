// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

// Whether one asset is meant: search.cc's conditions once more, for one asset, so that its cost does not grow with
// the library. tests/unit/model_search_test.cc holds the two to one answer.

#include <algorithm>

#include "catalog/base/names.h"
#include "catalog/model/packs.h"
#include "catalog/model/search/query_text.h"
#include "catalog/model/search/search.h"
#include "catalog/model/search/smart_albums.h"
#include "catalog/model/search/word_matcher.h"

namespace damfs {
namespace {

using Field = QueryTerm::Field;
using Comparison = QueryTerm::Comparison;

bool compare(int64_t value, Comparison comparison, int64_t with) {
  switch (comparison) {
    case Comparison::kEqual: return value == with;
    case Comparison::kLess: return value < with;
    case Comparison::kLessOrEqual: return value <= with;
    case Comparison::kGreater: return value > with;
    case Comparison::kGreaterOrEqual: return value >= with;
  }
  return false;
}

bool begins_with(const std::vector<std::string_view>& parts, const std::vector<std::string_view>& beginning) {
  return parts.size() >= beginning.size() && std::equal(beginning.begin(), beginning.end(), parts.begin());
}

class Match {
 public:
  Match(Reader& reader, const FoundAsset& asset, QueryNesting& nesting)
      : reader_(reader), asset_(asset), nesting_(nesting) {}

  bool holds(const Criteria& criteria) {
    if (criteria.within && !is_within(*criteria.within)) return false;
    return std::all_of(criteria.terms.begin(), criteria.terms.end(),
                       [&](const QueryTerm& term) { return holds(term) != term.excluded; });
  }

 private:
  bool holds(const QueryTerm& term) {
    const AssetRow& row = asset_.row;
    switch (term.field) {
      case Field::kWord: return has_word(term);
      case Field::kType: return static_cast<int64_t>(row.kind) == term.number;
      case Field::kTag: return has_tag(term.text);
      case Field::kDate: return row.day >= term.number && row.day < term.number_end;
      case Field::kLabel: return has_label(term.grouping, term.text);
      case Field::kRating: return compare(row.rating.value_or(0), term.comparison, term.number);
      case Field::kExtension: {
        const std::string extension = "." + term.text;
        const std::string label = fold(asset_.name);
        return label.size() > extension.size() && label.ends_with(extension);
      }
      case Field::kSize: return compare(row.size, term.comparison, term.number);
      case Field::kPath: return has_path(term.text);
      case Field::kAlbum: return is_in(albums_meant(reader_.statements(), term));
      case Field::kInside: {
        PackReader packs(reader_);
        const auto pack = packs.pack(row.id);
        return pack && packs.has_called(pack->blob, fts_term(term));
      }
    }
    return false;
  }

  bool is_within(const Criteria::Within& within) {
    const GroupingRow& of = row_of(within.grouping);
    if (is_counted(of)) return key_in(asset_.row, of) == within.key;
    switch (within.grouping) {
      case Grouping::kTag: return is_below(Grouping::kTag, reader_.tags(asset_.row.id), within.key);
      case Grouping::kAlbum: return is_in(albums_below(reader_.statements(), within.key));
      case Grouping::kRecent: return asset_.row.id >= reader_.recent_floor();
      default: return true;
    }
  }

  bool is_in(const std::vector<MeantAlbum>& albums) {
    const auto by_hand = reader_.albums(asset_.row.id);
    return std::any_of(albums.begin(), albums.end(), [&](const MeantAlbum& album) {
      if (album.query.empty()) return std::find(by_hand.begin(), by_hand.end(), album.id) != by_hand.end();
      if (!nesting_.enter(album.id)) return false;
      const bool is_found = Match(reader_, asset_, nesting_).holds(Criteria{{}, parse_query(album.query)});
      nesting_.leave();
      return is_found;
    });
  }

  bool has_word(const QueryTerm& term) {
    if (!has_token(term.text)) return fold(asset_.name).find(fold(term.text)) != std::string::npos;
    if (!loaded_) reader_.word_matcher().load(reader_.search_text(asset_.row.id));
    loaded_ = true;
    return reader_.word_matcher().has(term);
  }

  bool has_label(Grouping grouping, std::string_view text) {
    const auto key = key_in(asset_.row, row_of(grouping));
    const auto label = key ? reader_.group(grouping, *key) : std::nullopt;
    return label && fold(label->name).find(text) != std::string::npos;
  }

  bool has_tag(std::string_view text) {
    const bool anywhere = text.find('/') == text.npos;
    const auto wanted = path_parts(text);
    auto paths = reader_.tag_paths(asset_.row.id);
    const auto texts = reader_.tag_texts(asset_.row.id);
    const std::string whole = tag_part(text);
    const auto says_it = [&](const std::string& path) {
      const std::string folded = fold(path);
      const auto parts = path_parts(folded);
      return std::find(parts.begin(), parts.end(), whole) != parts.end();
    };
    if (std::any_of(texts.begin(), texts.end(), says_it)) return true;
    paths.insert(paths.end(), texts.begin(), texts.end());
    return std::any_of(paths.begin(), paths.end(), [&](const std::string& path) {
      const std::string folded = fold(path);
      const auto parts = path_parts(folded);
      return anywhere ? std::find(parts.begin(), parts.end(), text) != parts.end() : begins_with(parts, wanted);
    });
  }

  bool has_path(std::string_view text) {
    const std::string normal = nfc(text);
    const auto wanted = path_parts(normal);
    const auto entries = reader_.folder_entries(asset_.row.id);
    return std::any_of(entries.begin(), entries.end(), [&](const auto& entry) {
      const auto& [folder, name] = entry;
      // What is not UTF-8 stays as it is, so each name is made NFC by itself.
      std::vector<std::string> names;
      const std::string path = reader_.group_path(Grouping::kFolder, folder);
      for (const std::string_view part : path_parts(path)) names.push_back(nfc(part));
      std::vector<std::string_view> parts(names.begin(), names.end());
      if (begins_with(parts, wanted)) return true;
      const std::string last = nfc(name);
      parts.emplace_back(last);
      return parts == wanted;
    });
  }

  bool is_below(Grouping grouping, const std::vector<int64_t>& groups, int64_t above) {
    return std::any_of(groups.begin(), groups.end(), [&](int64_t group) {
      // As in group_path: a cycle, which no code here makes, ends too.
      for (int depth = 0; group != above && group != top_key(grouping) && depth < 4096; ++depth) {
        const auto row = reader_.group(grouping, group);
        if (!row) return false;
        group = row->parent;
      }
      return group == above;
    });
  }

  Reader& reader_;
  const FoundAsset& asset_;
  QueryNesting& nesting_;
  bool loaded_ = false;
};

}  // namespace

bool matches(Reader& reader, const Criteria& criteria, const FoundAsset& asset) {
  QueryNesting nesting;
  if (asset.row.is_link() || !Match(reader, asset, nesting).holds(criteria)) return false;
  return criteria.with_copies || asset.row.is_in_flat_views() ||
         oldest_that_matches(reader, criteria, asset.row.id) == asset.row.id;
}

int64_t oldest_that_matches(Reader& reader, const Criteria& criteria, int64_t asset) {
  int64_t oldest = 0;
  reader.copies(asset, [&](int64_t copy) {
    const auto found = reader.asset(copy);
    QueryNesting nesting;
    if (found && Match(reader, *found, nesting).holds(criteria)) oldest = copy;
    return oldest == 0;
  });
  return oldest;
}

}  // namespace damfs
