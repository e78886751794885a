// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

// What people said of it: how good it is, what it is called, what it shows and whom.

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <map>

#include "catalog/media/facts_json.h"
#include "catalog/media/worker/metadata/exif.h"
#include "catalog/media/worker/metadata/text.h"

namespace damfs::worker {

std::optional<int> stars(double number, bool is_per_cent) {
  if (!std::isfinite(number) || number > 100) return std::nullopt;
  if (number < 0) return -1;
  // Nobody gives more than five; what says so counts to a hundred. Windows has 1, 25, 50, 75 and 99.
  if (!is_per_cent && number <= 5) return static_cast<int>(std::lround(number));
  if (number == 0) return 0;
  return std::clamp(static_cast<int>(std::lround(number / 25)) + 1, 1, 5);
}

std::optional<int> stars(std::string_view text, bool is_per_cent) {
  std::string number = clean_line(text, FactLimits::kName);
  std::replace(number.begin(), number.end(), ',', '.');
  double value = 0;
  const char* begin = number.data() + (number.starts_with('+') ? 1 : 0);
  const auto [end, error] = std::from_chars(begin, number.data() + number.size(), value, std::chars_format::fixed);
  std::string_view rest(end, static_cast<size_t>(number.data() + number.size() - end));
  while (rest.starts_with(' ')) rest.remove_prefix(1);
  if (error != std::errc() || (!rest.empty() && rest != "%")) return std::nullopt;
  return stars(value, is_per_cent || rest == "%");
}

std::optional<int> find_rating(const MetadataSet& set) {
  std::optional<int> rating;
  // Nought is how all of them say that there is none: the next may know one.
  const auto offer = [&](std::optional<int> said) {
    if (said && rating.value_or(0) == 0) rating = said;
  };
  offer(stars(set.xmp.text("xmp:Rating"), false));
  const auto exif = [&](const char* key, bool is_per_cent) {
    try {
      const auto it = set.exif.findKey(Exiv2::ExifKey(key));
      if (it != set.exif.end() && it->count() > 0) {
        offer(stars(static_cast<double>(whole_number(*it)), is_per_cent));
      }
    } catch (const std::exception&) {
      return;
    }
  };
  exif("Exif.Image.Rating", false);
  offer(stars(set.xmp.text("MicrosoftPhoto:Rating"), true));
  exif("Exif.Image.RatingPercent", true);
  offer(stars(set.xmp.text("acdsee:rating"), false));
  return rating;
}

namespace {

// What cameras write when nobody described anything.
bool is_filler(std::string_view text) {
  for (const std::string_view known :
       {"OLYMPUS DIGITAL CAMERA", "SONY DSC", "DIGITAL CAMERA", "SAMSUNG DIGITAL CAMERA", "SAMSUNG",
        "KONICA MINOLTA DIGITAL CAMERA", "MINOLTA DIGITAL CAMERA", "KODAK Digital Still Camera", "Default"}) {
    if (equals_ignoring_case(text, known)) return true;
  }
  return false;
}

// Behind the name of its character set. Cameras and apps keep numbers for themselves in it; people write words.
std::string user_comment(const Exiv2::ExifData& exif) {
  try {
    const auto it = exif.findKey(Exiv2::ExifKey("Exif.Photo.UserComment"));
    if (it == exif.end()) return {};
    const auto* comment = dynamic_cast<const Exiv2::CommentValue*>(&it->value());
    if (comment == nullptr) return {};
    std::string text = clean_text(comment->comment(), FactLimits::kDescription);
    const bool is_for_programs = text.starts_with('{') || text.starts_with('<') || text.find('\x1F') != text.npos;
    const auto is_word = [](char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0 || (c & 0x80) != 0; };
    return is_for_programs || std::none_of(text.begin(), text.end(), is_word) ? std::string() : text;
  } catch (const std::exception&) {
    return {};
  }
}

std::string unless_filler(std::string text) { return is_filler(text) ? std::string() : text; }

// Where somebody is in the picture, "left top width height" as parts of it.
using People = std::map<std::string, std::string>;

void add_person(const std::string& raw_name, const std::string& where, People& people) {
  const std::string name = clean_line(raw_name, FactLimits::kName);
  if (name.empty() || (people.size() >= FactLimits::kTags && !people.contains(name))) return;
  std::string& places = people[name];
  if (where.empty() || places.find(where) != places.npos) return;
  places += (places.empty() ? "" : "; ") + where;
}

std::optional<double> part_of_one(const std::string& text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || !std::isfinite(value) || value < -1 || value > 2) return std::nullopt;
  return value;
}

// The Metadata Working Group's regions: a centre and a size.
void add_regions(const Xmp& xmp, People& people) {
  const XmpNode* regions = xmp.find("mwg-rs:Regions");
  const XmpNode* list = regions == nullptr ? nullptr : regions->field("mwg-rs:RegionList");
  if (list == nullptr) return;
  for (const XmpNode& region : list->children) {
    const std::string type = lower(region.text_of("mwg-rs:Type"));
    if (!type.empty() && type != "face" && type != "pet") continue;
    const XmpNode* area = region.field("mwg-rs:Area");
    std::string where;
    if (area != nullptr) {
      const auto x = part_of_one(area->text_of("stArea:x"));
      const auto y = part_of_one(area->text_of("stArea:y"));
      const auto w = part_of_one(area->text_of("stArea:w"));
      const auto h = part_of_one(area->text_of("stArea:h"));
      if (x && y && w && h) where = fmt::format("{:.4f} {:.4f} {:.4f} {:.4f}", *x - *w / 2, *y - *h / 2, *w, *h);
    }
    add_person(region.text_of("mwg-rs:Name"), where, people);
  }
}

// Microsoft's regions: a corner and a size, "0.1, 0.2, 0.3, 0.4".
void add_windows_regions(const Xmp& xmp, People& people) {
  const XmpNode* info = xmp.find("MP:RegionInfo");
  const XmpNode* list = info == nullptr ? nullptr : info->field("MPRI:Regions");
  if (list == nullptr) return;
  for (const XmpNode& region : list->children) {
    std::string where;
    for (const char c : region.text_of("MPReg:Rectangle")) {
      if ((c >= '0' && c <= '9') || c == '.' || c == ' ') where += c;
    }
    add_person(region.text_of("MPReg:PersonDisplayName"), clean_line(where, FactLimits::kName), people);
  }
}

}  // namespace

void find_words(const MetadataSet& set, MediaFacts& facts) {
  const Xmp& xmp = set.xmp;
  facts.title = clean_line(
      first_of({xmp.text("dc:title"), xmp.text("acdsee:caption"), iptc_text(set.iptc, "Iptc.Application2.ObjectName"),
                xmp.text("photoshop:Headline"), iptc_text(set.iptc, "Iptc.Application2.Headline"),
                windows_text(set.exif, "Exif.Image.XPTitle"), windows_text(set.exif, "Exif.Image.XPSubject"),
                xmp.text("pdf:Title")}),
      FactLimits::kSentence);
  facts.description = clean_text(
      first_of({unless_filler(xmp.text("dc:description")), xmp.text("acdsee:notes"),
                unless_filler(iptc_text(set.iptc, "Iptc.Application2.Caption")),
                unless_filler(xmp.text("tiff:ImageDescription")),
                unless_filler(exif_text(set.exif, "Exif.Image.ImageDescription")), xmp.text("exif:UserComment"),
                windows_text(set.exif, "Exif.Image.XPComment"), user_comment(set.exif)}),
      FactLimits::kDescription);
}

void find_people(const Xmp& xmp, MediaFacts& facts) {
  People people;
  add_regions(xmp, people);
  add_windows_regions(xmp, people);
  for (const std::string& name : xmp.list("Iptc4xmpExt:PersonInImage")) add_person(name, "", people);
  MetadataObject object;
  for (const auto& [name, where] : people) object.add(name, where.empty() ? "somewhere" : where);
  if (!object.empty()) facts.metadata["people"] = object.dump();
}

}  // namespace damfs::worker
