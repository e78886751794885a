// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>

#include "catalog/acts/finding.h"
#include "catalog/base/file.h"
#include "views/serve/out_folder.h"

namespace damfs {

class ServedLibrary;

struct ToExport {
  std::string query;  // in the words of `damfs find`
  Path folder;        // absolute; made if it is not there
  ExactCopies copies = ExactCopies::kOldest;
  std::string profile{};  // of a preview of each instead; empty: the originals
  bool xmp = false;       // with an XMP sidecar beside each
  bool flat = false;      // all in the folder itself
  bool dry_run = false;   // nothing is written
};

// A name of an asset.
struct ExportedName {
  int64_t asset = 0;
  std::string folder;  // below originals/
  std::string name;
  std::string path() const;
};

enum class ExportKind : uint8_t { kOriginal, kPreview, kSidecar };

struct ExportReport {  // files
  int64_t found = 0;   // assets
  int64_t all = 0;     // that are likely to be exported, assets with one name each
  int64_t exported = 0, there = 0, failed = 0;
  int64_t bytes = 0;     // exported
  bool is_full = false;  // the disk: the rest was left
};

struct ExportEvents {
  // It has its name, or would have. `wanted`: what it would be called if nothing were in the way.
  std::function<void(const ExportedName& from, ExportKind kind, const std::string& wanted,
                     const OutFolder::Place& place, const ExportReport& so_far)>
      exported;
  std::function<void(const ExportedName& from, ExportKind kind, const std::string& reason, const ExportReport& so_far)>
      failed;
};

// Copies what a query finds into a folder of the user's: originals proved by their SHA-256 on the way, with their times
// and modes. What is there already is left alone, so that the next call carries on. The events come on this thread.
// EINVAL for what is no query, no profile, or a folder within a library or mount; ENOTDIR for a file.
ExportReport export_found(ServedLibrary& served, const ToExport& wanted, const ExportEvents& events,
                          const std::atomic<bool>& stop);

}  // namespace damfs
