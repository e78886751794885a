// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/frame/asset_xattrs.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <map>
#include <set>

#include "catalog/base/clock.h"
#include "catalog/base/error.h"
#include "catalog/base/log.h"
#include "catalog/base/names.h"
#include "catalog/model/read/details.h"
#include "views/packs/pack_nodes.h"

namespace damfs {
namespace {

constexpr std::string_view kOurs = "user.damfs.";

// What the extended attributes of an original are made from.
struct Facts {
  BytesRow bytes;
  std::vector<LocationRow> locations;
  WordsRow words;
  std::vector<std::string> tags;
  std::string label;
  std::string also;          // its names in originals/, one a line, when it has several
  std::string derived_from;  // members' paths in the mount, other assets' labels, one a line
  std::string note;          // why a sidecar is not heard
};

std::string number_or_none(int64_t number) { return number > 0 ? std::to_string(number) : std::string(); }

std::string joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : ",") + part;
  return text;
}

// The desktop's own names where it has some. An empty value: not set.
struct XattrRow {
  std::string_view name;
  std::string (*value)(const FoundAsset&, const Facts&);
};
constexpr XattrRow kXattrs[] = {
    {"user.xdg.tags", [](const FoundAsset&, const Facts& f) { return tag_words(joined(f.tags)); }},
    {"user.xdg.comment", [](const FoundAsset&, const Facts& f) { return f.words.description; }},
    {"user.dublincore.title", [](const FoundAsset&, const Facts& f) { return f.words.title; }},
    // Stars are 0..10 there, half stars being allowed.
    {"user.baloo.rating",
     [](const FoundAsset&, const Facts& f) {
       return f.words.rating.value_or(0) > 0 ? std::to_string(*f.words.rating * 2) : std::string();
     }},
    {"user.damfs.id", [](const FoundAsset& a, const Facts&) { return std::to_string(a.row.id); }},
    {"user.damfs.asset", [](const FoundAsset& a, const Facts&) { return std::to_string(a.row.id); }},
    {"user.damfs.label", [](const FoundAsset&, const Facts& f) { return f.label; }},
    {"user.damfs.also", [](const FoundAsset&, const Facts& f) { return f.also; }},
    {"user.damfs.derived_from", [](const FoundAsset&, const Facts& f) { return f.derived_from; }},
    {"user.damfs.width", [](const FoundAsset& a, const Facts&) { return number_or_none(a.row.still.width); }},
    {"user.damfs.height", [](const FoundAsset& a, const Facts&) { return number_or_none(a.row.still.height); }},
    {"user.damfs.duration",
     [](const FoundAsset&, const Facts& f) {
       return f.bytes.duration_us > 0 ? fmt::format("{:.3f}", static_cast<double>(f.bytes.duration_us) / 1e6) : "";
     }},
    {"user.damfs.sha256", [](const FoundAsset&, const Facts& f) { return f.bytes.sha256.hex(); }},
    {"user.damfs.type", [](const FoundAsset&, const Facts& f) { return f.bytes.mime; }},
    {"user.damfs.custody",
     [](const FoundAsset&, const Facts& f) { return f.locations.empty() ? "missing" : f.locations.front().custody; }},
    {"user.damfs.captured", [](const FoundAsset&, const Facts& f) { return f.words.captured; }},
    {"user.damfs.date_source",
     [](const FoundAsset&, const Facts& f) { return std::string(to_string(f.words.date_source)); }},
    {"user.damfs.error",
     [](const FoundAsset&, const Facts& f) { return f.bytes.damage.empty() ? f.bytes.problem : f.bytes.damage; }},
    {"user.damfs.note", [](const FoundAsset&, const Facts& f) { return f.note; }},
};

std::optional<Facts> facts_of(Catalog& catalog, const FoundAsset& asset) {
  const auto reader = catalog.reader();
  auto bytes = reader->bytes_of_version(asset.row.version);
  if (!bytes) return std::nullopt;
  Facts facts{std::move(*bytes),
              reader->locations_of_version(asset.row.version),
              reader->words(asset.row.id),
              reader->tag_texts(asset.row.id),
              {},
              {},
              {},
              unreadable_sidecar(*reader, asset.row.id)};
  if (const auto row = reader->asset(asset.row.id)) facts.label = row->name;
  const auto entries = reader->folder_entries(asset.row.id);
  for (const auto& [folder, name] : entries) {
    if (entries.size() < 2) break;
    if (!facts.also.empty()) facts.also += '\n';
    facts.also += join_path(reader->group_path(Grouping::kFolder, folder), name);
  }
  for (const PackReader::Origin& from : PackReader(*reader).origins(asset.row.id)) {
    if (!facts.derived_from.empty()) facts.derived_from += '\n';
    facts.derived_from += from.inside.empty() ? from.label : join_path(kPacksName, from.inside);
  }
  return facts;
}

// `own`: what the asset's tags say. Of these a '/' and a ',' may be part, and they are given back as they were told.
std::set<int64_t> tags_in(Writer& writer, std::string_view value, const std::map<std::string, int64_t>& own) {
  std::set<int64_t> wanted;
  while (!value.empty()) {
    const auto stands = std::find_if(own.rbegin(), own.rend(), [&](const auto& tag) {
      return value.starts_with(tag.first) && (value.size() == tag.first.size() || value[tag.first.size()] == ',');
    });
    if (stands != own.rend()) {
      wanted.insert(stands->second);
      value.remove_prefix(std::min(stands->first.size() + 1, value.size()));
      continue;
    }
    const size_t comma = std::min(value.find(','), value.size());
    std::string_view tag = value.substr(0, comma);
    value.remove_prefix(std::min(comma + 1, value.size()));
    while (!tag.empty() && (tag.front() == ' ' || tag.front() == '/')) tag.remove_prefix(1);
    while (!tag.empty() && (tag.back() == ' ' || tag.back() == '/')) tag.remove_suffix(1);
    if (tag.empty()) continue;
    const auto known = writer.tag_called(tag);
    wanted.insert(known ? *known : writer.ensure_group(Grouping::kTag, tag));
  }
  return wanted;
}

void set_tags(Writer& writer, int64_t asset, std::string_view value) {
  std::set<int64_t> wanted = tags_in(writer, value, writer.tag_texts_of(asset));
  for (const int64_t tag : writer.tags_of(asset)) {
    if (wanted.erase(tag) == 0) writer.remove_tag(asset, tag);
  }
  for (const int64_t tag : wanted) writer.add_tag(asset, tag);
}

void set_stars(Writer& writer, int64_t asset, std::string_view value) {
  int64_t half_stars = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), half_stars);
  if (!value.empty() && (error != std::errc() || end != value.data() + value.size())) {
    fail(EINVAL, "a rating is a number from 0 to 10, not '{}'", printable(value));
  }
  if (half_stars < 0 || half_stars > 10) fail(EINVAL, "a rating is 0 to 10, not {}", half_stars);
  writer.set_rating(asset, half_stars == 0 ? std::nullopt : std::optional((half_stars + 1) / 2));
}

void set_own(Writer& writer, int64_t asset, std::string_view name, std::string_view value) {
  if (value.empty()) {
    writer.remove_attribute(asset, name);
  } else {
    writer.set_attribute(asset, name, value);
  }
}

}  // namespace

std::optional<std::string> asset_xattr(Catalog& catalog, const FoundAsset& asset, std::string_view name) {
  const auto* row = std::find_if(std::begin(kXattrs), std::end(kXattrs),
                                 [&](const XattrRow& candidate) { return candidate.name == name; });
  if (row == std::end(kXattrs)) {
    return name.starts_with("user.") ? catalog.reader()->attribute(asset.row.id, name) : std::nullopt;
  }
  const auto facts = facts_of(catalog, asset);
  if (!facts) return std::nullopt;
  std::string value = row->value(asset, *facts);
  if (value.empty()) return std::nullopt;
  return value;
}

std::vector<std::string> asset_xattr_names(Catalog& catalog, const FoundAsset& asset) {
  std::vector<std::string> names;
  const auto facts = facts_of(catalog, asset);
  if (!facts) return names;
  for (const XattrRow& row : kXattrs) {
    if (!row.value(asset, *facts).empty()) names.emplace_back(row.name);
  }
  for (std::string& own : catalog.reader()->attribute_names(asset.row.id)) names.push_back(std::move(own));
  return names;
}

bool is_settable(std::string_view name) {
  return name.starts_with("user.") && (!name.starts_with(kOurs) || name == kLockAttribute);
}

bool is_worked_out(std::string_view name) {
  if (!name.starts_with(kOurs) || name == kLockAttribute) return false;
  static std::atomic<bool> is_said = false;
  if (!is_said.exchange(true))
    log::warning("{} is worked out: what a program sets of {}* changes nothing", name, kOurs);
  return true;
}

void require_settable(std::string_view name) {
  if (!name.starts_with("user.")) fail(EOPNOTSUPP, "{} is not kept; user.* is", name);
}

void set_asset_xattr(Writer& writer, int64_t asset, std::string_view name, std::string_view value) {
  if (name == "user.xdg.tags") return set_tags(writer, asset, value);
  if (name == "user.baloo.rating") return set_stars(writer, asset, value);
  if (name == "user.xdg.comment") {
    writer.set_description(asset, value);
    return;
  }
  if (name == "user.dublincore.title") {
    writer.set_title(asset, value);
    return;
  }
  if (name == kLockAttribute && !value.empty() && !CaptureTime::parse(value) && !Day::parse(value)) {
    fail(EINVAL, "a lock ends at a date like 2030-12-31, not '{}'", printable(value));
  }
  require_settable(name);
  if (is_worked_out(name)) return;
  // Who does not own the file does not get past this.
  if (name == kLockAttribute && value.empty()) writer.unlock_mode(asset);
  if (name == kLockAttribute && !value.empty()) writer.lock_mode(asset);
  set_own(writer, asset, name, value);
}

void add_asset_xattr(Writer& writer, int64_t asset, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  if (name == "user.xdg.tags") {
    for (const int64_t tag : tags_in(writer, value, writer.tag_texts_of(asset))) writer.add_tag(asset, tag);
    return;
  }
  const bool stands = name == "user.baloo.rating"       ? writer.has_rating(asset)
                      : name == "user.xdg.comment"      ? writer.has_words(Step::What::kDescription, asset)
                      : name == "user.dublincore.title" ? writer.has_words(Step::What::kTitle, asset)
                                                        : writer.has_attribute(asset, name);
  if (!stands) set_asset_xattr(writer, asset, name, value);
}

}  // namespace damfs
