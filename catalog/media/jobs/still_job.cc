// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/jobs/still_job.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>

#include "catalog/base/error.h"
#include "catalog/base/names.h"
#include "catalog/media/facts_json.h"
#include "catalog/media/jobs/job_types.h"

namespace damfs {
namespace {

nlohmann::json spec_to_json(const StillSpec& spec) {
  return {{"width", spec.target.width},
          {"height", spec.target.height},
          {"declared_bytes", spec.declared_bytes},
          {"format", static_cast<int>(spec.format)},
          {"quality", spec.quality},
          {"effort", spec.effort}};
}

StillSpec spec_from_json(const nlohmann::json& in) {
  StillSpec spec;
  spec.target = {in.at("width").get<int64_t>(), in.at("height").get<int64_t>()};
  spec.declared_bytes = in.at("declared_bytes").get<int64_t>();
  spec.format = static_cast<StillFormat>(in.at("format").get<int>());
  spec.quality = in.at("quality").get<int>();
  spec.effort = in.at("effort").get<int>();
  return spec;
}

nlohmann::json still_to_json(const StillRequest& still) {
  nlohmann::json out = {{"composition", static_cast<int>(still.composition)},
                        {"sources", still.sources},
                        {"members", nlohmann::json::array()},
                        {"roles", nlohmann::json::array()},
                        {"kind", static_cast<int>(still.kind)},
                        {"mime", printable(still.mime)},
                        {"seek_us", still.seek_us},
                        {"stills", nlohmann::json::array({spec_to_json(still)})}};
  for (const StillSpec& spec : still.also) out["stills"].push_back(spec_to_json(spec));
  for (const MemberRequest& member : still.members) out["members"].push_back(member_to_json(member));
  for (const MapRole role : still.roles) out["roles"].push_back(static_cast<int>(role));
  return out;
}

int most_sources(const StillRequest& still) {
  switch (still.composition) {
    case Composition::kCollage: return kMaxCollage;
    case Composition::kMaterial: return kMaxMaps;
    default: return 1;
  }
}

StillRequest still_from_json(const nlohmann::json& in) {
  StillRequest still;
  const nlohmann::json& specs = in.at("stills");
  still.composition = static_cast<Composition>(in.at("composition").get<int>());
  still.sources = in.at("sources").get<int>();
  if (specs.empty() || specs.size() > kMaxStills || still.sources < 1 || still.sources > most_sources(still)) {
    fail(EPROTO, "a malformed job: {} stills of {} sources", specs.size(), still.sources);
  }
  for (const nlohmann::json& member : in.at("members")) still.members.push_back(member_from_json(member));
  for (const nlohmann::json& role : in.at("roles")) still.roles.push_back(static_cast<MapRole>(role.get<int>()));
  const auto sources = static_cast<size_t>(still.sources);
  const bool are_paired = (still.members.empty() || still.members.size() == sources) &&
                          (still.composition != Composition::kMaterial || still.roles.size() == sources);
  if (!are_paired) fail(EPROTO, "a malformed job: {} members of {} sources", still.members.size(), sources);
  static_cast<StillSpec&>(still) = spec_from_json(specs.at(0));
  for (size_t i = 1; i < specs.size(); ++i) still.also.push_back(spec_from_json(specs.at(i)));
  still.kind = static_cast<Kind>(in.at("kind").get<int>());
  still.mime = in.at("mime").get<std::string>();
  still.seek_us = in.at("seek_us").get<int64_t>();
  return still;
}

int64_t declared_bytes(const StillRequest& still) {
  int64_t sum = still.declared_bytes;
  for (const StillSpec& spec : still.also) sum += spec.declared_bytes;
  return sum;
}

// Stills' bytes and, behind a comma, encodes; on a line of its own what is to be said of them.
std::string write_still_answer(const JobResult& result, const Job&) {
  const std::string count = std::to_string(result.real_bytes) + ',' + std::to_string(result.encodes);
  return result.note.empty() ? count : count + '\n' + printable(result.note);
}

void read_still_answer(std::string_view text, const Job& job, JobResult& result) {
  if (const size_t line = text.find('\n'); line != text.npos) {
    result.note = printable(text.substr(line + 1, FactLimits::kSentence));
    text = text.substr(0, line);
  }
  const size_t comma = text.find(',');
  const int64_t encodes = comma != text.npos ? number_in_answer(text.substr(comma + 1)) : -1;
  const int64_t count = number_in_answer(text.substr(0, comma));
  if (count <= 0 || count > declared_bytes(job.still) || encodes < -1) fail(EPROTO, "a file of {} bytes", count);
  result.real_bytes = count;
  result.encodes = std::max<int64_t>(encodes, 0);
}

size_t still_sources(const Job& job) { return static_cast<size_t>(std::max(job.still.sources, 1)); }

std::vector<int64_t> still_bytes(const Job& job) {
  std::vector<int64_t> bytes{job.still.declared_bytes};
  for (const StillSpec& spec : job.still.also) bytes.push_back(spec.declared_bytes);
  return bytes;
}

void take_stills(const Job& job, std::span<const HandedOutput> outputs, const JobResult& result) {
  const std::vector<int64_t> bytes = still_bytes(job);
  const auto further = std::span(job.more).subspan(std::min(job.more.size(), still_sources(job) - 1));
  int64_t written = 0;
  for (size_t i = 0; i < outputs.size(); ++i) {
    const int target = i == 0 ? job.output.get() : further[i - 1].get();
    written += outputs[i].written(0, bytes[i]);
    outputs[i].copy(0, bytes[i], target);
    if (::ftruncate(target, bytes[i]) != 0) throw_errno(errno, "cannot make a derived file");
  }
  if (written < result.real_bytes) {
    fail(EPROTO, "the output has {} bytes, of {} that are declared {} were said to be real", written,
         job.still.declared_bytes, result.real_bytes);
  }
}

}  // namespace

constinit const JobTypeRow kStillJob = {
    .type = JobType::kStill,
    .write_request = [](const Job& job, nlohmann::json& out) { out["still"] = still_to_json(job.still); },
    .read_request = [](const nlohmann::json& in, Job& job) { job.still = still_from_json(in.at("still")); },
    .write_answer = write_still_answer,
    .read_answer = read_still_answer,
    .sources = still_sources,
    .output_bytes = still_bytes,
    .take = take_stills,
    .deadlines = one_deadline,
    .cost = cost_of_still,
};

}  // namespace damfs
