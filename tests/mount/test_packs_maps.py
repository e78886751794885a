# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Texture maps by what they are for, and by the material that they belong to, whatever their makers call them."""

import errno
import os
import re

import pytest

from drive import hashes
from mount import errno_of, wait_until, xattr
from zips import DEFLATED, Member, archive, lying

# role: names of files, and the material and resolution of each.
NAMES = {
    "albedo": ["Wood049_2K_Color.png", "brick_wall_diff_4k.jpg", "Rock-BaseColor.tif", "Tile_base_color_1K.png",
               "Moss_Albedo.tga", "Sand 02 Diffuse 8K.exr", "Snow_col.png", "Wood049_2K-PNG_Color.png"],
    "normal": ["Wood049_2K_NormalGL.png", "brick_wall_nor_gl_4k.exr", "Rock-Normal.tif", "Tile_normal_ogl_1K.png"],
    "normal-dx": ["Wood049_2K_NormalDX.png", "brick_wall_nor_dx_4k.exr", "Tile_normal_directx_1K.png"],
    "roughness": ["Wood049_2K_Roughness.png", "brick_wall_rough_4k.jpg", "Rock-roughness.tif"],
    "gloss": ["Rock-Gloss.tif", "Tile_Glossiness_1K.png"],
    "metallic": ["Metal032_2K_Metalness.png", "Rock-Metallic.tif", "brick_wall_metal_4k.jpg"],
    "ao": ["Wood049_2K_AmbientOcclusion.png", "brick_wall_ao_4k.jpg", "Rock-Ambient_Occlusion.tif"],
    "height": ["Wood049_2K_Displacement.png", "brick_wall_disp_4k.png", "Rock-Height.tif"],
    "opacity": ["Leaf_2K_Opacity.png", "Tile_alpha_1K.png"],
    "emissive": ["Lamp_2K_Emission.png", "Tile_emissive_1K.png"],
    "orm": ["Crate_ORM.png", "Tile_OcclusionRoughnessMetallic_1K.png"],
    "arm": ["brick_wall_arm_4k.jpg"],
    "mask": ["Crate_MaskMap.png", "Tile_Mask_Map_1K.png"],
    "metallic-roughness": ["Crate_metallicRoughness.png"],
    "specular": ["Rock-Specular.tif", "brick_wall_spec_4k.jpg"]}
MATERIALS = {"Wood049": "2K", "brick_wall": "4K", "Tile": "1K", "Metal032": "2K", "Leaf": "2K", "Lamp": "2K", "Sand 02": "8K"}
NO_MAPS = ["Wood049.usdc", "readme_color.txt", "preview.jpg", "LICENSE", "colorado trip.jpg", "normality.pdf", "Wood049.png"]


@pytest.fixture
def packs(drive, scratch):
    """packs(name={member: bytes}, …) are in packs/."""
    (scratch / "in").mkdir()

    def make(**contents):
        for name, members in contents.items():
            packed = archive(*(Member(path, data, DEFLATED) for path, data in members.items()))
            (scratch / "in" / f"{name}.zip").write_bytes(packed)
        drive.library.import_(scratch / "in")
        wait_until(lambda: set(contents) <= set(os.listdir(drive / "packs")), 30, "the packs")
        return drive / "packs"
    return make


def data_of(name, size=1000):
    return (name.encode() + b"|") * size


def contents(folder):
    return {path: (folder / path).read_bytes() for path in hashes(folder)}


@pytest.mark.parametrize("role", NAMES)
def test_names_that_artists_use(packs, role):
    """Each stands beside another map of its material, for one by itself is none."""
    beside = "ao" if role != "ao" else "height"
    company = {next((m for m in MATERIALS if name.startswith(m)), re.split("[-_]", name)[0]) for name in NAMES[role]}
    names = NAMES[role] + [f"{material}_{beside}.png" for material in company]
    folder = packs(pack={name: data_of(name) for name in names}) / "pack"
    for name in NAMES[role]:
        assert xattr(folder / name, "user.damfs.role") == role, name
        material = xattr(folder / name, "user.damfs.material")
        assert material == next((m for m in MATERIALS if name.startswith(m)), material) and name.startswith(material), name
        if material in MATERIALS:
            assert xattr(folder / name, "user.damfs.resolution") == MATERIALS[material], name


def test_what_is_no_map_has_no_role(packs):
    shown = packs(pack={name: data_of(name) for name in NO_MAPS})
    for name in NO_MAPS:
        assert xattr(shown / "pack" / name, "user.damfs.role") is None, name
    assert contents(shown / "by-map") == {} == contents(shown / "by-material")


def test_a_pack_of_one_material(packs):
    members = {f"Wood049_2K/Wood049_2K_{word}.{end}": data_of(word) for word, end in (
        ("Color", "png"), ("NormalGL", "png"), ("NormalDX", "png"), ("Roughness", "jpg"), ("Displacement", "exr"))}
    shown = packs(Wood049_2K={**members, "Wood049_2K/Wood049.usda": b"usd"})
    expected = {"albedo.png": "Color", "normal.png": "NormalGL", "normal-dx.png": "NormalDX", "roughness.jpg": "Roughness",
                "height.exr": "Displacement"}
    assert contents(shown / "by-material") == {f"Wood049/{name}": data_of(word) for name, word in expected.items()}
    assert contents(shown / "by-map") == {name.replace(".", "/Wood049_2K."): data_of(word) for name, word in expected.items()}
    assert set(os.listdir(shown / "by-map")) <= set(NAMES)


def test_of_several_resolutions_the_largest(packs):
    members = {f"{size}/Rock_{size}_Color.png": data_of(size) for size in ("1K", "16K", "4K", "2K")}
    shown = packs(Rock={**members, "Rock_AO.png": b"ao"})
    assert contents(shown / "by-map") == {"albedo/Rock.png": data_of("16K"), "ao/Rock.png": b"ao"}
    assert contents(shown / "by-material") == {"Rock/albedo.png": data_of("16K"), "Rock/ao.png": b"ao"}
    for size in ("1K", "2K", "4K", "16K"):
        assert xattr(shown / f"Rock/{size}/Rock_{size}_Color.png", "user.damfs.resolution") == size


def test_photos_are_called_like_maps(packs):
    photos = {name: data_of(name) for name in ("Normal day.jpg", "Color run 2024.jpg", "ao dai.jpg", "DSC_0001.JPG", "DSC_N.JPG",
                                                "autumn color.jpg", "beach normal.jpg")}
    shown = packs(photos=photos)
    assert contents(shown / "by-map") == {} == contents(shown / "by-material")
    assert all(xattr(shown / "photos" / name, "user.damfs.role") is None for name in photos)


def test_a_preview_is_taken_for_a_map(packs):
    members = {f"rusty-metal-bl/rusty-metal_{word}.png": data_of(word) for word in ("albedo", "normal-ogl", "normal-dx", "metallic",
                                                                                     "preview")}
    shown = packs(freepbr=members)
    assert os.listdir(shown / "by-material") == ["rusty-metal"]
    assert contents(shown / "by-material") == {f"rusty-metal/{role}.png": data_of(word) for role, word in (
        ("albedo", "albedo"), ("normal", "normal-ogl"), ("normal-dx", "normal-dx"), ("metallic", "metallic"))}


def test_of_several_materials_the_first(packs):
    members = {f"{name}_{word}_2K.png": data_of(name + word) for name in ("oak", "ash", "elm") for word in ("diff", "rough")}
    shown = packs(trees=members)
    assert contents(shown / "by-map") == {"albedo/trees.png": data_of("oakdiff"), "roughness/trees.png": data_of("oakrough")}
    assert contents(shown / "by-material") == {f"{name}/{role}.png": data_of(name + word) for name in ("oak", "ash", "elm")
                                               for role, word in (("albedo", "diff"), ("roughness", "rough"))}


def test_one_material_in_two_packs_is_there_twice(packs):
    shown = packs(Wood_1K={"Wood_1K_Color.png": data_of("one"), "Wood.mtlx": b""},
                  Wood_2K={"Wood_2K_Color.png": data_of("two"), "Wood.mtlx": b""})
    assert contents(shown / "by-map") == {"albedo/Wood_1K.png": data_of("one"), "albedo/Wood_2K.png": data_of("two")}
    found = contents(shown / "by-material")
    assert sorted(found.values()) == [data_of("one"), data_of("two")] and all(name.startswith("Wood") for name in found)


def test_maps_go_with_their_pack_and_cannot_be_changed(packs, drive):
    shown = packs(oak={"oak_diff_1k.png": data_of("oak"), "oak_1k.blend": b""},
                  ash={"ash_diff_1k.png": data_of("ash"), "ash_1k.blend": b""})
    member = os.lstat(shown / "oak/oak_diff_1k.png")
    shown_there = os.lstat(shown / "by-map/albedo/oak.png")
    assert (shown_there.st_size, shown_there.st_mtime_ns) == (member.st_size, member.st_mtime_ns)
    allowed = (errno.EROFS,) if os.getuid() == 0 else (errno.EROFS, errno.EACCES, errno.EPERM)
    for path in (shown / "by-map/albedo/oak.png", shown / "by-material/oak/albedo.png"):
        assert errno_of(os.unlink, path) in allowed
        assert errno_of(os.rename, path, path.parent / "new") in allowed
    os.unlink(drive.originals / "oak.zip")
    wait_until(lambda: os.listdir(shown / "by-map/albedo") == ["ash.png"], 30, "the map to go")
    assert os.listdir(shown / "by-material") == ["ash"]
    os.rename(drive / "trash/oak.zip", drive.originals / "oak.zip")
    wait_until(lambda: sorted(os.listdir(shown / "by-map/albedo")) == ["ash.png", "oak.png"], 30, "the map to be back")
    assert (shown / "by-material/oak/albedo.png").read_bytes() == data_of("oak")


def test_a_map_that_cannot_be_read_is_not_shown_or_says_so(drive):
    broken = lying(Member("oak_diff_1k.png", data_of("oak"), DEFLATED), crc=1)
    (drive.originals / "oak.zip").write_bytes(archive(broken, Member("oak_rough_1k.png", data_of("rough"), DEFLATED)))
    wait_until(lambda: os.path.lexists(drive / "packs/by-map/roughness/oak.png"), 30, "the maps")
    assert (drive / "packs/by-material/oak/roughness.png").read_bytes() == data_of("rough")
    for path in (drive / "packs/by-map/albedo/oak.png", drive / "packs/by-material/oak/albedo.png"):
        if os.path.lexists(path):
            assert errno_of(path.read_bytes) == errno.EIO and xattr(path, "user.damfs.error")
