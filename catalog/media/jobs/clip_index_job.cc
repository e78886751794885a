// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/jobs/index_job.h"

namespace damfs {

constinit const JobTypeRow kClipIndexJob = {
    .type = JobType::kClipIndex,
    .write_request = [](const Job&, nlohmann::json&) {},
    .read_request = [](const nlohmann::json&, Job&) {},
    .write_answer = index_job::write_answer,
    .read_answer = index_job::read_answer,
    .sources = one_source,
    .output_bytes = index_job::output_bytes,
    .take = index_job::take,
    .deadlines = one_deadline,
    .cost = cost_of_still,
};

}  // namespace damfs
