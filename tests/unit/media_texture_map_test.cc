// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/texture_map.h"

#include <gtest/gtest.h>

namespace damfs {
namespace {

TEST(TextureMap, UnderstandsWhatArtistsCallThem) {
  const auto map = texture_map("Wood049_2K-PNG_Color.png");
  ASSERT_TRUE(map);
  EXPECT_EQ(map->role, MapRole::kAlbedo);
  EXPECT_EQ(map->material, "Wood049");
  EXPECT_EQ(map->resolution, 2048);
  EXPECT_EQ(texture_map("brick_wall_nor_gl_4k.exr")->role, MapRole::kNormal);
  EXPECT_EQ(texture_map("brick_wall_nor_dx_4k.exr")->role, MapRole::kNormalDx);
  EXPECT_EQ(texture_map("Metal_Plates_006_roughness.jpg")->role, MapRole::kRoughness);
  EXPECT_EQ(texture_map("Metal_Plates_006_roughness.jpg")->material, "Metal_Plates_006");
  EXPECT_FALSE(texture_map("Wood049_2K.png"));
  EXPECT_FALSE(texture_map("roughness.txt"));
}

}  // namespace
}  // namespace damfs
