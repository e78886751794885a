// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/jobs/clip_job.h"

#include <cerrno>
#include <nlohmann/json.hpp>
#include <utility>

#include "catalog/base/error.h"
#include "catalog/media/facts_json.h"
#include "catalog/media/jobs/run_job.h"

namespace damfs {
namespace {

ClipRequest clip_from_json(const nlohmann::json& in) {
  ClipRequest clip;
  auto facts = clip_from_text(in.at("facts").get<std::string>());
  if (!facts) fail(EPROTO, "a malformed job: facts");
  clip.facts = std::move(*facts);
  clip.codec = static_cast<ClipCodec>(in.at("codec").get<int>());
  clip.raster = {in.at("width").get<int64_t>(), in.at("height").get<int64_t>()};
  clip.track = in.at("track").get<int>();
  clip.threads = in.at("threads").get<int>();
  return clip;
}

nlohmann::json clip_to_json(const ClipRequest& clip) {
  return {{"facts", clip_to_text(clip.facts)},
          {"codec", static_cast<int>(clip.codec)},
          {"width", clip.raster.width},
          {"height", clip.raster.height},
          {"track", clip.track},
          {"threads", clip.threads}};
}

void write_clip_request(const Job& job, nlohmann::json& out) {
  run_job::write_run(job, out);
  out["clip"] = clip_to_json(job.clip);
}

void read_clip_request(const nlohmann::json& in, Job& job) {
  run_job::read_run(in, job);
  job.clip = clip_from_json(in.at("clip"));
}

}  // namespace

constinit const JobTypeRow kClipJob = run_job::row(JobType::kClip, write_clip_request, read_clip_request);

}  // namespace damfs
