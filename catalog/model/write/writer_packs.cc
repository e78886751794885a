// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

// What is inside archives, and what the maps of texture packs are called.

#include <fmt/format.h>

#include <map>
#include <tuple>

#include "catalog/base/names.h"
#include "catalog/model/packs.h"
#include "catalog/model/statements.h"
#include "catalog/model/write/writer.h"

namespace damfs {
namespace {

// So that an extension can be put behind it.
constexpr size_t kMostNameBytes = kMaxNameBytes - 15;

// What packs/ itself holds besides packs.
bool is_reserved(std::string_view name) { return fold(name) == "by-map" || fold(name) == "by-material"; }

// Of maps that would have one name, the one that has it: what is finer, then what is larger, then what came first.
struct Best {
  size_t node = 0;
  std::pair<int64_t, int64_t> worth{-1, -1};  // resolution, bytes
  void offer(size_t candidate, std::pair<int64_t, int64_t> its_worth) {
    if (its_worth > worth) *this = {candidate, its_worth};
  }
};

struct Maps {
  std::vector<std::optional<TextureMap>> of;  // by node
  std::vector<int64_t> material;              // by node: number in `materials`
  std::vector<std::string> materials;         // as their maps call them
  std::vector<bool> by_map, by_material;      // by node
};

Maps find_maps(const std::vector<PackNode>& nodes) {
  Maps maps;
  maps.material.resize(nodes.size());
  maps.by_map.resize(nodes.size());
  maps.by_material.resize(nodes.size());
  std::map<std::string, int64_t> known;  // folded
  std::map<std::pair<int64_t, MapRole>, Best> best;
  std::vector<std::string_view> paths;
  for (const PackNode& node : nodes) {
    const bool is_file = node.member != nullptr && node.member->type == PackMember::Type::kFile;
    paths.push_back(is_file ? std::string_view(node.member->path) : std::string_view());
  }
  // Also one that cannot be read is company.
  maps.of = texture_maps(paths);
  for (size_t i = 0; i < nodes.size(); ++i) {
    if (!maps.of[i]) continue;
    const PackMember* member = nodes[i].member;
    if (!member->problem.empty()) {
      maps.of[i].reset();
      continue;
    }
    const auto [found, is_new] = known.emplace(fold(maps.of[i]->material), maps.materials.size());
    if (is_new) maps.materials.push_back(maps.of[i]->material);
    maps.material[i] = found->second;
    best[{found->second, maps.of[i]->role}].offer(i, {maps.of[i]->resolution, member->size});
  }
  std::map<MapRole, bool> has_role;
  for (const auto& [key, chosen] : best) {
    maps.by_material[chosen.node] = true;
    // The first material stands for the pack.
    if (!std::exchange(has_role[key.second], true)) maps.by_map[chosen.node] = true;
  }
  return maps;
}

}  // namespace

void Writer::add_pack(int64_t blob, const Pack& members, std::string_view charset) {
  remove_members(blob);
  const auto primary = primary_picture(members);
  statement("add_pack")
      .bind_all(blob, int64_t{kPackRecipe}, primary ? std::optional(static_cast<int64_t>(*primary)) : std::nullopt,
                charset)
      .run();
  const std::vector<PackNode> nodes = pack_tree(members);
  const Maps maps = find_maps(nodes);
  std::vector<int64_t> materials;
  for (const std::string& wanted : maps.materials) materials.push_back(ensure_material(blob, wanted));
  db::Statement& insert = statement("add_member");
  static const PackMember kImplied{
      .path = {}, .type = PackMember::Type::kFolder, .mode = {}, .problem = {}, .sha256 = {}, .mime = {}, .still = {}};
  for (size_t i = 0; i < nodes.size(); ++i) {
    const PackNode& node = nodes[i];
    const PackMember& member = node.member != nullptr ? *node.member : kImplied;
    const auto& map = maps.of[i];
    db::Use row(insert);
    row->bind_all(member_id(blob, node.number), member_id(blob, node.parent), std::string_view(node.name),
                  std::string_view(nfc(node.name)), static_cast<int64_t>(member.type), int64_t{member.method},
                  member.size, member.stored_size, member.offset, int64_t{member.crc}, member.mtime_ns);
    row->bind(12, member.mode ? std::optional(int64_t{*member.mode}) : std::nullopt);
    row->bind(13, node.note.empty() ? std::string_view() : std::string_view(member.path));
    row->bind(14, std::string_view(node.note)).bind(15, std::string_view(member.problem));
    if (member.sha256) {
      row->bind_blob(16, member.sha256->raw());
    } else {
      row->bind_null(16);
    }
    row->bind(17, map ? static_cast<int64_t>(map->role) : int64_t{0}).bind(18, map ? map->resolution : int64_t{0});
    row->bind(19, map ? std::optional(materials[static_cast<size_t>(maps.material[i])]) : std::nullopt);
    row->bind(20, int64_t{maps.by_map[i]}).bind(21, int64_t{maps.by_material[i]});
    row->bind(22, member.archive >= 0 ? std::optional(member.archive) : std::nullopt).bind(23, member.entry);
    row->bind(24, std::string_view(member.mime)).bind(25, member.still.width).bind(26, member.still.height);
    row->run();
  }
  statement("add_members_to_search").bind_all(member_id(blob, 0), member_id(blob, kPackTop)).run();
  statement("drop_copies_of_what_is_no_file").bind_all(member_id(blob, 0), member_id(blob, kPackTop)).run();
  // Of an earlier reading of their names.
  statement("drop_materials_without_maps").bind_all(blob).run();
}

void Writer::link_copy(int64_t asset, int64_t member) {
  if (member == 0 || count_of("count_of_links_from_asset", asset) != 0) return;
  const int64_t pack = count_of("pack_with_member", member);
  if (pack == 0 || pack == asset) return;
  statement("add_link").bind_all(asset, pack).run();
  statement("add_copy_of_member").bind_all(asset, member).run();
  touched_assets_.try_emplace(asset, 0);
}

void Writer::unlink_copy(int64_t asset) {
  statement("drop_links_to_pack").bind_all(asset).run();
  statement("drop_copy_of_member").bind_all(asset).run();
}

// Materials stay: a newer index finds them again.
void Writer::remove_members(int64_t blob) {
  statement("drop_members_from_search").bind_all(member_id(blob, 0), member_id(blob, kPackTop)).run();
  statement("drop_members").bind_all(member_id(blob, 0), member_id(blob, kPackTop)).run();
}

void Writer::remove_pack(int64_t blob) {
  remove_members(blob);
  statement("drop_copies_of_members").bind_all(member_id(blob, 0), member_id(blob, kPackTop)).run();
  statement("drop_materials").bind_all(blob).run();
  statement("drop_pack").bind_all(blob).run();
}

int64_t Writer::ensure_material(int64_t blob, std::string_view wanted) {
  {
    db::Use row(statement("material_wanted"));
    row->bind_all(blob, wanted);
    if (row->step()) return row->integer(0);
  }
  statement("add_material").bind_all(blob, wanted).run();
  return database_.last_insert_id();
}

// The first of `wanted`, `otherwise` and their like that `sql` does not find taken.
std::string Writer::free_pack_name(StatementName is_taken, std::string_view wanted, std::string_view otherwise) {
  std::string name = portable_name(wanted, kMostNameBytes);
  for (int64_t number = 1;; ++number) {
    db::Use row(statement(is_taken));
    row->bind_all(std::string_view(fold(name)));
    if (!row->step() && !is_reserved(name)) return name;
    name = portable_name(otherwise, kMostNameBytes);
    if (number > 1) name = with_suffix(name, fmt::format("~{}", number));
  }
}

// Gives an archive its folders in packs/, once.
void Writer::name_pack(int64_t asset) {
  const int64_t blob = count_of("pack_shown_by_asset", asset);
  const bool has_name = count_of("has_pack_name", asset) != 0;
  if (blob != 0 || has_name) changed_groups_.emplace(Grouping::kPacks, 0);
  if (blob == 0) return;
  const std::string label = label_of(asset);
  const std::string_view stem = split_extension(label).stem;
  if (!has_name) {
    const std::string name = free_pack_name("is_pack_name_taken", stem, label);
    statement("add_pack_name").bind_all(asset, std::string_view(name), std::string_view(fold(name))).run();
  }
  std::vector<std::pair<int64_t, std::string>> unnamed;
  {
    db::Use rows(statement("unnamed_materials"));
    rows->bind_all(blob);
    while (rows->step()) unnamed.emplace_back(rows->integer(0), rows->text(1));
  }
  for (const auto& [id, wanted] : unnamed) {
    const std::string own = wanted.empty() ? std::string(stem) : wanted;
    const std::string name =
        free_pack_name("is_material_name_taken", own, own == stem ? label : fmt::format("{} ({})", own, stem));
    statement("set_material_name").bind_all(id, std::string_view(name), std::string_view(fold(name))).run();
  }
}

}  // namespace damfs
