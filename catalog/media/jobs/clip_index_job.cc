// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/jobs/index_job.h"

namespace damfs {

constinit const JobTypeRow kClipIndexJob = index_job::row(
    JobType::kClipIndex, [](const Job&, nlohmann::json&) {}, [](const nlohmann::json&, Job&) {});

}  // namespace damfs
