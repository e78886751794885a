// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <algorithm>
#include <cmath>

namespace damfs::worker {

// A place, a direction or a colour in linear light.
struct Vec3 {
  float x = 0, y = 0, z = 0;

  friend Vec3 operator+(Vec3 a, Vec3 b) { return {a.x + b.x, a.y + b.y, a.z + b.z}; }
  friend Vec3 operator-(Vec3 a, Vec3 b) { return {a.x - b.x, a.y - b.y, a.z - b.z}; }
  friend Vec3 operator*(Vec3 a, Vec3 b) { return {a.x * b.x, a.y * b.y, a.z * b.z}; }
  friend Vec3 operator*(Vec3 a, float factor) { return {a.x * factor, a.y * factor, a.z * factor}; }
  friend Vec3 operator/(Vec3 a, float divisor) { return a * (1 / divisor); }
};

inline float dot(Vec3 a, Vec3 b) { return a.x * b.x + a.y * b.y + a.z * b.z; }
inline float length(Vec3 a) { return std::sqrt(dot(a, a)); }
inline Vec3 normalized(Vec3 a) { return a / length(a); }
inline float mix(float a, float b, float share) { return a + (b - a) * share; }
inline Vec3 mix(Vec3 a, Vec3 b, float share) { return a + (b - a) * share; }

inline float within_one(float value) { return value > 0 ? std::min(value, 1.0F) : 0; }  // 0 for what is no number

// A material at one point of what it covers.
struct Surface {
  Vec3 albedo;
  Vec3 emission;
  Vec3 normal;  // x along the texture's rows, y up its columns, z out of it; of length 1
  float roughness = 0;
  float metallic = 0;
  float occlusion = 1;  // the share of its surroundings that it sees
  float opacity = 1;
};

}  // namespace damfs::worker
