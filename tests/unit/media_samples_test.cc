// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <cstdlib>
#include <map>
#include <nlohmann/json.hpp>

#include "tests/unit/media_fixture.h"
#include "views/derive/still_profile.h"

namespace damfs {
namespace {

using testing::finish;
using testing::probe_job;
using testing::Ran;
using testing::run;

std::vector<Path> sample_files(const char* folder) {
  std::vector<Path> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  return files;
}

std::string trimmed(std::string text) {
  while (!text.empty() && text.back() == ' ') text.pop_back();
  return text;
}

TEST(Samples, AllProbeAndAgreeWithExiftool) {
  const char* folder = std::getenv("DAMFS_SAMPLES");
  if (folder == nullptr) GTEST_SKIP() << "DAMFS_SAMPLES is not set";
  const Ran said = run({"exiftool", "-q", "-r", "-j", "-DateTimeOriginal", "-Make", "-Model", folder});
  std::map<std::string, nlohmann::json> theirs;
  if (said.status != 127) {
    const size_t begin = said.output.find("[{");
    const size_t end = said.output.rfind("}]");
    ASSERT_NE(end, std::string::npos) << said.output;
    for (auto& entry : nlohmann::json::parse(said.output.substr(begin, end + 2 - begin))) {
      theirs.emplace(entry.at("SourceFile").get<std::string>(), entry);
    }
  }
  WorkerPool pool({{}, 2, -1});
  size_t compared = 0;
  for (const Path& file : sample_files(folder)) {
    const JobResult result = finish(pool, probe_job(file));
    ASSERT_TRUE(result.ok) << file << ": " << result.reason;
    const auto it = theirs.find(file.string());
    if (it == theirs.end()) continue;
    const auto text = [&](const char* key) {
      const auto& value = it->second.value(key, nlohmann::json());
      return value.is_null() ? std::string() : trimmed(value.is_string() ? value.get<std::string>() : value.dump());
    };
    EXPECT_EQ(result.facts.make, text("Make")) << file;
    EXPECT_EQ(result.facts.model, text("Model")) << file;
    if (const auto date = CaptureTime::parse(text("DateTimeOriginal"))) {
      ASSERT_TRUE(result.facts.captured) << file;
      EXPECT_EQ(result.facts.captured->text().substr(0, 19), date->text().substr(0, 19)) << file;
      ++compared;
    }
  }
  EXPECT_EQ(pool.counters().restarts, 0U);
  if (said.status == 127) GTEST_SKIP() << "exiftool is not installed: dates and cameras were not compared";
  EXPECT_GT(compared, 0U);
}

// What a first read costs: the model finds the quality that fits in few attempts.
TEST(SampleEncodes, ThreeSufficeOnAverage) {
  const char* folder = std::getenv("DAMFS_SAMPLES");
  if (folder == nullptr) GTEST_SKIP() << "DAMFS_SAMPLES is not set";
  const testing::ScratchFolder scratch;
  WorkerPool pool({{}, 2, -1});
  std::map<std::string, std::pair<int64_t, int64_t>> encodes;  // of a profile: all, stills
  const StillProfiles built_in = StillProfiles::built_in();
  const std::vector<Path> files = sample_files(folder);
  const size_t step = std::getenv("DAMFS_THOROUGH") != nullptr ? 4 : 12;  // large PNGs take their time
  for (size_t i = 0; i < files.size(); i += step) {
    const Path& file = files[i];
    const MediaFacts facts = finish(pool, probe_job(file)).facts;
    if (!facts.still) continue;
    for (const StillProfile& profile : built_in) {
      // A budget that most pictures of that format do not fit at their best quality.
      const int64_t tight[] = {still_bytes(profile, *facts.still) / 3 / 4096 * 4096 + 4096,
                               still_bytes(profile, *facts.still) / 2 / 4096 * 4096 + 4096,
                               still_bytes(profile, *facts.still) * 2};
      if (profile.shows != Composition::kNone) continue;
      for (const StillFormat format : {StillFormat::kWebp, StillFormat::kJpeg, StillFormat::kPng}) {
        Job job = testing::still_job(file, scratch / "s", still_raster(profile, *facts.still),
                                     tight[static_cast<int>(format) - 1], facts.kind);
        job.still.mime = facts.mime;
        job.still.format = format;
        job.still.quality = format == StillFormat::kPng ? 100 : 80;
        const JobResult result = finish(pool, std::move(job));
        if (!result.ok) continue;
        auto& [all, stills] = encodes[profile.name + " " + std::to_string(static_cast<int>(format))];
        all += result.encodes;
        ++stills;
      }
    }
  }
  for (const auto& [name, counted] : encodes) {
    const double average = static_cast<double>(counted.first) / static_cast<double>(counted.second);
    std::printf("%s: %.2f encodes on average of %ld\n", name.c_str(), average, static_cast<long>(counted.second));
    EXPECT_LE(average, 3.0) << name;
  }
  EXPECT_EQ(encodes.size(), 9U);
}

TEST(Samples, EveryStillIsMadeOrRefusedWithAReason) {
  const char* folder = std::getenv("DAMFS_SAMPLES");
  if (folder == nullptr) GTEST_SKIP() << "DAMFS_SAMPLES is not set";
  const testing::ScratchFolder scratch;
  WorkerPool pool({{}, 2, -1});
  size_t made = 0;
  for (const Path& file : sample_files(folder)) {
    const MediaFacts facts = finish(pool, probe_job(file)).facts;
    if (!facts.still) continue;
    const Raster target = fit_box(*facts.still, 200);
    Job job = testing::still_job(file, scratch / "s", target, 16'384, facts.kind);
    job.still.mime = facts.mime;
    const JobResult result = finish(pool, std::move(job));
    EXPECT_TRUE(result.ok || !result.reason.empty()) << file;
    made += result.ok ? 1 : 0;
  }
  EXPECT_GT(made, 0U);
  EXPECT_EQ(pool.counters().restarts, 0U);
}

}  // namespace
}  // namespace damfs
