// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/texture_map.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

#include "catalog/base/names.h"

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
                               MapRoleName{MapRole::kSpecular, "specular"}};

// The words of texture authors: those of ambientCG, Poly Haven, Quixel, Substance, Poliigon and of game engines. Words
// joined, as in "base color", stand without what joins them.
struct RoleWord {
  std::string_view word;
  MapRole role;
};
constexpr RoleWord kRoleWords[] = {{"albedo", MapRole::kAlbedo},
                                   {"basecolor", MapRole::kAlbedo},
                                   {"basecolour", MapRole::kAlbedo},
                                   {"color", MapRole::kAlbedo},
                                   {"colour", MapRole::kAlbedo},
                                   {"col", MapRole::kAlbedo},
                                   {"diffuse", MapRole::kAlbedo},
                                   {"diff", MapRole::kAlbedo},
                                   {"dif", MapRole::kAlbedo},
                                   {"normalgl", MapRole::kNormal},
                                   {"normalopengl", MapRole::kNormal},
                                   {"normalogl", MapRole::kNormal},
                                   {"norgl", MapRole::kNormal},
                                   {"nrmgl", MapRole::kNormal},
                                   {"normal", MapRole::kNormal},
                                   {"normals", MapRole::kNormal},
                                   {"nrm", MapRole::kNormal},
                                   {"nor", MapRole::kNormal},
                                   {"norm", MapRole::kNormal},
                                   {"normaldx", MapRole::kNormalDx},
                                   {"normaldirectx", MapRole::kNormalDx},
                                   {"nordx", MapRole::kNormalDx},
                                   {"nrmdx", MapRole::kNormalDx},
                                   {"roughness", MapRole::kRoughness},
                                   {"rough", MapRole::kRoughness},
                                   {"rgh", MapRole::kRoughness},
                                   {"gloss", MapRole::kGloss},
                                   {"glossiness", MapRole::kGloss},
                                   {"smoothness", MapRole::kGloss},
                                   {"metallic", MapRole::kMetallic},
                                   {"metalness", MapRole::kMetallic},
                                   {"metal", MapRole::kMetallic},
                                   {"ao", MapRole::kAo},
                                   {"ambientocclusion", MapRole::kAo},
                                   {"occlusion", MapRole::kAo},
                                   {"height", MapRole::kHeight},
                                   {"displacement", MapRole::kHeight},
                                   {"disp", MapRole::kHeight},
                                   {"bump", MapRole::kHeight},
                                   {"opacity", MapRole::kOpacity},
                                   {"alpha", MapRole::kOpacity},
                                   {"emissive", MapRole::kEmissive},
                                   {"emission", MapRole::kEmissive},
                                   {"orm", MapRole::kOrm},
                                   {"occlusionroughnessmetallic", MapRole::kOrm},
                                   {"arm", MapRole::kArm},
                                   {"specular", MapRole::kSpecular},
                                   {"spec", MapRole::kSpecular},
                                   {"reflection", MapRole::kSpecular},
                                   {"refl", MapRole::kSpecular}};

constexpr std::string_view kPictures[] = {".png", ".jpg", ".jpeg", ".tif", ".tiff", ".exr", ".tga", ".webp",
                                          ".bmp", ".hdr", ".psd",  ".jp2", ".dds",  ".sgi", ".pfm"};
constexpr std::string_view kOtherPictures[] = {".gif", ".heic", ".heif", ".avif", ".jxl",
                                               ".svg", ".psb",  ".svgz", ".pcx",  ".qoi"};
// Words that tell a file's format, and nothing of the material.
constexpr std::string_view kFormatWords[] = {"png", "jpg", "jpeg", "tif",   "tiff",
                                             "exr", "tga", "8bit", "16bit", "32bit"};
constexpr std::string_view kSeparators = "_-. ()[]+";

struct Word {
  size_t begin, end;  // in the stem
  std::string text;   // folded
};

std::vector<Word> words_of(std::string_view stem) {
  std::vector<Word> words;
  size_t begin = 0;
  while (begin < stem.size()) {
    const size_t end = std::min(stem.find_first_of(kSeparators, begin), stem.size());
    if (end > begin) words.push_back({begin, end, fold(stem.substr(begin, end - begin))});
    begin = end + 1;
  }
  return words;
}

std::optional<MapRole> role_of(std::string_view word) {
  const auto* found = std::find_if(std::begin(kRoleWords), std::end(kRoleWords),
                                   [&](const RoleWord& each) { return each.word == word; });
  return found == std::end(kRoleWords) ? std::nullopt : std::optional(found->role);
}

bool is_one_of(std::string_view text, std::span<const std::string_view> all) {
  return std::find(all.begin(), all.end(), text) != all.end();
}

std::string_view file_name_of(std::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == path.npos ? path : path.substr(slash + 1);
}

// "2k", "16K", "2048", "2048x2048". 0: it is none.
int64_t resolution_of(std::string_view word) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  if (error != std::errc()) return 0;
  const std::string_view rest = word.substr(static_cast<size_t>(end - word.data()));
  if (rest == "k" && number >= 1 && number <= 32) return number * 1024;
  const bool is_edge = number >= 128 && number <= 32768 && (number & (number - 1)) == 0;
  return is_edge && (rest.empty() || rest.starts_with('x')) ? number : 0;
}

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

std::optional<TextureMap> texture_map(std::string_view file_name) {
  const auto [stem, extension] = split_extension(file_name);
  if (!is_one_of(fold(extension), kPictures)) return std::nullopt;
  const std::vector<Word> words = words_of(stem);
  // The last word that names a map: "Metal_Plates_006_roughness". Two together go before one: "Base_Color",
  // "nor_gl".
  std::optional<MapRole> role;
  size_t first = 0;
  size_t last = 0;
  for (size_t i = words.size(); i-- > 0 && !role;) {
    first = last = i;
    if (i > 0) role = role_of(words[i - 1].text + words[i].text);
    if (role) {
      first = i - 1;
    } else {
      role = role_of(words[i].text);
    }
  }
  if (!role) return std::nullopt;
  TextureMap map{*role, {}, 0};
  for (size_t i = 0; i < words.size(); ++i) {
    if (i >= first && i <= last) continue;
    const int64_t resolution = resolution_of(words[i].text);
    if (resolution != 0) map.resolution = resolution;
    if (resolution != 0 || is_one_of(words[i].text, kFormatWords)) continue;
    if (!map.material.empty()) map.material += stem[words[i].begin - 1];
    map.material += stem.substr(words[i].begin, words[i].end - words[i].begin);
  }
  return map;
}

bool is_picture_name(std::string_view path) {
  const std::string extension = fold(split_extension(file_name_of(path)).extension);
  return is_one_of(extension, kPictures) || is_one_of(extension, kOtherPictures);
}

std::optional<size_t> primary_picture(const Pack& members) {
  std::optional<size_t> albedo, map, picture;
  std::string material;
  std::pair<int64_t, int64_t> finest;  // resolution, bytes
  for (size_t i = 0; i < members.size(); ++i) {
    const PackMember& member = members[i];
    if (!member.still || !member.problem.empty()) continue;
    if (!picture) picture = i;
    const auto role = texture_map(file_name_of(member.path));
    if (!role) continue;
    if (!map) map = i;
    if (role->role != MapRole::kAlbedo) continue;
    const std::pair<int64_t, int64_t> worth{role->resolution, member.size};
    if (albedo && (fold(role->material) != material || worth <= finest)) continue;
    albedo = i;
    material = fold(role->material);
    finest = worth;
  }
  if (albedo) return albedo;
  return map ? map : picture;
}

}  // namespace damfs
