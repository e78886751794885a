// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/jobs/pack_index_job.h"

#include <nlohmann/json.hpp>

#include "catalog/media/jobs/index_job.h"

namespace damfs {
namespace {

void write_pack_index_request(const Job& job, nlohmann::json& out) {
  out["hash_members"] = job.pack_index.hash_members;
  out["look_at_pictures"] = job.pack_index.look_at_pictures;
  out["charset"] = job.pack_index.charset;
}

void read_pack_index_request(const nlohmann::json& in, Job& job) {
  job.pack_index.hash_members = in.at("hash_members").get<bool>();
  job.pack_index.look_at_pictures = in.at("look_at_pictures").get<bool>();
  job.pack_index.charset = in.at("charset").get<std::string>();
}

}  // namespace

constinit const JobTypeRow kPackIndexJob =
    index_job::row(JobType::kPackIndex, write_pack_index_request, read_pack_index_request);

}  // namespace damfs
