// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

// Names that an editor moved aside.

#include <fmt/format.h>

#include <algorithm>

#include "catalog/base/log.h"
#include "catalog/base/names.h"
#include "catalog/model/write/writer.h"
#include "views/frame/acts.h"
#include "views/write/drafts.h"

namespace damfs {

std::optional<Parked> Drafts::parked(NodeId directory, std::string_view temporary_name) const {
  const std::lock_guard lock(mutex_);
  const auto in = directories_.find(directory);
  if (in == directories_.end()) return std::nullopt;
  for (const Parked& each : in->second.parked) {
    if (each.temporary_name == temporary_name) return each;
  }
  return std::nullopt;
}

bool Drafts::is_parked_away(NodeId directory, std::string_view name) const {
  const std::lock_guard lock(mutex_);
  const auto in = directories_.find(directory);
  return in != directories_.end() && std::any_of(in->second.parked.begin(), in->second.parked.end(),
                                                 [&](const Parked& each) { return each.name == name; });
}

bool Drafts::is_parked_version(NodeId directory, std::string_view name, int64_t version) const {
  const std::lock_guard lock(mutex_);
  const auto in = directories_.find(directory);
  return in != directories_.end() &&
         std::any_of(in->second.parked.begin(), in->second.parked.end(),
                     [&](const Parked& each) { return each.name == name && each.asset.row.version == version; });
}

void Drafts::park(NodeId directory, Parked parked) {
  const std::lock_guard lock(mutex_);
  directories_[directory].parked.push_back(std::move(parked));
}

std::optional<Parked> Drafts::take_parked(NodeId directory, std::string_view temporary_name) {
  const std::lock_guard lock(parked_mutex_);
  auto taken = parked(directory, temporary_name);
  if (taken) unpark(directory, temporary_name);
  return taken;
}

void Drafts::unpark(NodeId directory, std::string_view temporary_name) {
  const std::lock_guard lock(mutex_);
  const auto in = directories_.find(directory);
  if (in == directories_.end()) return;
  std::erase_if(in->second.parked, [&](const Parked& each) { return each.temporary_name == temporary_name; });
  if (in->second.drafts.empty() && in->second.parked.empty()) directories_.erase(in);
}

bool Drafts::is_lone(NodeId directory, const Parked& parked) const {
  {
    const std::lock_guard lock(mutex_);
    const auto in = directories_.find(directory);
    if (in == directories_.end() || found_at(directory, parked.name)) return false;
  }
  if (is_litter(parked.temporary_name)) return false;
  const auto reader = parts_.catalog.reader();
  const auto now = parked.view->find_asset(*reader, parked.key, parked.name);
  return now && now->row.version == parked.asset.row.version;
}

bool Drafts::settle(NodeId directory, const Parked& parked) {
  Doing moved{
      .kind = Doing::Kind::kMove, .name = parked.name, .to_name = parked.temporary_name, .asset = parked.asset.row.id};
  moved.place = moved.to_place = place_in_words(*parked.view, *parts_.catalog.reader(), parked.key);
  bool is_settled = false;
  parts_.acts.write(parked.actor, moved, Durability::kSoon, [&](Writer& writer, KnownNames& known) {
    const auto entry = writer.entry_at(parked.view->group_of(parked.key).key, parked.name);
    is_settled = entry && entry->asset == parked.asset.row.id &&
                 writer.current_version(entry->asset) == parked.asset.row.version;
    if (!is_settled) return;  // something came in its place, by whatever way
    parked.view->move(writer, parked.actor, parked.key, parked.asset, parked.key, parked.temporary_name, std::nullopt);
    known.emplace_back(directory, parked.name);
    known.emplace_back(directory, parked.temporary_name);
  });
  return is_settled;
}

void Drafts::settle_parked(int64_t before_ns) {
  std::vector<std::pair<NodeId, Parked>> waiting;
  const std::lock_guard parked_lock(parked_mutex_);
  {
    const std::lock_guard lock(mutex_);
    for (auto& [directory, in] : directories_) {
      for (Parked& each : in.parked) {
        if (each.since_ns >= before_ns) continue;
        waiting.emplace_back(directory, each);
        each.since_ns = now_ns();  // where something did come in its place, that is not asked all the time
      }
    }
  }
  for (const auto& [directory, parked] : waiting) {
    try {
      if (!is_lone(directory, parked) || !settle(directory, parked)) continue;
      unpark(directory, parked.temporary_name);
    } catch (const std::exception& error) {
      log::warning("{} stays {} in the catalog: {}", printable(parked.temporary_name), printable(parked.name),
                   error.what());
    }
  }
}

}  // namespace damfs
