// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/model/journal.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "catalog/model/read/reader.h"
#include "catalog/model/statements.h"

namespace damfs {
namespace {

ActRow act_of(const db::Statement& row) {
  return {row.integer(0), row.integer(1), row.integer(2), std::string(row.text(3)),
          row.integer(4), row.integer(5), row.integer(6)};
}

std::string asset_name(Reader& reader, int64_t id) {
  const auto asset = reader.asset(id);
  return asset ? asset->name : fmt::format("asset {}", id);
}

std::string group_name(Reader& reader, Grouping grouping, int64_t id) {
  std::string path = reader.group(grouping, id) ? reader.group_path(grouping, id) : std::string();
  return path.empty() ? fmt::format("number {}, which is gone", id) : path;
}

std::string node_path(Reader& reader, Grouping grouping, std::string_view node) {
  const auto place = place_from_text(node);
  if (!place) return {};
  if (place->parent == top_key(grouping)) return place->name;
  return fmt::format("{}/{}", group_name(reader, grouping, place->parent), place->name);
}

std::string tell_membership(Reader& reader, const Step& step, Grouping grouping, const char* noun) {
  if (!step.before.empty() && !step.after.empty()) {
    return fmt::format("moved {} within {} {}", asset_name(reader, step.asset), noun,
                       group_name(reader, grouping, step.group));
  }
  return fmt::format("{} {} {}: {}", step.after.empty() ? '-' : '+', noun, group_name(reader, grouping, step.group),
                     asset_name(reader, step.asset));
}

std::string folder_name(Reader& reader, int64_t id) {
  return id == top_key(Grouping::kFolder) ? "originals" : "originals/" + group_name(reader, Grouping::kFolder, id);
}

std::string tell_entry(Reader& reader, const Step& step) {
  const std::string folder = folder_name(reader, step.group);
  if (step.before.empty()) return fmt::format("+ {}/{}", folder, step.after);
  if (step.after.empty()) return fmt::format("- {}/{}", folder, step.before);
  return fmt::format("{0}/{1} is now {0}/{2}", folder, step.before, step.after);
}

std::string tell_trash(const Step& step) {
  const auto row = trash_from_text(step.after.empty() ? step.before : step.after);
  return fmt::format("{} trash/{}", step.after.empty() ? '-' : '+', row ? row->name : "");
}

std::string tell_words(Reader& reader, const Step& step, const char* noun) {
  return fmt::format("{} of {}: '{}' -> '{}'", noun, asset_name(reader, step.asset), step.before, step.after);
}

std::string tell_query(Reader& reader, const Step& step) {
  return fmt::format("query of album {}: '{}' -> '{}'", group_name(reader, Grouping::kAlbum, step.group), step.before,
                     step.after);
}

std::string tell_node(Reader& reader, const Step& step, Grouping grouping, const char* noun) {
  if (step.before.empty()) return fmt::format("new {} {}", noun, node_path(reader, grouping, step.after));
  if (step.after.empty()) return fmt::format("{} {} is gone", noun, node_path(reader, grouping, step.before));
  return fmt::format("{} {} is now {}", noun, node_path(reader, grouping, step.before),
                     node_path(reader, grouping, step.after));
}

}  // namespace

std::string to_text(const std::optional<NodePlace>& place) {
  if (!place) return {};
  const std::string text = place->text.empty() ? std::string() : '/' + place->text;
  return fmt::format("{}/{}{}", place->parent, place->name, text);
}

std::optional<NodePlace> place_from_text(std::string_view text) {
  NodePlace place;
  const size_t slash = std::min(text.find('/'), text.size());
  const auto [end, error] = std::from_chars(text.data(), text.data() + slash, place.parent);
  if (slash == text.size() || error != std::errc() || end != text.data() + slash) return std::nullopt;
  text.remove_prefix(slash + 1);
  const size_t end_of_name = std::min(text.find('/'), text.size());
  place.name = text.substr(0, end_of_name);
  if (end_of_name < text.size()) place.text = text.substr(end_of_name + 1);
  return place;
}

std::string to_text(const TrashRow& row) {
  return fmt::format("{}/{}/{}/{}/{}", row.deleted_ns, row.uid, row.name, row.original_name, row.folder);
}

std::optional<TrashRow> trash_from_text(std::string_view text) {
  std::array<std::string_view, 4> parts;
  for (std::string_view& part : parts) {
    const size_t slash = text.find('/');
    if (slash == text.npos) return std::nullopt;
    part = text.substr(0, slash);
    text.remove_prefix(slash + 1);
  }
  TrashRow row;
  std::from_chars(parts[0].data(), parts[0].data() + parts[0].size(), row.deleted_ns);
  std::from_chars(parts[1].data(), parts[1].data() + parts[1].size(), row.uid);
  row.name = parts[2];
  row.original_name = parts[3];
  row.folder = text;
  return row;
}

void acts(Reader& reader, int64_t asset, const std::function<bool(const ActRow&)>& visit) {
  db::Use row(reader.statement(asset == 0 ? StatementName("acts") : StatementName("acts_of_asset")));
  if (asset != 0) row->bind_all(asset);
  while (row->step() && visit(act_of(*row))) {
  }
}

std::optional<ActRow> act(Reader& reader, int64_t id) {
  db::Use row(reader.statement("act"));
  row->bind_all(id);
  if (!row->step()) return std::nullopt;
  return act_of(*row);
}

void steps(Reader& reader, int64_t act, int64_t asset, const std::function<bool(const Step&)>& visit) {
  db::Use row(reader.statement("steps_of_act"));
  row->bind_all(act, asset);
  while (row->step() && visit({static_cast<Step::What>(row->integer(0)), row->integer(1), row->integer(2),
                               std::string(row->text(3)), std::string(row->text(4))})) {
  }
}

std::optional<int64_t> newest_undoable_act(Reader& reader) {
  db::Use row(reader.statement("newest_undoable_act"));
  return row->step() ? std::optional(row->integer(0)) : std::nullopt;
}

std::string tell(Reader& reader, const Step& step) {
  switch (step.what) {
    case Step::What::kTag: return tell_membership(reader, step, Grouping::kTag, "tag");
    case Step::What::kAlbum: return tell_membership(reader, step, Grouping::kAlbum, "album");
    case Step::What::kRating: return tell_words(reader, step, "rating");
    case Step::What::kTitle: return tell_words(reader, step, "title");
    case Step::What::kDescription: return tell_words(reader, step, "description");
    case Step::What::kTagNode: return tell_node(reader, step, Grouping::kTag, "tag");
    case Step::What::kAlbumNode: return tell_node(reader, step, Grouping::kAlbum, "album");
    case Step::What::kFolderNode: return tell_node(reader, step, Grouping::kFolder, "folder");
    case Step::What::kEntry: return tell_entry(reader, step);
    case Step::What::kTrash: return tell_trash(step);
    case Step::What::kVersion: return fmt::format("new version of {}", asset_name(reader, step.asset));
    case Step::What::kOwner:
    case Step::What::kState: return fmt::format("{} became part of another asset", asset_name(reader, step.asset));
    case Step::What::kAlbumQuery: return tell_query(reader, step);
    case Step::What::kFolderRights: return "who may enter a folder that was removed";
    case Step::What::kAlbumNumbers:
      return fmt::format("album {} {} numbers", group_name(reader, Grouping::kAlbum, step.group),
                         step.after.empty() ? "no longer shows" : "shows");
  }
  return "something that an older damfs does not know";
}

}  // namespace damfs
