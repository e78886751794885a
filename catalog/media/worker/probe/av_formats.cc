// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/worker/probe/av_formats.h"

#include <algorithm>
#include <iterator>
#include <vector>

#include "catalog/media/media_types.h"
#include "catalog/media/worker/probe/mp4_tracks.h"

namespace damfs::worker {
namespace {

// What libavformat opens and is not offered. Names are set between spaces.
struct RefusedDemuxer {
  std::string_view why, names;
};
constexpr RefusedDemuxer kRefusedDemuxers[] = {
    {"names other files, which a worker never opens",
     " hls dash concat concatf image2 image2pipe imf sdp rtsp rtp sap webm_dash_manifest vapoursynth "},
    {"a device, not a file",
     " alsa fbdev iec61883 jack kmsgrab lavfi libcdio libdc1394 openal oss pulse sndio video4linux2,v4l2 x11grab "
     "android_camera avfoundation bktr decklink dshow gdigrab vfwcap xcbgrab "},
    {"words to be shown with a recording, not a recording",
     " aqtitle ass dvbsub dvbtxt ffmetadata jacosub lrc mcc microdvd mpl2 mpsub pjs realtext sami scc srt stl "
     "subviewer subviewer1 sup tedcaptions vobsub vplayer webvtt "},
    {"a picture made of text or for a text screen", " adf bin idf tty xbin "},
    {"samples without a head, which any bytes may be",
     " alaw aptx aptx_hd bitpacked codec2raw data dfpwm f32be f32le f64be f64le g722 g723_1 g726 g726le g729 gsm mulaw "
     "rawvideo s16be s16le s24be s24le s32be s32le s8 sbc sln u16be u16le u24be u24le u32be u32le u8 v210 v210x vidc "
     "bit adp msp "},
    {"another one's twin for what is not a file", " live_flv mpegtsraw "},
    {"a picture, which is a picture's reader's",
     " alias_pix brender_pix fits gif ico jpegxl_anim bmp_pipe cri_pipe dds_pipe dpx_pipe exr_pipe gem_pipe gif_pipe "
     "hdr_pipe j2k_pipe jpeg_pipe jpegls_pipe jpegxl_pipe jpegxs_pipe pam_pipe pbm_pipe pcx_pipe pfm_pipe pgm_pipe "
     "pgmyuv_pipe pgx_pipe phm_pipe photocd_pipe pictor_pipe png_pipe ppm_pipe psd_pipe qdraw_pipe qoi_pipe sgi_pipe "
     "sunrast_pipe svg_pipe tiff_pipe vbn_pipe webp_pipe xbm_pipe xpm_pipe xwd_pipe "},
};

// TrueHD is told from 64 KiB on, DTS from 16.
constexpr size_t kProbed = 128U << 10;

}  // namespace

std::string_view why_refused(const AVInputFormat* format) {
  const std::string name = std::string(" ") + format->name + " ";
  for (const RefusedDemuxer& refused : kRefusedDemuxers) {
    if (refused.names.find(name) != refused.names.npos) return refused.why;
  }
  if (std::string_view(format->name).ends_with("_pipe")) return std::end(kRefusedDemuxers)[-1].why;
  if ((format->flags & AVFMT_NOFILE) != 0) return kRefusedDemuxers[0].why;
  return {};
}

std::string mime_of_format(const AVInputFormat* format) {
  if (const MediaType* type = type_of_demuxer(format->name)) return std::string(type->mime);
  const std::string_view names(format->name);
  return "video/x-" + std::string(names.substr(0, names.find(',')));
}

RecordingGuess recording_by_content(const Source& source) {
  if (holds_movie(source)) return {movie_format(), true};
  const auto bytes = source.bytes();
  const auto head = bytes.first(std::min(bytes.size(), kProbed));
  std::vector<uint8_t> padded(head.begin(), head.end());
  padded.resize(head.size() + AVPROBE_PADDING_SIZE);
  AVProbeData data{"", padded.data(), static_cast<int>(head.size()), nullptr};
  int score = 0;
  const AVInputFormat* format = av_probe_input_format3(&data, 1, &score);
  // Up to this score it is a guess, and any bytes look like some sound.
  if (format == nullptr || score <= AVPROBE_SCORE_EXTENSION || !why_refused(format).empty()) return {};
  return {format, score >= AVPROBE_SCORE_MAX};
}

bool holds_movie(const Source& source) {
  const auto layout = mp4_layout(read_at(source.bytes()), static_cast<uint64_t>(source.size()));
  return layout && layout->has_movie;
}

const AVInputFormat* movie_format() { return av_find_input_format("mov"); }

}  // namespace damfs::worker
