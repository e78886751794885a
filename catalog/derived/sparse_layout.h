// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

namespace damfs {

// How a file that is made piece by piece divides: runs of equally long pieces ("units", numbered through all runs),
// the last of each run shorter if need be; what lies outside the runs is there from the beginning.
struct SparseLayout {
  struct Run {
    uint64_t offset = 0;
    uint64_t unit_bytes = 0;
    uint64_t bytes = 0;  // of the whole run
    int64_t units() const { return static_cast<int64_t>(bytes / unit_bytes + (bytes % unit_bytes != 0 ? 1 : 0)); }
    uint64_t bytes_of_unit(int64_t unit) const {
      const uint64_t at = static_cast<uint64_t>(unit) * unit_bytes;
      return at >= bytes ? 0 : bytes - at < unit_bytes ? bytes - at : unit_bytes;
    }
  };
  uint64_t size = 0;  // of the whole file
  std::vector<Run> runs;

  int64_t units() const;
  struct Place {
    uint64_t offset = 0;
    uint64_t bytes = 0;
  };
  Place place(int64_t unit) const;  // throws Error(EINVAL) for one that is none
  uint64_t checksum() const;
};

// Neighbouring units are evicted together, in groups, so that what is remembered of a file stays small and the disk
// gets back what it can give out again. Their number comes from a stranger's file: state is kept only for groups that
// were used.
class UnitGroups {
 public:
  explicit UnitGroups(const SparseLayout& layout);

  struct Group {
    int64_t first = 0;  // unit
    int64_t count = 0;
    uint64_t offset = 0;
    uint64_t bytes = 0;
  };
  // What the file's owner keeps of one.
  struct State {
    int64_t used_ns = 0;
    uint32_t pins = 0;
    bool leaving = false;
  };
  size_t of(int64_t unit) const;  // its group's number
  Group at(size_t group) const;
  State& state(size_t group) { return states_[group]; }
  State known(size_t group) const {
    const auto found = states_.find(group);
    return found == states_.end() ? State() : found->second;
  }

 private:
  struct Span {
    SparseLayout::Run run;
    int64_t first_unit = 0;
    int64_t units_each = 1;
    size_t first_group = 0;
  };
  std::vector<Span> spans_;  // one a run
  std::unordered_map<size_t, State> states_;
};

}  // namespace damfs
