// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/worker/material/material_maps.h"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cmath>
#include <initializer_list>
#include <memory>
#include <utility>
#include <vector>

#include "catalog/base/error.h"
#include "catalog/media/worker/material/material_file.h"

namespace damfs::worker {
namespace {

constexpr int64_t kMaxEdge = 1024;  // of the texture

// Where in a texel stands what.
enum Band : size_t {
  kRed,  // of the albedo, multiplied by the opacity
  kGreen,
  kBlue,
  kOpacity,
  kRedLight,  // of the emission
  kGreenLight,
  kBlueLight,
  kNormalX,  // as Surface has it
  kNormalY,
  kNormalZ,
  kRoughness,
  kMetallic,
  kOcclusion,
};

// What no map tells.
constexpr Texel kPlain = {0.5F, 0.5F, 0.5F, 1, 0, 0, 0, 0, 0, 1, 0.5F, 0, 1, 0, 0, 0};

using Texels = std::vector<Texel>;

template <typename Set>
void set_each(Texels& texels, const Image& floats, const Set& set) {
  const auto bands = static_cast<size_t>(vips_image_get_bands(floats.get()));
  const auto* pixel = static_cast<const float*>(vips_image_get_data(floats.get()));
  for (Texel& texel : texels) {
    set(texel, pixel);
    pixel += bands;
  }
}

void set_number(Texels& texels, const Image& floats, Band band, size_t from = 0) {
  set_each(texels, floats, [&](Texel& texel, const float* pixel) { texel[band] = within_one(pixel[from]); });
}

void need_colours(const Image& floats) {
  if (vips_image_get_bands(floats.get()) < 3) fail(EINVAL, "the picture is grey");
}

// Blue is not looked at: what it says follows from the others, and not every file has it.
void set_normal(Texels& texels, const Image& floats, float green_up) {
  need_colours(floats);
  set_each(texels, floats, [&](Texel& texel, const float* pixel) {
    const float x = 2 * within_one(pixel[0]) - 1;
    const float y = green_up * (2 * within_one(pixel[1]) - 1);
    const Vec3 normal = normalized({x, y, std::sqrt(std::max(1 - x * x - y * y, 0.0025F))});
    texel[kNormalX] = normal.x;
    texel[kNormalY] = normal.y;
    texel[kNormalZ] = normal.z;
  });
}

// Instead of the albedo's own.
void set_opacity(Texels& texels, const Image& floats) {
  set_each(texels, floats, [](Texel& texel, const float* pixel) {
    const float opacity = within_one(pixel[0]);
    const float change = texel[kOpacity] > 0 ? opacity / texel[kOpacity] : 0;
    for (const Band band : {kRed, kGreen, kBlue}) texel[band] *= change;
    texel[kOpacity] = opacity;
  });
}

void set_packed(Texels& texels, const Image& floats) {
  need_colours(floats);
  set_number(texels, floats, kOcclusion, 0);
  set_number(texels, floats, kRoughness, 1);
  set_number(texels, floats, kMetallic, 2);
}

void set(Texels& texels, MapRole role, const MapFile& file, Raster raster) {
  switch (role) {
    case MapRole::kAlbedo:
      return set_each(texels, file.colours(raster),
                      [](Texel& texel, const float* pixel) { std::copy_n(pixel, 4, &texel[kRed]); });
    case MapRole::kEmissive:
      return set_each(texels, file.colours(raster),
                      [](Texel& texel, const float* pixel) { std::copy_n(pixel, 3, &texel[kRedLight]); });
    case MapRole::kNormal: return set_normal(texels, file.numbers(raster), 1);
    case MapRole::kNormalDx: return set_normal(texels, file.numbers(raster), -1);
    case MapRole::kRoughness: return set_number(texels, file.numbers(raster), kRoughness);
    case MapRole::kGloss:
      return set_each(texels, file.numbers(raster),
                      [](Texel& texel, const float* pixel) { texel[kRoughness] = 1 - within_one(pixel[0]); });
    case MapRole::kMetallic: return set_number(texels, file.numbers(raster), kMetallic);
    case MapRole::kAo: return set_number(texels, file.numbers(raster), kOcclusion);
    case MapRole::kOpacity: return set_opacity(texels, file.numbers(raster));
    case MapRole::kOrm:
    case MapRole::kArm: return set_packed(texels, file.numbers(raster));
    case MapRole::kHeight:
    case MapRole::kSpecular:
    case MapRole::kMask:
    case MapRole::kMetallicRoughness: return;
  }
}

// Does it, and says of which map something is wrong.
template <typename Act>
auto about(MapRole role, const Act& act) {
  try {
    return act();
  } catch (const Error& error) {
    fail(error.code(), "the {} map: {}", to_string(role), error.what());
  }
}

struct OpenMap {
  MapRole role;
  std::unique_ptr<MapFile> file;
};

// Those that tell something, in the order in which they are set: what comes later stands.
std::vector<OpenMap> open_maps(std::span<const MaterialMap> maps) {
  std::vector<OpenMap> opened;
  const auto find = [&](MapRole role) {
    return std::find_if(maps.begin(), maps.end(), [&](const MaterialMap& map) { return map.role == role; });
  };
  const auto has = [&](MapRole role) { return find(role) != maps.end(); };
  const auto open_first = [&](std::initializer_list<MapRole> roles) {
    const auto* first = std::find_if(roles.begin(), roles.end(), has);
    if (first == roles.end()) return;
    opened.push_back({*first, about(*first, [&] { return std::make_unique<MapFile>(find(*first)->bytes); })});
  };
  open_first({MapRole::kAlbedo});
  open_first({MapRole::kOpacity});
  open_first({MapRole::kEmissive});
  open_first({MapRole::kNormal, MapRole::kNormalDx});
  const bool has_roughness = has(MapRole::kRoughness) || has(MapRole::kGloss);
  if (!has_roughness || !has(MapRole::kMetallic) || !has(MapRole::kAo)) open_first({MapRole::kOrm, MapRole::kArm});
  open_first({MapRole::kRoughness, MapRole::kGloss});
  open_first({MapRole::kMetallic});
  open_first({MapRole::kAo});
  return opened;
}

// One that loses nothing of any of them, if it may be as large.
Raster texture_raster(const std::vector<OpenMap>& maps) {
  const auto edge_for = [](int64_t edge) {
    return static_cast<int64_t>(std::bit_ceil(static_cast<uint64_t>(std::clamp<int64_t>(edge, 1, kMaxEdge))));
  };
  Raster raster{1, 1};
  for (const OpenMap& map : maps) {
    raster.width = std::max(raster.width, edge_for(map.file->stored().width));
    raster.height = std::max(raster.height, edge_for(map.file->stored().height));
  }
  return raster;
}

Texture texture_of(const std::vector<OpenMap>& maps) {
  const Raster raster = texture_raster(maps);
  Texels texels(static_cast<size_t>(raster.width * raster.height), kPlain);
  for (const OpenMap& map : maps) {
    about(map.role, [&] { set(texels, map.role, *map.file, raster); });
  }
  return {static_cast<size_t>(raster.width), static_cast<size_t>(raster.height), std::move(texels)};
}

float aspect_of(const std::vector<OpenMap>& maps) {
  if (maps.empty()) return 1;
  const Raster stored = maps.front().file->stored();
  return static_cast<float>(stored.width) / static_cast<float>(stored.height);
}

}  // namespace

Material Material::read(std::span<const MaterialMap> maps) {
  const std::vector<OpenMap> opened = open_maps(maps);
  return {aspect_of(opened), texture_of(opened)};
}

Surface Material::at(float u, float v, float area) const {
  const Texel texel = texture_.at(u, v, area);
  Surface surface;
  surface.opacity = texel[kOpacity];
  if (surface.opacity > 0) surface.albedo = Vec3{texel[kRed], texel[kGreen], texel[kBlue]} / surface.opacity;
  surface.emission = {texel[kRedLight], texel[kGreenLight], texel[kBlueLight]};
  surface.metallic = texel[kMetallic];
  surface.occlusion = texel[kOcclusion];
  const Vec3 normal{texel[kNormalX], texel[kNormalY], texel[kNormalZ]};
  const float agreement = length(normal);
  surface.normal = normal / agreement;
  // Normals that were averaged are shorter the less they agree; to the eye such bumps are roughness (Toksvig).
  const float bumps = std::max(2 * (1 - agreement) / agreement, 0.0F);
  const float squared = texel[kRoughness] * texel[kRoughness];
  surface.roughness = std::min(std::sqrt(std::sqrt(squared * squared + bumps)), 1.0F);
  return surface;
}

}  // namespace damfs::worker
