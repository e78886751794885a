// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <signal.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tests/unit/media_fixture.h"

namespace damfs {
namespace {

using testing::finish;
using testing::probe_job;
using testing::Ran;
using testing::run;
using testing::ScratchFolder;
using testing::still_job;
using testing::write_file;

class MediaWorker : public ::testing::Test {
 protected:
  MediaFacts probe(const Path& path) {
    JobResult result = finish(pool_, probe_job(path));
    EXPECT_TRUE(result.ok) << path << ": " << result.reason;
    return std::move(result.facts);
  }

  JobResult still(const Path& source, Raster target, int64_t declared, Kind kind = Kind::kImage) {
    return finish(pool_, still_job(source, scratch_ / "still.webp", target, declared, kind));
  }

  Path path(const std::string& name) const { return scratch_ / name; }
  std::string at(const std::string& name) const { return path(name).string(); }
  std::string bytes() const { return read_text(path("still.webp"), 16U << 20).value(); }

  // Judges the still as other programs do.
  void expect_legal(Raster raster, int64_t declared) {
    EXPECT_EQ(static_cast<int64_t>(bytes().size()), declared);
    const Ran info = run({"webpinfo", "-diag", at("still.webp")});
    if (info.status == 127) GTEST_SKIP() << "webpinfo is not installed";
    EXPECT_NE(info.output.find("No error detected"), std::string::npos) << info.output;
    EXPECT_NE(info.output.find("Canvas size " + std::to_string(raster.width) + " x " + std::to_string(raster.height)),
              std::string::npos)
        << info.output;
    EXPECT_EQ(info.errors, "");
    const Ran decoded = run({"dwebp", "-quiet", at("still.webp"), "-o", at("still.png")});
    EXPECT_EQ(decoded.status, 0) << decoded.errors;
    EXPECT_EQ(decoded.errors, "");
    const Ran probed = run({"ffprobe", "-v", "warning", at("still.webp")});
    EXPECT_EQ(probed.errors, "");
  }

  // The last still, three bytes a pixel.
  std::string decoded(Raster raster) {
    const Ran decoder = run({"dwebp", "-quiet", "-ppm", at("still.webp"), "-o", at("still.ppm")});
    EXPECT_EQ(decoder.status, 0) << decoder.errors;
    const std::string ppm = read_text(path("still.ppm"), 16U << 20).value_or("");
    const auto size = static_cast<size_t>(raster.width * raster.height * 3);
    return ppm.size() < size ? "" : ppm.substr(ppm.size() - size);
  }

  // The mean of one band in a quarter of it.
  static double mean(std::string_view pixels, size_t band, Raster raster, bool right, bool bottom) {
    const auto width = static_cast<size_t>(raster.width);
    const auto height = static_cast<size_t>(raster.height);
    if (pixels.size() != width * height * 3) return -1;
    double sum = 0;
    for (size_t y = 0; y < height / 2; ++y) {
      for (size_t x = 0; x < width / 2; ++x) {
        const size_t pixel = (y + (bottom ? height / 2 : 0)) * width + x + (right ? width / 2 : 0);
        sum += static_cast<unsigned char>(pixels[pixel * 3 + band]);
      }
    }
    return sum / static_cast<double>((width / 2) * (height / 2));
  }

  ScratchFolder scratch_;
  WorkerPool pool_{WorkerPool::Options{{}, 1, -1}};
};

TEST_F(MediaWorker, ReadsWhatTheCameraWrote) {
  NEEDS_TOOL("vips", "black", at("a.jpg"), "640", "480", "--bands", "3");
  NEEDS_TOOL("exiv2", "-M", "set Exif.Photo.DateTimeOriginal 2024:05:17 12:30:45", "-M",
             "set Exif.Photo.SubSecTimeOriginal 12", "-M", "set Exif.Photo.OffsetTimeOriginal +02:00", "-M",
             "set Exif.Image.Make ACME  ", "-M", "set Exif.Image.Model Rocket 1", "-M",
             "set Exif.GPSInfo.GPSLatitude 41/1 54/1 0/1", "-M", "set Exif.GPSInfo.GPSLatitudeRef N", "-M",
             "set Exif.GPSInfo.GPSLongitude 12/1 30/1 0/1", "-M", "set Exif.GPSInfo.GPSLongitudeRef W", "-M",
             "set Exif.Image.Orientation 6", "-M", "set Xmp.xmp.Rating 4", "-M",
             "add Iptc.Application2.Keywords String beach", "-M", "add Iptc.Application2.Keywords String rome", "-M",
             "add Iptc.Application2.Keywords String a/b", "-M",
             "set Xmp.lr.hierarchicalSubject XmpBag places|italy|rome", "-M", "set Xmp.dc.title lang=x-default A title",
             "-M", "set Exif.Image.ImageDescription OLYMPUS DIGITAL CAMERA", at("a.jpg"));
  const MediaFacts facts = probe(path("a.jpg"));
  EXPECT_EQ(facts.kind, Kind::kImage);
  EXPECT_EQ(facts.mime, "image/jpeg");
  EXPECT_EQ(facts.raster, (Raster{640, 480}));
  EXPECT_EQ(facts.orientation, 6);
  EXPECT_EQ(facts.still, (Raster{480, 640}));
  ASSERT_TRUE(facts.captured);
  EXPECT_EQ(facts.captured->text(), "2024-05-17T12:30:45.12+02:00");
  EXPECT_EQ(facts.date_source, DateSource::kExif);
  EXPECT_EQ(facts.make, "ACME");
  EXPECT_EQ(facts.model, "Rocket 1");
  ASSERT_TRUE(facts.position);
  EXPECT_NEAR(facts.position->latitude, 41.9, 1e-9);
  EXPECT_NEAR(facts.position->longitude, -12.5, 1e-9);
  EXPECT_EQ(facts.rating, 4);
  EXPECT_EQ(facts.title, "A title");
  EXPECT_EQ(facts.description, "");
  EXPECT_EQ(facts.tags, (std::vector<std::string>{"places/italy/rome", "beach",
                                                  "a\xEF\xB7\x90"
                                                  "b"}));
  const auto exif = nlohmann::json::parse(facts.metadata.at("exif"));
  EXPECT_EQ(exif.at("Exif.Image.Model"), "Rocket 1");
}

TEST_F(MediaWorker, RefusesPlacesThatDoNotExist) {
  NEEDS_TOOL("vips", "black", at("a.jpg"), "64", "48", "--bands", "3");
  NEEDS_TOOL("exiv2", "-M", "set Exif.GPSInfo.GPSLatitude 95/1 0/1 0/1", "-M", "set Exif.GPSInfo.GPSLatitudeRef N",
             "-M", "set Exif.GPSInfo.GPSLongitude 12/1 0/0 0/1", "-M", "set Exif.GPSInfo.GPSLongitudeRef E",
             at("a.jpg"));
  EXPECT_FALSE(probe(path("a.jpg")).position);
}

TEST_F(MediaWorker, KnowsAVideo) {
  NEEDS_TOOL("ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc=s=320x240:r=30000/1001:d=2", "-f", "lavfi", "-i",
             "sine=r=48000:d=2", "-c:v", "mpeg4", "-aspect", "16:9", "-timecode", "01:00:59;20", "-metadata",
             "creation_time=2023-02-03T04:05:06Z", "-metadata", "title=Clip", "-c:a", "aac", "-y", at("a.mov"));
  const MediaFacts facts = probe(path("a.mov"));
  EXPECT_EQ(facts.kind, Kind::kVideo);
  ASSERT_TRUE(facts.video);
  EXPECT_EQ(facts.video->codec, "mpeg4");
  EXPECT_EQ(facts.video->frame_count, 60);
  EXPECT_EQ(facts.video->frame_rate, (Rational{30000, 1001}));
  EXPECT_FALSE(facts.video->variable_frame_rate);
  EXPECT_EQ(facts.video->timecode, "01:00:59;20");
  EXPECT_EQ(facts.raster, (Raster{320, 240}));
  EXPECT_EQ(facts.still, (Raster{427, 240}));
  ASSERT_TRUE(facts.audio);
  EXPECT_EQ(facts.audio->sample_rate, 48000);
  EXPECT_EQ(facts.audio->channel_layout, "mono");
  ASSERT_TRUE(facts.captured);
  EXPECT_EQ(facts.captured->text(), "2023-02-03T04:05:06Z");
  EXPECT_EQ(facts.date_source, DateSource::kQuickTime);
  EXPECT_EQ(facts.title, "Clip");
  const JobResult made = still(path("a.mov"), {427, 240}, 49'152, Kind::kVideo);
  ASSERT_TRUE(made.ok) << made.reason;
  expect_legal({427, 240}, 49'152);
}

TEST_F(MediaWorker, CountsTheFramesOfAContainerThatDoesNot) {
  NEEDS_TOOL("ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc=s=160x120:r=25:d=3", "-c:v", "mpeg2video", "-y",
             at("a.ts"));
  const MediaFacts facts = probe(path("a.ts"));
  ASSERT_TRUE(facts.video) << facts.mime << ' ' << facts.problem;
  EXPECT_EQ(facts.video->frame_count, 75);
  EXPECT_FALSE(facts.video->variable_frame_rate);
}

TEST_F(MediaWorker, ASongWithACoverIsSound) {
  NEEDS_TOOL("vips", "black", at("cover.png"), "64", "64", "--bands", "3");
  NEEDS_TOOL("ffmpeg", "-v", "error", "-f", "lavfi", "-i", "sine=d=1", "-i", at("cover.png"), "-map", "0", "-map", "1",
             "-c:a", "flac", "-disposition:v", "attached_pic", "-metadata", "artist=Somebody", "-metadata",
             "title=Song", "-y", at("a.flac"));
  const MediaFacts facts = probe(path("a.flac"));
  EXPECT_EQ(facts.kind, Kind::kAudio);
  EXPECT_FALSE(facts.video);
  EXPECT_EQ(facts.still, (Raster{64, 64}));
  EXPECT_EQ(facts.title, "Song");
  EXPECT_EQ(nlohmann::json::parse(facts.metadata.at("format")).at("artist"), "Somebody");
}

TEST_F(MediaWorker, TellsATexturePackFromAnArchive) {
  NEEDS_TOOL("vips", "black", at("wood_Roughness_2k.png"), "4", "4");
  NEEDS_TOOL("vips", "black", at("wood_Normal_2k.png"), "4", "4");
  NEEDS_TOOL("vips", "black", at("holiday.png"), "4", "4");
  NEEDS_TOOL("python3", "-m", "zipfile", "-c", at("pack.zip"), at("wood_Roughness_2k.png"), at("wood_Normal_2k.png"),
             at("holiday.png"));
  NEEDS_TOOL("python3", "-m", "zipfile", "-c", at("plain.zip"), at("holiday.png"));
  EXPECT_EQ(probe(path("pack.zip")).kind, Kind::kTexturePack);
  EXPECT_EQ(probe(path("plain.zip")).kind, Kind::kOther);
}

TEST_F(MediaWorker, KnowsTextAndNonsense) {
  write_file(path("notes.jpg"), "Only a few words, whatever the name says.\n");
  EXPECT_EQ(probe(path("notes.jpg")).kind, Kind::kDocument);
  write_file(path("empty"), "");
  EXPECT_EQ(probe(path("empty")).kind, Kind::kOther);
  write_file(path("broken.jpg"),
             std::string("\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0", 20) + std::string(500, 'x'));
  const MediaFacts broken = probe(path("broken.jpg"));
  EXPECT_EQ(broken.kind, Kind::kOther);
  EXPECT_EQ(broken.mime, "image/jpeg");
  EXPECT_FALSE(broken.problem.empty());
  EXPECT_FALSE(broken.still);
  write_file(path("drawing.xml"),
             "<?xml version=\"1.0\"?>\n<!-- c -->\n<svg xmlns=\"http://www.w3.org/2000/svg\" "
             "width=\"300\" height=\"200\"><rect width=\"300\" height=\"200\" fill=\"red\"/></svg>");
  const MediaFacts drawing = probe(path("drawing.xml"));
  EXPECT_EQ(drawing.kind, Kind::kImage);
  EXPECT_EQ(drawing.raster, (Raster{300, 200}));
  EXPECT_EQ(drawing.still, (Raster{4096, 2731})) << "a drawing fills every box";
  ASSERT_TRUE(still(path("drawing.xml"), {150, 100}, 12'288).ok);
  expect_legal({150, 100}, 12'288);
}

TEST_F(MediaWorker, AllOrientationsGiveTheSameUprightPicture) {
  // Upright: red, green / blue, white. Turned as a camera held that way would have stored it.
  constexpr const char* kStored[8] = {"0123", "1032", "3210", "2301", "0213", "1302", "3120", "2031"};
  constexpr int kColours[4][3] = {{255, 0, 0}, {0, 255, 0}, {0, 0, 255}, {255, 255, 255}};
  for (int orientation = 1; orientation <= 8; ++orientation) {
    const bool turned = orientation >= 5;
    const int width = turned ? 240 : 320;
    const int height = turned ? 320 : 240;
    std::string ppm = "P6\n" + std::to_string(width) + ' ' + std::to_string(height) + "\n255\n";
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) {
        const int quarter = (y * 2 / height) * 2 + x * 2 / width;
        const auto& colour = kColours[kStored[orientation - 1][quarter] - '0'];
        for (const int value : colour) ppm += static_cast<char>(value);
      }
    }
    write_file(path("o.ppm"), ppm);
    NEEDS_TOOL("vips", "copy", at("o.ppm"), at("o.jpg"));
    NEEDS_TOOL("exiv2", "-M", "set Exif.Image.Orientation " + std::to_string(orientation), at("o.jpg"));
    const MediaFacts facts = probe(path("o.jpg"));
    ASSERT_EQ(facts.still, (Raster{320, 240})) << orientation;
    ASSERT_EQ(facts.orientation, orientation);
    const JobResult made = still(path("o.jpg"), {160, 120}, 16'384);
    ASSERT_TRUE(made.ok) << made.reason;
    expect_legal({160, 120}, 16'384);
    const std::string pixels = decoded({160, 120});
    for (int quarter = 0; quarter < 4; ++quarter) {
      for (size_t band = 0; band < 3; ++band) {
        EXPECT_NEAR(mean(pixels, band, {160, 120}, quarter % 2 != 0, quarter / 2 != 0), kColours[quarter][band], 12)
            << "orientation " << orientation << " quarter " << quarter << " band " << band;
      }
    }
  }
}

TEST_F(MediaWorker, KeepsAlpha) {
  NEEDS_TOOL("vips", "black", at("rgb.png"), "300", "200", "--bands", "3");
  NEEDS_TOOL("vips", "grey", at("alpha.png"), "300", "200", "--uchar");
  NEEDS_TOOL("vips", "bandjoin", at("rgb.png") + ' ' + at("alpha.png"), at("a.png"));
  ASSERT_TRUE(still(path("a.png"), {150, 100}, 12'288).ok);
  expect_legal({150, 100}, 12'288);
  const Ran info = run({"webpinfo", at("still.webp")});
  EXPECT_NE(info.output.find("Alpha: 1"), std::string::npos) << info.output;
  EXPECT_EQ(run({"vipsheader", "-f", "bands", at("still.webp")}).output, "4\n");
}

TEST_F(MediaWorker, TurnsCmykIntoSrgb) {
  NEEDS_TOOL("vips", "black", at("rgb.png"), "300", "200", "--bands", "3");
  NEEDS_TOOL("vips", "icc_export", at("rgb.png"), at("cmyk.tif"), "--output-profile", "cmyk");
  const MediaFacts facts = probe(path("cmyk.tif"));
  EXPECT_EQ(facts.still, (Raster{300, 200}));
  const JobResult made = still(path("cmyk.tif"), {150, 100}, 12'288);
  ASSERT_TRUE(made.ok) << made.reason;
  EXPECT_EQ(run({"vipsheader", "-f", "bands", at("still.webp")}).output, "3\n");
  const std::string pixels = decoded({150, 100});
  for (size_t band = 0; band < 3; ++band) EXPECT_LT(mean(pixels, band, {150, 100}, false, false), 70);
}

TEST_F(MediaWorker, NoiseFitsToo) {
  NEEDS_TOOL("vips", "gaussnoise", at("noise.v"), "1024", "768", "--mean", "128", "--sigma", "90");
  NEEDS_TOOL("vips", "cast", at("noise.v"), at("noise.png"), "uchar");
  for (const auto& [raster, declared] :
       {std::pair(Raster{64, 48}, int64_t{4096}), {Raster{800, 600}, 8192}, {Raster{1024, 768}, 65'536}}) {
    const JobResult made = still(path("noise.png"), raster, declared);
    ASSERT_TRUE(made.ok) << made.reason;
    EXPECT_LE(made.real_bytes, declared);
    expect_legal(raster, declared);
  }
}

TEST_F(MediaWorker, TheSameBytesEveryTimeAndAHoleBehind) {
  NEEDS_TOOL("vips", "gaussnoise", at("noise.v"), "400", "300", "--mean", "128", "--sigma", "20");
  NEEDS_TOOL("vips", "cast", at("noise.v"), at("noise.png"), "uchar");
  const JobResult first = still(path("noise.png"), {200, 150}, 65'536);
  ASSERT_TRUE(first.ok) << first.reason;
  const std::string once = bytes();
  EXPECT_EQ(once.find_first_not_of('\0', static_cast<size_t>(first.real_bytes)), std::string::npos);
  EXPECT_EQ(once.substr(static_cast<size_t>(first.real_bytes) - 34, 4), "EXIF");
  const JobResult second = still(path("noise.png"), {200, 150}, 65'536);
  EXPECT_EQ(second.real_bytes, first.real_bytes);
  EXPECT_EQ(bytes(), once);
}

TEST_F(MediaWorker, HalfAPictureIsShownAndSaysSo) {
  NEEDS_TOOL("vips", "gaussnoise", at("noise.v"), "800", "600", "--mean", "128", "--sigma", "40");
  NEEDS_TOOL("vips", "cast", at("noise.v"), at("whole.jpg"), "uchar");
  const std::string whole = read_text(path("whole.jpg"), 16U << 20).value();
  write_file(path("half.jpg"), std::string_view(whole).substr(0, whole.size() / 2));
  const MediaFacts facts = probe(path("half.jpg"));
  EXPECT_EQ(facts.kind, Kind::kImage);
  EXPECT_EQ(facts.still, (Raster{800, 600}));
  const JobResult made = still(path("half.jpg"), {200, 150}, 16'384);
  EXPECT_TRUE(made.ok) << made.reason;
  EXPECT_NE(made.note.find("damaged"), std::string::npos) << made.note;
  const JobResult all = still(path("whole.jpg"), {200, 150}, 16'384);
  EXPECT_TRUE(all.ok);
  EXPECT_EQ(all.note, "");
}

TEST_F(MediaWorker, ATurnedVideoIsUpright) {
  NEEDS_TOOL("ffmpeg", "-v", "error", "-f", "lavfi", "-i", "color=red:s=320x240:d=1", "-vf",
             "drawbox=x=160:w=160:h=240:color=blue:t=fill", "-c:v", "mpeg4", "-q:v", "2", "-y", at("flat.mp4"));
  NEEDS_TOOL("ffmpeg", "-v", "error", "-i", at("flat.mp4"), "-c", "copy", "-metadata:s:v:0", "rotate=90", "-y",
             at("turned.mp4"));
  const MediaFacts facts = probe(path("turned.mp4"));
  ASSERT_TRUE(facts.video);
  if (facts.video->rotation == 0) GTEST_SKIP() << "this ffmpeg writes no display matrix from metadata";
  EXPECT_EQ(facts.still, (Raster{240, 320}));
  const JobResult made = still(path("turned.mp4"), {120, 160}, 12'288, Kind::kVideo);
  ASSERT_TRUE(made.ok) << made.reason;
  expect_legal({120, 160}, 12'288);
  // 90 degrees clockwise: what stood right stands below; 270: above.
  const bool below = facts.video->rotation == 90;
  const std::string pixels = decoded({120, 160});
  EXPECT_GT(mean(pixels, 2, {120, 160}, false, below), 200);
  EXPECT_LT(mean(pixels, 2, {120, 160}, false, !below), 60);
}

TEST_F(MediaWorker, KilledInTheMiddleItIsReplacedUnnoticed) {
  NEEDS_TOOL("vips", "gaussnoise", at("noise.v"), "5000", "4000", "--mean", "128", "--sigma", "40");
  NEEDS_TOOL("vips", "cast", at("noise.v"), at("large.png"), "uchar");
  std::promise<JobResult> promise;
  Job job = still_job(path("large.png"), path("still.webp"), {1920, 1536}, 524'288);
  job.done = [&](JobResult result, UniqueFd) { promise.set_value(std::move(result)); };
  pool_.submit(std::move(job));
  // The worker is this process's only child.
  const Path children = "/proc/self/task";
  pid_t worker = 0;
  while (worker == 0) {
    for (const auto& task : std::filesystem::directory_iterator(children)) {
      const std::string text = read_text(task.path() / "children").value_or("");
      if (!text.empty()) worker = std::stoi(text);
    }
  }
  ASSERT_EQ(::kill(worker, SIGKILL), 0);
  const JobResult result = promise.get_future().get();
  EXPECT_TRUE(result.ok) << result.reason;
  EXPECT_EQ(pool_.counters().restarts, 1U);
}

}  // namespace
}  // namespace damfs
