// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "catalog/media/pack.h"
#include "catalog/media/texture_map.h"
#include "catalog/model/read/pack_tree.h"
#include "catalog/model/read/reader.h"

namespace damfs {

// What its members show of an archive's asset.
struct PackFacts {
  int64_t mtime_ns = 0;
  Ownership ownership{};
};

// An archive that is shown: its asset, and the bytes of that asset's newest state.
struct PackRow {
  int64_t asset = 0;
  std::string name;   // its folder in packs/
  std::string label;  // of the asset
  int64_t version = 0;
  int64_t blob = 0;
  Digest sha256;
  int64_t size = 0;  // bytes
  int64_t mtime_ns = 0;
  int64_t changed_ns = 0;
  std::optional<int64_t> primary;  // id of the member whose still is its own
  Ownership ownership{};

  PackFacts facts() const { return {mtime_ns, ownership}; }
};

// A member's id; that of what stands above the top ones has kPackTop as its number.
constexpr int64_t member_id(int64_t blob, int64_t number) { return blob << kMemberNumberBits | number; }
constexpr int64_t blob_of_member(int64_t id) { return id >> kMemberNumberBits; }
constexpr int64_t number_of_member(int64_t id) { return id & kPackTop; }

// A file or folder inside an archive.
struct MemberRow {
  int64_t id = 0;
  int64_t parent = 0;
  std::string name;
  PackMember::Type type = PackMember::Type::kFile;
  uint16_t method = kStored;
  int64_t size = 0;
  int64_t stored_size = 0;
  int64_t offset = 0;
  uint32_t crc = 0;
  int64_t archive = -1;  // number of the archive within the archive that it is in; -1: it is in none
  int64_t entry = 0;     // its number in its own archive's directory
  int64_t mtime_ns = 0;  // 0: not recorded
  std::optional<int64_t> mode;
  std::string path;  // as the archive has it; empty: as it is shown
  std::string note;
  std::string problem;
  std::optional<Digest> sha256;
  std::optional<MapRole> role;
  int64_t resolution = 0;
  std::optional<int64_t> material;
  bool by_map = false, by_material = false;
  std::string mime;  // of a picture
  Raster still;      // of a picture; zero: no still can be declared

  // An archive within an archive is shown as one.
  bool is_folder() const { return type == PackMember::Type::kFolder || type == PackMember::Type::kArchive; }
  // How many names it has in the mount.
  int64_t names() const { return 1 + (by_map ? 1 : 0) + (by_material ? 1 : 0); }
};

// A map that packs/by-map/ shows, under its pack's name.
struct MapRow {
  MemberRow member;
  std::string pack;
  PackFacts pack_facts;
};

// A pack's material.
struct MaterialRow {
  int64_t id = 0;
  std::string name;
  int64_t changed_ns = 0;
};

// What is inside archives, through a reader that somebody leased.
class PackReader {
 public:
  explicit PackReader(Reader& reader) : reader_(reader) {}

  // Visitors return false to stop, and must not use the reader.
  void packs(int64_t after_asset, const std::function<bool(const PackRow&)>& visit);
  std::optional<PackRow> pack(int64_t asset);
  std::optional<PackRow> pack_of_blob(int64_t blob);  // one that shows it
  std::optional<Digest> digest_of(int64_t blob);      // whether anything shows it or not
  std::optional<PackRow> find_pack(std::string_view name);

  void members(int64_t parent, int64_t after, const std::function<bool(const MemberRow&)>& visit);
  void folders(int64_t blob, const std::function<void(int64_t id)>& visit);  // all in it, also archives within
  std::optional<MemberRow> member(int64_t id);
  std::optional<MemberRow> find_member(int64_t parent, std::string_view name);
  std::string path(const MemberRow& member);  // below its pack's folder

  // Maps of one role, by rising id of the member.
  void maps(MapRole role, int64_t after, const std::function<bool(const MapRow&)>& visit);
  std::optional<MemberRow> map_of_pack(MapRole role, const PackRow& pack);

  void materials(int64_t after, const std::function<bool(const MaterialRow&)>& visit);
  std::optional<MaterialRow> material(int64_t id);
  std::optional<MaterialRow> find_material(std::string_view name);
  std::vector<MemberRow> maps_of_material(int64_t material);  // one of a role

  // What stands for an archive's version.
  std::optional<MemberRow> primary_member(int64_t version);
  int64_t first_material(int64_t version);  // that has maps to look at; 0: none has

  // Files whose copies can be known again (catalog/ingest/copies.h).
  bool is_any();  // archive
  bool has_size(int64_t size);
  std::vector<int64_t> with_bytes(int64_t size, uint32_t crc);  // the first of them
  // Live assets behind that id, by rising ids, which are derived from nothing and have the size of some member.
  void unlinked_like_members(int64_t after,
                             const std::function<bool(int64_t asset, const Digest&, int64_t size)>& visit);
  // The innermost archive around it that is not stored as it is; empty: the outermost holds it. Throws Error(EIO) for
  // one that is not in the catalog.
  std::optional<MemberRow> holder_of(const MemberRow& member);

  // What an asset was made from: another one, or a member of one.
  struct Origin {
    int64_t asset = 0;
    std::string label;
    std::string inside;  // "<its pack's folder>/<path>"; empty: the asset itself, or nothing shows the member now
  };
  std::vector<Origin> origins(int64_t asset);

  bool has_called(int64_t blob, std::string_view fts_term);  // whether the words' index finds something in it

  // All that cannot be read, or is shown otherwise than the archive calls it, for people; at most `limit`.
  struct Oddity {
    std::string path;
    std::string reason;
    bool is_readable = true;
  };
  std::vector<Oddity> oddities(int64_t blob, int64_t limit);
  struct Count {
    int64_t files = 0, folders = 0, unreadable = 0, odd = 0;  // odd: with a note or a problem
  };
  std::optional<Count> count(int64_t blob);

 private:
  Reader& reader_;
};

}  // namespace damfs
