// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/model/search/search.h"

#include <fmt/format.h>

#include <set>

#include "tests/support/library.h"

namespace damfs {
namespace {

using testing::file_bytes;
using testing::photo;
using testing::ScratchCatalog;

constexpr struct {
  const char *query, *found;
} kCases[] = {
    {"", "BCMT"},
    {"beach", "B"},
    {"BEA", "B"},
    {"each", ""},
    {"golden", "BC"},
    {"\"golden hour\"", "B"},
    {"\"golden ho\"", ""},
    {"\"hour golden\"", ""},
    {"golden hour", "B"},
    {"golden -hour", "C"},
    {"-golden", "MT"},
    {"cafe", "C"},
    {"CAF\xC3\x89", "C"},
    {"creme", "C"},
    {"cre\xCC\x80me", "C"},
    {"nikon", "B"},
    {"rome", "BM"},
    {"italy", "BC"},
    {"_-_", "T"},
    {"-_-_", "BCM"},
    {"type:image", "BC"},
    {"-type:image", "MT"},
    {"type:video golden", ""},
    {"tag:italy", "BC"},
    {"tag:places", "BC"},
    {"tag:places/italy/rome", "B"},
    {"tag:/places//italy/", "BC"},
    {"tag:italy/rome", ""},
    {"tag:rome", "BM"},
    {"tag:nowhere", ""},
    {"tag:nowhere/at/all", ""},
    {"-tag:italy", "MT"},
    {"tag:italy -tag:draft", "C"},
    {"camera:d70", "B"},
    {"-camera:nikon", "CMT"},
    {"rating:5", "B"},
    {"rating:>=2", "BC"},
    {"rating:<2", "MT"},
    {"rating:0", "MT"},
    {"-rating:5", "CMT"},
    {"ext:jpg", "BC"},
    {"ext:.mp4", "M"},
    {"ext:p4", ""},
    {"size:>1k", "BM"},
    {"size:2000", "B"},
    {"size:<2", "CT"},
    {"path:2024", "BC"},
    {"path:2024/rome", "B"},
    {"path:rome", ""},
    {"path:/", "BCMT"},
    {"path:2023/C0001.MP4", "M"},
    {"path:_-_.txt", "T"},
    {"-path:2024", "MT"},
    {"path:202", ""},
    {"date:2024-05", "B"},
    {"date:2024-06", "C"},
    {"date:2024", "BC"},
    {"date:>=2024", "BCT"},
    {"date:>2024", "T"},
    {"date:<2024", "M"},
    {"date:2023-12-31..2024-05-31", "BM"},
    {"date:2024..2023", ""},
    {"album:trips", "BM"},
    {"album:Trips/2024", "B"},
    {"album:/2024", ""},
    {"album:2024", "B"},
    {"-album:trips", "CT"},
    {"album:nowhere", ""},
    {"album:golden", "BC"},
    {"album:\"Not the hour\"", "C"},
    {"-album:golden", "MT"},
    {"album:golden album:trips", "B"},
    {"album:all", "BCT"},
    {"album:circle", ""},
};

// One small library for all of it.
class SearchTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    scratch_ = std::make_unique<ScratchCatalog>();
    scratch_->catalog().write([](Writer& writer) {
      MediaFacts beach = photo("2024-05-31");
      beach.make = "NIKON CORPORATION";
      beach.model = "NIKON D70";
      beach.rating = 5;
      beach.title = "Golden hour at the beach";
      beach.tags = {"Places/Italy/Rome", "draft"};
      add(writer, "beach.jpg", "2024/rome", std::string(2000, 'a'), beach);
      MediaFacts cafe = photo("2024-06-01");
      cafe.description = "Le caf\xC3\xA9 de l'heure golden";
      cafe.tags = {"Places/Italy", "Food"};
      cafe.rating = 2;
      add(writer,
          "Cr\xC3\xA8me br\xC3\xBBl\xC3\xA9"
          "e.JPG",
          "2024/paris", "b", cafe);
      MediaFacts clip = photo("2023-12-31");
      clip.kind = Kind::kVideo;
      clip.tags = {"Rome"};
      add(writer, "C0001.MP4", "2023", std::string(10'000, 'c'), clip);
      MediaFacts note = photo("2025-01-01");
      note.kind = Kind::kOther;
      add(writer, "_-_.txt", "", "d", note);
      const auto album = [&](const char* path) { return writer.ensure_group(Grouping::kAlbum, path); };
      writer.add_to_album(1, album("Trips/2024"));
      writer.add_to_album(3, album("Trips"));
      writer.set_album_query(album("Golden"), "golden");
      writer.set_album_query(album("Not the hour"), "album:Golden -hour");
      writer.add_to_album(4, album("All"));
      writer.set_album_query(album("All/Golden two"), "album:golden");
      // What a rename can bring about.
      writer.set_album_query(album("Circle"), "-album:none");
      writer.set_album_query(album("Other"), "album:circle");
      writer.database().execute("UPDATE album SET query = 'album:other' WHERE name = 'Circle'");
    });
  }
  static void TearDownTestSuite() { scratch_.reset(); }
  static void add(Writer& writer, const std::string& name, const std::string& folder, const std::string& bytes,
                  const MediaFacts& facts) {
    file_bytes(writer, bytes, folder, name, facts);
  }

  // Which of the four, as letters: Beach, Cafe, Movie, Text.
  static std::string find(std::string_view query) {
    const auto reader = scratch_->catalog().reader();
    std::string found;
    search(*reader, parse_query(query), 0, [&](int64_t asset) {
      found += "?BCMT"[asset];
      return true;
    });
    return found;
  }

  static std::unique_ptr<ScratchCatalog> scratch_;
};
std::unique_ptr<ScratchCatalog> SearchTest::scratch_;

TEST_F(SearchTest, FindsWhatEachTermSays) {
  for (const auto& [query, found] : kCases) EXPECT_EQ(find(query), found) << query;
}

class SearchOfOneAsset : public SearchTest {};
TEST_F(SearchOfOneAsset, JudgesItAsTheLibraryDoes) {
  const auto expect_same = [&](const Criteria& criteria, const std::string& what) {
    const auto reader = scratch_->catalog().reader();
    std::set<int64_t> found;
    search(*reader, criteria, 0, [&](int64_t asset) { return found.insert(asset).second; });
    for (int64_t id = 1; id <= 4; ++id) {
      EXPECT_EQ(matches(*reader, criteria, *reader->asset(id)), found.contains(id)) << what << ", asset " << id;
    }
    return found.size();
  };
  for (const auto& [query, found] : kCases) expect_same({{}, parse_query(query)}, query);
  for (const auto& [one, found] : kCases) {
    for (const auto& [other, found_too] : kCases) {
      const std::string query = fmt::format("{} {}", one, other);
      expect_same({{}, parse_query(query)}, query);
    }
  }
  const auto reader = scratch_->catalog().reader();
  size_t within = 0;
  for (const Grouping grouping :
       {Grouping::kTag, Grouping::kAlbum, Grouping::kCamera, Grouping::kDay, Grouping::kYear, Grouping::kKind,
        Grouping::kRating, Grouping::kRecent, Grouping::kAll, Grouping::kLens}) {
    for (const int64_t key : {int64_t{0}, int64_t{1}, int64_t{2}, int64_t{3}, int64_t{4}, int64_t{5},
                              Day{2024, 0, 0}.key(), Day{2024, 5, 31}.key()}) {
      for (const char* query : {"", "golden", "-golden", "type:image tag:rome", "-tag:draft rating:>=1"}) {
        within += expect_same({Criteria::Within{grouping, key}, parse_query(query)},
                              fmt::format("{} within {} {}", query, static_cast<int>(grouping), key));
      }
    }
  }
  EXPECT_GT(within, 30U);
}

TEST_F(SearchTest, ResumesAndStops) {
  const auto reader = scratch_->catalog().reader();
  std::vector<int64_t> seen;
  search(*reader, Criteria{}, 2, [&](int64_t asset) {
    seen.push_back(asset);
    return false;
  });
  EXPECT_EQ(seen, std::vector<int64_t>{3});
}

// As deep and as many as the parser lets through: no limit of SQLite's may show.
TEST_F(SearchTest, TakesWhateverTheParserTakes) {
  std::string deep;
  for (int i = 0; i < 2000; ++i) deep += "/x";
  for (const std::string field : {"tag:", "path:", "album:"}) EXPECT_EQ(find(field + deep), "") << field;
  for (const std::string term : {"tag:places/italy ", "path:2024 ", "album:all ", "golden ", "-nothing ",
                                 "camera:nikon ", "ext:jpg ", "\"\xE2\x80\x94\" "}) {
    std::string many;
    for (int i = 0; i < 64; ++i) many += term;
    EXPECT_NO_THROW(find(many)) << term;
  }
  EXPECT_EQ(find("\"a\"\"b\""), "");
  EXPECT_NO_THROW(find("* NEAR(a) {x} ^ ' \\"));
}

}  // namespace
}  // namespace damfs
