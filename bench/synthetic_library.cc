// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

// Fills a library's catalog with assets that have no bytes: everything but reading works as in a real one. With
// "copies" they are copies of the files whose bytes the library has, in turn, and can be read. Usage:
// damfs-synthetic-library LIBRARY ASSETS [copies]

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <random>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "catalog/model/catalog.h"
#include "catalog/model/write/writer.h"

namespace {

using namespace damfs;

constexpr int64_t kBatch = 10'000;
constexpr std::array kWords = {"beach",  "harbour", "golden", "hour",   "street", "market", "snow",   "ridge",
                               "family", "wedding", "studio", "bridge", "river",  "night",  "forest", "concert"};
constexpr std::array kPlaces = {"italy/rome", "italy/venice", "norway", "japan/kyoto", "japan/tokyo", "chile", "home"};

MediaFacts facts_of(int64_t n, std::mt19937_64& random) {
  MediaFacts facts;
  const bool is_clip = n % 20 == 0;
  facts.kind = is_clip ? Kind::kVideo : Kind::kImage;
  facts.mime = is_clip ? "video/mp4" : "image/jpeg";
  facts.still = facts.raster = Raster{6000, 4000};
  facts.captured = CaptureTime::parse(
      fmt::format("20{:02}-{:02}-{:02}T12:00:00", 10 + n * 15 / 1'000'000 % 15, n / 4000 % 12 + 1, n / 200 % 28 + 1));
  facts.date_source = DateSource::kExif;
  facts.make = fmt::format("Maker {}", n % 5);
  facts.model = fmt::format("Model {}", n % 23);
  if (n % 4 == 0) facts.rating = static_cast<int>(random() % 6);
  // The square of an even distribution: a few words are everywhere, most are rare.
  const auto word = [&] {
    const double even = static_cast<double>(random() % 1'000'000) / 1e6;
    const auto at = static_cast<size_t>(even * even * 2000);
    return at < kWords.size() ? std::string(kWords[at]) : fmt::format("word{}", at);
  };
  facts.title = fmt::format("{} {} {}", word(), word(), word());
  facts.tags = {fmt::format("places/{}", kPlaces[random() % kPlaces.size()])};
  if (n % 10 == 0) facts.tags.push_back("people/anna");
  if (n % 1000 == 0) facts.tags.emplace_back("portfolio");
  return facts;
}

void file(Writer& writer, int64_t n, std::mt19937_64& random) {
  const MediaFacts facts = facts_of(n, random);
  IncomingFile incoming;
  for (size_t i = 0; i < 8; ++i) incoming.sha256.bytes[i] = static_cast<uint8_t>(n >> (8 * i));
  incoming.size = 1'000'000 + n;
  incoming.mtime_ns = 1'700'000'000'000'000'000;
  incoming.folder = fmt::format("{}/{:04}", 2010 + n / 70'000, n / 1000);
  incoming.name = fmt::format("IMG_{:07}.{}", n, facts.kind == Kind::kVideo ? "MP4" : "JPG");
  incoming.facts = &facts;
  writer.file(incoming);
}

// What a library's objects are: SHA-256 and size.
std::vector<std::pair<Digest, int64_t>> objects_of(const std::filesystem::path& library) {
  std::vector<std::pair<Digest, int64_t>> objects;
  for (const auto& each : std::filesystem::recursive_directory_iterator(library / "objects")) {
    if (!each.is_regular_file()) continue;
    const auto digest = Digest::from_hex(each.path().filename().string());
    if (digest) objects.emplace_back(*digest, static_cast<int64_t>(each.file_size()));
  }
  std::sort(objects.begin(), objects.end(), [](const auto& a, const auto& b) { return a.first.bytes < b.first.bytes; });
  return objects;
}

void file_copy(Writer& writer, int64_t n, const std::vector<std::pair<Digest, int64_t>>& objects) {
  MediaFacts facts;
  facts.mime = "application/octet-stream";
  IncomingFile incoming;
  std::tie(incoming.sha256, incoming.size) = objects[static_cast<size_t>(n) % objects.size()];
  incoming.mtime_ns = 1'700'000'000'000'000'000;
  incoming.folder = fmt::format("copies/{:03}/{:04}", n / 100'000, n / 1000);
  incoming.name = fmt::format("copy{:07}.bin", n);
  incoming.facts = &facts;
  writer.file(incoming);
}

}  // namespace

int main(int argc, char** argv) try {
  const bool are_copies = argc == 4 && std::string_view(argv[3]) == "copies";
  if (argc != 3 && !are_copies)
    return std::fputs("usage: damfs-synthetic-library LIBRARY ASSETS [copies]\n", stderr), 1;
  Catalog catalog(Path(argv[1]) / "catalog.db");
  const int64_t assets = std::atoll(argv[2]);
  std::mt19937_64 random(1);
  const auto objects = are_copies ? objects_of(argv[1]) : decltype(objects_of(argv[1]))();
  if (are_copies && objects.empty()) return std::fputs("there is nothing in the library to copy\n", stderr), 1;
  for (int64_t from = 0; from < assets; from += kBatch) {
    catalog.write([&](Writer& writer) {
      for (int64_t n = from; n < std::min(assets, from + kBatch); ++n) {
        are_copies ? file_copy(writer, n, objects) : file(writer, n, random);
      }
    });
  }
  return 0;
} catch (const std::exception& error) {
  fmt::print(stderr, "{}\n", error.what());
  return 1;
}
