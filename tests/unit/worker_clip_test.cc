// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <fcntl.h>

#include <algorithm>
#include <numeric>
#include <ostream>
#include <random>

#include "catalog/media/jobs/messages.h"
#include "catalog/media/pool/worker_process.h"
#include "catalog/media/wire.h"
#include "tests/unit/media_fixture.h"

namespace damfs {
namespace {

using testing::Ran;
using testing::run;
using testing::ScratchFolder;

constexpr Raster kRaster{256, 192};
const int64_t kFrameBytes = clip_frame_bytes(ClipCodec::kDnxhrLb, kRaster);

std::string bytes_of(const Path& file) { return read_text(file, std::filesystem::file_size(file)).value_or(""); }

// A damfs-worker, and clips of it: what the pool does, without the pool.
class ClipWorker : public ::testing::Test {
 protected:
  struct Rendered {
    JobResult result;
    std::string bytes;
    std::vector<int64_t> progress;
  };

  ClipFacts probe(const std::string& name) {
    Job job = testing::probe_job(path(name));
    const Rendered rendered = finish(job, false);
    EXPECT_TRUE(rendered.result.ok && rendered.result.facts.clip) << name << ": " << rendered.result.reason;
    return rendered.result.facts.clip.value_or(ClipFacts());
  }

  Job job_for(const std::string& name, const ClipFacts& facts, int track = -1) {
    Job job;
    job.type = JobType::kClip;
    job.source = open_file(path(name), O_RDONLY);
    job.clip.facts = facts;
    job.clip.raster = kRaster;
    job.clip.track = track;
    job.run.unit_bytes = kFrameBytes;
    job.run.count = facts.frames;
    job.run.session = name;
    if (track >= 0) {
      const ClipSound& sound = facts.sound[static_cast<size_t>(track)];
      job.run.unit_bytes = int64_t{2} * sound.sample_rate * sound.channels;
      job.run.count = (facts.samples_of(sound) + sound.sample_rate - 1) / sound.sample_rate;
      const int64_t bytes = int64_t{2} * facts.samples_of(sound) * sound.channels;
      job.run.last_bytes = bytes - (job.run.count - 1) * job.run.unit_bytes;
    }
    return job;
  }

  Rendered finish(Job& job, bool stop) {
    const Path output = path("output");
    if (job.type != JobType::kProbe) job.output = open_file(output, O_RDWR | O_CREAT | O_TRUNC, 0600);
    std::vector<int> fds{job.source.get()};
    if (job.output) fds.push_back(job.output.get());
    if (job.index) fds.push_back(job.index.get());
    wire::send_frame(worker_.socket(), wire::request_to_payload(job), fds, {});
    if (stop) wire::send_frame(worker_.socket(), wire::kStopPayload, {}, {});
    Rendered rendered;
    for (;;) {
      const auto frame = wire::receive_frame(worker_.socket(), 0, {});
      if (!frame) fail(EPIPE, "the worker is gone");
      if (const auto done = wire::progress_from_payload(frame->payload, job)) {
        rendered.progress.push_back(*done);
        continue;
      }
      rendered.result = wire::result_from_payload(frame->payload, job);
      break;
    }
    if (job.type != JobType::kProbe) rendered.bytes = bytes_of(output);
    return rendered;
  }

  std::string all_of(Job job) {
    const int64_t count = job.run.count;
    const Rendered rendered = finish(job, false);
    EXPECT_TRUE(rendered.result.ok) << rendered.result.reason;
    EXPECT_EQ(rendered.result.units_done, count);
    return rendered.bytes;
  }

  // The units asked for one by one in that order, in their own.
  std::string in_order(const std::string& name, const ClipFacts& facts, const std::vector<int64_t>& order, int threads,
                       int track, const std::string& index = "", bool fresh = false) {
    std::string all;
    for (const int64_t unit : order) {
      Job job = job_for(name, facts, track);
      if (unit + 1 < job.run.count) job.run.last_bytes = 0;
      job.run.first = unit;
      job.run.count = 1;
      job.clip.threads = threads;
      job.run.session = fmt::format("{}-{}-{}-{}", name, index, threads, fresh ? unit : 0);
      if (!index.empty()) job.index = open_file(path(index), O_RDONLY);
      const int64_t at = unit * job.run.unit_bytes;
      const std::string bytes = all_of(std::move(job));
      if (all.size() < static_cast<size_t>(at) + bytes.size()) all.resize(static_cast<size_t>(at) + bytes.size());
      std::copy(bytes.begin(), bytes.end(), all.begin() + at);
    }
    return all;
  }

  // What plain ffmpeg makes of it, packet behind packet.
  std::string reference(const std::string& name, const ClipFacts& facts) {
    std::string chain = "setpts=PTS-STARTPTS,";
    if (facts.interlace != Interlace::kNone) {
      chain += fmt::format("bwdif=mode=send_frame:deint=all:parity={},",
                           facts.interlace == Interlace::kTopFirst ? "tff" : "bff");
    }
    chain += fmt::format("fps={}/{}:round=near,scale={}:{}:flags=bicubic+accurate_rnd+bitexact", facts.rate.num,
                         facts.rate.den, kRaster.width, kRaster.height);
    // Decoding too is to be exact on every processor.
    const Ran made = run({"ffmpeg",
                          "-nostdin",
                          "-v",
                          "error",
                          "-y",
                          "-flags:v",
                          "+bitexact",
                          "-i",
                          at(name),
                          "-map",
                          fmt::format("0:{}", facts.stream),
                          "-vf",
                          chain,
                          "-c:v",
                          "dnxhd",
                          "-profile:v",
                          "dnxhr_lb",
                          "-pix_fmt",
                          "yuv422p",
                          "-vsync",
                          "passthrough",
                          "-f",
                          "data",
                          at("reference")});
    EXPECT_EQ(made.status, 0) << made.errors;
    return bytes_of(path("reference"));
  }

  Path path(const std::string& name) const { return scratch_ / name; }
  std::string at(const std::string& name) const { return path(name).string(); }

  ScratchFolder scratch_;
  WorkerProcess worker_{default_worker_program(), WorkerPool::default_stderr()};
};

// Places where two runs of units differ.
std::vector<size_t> differing(const std::string& a, const std::string& b, int64_t unit_bytes) {
  std::vector<size_t> places;
  const auto unit = static_cast<size_t>(unit_bytes);
  for (size_t i = 0; i * unit < std::max(a.size(), b.size()); ++i) {
    const auto piece = [&](const std::string& s) {
      return i * unit < s.size() ? std::string_view(s).substr(i * unit, unit) : std::string_view();
    };
    if (piece(a) != piece(b)) places.push_back(i);
  }
  return places;
}

// --- every kind of source -------------------------------------------------------------------------------

struct SourceCase {
  const char* name;
  std::vector<std::string> words;  // what ffmpeg is told between its inputs and the file's name
  const char* input = "testsrc2=size=320x240:rate=25:duration=3";
  const char* sound = "";
};

void PrintTo(const SourceCase& source, std::ostream* out) { *out << source.name; }

const char* const kTone = "aevalsrc=0.4*sin(2*PI*(300+40*t)*t)|0.3*sin(2*PI*500*t):s=48000:d=3";

const std::vector<SourceCase>& source_cases() {
  static const std::vector<SourceCase> cases = {
      {"h264.mp4",
       {"-c:v", "libx264", "-g", "40", "-bf", "3", "-c:a", "aac"},
       "testsrc2=size=320x240:rate=25:duration=3",
       kTone},
      {"open_gop.mp4",
       {"-c:v", "libx265", "-x265-params", "log-level=none:open-gop=1:keyint=20:bframes=4", "-tag:v", "hvc1"},
       "testsrc2=size=320x240:rate=24000/1001:duration=3"},
      {"open_gop.mkv",
       {"-c:v", "libx264", "-x264-params", "open-gop=1:keyint=30:bframes=3", "-c:a", "libmp3lame"},
       "testsrc2=size=320x240:rate=50:duration=3",
       kTone},
      {"variable.mp4",
       {"-vf", "select='if(lt(t,1.5),mod(n,2),1)'", "-vsync", "vfr", "-c:v", "libx264"},
       "testsrc2=size=320x240:rate=60:duration=3"},
      {"drop_frame.mov",
       {"-c:v", "libx264", "-timecode", "01:00:59;20", "-c:a", "pcm_s16le"},
       "testsrc2=size=320x240:rate=30000/1001:duration=3",
       kTone},
      {"stream.ts", {"-c:v", "libx264", "-g", "30", "-c:a", "aac"}, "testsrc2=size=320x240:rate=25:duration=3", kTone},
      {"stream.mpg",
       {"-c:v", "mpeg2video", "-g", "15", "-bf", "2", "-c:a", "mp2"},
       "testsrc2=size=320x240:rate=25:duration=3",
       kTone},
      {"container.mkv",
       {"-c:v", "libx264", "-g", "30", "-c:a", "aac"},
       "testsrc2=size=320x240:rate=25:duration=3",
       kTone},
      {"vp9.webm",
       {"-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-c:a", "libopus"},
       "testsrc2=size=320x240:rate=25:duration=3",
       kTone},
      {"vorbis.webm",
       {"-c:v", "libvpx", "-deadline", "realtime", "-c:a", "libvorbis"},
       "testsrc2=size=320x240:rate=25:duration=3",
       kTone},
      {"no_times.avi", {"-c:v", "mpeg4", "-bf", "2", "-g", "20"}},
      {"fields.mp4",
       {"-vf", "tinterlace=interleave_top", "-c:v", "libx264", "-flags", "+ilme+ildct", "-x264opts", "tff=1", "-g",
        "20"},
       "testsrc2=size=320x240:rate=50:duration=3"},
      {"fields.ts",
       {"-vf", "tinterlace=interleave_top", "-c:v", "mpeg2video", "-flags", "+ilme+ildct", "-top", "1", "-g", "12",
        "-bf", "2"},
       "testsrc2=size=320x240:rate=50:duration=3"},
      {"ten_bit.mp4", {"-pix_fmt", "yuv420p10le", "-c:v", "libx265", "-x265-params", "log-level=none"}},
      {"full_range.mp4", {"-pix_fmt", "yuvj420p", "-c:v", "libx264"}},
      {"intra.mov", {"-c:v", "prores_ks"}},
      {"surround.mkv",
       {"-c:v", "libx264", "-af", "pan=5.1|c0=c0|c1=c1|c2=0.5*c0|c3=0.2*c1|c4=0.3*c0|c5=0.7*c1", "-c:a", "ac3"},
       "testsrc2=size=320x240:rate=25:duration=3",
       kTone},
      {"fragments.mp4", {"-c:v", "libx264", "-g", "30", "-movflags", "frag_keyframe+empty_moov"}},
  };
  return cases;
}

class EverySource : public ClipWorker, public ::testing::WithParamInterface<SourceCase> {
 protected:
  // False: the test was skipped.
  void make() {
    const SourceCase& source = GetParam();
    std::vector<std::string> words{"ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i", source.input};
    if (*source.sound != '\0') words.insert(words.end(), {"-f", "lavfi", "-i", source.sound});
    words.insert(words.end(), source.words.begin(), source.words.end());
    words.push_back(at(source.name));
    const Ran made = run(words);
    if (made.status == 127) GTEST_SKIP() << "ffmpeg is not installed";
    ASSERT_EQ(made.status, 0) << made.errors;
  }
};

TEST_P(EverySource, FramesAreThoseOfPlainFfmpeg) {
  ASSERT_NO_FATAL_FAILURE(make());
  if (IsSkipped()) return;
  const ClipFacts facts = probe(GetParam().name);
  const std::string ours = all_of(job_for(GetParam().name, facts));
  EXPECT_EQ(static_cast<int64_t>(ours.size()), facts.frames * kFrameBytes);
  EXPECT_EQ(differing(ours, reference(GetParam().name, facts), kFrameBytes), std::vector<size_t>{});
}

TEST_P(EverySource, BytesDependOnNeitherOrderNorThreads) {
  ASSERT_NO_FATAL_FAILURE(make());
  if (IsSkipped()) return;
  const std::string name = GetParam().name;
  const ClipFacts facts = probe(name);
  for (int track = -1; track < static_cast<int>(facts.sound.size()); ++track) {
    const Job whole = job_for(name, facts, track);
    const int64_t unit = whole.run.unit_bytes;
    const std::string ours = all_of(job_for(name, facts, track));
    std::vector<int64_t> order(static_cast<size_t>(whole.run.count));
    std::iota(order.begin(), order.end(), 0);
    EXPECT_EQ(differing(ours, in_order(name, facts, order, 4, track), unit), std::vector<size_t>{}) << "forward";
    std::reverse(order.begin(), order.end());
    EXPECT_EQ(differing(ours, in_order(name, facts, order, 1, track), unit), std::vector<size_t>{}) << "backward";
    std::shuffle(order.begin(), order.end(), std::mt19937(7));
    EXPECT_EQ(differing(ours, in_order(name, facts, order, 2, track), unit), std::vector<size_t>{}) << "shuffled";
    EXPECT_EQ(differing(ours, in_order(name, facts, order, 3, track, "", true), unit), std::vector<size_t>{})
        << "each by a session of its own";
  }
}

INSTANTIATE_TEST_SUITE_P(Clips, EverySource, ::testing::ValuesIn(source_cases()), [](const auto& test) {
  std::string name = test.param.name;
  std::replace(name.begin(), name.end(), '.', '_');
  return name;
});

// --- single sources -------------------------------------------------------------------------------------

#define MADE(...) NEEDS_TOOL("ffmpeg", "-nostdin", "-v", "error", "-y", __VA_ARGS__)
#define MADE_CLIP(...) \
  MADE("-f", "lavfi", "-i", "testsrc2=size=320x240:rate=25:duration=3", "-f", "lavfi", "-i", kTone, __VA_ARGS__)

TEST_F(ClipWorker, ATurnedClipIsUpright) {
  MADE_CLIP("-map", "0", "-c:v", "libx264", at("plain.mp4"));
  MADE("-i", at("plain.mp4"), "-c", "copy", "-metadata:s:v", "rotate=90", at("turned.mp4"));
  const ClipFacts facts = probe("turned.mp4");
  if (facts.rotation == 0) GTEST_SKIP() << "the installed ffmpeg does not write a rotation";
  EXPECT_EQ(differing(all_of(job_for("turned.mp4", facts)), reference("turned.mp4", facts), kFrameBytes),
            std::vector<size_t>{});
}

TEST_F(ClipWorker, AnEditListCutsFramesOff) {
  MADE_CLIP("-c:v", "libx264", "-g", "50", "-bf", "0", "-c:a", "aac", at("whole.mp4"));
  MADE("-ss", "1.2", "-i", at("whole.mp4"), "-c", "copy", at("cut.mp4"));
  const ClipFacts facts = probe("cut.mp4");
  EXPECT_LT(facts.frames, 60);
  const std::string ours = all_of(job_for("cut.mp4", facts));
  EXPECT_EQ(differing(ours, reference("cut.mp4", facts), kFrameBytes), std::vector<size_t>{});
  std::vector<int64_t> backward(static_cast<size_t>(facts.frames));
  std::iota(backward.rbegin(), backward.rend(), 0);
  EXPECT_EQ(differing(ours, in_order("cut.mp4", facts, backward, 2, -1), kFrameBytes), std::vector<size_t>{});
}

TEST_F(ClipWorker, SoundIsCountedFromTheFirstPicture) {
  MADE_CLIP("-c:v", "libx264", "-c:a", "pcm_s16le", at("even.mov"));
  MADE("-itsoffset", "0.48", "-i", at("even.mov"), "-i", at("even.mov"), "-map", "0:v", "-map", "1:a", "-c", "copy",
       at("late.mov"));
  MADE("-i", at("even.mov"), "-map", "0:a", "-f", "s16le", at("pcm"));
  const std::string pcm = bytes_of(path("pcm"));
  const ClipFacts even = probe("even.mov");
  EXPECT_EQ(all_of(job_for("even.mov", even, 0)), pcm);
  const ClipFacts late = probe("late.mov");
  const std::string ours = all_of(job_for("late.mov", late, 0));
  constexpr size_t kOffset = 48'000 * 48 / 100 * 4;
  ASSERT_EQ(ours.size(), pcm.size());
  EXPECT_EQ(ours.substr(0, ours.size() - kOffset), pcm.substr(kOffset));
  EXPECT_EQ(ours.substr(ours.size() - kOffset), std::string(kOffset, '\0'));
}

// Long enough for several blocks.
TEST_F(ClipWorker, BlocksOfSoundJoin) {
  for (const char* name : {"a.wav", "a.flac", "a.mp3", "a.ogg", "a.opus", "a.mka"}) {
    MADE("-f", "lavfi", "-i", "aevalsrc=0.4*sin(2*PI*(300+4*t)*t)|0.3*sin(2*PI*500*t):s=44100:d=20", at(name));
    MADE("-i", at(name), "-f", "s16le", at("pcm"));
    const std::string pcm = bytes_of(path("pcm"));
    const ClipFacts facts = probe(name);
    const std::string ours = all_of(job_for(name, facts, 0));
    // MKV's clock counts milliseconds, and the first packet of Vorbis gives none of its own.
    const size_t missing = std::string_view(name) == "a.mka" ? 132 * 4 : 0;
    ASSERT_GE(ours.size(), missing + pcm.size() - 4096) << name;
    const auto* a = reinterpret_cast<const int16_t*>(ours.data() + missing);
    const auto* b = reinterpret_cast<const int16_t*>(pcm.data());
    int worst = 0;
    for (size_t i = 0; i < std::min(ours.size() - missing, pcm.size()) / 2; ++i) {
      worst = std::max(worst, std::abs(a[i] - b[i]));
    }
    EXPECT_LE(worst, 1) << name;
    std::vector<int64_t> order{17, 3, 8, 16, 0, 19, 7, 1, 15, 2, 4, 5, 6, 9, 10, 11, 12, 13, 14, 18};
    EXPECT_EQ(ours.substr(0, 20 * 4 * static_cast<size_t>(facts.sound[0].sample_rate)),
              in_order(name, facts, order, 1, 0).substr(0, 20 * 4 * static_cast<size_t>(facts.sound[0].sample_rate)))
        << name;
  }
}

TEST_F(ClipWorker, AKeyFrameIndexChangesNoByte) {
  for (const char* name : {"a.ts", "a.mpg"}) {
    MADE_CLIP("-g", "12", "-bf", "2", at(name));
    const ClipFacts facts = probe(name);
    Job job;
    job.type = JobType::kClipIndex;
    job.source = open_file(path(name), O_RDONLY);
    const Rendered index = finish(job, false);
    ASSERT_TRUE(index.result.ok) << index.result.reason;
    EXPECT_EQ(index.result.real_bytes, static_cast<int64_t>(index.bytes.size()));
    EXPECT_GT(index.bytes.size(), 24U + 6 * 16);  // seven groups at least
    std::string damaged = index.bytes;
    damaged[40] = '\x7F';  // the first one's position lies far outside
    damaged[47] = '\x7F';
    testing::write_file(path("index"), index.bytes);
    testing::write_file(path("damaged"), damaged);
    testing::write_file(path("cut"), std::string_view(index.bytes).substr(0, 50));
    const std::string ours = all_of(job_for(name, facts));
    std::vector<int64_t> order(static_cast<size_t>(facts.frames));
    std::iota(order.begin(), order.end(), 0);
    std::shuffle(order.begin(), order.end(), std::mt19937(11));
    order.resize(16);
    for (const char* used : {"index", "damaged", "cut"}) {
      const std::string some = in_order(name, facts, order, 2, -1, used);
      const auto wrong = differing(ours.substr(0, some.size()), some, kFrameBytes);
      for (const int64_t n : order) {
        EXPECT_EQ(std::count(wrong.begin(), wrong.end(), static_cast<size_t>(n)), 0)
            << n << " of " << name << " with " << used;
      }
    }
  }
}

TEST_F(ClipWorker, TellsOfEveryUnitAndStopsWhenAsked) {
  MADE_CLIP("-c:v", "libx264", at("a.mp4"));
  const ClipFacts facts = probe("a.mp4");
  Job job = job_for("a.mp4", facts);
  const Rendered whole = finish(job, false);
  std::vector<int64_t> all(static_cast<size_t>(facts.frames));
  std::iota(all.begin(), all.end(), 1);
  EXPECT_EQ(whole.progress, all);
  Job stopped = job_for("a.mp4", facts);
  const Rendered part = finish(stopped, true);  // the wish is there before the first unit is
  EXPECT_TRUE(part.result.ok);
  EXPECT_EQ(part.result.units_done, 1);
  EXPECT_EQ(part.bytes, whole.bytes.substr(0, part.bytes.size()));
  // Too late for the run it was meant for, it does not end another.
  wire::send_frame(worker_.socket(), wire::kStopPayload, {}, {});
  Job after = job_for("a.mp4", facts);
  EXPECT_EQ(finish(after, false).bytes, whole.bytes);
}

TEST_F(ClipWorker, BehindItsLastFrameItIsShownOn) {
  MADE_CLIP("-c:v", "libx264", "-bf", "2", at("a.mp4"));
  ClipFacts facts = probe("a.mp4");
  facts.frames += 5;
  const std::string ours = all_of(job_for("a.mp4", facts));
  const auto frame = [&](int64_t n) {
    return ours.substr(static_cast<size_t>(n * kFrameBytes), static_cast<size_t>(kFrameBytes));
  };
  for (int64_t n = facts.frames - 5; n < facts.frames; ++n) EXPECT_EQ(frame(n), frame(facts.frames - 6)) << n;
  EXPECT_NE(frame(facts.frames - 7), frame(facts.frames - 6));
}

// Content that no quantizer makes small enough gives a simpler picture, not a shorter file.
TEST_F(ClipWorker, WhatDoesNotFitIsMadeSimpler) {
  MADE("-f", "lavfi", "-i",
       "nullsrc=size=426x240:rate=25:duration=0.2,format=gray,geq=lum='255*gt(random(1),0.5)',format=yuv420p", "-c:v",
       "ffv1", at("noise.mkv"));
  const ClipFacts facts = probe("noise.mkv");
  Job job = job_for("noise.mkv", facts);
  job.clip.raster = {426, 240};
  job.run.unit_bytes = clip_frame_bytes(ClipCodec::kDnxhrLb, job.clip.raster);
  const int64_t unit = job.run.unit_bytes;
  const std::string ours = all_of(std::move(job));
  ASSERT_EQ(static_cast<int64_t>(ours.size()), facts.frames * unit);
  testing::write_file(path("one.dnxhd"), std::string_view(ours).substr(0, static_cast<size_t>(unit)));
  const Ran decoded =
      run({"ffmpeg", "-nostdin", "-v", "warning", "-f", "dnxhd", "-i", at("one.dnxhd"), "-f", "null", "-"});
  EXPECT_EQ(decoded.status, 0);
  EXPECT_EQ(decoded.errors, "");
}

TEST_F(ClipWorker, ADamagedStretchCostsNothingElse) {
  MADE_CLIP("-c:v", "libx264", "-g", "10", "-bf", "2", "-map", "0", at("a.mkv"));
  const ClipFacts facts = probe("a.mkv");
  const std::string good = all_of(job_for("a.mkv", facts));
  std::string bytes = bytes_of(path("a.mkv"));
  std::mt19937 random(3);
  for (size_t i = bytes.size() * 4 / 10; i < bytes.size() * 5 / 10; i += 200) bytes[i] = static_cast<char>(random());
  testing::write_file(path("b.mkv"), bytes);
  std::vector<int64_t> order(static_cast<size_t>(facts.frames));
  std::iota(order.begin(), order.end(), 0);
  const std::string ours = all_of(job_for("b.mkv", facts));
  const auto damaged = differing(ours, good, kFrameBytes);
  EXPECT_FALSE(damaged.empty());
  EXPECT_LT(damaged.size(), good.size() / static_cast<size_t>(kFrameBytes) / 2);
  EXPECT_EQ(differing(ours, in_order("b.mkv", facts, order, 4, -1), kFrameBytes), std::vector<size_t>{}) << "4 threads";
  // How libavcodec makes up for what is lost is its own affair, but it never reaches into what is not.
  std::shuffle(order.begin(), order.end(), std::mt19937(5));
  for (const size_t n : differing(ours, in_order("b.mkv", facts, order, 3, -1), kFrameBytes)) {
    EXPECT_EQ(std::count(damaged.begin(), damaged.end(), n), 1) << n;
  }
}

TEST_F(ClipWorker, WhatIsNoVideoIsRefusedWithAReason) {
  MADE_CLIP("-c:v", "libx264", at("a.mp4"));
  const ClipFacts facts = probe("a.mp4");
  testing::write_file(path("b.mp4"), std::string(10'000, 'x'));
  Job job = job_for("b.mp4", facts);
  const Rendered rendered = finish(job, false);
  EXPECT_FALSE(rendered.result.ok);
  EXPECT_TRUE(rendered.result.permanent);
  EXPECT_NE(rendered.result.reason, "");
  Job again = job_for("a.mp4", facts);
  EXPECT_TRUE(finish(again, false).result.ok);
}

}  // namespace
}  // namespace damfs
