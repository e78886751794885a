// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/worker/still.h"

#include <unistd.h>

#include <cerrno>
#include <string_view>
#include <vector>

#include "catalog/base/error.h"
#include "catalog/base/file.h"
#include "catalog/media/worker/collage.h"
#include "catalog/media/worker/fit.h"
#include "catalog/media/worker/material_ball.h"
#include "catalog/media/worker/member_stream.h"
#include "catalog/media/worker/mime.h"
#include "catalog/media/worker/picture.h"

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

Rendered render(Picture& picture, const StillSpec& spec, int output) {
  check_spec(spec);
  const Image image = picture.at(spec.target);
  const Raster made{vips_image_get_width(image.get()), vips_image_get_height(image.get())};
  if (made != spec.target) {
    fail(EINVAL, "the picture is not what was catalogued: its preview has {} by {} pixels", made.width, made.height);
  }
  const Fitted fitted = fit_still(image.get(), spec);
  write_file(output, fitted.file, spec.declared_bytes);
  return {fitted.file.real_bytes(), fitted.encodes};
}

}  // namespace

PictureRef open_picture(const Source& source, const StillRequest& request, Reuse reuse) {
  if (request.kind == Kind::kVideo) return video_picture(source, request.seek_us);
  if (request.kind == Kind::kAudio) return audio_picture(source, reuse);
  if (is_raw_mime(request.mime)) return raw_picture(source, reuse);
  if (request.mime == "image/x-exr") return exr_picture(source.bytes());
  if (request.mime == "image/vnd.adobe.photoshop") return psd_picture(source.bytes());
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
  const PictureRef picture = compose(sources, request);
  Rendered sum = render(*picture, request, outputs.front());
  for (size_t i = 0; i < request.also.size(); ++i) {
    const Rendered more = render(*picture, request.also[i], outputs[i + 1]);
    sum.real_bytes += more.real_bytes;
    sum.encodes += more.encodes;
  }
  return sum;
}

}  // namespace damfs::worker
