// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <utility>

#include "catalog/acts/finding.h"
#include "catalog/base/error.h"
#include "catalog/base/names.h"
#include "catalog/model/catalog.h"
#include "catalog/model/read/details.h"
#include "catalog/model/write/sidecar.h"
#include "fs/cli/command.h"
#include "fs/cli/items.h"
#include "fs/cli/json.h"
#include "fs/cli/output.h"

namespace damfs {
namespace {

// Words that begin with '-' come as what the option parser did not know.
std::string join_words(std::vector<std::string> words, const std::vector<std::string>& unknown) {
  for (const std::string& word : unknown) {
    if (word.starts_with("--")) fail(EINVAL, "find has no option '{}'; see damfs find -h", printable(word));
    words.push_back(word);
  }
  return fmt::format("{}", fmt::join(words, " "));
}

struct FindOptions {
  bool json = false;
  bool copies = false;
  bool duplicates = false;
};

bool print_found(Reader& reader, int64_t asset, bool as_json) {
  if (!as_json) {
    for (const std::string& path : paths_of_asset(reader, asset)) fmt::print("{}\n", path);
  } else if (const auto details = load_details(reader, asset)) {
    fmt::print("{}\n", dump_line(to_json(*details, false)));
  }
  return std::ferror(stdout) == 0;
}

void find(const std::string& query, const FindOptions& options, const Globals& globals) {
  const Library library = globals.open_library();
  Catalog catalog(library.catalog());
  find_assets(catalog, query, options.copies ? ExactCopies::kAll : ExactCopies::kOldest,
              [&](Reader& reader, int64_t asset) { return print_found(reader, asset, options.json); });
}

void find_groups(const std::string& query, const FindOptions& options, const Globals& globals) {
  const Library library = globals.open_library();
  Catalog catalog(library.catalog());
  bool is_first = true;
  find_duplicates(catalog, query, [&](Reader& reader, const std::vector<int64_t>& assets) {
    if (!std::exchange(is_first, false) && !options.json) fmt::print("\n");
    return std::ranges::all_of(assets, [&](int64_t asset) { return print_found(reader, asset, options.json); });
  });
}

void print_row(const char* name, const std::string& value) {
  if (!value.empty()) fmt::print("  {:<13}{}\n", name, printable(value));
}

std::string comma_separated(const std::vector<std::string>& parts) { return fmt::format("{}", fmt::join(parts, ", ")); }

void print_video(const VideoFacts& video) {
  print_row("video", fmt::format("{} {}x{}, {:.3f} frames/s{}, {} frames, {}", video.codec, video.coded.width,
                                 video.coded.height,
                                 static_cast<double>(video.frame_rate.num) / static_cast<double>(video.frame_rate.den),
                                 video.variable_frame_rate ? " (variable)" : "", video.frame_count, video.field_order));
  print_row("timecode", video.timecode);
  print_row("reel", video.reel);
}

void print_details(const Details& details) {
  const MediaFacts& media = details.media;
  fmt::print("{}\n", printable(details.label));
  for (const std::string& path : details.paths) print_row("originals/", path);
  for (const std::string& path : details.copies) print_row("also in", path);
  print_row("type", fmt::format("{} ({})", to_string(media.kind), media.mime));
  print_row("size", fmt::format("{} ({} bytes)", human_bytes(details.size), details.size));
  print_row("sha256", details.sha256.hex());
  print_row("kept as", details.custody);
  print_row("damaged", details.damage);
  if (details.version_number > 1) {
    print_row("version", fmt::format("v{:03}, {} kept", details.version_number, details.versions));
  }
  print_row("captured", fmt::format("{} (from {})", details.captured, to_string(details.date_source)));
  print_row("camera", details.camera);
  print_row("lens", media.lens);
  if (media.raster) {
    print_row("raster",
              fmt::format("{}x{}, orientation {}", media.raster->width, media.raster->height, media.orientation));
  }
  if (media.position)
    print_row("position", fmt::format("{:.6f}, {:.6f}", media.position->latitude, media.position->longitude));
  if (media.duration_us > 0)
    print_row("duration", fmt::format("{:.3f} s", static_cast<double>(media.duration_us) / 1e6));
  if (media.video) print_video(*media.video);
  if (media.audio) {
    print_row("audio", fmt::format("{}, {} channels ({}), {} Hz", media.audio->codec, media.audio->channels,
                                   media.audio->channel_layout, media.audio->sample_rate));
  }
  if (media.pages > 0) print_row("pages", std::to_string(media.pages));
  if (details.rating) print_row("rating", std::to_string(*details.rating));
  print_row("title", details.title);
  print_row("description", details.description);
  print_row("tags", tag_words(comma_separated(details.tags)));
  print_row("albums", comma_separated(details.albums));
  for (const PackReader::Origin& from : details.derived_from) {
    print_row("derived from", from.inside.empty() ? from.label : "packs/" + from.inside);
  }
  print_row("problem", media.problem);
  print_row("note", details.note);
  print_row("preview", media.still ? fmt::format("yes, of {}x{}", media.still->width, media.still->height)
                                   : std::string("none: no picture of it can be declared from its facts"));
}

void print_inside(const Inside& inside) {
  const auto& [files, folders, unreadable, odd] = inside.count;
  print_row("inside",
            fmt::format("{} files and {} folders, shown in {}", files, folders, printable("packs/" + inside.pack)));
  if (!inside.names.empty()) {
    print_row("names", fmt::format("read as {}{}", inside.names,
                                   inside.names_runner_up.empty()
                                       ? ""
                                       : fmt::format("; if that is wrong, {} comes next", inside.names_runner_up)));
  }
  if (unreadable > 0) print_row("unreadable", fmt::format("{} of them", unreadable));
  for (const PackReader::Oddity& each : inside.oddities) {
    fmt::print("  {}: {}\n", printable(each.path), each.reason);
  }
  const int64_t more = odd - static_cast<int64_t>(inside.oddities.size());
  if (more > 0) fmt::print("  and {} more\n", more);
}

nlohmann::ordered_json inside_json(const Inside& inside) {
  nlohmann::ordered_json json = {{"folder", "packs/" + inside.pack},
                                 {"files", inside.count.files},
                                 {"folders", inside.count.folders},
                                 {"unreadable", inside.count.unreadable},
                                 {"odd", nlohmann::ordered_json::array()}};
  if (!inside.names.empty()) json["names_encoding"] = inside.names;
  if (!inside.names_runner_up.empty()) json["names_runner_up"] = inside.names_runner_up;
  for (const PackReader::Oddity& each : inside.oddities) {
    json["odd"].push_back({{"path", each.path}, {"reason", each.reason}, {"readable", each.is_readable}});
  }
  return json;
}

void tell(Reader& reader, const Details& details, bool as_json) {
  const auto inside = look_inside(reader, details);
  if (!as_json) {
    print_details(details);
    if (inside) print_inside(*inside);
    return;
  }
  auto json = to_json(details, true);
  if (inside) json["inside"] = inside_json(*inside);
  fmt::print("{}\n", dump_line(json));
}

}  // namespace

void add_find(CLI::App& program, Globals& globals) {
  auto* verb = program.add_subcommand("find", "List what matches a query");
  verb->footer(
      "Words look in names, titles, descriptions, tags and cameras, and match what begins with them. Terms:\n"
      "  type:image|video|audio|document|texture-pack|other   tag:places/italy   camera:nikon   lens:50mm   ext:jpg\n"
      "  date:2024, 2024-05, 2024-05-17, 2020..2022, >=2024   rating:>=3   size:>10M   path:2024/rome\n"
      "  album:Holidays/Rome (what a query fills, too)   'album:\"Best of\"' where a name has spaces\n"
      "  inside:albedo (a word of the name of a file in a zip)\n"
      "A leading - excludes; quotes keep spaces together.\n"
      "Without a query it lists everything. Of exact copies for which it holds it lists the oldest.\n\n"
      "Examples:\n"
      "  damfs find beach date:2024 rating:>=4\n"
      "  damfs find type:video camera:gopro -tag:rejected\n"
      "  damfs find '\"golden hour\"' --json\n"
      "  damfs find --duplicates path:2024");
  auto words = std::make_shared<std::vector<std::string>>();
  auto options = std::make_shared<FindOptions>();
  verb->add_option("QUERY", *words, "Words and terms");
  verb->add_flag("--copies", options->copies, "All exact copies, each by itself");
  verb->add_flag("--duplicates", options->duplicates,
                 "Files with equal bytes, group by group, where the query holds for one of them");
  verb->add_flag("--json", options->json, "One JSON object a line, for programs");
  verb->allow_extras();
  verb->callback([words, options, verb, &globals] {
    (options->duplicates ? find_groups : find)(join_words(*words, verb->remaining()), *options, globals);
  });
}

void add_info(CLI::App& program, Globals& globals) {
  auto* verb = program.add_subcommand("info", "Tell all that is known of something");
  verb->footer(items_help() +
               "\n\nExamples:\n  damfs info ~/damfs/by-date/2024/2024-05-17/IMG_0001.JPG\n  damfs info "
               "2024/IMG_0001.JPG --json\n"
               "  damfs info 2024/IMG_0001.JPG --xmp > IMG_0001.JPG.xmp");
  auto items = std::make_shared<Items>();
  auto json = std::make_shared<bool>(false);
  add_items(*verb, *items, "What to tell of");
  verb->add_flag("--json", *json, "One JSON object a line, with all metadata");
  auto xmp = std::make_shared<bool>(false);
  verb->add_flag("--xmp", *xmp, "An XMP sidecar: rating, title, description and tags, for photo programs");
  verb->callback([items, json, xmp, &globals] {
    if (*xmp && (*json || items->named.size() != 1 || !items->query.empty()))
      fail(EINVAL, "--xmp writes the sidecar of one ITEM, and nothing else");
    const Library library = globals.open_library();
    Catalog catalog(library.catalog());
    const auto reader = catalog.reader();
    for (const int64_t asset : resolve_items(*reader, *items, globals)) {
      const auto details = load_details(*reader, asset);
      if (!details) continue;
      if (*xmp) {
        fmt::print("{}", xmp_packet(sidecar_words(*reader, asset)));
      } else {
        tell(*reader, *details, *json);
      }
    }
  });
}

}  // namespace damfs
