// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/worker/material/material_light.h"

#include <algorithm>
#include <array>

namespace damfs::worker {
namespace {

constexpr float kDielectric = 0.04F;  // what all but metals reflect of light that comes straight

// A lamp so far away that its light is parallel.
struct Lamp {
  Lamp(Vec3 towards, float wide, Vec3 white)
      : direction(normalized(towards)), half(normalized(direction + Vec3{0, 0, 1})), size(wide), light(white) {}
  Vec3 direction;
  Vec3 half;   // between it and the camera
  float size;  // the narrowest highlight is as wide as the square root of it
  Vec3 light;  // as bright as a white sheet becomes that faces it
};
const std::array<Lamp, 2> kLamps = {Lamp({-0.55F, 0.7F, 0.65F}, 0.0015F, {0.95F, 0.93F, 0.9F}),
                                    Lamp({0.85F, 0.05F, 0.45F}, 0.02F, {0.13F, 0.14F, 0.15F})};

// What only mirrors see. Its light fades with the angle from its middle: falling(sharpness * (1 - cosine)).
struct Softbox {
  Softbox(Vec3 towards, float narrow, Vec3 white) : middle(normalized(towards)), sharpness(narrow), light(white) {}
  Vec3 middle;
  float sharpness;
  Vec3 light;
};
const std::array<Softbox, 5> kSoftboxes = {
    Softbox({-0.55F, 0.7F, 0.65F}, 16, {2.2F, 2.15F, 2.1F}), Softbox({0.9F, 0.25F, 0.2F}, 30, {1.1F, 1.15F, 1.2F}),
    Softbox({-0.8F, 0.2F, -0.6F}, 14, {1.0F, 1.0F, 1.0F}), Softbox({0.6F, 0.5F, -0.7F}, 14, {1.3F, 1.3F, 1.3F}),
    Softbox({0.2F, -0.75F, 0.3F}, 10, {0.3F, 0.29F, 0.28F})};

constexpr Vec3 kSky{0.5F, 0.52F, 0.55F};
constexpr Vec3 kGround{0.17F, 0.16F, 0.15F};
constexpr Vec3 kHorizon{0.42F, 0.42F, 0.42F};  // added where they meet
constexpr float kHorizonSharpness = 12;

// What exp(-value) is for, from arithmetic that is the same on every processor.
float falling(float value) {
  const float base = 1 / (1 + value * 0.125F);
  const float fourth = base * base * base * base;
  return fourth * fourth;
}

float fifth_power(float value) { return value * value * value * value * value; }

Vec3 fresnel(Vec3 straight, float cosine) { return mix(straight, {1, 1, 1}, fifth_power(1 - within_one(cosine))); }

// GGX over Smith's shadowing, the latter in Hammon's approximation: what the microfacets send to the camera.
float microfacets(float alpha_squared, float n_h, float n_l, float n_v) {
  const float d = n_h * n_h * (alpha_squared - 1) + 1;
  const float alpha = std::sqrt(alpha_squared);
  const float shadowing = mix(2 * n_l * n_v, n_l + n_v, alpha);
  return alpha_squared / (d * d) * 0.5F / shadowing;
}

// Over everything from where the surface sees it, for a surface that scatters evenly.
Vec3 light_around(Vec3 normal) {
  const float up = within_one(0.5F + 0.5F * normal.y);
  return mix(kGround, kSky, up) + kHorizon * (0.25F * (1 - normal.y * normal.y));
}

// What a mirror shows in that direction that is as rough as `alpha`. Its blur is a lobe too, and a lobe seen through
// a lobe is the wider one, as much fainter.
Vec3 mirrored(Vec3 direction, float alpha) {
  const float blur = 2 / std::max(alpha * alpha, 1e-4F);
  const float edge = 0.06F + alpha * 0.9F;
  const float up = within_one(0.5F + direction.y / (2 * edge));
  Vec3 light = mix(kGround, kSky, up * up * (3 - 2 * up));
  const float horizon = kHorizonSharpness * blur / (kHorizonSharpness + blur);
  light = light + kHorizon * (std::sqrt(horizon / kHorizonSharpness) * falling(horizon * direction.y * direction.y));
  for (const Softbox& box : kSoftboxes) {
    const float sharpness = box.sharpness * blur / (box.sharpness + blur);
    light = light + box.light * (sharpness / box.sharpness * falling(sharpness * (1 - dot(direction, box.middle))));
  }
  return light;
}

// How much of its surroundings a rough mirror gives back, by Karis's fit to the integral over all directions.
Vec3 mirror_share(Vec3 straight, float roughness, float n_v) {
  const float x = 1 - roughness;
  const float y = 0.0425F - 0.0275F * roughness;
  const float z = 1.04F - 0.572F * roughness;
  const float w = 0.022F * roughness - 0.04F;
  const float a = std::min(x * x, falling(6.43F * n_v)) * x + y;
  const float bias = 1.04F * a + w;
  return straight * (z - 1.04F * a) + Vec3{bias, bias, bias};
}

}  // namespace

Vec3 lit(const Surface& surface, Vec3 normal) {
  // A bump may turn away from the camera, where formulas for what it sees end.
  normal.z = std::max(normal.z, 0.03F);
  const Vec3 n = normalized(normal);
  const float n_v = n.z;
  const float alpha = std::max(surface.roughness * surface.roughness, 0.002F);
  const Vec3 straight = mix({kDielectric, kDielectric, kDielectric}, surface.albedo, surface.metallic);
  const Vec3 scattered = surface.albedo * (1 - surface.metallic);
  Vec3 seen = surface.emission;
  for (const Lamp& lamp : kLamps) {
    const float n_l = dot(n, lamp.direction);
    if (n_l <= 0) continue;
    const Vec3 reflected = fresnel(straight, lamp.half.z);
    const float n_h = within_one(dot(n, lamp.half));
    const float facets = microfacets(std::min(alpha * alpha + lamp.size, 1.0F), n_h, n_l, n_v);
    seen = seen + lamp.light * (scattered * (Vec3{1, 1, 1} - reflected) + reflected * facets) * n_l;
  }
  const Vec3 reflected = mirror_share(straight, surface.roughness, n_v);
  const Vec3 around = scattered * (Vec3{1, 1, 1} - reflected) * light_around(n) +
                      reflected * mirrored({2 * n.z * n.x, 2 * n.z * n.y, 2 * n.z * n.z - 1}, alpha);
  return seen + around * surface.occlusion;
}

}  // namespace damfs::worker
