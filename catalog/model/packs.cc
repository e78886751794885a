// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/model/packs.h"

#include <cerrno>

#include "catalog/base/error.h"
#include "catalog/base/names.h"
#include "catalog/model/statements.h"

namespace damfs {
namespace {

constexpr int kMemberColumns = 25;

Ownership pack_ownership(const db::Statement& row, int column) {
  const auto number = [&row](int at) { return row.is_null(at) ? std::nullopt : std::optional(row.integer(at)); };
  return {number(column), number(column + 1), number(column + 2)};
}

PackRow pack_row(const db::Statement& row) {
  const auto digest = Digest::from_bytes(row.text(5));
  if (!digest) fail(EUCLEAN, "the catalog has a malformed digest for {}", row.text(2));
  PackRow pack{row.integer(0),
               std::string(row.text(1)),
               std::string(row.text(2)),
               row.integer(3),
               row.integer(4),
               *digest,
               row.integer(6),
               row.integer(7),
               row.integer(8),
               std::nullopt,
               {}};
  if (!row.is_null(9)) pack.primary = member_id(pack.blob, row.integer(9));
  pack.ownership = pack_ownership(row, 10);
  return pack;
}

MemberRow member_row(const db::Statement& row) {
  MemberRow member;
  member.id = row.integer(0);
  member.parent = row.integer(1);
  member.name = row.text(2);
  member.type = static_cast<PackMember::Type>(row.integer(3));
  member.method = static_cast<uint16_t>(row.integer(4));
  member.size = row.integer(5);
  member.stored_size = row.integer(6);
  member.offset = row.integer(7);
  member.crc = static_cast<uint32_t>(row.integer(8));
  member.mtime_ns = row.integer(9);
  if (!row.is_null(10)) member.mode = row.integer(10);
  member.path = row.text(11);
  member.note = row.text(12);
  member.problem = row.text(13);
  if (!row.is_null(14)) member.sha256 = Digest::from_bytes(row.text(14));
  if (row.integer(15) != 0) member.role = static_cast<MapRole>(row.integer(15));
  member.resolution = row.integer(16);
  if (!row.is_null(17)) member.material = row.integer(17);
  member.by_map = row.integer(18) != 0;
  member.by_material = row.integer(19) != 0;
  if (!row.is_null(20)) member.archive = row.integer(20);
  member.entry = row.integer(21);
  member.mime = row.text(22);
  member.still = {row.integer(23), row.integer(24)};
  return member;
}

MaterialRow material_row(const db::Statement& row) {
  return {row.integer(0), std::string(row.text(1)), row.integer(2)};
}

template <typename Make>
auto one(db::Statement& statement, const Make& make) -> std::optional<decltype(make(statement))> {
  db::Use row(statement);
  if (!row->step()) return std::nullopt;
  return make(*row);
}

}  // namespace

void PackReader::packs(int64_t after_asset, const std::function<bool(const PackRow&)>& visit) {
  db::Use rows(reader_.statement("list_packs"));
  rows->bind_all(after_asset);
  while (rows->step()) {
    if (!visit(pack_row(*rows))) return;
  }
}

std::optional<PackRow> PackReader::pack(int64_t asset) {
  return one(reader_.statement("pack").bind_all(asset), pack_row);
}

std::optional<PackRow> PackReader::pack_of_blob(int64_t blob) {
  return one(reader_.statement("pack_of_blob").bind_all(blob), pack_row);
}

std::optional<Digest> PackReader::digest_of(int64_t blob) {
  const auto found = one(reader_.statement("digest_of_blob").bind_all(blob),
                         [](const db::Statement& row) { return Digest::from_bytes(row.text(0)); });
  return found.value_or(std::nullopt);
}

std::optional<PackRow> PackReader::find_pack(std::string_view name) {
  const std::string key = fold(name);
  auto found = one(reader_.statement("find_pack").bind_all(std::string_view(key)), pack_row);
  return found && nfc(found->name) == nfc(name) ? std::move(found) : std::nullopt;
}

void PackReader::members(int64_t parent, int64_t after, const std::function<bool(const MemberRow&)>& visit) {
  db::Use rows(reader_.statement("list_members"));
  rows->bind_all(parent, after);
  while (rows->step()) {
    if (!visit(member_row(*rows))) return;
  }
}

void PackReader::folders(int64_t blob, const std::function<void(int64_t id)>& visit) {
  db::Use rows(reader_.statement("folders_of_pack"));
  rows->bind_all(member_id(blob, 0), member_id(blob, kPackTop));
  while (rows->step()) visit(rows->integer(0));
}

std::optional<MemberRow> PackReader::member(int64_t id) {
  return one(reader_.statement("member").bind_all(id), member_row);
}

std::optional<MemberRow> PackReader::find_member(int64_t parent, std::string_view name) {
  const std::string key = nfc(name);
  db::Use rows(reader_.statement("find_member"));
  rows->bind_all(parent, std::string_view(key));
  std::optional<MemberRow> spelled_otherwise;
  while (rows->step()) {
    if (rows->text(2) == name) return member_row(*rows);
    if (!spelled_otherwise) spelled_otherwise = member_row(*rows);
  }
  return spelled_otherwise;
}

std::string PackReader::path(const MemberRow& member) {
  std::string path = member.name;
  for (int64_t at = member.parent; number_of_member(at) != kPackTop;) {
    const auto above = this->member(at);
    if (!above) break;
    path = join_path(above->name, path);
    at = above->parent;
  }
  return path;
}

void PackReader::maps(MapRole role, int64_t after, const std::function<bool(const MapRow&)>& visit) {
  db::Use rows(reader_.statement("list_maps"));
  rows->bind_all(static_cast<int64_t>(role), after);
  while (rows->step()) {
    const PackFacts facts{rows->integer(kMemberColumns + 1), pack_ownership(*rows, kMemberColumns + 2)};
    if (!visit({member_row(*rows), std::string(rows->text(kMemberColumns)), facts})) return;
  }
}

std::optional<MemberRow> PackReader::map_of_pack(MapRole role, const PackRow& pack) {
  return one(reader_.statement("map_of_pack")
                 .bind_all(static_cast<int64_t>(role), member_id(pack.blob, 0) - 1, member_id(pack.blob, kPackTop)),
             member_row);
}

void PackReader::materials(int64_t after, const std::function<bool(const MaterialRow&)>& visit) {
  db::Use rows(reader_.statement("list_materials"));
  rows->bind_all(after);
  while (rows->step()) {
    if (!visit(material_row(*rows))) return;
  }
}

std::optional<MaterialRow> PackReader::material(int64_t id) {
  return one(reader_.statement("material").bind_all(id), material_row);
}

std::optional<MaterialRow> PackReader::find_material(std::string_view name) {
  const std::string key = fold(name);
  auto found = one(reader_.statement("find_material").bind_all(std::string_view(key)), material_row);
  return found && nfc(found->name) == nfc(name) ? std::move(found) : std::nullopt;
}

std::optional<MemberRow> PackReader::primary_member(int64_t version) {
  return one(reader_.statement("primary_member").bind_all(version), member_row);
}

int64_t PackReader::first_material(int64_t version) {
  return one(reader_.statement("first_material").bind_all(version),
             [](const db::Statement& row) { return row.integer(0); })
      .value_or(0);
}

std::vector<MemberRow> PackReader::maps_of_material(int64_t material) {
  std::vector<MemberRow> maps;
  db::Use rows(reader_.statement("maps_of_material"));
  rows->bind_all(material, int64_t{0});
  while (rows->step()) maps.push_back(member_row(*rows));
  return maps;
}

bool PackReader::is_any() { return db::Use(reader_.statement("any_pack"))->step(); }

bool PackReader::has_size(int64_t size) {
  return db::Use(reader_.statement("is_size_of_member").bind_all(size))->step();
}

std::vector<int64_t> PackReader::with_bytes(int64_t size, uint32_t crc) {
  std::vector<int64_t> found;
  db::Use rows(reader_.statement("members_with_bytes"));
  rows->bind_all(size, int64_t{crc});
  while (rows->step()) found.push_back(rows->integer(0));
  return found;
}

void PackReader::unlinked_like_members(int64_t after,
                                       const std::function<bool(int64_t asset, const Digest&, int64_t size)>& visit) {
  db::Use rows(reader_.statement("unlinked_like_members"));
  rows->bind_all(after);
  while (rows->step()) {
    const auto digest = Digest::from_bytes(rows->text(1));
    if (digest && !visit(rows->integer(0), *digest, rows->integer(2))) return;
  }
}

std::optional<MemberRow> PackReader::holder_of(const MemberRow& member) {
  for (int64_t at = member.archive; at >= 0;) {
    auto archive = this->member(member_id(blob_of_member(member.id), at));
    if (!archive) fail(EIO, "the archive around {} is not in the catalog", member.name);
    if (archive->method != kStored) return archive;
    at = archive->archive;
  }
  return std::nullopt;
}

std::vector<PackReader::Origin> PackReader::origins(int64_t asset) {
  std::vector<Origin> found;
  std::vector<int64_t> members;
  {
    db::Use rows(reader_.statement("origins_of_asset"));
    rows->bind_all(asset);
    while (rows->step()) {
      found.push_back({rows->integer(0), std::string(rows->text(1)), {}});
      members.push_back(rows->integer(2));
    }
  }
  for (size_t i = 0; i < found.size(); ++i) {
    if (members[i] == 0) continue;
    const auto shown = pack(found[i].asset);
    const auto row = shown && shown->blob == blob_of_member(members[i]) ? member(members[i]) : std::nullopt;
    if (row) found[i].inside = join_path(shown->name, path(*row));
  }
  return found;
}

bool PackReader::has_called(int64_t blob, std::string_view fts_term) {
  db::Use row(reader_.statement("has_member_called"));
  row->bind_all(fts_term, member_id(blob, 0), member_id(blob, kPackTop));
  return row->step();
}

std::vector<PackReader::Oddity> PackReader::oddities(int64_t blob, int64_t limit) {
  db::Use rows(reader_.statement("odd_members"));
  rows->bind_all(member_id(blob, 0), member_id(blob, kPackTop), limit);
  std::vector<Oddity> found;
  while (rows->step()) {
    const bool is_readable = rows->text(3).empty();
    found.push_back({std::string(rows->text(rows->text(1).empty() ? 0 : 1)),
                     std::string(rows->text(is_readable ? 2 : 3)), is_readable});
  }
  return found;
}

std::optional<PackReader::Count> PackReader::count(int64_t blob) {
  db::Use row(reader_.statement("count_of_members"));
  row->bind_all(blob, member_id(blob, 0), member_id(blob, kPackTop));
  if (!row->step() || row->integer(0) == 0) return std::nullopt;
  return Count{row->integer(1), row->integer(2), row->integer(3), row->integer(4)};
}

}  // namespace damfs
