// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/texture_map.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace damfs {
namespace {

using Paths = std::vector<std::string_view>;

// "path: role material resolution", of each that is a map.
std::vector<std::string> maps_among(const Paths& paths) {
  const auto maps = texture_maps(paths);
  EXPECT_EQ(maps.size(), paths.size());
  std::vector<std::string> found;
  for (size_t i = 0; i < paths.size(); ++i) {
    if (!maps[i]) continue;
    found.push_back(fmt::format("{} {}", to_string(maps[i]->role), maps[i]->material));
    if (maps[i]->resolution != 0) found.back() += fmt::format(" {}", maps[i]->resolution);
  }
  return found;
}

using Told = std::vector<std::string>;

TEST(TextureMaps, AreKnownAsTheirMakersNameThem) {
  EXPECT_EQ(maps_among({"Bricks075A_1K-JPG.usdc", "Bricks075A.png", "Bricks075A_1K-JPG_AmbientOcclusion.jpg",
                        "Bricks075A_1K-JPG_Color.jpg", "Bricks075A_1K-JPG_Displacement.jpg",
                        "Bricks075A_1K-JPG_NormalDX.jpg", "Bricks075A_1K-JPG_NormalGL.jpg"}),
            (Told{"ao Bricks075A 1024", "albedo Bricks075A 1024", "height Bricks075A 1024", "normal-dx Bricks075A 1024",
                  "normal Bricks075A 1024"}));
  EXPECT_EQ(
      maps_among({"textures/wall_03_diff_4k.jpg", "textures/wall_03_nor_gl_4k.exr", "textures/wall_03_nor_dx_4k.exr",
                  "textures/wall_03_arm_4k.jpg", "textures/wall_03_disp_4k.png", "wall_03_4k.blend"}),
      (Told{"albedo wall_03 4096", "normal wall_03 4096", "normal-dx wall_03 4096", "arm wall_03 4096",
            "height wall_03 4096"}));
  EXPECT_EQ(maps_among({"dry-ground-bl/dry-ground_albedo.png", "dry-ground-bl/dry-ground_normal-ogl.png",
                        "dry-ground-bl/dry-ground_preview.jpg", "dry-ground-bl/dry-ground_ao.png"}),
            (Told{"albedo dry-ground", "normal dry-ground", "ao dry-ground"}));
  EXPECT_EQ(maps_among({"Metal_Plates_006_basecolor.jpg", "Metal_Plates_006_ambientOcclusion.jpg",
                        "Metal_Plates_006_metallic.jpg", "Material_1422.png"}),
            (Told{"albedo Metal_Plates_006", "ao Metal_Plates_006", "metallic Metal_Plates_006"}));
  EXPECT_EQ(
      maps_among({"uf2xqd_4K_Albedo.jpg", "uf2xqd_4K_Normal_LOD0.jpg", "uf2xqd_4K_Gloss.jpg", "uf2xqd_Preview.png"}),
      (Told{"albedo uf2xqd 4096", "normal uf2xqd 4096", "gloss uf2xqd 4096"}));
}

TEST(TextureMaps, AreKnownAsEnginesWantThem) {
  EXPECT_EQ(maps_among({"Crate_AlbedoTransparency.png", "Crate_MetallicSmoothness.png", "Crate_Normal.png"}),
            (Told{"albedo Crate", "metallic Crate", "normal Crate"}));
  EXPECT_EQ(maps_among({"Crate_BaseMap.png", "Crate_MaskMap.png", "Crate_Emissive.png"}),
            (Told{"albedo Crate", "mask Crate", "emissive Crate"}));
  EXPECT_EQ(maps_among({"T_Crate_D.tga", "T_Crate_N.tga", "T_Crate_ORM.tga"}),
            (Told{"albedo T_Crate", "normal T_Crate", "orm T_Crate"}));
  EXPECT_EQ(maps_among({"Crate_D.tga", "Crate_N.tga", "Crate_R.tga"}),
            (Told{"albedo Crate", "normal Crate", "roughness Crate"}));
  EXPECT_EQ(maps_among({"T_Crate_BC.tga", "T_Crate_N.tga"}), (Told{"albedo T_Crate", "normal T_Crate"}));
  EXPECT_EQ(maps_among({"set_Base_Color.1001.png", "set_Normal_OpenGL.1001.png", "set_Mixed_AO_1002.png",
                        "set_OcclusionRoughnessMetallic.png", "set_metallicRoughness.png"}),
            (Told{"albedo set", "normal set", "ao set", "orm set", "metallic-roughness set"}));
  EXPECT_EQ(maps_among({"WoodFloor044_COL_3K.jpg", "WoodFloor044_NRM16_3K.tif", "WoodFloor044_REFL_3K.jpg",
                        "WoodFloor044_COL_VAR1_3K.jpg"}),
            (Told{"albedo WoodFloor044 3072", "normal WoodFloor044 3072", "specular WoodFloor044 3072",
                  "albedo WoodFloor044 3072"}));
  EXPECT_EQ(maps_among({"RockBaseColor.png", "RockNormalMap.png"}), (Told{"albedo Rock", "normal Rock"}));
}

TEST(TextureMaps, PhotosAreNone) {
  EXPECT_EQ(maps_among({"Normal day.jpg", "Color run 2024.jpg", "ao dai.jpg", "DSC_0001.JPG", "DSC_N.JPG"}), Told());
  EXPECT_EQ(maps_among({"Normal day.jpg", "Height of day.jpg", "Rough day.jpg", "Metal day.jpg"}), Told());
  EXPECT_EQ(maps_among({"autumn color.jpg", "beach normal.jpg", "IMG_0001 alpha.jpg"}), Told());
  EXPECT_EQ(maps_among({"DSC_N.JPG", "DSC_S.JPG", "trip_e.jpg", "trip_m.jpg"}), Told());
  EXPECT_EQ(maps_among({"House_N.jpg", "House_E.jpg", "House_S.jpg", "House_W.jpg"}), Told());
  EXPECT_EQ(maps_among({"abnormal.jpg", "discolor.jpg", "Colorado.jpg", "abNormal.jpg"}), Told());
}

TEST(TextureMaps, OneIsNoneWithoutCompany) {
  EXPECT_EQ(maps_among({"Wood_Color.png"}), Told());
  EXPECT_EQ(maps_among({"Wood_Color.png", "Brick_Normal.png"}), Told());
  EXPECT_EQ(maps_among({"Wood_1K_Color.png", "Wood_2K_Color.png"}), Told());
  EXPECT_EQ(maps_among({"Wood_1K_Color.png", "wood_2K_Normal.jpg"}), (Told{"albedo Wood 1024", "normal wood 2048"}));
  // What its maker wrote of it is company enough.
  EXPECT_EQ(maps_among({"Wood_Color.png", "Wood.mtlx"}), Told{"albedo Wood"});
  EXPECT_EQ(maps_among({"Wood_2K-PNG_Color.png", "Wood_2K-PNG.usdc"}), Told{"albedo Wood 2048"});
  EXPECT_EQ(maps_among({"Old_Wood_uf2xqd_4K_Albedo.jpg", "uf2xqd.json"}), Told{"albedo Old_Wood_uf2xqd 4096"});
  EXPECT_EQ(maps_among({"Wood_Color.png", "Wood_Color.png.json", "Brick.mtlx"}), Told());
}

TEST(TextureMaps, WhatIsMadeToBeLookedAtIsNone) {
  EXPECT_EQ(maps_among({"rusty-metal_preview.png", "rusty-metal_albedo.png", "rusty-metal_ao.png"}),
            (Told{"albedo rusty-metal", "ao rusty-metal"}));
  for (const char* word : {"preview", "Thumb", "thumbnail", "Render"}) {
    const std::string last = fmt::format("Wood_{}_Color.png", word);
    const std::string folder = fmt::format("{}/Wood_Roughness.png", word);
    EXPECT_EQ(maps_among({last, folder, "Wood_Height.png", "Wood_Normal.png"}), (Told{"height Wood", "normal Wood"}));
  }
  EXPECT_EQ(maps_among({"__MACOSX/._Wood_Color.png", "._Wood_AO.png", "Wood_Height.png", "Wood_Normal.png"}),
            (Told{"height Wood", "normal Wood"}));
  EXPECT_EQ(maps_among({"Wood_color.txt", "Wood_roughness", "Wood_Height.png"}), Told());
}

TEST(TextureMaps, WithoutANameAreTheirFoldersOrTheirPacks) {
  EXPECT_EQ(maps_among({"Oak/albedo.png", "Oak/normal.png", "Ash_2K/textures/albedo.png", "Ash_2K/textures/ao.png"}),
            (Told{"albedo Oak", "normal Oak", "albedo Ash 2048", "ao Ash 2048"}));
  EXPECT_EQ(maps_among({"albedo.png", "2K/normal.png"}), (Told{"albedo ", "normal  2048"}));
  EXPECT_EQ(maps_among({"Oak/albedo.png", "Ash/normal.png"}), Told());
}

}  // namespace
}  // namespace damfs
