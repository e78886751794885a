// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/jobs/member_job.h"

#include <nlohmann/json.hpp>

#include "catalog/media/jobs/run_job.h"

namespace damfs {

nlohmann::json member_to_json(const MemberRequest& member) {
  return {{"number", member.number},
          {"size", member.size},
          {"method", member.method},
          {"offset", member.offset},
          {"stored_size", member.stored_size},
          {"crc", member.crc},
          {"archive_offset", member.archive_offset},
          {"archive_size", member.archive_size},
          {"entry", member.entry},
          {"indexed_size", member.indexed_size}};
}

MemberRequest member_from_json(const nlohmann::json& in) {
  MemberRequest member;
  member.number = in.at("number").get<int64_t>();
  member.size = in.at("size").get<int64_t>();
  member.method = in.at("method").get<uint16_t>();
  member.offset = in.at("offset").get<int64_t>();
  member.stored_size = in.at("stored_size").get<int64_t>();
  member.crc = in.at("crc").get<uint32_t>();
  member.entry = in.at("entry").get<int64_t>();
  member.archive_offset = in.at("archive_offset").get<int64_t>();
  member.archive_size = in.at("archive_size").get<int64_t>();
  member.indexed_size = in.at("indexed_size").get<int64_t>();
  return member;
}

namespace {

void write_member_request(const Job& job, nlohmann::json& out) {
  run_job::write_run(job, out);
  out["member"] = member_to_json(job.member);
}

void read_member_request(const nlohmann::json& in, Job& job) {
  run_job::read_run(in, job);
  job.member = member_from_json(in.at("member"));
}

}  // namespace

constinit const JobTypeRow kMemberJob = run_job::row(JobType::kMember, write_member_request, read_member_request);

}  // namespace damfs
