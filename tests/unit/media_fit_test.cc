// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <fcntl.h>

#include <tuple>

#include "tests/unit/media_fixture.h"

namespace damfs {
namespace {

using testing::finish;
using testing::Ran;
using testing::run;
using testing::ScratchFolder;
using testing::still_job;

struct Format {
  StillFormat format;
  const char* extension;
  int best;
  int64_t room;  // declared bytes with which a gradient of 640 by 480 fits at its best and much is left
};

class Fit : public ::testing::TestWithParam<Format> {
 protected:
  std::string at(const std::string& name) const { return (scratch_ / name).string(); }
  std::string result() const { return at(std::string("still") + GetParam().extension); }
  std::string bytes() const { return read_text(result(), 64U << 20).value(); }

  // A gradient with `noise` on it.
  void make_source(const char* noise) {
    NEEDS_TOOL("vips", "grey", at("grey.v"), "640", "480");
    NEEDS_TOOL("vips", "linear", at("grey.v"), at("wide.v"), "200", "20");
    NEEDS_TOOL("vips", "gaussnoise", at("noise.v"), "640", "480", "--mean", "0", "--sigma", noise, "--seed", "7");
    NEEDS_TOOL("vips", "add", at("wide.v"), at("noise.v"), at("sum.v"));
    NEEDS_TOOL("vips", "cast", at("sum.v"), at("source.png"), "uchar");
  }

  JobResult fit(int64_t declared) {
    Job job = still_job(scratch_ / "source.png", result(), {640, 480}, declared);
    job.still.format = GetParam().format;
    job.still.quality = GetParam().best;
    return finish(pool_, std::move(job));
  }

  // As other programs see it.
  void expect_legal(int64_t declared) {
    EXPECT_EQ(static_cast<int64_t>(bytes().size()), declared);
    const Ran size = run({"vipsheader", result()});
    EXPECT_NE(size.output.find("640x480"), std::string::npos) << size.output << size.errors;
    const Ran decoded = run({"vips", "copy", result(), at("decoded.png")});
    EXPECT_EQ(decoded.status, 0) << decoded.errors;
    EXPECT_EQ(decoded.errors, "");
    const Ran probed = run({"ffprobe", "-v", "warning", result()});
    EXPECT_EQ(probed.output + probed.errors, "");
    const std::vector<std::string> judges[] = {{"webpinfo", "-quiet", result()},
                                               {"djpeg", "-fast", "-outfile", at("d.ppm"), result()},
                                               {"pngcheck", "-q", result()}};
    const Ran judged = run(judges[static_cast<int>(GetParam().format) - 1]);
    if (judged.status != 127) {
      EXPECT_EQ(judged.status, 0) << judged.output << judged.errors;
    }
    // Debian 13's pngcheck says each time that it was not built with the zlib that is there.
    if (!judged.errors.starts_with("zlib warning:  different version")) {
      EXPECT_EQ(judged.errors, "");
    }
  }

  ScratchFolder scratch_;
  WorkerPool pool_{WorkerPool::Options{{}, 1, -1}};
};

TEST_P(Fit, WhatFitsAtItsBestIsEncodedOnceAndFilledUp) {
  make_source("0");
  for (const int64_t declared : {GetParam().room, GetParam().room + 4096, int64_t{1} << 20}) {
    const JobResult made = fit(declared);
    ASSERT_TRUE(made.ok) << made.reason;
    EXPECT_EQ(made.encodes, 1);
    EXPECT_LT(made.real_bytes, GetParam().room);
    expect_legal(declared);
    // Filler takes no room on the disk, but for where the file system rounds to blocks.
    struct stat st = stat_fd(open_file(result(), O_RDONLY).get(), "it");
    EXPECT_LT(st.st_blocks * 512, made.real_bytes + 4096 * (4 + declared / 65'536));
  }
}

TEST_P(Fit, WhatDoesNotFitGetsTheQualityThatDoes) {
  make_source("20");
  const JobResult whole = fit(int64_t{4} << 20);
  ASSERT_TRUE(whole.ok) << whole.reason;
  for (const double share : {0.8, 0.5}) {
    const auto declared = static_cast<int64_t>(static_cast<double>(whole.real_bytes) * share) / 4096 * 4096;
    const JobResult made = fit(declared);
    ASSERT_TRUE(made.ok) << made.reason;
    EXPECT_LE(made.encodes, 4) << share;
    EXPECT_LE(made.real_bytes, declared);
    expect_legal(declared);
    // A palette's steps are coarse.
    if (GetParam().format != StillFormat::kPng) {
      EXPECT_GT(made.real_bytes, declared * 11 / 20) << share;
    }
  }
}

TEST_P(Fit, NoiseLosesDetailUntilItFits) {
  make_source("90");
  const JobResult made = fit(8192);
  ASSERT_TRUE(made.ok) << made.reason;
  expect_legal(8192);
}

TEST_P(Fit, TheSameBytesEveryTime) {
  make_source("20");
  ASSERT_TRUE(fit(65'536).ok);
  const std::string once = bytes();
  ASSERT_TRUE(fit(65'536).ok);
  EXPECT_EQ(bytes(), once);
}

TEST_P(Fit, AnImpossibleSizeIsRefused) {
  make_source("20");
  const JobResult made = fit(100);
  EXPECT_FALSE(made.ok);
  EXPECT_NE(made.reason.find("fits 100 bytes"), std::string::npos) << made.reason;
}

INSTANTIATE_TEST_SUITE_P(Formats, Fit,
                         ::testing::Values(Format{StillFormat::kWebp, ".webp", 80, 16'384},
                                           Format{StillFormat::kJpeg, ".jpg", 85, 65'536},
                                           Format{StillFormat::kPng, ".png", 100, 65'536}),
                         [](const auto& parameter) { return std::string(parameter.param.extension + 1); });

// From one decode or each by itself: the same bytes.
TEST(StillsOfOneSource, AreWhatEachIsAlone) {
  const ScratchFolder scratch;
  WorkerPool pool(WorkerPool::Options{{}, 1, -1});
  const auto at = [&](const std::string& name) { return (scratch / name).string(); };
  NEEDS_TOOL("vips", "gaussnoise", at("noise.v"), "900", "700", "--mean", "128", "--sigma", "30", "--seed", "3");
  NEEDS_TOOL("vips", "cast", at("noise.v"), at("a.png"), "uchar");
  NEEDS_TOOL("vips", "cast", at("noise.v"), at("a.jpg"), "uchar");
  NEEDS_TOOL("ffmpeg", "-v", "error", "-f", "lavfi", "-i", "sine=d=2", "-c:a", "flac", "-y", at("a.flac"));
  const StillSpec specs[] = {{{800, 622}, 131'072, StillFormat::kWebp, 80, 4},
                             {{200, 156}, 16'384, StillFormat::kWebp, 80, 4},
                             {{450, 350}, 65'536, StillFormat::kJpeg, 85, 4}};
  for (const char* name : {"a.png", "a.jpg", "a.flac"}) {
    const Kind kind = name == std::string("a.flac") ? Kind::kAudio : Kind::kImage;
    std::vector<std::string> alone;
    for (const StillSpec& spec : specs) {
      Job job = still_job(scratch / name, scratch / "alone", spec.target, spec.declared_bytes, kind);
      static_cast<StillSpec&>(job.still) = spec;
      ASSERT_TRUE(finish(pool, std::move(job)).ok);
      alone.push_back(read_text(scratch / "alone", 1U << 20).value());
    }
    Job job = still_job(scratch / name, scratch / "0", specs[0].target, specs[0].declared_bytes, kind);
    static_cast<StillSpec&>(job.still) = specs[0];
    for (size_t i = 1; i < 3; ++i) {
      job.still.also.push_back(specs[i]);
      job.more.push_back(open_file(scratch / std::to_string(i), O_RDWR | O_CREAT | O_TRUNC, 0600));
    }
    const JobResult made = finish(pool, std::move(job));
    ASSERT_TRUE(made.ok) << made.reason;
    for (size_t i = 0; i < 3; ++i) EXPECT_EQ(read_text(scratch / std::to_string(i), 1U << 20), alone[i]) << name << i;
  }
}

}  // namespace
}  // namespace damfs
