// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/texture_words.h"

#include <algorithm>
#include <charconv>
#include <iterator>

#include "catalog/base/names.h"

namespace damfs {
namespace {

// The words of texture authors: those of ambientCG, Poly Haven, freepbr, 3dtextures, Quixel, Poliigon, and of what
// Substance writes for Unity, Unreal, glTF and renderers. Words joined, as in "base color", stand without what joins
// them; "map" behind any of them says nothing more.
struct RoleWord {
  std::string_view word;
  MapRole role;
};
constexpr RoleWord kRoleWords[] = {{"albedo", MapRole::kAlbedo},
                                   {"alb", MapRole::kAlbedo},
                                   {"albedotransparency", MapRole::kAlbedo},
                                   {"basecolor", MapRole::kAlbedo},
                                   {"basecolour", MapRole::kAlbedo},
                                   {"basecoloropacity", MapRole::kAlbedo},
                                   {"basemap", MapRole::kAlbedo},
                                   {"color", MapRole::kAlbedo},
                                   {"colour", MapRole::kAlbedo},
                                   {"coloropacity", MapRole::kAlbedo},
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
                                   {"nrm16", MapRole::kNormal},
                                   {"nor", MapRole::kNormal},
                                   {"norm", MapRole::kNormal},
                                   {"ddna", MapRole::kNormal},
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
                                   {"mtl", MapRole::kMetallic},
                                   {"metallicsmoothness", MapRole::kMetallic},  // as red; the other is its alpha
                                   {"ao", MapRole::kAo},
                                   {"mixedao", MapRole::kAo},
                                   {"ambientocclusion", MapRole::kAo},
                                   {"occlusion", MapRole::kAo},
                                   {"occ", MapRole::kAo},
                                   {"height", MapRole::kHeight},
                                   {"displacement", MapRole::kHeight},
                                   {"displace", MapRole::kHeight},
                                   {"disp", MapRole::kHeight},
                                   {"disp16", MapRole::kHeight},
                                   {"bump", MapRole::kHeight},
                                   {"bump16", MapRole::kHeight},
                                   {"opacity", MapRole::kOpacity},
                                   {"opacitymask", MapRole::kOpacity},
                                   {"alpha", MapRole::kOpacity},
                                   {"alphamasked", MapRole::kOpacity},
                                   {"transparency", MapRole::kOpacity},
                                   {"emissive", MapRole::kEmissive},
                                   {"emission", MapRole::kEmissive},
                                   {"emit", MapRole::kEmissive},
                                   {"orm", MapRole::kOrm},
                                   {"occlusionroughnessmetallic", MapRole::kOrm},
                                   {"occlusionroughnessmetalness", MapRole::kOrm},
                                   {"arm", MapRole::kArm},
                                   {"specular", MapRole::kSpecular},
                                   {"specularsmoothness", MapRole::kSpecular},
                                   {"spec", MapRole::kSpecular},
                                   {"reflection", MapRole::kSpecular},
                                   {"refl", MapRole::kSpecular},
                                   {"maskmap", MapRole::kMask},
                                   {"metallicroughness", MapRole::kMetallicRoughness},
                                   {"metalrough", MapRole::kMetallicRoughness}};
constexpr RoleWord kInitials[] = {{"d", MapRole::kAlbedo},   {"b", MapRole::kAlbedo},    {"bc", MapRole::kAlbedo},
                                  {"n", MapRole::kNormal},   {"nm", MapRole::kNormal},   {"r", MapRole::kRoughness},
                                  {"m", MapRole::kMetallic}, {"mt", MapRole::kMetallic}, {"h", MapRole::kHeight},
                                  {"s", MapRole::kSpecular}, {"e", MapRole::kEmissive},  {"em", MapRole::kEmissive}};
constexpr size_t kMostJoined = 3;  // "occlusion roughness metallic"

constexpr std::string_view kFormatWords[] = {"png", "jpg", "jpeg", "tif",  "tiff",  "exr",
                                             "tga", "dds", "webp", "8bit", "16bit", "32bit"};
// What colour-managed exports, model makers and those with several of a kind put behind it.
constexpr std::string_view kTailWords[] = {"srgb", "linear", "raw", "acescg", "aces", "utility", "texture", "tex"};
constexpr std::string_view kPortraitWords[] = {"preview",    "previews", "thumb",   "thumbs",   "thumbnail",
                                               "thumbnails", "render",   "renders", "rendered", "rendering"};
constexpr std::string_view kSeparators = "_-. ()[]+,";

template <typename Words>
bool is_one_of(std::string_view text, const Words& all) {
  return std::find(std::begin(all), std::end(all), text) != std::end(all);
}

template <typename Words>
std::optional<MapRole> role_among(const Words& all, std::string_view word) {
  const auto* found =
      std::find_if(std::begin(all), std::end(all), [&](const RoleWord& each) { return each.word == word; });
  return found == std::end(all) ? std::nullopt : std::optional(found->role);
}

std::optional<MapRole> role_of(std::string_view word) {
  constexpr std::string_view kMap = "map";
  auto role = role_among(kRoleWords, word);
  if (!role && word.size() > kMap.size() && word.ends_with(kMap)) {
    role = role_among(kRoleWords, word.substr(0, word.size() - kMap.size()));
  }
  return role;
}

bool is_number(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// "1001": the tile of a surface that has several, as Mari numbers them.
bool is_tile(std::string_view word) {
  return word.size() == 4 && is_number(word) && word.starts_with('1') && word != "1000" && word <= "1999";
}

// "lod0", "var2"
bool is_numbered(std::string_view word, std::string_view prefix) {
  return word.starts_with(prefix) && is_number(word.substr(prefix.size()));
}

bool is_tail(std::string_view word) {
  return resolution_of(word) != 0 || is_format_word(word) || is_tile(word) || is_numbered(word, "lod") ||
         is_numbered(word, "var") || is_one_of(word, kTailWords);
}

}  // namespace

std::vector<NameWord> words_of(std::string_view name) {
  std::vector<NameWord> words;
  size_t begin = 0;
  while (begin < name.size()) {
    const size_t end = std::min(name.find_first_of(kSeparators, begin), name.size());
    if (end > begin) words.push_back({begin, end, fold(name.substr(begin, end - begin))});
    begin = end + 1;
  }
  return words;
}

std::vector<NameWord> parts_of(std::string_view name, const NameWord& word) {
  const auto is_small = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  std::vector<NameWord> parts;
  size_t begin = word.begin;
  for (size_t at = word.begin + 1; at <= word.end; ++at) {
    const bool is_border = at == word.end || (is_small(name[at - 1]) && name[at] >= 'A' && name[at] <= 'Z');
    if (!is_border) continue;
    parts.push_back({begin, at, fold(name.substr(begin, at - begin))});
    begin = at;
  }
  return parts;
}

std::optional<NamedRole> role_at_end(const std::vector<NameWord>& words) {
  size_t end = words.size();
  for (;;) {
    std::string joined;
    std::optional<NamedRole> found;
    for (size_t first = end; first > 0 && end - first < kMostJoined;) {
      joined = words[--first].text + joined;
      // Of several that say it the longest: "ao", "mixed ao".
      if (const auto role = role_of(joined)) found = NamedRole{*role, first, end};
    }
    if (found) return found;
    if (end == 0) return std::nullopt;
    if (const auto role = role_among(kInitials, words[end - 1].text)) return NamedRole{*role, end - 1, end, true};
    if (!is_tail(words[end - 1].text)) return std::nullopt;
    --end;
  }
}

int64_t resolution_of(std::string_view word) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  if (error != std::errc()) return 0;
  const std::string_view rest = word.substr(static_cast<size_t>(end - word.data()));
  if (rest == "k" && number >= 1 && number <= 32) return number * 1024;
  const bool is_edge = number >= 128 && number <= 32768 && (number & (number - 1)) == 0;
  return is_edge && (rest.empty() || rest.starts_with('x')) ? number : 0;
}

bool is_format_word(std::string_view word) { return is_one_of(word, kFormatWords); }
bool is_portrait_word(std::string_view word) { return is_one_of(word, kPortraitWords); }

}  // namespace damfs
