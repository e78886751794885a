// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/texture_map.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <set>

#include "catalog/base/names.h"
#include "catalog/media/media_types.h"
#include "catalog/media/texture_words.h"

namespace damfs {
namespace {

constexpr std::array kRoles = {MapRoleName{MapRole::kAlbedo, "albedo"},
                               MapRoleName{MapRole::kNormal, "normal"},
                               MapRoleName{MapRole::kNormalDx, "normal-dx"},
                               MapRoleName{MapRole::kRoughness, "roughness"},
                               MapRoleName{MapRole::kGloss, "gloss"},
                               MapRoleName{MapRole::kMetallic, "metallic"},
                               MapRoleName{MapRole::kAo, "ao"},
                               MapRoleName{MapRole::kHeight, "height"},
                               MapRoleName{MapRole::kOpacity, "opacity"},
                               MapRoleName{MapRole::kEmissive, "emissive"},
                               MapRoleName{MapRole::kOrm, "orm"},
                               MapRoleName{MapRole::kArm, "arm"},
                               MapRoleName{MapRole::kSpecular, "specular"},
                               MapRoleName{MapRole::kMask, "mask"},
                               MapRoleName{MapRole::kMetallicRoughness, "metallic-roughness"}};

// What describes a material and its maps, as their makers and their programs write it.
constexpr std::string_view kManifests[] = {".mtlx", ".usd",   ".usda", ".usdc",  ".gltf", ".tres", ".mat",
                                           ".vmat", ".blend", ".sbs",  ".sbsar", ".json", ".mtl"};
constexpr std::string_view kQuixels = ".json";  // it is called by its number, which is one word of its maps' names
// Folders that are called after what is in them, not after a material.
constexpr std::string_view kPlainFolders[] = {"textures", "texture", "tex", "maps", "map", "source", "materials"};

bool is_one_of(std::string_view text, std::span<const std::string_view> all) {
  return std::find(all.begin(), all.end(), text) != all.end();
}

std::string_view file_name_of(std::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == path.npos ? path : path.substr(slash + 1);
}

std::string_view folder_of(std::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == path.npos ? std::string_view() : path.substr(0, slash);
}

// What is left of a name without the words that tell a size or a format.
std::string material_in(std::string_view name, std::span<const NameWord> words, int64_t& resolution) {
  std::string material;
  for (const NameWord& word : words) {
    const int64_t edge = resolution_of(word.text);
    if (edge != 0) resolution = edge;
    if (edge != 0 || is_format_word(word.text)) continue;
    if (!material.empty()) material += name[word.begin - 1];
    material += name.substr(word.begin, word.end - word.begin);
  }
  return material;
}

// Of maps that are called by their role alone: the nearest folder that is called after something.
std::string material_of_folder(std::string_view folder, int64_t& resolution) {
  for (; !folder.empty(); folder = folder_of(folder)) {
    const std::string_view name = file_name_of(folder);
    if (is_one_of(fold(name), kPlainFolders)) continue;
    int64_t edge = 0;
    std::string material = material_in(name, words_of(name), edge);
    if (resolution == 0) resolution = edge;
    if (!material.empty()) return material;
  }
  return {};
}

struct Candidate {
  TextureMap map;
  bool is_initial = false;    // NamedRole
  bool is_of_unreal = false;  // by its prefix
};

// For people, or for the desktop of some other system.
bool is_no_map(std::string_view path, const std::vector<NameWord>& words) {
  if (file_name_of(path).starts_with("._") || path.starts_with("__MACOSX/")) return true;
  if (std::any_of(words.begin(), words.end(), [](const NameWord& word) { return is_portrait_word(word.text); })) {
    return true;
  }
  for (std::string_view folder = folder_of(path); !folder.empty(); folder = folder_of(folder)) {
    if (is_portrait_word(fold(file_name_of(folder)))) return true;
  }
  return false;
}

// Without a word of its own for it, a name may be written in one: "RockBaseColor".
std::optional<NamedRole> role_in_last_word(std::string_view stem, std::vector<NameWord>& words) {
  const std::vector<NameWord> parts = parts_of(stem, words.back());
  auto role = role_at_end(parts);
  if (!role || role->first == 0 || role->is_initial) return std::nullopt;
  const size_t before = words.size() - 1;
  // What stands before it stays one word.
  NameWord rest{words.back().begin, parts[role->first].begin, {}};
  rest.text = fold(stem.substr(rest.begin, rest.end - rest.begin));
  words.back() = std::move(rest);
  words.insert(words.end(), parts.begin() + static_cast<ptrdiff_t>(role->first), parts.end());
  role->end += before + 1 - role->first;
  role->first = before + 1;
  return role;
}

std::optional<Candidate> candidate_of(std::string_view path) {
  const auto [stem, extension] = split_extension(file_name_of(path));
  if (!is_map_extension(fold(extension))) return std::nullopt;
  std::vector<NameWord> words = words_of(stem);
  if (words.empty() || is_no_map(path, words)) return std::nullopt;
  auto role = role_at_end(words);
  if (!role) role = role_in_last_word(stem, words);
  if (!role) return std::nullopt;
  Candidate found{{role->role, {}, 0}, role->is_initial, false};
  int64_t behind = 0;
  material_in(stem, std::span(words).subspan(role->end), behind);
  const auto before = std::span(words).first(role->first);
  found.map.material = material_in(stem, before, found.map.resolution);
  if (behind != 0) found.map.resolution = behind;
  found.is_of_unreal = !before.empty() && (before.front().text == "t" || before.front().text == "tx");
  if (found.map.material.empty()) found.map.material = material_of_folder(folder_of(path), found.map.resolution);
  return found;
}

bool is_picture(const PackMember& member) { return member.mime.starts_with("image/"); }

// What the maps of one material have in common.
struct Company {
  std::set<MapRole> roles;    // that some name tells by a word
  std::set<MapRole> initial;  // by a letter or two
  bool is_of_unreal = false;

  size_t count() const {
    std::set<MapRole> all = roles;
    all.insert(initial.begin(), initial.end());
    return all.size();
  }
  // "DSC_N.JPG" is a photo, and "House_N.jpg" with "House_S.jpg" and "House_E.jpg" are its sides: letters are believed
  // beside words, or as the set that Unreal's artists make.
  bool is_initial_believed() const {
    constexpr size_t kSet = 3;
    return !roles.empty() || (is_of_unreal && count() > 1) ||
           (count() >= kSet && initial.contains(MapRole::kNormal) && initial.contains(MapRole::kAlbedo));
  }
};

// The materials that manifests are called after, folded; of Quixel's their numbers.
struct Manifests {
  std::set<std::string> materials, numbers;

  void add(std::string_view path) {
    const std::string_view name = file_name_of(path);
    const auto [stem, extension] = split_extension(name);
    const std::string folded = fold(extension);
    if (!is_one_of(folded, kManifests) || name.starts_with("._")) return;
    int64_t resolution = 0;
    std::string material = fold(material_in(stem, words_of(stem), resolution));
    if (material.empty()) return;
    if (folded == kQuixels) numbers.insert(material);
    materials.insert(std::move(material));
  }
  bool has(std::string_view material) const {
    if (materials.contains(fold(material))) return true;
    const std::vector<NameWord> words = words_of(material);
    return !words.empty() && numbers.contains(words.back().text);
  }
};

}  // namespace

std::span<const MapRoleName> map_roles() { return kRoles; }

std::string_view to_string(MapRole role) {
  const auto* found = std::find_if(kRoles.begin(), kRoles.end(), [&](const auto& each) { return each.role == role; });
  return found == kRoles.end() ? std::string_view() : found->name;
}

std::optional<MapRole> map_role_from_string(std::string_view name) {
  const auto* found = std::find_if(kRoles.begin(), kRoles.end(), [&](const auto& each) { return each.name == name; });
  return found == kRoles.end() ? std::nullopt : std::optional(found->role);
}

std::vector<std::optional<TextureMap>> texture_maps(std::span<const std::string_view> paths) {
  std::vector<std::optional<Candidate>> candidates;
  candidates.reserve(paths.size());
  std::map<std::string, Company> companies;  // by material, folded
  Manifests manifests;
  for (const std::string_view path : paths) {
    candidates.push_back(candidate_of(path));
    manifests.add(path);
    if (!candidates.back()) continue;
    const Candidate& candidate = *candidates.back();
    Company& company = companies[fold(candidate.map.material)];
    (candidate.is_initial ? company.initial : company.roles).insert(candidate.map.role);
    company.is_of_unreal |= candidate.is_of_unreal;
  }
  std::vector<std::optional<TextureMap>> maps(paths.size());
  for (size_t i = 0; i < paths.size(); ++i) {
    if (!candidates[i]) continue;
    const Company& company = companies[fold(candidates[i]->map.material)];
    if (candidates[i]->is_initial && !company.is_initial_believed()) continue;
    const size_t count = company.is_initial_believed() ? company.count() : company.roles.size();
    const bool has_company = count > 1 || manifests.has(candidates[i]->map.material);
    if (has_company) maps[i] = std::move(candidates[i]->map);
  }
  return maps;
}

bool is_shown_name(std::string_view path) {
  return is_shown_extension(fold(split_extension(file_name_of(path)).extension));
}

std::optional<size_t> primary_picture(const Pack& members) {
  std::optional<size_t> albedo, map, picture;
  std::string material;
  std::pair<int64_t, int64_t> finest;  // resolution, bytes
  std::vector<std::string_view> paths;
  for (const PackMember& member : members) paths.push_back(member.path);
  const std::vector<std::optional<TextureMap>> maps = texture_maps(paths);
  for (size_t i = 0; i < members.size(); ++i) {
    const PackMember& member = members[i];
    if (!member.still || !member.problem.empty()) continue;
    const bool is_first = !picture || (!is_picture(members[*picture]) && is_picture(member));
    if (is_first) picture = i;
    if (!maps[i]) continue;
    if (!map) map = i;
    if (maps[i]->role != MapRole::kAlbedo) continue;
    const std::pair<int64_t, int64_t> worth{maps[i]->resolution, member.size};
    if (albedo && (fold(maps[i]->material) != material || worth <= finest)) continue;
    albedo = i;
    material = fold(maps[i]->material);
    finest = worth;
  }
  if (albedo) return albedo;
  return map ? map : picture;
}

}  // namespace damfs
