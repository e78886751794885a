// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

// What the writer works out of files' names and of facts found anew.

#include "catalog/model/statements.h"
#include "catalog/model/write/camera_proxy.h"
#include "catalog/model/write/writer.h"
#include "catalog/model/write/writer_act.h"

namespace damfs {

void Writer::renew_facts(const Digest& sha256, const MediaFacts& facts) {
  if (const int64_t blob = blob_with(sha256)) look_again(blob, facts, Look::kAgain);
}

void Writer::learn_facts(const Digest& sha256, const MediaFacts& facts) {
  const int64_t blob = blob_with(sha256);
  if (blob == 0 || count_of("probe_recipe_of_blob", blob) != 0) return;
  look_again(blob, facts, Look::kFirst);
}

int64_t Writer::blob_with(const Digest& sha256) {
  db::Use row(statement("blob_with_digest"));
  row->bind_blob(1, sha256.raw());
  return row->step() ? row->integer(0) : 0;
}

void Writer::look_again(int64_t blob, const MediaFacts& facts, Look look) {
  for (const StatementName name :
       std::initializer_list<StatementName>{"drop_technical", "drop_technical_video", "drop_technical_audio",
                                            "drop_technical_sidecar", "drop_technical_words", "drop_metadata"}) {
    statement(name).bind_all(blob).run();
  }
  add_technical(blob, facts);
  struct Current {
    int64_t asset, version, size, mtime_ns;
  };
  std::vector<Current> shown;
  {
    db::Use rows(statement("assets_showing_blob"));
    rows->bind_all(blob);
    while (rows->step()) shown.push_back({rows->integer(0), rows->integer(1), rows->integer(2), rows->integer(3)});
  }
  for (const Current& current : shown) {
    move_asset_in_groups(current.asset, -1);
    set_version(current.asset, current.version, facts, current.size, current.mtime_ns);
    move_asset_in_groups(current.asset, +1);
    if (look == Look::kFirst) {
      const WithinAct act(*this, act_that_brought(current.asset));
      describe_again(current.asset, facts);
    }
    touched_assets_.try_emplace(current.asset, current.version);
  }
}

// An asset by its path from a folder: "name" or "../Folder/name".
std::optional<int64_t> Writer::asset_named(int64_t folder, std::string_view path) {
  if (path.starts_with("../")) {
    path.remove_prefix(3);
    const size_t slash = path.find('/');
    db::Use row(statement("sibling_folder_called"));
    row->bind_all(folder, path.substr(0, slash));
    if (!row->step()) return std::nullopt;
    folder = row->integer(0);
    path.remove_prefix(slash + 1);
  }
  db::Use row(statement("asset_named_in_folder"));
  row->bind_all(folder, path);
  if (!row->step()) return std::nullopt;
  return row->integer(0);
}

void Writer::pair_camera_proxy(int64_t original, int64_t proxy) {
  if (original == proxy) return;
  const auto is_video = [this](int64_t asset) {
    db::Use row(statement("is_asset_of_kind"));
    row->bind_all(asset, static_cast<int64_t>(Kind::kVideo));
    return row->step();
  };
  if (!is_video(original) || !is_video(proxy)) return;
  statement("set_camera_proxy").bind_all(original, proxy).run();
  touched_assets_.try_emplace(original, 0);
}

// Either of a pair may come first, in this batch or in another import.
void Writer::pair_camera_proxies() {
  for (const NewEntry& entry : new_entries_) {
    for (const std::string& path : camera_originals_of(entry.name)) {
      if (const auto original = asset_named(entry.folder, path)) pair_camera_proxy(*original, entry.asset);
    }
    for (const std::string& path : camera_proxies_of(entry.name)) {
      if (const auto proxy = asset_named(entry.folder, path)) {
        pair_camera_proxy(entry.asset, *proxy);
        break;
      }
    }
  }
}

}  // namespace damfs
