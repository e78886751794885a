// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <fcntl.h>

#include <atomic>
#include <cerrno>
#include <functional>
#include <nlohmann/json.hpp>

#include "catalog/base/error.h"
#include "catalog/model/read/details.h"
#include "tests/support/library.h"
#include "views/serve/export.h"
#include "views/serve/served_library.h"
#include "views/serve/warm.h"

namespace damfs {
namespace {

// A library of one picture, served to nobody.
class ServeTest : public ::testing::Test {
 protected:
  ServeTest() : served_(library_, 2) {
    std::string text = "P6 64 64 255\n";
    for (int i = 0; i < 64 * 64 * 3; ++i) text += static_cast<char>(i);
    const Path file = scratch_ / "a.ppm";
    testing::write_file(file, text);
    ObjectStore objects(library_.objects(), library_.staging());
    objects.ingest(open_file(file, O_RDONLY).get(), file,
                   {.stop = [] { return false; },
                    .on_bytes = [](int64_t) {},
                    .is_catalogued = [](const Digest&) { return false; }});
    MediaFacts facts = testing::photo();
    facts.mime = "image/x-portable-pixmap";
    facts.raster = facts.still = Raster{64, 64};
    served_.catalog().write(
        [&](Writer& writer) { picture_ = testing::file_bytes(writer, text, "p", "a.ppm", facts).asset; });
  }

  static std::string text_at(const Tree& tree, const std::string& path) {
    const NodeRef node = testing::at_path(tree, path);
    const ContentRef content = node->open({});
    struct Kept final : ReadAnswer {
      std::string text;
      void bytes(std::span<const std::byte> data) override {
        text.assign(reinterpret_cast<const char*>(data.data()), data.size());
      }
      void slice(int, uint64_t, size_t) override { ADD_FAILURE(); }
      void fail(int error) override { ADD_FAILURE() << error; }
    };
    const auto answer = std::make_shared<Kept>();
    content->read(0, node->attributes()->size, answer);
    return answer->text;
  }
  WarmReport warm_up(const ToWarm& wanted, bool stopped = false) {
    const WarmEvents events{.failed = [this](const std::string& name, const std::string& why) { failed_[name] = why; },
                            .progress = [](const WarmProgress&) {},
                            .stopping = [] {}};
    const std::atomic<bool> stop{stopped};
    return warm(served_, wanted, events, stop);
  }

  testing::ScratchFolder scratch_;
  const Library library_ = Library::create(scratch_ / "library");
  ServedLibrary served_;
  int64_t picture_ = 0;
  std::map<std::string, std::string> failed_;
};

TEST_F(ServeTest, TellsOfTheLibraryAndOfWhoeverServesIt) {
  const ServedBy by{.where =
                        [] {
                          return nlohmann::ordered_json::object({{"address", "https://here/"}});
                        },
                    .numbers =
                        [] {
                          return nlohmann::ordered_json::object({{"requests", 12}, {"passthrough", "no"}});
                        },
                    .metrics = [] { return std::string("damfs_more 1\n"); }};
  const auto tree = served_.make_tree(by);
  const auto status = nlohmann::json::parse(text_at(*tree, ".damfs/status.json"));
  EXPECT_EQ(status["library"], library_.root().string());
  EXPECT_EQ(status["address"], "https://here/");
  EXPECT_EQ(status["read_only"], false);
  const auto stats = nlohmann::json::parse(text_at(*tree, ".damfs/stats.json"));
  EXPECT_EQ(stats["assets"], 1);
  EXPECT_EQ(stats["requests"], 12);
  const std::string metrics = text_at(*tree, ".damfs/metrics");
  for (const char* line : {"damfs_assets 1\n", "damfs_requests 12\n", "damfs_more 1\n"}) {
    EXPECT_NE(metrics.find(line), std::string::npos) << line;
  }
  EXPECT_EQ(metrics.find("passthrough"), std::string::npos);
}

TEST_F(ServeTest, WarmsWhatIsWanted) {
  const WarmReport report = warm_up({.assets = {picture_}, .profiles = {"small", "edit"}});
  EXPECT_EQ(report.ready, 1);
  EXPECT_EQ(report.failed, 0);
  EXPECT_EQ(report.none, 1);  // a picture has no proxy
  EXPECT_TRUE(failed_.empty());
}

TEST_F(ServeTest, WarmsWhatFailedBefore) {
  const ToWarm failed{.which = ToWarm::Which::kAllFailed};
  EXPECT_EQ(warm_up(failed).ready, 0);
  const ObjectStore objects(library_.objects(), library_.staging());
  const auto details = load_details(*served_.catalog().reader(), picture_);
  const Path path = objects.path_of(details.value().sha256);
  const std::string text = read_text(path, 1U << 20).value();
  std::filesystem::remove(path);
  testing::write_file(path, std::string(text.size(), 'x'));
  EXPECT_EQ(warm_up({.assets = {picture_}, .profiles = {"small"}}).failed, 1);
  EXPECT_TRUE(failed_.contains("a.ppm"));
  std::filesystem::remove(path);
  testing::write_file(path, text);
  const WarmReport again = warm_up(failed);
  EXPECT_EQ(again.ready, 1);
  EXPECT_EQ(again.failed, 0);
}

TEST_F(ServeTest, StopsBeforeItBegins) {
  const WarmReport report = warm_up({.assets = {picture_}}, true);
  EXPECT_EQ(report.ready, 0);
}

TEST_F(ServeTest, ExportsWhatAQueryFinds) {
  std::vector<std::string> events;
  const ExportEvents told{
      .exported =
          [&](const ExportedName& from, ExportKind kind, const std::string& wanted, const OutFolder::Place& place,
              const ExportReport& so_far) {
            EXPECT_EQ(from.path(), "p/a.ppm");
            EXPECT_EQ(wanted, place.name);
            EXPECT_EQ(so_far.found, 1);
            events.push_back((place.is_there ? "= " : "+ ") + std::to_string(static_cast<int>(kind)) + place.path());
          },
      .failed = [](const ExportedName& from, ExportKind, const std::string& why,
                   const ExportReport&) { ADD_FAILURE() << from.path() << ": " << why; }};
  const std::atomic<bool> stop{false};
  ToExport wanted{.query = "a", .folder = scratch_ / "out", .xmp = true};
  const auto report = export_found(served_, wanted, told, stop);
  EXPECT_EQ(report.exported, 2);
  EXPECT_EQ(report.failed, 0);
  EXPECT_EQ(events, (std::vector<std::string>{"+ 0p/a.ppm", "+ 2p/a.ppm.xmp"}));
  EXPECT_EQ(read_text(scratch_ / "out/p/a.ppm", 1U << 20), read_text(scratch_ / "a.ppm", 1U << 20));
  events.clear();
  EXPECT_EQ(export_found(served_, wanted, told, stop).there, 2);
  wanted = {.query = "a", .folder = scratch_ / "small", .profile = "small", .flat = true};
  events.clear();
  EXPECT_EQ(export_found(served_, wanted, told, stop).exported, 1);
  EXPECT_EQ(events, std::vector<std::string>{"+ 1a.ppm.webp"});
  wanted.query = "nothing";
  EXPECT_EQ(export_found(served_, wanted, told, stop).found, 0);
}

TEST_F(ServeTest, ThereMayBeNoSuchProfile) {
  require_profiles(served_, {"small", "edit"});
  for (const auto& refused : {std::function<void()>([&] { warm_up({.assets = {picture_}, .profiles = {"huge"}}); }),
                              std::function<void()>([&] {
                                require_profiles(served_, {"small", "huge"});
                              })}) {
    try {
      refused();
      ADD_FAILURE() << "there is no such profile";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), EINVAL);
      EXPECT_NE(std::string(error.what()).find("small"), std::string::npos);
    }
  }
}

}  // namespace
}  // namespace damfs
