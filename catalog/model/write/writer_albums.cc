// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

// Albums that a query fills, and the order in those that are filled by hand.

#include <cerrno>

#include "catalog/base/error.h"
#include "catalog/base/names.h"
#include "catalog/model/search/query.h"
#include "catalog/model/search/smart_albums.h"
#include "catalog/model/statements.h"
#include "catalog/model/write/album_numbers.h"
#include "catalog/model/write/writer.h"

namespace damfs {
namespace {

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const size_t first = text.find_first_not_of(kSpace);
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

}  // namespace

std::string Writer::album_query(int64_t album) {
  db::Use row(statement("query_of_album"));
  row->bind_all(album);
  return row->step() ? std::string(row->text(0)) : std::string();
}

void Writer::require_by_hand(int64_t album) {
  const std::string query = album_query(album);
  if (query.empty()) return;
  const auto node = node_of(tree(Grouping::kAlbum), album);
  fail(EROFS, "the album '{}' shows what its query finds: {}", printable(node ? node->name : ""), printable(query));
}

bool Writer::set_album_query(int64_t album, std::string_view query) {
  const auto node = node_of(tree(Grouping::kAlbum), album);
  if (!node) fail(album == top_key(Grouping::kAlbum) ? EPERM : ENOENT, "that is no album that could have a query");
  const std::string_view text = trimmed(query);
  const auto terms = parse_query(text);
  if (!text.empty() && terms.empty()) fail(EINVAL, "there is no word in the query '{}'", printable(text));
  if (album_query(album) == text) return false;
  if (!text.empty() && !is_empty(Grouping::kAlbum, album)) {
    fail(ENOTEMPTY,
         "something is in the album '{}', or was when it went to the trash; an empty one can be given a query",
         printable(node->name));
  }
  if (!can_nest(statements_, album, terms)) {
    fail(ELOOP, "the query '{}' asks for the album '{}' itself in the end, or for too many others that are queries too",
         printable(text), printable(node->name));
  }
  if (!text.empty()) put_album_numbers(album, false);
  put_album_query(album, text);
  return true;
}

void Writer::put_album_query(int64_t album, std::string_view query) {
  std::string before = album_query(album);
  const auto node = node_of(tree(Grouping::kAlbum), album);
  if (before == query || !node) return;
  statement("set_query_of_album").bind_all(album, query).run();
  // As if another one of that name had come: nothing that was found in it holds any more.
  log_change(ChangeRow::What::kNewGroup, 0, 0, Grouping::kAlbum, node->parent, node->name);
  changed_groups_.emplace(Grouping::kAlbum, album);
  record({Step::What::kAlbumQuery, 0, album, std::move(before), std::string(query)});
}

bool Writer::restore_album_query(const Step& step) {
  if (!node_of(tree(Grouping::kAlbum), step.group)) return false;
  if (!step.before.empty()) {
    if (!is_empty(Grouping::kAlbum, step.group)) return false;
    if (!can_nest(statements_, step.group, parse_query(step.before))) return false;
  }
  put_album_query(step.group, step.before);
  return true;
}

// --- numbers --------------------------------------------------------------------------------------------

bool Writer::shows_numbers(int64_t album) { return count_of("shows_numbers", album) != 0; }

bool Writer::set_album_numbers(int64_t album, bool shown) {
  if (!node_of(tree(Grouping::kAlbum), album)) {
    fail(album == top_key(Grouping::kAlbum) ? EPERM : ENOENT, "that is no album that could have numbers");
  }
  if (shows_numbers(album) == shown) return false;
  require_by_hand(album);
  put_album_numbers(album, shown);
  return true;
}

void Writer::put_album_numbers(int64_t album, bool shown) {
  const auto node = node_of(tree(Grouping::kAlbum), album);
  if (!node || shows_numbers(album) == shown) return;
  statement("set_shows_numbers").bind_all(album, int64_t{shown}).run();
  log_change(ChangeRow::What::kNewGroup, 0, 0, Grouping::kAlbum, node->parent, node->name);  // as with a query
  changed_groups_.emplace(Grouping::kAlbum, album);
  record({Step::What::kAlbumNumbers, 0, album, shown ? "" : "1", shown ? "1" : ""});
}

int64_t Writer::last_position_in_album(int64_t album) { return count_of("last_position_in_album", album); }

bool Writer::is_taken(int64_t album, int64_t position) {
  db::Use row(statement("is_position_taken"));
  row->bind_all(album, position);
  return row->step();
}

// To where nothing stands.
void Writer::move_to_position(int64_t asset, int64_t album, int64_t position) {
  const auto before = position_in_album(asset, album);
  statement("set_position_in_album").bind_all(album, asset, position).run();
  record({Step::What::kAlbum, asset, album, std::to_string(before.value_or(0)), std::to_string(position)});
  changed_groups_.emplace(Grouping::kAlbum, album);
}

// What stands there moves by `step`, and before it whatever is in its way.
void Writer::make_room(int64_t album, int64_t position, int64_t step) {
  std::vector<int64_t> run;
  {
    const bool up = step > 0;
    db::Use row(statement(up ? StatementName("items_from_position_up") : StatementName("items_from_position_down")));
    row->bind_all(album, position);
    while (row->step() && row->integer(0) == position) {
      run.push_back(row->integer(1));
      position += step;
    }
  }
  for (auto each = run.rbegin(); each != run.rend(); ++each, position -= step) move_to_position(*each, album, position);
}

bool Writer::add_to_album_at(int64_t asset, int64_t album, int64_t number) {
  require_by_hand(album);
  if (position_in_album(asset, album)) return false;
  require_file(asset);
  make_room(album, number * kAlbumGap, kAlbumGap);
  place_in_album(asset, album, number * kAlbumGap);
  return true;
}

bool Writer::put_back_in_album(int64_t asset, int64_t album, int64_t position) {
  require_by_hand(album);
  if (position_in_album(asset, album)) return false;
  if (is_taken(album, position)) return add_to_album(asset, album);
  require_file(asset);
  place_in_album(asset, album, position);
  return true;
}

bool Writer::move_in_album(int64_t asset, int64_t album, int64_t number) {
  const auto from = position_in_album(asset, album);
  const int64_t to = number * kAlbumGap;
  if (!from || *from == to) return false;
  if (is_taken(album, to)) {
    // Out of the way: nothing stands at 0, and so each step, also of an undo, finds its place free.
    move_to_position(asset, album, 0);
    make_room(album, to, to < *from ? kAlbumGap : -kAlbumGap);
  }
  move_to_position(asset, album, to);
  return true;
}

}  // namespace damfs
