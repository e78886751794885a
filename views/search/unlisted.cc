// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/search/unlisted.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "catalog/base/error.h"
#include "catalog/base/names.h"
#include "views/frame/folder_node.h"
#include "views/search/search_view.h"

namespace damfs {
namespace {

constexpr std::string_view kJoin = "+";

// The folders that can be narrowed by a '+': those that hold assets by what these are, but not the tops. A '+' in
// originals/ would be in the way of people's own folders; search/path:… narrows those.
bool can_join(View::Group group) {
  const GroupingRow& grouping = row_of(group.grouping);
  return grouping.narrows && (grouping.form == GroupForm::kOwn || group.key != top_key(group.grouping));
}

// What file managers and desktops look for in every folder they enter is nobody's query.
bool is_probe(std::string_view name) { return name.starts_with('.') || is_litter(name); }

class Finder {
 public:
  Finder(const TreeContext& context, const SearchView& search, std::string_view name)
      : context_(context), folders_(search.folders_known()), name_(name) {}

  QueryFolderRef below_view(const View& view, int64_t key) const {
    const View::Group group = view.group_of(key);
    if (name_ != kJoin || !can_join(group)) return nullptr;
    QueryFolder folder;
    folder.path = fmt::format("{}:{}/+", view.name(), key);
    folder.name = name_;
    folder.above = {view.code(), key};
    folder.joins = true;
    folder.names_tags = group.grouping == Grouping::kTag;
    folder.criteria.within = Criteria::Within{group.grouping, group.key};
    return folders_.intern(std::move(folder));
  }

  QueryFolderRef in_search() const {
    QueryFolder folder;
    folder.path = fmt::format("search/{}", name_);
    folder.name = name_;
    folder.above = {ViewCode::kSearch, 0};
    return with_query(std::move(folder));
  }

  QueryFolderRef below(const QueryFolderRef& above) const {
    QueryFolder folder;
    folder.path = fmt::format("{}/{}", above->path, name_);
    folder.name = name_;
    folder.above = {ViewCode::kSearch, above->key};
    folder.above_ref = above;
    folder.names_tags = above->names_tags;
    folder.criteria = above->criteria;
    if (!above->joins) return name_ == kJoin ? joining(std::move(folder)) : longer(std::move(folder));
    return with_query(std::move(folder));
  }

 private:
  QueryFolderRef joining(QueryFolder folder) const {
    folder.joins = true;
    return folders_.intern(std::move(folder));
  }

  // A name holds no slash, so the path of a tag, album or folder goes on below its query: search/tag:places/italy.
  QueryFolderRef longer(QueryFolder folder) const {
    if (folder.criteria.terms.empty()) return nullptr;
    QueryTerm& last = folder.criteria.terms.back();
    const bool is_folder = last.field == QueryTerm::Field::kPath;
    if (!is_folder && last.field != QueryTerm::Field::kTag && last.field != QueryTerm::Field::kAlbum) return nullptr;
    last.text += '/';
    last.text += is_folder ? std::string(name_) : fold(name_);
    const auto reader = context_.catalog.reader();
    return leads_somewhere(*reader, last) ? folders_.intern(std::move(folder)) : nullptr;
  }

  std::optional<QueryTerm> tag_term() const {
    const auto reader = context_.catalog.reader();
    const auto tag = reader->find_group(Grouping::kTag, top_key(Grouping::kTag), name_);
    if (!tag) return std::nullopt;
    QueryTerm term;
    term.field = QueryTerm::Field::kTag;
    term.text = "/" + fold(tag->name);  // with a slash: from the top
    return term;
  }

  QueryFolderRef with_query(QueryFolder folder) const {
    if (is_probe(name_)) return nullptr;
    try {
      if (name_ == kJoin) fail(EINVAL, "a '+' stands behind a query");
      return with_terms(std::move(folder), folder.names_tags ? tag_or_query() : query());
    } catch (const Error& error) {
      if (error.code() != EINVAL && error.code() != ENOENT) throw;
      context_.last_error.note(fmt::format("the query '{}' ({}): {}", name_, folder.path, error.what()));
      return nullptr;
    }
  }

  std::vector<QueryTerm> query() const {
    auto terms = parse_query(name_);
    if (terms.empty()) fail(EINVAL, "there is no word in it");
    return terms;
  }

  std::vector<QueryTerm> tag_or_query() const {
    if (auto tag = tag_term()) return {std::move(*tag)};
    auto terms = query();
    const bool is_name = std::all_of(terms.begin(), terms.end(), [](const QueryTerm& term) {
      return term.field == QueryTerm::Field::kWord && !term.phrase && !term.excluded;
    });
    if (is_name) fail(ENOENT, "there is no tag of that name at the top of by-tag/");
    return terms;
  }

  QueryFolderRef with_terms(QueryFolder folder, std::vector<QueryTerm> terms) const {
    auto& all = folder.criteria.terms;
    if (all.size() + terms.size() > kMostQueryTerms) {
      fail(EINVAL, "a query has at most {} terms, all that stand before a '+' counted", kMostQueryTerms);
    }
    std::move(terms.begin(), terms.end(), std::back_inserter(all));
    return folders_.intern(std::move(folder));
  }

  const TreeContext& context_;
  QueryFolders& folders_;
  const std::string_view name_;
};

}  // namespace

NodeRef find_unlisted(const TreeContext& context, const View& view, const Lens& lens, int64_t key,
                      std::string_view name) {
  const auto* search = static_cast<const SearchView*>(context.view(ViewCode::kSearch));
  if (search == nullptr) return nullptr;
  const Finder finder(context, *search, name);
  QueryFolderRef found;
  if (&view != search) {
    found = finder.below_view(view, key);
  } else if (key == 0) {
    found = finder.in_search();
  } else if (const auto above = search->folders_known().find(key)) {
    found = finder.below(above);
  }
  return found ? std::make_shared<FolderNode>(context, *search, lens, found->key) : nullptr;
}

}  // namespace damfs
