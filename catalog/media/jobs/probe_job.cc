// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <nlohmann/json.hpp>

#include "catalog/base/names.h"
#include "catalog/media/facts_json.h"
#include "catalog/media/jobs/job_types.h"

namespace damfs {

constinit const JobTypeRow kProbeJob = {
    .type = JobType::kProbe,
    .write_request = [](const Job& job, nlohmann::json& out) { out["name"] = printable(job.name); },
    .read_request = [](const nlohmann::json& in, Job& job) { job.name = in.at("name").get<std::string>(); },
    .write_answer = [](const JobResult& result, const Job&) { return facts_to_json(result.facts); },
    .read_answer = [](std::string_view text, const Job&, JobResult& result) { result.facts = facts_from_json(text); },
    .sources = one_source,
    .output_bytes = [](const Job&) { return std::vector<int64_t>(); },
    .take = [](const Job&, std::span<const HandedOutput>, const JobResult&) {},
    .deadlines = one_deadline,
    .cost = cost_of_still,
};

}  // namespace damfs
