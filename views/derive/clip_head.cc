// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/derive/clip_head.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "catalog/base/names.h"
#include "views/derive/box_writer.h"

namespace damfs {
namespace {

constexpr uint64_t kRoom = 4096;      // all but the tables of chunks
constexpr uint64_t kTrackRoom = 768;  // of each sound track
constexpr size_t kLongestReel = 64;
constexpr uint64_t kTimecodeBytes = 4;
constexpr uint64_t kMdatHeader = 16;
constexpr unsigned kMost32 = std::numeric_limits<uint32_t>::max();

// Pictures are gathered in chunks of a second.
int64_t frames_a_chunk(const ClipFacts& facts) { return (facts.rate.num + facts.rate.den - 1) / facts.rate.den; }

int64_t chunks_of(int64_t pieces, int64_t each) { return (pieces + each - 1) / each; }

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : printable(text)) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '"': out += "&quot;"; break;
      default: out += c;
    }
  }
  return out;
}

// 8-4-4-4-12 digits of a digest: an identity that is the same wherever the same bytes are.
std::string uuid_of(const Digest& digest) {
  const std::string hex = digest.hex();
  return fmt::format("{}-{}-{}-{}-{}", hex.substr(0, 8), hex.substr(8, 4), hex.substr(12, 4), hex.substr(16, 4),
                     hex.substr(20, 12));
}

// A source without a time code counts from zero, where there is a way to count its frames (SMPTE ST 12): readers
// complain about others.
bool counts_timecode(Rational rate) {
  constexpr int64_t kRates[] = {24, 25, 30, 48, 50, 60, 100, 120};
  const int64_t nearest = (rate.num + rate.den - 1) / rate.den;
  return std::find(std::begin(kRates), std::end(kRates), nearest) != std::end(kRates);
}

struct Colours {
  uint64_t primaries, transfer, matrix;
};

// What the source does not tell is what players take it for by the number of its lines, which the proxy's own would
// make them take for something else.
Colours colours_of(const ClipFacts& facts) {
  constexpr int kUnknown = 2;
  const int64_t lines = std::min(facts.raster.width, facts.raster.height);
  const bool is_pal = lines == 576 || lines == 288;
  const Colours guess = lines >= 720 ? Colours{1, 1, 1} : Colours{is_pal ? 5ULL : 6ULL, 1, 6};
  const auto told = [&](int code, uint64_t otherwise) {
    return code == kUnknown || code == 0 ? otherwise : static_cast<uint64_t>(code);
  };
  return {told(facts.primaries, guess.primaries), told(facts.transfer, guess.transfer),
          told(facts.matrix, guess.matrix)};
}

// Writes one movie header. Times of the movie and of the pictures are counted in `timescale` parts of a second.
class MovieWriter {
 public:
  explicit MovieWriter(const ClipHeadInput& input) : in_(input), facts_(input.facts) {
    timescale_ = static_cast<uint64_t>(facts_.rate.num);
    frame_duration_ = static_cast<uint64_t>(facts_.rate.den);
    // A player's clock needs finer steps than frames.
    while (timescale_ < 10'000) {
      timescale_ *= 2;
      frame_duration_ *= 2;
    }
    duration_ = static_cast<uint64_t>(facts_.frames) * frame_duration_;
    reel_ = input.reel.substr(0, kLongestReel);
    has_timecode_ = facts_.timecode_frame >= 0 || counts_timecode(facts_.rate);
  }

  std::string write() {
    w_.box("ftyp", [&] { w_.text("qt  ").u32(0x200).text("qt  "); });
    w_.box("moov", [&] {
      movie_header();
      picture_track();
      for (size_t i = 0; i < facts_.sound.size(); ++i) sound_track(i);
      if (has_timecode_) timecode_track();
      w_.box("udta", [&] { w_.box("XMP_", [&] { w_.text(xmp()); }); });
    });
    const uint64_t used = w_.size() + 8 + kMdatHeader + kTimecodeBytes;
    if (used <= in_.head_bytes) {
      w_.box("free", [&] { w_.zeros(in_.head_bytes - used); });
      w_.u32(1).text("mdat").u64(in_.size - timecode_offset() + kMdatHeader);
      w_.u32(static_cast<uint64_t>(std::max<int64_t>(0, facts_.timecode_frame)));
    }
    return w_.take();
  }

 private:
  uint64_t timecode_offset() const { return in_.head_bytes - kTimecodeBytes; }
  unsigned timecode_track_id() const { return static_cast<unsigned>(facts_.sound.size()) + 2; }

  // Boxes have 32-bit times while those suffice, for not every reader knows the others.
  template <typename Body>
  void timed_box(std::string_view type, unsigned flags, uint64_t longest, const Body& body) {
    wide_ = longest > kMost32;
    w_.full_box(type, wide_ ? 1 : 0, flags, body);
  }
  BoxWriter& time(uint64_t value) { return wide_ ? w_.u64(value) : w_.u32(value); }

  void matrix() { w_.u32(0x10000).zeros(12).u32(0x10000).zeros(12).u32(0x40000000); }

  void movie_header() {
    timed_box("mvhd", 0, duration_, [&] {
      time(0), time(0);
      w_.u32(timescale_);
      time(duration_);
      w_.u32(0x10000).u16(0x100).zeros(10);
      matrix();
      w_.zeros(24).u32(timecode_track_id() + 1);
    });
  }

  struct Track {
    unsigned id;
    unsigned flags;      // enabled, in movie, in preview, in poster
    unsigned group = 0;  // of alternatives
    unsigned volume = 0;
    Raster shown;  // in square pixels
  };

  void track_header(const Track& track) {
    timed_box("tkhd", track.flags, duration_, [&] {
      time(0), time(0);
      w_.u32(track.id).u32(0);
      time(duration_);
      w_.zeros(8).u16(0).u16(track.group).u16(track.volume).u16(0);
      matrix();
      w_.u32(static_cast<uint64_t>(track.shown.width) << 16).u32(static_cast<uint64_t>(track.shown.height) << 16);
    });
    w_.box("edts", [&] {
      timed_box("elst", 0, duration_, [&] {
        w_.u32(1);
        time(duration_), time(0);
        w_.u32(0x10000);
      });
    });
  }

  void media_header(uint64_t scale, uint64_t duration, std::string_view type, std::string_view name) {
    timed_box("mdhd", 0, duration, [&] {
      time(0), time(0);
      w_.u32(scale);
      time(duration);
      w_.u16(0x7FFF).u16(0);  // no language
    });
    handler("mhlr", type, name);
  }

  void handler(std::string_view of, std::string_view type, std::string_view name) {
    w_.full_box("hdlr", 0, 0, [&] { w_.text(of).text(type).zeros(12).pascal(name, name.size() + 1); });
  }

  void data_information() {
    handler("dhlr", "url ", "DataHandler");
    w_.box("dinf", [&] {
      w_.full_box("dref", 0, 0, [&] {
        w_.u32(1);
        w_.full_box("url ", 0, 1, [] {});  // in this file
      });
    });
  }

  // Pieces of one size, a second of them a chunk, one behind the other from `offset` on.
  void tables(int64_t pieces, int64_t a_chunk, uint64_t piece_bytes, uint64_t piece_duration, uint64_t offset) {
    const int64_t chunks = chunks_of(pieces, a_chunk);
    const int64_t rest = pieces % a_chunk;
    w_.full_box("stts", 0, 0, [&] { w_.u32(1).u32(static_cast<uint64_t>(pieces)).u32(piece_duration); });
    w_.full_box("stsc", 0, 0, [&] {
      const bool uneven = rest != 0 && chunks > 1;
      w_.u32(uneven ? 2 : 1).u32(1).u32(static_cast<uint64_t>(chunks == 1 ? pieces : a_chunk)).u32(1);
      if (uneven) w_.u32(static_cast<uint64_t>(chunks)).u32(static_cast<uint64_t>(rest)).u32(1);
    });
    w_.full_box("stsz", 0, 0, [&] { w_.u32(piece_bytes).u32(static_cast<uint64_t>(pieces)); });
    w_.full_box("co64", 0, 0, [&] {
      w_.u32(static_cast<uint64_t>(chunks));
      for (int64_t i = 0; i < chunks; ++i) w_.u64(offset + static_cast<uint64_t>(i * a_chunk) * piece_bytes);
    });
  }

  void picture_description();
  void sound_description(const ClipSound& track);
  void timecode_description(uint64_t scale, uint64_t frame);

  void picture_track() {
    const SparseLayout::Run& run = in_.sparse.runs.back();
    w_.box("trak", [&] {
      track_header({.id = 1, .flags = 0xF, .shown = shown_raster()});
      if (has_timecode_) w_.box("tref", [&] { w_.box("tmcd", [&] { w_.u32(timecode_track_id()); }); });
      w_.box("mdia", [&] {
        media_header(timescale_, duration_, "vide", "VideoHandler");
        w_.box("minf", [&] {
          w_.full_box("vmhd", 0, 1, [&] { w_.u16(0x40).u16(0x8000).u16(0x8000).u16(0x8000); });
          data_information();
          w_.box("stbl", [&] {
            w_.full_box("stsd", 0, 0, [&] {
              w_.u32(1);
              picture_description();
            });
            tables(facts_.frames, frames_a_chunk(facts_), run.unit_bytes, frame_duration_, run.offset);
          });
        });
      });
    });
  }

  // Sound tracks are alternatives of each other only where a source has several languages; cameras mean them to be
  // heard together, so none is in a group.
  void sound_track(size_t index) {
    const ClipSound& track = facts_.sound[index];
    const SparseLayout::Run& run = in_.sparse.runs[index];
    const int64_t samples = facts_.samples_of(track);
    if (samples == 0) return;
    w_.box("trak", [&] {
      track_header({.id = static_cast<unsigned>(index) + 2, .flags = 0xF, .volume = 0x100, .shown = {}});
      w_.box("mdia", [&] {
        media_header(static_cast<uint64_t>(track.sample_rate), static_cast<uint64_t>(samples), "soun", "SoundHandler");
        w_.box("minf", [&] {
          w_.full_box("smhd", 0, 0, [&] { w_.u32(0); });
          data_information();
          w_.box("stbl", [&] {
            w_.full_box("stsd", 0, 0, [&] {
              w_.u32(1);
              sound_description(track);
            });
            tables(samples, track.sample_rate, static_cast<uint64_t>(track.channels) * 2, 1, run.offset);
          });
        });
      });
    });
  }

  void timecode_track() {
    Rational rate = facts_.timecode_frame >= 0 ? facts_.timecode_rate : facts_.rate;
    const auto scale = static_cast<uint64_t>(rate.num);
    // As long as the pictures, in its own clock.
    const auto seconds = static_cast<double>(facts_.frames) * static_cast<double>(facts_.rate.den) /
                         static_cast<double>(facts_.rate.num);
    const bool same = rate == facts_.rate;
    const uint64_t duration = same ? static_cast<uint64_t>(facts_.frames * rate.den)
                                   : static_cast<uint64_t>(seconds * static_cast<double>(scale));
    w_.box("trak", [&] {
      track_header({.id = timecode_track_id(), .flags = 0x3, .shown = {}});
      w_.box("mdia", [&] {
        media_header(scale, duration, "tmcd", "TimeCodeHandler");
        w_.box("minf", [&] {
          w_.box("gmhd", [&] {
            w_.full_box("gmin", 0, 0, [&] { w_.u16(0x40).u16(0x8000).u16(0x8000).u16(0x8000).u16(0).u16(0); });
            w_.box("tmcd", [&] {
              w_.full_box("tcmi", 0, 0, [&] {
                w_.u16(0).u16(0).u16(12).u16(0).zeros(6).u16(0xFFFF).u16(0xFFFF).u16(0xFFFF).pascal("Lucida Grande",
                                                                                                    14);
              });
            });
          });
          data_information();
          w_.box("stbl", [&] {
            w_.full_box("stsd", 0, 0, [&] {
              w_.u32(1);
              timecode_description(scale, static_cast<uint64_t>(rate.den));
            });
            // A sample's duration has 32 bits; what a longer recording lacks there nobody reads.
            tables(1, 1, kTimecodeBytes, std::min<uint64_t>(duration, kMost32), timecode_offset());
          });
        });
      });
    });
  }

  Raster shown_raster() const {
    const Rational aspect = facts_.pixel_aspect;
    return {(2 * in_.raster.width * aspect.num + aspect.den) / (2 * aspect.den), in_.raster.height};
  }

  std::string xmp() const;

  const ClipHeadInput& in_;
  const ClipFacts& facts_;
  BoxWriter w_;
  uint64_t timescale_ = 0;
  uint64_t frame_duration_ = 0;
  uint64_t duration_ = 0;  // of the pictures, in timescale
  std::string_view reel_;
  bool has_timecode_ = true;
  bool wide_ = false;
};

void MovieWriter::picture_description() {
  const bool is_lb = in_.profile.codec == ClipCodec::kDnxhrLb;
  const unsigned cid = is_lb ? 1274 : 1273;
  w_.box("AVdh", [&] {
    w_.zeros(6).u16(1).zeros(4).text("dmfs").u32(0x200).u32(0x200);
    w_.u16(static_cast<uint64_t>(in_.raster.width)).u16(static_cast<uint64_t>(in_.raster.height));
    w_.u32(0x480000).u32(0x480000).u32(0).u16(1).pascal(is_lb ? "DNxHR LB" : "DNxHR SQ", 32).u16(24).u16(0xFFFF);
    w_.u32(24).text("ACLRACLR0001").u32(1).u32(0);  // 16..235
    w_.u32(32).text("ADHR0001").u32(cid).u32(0).u32(1).u32(0).u32(0);
    w_.box("colr", [&] {
      const Colours colours = colours_of(facts_);
      w_.text("nclc").u16(colours.primaries).u16(colours.transfer).u16(colours.matrix);
    });
    w_.box("pasp", [&] {
      w_.u32(static_cast<uint64_t>(facts_.pixel_aspect.num)).u32(static_cast<uint64_t>(facts_.pixel_aspect.den));
    });
    w_.box("fiel", [&] { w_.u8(1).u8(0); });  // progressive
    w_.u32(0);                                // the list's end, which some readers want
  });
}

void MovieWriter::sound_description(const ClipSound& track) {
  const bool plain = track.sample_rate <= 65'535 && track.channels <= 2;
  const auto channels = static_cast<uint64_t>(track.channels);
  const auto rate = static_cast<uint64_t>(track.sample_rate);
  w_.box(plain ? "sowt" : "lpcm", [&] {
    w_.zeros(6).u16(1);
    if (plain) {
      w_.u16(0).zeros(6).u16(channels).u16(16).u16(0).u16(0).u32(rate << 16);
    } else {
      // Version 2: the rate as a double, then channels, bits, flags (signed, packed, little endian).
      const auto real = static_cast<double>(rate);
      uint64_t bits = 0;
      static_assert(sizeof bits == sizeof real);
      std::copy_n(reinterpret_cast<const char*>(&real), sizeof real, reinterpret_cast<char*>(&bits));
      w_.u16(2).zeros(6).u16(3).u16(16).u16(0xFFFE).u16(0).u32(0x10000).u32(72).u64(bits).u32(channels);
      w_.u32(0x7F000000).u32(16).u32(12).u32(channels * 2).u32(1);
    }
    constexpr uint64_t kLastNamed = 0x3FFFF;  // of the speakers that QuickTime's bitmap has
    if (track.layout != 0 && track.layout <= kLastNamed) {
      w_.full_box("chan", 0, 0, [&] { w_.u32(1 << 16).u32(track.layout).u32(0); });
    }
  });
}

void MovieWriter::timecode_description(uint64_t scale, uint64_t frame) {
  const uint64_t frames_a_second = (scale + frame / 2) / frame;
  w_.box("tmcd", [&] {
    constexpr uint64_t kDropFrame = 1;
    w_.zeros(6).u16(1).u32(0).u32(facts_.drop_frame ? kDropFrame : 0).u32(scale).u32(frame).u8(frames_a_second).u8(0);
    if (!reel_.empty()) w_.box("name", [&] { w_.u16(reel_.size()).u16(0).text(reel_); });
  });
}

// What asset managers and editing programs match a proxy with its source by.
std::string MovieWriter::xmp() const {
  const std::string id = uuid_of(in_.source);
  const std::string tape = reel_.empty() ? "" : fmt::format(" xmpDM:tapeName=\"{}\"", escaped(reel_));
  return fmt::format(
      "<?xpacket begin=\"\xEF\xBB\xBF\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>"
      "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">"
      "<rdf:Description rdf:about=\"\" xmlns:xmpMM=\"http://ns.adobe.com/xap/1.0/mm/\" "
      "xmlns:xmpDM=\"http://ns.adobe.com/xmp/1.0/DynamicMedia/\" "
      "xmlns:stRef=\"http://ns.adobe.com/xap/1.0/sType/ResourceRef#\" "
      "xmpMM:OriginalDocumentID=\"uuid:{0}\" xmpMM:DocumentID=\"uuid:{0}:{1}\" "
      "xmpMM:InstanceID=\"uuid:{0}:{1}.{2}\"{3}>"
      "<xmpMM:DerivedFrom stRef:originalDocumentID=\"uuid:{0}\" stRef:documentID=\"uuid:{0}\"/>"
      "</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end=\"r\"?>",
      id, in_.profile.name, kClipRecipe, tape);
}

}  // namespace

uint64_t mov_head_room(const ClipFacts& facts) {
  uint64_t room = kRoom + 8 * static_cast<uint64_t>(chunks_of(facts.frames, frames_a_chunk(facts)));
  for (const ClipSound& track : facts.sound) {
    room += kTrackRoom + 8 * static_cast<uint64_t>(chunks_of(facts.samples_of(track), track.sample_rate));
  }
  return room;
}

std::string mov_head(const ClipHeadInput& input) { return MovieWriter(input).write(); }

}  // namespace damfs
