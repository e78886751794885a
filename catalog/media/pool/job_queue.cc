// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/pool/job_queue.h"

#include <algorithm>
#include <set>
#include <utility>

#include "catalog/media/jobs/job_types.h"

namespace damfs {
namespace {

// Beyond so many, lanes at rest are forgotten: a decoder is opened once more, no more than that.
constexpr size_t kLanesKept = 1024;

uint64_t cost_of(const Job& job) { return static_cast<uint64_t>(job_type(job.type).cost(job)); }

}  // namespace

void JobQueue::enqueue(Ticket ticket, const Job& job) {
  Class& of = classes_.at(static_cast<size_t>(job.job_class));
  Flow& flow = of.flows[job.reader];
  if (flow.jobs.empty()) flow.start = std::max(flow.start, of.now);
  flow.jobs.emplace(ticket, job.lane);
}

void JobQueue::dequeue(Ticket ticket, const Job& job) {
  classes_.at(static_cast<size_t>(job.job_class)).flows.at(job.reader).jobs.erase(ticket);
}

void JobQueue::add(Ticket ticket, Job job) {
  enqueue(ticket, job);
  entries_.emplace(ticket, std::move(job));
}

std::optional<Job> JobQueue::remove(Ticket ticket) {
  auto node = entries_.extract(ticket);
  if (node.empty()) return std::nullopt;
  dequeue(ticket, node.mapped());
  return std::move(node.mapped());
}

void JobQueue::promote(Ticket ticket, JobClass job_class, uint64_t reader) {
  const auto found = entries_.find(ticket);
  if (found == entries_.end() || found->second.job_class <= job_class) return;
  dequeue(ticket, found->second);
  found->second.job_class = job_class;
  found->second.reader = reader;
  enqueue(ticket, found->second);
}

bool JobQueue::is_run(Ticket ticket) const {
  const auto found = entries_.find(ticket);
  return found != entries_.end() && damfs::is_run(found->second.type);
}

const JobQueue::LaneState* JobQueue::state_of(Lane lane) const {
  const auto found = lanes_.find(lane);
  return found == lanes_.end() ? nullptr : &found->second;
}

std::optional<JobQueue::Entry> JobQueue::take(unsigned worker, const std::function<bool(unsigned)>& is_idle) {
  const auto can_take = [&](Lane lane) {
    const LaneState* state = state_of(lane);
    return state == nullptr || (!state->is_running && (state->worker == worker || !is_idle(state->worker)));
  };
  for (Class& of : classes_) {
    Flow* next = nullptr;
    Ticket ticket = 0;
    for (auto& [reader, flow] : of.flows) {
      const auto job =
          std::find_if(flow.jobs.begin(), flow.jobs.end(), [&](const auto& entry) { return can_take(entry.second); });
      if (job == flow.jobs.end()) continue;
      if (next != nullptr && std::pair(next->start, ticket) < std::pair(flow.start, job->first)) continue;
      next = &flow;
      ticket = job->first;
    }
    if (next == nullptr) continue;
    Entry entry = take_from(of, *next, ticket);
    if (entry.job.lane != 0) lanes_[entry.job.lane] = {worker, true};
    return entry;
  }
  return std::nullopt;
}

JobQueue::Entry JobQueue::take_from(Class& of, Flow& flow, Ticket ticket) {
  auto node = entries_.extract(ticket);
  Entry entry{ticket, std::move(node.mapped())};
  flow.jobs.erase(ticket);
  of.now = std::max(of.now, flow.start);
  flow.start += cost_of(entry.job);
  // A reader without jobs is only remembered while it is ahead of the others.
  std::erase_if(of.flows, [&](const auto& other) { return other.second.jobs.empty() && other.second.start <= of.now; });
  return entry;
}

std::optional<JobQueue::Entry> JobQueue::take_any() {
  for (Class& of : classes_) {
    for (auto& [reader, flow] : of.flows) {
      if (!flow.jobs.empty()) return take_from(of, flow, flow.jobs.begin()->first);
    }
  }
  return std::nullopt;
}

void JobQueue::release(Lane lane) {
  const auto found = lanes_.find(lane);
  if (found == lanes_.end()) return;
  found->second.is_running = false;
  if (lanes_.size() > kLanesKept) {
    std::erase_if(lanes_, [](const auto& entry) { return !entry.second.is_running; });
  }
}

size_t JobQueue::startable(JobClass job_class) const {
  size_t count = 0;
  std::set<Lane> lanes;
  for (const auto& [reader, flow] : classes_.at(static_cast<size_t>(job_class)).flows) {
    for (const auto& [ticket, lane] : flow.jobs) {
      const LaneState* state = state_of(lane);
      if (lane == 0) {
        ++count;
      } else if (state == nullptr || !state->is_running) {
        lanes.insert(lane);
      }
    }
  }
  return count + lanes.size();
}

bool JobQueue::is_awaited(Lane lane, JobClass job_class) const {
  const auto& flows = classes_.at(static_cast<size_t>(job_class)).flows;
  return std::any_of(flows.begin(), flows.end(), [&](const auto& entry) {
    const auto& jobs = entry.second.jobs;
    return std::any_of(jobs.begin(), jobs.end(), [&](const auto& job) { return job.second == lane; });
  });
}

}  // namespace damfs
