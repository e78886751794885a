// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/model/profiles.h"

#include "catalog/library/library.h"
#include "tests/support/library.h"

namespace damfs {
namespace {

using testing::at_path;
using testing::list_all;
using testing::photo;
using testing::ScratchCatalog;
using testing::ScratchFolder;
using testing::write_file;

PreviewSetting frame(int64_t box) { return {"frame", box, {}, StillFormat::kJpeg, {}}; }

TEST(Profiles, WithoutSettingsTheBuiltInOnes) {
  ScratchCatalog scratch;
  const StillProfiles profiles(scratch.catalog(), {});
  EXPECT_EQ(profiles.names(), "small, medium, large, material");
  EXPECT_EQ(profiles.find("medium")->code, 2U);
  EXPECT_EQ(profiles.find(3U)->name, "large");
  EXPECT_EQ(profiles.find(3U)->cache_name, "large");
  EXPECT_EQ(profiles.find("material")->code, 7U);
  EXPECT_EQ(profiles.find(8U), nullptr);
  EXPECT_EQ(profiles.find("frame"), nullptr);
}

TEST(Profiles, ACodeForEverySpecAndNoneTwice) {
  ScratchCatalog scratch;
  const auto code_of = [&](int64_t box) {
    const StillProfiles profiles(scratch.catalog(), {frame(box)});
    EXPECT_EQ(profiles.find("frame")->box, box);
    EXPECT_EQ(profiles.find("frame")->extension(), ".jpg");
    EXPECT_GT(profiles.find("frame")->made_ns, kStillEpochNs - 1);
    return profiles.find("frame")->code;
  };
  EXPECT_EQ(code_of(1080), 8U);
  EXPECT_EQ(code_of(1080), 8U);
  EXPECT_EQ(code_of(720), 9U);
  EXPECT_EQ(code_of(1080), 8U) << "as before: the same files again";
  const StillProfiles one(scratch.catalog(), {frame(1080)});
  const StillProfiles other(scratch.catalog(), {frame(720)});
  EXPECT_NE(one.find("frame")->cache_name, other.find("frame")->cache_name);
}

TEST(Profiles, ABuiltInOneMayBeChanged) {
  ScratchCatalog scratch;
  const StillProfiles same(scratch.catalog(), {{"small", 200, {}, StillFormat::kWebp, {}}});
  EXPECT_EQ(same.find("small")->code, 1U) << "nothing is changed";
  const StillProfiles changed(scratch.catalog(), {{"small", 256, {}, {}, {}}});
  EXPECT_EQ(changed.names(), "small, medium, large, material");
  EXPECT_EQ(changed.find("small")->code, 8U);
  EXPECT_EQ(changed.find("small")->box, 256);
  EXPECT_EQ(changed.find(1U), nullptr);
}

TEST(Profiles, WhenCodesRunOutItSaysSo) {
  ScratchCatalog scratch;
  for (int64_t code = ProfileCode::kFirstOfSettings; code <= ProfileCode::kLastOfSettings; ++code) {
    EXPECT_EQ(ensure_profile(scratch.catalog(), "frame", std::to_string(code)).code, code);
  }
  try {
    ensure_profile(scratch.catalog(), "frame", "one more");
    ADD_FAILURE() << "there was a code left";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ENOSPC);
    EXPECT_NE(std::string(error.what()).find("damfs.toml"), std::string::npos) << error.what();
  }
  EXPECT_EQ(ensure_profile(scratch.catalog(), "frame", "9").code, 9) << "known ones still work";
}

TEST(Profiles, BudgetsFollowTheBox) {
  ScratchCatalog scratch;
  const StillProfiles profiles(
      scratch.catalog(),
      {{"a", 800, {}, {}, {}}, {"b", 800, {}, StillFormat::kPng, {}}, {"c", 800, 65'536, StillFormat::kPng, {}}});
  EXPECT_EQ(profiles.find("a")->budget, 128 << 10);
  EXPECT_EQ(profiles.find("b")->budget, 1 << 20);
  EXPECT_EQ(profiles.find("b")->quality, 100);
  EXPECT_EQ(profiles.find("c")->budget, 65'536);
}

TEST(PreviewSettings, AreReadOrRefusedWithTheLine) {
  const ScratchFolder scratch;
  const Path file = scratch / "damfs.toml";
  const auto load = [&](std::string_view text) {
    write_file(file, text);
    return Config::load(file).previews;
  };
  const auto complaint = [&](std::string_view text) -> std::string {
    try {
      load(text);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  const auto read = load("[preview.frame]\nbox = 1280\nformat = \"png\"\nbudget = 100000\nquality = 90\n");
  ASSERT_EQ(read.size(), 1U);
  EXPECT_EQ(read[0].name, "frame");
  EXPECT_EQ(read[0].box, 1280);
  EXPECT_EQ(read[0].format, StillFormat::kPng);
  EXPECT_EQ(read[0].budget, 102'400) << "whole blocks";
  EXPECT_EQ(read[0].quality, 90);
  EXPECT_TRUE(load("[preview.small]\nquality = 50\n")[0].box == std::nullopt);

  EXPECT_NE(complaint("\n[preview.frame]\nbox = 5\n").find(":3: preview.frame box must be"), std::string::npos);
  EXPECT_NE(complaint("[preview.frame]\nquality = 5\n").find(":1: preview.frame needs a box"), std::string::npos);
  EXPECT_NE(complaint("[preview.Frame]\nbox = 500\n").find("is no name"), std::string::npos);
  EXPECT_NE(complaint("[preview.a]\nbox = 500\nformat = \"gif\"\n").find(":3: preview.a format"), std::string::npos);
  EXPECT_NE(complaint("[preview.a]\nbox = 500\nsize = 1\n").find(":3: preview.a has no setting 'size'"),
            std::string::npos);
  EXPECT_NE(complaint("[preview]\nbox = 500\n").find("section of its own"), std::string::npos);
  EXPECT_NE(complaint("preview = 3\n").find("needs a name"), std::string::npos);
}

TEST(Collage, IsFoundByNameAndByNumber) {
  testing::ScratchTree tree;
  for (int i = 0; i < 6; ++i) tree.file("picture " + std::to_string(i), "p/deep", "p" + std::to_string(i), photo());
  tree.file("text", "texts", "t.txt", testing::plain_file());
  for (const char* folder : {"p/deep", "p"}) {
    const std::string path = std::string("previews/small/originals/") + folder;
    const NodeRef node = at_path(tree.tree, path + "/folder.webp");
    ASSERT_TRUE(node) << path;
    const auto attributes = node->attributes();
    ASSERT_TRUE(attributes);
    EXPECT_EQ(attributes->size, 16'384U);
    EXPECT_EQ(attributes->mtime_ns, std::max(kStillEpochNs, at_path(tree.tree, path)->attributes()->mtime_ns));
    const NodeRef again = tree.tree.node(node->id());
    ASSERT_TRUE(again);
    EXPECT_EQ(again->id(), node->id());
    EXPECT_EQ(again->attributes()->mtime_ns, attributes->mtime_ns);
    for (const auto& entry : list_all(*at_path(tree.tree, path))) EXPECT_NE(entry.name, "folder.webp");
  }
  EXPECT_FALSE(at_path(tree.tree, "previews/small/originals/texts/folder.webp")) << "nothing there has a still";
  EXPECT_FALSE(at_path(tree.tree, "previews/small/originals/p/folder.jpg"));
  EXPECT_FALSE(at_path(tree.tree, "originals/p/folder.webp"));
  EXPECT_EQ(tree.stills.counters().started, 0U);
}

// An asset that is called so is shown, and the folder's picture cannot be had.
TEST(Collage, GivesWayToAnAsset) {
  testing::ScratchTree tree;
  tree.file("a picture", "p", "folder.webp", photo());
  const NodeRef node = at_path(tree.tree, "previews/small/originals/p/folder.webp");
  ASSERT_TRUE(node);
  EXPECT_EQ(node->id().file_kind(), NodeId::FileKind::kStill);
}

}  // namespace
}  // namespace damfs
