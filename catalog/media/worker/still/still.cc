// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/worker/still/still.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <utility>
#include <vector>

#include "catalog/base/error.h"
#include "catalog/base/file.h"
#include "catalog/media/media_types.h"
#include "catalog/media/worker/archive/member_stream.h"
#include "catalog/media/worker/material/material_ball.h"
#include "catalog/media/worker/probe/mime.h"
#include "catalog/media/worker/still/collage.h"
#include "catalog/media/worker/still/fit.h"
#include "catalog/media/worker/still/picture.h"

namespace damfs::worker {
namespace {

constexpr int64_t kMaxWebpEdge = 16'383;  // WebP's

void check_spec(const StillSpec& spec) {
  const auto is_edge = [](int64_t edge) { return edge >= 1 && edge <= kMaxWebpEdge; };
  if (!is_edge(spec.target.width) || !is_edge(spec.target.height)) fail(EINVAL, "a preview of an impossible size");
  if (spec.quality < 1 || spec.quality > 100 || spec.effort < 0 || spec.effort > 6) {
    fail(EINVAL, "a preview with impossible settings");
  }
}

void write_part(int output, const FilledFile::Part& part) {
  size_t done = 0;
  while (done < part.bytes.size()) {
    const ssize_t n = ::pwrite(output, part.bytes.data() + done, part.bytes.size() - done,
                               static_cast<off_t>(part.offset) + static_cast<off_t>(done));
    if (n < 0 && errno != EINTR) throw_errno(errno, "the preview cannot be written");
    if (n > 0) done += static_cast<size_t>(n);
  }
}

void write_file(int output, const FilledFile& file, int64_t declared) {
  for (const FilledFile::Part& part : file.parts) write_part(output, part);
  // What the pool hands over has its size already, and keeps it.
  if (stat_fd(output, "the preview").st_size == declared) return;
  if (::ftruncate(output, declared) != 0) throw_errno(errno, "the preview cannot be written");
}

// Whether all of it is one colour, as is what nothing was decoded of.
bool is_blank(const Image& image) {
  const auto* pixels = static_cast<const uint8_t*>(vips_image_get_data(image.get()));
  const auto bands = static_cast<size_t>(vips_image_get_bands(image.get()));
  const size_t bytes = VIPS_IMAGE_N_PELS(image.get()) * bands;
  return std::equal(pixels + std::min(bands, bytes), pixels + bytes, pixels);
}

Rendered render(Picture& picture, const StillSpec& spec, int output) {
  check_spec(spec);
  const Image image = picture.at(spec.target);
  const Raster made{vips_image_get_width(image.get()), vips_image_get_height(image.get())};
  if (made != spec.target) {
    fail(EINVAL, "the picture is not what was catalogued: its preview has {} by {} pixels", made.width, made.height);
  }
  if (fail_on() == VIPS_FAIL_ON_NONE && is_blank(image)) fail(EINVAL, "nothing of the picture can be decoded");
  const Fitted fitted = fit_still(image.get(), spec);
  write_file(output, fitted.file, spec.declared_bytes);
  return {fitted.file.real_bytes(), fitted.encodes, {}};
}

}  // namespace

PictureRef open_picture(const Source& source, const StillRequest& request, Reuse reuse) {
  if (request.kind == Kind::kVideo) return video_picture(source, request.seek_us);
  if (request.kind == Kind::kAudio) return audio_picture(source, reuse);
  switch (media_type(request.mime).still) {
    case StillMaker::kRaw: return raw_picture(source, reuse);
    case StillMaker::kExr: return exr_picture(source.bytes());
    case StillMaker::kPhotoshop: return psd_picture(source.bytes());
    case StillMaker::kCodec: return codec_picture(source.bytes(), request.mime);
    case StillMaker::kPages: return image_picture(document_bytes(source), std::nullopt, reuse);
    case StillMaker::kPicture:
    case StillMaker::kNone: break;  // by its bytes, as a member of an archive that was looked at before
  }
  return image_picture(source.bytes(), std::nullopt, reuse);
}

namespace {

PictureRef compose(std::span<const Source* const> sources, const StillRequest& request) {
  switch (request.composition) {
    case Composition::kNone:
      return open_picture(*sources.front(), request, request.also.empty() ? Reuse::kNo : Reuse::kYes);
    case Composition::kCollage: return collage(sources);
    case Composition::kMaterial: break;
  }
  std::vector<MaterialMap> maps;
  for (size_t i = 0; i < sources.size(); ++i) maps.push_back({request.roles.at(i), sources[i]->bytes()});
  return material_picture(maps);
}

Rendered render_all(std::span<const Source* const> sources, const StillRequest& request, std::span<const int> outputs) {
  const PictureRef picture = compose(sources, request);
  Rendered sum = render(*picture, request, outputs.front());
  for (size_t i = 0; i < request.also.size(); ++i) {
    const Rendered more = render(*picture, request.also[i], outputs[i + 1]);
    sum.real_bytes += more.real_bytes;
    sum.encodes += more.encodes;
  }
  return sum;
}

}  // namespace

Rendered render_stills(std::span<const std::unique_ptr<Source>> files, const StillRequest& request,
                       std::span<const int> outputs) {
  std::vector<const Source*> sources;
  std::vector<std::unique_ptr<MemberSource>> members;
  for (size_t i = 0; i < files.size(); ++i) {
    if (!request.members.empty()) {
      members.push_back(std::make_unique<MemberSource>(request.members.at(i), *files[i]));
    }
    sources.push_back(request.members.empty() ? files[i].get() : &members.back()->source());
  }
  try {
    return render_all(sources, request, outputs);
  } catch (const Error& error) {
    const bool is_picture = request.composition == Composition::kNone && request.kind != Kind::kVideo;
    if (error.code() != EINVAL || !is_picture) throw;
    std::string note = error.what();
    try {
      const ShowsDamaged anyway;
      Rendered shown = render_all(sources, request, outputs);
      shown.note = std::move(note);
      return shown;
    } catch (const Error&) {
      // The first one says best what is wrong.
    }
    fail(EINVAL, "{}", note);
  }
}

}  // namespace damfs::worker
