// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/media/pack.h"

namespace damfs {

// What a texture says of a material's surface. The numbers are stored and stand in node numbers: never renumber.
enum class MapRole : uint8_t {
  kAlbedo = 1,
  kNormal = 2,    // OpenGL: green is up
  kNormalDx = 3,  // DirectX: green is down
  kRoughness = 4,
  kGloss = 5,
  kMetallic = 6,
  kAo = 7,
  kHeight = 8,
  kOpacity = 9,
  kEmissive = 10,
  kOrm = 11,  // occlusion, roughness, metallic as red, green, blue
  kArm = 12,  // the same three, as Poly Haven calls them
  kSpecular = 13,
  kMask = 14,               // metallic, occlusion, detail, smoothness as red, green, blue, alpha: Unity's mask map
  kMetallicRoughness = 15,  // roughness as green, metallic as blue: glTF's
};

// All of them, by rising number, with their folders in packs/by-map/.
struct MapRoleName {
  MapRole role;
  std::string_view name;
};
std::span<const MapRoleName> map_roles();
std::string_view to_string(MapRole role);
std::optional<MapRole> map_role_from_string(std::string_view name);

// What the name of a file in a texture pack tells: "Wood049_2K-PNG_Color.png" is the albedo of Wood049, 2048 pixels.
struct TextureMap {
  MapRole role;
  std::string material;    // the name without the words that tell the rest, else the folder's; may be empty
  int64_t resolution = 0;  // pixels of an edge, as named; 0: not named
};

// Which of the files of one archive are maps, by their paths: one for each. Its name's last words have to say so, and a
// name says little by itself, so it needs company: another map of its material, or a file in which the makers of
// textures describe that.
std::vector<std::optional<TextureMap>> texture_maps(std::span<const std::string_view> paths);

// Whether a file is called as those are that a still can be made of: pictures, RAW, recordings, PDF; its path or its
// name alone.
bool is_shown_name(std::string_view path);

// Which of an archive's members stands for the whole of it: the albedo of its first material, else another map, else
// the first picture, else what else a still can be made of. Empty: it has none that can be shown.
std::optional<size_t> primary_picture(const Pack& members);

}  // namespace damfs
