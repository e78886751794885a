// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/model/write/writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "catalog/base/error.h"
#include "catalog/base/names.h"
#include "catalog/model/statements.h"
#include "catalog/model/write/writer_act.h"

namespace damfs {
namespace {

int64_t number(Kind kind) { return static_cast<int64_t>(kind); }
int64_t number(DateSource source) { return static_cast<int64_t>(source); }

// What a file says of itself. A sidecar speaks of another file.
SidecarWords words_in(const MediaFacts& facts) {
  if (facts.mime == kSidecarMime) return {};
  SidecarWords words{std::nullopt, facts.title, facts.description, facts.tags, {}, {}};
  if (facts.rating.value_or(0) != 0) words.rating = facts.rating;  // 0 is how XMP says that there is none
  return words;
}

}  // namespace

Writer::Writer(db::Database& database, Statements& statements, const DateRules& dates)
    : database_(database), statements_(statements), dates_(dates), now_ns_(now_ns()) {}
Writer::~Writer() = default;

db::Statement& Writer::statement(StatementName name) { return statements_[name]; }

db::Statement& Writer::statement_of(const GroupingRow& grouping, StatementName name) {
  return statements_.of(grouping, name);
}

int64_t Writer::value_of(StatementName name) {
  db::Use row(statement(name));
  return row->step() ? row->integer(0) : 0;
}

int64_t Writer::entry_of_source(std::string_view path) {
  db::Use row(statement("entry_of_source"));
  row->bind_all(path);
  return row->step() ? row->integer(0) : 0;
}

std::optional<int64_t> Writer::asset_of_entry(int64_t entry) {
  db::Use row(statement("asset_of_entry"));
  row->bind_all(entry);
  if (!row->step()) return std::nullopt;
  return row->integer(0);
}

void Writer::remember_source(const IncomingFile& incoming, int64_t entry) {
  if (incoming.source_path.empty()) return;
  db::Use row(statement("remember_source"));
  const SourceStamp& stamp = incoming.stamp;
  row->bind_all(std::string_view(incoming.source_path), stamp.size, stamp.mtime_ns, stamp.ctime_ns, stamp.inode, entry);
  row->bind_blob(7, incoming.sha256.raw());
  row->run();
}

// A file that was read again and has the bytes that were taken from it last: whatever people made of those since, in
// the mount, is not undone by it.
std::optional<FiledAs> Writer::same_source(const IncomingFile& incoming) {
  FiledAs filed;
  int64_t entry = 0;
  {
    // Where it is not known what was taken from it, it may have been any state of the asset.
    db::Use row(statement("entry_of_source_with_bytes"));
    row->bind(1, std::string_view(incoming.source_path)).bind_blob(2, incoming.sha256.raw());
    if (!row->step()) return std::nullopt;
    entry = row->integer(0);
    filed.asset = row->integer(1);
    if (filed.asset != 0) filed.path = join_path(folder_path(row->integer(2)), row->text(3));
  }
  remember_source(incoming, entry);
  return filed;
}

FiledAs Writer::file(const IncomingFile& incoming) {
  if (!incoming.source_path.empty()) {
    if (auto filed = same_source(incoming)) return *filed;
  }
  if (incoming.only_unknown) {
    if (const auto known = oldest_with(incoming.sha256)) return {Filed::kKnown, *known, {}};
  }
  const bool is_known = incoming.link || blob_with(incoming.sha256) != 0;
  const int64_t blob = incoming.link ? blob_of_links() : add_blob(incoming);
  if (auto filed = refile(incoming, blob)) return *filed;
  if (auto filed = is_known ? arrived_before(incoming, blob) : std::nullopt) return *filed;
  const int64_t folder = ensure_folder(incoming.folder, incoming.folders);
  const auto path_of = [&](std::string_view name) { return join_path(folder_path(folder), name); };
  // The very name, if these bytes have it already.
  {
    db::Use row(statement("entry_with_blob_at"));
    row->bind_all(folder, std::string_view(incoming.name), incoming.link);
    if (row->step() && row->integer(2) == blob) {
      remember_source(incoming, row->integer(0));
      return {Filed::kKnown, row->integer(1), path_of(incoming.name)};
    }
  }
  const std::string name = free_name(folder, incoming.name, incoming.sha256, incoming.link);
  // The suffixed name may itself be there, with these bytes.
  if (const auto present = entry_at(folder, name)) {
    remember_source(incoming, present->id);
    return {Filed::kKnown, present->asset, path_of(name)};
  }
  const MediaFacts facts = incoming.facts != nullptr ? *incoming.facts : technical_facts(blob);
  const FiledAs filed{is_known && incoming.size > 0 && !incoming.link ? Filed::kNewCopy : Filed::kNewAsset,
                      add_asset(incoming, blob, facts), path_of(name)};
  set_ownership(filed.asset, incoming.ownership);
  link_copy(filed.asset, incoming.copy_of);
  remember_source(incoming, add_entry(folder, name, filed.asset));
  return filed;
}

// What came into a folder of that name, by that name, with these bytes, from another place: it is there still, wherever
// and whatever it is called by now, or comes back out of the trash.
std::optional<FiledAs> Writer::arrived_before(const IncomingFile& incoming, int64_t blob) {
  int64_t asset = 0;
  {
    db::Use row(statement("asset_that_arrived_as"));
    row->bind_all(std::string_view(incoming.folder), std::string_view(incoming.name), blob, incoming.link);
    if (!row->step()) return std::nullopt;
    asset = row->integer(0);
  }
  {
    db::Use row(statement("first_entry_of_asset"));
    row->bind_all(asset);
    if (row->step()) {
      remember_source(incoming, row->integer(0));
      return FiledAs{Filed::kKnown, asset, join_path(folder_path(row->integer(1)), row->text(2))};
    }
  }
  const int64_t folder = ensure_folder(incoming.folder, incoming.folders);
  const std::string name = free_name(folder, incoming.name, incoming.sha256, incoming.link);
  if (entry_at(folder, name)) return std::nullopt;
  remember_source(incoming, add_entry(folder, name, asset));
  for (const std::string& tag : technical_facts(blob).tags) add_tag(asset, ensure_group(Grouping::kTag, tag));
  return FiledAs{Filed::kBroughtBack, asset, join_path(folder_path(folder), name)};
}

int64_t Writer::arrival_folder(const std::string& path) {
  const auto known = arrival_folders_.find(path);
  if (known != arrival_folders_.end()) return known->second;
  statement("add_arrival_folder").bind_all(std::string_view(path)).run();
  db::Use row(statement("arrival_folder"));
  row->bind_all(std::string_view(path));
  return arrival_folders_[path] = row->step() ? row->integer(0) : 0;
}

// What this source became in this folder, perhaps under a suffixed name: it is that still, or a new state of it.
std::optional<FiledAs> Writer::refile(const IncomingFile& incoming, int64_t blob) {
  const int64_t entry = entry_of_source(incoming.source_path);
  db::Use row(statement("entry_with_blob"));
  row->bind_all(entry, incoming.link);
  if (!row->step()) return std::nullopt;
  const int64_t folder = row->integer(3);
  if (folder_path(folder) != incoming.folder) return std::nullopt;
  FiledAs filed{Filed::kKnown, row->integer(0), join_path(incoming.folder, row->text(2))};
  const bool says_the_same = row->integer(4) != 0;
  const bool is_or_was_link = incoming.link || row->integer(5) != 0;
  const bool changed = row->integer(1) != blob;
  const EntryRow was{entry, folder, std::string(row->text(2)), filed.asset};
  row->reset();
  if (is_or_was_link && !says_the_same) {
    trash_entry(was, act_ ? act_->uid : 0);
    return std::nullopt;
  }
  if (changed) {
    const FiledAs replaced = replace_entry(entry, filed.asset, incoming, blob);
    filed.how = replaced.how;
    filed.asset = replaced.asset;
    changed_groups_.emplace(Grouping::kFolder, folder);
  }
  remember_source(incoming, entry);
  return filed;
}

FiledAs Writer::replace_entry(int64_t entry, int64_t old_asset, const IncomingFile& incoming, int64_t blob) {
  int64_t names = 0;
  {
    db::Use row(statement("count_of_entries"));
    row->bind_all(old_asset);
    if (row->step()) names = row->integer(0);
  }
  const MediaFacts stored = incoming.facts != nullptr ? MediaFacts{} : technical_facts(blob);
  const MediaFacts& facts = incoming.facts != nullptr ? *incoming.facts : stored;
  if (names == 1 || count_of("names_part_of_asset", old_asset) == 0) {
    adopt_version(old_asset, add_version(old_asset, blob, incoming.mtime_ns, incoming.version), facts);
    describe_again(old_asset, facts);
    return {Filed::kNewVersion, old_asset, {}};
  }
  // An older damfs gave it several names, where somebody had made several files: only this one moves on.
  const int64_t asset = add_copy(old_asset, incoming, blob, facts);
  EntryRow row;
  {
    db::Use at(statement("entry"));
    at->bind_all(entry);
    if (at->step()) row = {at->integer(0), at->integer(1), std::string(at->text(2)), at->integer(3)};
  }
  statement("set_asset_of_entry").bind_all(entry, asset).run();
  record({Step::What::kEntry, old_asset, row.folder, row.name, ""});
  record({Step::What::kEntry, asset, row.folder, "", row.name});
  settle_state(old_asset);
  settle_state(asset);
  touched_assets_.try_emplace(old_asset, 0);
  touched_assets_.try_emplace(asset, 0);
  return {Filed::kNewVersion, asset, {}};
}

// An asset of its own for one of several names of `original`: it starts with what people said of that (docs/design.md
// 2, "Copies are independent").
int64_t Writer::add_copy(int64_t original, const IncomingFile& incoming, int64_t blob, MediaFacts facts) {
  {
    db::Use row(statement("rating_if_any"));
    row->bind_all(original);
    if (row->step()) facts.rating = static_cast<int>(row->integer(0));
  }
  const int64_t asset = add_asset(incoming, blob, facts);
  std::vector<std::pair<Grouping, int64_t>> groups;
  const auto gather = [&](Grouping grouping, StatementName name) {
    db::Use rows(statement(name));
    rows->bind_all(original);
    while (rows->step()) groups.emplace_back(grouping, rows->integer(0));
  };
  gather(Grouping::kTag, "tags_of_asset_in_order");
  gather(Grouping::kAlbum, "albums_of_asset_in_order");
  for (const auto& [grouping, key] : groups) {
    add_member(grouping, asset, key);
  }
  statement("add_link_to_first").bind_all(original, asset).run();
  return asset;
}

int64_t Writer::add_blob(const IncomingFile& incoming) {
  {
    db::Use row(statement("blob_with_digest"));
    row->bind_blob(1, incoming.sha256.raw());
    if (row->step()) return row->integer(0);
  }
  if (incoming.facts == nullptr) fail(EINVAL, "no facts for the new blob {}", incoming.sha256.hex());
  db::Use row(statement("add_blob"));
  row->bind_blob(1, incoming.sha256.raw()).bind(2, incoming.size).bind(3, now_ns_);
  if (incoming.data_bytes && *incoming.data_bytes < incoming.size) {
    row->bind(4, *incoming.data_bytes);
  } else {
    row->bind_null(4);
  }
  row->run();
  const int64_t blob = database_.last_insert_id();
  statement("add_location").bind_all(blob).run();
  statement("count_blob_in").bind_all(incoming.size).run();
  add_technical(blob, *incoming.facts);
  return blob;
}

void Writer::add_technical(int64_t blob, const MediaFacts& facts) {
  const Raster raster = facts.raster.value_or(Raster{});
  const Raster still = facts.still.value_or(Raster{});
  const auto text = [](const std::string& value) { return std::string_view(value); };
  db::Use row(statement("add_technical"));
  const std::string clip = facts.clip ? clip_to_text(*facts.clip) : "";
  const std::string captured = facts.captured ? facts.captured->text() : "";
  row->bind_all(blob, number(facts.kind), text(facts.mime), text(facts.problem), raster.width, raster.height,
                int64_t{facts.orientation}, still.width, still.height, int64_t{facts.pages}, facts.duration_us,
                text(facts.make), text(facts.model), text(facts.lens), text(captured), number(facts.date_source),
                text(clip), int64_t{kProbeRecipe});
  if (facts.position) {
    row->bind(19, facts.position->latitude).bind(20, facts.position->longitude).bind(21, facts.position->altitude);
  } else {
    row->bind_null(19).bind_null(20).bind_null(21);
  }
  row->run();
  add_streams(blob, facts);
  if (facts.mime == kSidecarMime && facts.problem.empty()) add_sidecar(blob, facts);
  add_words(blob, facts);
  if (facts.pack) add_pack(blob, *facts.pack, facts.pack_charset);
}

void Writer::add_streams(int64_t blob, const MediaFacts& facts) {
  const auto text = [](const std::string& value) { return std::string_view(value); };
  if (facts.video) {
    const VideoFacts& v = *facts.video;
    db::Use video(statement("add_technical_video"));
    video->bind_all(blob, text(v.codec), v.coded.width, v.coded.height, v.sample_aspect.num, v.sample_aspect.den,
                    int64_t{v.rotation}, v.frame_rate.num, v.frame_rate.den, int64_t{v.variable_frame_rate},
                    v.frame_count, text(v.field_order), text(v.pixel_format), text(v.color_primaries),
                    text(v.color_transfer), text(v.color_space), text(v.color_range), text(v.timecode), text(v.reel));
    video->run();
  }
  if (facts.audio) {
    const AudioFacts& a = *facts.audio;
    db::Use audio(statement("add_technical_audio"));
    audio->bind_all(blob, text(a.codec), int64_t{a.channels}, text(a.channel_layout), int64_t{a.sample_rate},
                    a.bit_rate);
    audio->run();
  }
}

// What a new version of known bytes takes over: the columns that a listing shows, and what they say of themselves.
MediaFacts Writer::technical_facts(int64_t blob) {
  MediaFacts facts;
  db::Use row(statement("technical_of_blob"));
  row->bind_all(blob);
  if (!row->step()) return facts;
  facts.kind = static_cast<Kind>(row->integer(0));
  facts.mime = row->text(1);
  if (row->integer(2) > 0) facts.still = Raster{row->integer(2), row->integer(3)};
  facts.make = row->text(4);
  facts.model = row->text(5);
  facts.lens = row->text(12);
  facts.captured = CaptureTime::parse(row->text(6));
  facts.date_source = static_cast<DateSource>(row->integer(7));
  facts.clip = clip_from_text(row->text(8));
  if (!row->is_null(10)) facts.position = Position{row->real(10), row->real(11), std::nullopt};
  if (row->text(9).empty()) return facts;
  SidecarWords words = sidecar_from_text(row->text(9));
  facts.title = std::move(words.title);
  facts.description = std::move(words.description);
  facts.tags = std::move(words.tags);
  if (words.rating) facts.rating = static_cast<int>(*words.rating);
  return facts;
}

int64_t Writer::add_version(int64_t asset, int64_t blob, int64_t mtime_ns, int64_t id) {
  db::Use row(statement("add_version"));
  row->bind_all(asset, blob, mtime_ns, now_ns_, id == 0 ? std::nullopt : std::optional(id));
  row->run();
  return database_.last_insert_id();
}

int64_t Writer::add_asset(const IncomingFile& incoming, int64_t blob, const MediaFacts& facts) {
  const int64_t asset = 1 + value_of("last_asset_given");
  const std::string label = make_label(incoming.name, asset);
  {
    db::Use row(statement("add_asset"));
    row->bind(1, number(facts.kind));
    if (facts.rating && facts.mime != kSidecarMime) {
      row->bind(2, int64_t{*facts.rating});
    } else {
      row->bind_null(2);
    }
    row->bind(3, std::string_view(label)).bind(4, std::string_view(fold(label))).bind(5, asset);
    if (incoming.is_import) {
      row->bind(6, arrival_folder(incoming.folder)).bind(7, std::string_view(incoming.name));
    } else {
      row->bind_null(6).bind_null(7);
    }
    row->run();
  }
  new_assets_.insert(asset);
  uncounted_.insert(asset);
  set_version(asset, add_version(asset, blob, incoming.mtime_ns, incoming.version), facts, incoming.size,
              incoming.mtime_ns);
  if (incoming.link) set_link(asset, *incoming.link);
  describe(asset, facts);
  touched_assets_.try_emplace(asset, 0);
  return asset;
}

// Makes `version` the asset's current one and copies up what listings show of it. A new one's number is given by now.
void Writer::set_version(int64_t asset, int64_t version, const MediaFacts& facts, int64_t size, int64_t mtime_ns) {
  const AssetDate date = date_of(asset, facts, mtime_ns);
  const Raster still = facts.still.value_or(Raster{});
  constexpr int kFirstLabel = 12;
  AssetLabels labels{};
  for (size_t i = 0; i < label_groupings().size(); ++i) labels[i] = ensure_label(*label_groupings()[i], facts);
  db::Use row(statement("show_version"));
  row->bind_all(asset, version, size, mtime_ns, number(facts.kind), still.width, still.height, date.at.day.key());
  const std::string clip = facts.clip ? clip_to_text(*facts.clip) : "";
  row->bind(9, number(date.source)).bind(10, std::string_view(date.at.text())).bind(11, std::string_view(clip));
  for (size_t i = 0; i < label_groupings().size(); ++i) {
    const int at = kFirstLabel + static_cast<int>(i);
    labels[i] != 0 ? row->bind(at, labels[i]) : row->bind_null(at);
  }
  row->run();
  if (facts.mime == kSidecarMime) changed_sidecars_.insert(asset);
}

// Words and tags that the file itself carries.
void Writer::describe(int64_t asset, const MediaFacts& facts) {
  const SidecarWords said = words_in(facts);
  statement("add_words").bind_all(asset, std::string_view(said.title), std::string_view(said.description)).run();
  for (const std::string& tag : said.tags) add_tag(asset, ensure_group(Grouping::kTag, tag));
  if (said != SidecarWords()) remember_applied_words(asset, SidecarForm::kEmbedded, said);
}

// The bytes of an asset say more or other things: what is new of that is applied. What somebody has said meanwhile
// stays, and so does what they do not say any more: programs lose it when they save.
void Writer::describe_again(int64_t asset, const MediaFacts& facts) {
  const SidecarWords now = words_in(facts);
  const SidecarWords applied = applied_words(asset, SidecarForm::kEmbedded);
  adopt_tag_texts(asset, now.tags);
  if (now == SidecarWords() || now == applied) return;
  SidecarWords stands;
  {
    db::Use row(statement("title_description_rating"));
    row->bind_all(asset);
    if (!row->step()) return;
    stands = {row->integer(2), std::string(row->text(0)), std::string(row->text(1)), {}};
  }
  if (!now.title.empty() && stands.title == applied.title) set_title(asset, now.title);
  if (!now.description.empty() && stands.description == applied.description) set_description(asset, now.description);
  if (now.rating && stands.rating == applied.rating.value_or(0)) set_rating(asset, now.rating);
  for (const std::string& tag : now.tags) {
    const bool is_new = std::find(applied.tags.begin(), applied.tags.end(), tag) == applied.tags.end();
    if (is_new) add_tag(asset, ensure_group(Grouping::kTag, tag));
  }
  remember_applied_words(asset, SidecarForm::kEmbedded, now);
}

// What bytes carry besides what a listing shows.
void Writer::add_words(int64_t blob, const MediaFacts& facts) {
  for (const auto& [name_space, json] : facts.metadata) {
    statement("add_metadata").bind_all(blob, std::string_view(name_space), std::string_view(json)).run();
  }
  const SidecarWords said = words_in(facts);
  if (said == SidecarWords()) return;
  statement("add_technical_words").bind_all(blob, std::string_view(to_text(said))).run();
}

}  // namespace damfs
