// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/worker/av_input.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <span>

#include "catalog/base/error.h"
#include "catalog/media/worker/libraries.h"
#include "catalog/media/worker/probe/av_formats.h"
#include "catalog/media/worker/probe/mp4_tracks.h"

namespace damfs::worker {
namespace {

constexpr int kIoBuffer = 256 << 10;

constexpr std::string_view kNothing = "free";  // the type of a box without meaning

// Makes boxes of no meaning of those whose types stand at `hidden`, in bytes read at `offset`.
void mask(const std::vector<int64_t>& hidden, int64_t offset, std::span<uint8_t> bytes) {
  const auto first = std::lower_bound(hidden.begin(), hidden.end(), offset - 3);
  for (auto it = first; it != hidden.end() && *it < offset + std::ssize(bytes); ++it) {
    for (int64_t i = 0; i < std::ssize(kNothing); ++i) {
      const int64_t at = *it + i - offset;
      if (at >= 0 && at < std::ssize(bytes)) bytes[static_cast<size_t>(at)] = static_cast<uint8_t>(kNothing[i]);
    }
  }
}

// Side data moved from the stream to its parameters; this takes whichever the installed libavformat has.
template <typename Stream>
const int32_t* display_matrix(const Stream* stream) {
  if constexpr (requires { stream->codecpar->nb_coded_side_data; }) {
    const auto* data = av_packet_side_data_get(stream->codecpar->coded_side_data, stream->codecpar->nb_coded_side_data,
                                               AV_PKT_DATA_DISPLAYMATRIX);
    return data != nullptr && data->size >= 36 ? reinterpret_cast<const int32_t*>(data->data) : nullptr;
  } else {
    size_t size = 0;
    const uint8_t* data = av_stream_get_side_data(stream, AV_PKT_DATA_DISPLAYMATRIX, &size);
    return data != nullptr && size >= 36 ? reinterpret_cast<const int32_t*>(data) : nullptr;
  }
}

}  // namespace

Frame new_frame() {
  Frame frame(av_frame_alloc());
  if (!frame) throw std::bad_alloc();
  return frame;
}

Packet new_packet() {
  Packet packet(av_packet_alloc());
  if (!packet) throw std::bad_alloc();
  return packet;
}

void keep_only(AVFormatContext* format, const AVStream* stream) {
  for (unsigned i = 0; i < format->nb_streams; ++i) {
    if (format->streams[i] != stream) format->streams[i]->discard = AVDISCARD_ALL;
  }
}

std::string av_text(int error) {
  std::array<char, AV_ERROR_MAX_STRING_SIZE> text{};
  av_strerror(error, text.data(), text.size());
  return text.data();
}

int MediaInput::read(void* opaque, uint8_t* buffer, int size) {
  auto* self = static_cast<MediaInput*>(opaque);
  try {
    const std::span<uint8_t> wanted(buffer, static_cast<size_t>(size));
    const size_t n = self->source_.read(std::as_writable_bytes(wanted), static_cast<uint64_t>(self->position_));
    if (n == 0) return AVERROR_EOF;
    mask(self->hidden_, self->position_, wanted.first(n));
    self->position_ += static_cast<int64_t>(n);
    return static_cast<int>(n);
  } catch (const Error& error) {
    return AVERROR(error.code());
  }
}

int64_t MediaInput::seek(void* opaque, int64_t offset, int whence) {
  auto* self = static_cast<MediaInput*>(opaque);
  whence &= ~AVSEEK_FORCE;
  if (whence == AVSEEK_SIZE) return self->source_.size();
  if (whence == SEEK_CUR) offset += self->position_;
  if (whence == SEEK_END) offset += self->source_.size();
  if (offset < 0) return AVERROR(EINVAL);
  self->position_ = offset;
  return offset;
}

// libavformat counts a stream for each track, in their order.
void MediaInput::hide_others() {
  const ReadAt read = [this](std::span<std::byte> buffer, uint64_t offset) { return source_.read(buffer, offset); };
  const uint32_t handler = four_characters(kind_ == AVMEDIA_TYPE_VIDEO ? "vide" : "soun");
  const auto tracks = mp4_tracks(read, static_cast<uint64_t>(source_.size()));
  const int before = wanted_;
  if (before < 0 || before >= std::ssize(tracks) || tracks[static_cast<size_t>(before)].handler != handler) return;
  for (int i = 0; i < std::ssize(tracks); ++i) {
    const Mp4Track& track = tracks[static_cast<size_t>(i)];
    if (track.handler == handler) continue;
    hidden_.push_back(track.type_at);
    wanted_ -= i < before ? 1 : 0;
  }
}

MediaInput::MediaInput(const Source& source, AVMediaType kind, int stream)
    : source_(source), kind_(kind), wanted_(stream) {
  if (kind == AVMEDIA_TYPE_VIDEO || kind == AVMEDIA_TYPE_AUDIO) hide_others();
  auto* buffer = static_cast<unsigned char*>(av_malloc(kIoBuffer));
  if (buffer == nullptr) throw std::bad_alloc();
  io_.reset(avio_alloc_context(buffer, kIoBuffer, 0, this, &MediaInput::read, nullptr, &MediaInput::seek));
  if (!io_) {
    av_free(buffer);
    throw std::bad_alloc();
  }
  const AVInputFormat* input = nullptr;
  if (holds_movie(source)) {
    input = movie_format();
  } else if (const int error = av_probe_input_buffer2(io_.get(), &input, "", nullptr, 0, 0); error < 0) {
    fail(EINVAL, "the recording is of a format that is not read, or is damaged ({})", av_text(error));
  }
  if (const std::string_view why = why_refused(input); !why.empty()) {
    fail(EINVAL, "no recording that is read ({}: {})", input->name, why);
  }
  format_ = avformat_alloc_context();
  if (format_ == nullptr) throw std::bad_alloc();
  format_->pb = io_.get();
  format_->flags |= AVFMT_FLAG_CUSTOM_IO;
  // Frees the context itself when it fails.
  if (const int error = avformat_open_input(&format_, "", input, nullptr); error < 0) {
    fail(EINVAL, "the recording is damaged ({})", av_text(error));
  }
}

MediaInput::~MediaInput() { avformat_close_input(&format_); }

void MediaInput::find_streams() {
  std::vector<AVDictionary*> options(format_->nb_streams, nullptr);
  for (AVDictionary*& entry : options) av_dict_set(&entry, "threads", "1", 0);
  const int error = avformat_find_stream_info(format_, options.empty() ? nullptr : options.data());
  for (AVDictionary*& entry : options) av_dict_free(&entry);
  if (error < 0) fail(EINVAL, "the recording is damaged ({})", av_text(error));
}

AVStream* MediaInput::best(AVMediaType type) const {
  const int index = av_find_best_stream(format_, type, -1, -1, nullptr, 0);
  if (index < 0) return nullptr;
  AVStream* stream = format_->streams[index];
  return (stream->disposition & AV_DISPOSITION_ATTACHED_PIC) != 0 ? nullptr : stream;
}

AVStream* MediaInput::wanted() const {
  if (wanted_ < 0 || wanted_ >= static_cast<int>(format_->nb_streams)) return nullptr;
  AVStream* stream = format_->streams[wanted_];
  return stream->codecpar->codec_type == kind_ ? stream : nullptr;
}

CodecContext open_decoder(const AVStream* stream, int threads) {
  const AVCodec* codec = avcodec_find_decoder(stream->codecpar->codec_id);
  if (codec == nullptr) fail(EINVAL, "no decoder for {}", avcodec_get_name(stream->codecpar->codec_id));
  CodecContext context(avcodec_alloc_context3(codec));
  if (!context) throw std::bad_alloc();
  context->thread_count = threads;
  context->flags |= AV_CODEC_FLAG_BITEXACT;
  context->pkt_timebase = stream->time_base;
  int error = avcodec_parameters_to_context(context.get(), stream->codecpar);
  if (error >= 0) error = avcodec_open2(context.get(), codec, nullptr);
  if (error < 0) fail(EINVAL, "it cannot be decoded ({})", av_text(error));
  return context;
}

AVPixelFormat without_j(AVPixelFormat format) {
  switch (format) {
    case AV_PIX_FMT_YUVJ420P: return AV_PIX_FMT_YUV420P;
    case AV_PIX_FMT_YUVJ422P: return AV_PIX_FMT_YUV422P;
    case AV_PIX_FMT_YUVJ444P: return AV_PIX_FMT_YUV444P;
    case AV_PIX_FMT_YUVJ440P: return AV_PIX_FMT_YUV440P;
    default: return format;
  }
}

Turn turn_of(const AVStream* stream) {
  const int32_t* matrix = display_matrix(stream);
  if (matrix == nullptr) return {};
  // Where a step to the right and one down lead: (a, b) and (c, d).
  double a = matrix[0];
  const double b = matrix[1];
  double c = matrix[3];
  const double d = matrix[4];
  Turn turn;
  turn.mirrored = a * d - b * c < 0;
  if (turn.mirrored) {
    a = -a;
    c = -c;
  }
  const double across = std::hypot(a, c);
  const double down = std::hypot(b, d);
  if (across <= 0 || down <= 0) return {};
  const auto quarters = static_cast<int>(std::lround(std::atan2(b / down, a / across) / (M_PI / 2)));
  turn.degrees = (quarters % 4 + 4) % 4 * 90;
  return turn;
}

Rational sample_aspect_of(AVFormatContext* format, AVStream* stream) {
  const AVRational aspect = av_guess_sample_aspect_ratio(format, stream, nullptr);
  if (aspect.num <= 0 || aspect.den <= 0) return {1, 1};
  const double ratio = av_q2d(aspect);
  if (ratio > 16 || ratio < 1.0 / 16) return {1, 1};
  return {aspect.num, aspect.den};
}

Raster square_pixels(Raster coded, Rational aspect, int rotation) {
  const auto scale = [](int64_t edge, int64_t num, int64_t den) { return (2 * edge * num + den) / (2 * den); };
  Raster raster = coded;
  if (aspect.num > aspect.den) raster.width = scale(coded.width, aspect.num, aspect.den);
  if (aspect.num < aspect.den) raster.height = scale(coded.height, aspect.den, aspect.num);
  return rotation % 180 == 0 ? raster : Raster{raster.height, raster.width};
}

}  // namespace damfs::worker
