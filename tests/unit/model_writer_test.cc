// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <algorithm>
#include <set>
#include <tuple>

#include "catalog/base/names.h"
#include "tests/support/library.h"

namespace damfs {
namespace {

using testing::file_bytes;
using testing::photo;
using testing::ScratchCatalog;

class WriterTest : public ::testing::Test {
 protected:
  // After every test, whatever it did: the catalog agrees with itself.
  void TearDown() override {
    for (const std::string& problem : scratch_.problems()) ADD_FAILURE() << problem;
  }
  FiledAs file(std::string_view bytes, const std::string& folder, const std::string& name,
               const std::string& source = {}) {
    return scratch_.file(bytes, folder, name, photo(), source);
  }
  void write(const std::function<void(Writer&)>& work) { scratch_.catalog().write(work); }
  void tag(int64_t asset, const std::string& path) {
    write([&](Writer& writer) { writer.add_tag(asset, writer.ensure_group(Grouping::kTag, path)); });
  }
  void album(int64_t asset, const std::string& path) {
    write([&](Writer& writer) { writer.add_to_album(asset, writer.ensure_group(Grouping::kAlbum, path)); });
  }
  std::vector<std::string> tags(int64_t asset) { return scratch_.catalog().reader()->tag_paths(asset); }
  std::vector<std::string> albums(int64_t asset) {
    const auto reader = scratch_.catalog().reader();
    std::vector<std::string> paths;
    for (const int64_t id : reader->albums(asset)) paths.push_back(reader->group_path(Grouping::kAlbum, id));
    return paths;
  }
  std::vector<std::string> paths(int64_t asset) {
    const auto reader = scratch_.catalog().reader();
    std::vector<std::string> all;
    for (const auto& [folder, name] : reader->folder_entries(asset)) {
      const std::string in = reader->group_path(Grouping::kFolder, folder);
      all.push_back(in.empty() ? name : in + "/" + name);
    }
    return all;
  }
  // As equal bytes had until version 9: "b/y.jpg" of that asset.
  void give_second_name(int64_t asset) {
    write([&](Writer& writer) {
      writer.add_entry(writer.ensure_folder("b"), "y.jpg", asset);
      writer.database().execute("UPDATE asset SET names_part = 1");
    });
  }
  FiledAs save_over_second_name(std::string_view text) {
    FiledAs filed;
    const MediaFacts facts = photo();
    write([&](Writer& writer) {
      filed = writer.seal({.version = writer.reserve_versions(1),
                           .sha256 = testing::digest_of(text),
                           .size = static_cast<int64_t>(text.size()),
                           .facts = &facts},
                          writer.ensure_folder("b"), "y.jpg");
    });
    return filed;
  }
  std::vector<ChangeRow> changes_of(const std::function<void()>& act) {
    const int64_t before = scratch_.catalog().reader()->newest_change();
    act();
    return scratch_.catalog().reader()->changes_after(before, 1000);
  }

  ScratchCatalog scratch_;
};

bool has(const std::vector<ChangeRow>& changes, ChangeRow::What what, Grouping grouping, int64_t key,
         std::string_view name) {
  return std::any_of(changes.begin(), changes.end(), [&](const ChangeRow& change) {
    return change.what == what && change.grouping == grouping && change.key == key && change.name == name;
  });
}

TEST_F(WriterTest, EqualBytesAreTwoAssetsOnOneBlob) {
  const FiledAs first = file("one", "a", "x.jpg");
  const FiledAs second = file("one", "b", "y.jpg");
  EXPECT_EQ(first.how, Filed::kNewAsset);
  EXPECT_EQ(second.how, Filed::kNewCopy);
  EXPECT_NE(first.asset, second.asset);
  EXPECT_EQ(file("one", "b", "y.jpg").how, Filed::kKnown);
  EXPECT_EQ(paths(first.asset), (std::vector<std::string>{"a/x.jpg"}));
  EXPECT_EQ(paths(second.asset), (std::vector<std::string>{"b/y.jpg"}));
  EXPECT_EQ(scratch_.asset(first.asset).name, "x.jpg");
  EXPECT_EQ(scratch_.catalog().reader()->totals().assets, 2);
  EXPECT_EQ(scratch_.catalog().reader()->totals().copies, 1);
  EXPECT_EQ(scratch_.catalog().reader()->totals().blobs, 1);
  EXPECT_EQ(scratch_.catalog().reader()->totals().original_bytes, 3);
}

TEST_F(WriterTest, AnotherFileOfATakenNameGetsASuffixThatItsBytesDecide) {
  file("one", "a", "x.jpg");
  const FiledAs second = file("two", "a", "x.jpg");
  EXPECT_EQ(second.how, Filed::kNewAsset);
  ASSERT_EQ(second.path.size(), std::string("a/x~123.jpg").size());
  EXPECT_TRUE(second.path.starts_with("a/x~")) << second.path;
  const FiledAs again = file("two", "a", "x.jpg");
  EXPECT_EQ(again.how, Filed::kKnown);
  EXPECT_EQ(again.path, second.path);
  // In another library and another order, the same.
  ScratchCatalog other;
  other.file("three", "a", "x.jpg");
  EXPECT_EQ(other.file("two", "a", "x.jpg").path, second.path);
}

TEST_F(WriterTest, AChangedSourceIsANewVersionOfTheSameAsset) {
  const FiledAs first = file("one", "a", "x.jpg", "/source/x.jpg");
  const FoundAsset before = scratch_.asset(first.asset);
  tag(first.asset, "kept");
  const FiledAs second = file("one, edited", "a", "x.jpg", "/source/x.jpg");
  EXPECT_EQ(second.how, Filed::kNewVersion);
  EXPECT_EQ(second.asset, first.asset);
  EXPECT_EQ(second.path, "a/x.jpg");
  const FoundAsset after = scratch_.asset(first.asset);
  EXPECT_NE(after.row.version, before.row.version);
  EXPECT_EQ(after.row.size, 11);
  EXPECT_EQ(after.name, before.name);
  EXPECT_EQ(tags(first.asset), std::vector<std::string>{"kept"});
  const auto reader = scratch_.catalog().reader();
  EXPECT_EQ(reader->bytes_of_version(before.row.version)->sha256, testing::digest_of("one"));
  EXPECT_EQ(reader->version(before.row.version)->row.names, 1);
  EXPECT_EQ(reader->version(after.row.version)->row.names, after.row.names);
}

// IMG_0001.JPG of a second card gets a suffix; when that card's file changes, it is still that file.
TEST_F(WriterTest, AChangedSourceUnderASuffixedNameIsANewVersionToo) {
  file("one", "a", "x.jpg", "/card1/x.jpg");
  const FiledAs second = file("two", "a", "x.jpg", "/card2/x.jpg");
  const FiledAs edited = file("two, edited", "a", "x.jpg", "/card2/x.jpg");
  EXPECT_EQ(edited.how, Filed::kNewVersion);
  EXPECT_EQ(edited.asset, second.asset);
  EXPECT_EQ(edited.path, second.path);
  EXPECT_EQ(paths(second.asset), std::vector<std::string>{second.path});
}

TEST_F(WriterTest, ADayMovesWithANewVersion) {
  const FiledAs first = scratch_.file("one", "a", "x.jpg", photo("2024-05-17"), "/s/x.jpg");
  MediaFacts moved = photo("2025-01-02");
  moved.make = "Canon";
  moved.model = "Canon EOS 40D";
  scratch_.file("two", "a", "x.jpg", moved, "/s/x.jpg");
  const auto reader = scratch_.catalog().reader();
  EXPECT_FALSE(reader->group(Grouping::kDay, Day{2024, 5, 17}.key()));
  EXPECT_FALSE(reader->group(Grouping::kYear, Day{2024, 0, 0}.key()));
  EXPECT_TRUE(reader->group(Grouping::kDay, Day{2025, 1, 2}.key()));
  EXPECT_TRUE(reader->find_group(Grouping::kYear, 0, "2025"));
  // originals/, by-date/, by-type/, by-camera/, recent/ and versions/.
  EXPECT_EQ(scratch_.asset(first.asset).row.names, 6);
}

// Scenario: import reads a file again whose time was set anew; meanwhile somebody has saved over it in the mount.
TEST_F(WriterTest, ASourceThatIsWhatItWasUndoesNoEditOfItsName) {
  const FiledAs first = file("as it came", "a", "x.jpg", "/card/x.jpg");
  scratch_.catalog().write([&](Writer& writer) {
    file_bytes(writer, "edited", "", "edited.jpg", photo());
    writer.seal_version({.version = writer.reserve_versions(1), .sha256 = testing::digest_of("edited"), .size = 6},
                        first.asset);
  });
  const FiledAs again = file("as it came", "a", "x.jpg", "/card/x.jpg");
  EXPECT_EQ(again.how, Filed::kKnown);
  EXPECT_EQ(again.asset, first.asset);
  EXPECT_EQ(scratch_.asset(first.asset).row.size, 6);
  EXPECT_EQ(file("really other", "a", "x.jpg", "/card/x.jpg").how, Filed::kNewVersion);
  EXPECT_TRUE(scratch_.problems().empty());
}

TEST_F(WriterTest, SavingOverOneOfSeveralNamesThatAnOlderDamfsGaveMakesAnIndependentCopy) {
  MediaFacts rated = photo();
  rated.rating = 4;
  const FiledAs first = scratch_.file("one", "a", "x.jpg", rated, "/s/x.jpg");
  give_second_name(first.asset);
  tag(first.asset, "places/italy");
  album(first.asset, "Holiday");
  const FoundAsset before = scratch_.asset(first.asset);

  const FiledAs edited = save_over_second_name("two");
  EXPECT_EQ(edited.how, Filed::kNewVersion);
  EXPECT_NE(edited.asset, first.asset);
  EXPECT_EQ(paths(first.asset), std::vector<std::string>{"a/x.jpg"});
  EXPECT_EQ(paths(edited.asset), std::vector<std::string>{"b/y.jpg"});
  const FoundAsset other = scratch_.asset(first.asset);
  EXPECT_EQ(other.row.version, before.row.version);
  EXPECT_EQ(other.row.rating, 4);
  for (const int64_t asset : {first.asset, edited.asset}) {
    EXPECT_EQ(tags(asset), std::vector<std::string>{"places/italy"});
    EXPECT_EQ(albums(asset), std::vector<std::string>{"Holiday"});
  }
  EXPECT_EQ(scratch_.asset(edited.asset).row.rating, 4);
  const auto reader = scratch_.catalog().reader();
  db::Statement link(reader->database(), "SELECT from_id, relation, to_id FROM asset_link");
  ASSERT_TRUE(link.step());
  EXPECT_EQ(link.integer(0), edited.asset);
  EXPECT_EQ(link.text(1), "derived_from");
  EXPECT_EQ(link.integer(2), first.asset);
  // Each rated asset is counted among its stars.
  EXPECT_EQ(reader->database().integer("SELECT assets FROM shelf WHERE grouping = 8 AND key = 4"), 2);
}

// The folders that the copy came into say so: a directory's mtime moves when an entry of it appears or is replaced.
TEST_F(WriterTest, FoldersThatAnIndependentCopyEntersHaveChanged) {
  const FiledAs first = file("one", "a", "x.jpg", "/s/x.jpg");
  give_second_name(first.asset);
  tag(first.asset, "t");
  album(first.asset, "A");
  const auto groups = [&] {
    const auto reader = scratch_.catalog().reader();
    return std::tuple{reader->find_group(Grouping::kFolder, 1, "b")->changed_ns,
                      reader->find_group(Grouping::kTag, 1, "t")->changed_ns,
                      reader->find_group(Grouping::kAlbum, 1, "A")->changed_ns};
  };
  const auto before = groups();
  save_over_second_name("two");
  const auto after = groups();
  EXPECT_GT(std::get<0>(after), std::get<0>(before));
  EXPECT_GT(std::get<1>(after), std::get<1>(before));
  EXPECT_GT(std::get<2>(after), std::get<2>(before));
}

TEST_F(WriterTest, ANameThatBecomesKnownBytesKeepsItsAssetAndItsHistory) {
  const FiledAs first = file("one", "a", "x.jpg", "/s/x.jpg");
  const FiledAs second = file("two", "a", "y.jpg", "/s/y.jpg");
  tag(second.asset, "t");
  const FiledAs changed = file("one", "a", "y.jpg", "/s/y.jpg");
  EXPECT_EQ(changed.asset, second.asset);
  EXPECT_EQ(paths(first.asset), std::vector<std::string>{"a/x.jpg"});
  EXPECT_EQ(paths(second.asset), std::vector<std::string>{"a/y.jpg"});
  EXPECT_EQ(tags(second.asset), std::vector<std::string>{"t"});
  EXPECT_EQ(scratch_.catalog().reader()->versions(second.asset).size(), 2U);
}

TEST_F(WriterTest, LabelsAreUniqueWhateverTheSpelling) {
  std::set<std::string> keys;
  const std::string names[] = {"Caf\xC3\xA9.jpg", "cafe\xCC\x81.jpg", "CAF\xC3\x89.JPG", "a.jpg", "A.JPG",
                               "a.jpg",           "a?.jpg",           "a_.jpg"};
  int64_t count = 0;
  for (const std::string& name : names) {
    ++count;
    const FiledAs filed = file("bytes " + std::to_string(count), std::to_string(count), name);
    const std::string label = scratch_.asset(filed.asset).name;
    EXPECT_EQ(label, portable_name(label));
    EXPECT_TRUE(keys.insert(fold(label)).second) << label;
  }
  EXPECT_EQ(scratch_.asset(2).name.substr(0, 6), "caf\xC3\xA9~");
}

TEST_F(WriterTest, AFileAndAFolderOfOneNameStepAside) {
  const FiledAs as_file = file("one", "", "x");
  const FiledAs inside = file("two", "x", "y.jpg");
  EXPECT_EQ(as_file.path, "x");
  EXPECT_EQ(paths(inside.asset), std::vector<std::string>{"x~folder/y.jpg"});
  EXPECT_EQ(inside.path, paths(inside.asset).front());
  EXPECT_EQ(file("three", "x", "z.jpg").path, "x~folder/z.jpg");
  file("four", "d", "e.jpg");
  const FiledAs late = file("five", "", "d");
  EXPECT_TRUE(late.path.starts_with("d~")) << late.path;
}

TEST_F(WriterTest, FolderPathsTakeNoComponentThatAKernelWouldRefuse) {
  for (const std::string& bad : std::vector<std::string>{"..", "a/..", "a//b", "/a", ".", std::string(256, 'x')}) {
    EXPECT_THROW(file("x" + bad, bad, "n.jpg"), Error) << bad;
  }
  EXPECT_EQ(scratch_.catalog().reader()->totals().assets, 0);
}

TEST_F(WriterTest, TagAndAlbumPaths) {
  const FiledAs one = file("one", "a", "x.jpg");
  tag(one.asset, "Places/Italy/Rome");
  tag(one.asset, "places/ITALY");
  tag(one.asset, "a:b/..");
  EXPECT_EQ(tags(one.asset), (std::vector<std::string>{"Places/Italy", "Places/Italy/Rome", "a_b/_"}));
  write([&](Writer& writer) {
    EXPECT_TRUE(writer.find_group(Grouping::kTag, "PLACES/italy"));
    EXPECT_FALSE(writer.find_group(Grouping::kTag, "italy"));
    EXPECT_FALSE(writer.find_group(Grouping::kTag, ""));
    EXPECT_FALSE(writer.find_group(Grouping::kTag, "a:b//"));  // no empty part stands for the tag "_"
    EXPECT_THROW(writer.ensure_group(Grouping::kTag, ""), Error);
    EXPECT_THROW(writer.ensure_group(Grouping::kTag, "a//b"), Error);
    EXPECT_THROW(writer.ensure_group(Grouping::kAlbum, "/"), Error);
    const int64_t rome = *writer.find_group(Grouping::kTag, "places/italy/rome");
    EXPECT_FALSE(writer.add_tag(one.asset, rome));
    EXPECT_TRUE(writer.remove_tag(one.asset, rome));
    EXPECT_FALSE(writer.remove_tag(one.asset, rome));
    const int64_t nested = writer.ensure_group(Grouping::kAlbum, "Trips/2024");
    EXPECT_TRUE(writer.add_to_album(one.asset, nested));
    EXPECT_FALSE(writer.add_to_album(one.asset, nested));
  });
  EXPECT_EQ(albums(one.asset), std::vector<std::string>{"Trips/2024"});
  write([&](Writer& writer) {
    EXPECT_TRUE(writer.remove_from_album(one.asset, *writer.find_group(Grouping::kAlbum, "trips/2024")));
  });
  EXPECT_EQ(albums(one.asset), std::vector<std::string>{});
}

TEST_F(WriterTest, AnAlbumKeepsTheOrderOfAdding) {
  const int64_t c = file("c", "", "c.jpg").asset;
  const int64_t a = file("a", "", "a.jpg").asset;
  const int64_t b = file("b", "", "b.jpg").asset;
  for (const int64_t asset : {b, c, a}) album(asset, "Order");
  const auto reader = scratch_.catalog().reader();
  std::vector<int64_t> listed;
  reader->assets(Grouping::kAlbum, reader->find_group(Grouping::kAlbum, 1, "Order")->key, 0, [&](const AssetRow& row) {
    listed.push_back(row.id);
    return true;
  });
  EXPECT_EQ(listed, (std::vector<int64_t>{b, c, a}));
}

TEST_F(WriterTest, AFailureUndoesTheWholeTransaction) {
  const int64_t before = scratch_.catalog().reader()->newest_change();
  EXPECT_THROW(write([&](Writer& writer) {
                 file_bytes(writer, "one", "a", "x.jpg", photo());
                 writer.ensure_group(Grouping::kTag, "");
               }),
               Error);
  EXPECT_EQ(scratch_.catalog().reader()->newest_change(), before);
  EXPECT_EQ(scratch_.catalog().reader()->totals().blobs, 0);
  EXPECT_FALSE(scratch_.catalog().reader()->find_group(Grouping::kFolder, 1, "a"));
}

TEST_F(WriterTest, OldBytesComingBackAreAnAssetOfTheirOwn) {
  const FiledAs first = file("one", "a", "x.jpg", "/s/x.jpg");
  file("two", "a", "x.jpg", "/s/x.jpg");
  IncomingFile incoming;  // as import files it: the blob is known, so nobody probed it
  incoming.sha256 = testing::digest_of("one");
  incoming.size = 3;
  incoming.folder = "b";
  incoming.name = "old.jpg";
  FiledAs back;
  write([&](Writer& writer) { back = writer.file(incoming); });
  EXPECT_EQ(back.how, Filed::kNewCopy);
  EXPECT_NE(back.asset, first.asset);
  const FoundAsset asset = scratch_.asset(back.asset);
  EXPECT_EQ(asset.row.kind, Kind::kImage);
  EXPECT_EQ(asset.row.still, (Raster{6000, 4000}));
  EXPECT_EQ(asset.row.day, (Day{2024, 5, 17}.key()));
}

TEST_F(WriterTest, RecentHoldsTheNewestFiveHundred) {
  write([&](Writer& writer) {
    for (int i = 0; i < 499; ++i) file_bytes(writer, std::to_string(i), "a", std::to_string(i) + ".jpg", photo());
  });
  EXPECT_EQ(scratch_.catalog().reader()->recent_floor(), 1);
  const auto changes = changes_of([&] {
    write([&](Writer& writer) {
      for (int i = 499; i < 503; ++i) file_bytes(writer, std::to_string(i), "a", std::to_string(i) + ".jpg", photo());
    });
  });
  EXPECT_EQ(scratch_.catalog().reader()->recent_floor(), 4);
  for (const char* lost : {"0.jpg", "1.jpg", "2.jpg"}) {
    EXPECT_TRUE(has(changes, ChangeRow::What::kLostName, Grouping::kRecent, 0, lost)) << lost;
  }
  EXPECT_FALSE(has(changes, ChangeRow::What::kLostName, Grouping::kRecent, 0, "3.jpg"));
  EXPECT_TRUE(has(changes, ChangeRow::What::kGroup, Grouping::kRecent, 0, ""));
  EXPECT_EQ(scratch_.asset(3).row.names + 1, scratch_.asset(4).row.names);
}

TEST_F(WriterTest, TheFeedTellsWhatATagDid) {
  const int64_t asset = file("one", "a", "x.jpg").asset;
  const auto added = changes_of([&] { tag(asset, "t"); });
  EXPECT_TRUE(has(added, ChangeRow::What::kNewGroup, Grouping::kTag, 1, "t"));
  EXPECT_TRUE(has(added, ChangeRow::What::kAsset, Grouping::kFolder, 0, ""));
  const int64_t id = scratch_.catalog().reader()->find_group(Grouping::kTag, 1, "t")->key;
  EXPECT_TRUE(has(added, ChangeRow::What::kGroup, Grouping::kTag, id, ""));
  const auto removed = changes_of([&] { write([&](Writer& writer) { writer.remove_tag(asset, id); }); });
  EXPECT_TRUE(has(removed, ChangeRow::What::kLostName, Grouping::kTag, id, "x.jpg"));
  EXPECT_TRUE(has(removed, ChangeRow::What::kGroup, Grouping::kTag, id, ""));
  EXPECT_TRUE(changes_of([&] { write([&](Writer& writer) { writer.remove_tag(asset, id); }); }).empty());
}

TEST_F(WriterTest, TheFeedTellsWhichVersionWasReplaced) {
  const int64_t asset = file("one", "a", "x.jpg", "/s/x").asset;
  const int64_t old = scratch_.asset(asset).row.version;
  const auto changes = changes_of([&] { file("two", "a", "x.jpg", "/s/x"); });
  EXPECT_TRUE(std::any_of(changes.begin(), changes.end(), [&](const ChangeRow& change) {
    return change.what == ChangeRow::What::kAsset && change.asset == asset && change.version == old;
  }));
}

// Scenario: facts of known bytes come from the catalog, which once gave all but the newest of them.
TEST(Labels, ComeWithBytesThatAreKnown) {
  testing::ScratchCatalog scratch;
  MediaFacts facts = testing::photo();
  facts.make = "Maker";
  facts.model = "Model";
  facts.lens = "50 mm";
  const int64_t first = scratch.file("bytes", "", "a.jpg", facts).asset;
  int64_t copy = 0;
  scratch.catalog().write([&](Writer& writer) {
    copy =
        writer
            .seal({.version = writer.reserve_versions(1), .sha256 = testing::digest_of("bytes"), .size = 5}, 1, "b.jpg")
            .asset;
  });
  for (const GroupingRow* label : label_groupings()) {
    const auto group = key_in(scratch.asset(first).row, *label);
    EXPECT_TRUE(group) << label->name;
    EXPECT_EQ(key_in(scratch.asset(copy).row, *label), group) << label->name;
  }
  EXPECT_EQ(scratch.problems(), std::vector<std::string>());
}

TEST(Groupings, ANumberThatThereIsNoneOfHasNoGroups) {
  testing::ScratchCatalog scratch;
  const int64_t asset = scratch.file("bytes", "", "a.jpg", testing::photo()).asset;
  const auto nobodys = static_cast<Grouping>(200);
  EXPECT_EQ(row_of(nobodys).grouping, Grouping::kAll);
  EXPECT_EQ(top_key(nobodys), 0);
  EXPECT_FALSE(key_in(scratch.asset(asset).row, row_of(nobodys)));
  const auto reader = scratch.catalog().reader();
  reader->groups(nobodys, 0, 0, [](const GroupRow&) { return ADD_FAILURE() << "a group", false; });
  EXPECT_FALSE(reader->group(nobodys, 5));
}

TEST(CameraName, DoesNotSayTheMakeTwice) {
  const struct {
    const char *make, *model, *name;
  } kCases[] = {
      {"NIKON CORPORATION", "NIKON D70", "NIKON D70"},
      {"Canon", "Canon EOS 40D", "Canon EOS 40D"},
      {"Apple", "iPhone 13 Pro", "Apple iPhone 13 Pro"},
      {"OLYMPUS IMAGING CORP.", "E-M1", "OLYMPUS IMAGING CORP. E-M1"},
      {"SONY", "", "SONY"},
      {"", "Pixel 7", "Pixel 7"},
      {"", "", ""},
      {"Ra/w", "x<1>", "Ra_w x_1_"},
      {"\xFF", "\xFE", "_ _"},
  };
  for (const auto& [make, model, name] : kCases) {
    MediaFacts facts;
    facts.make = make;
    facts.model = model;
    EXPECT_EQ(row_of(Grouping::kCamera).label_of(facts), name) << make << "|" << model;
  }
}

}  // namespace
}  // namespace damfs
