// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "catalog/base/error.h"
#include "catalog/model/catalog.h"
#include "catalog/model/search/search.h"
#include "catalog/model/write/writer.h"

namespace {

using namespace damfs;

// One small library for the whole process; its folder goes at exit.
class Library {
 public:
  Library() : folder_(std::filesystem::temp_directory_path() / ("damfs-query-fuzz-" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(folder_);
    Catalog::create(folder_ / "catalog.db");
    catalog_ = std::make_unique<Catalog>(folder_ / "catalog.db");
    catalog_->write([](Writer& writer) {
      for (uint8_t i = 0; i < 4; ++i) {
        MediaFacts facts;
        facts.title = "golden hour";
        facts.make = "NIKON";
        facts.tags = {"places/italy"};
        IncomingFile file;
        file.sha256.bytes[0] = i;
        file.folder = "2024/rome";
        file.name = "beach" + std::to_string(i) + ".jpg";
        file.facts = &facts;
        writer.file(file);
      }
    });
  }
  ~Library() {
    catalog_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  Catalog& catalog() { return *catalog_; }

 private:
  std::filesystem::path folder_;
  std::unique_ptr<Catalog> catalog_;
};

}  // namespace

// Whatever somebody types is refused with EINVAL, or it is a search that runs; and each asset by itself is judged as
// the search judged it.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static Library library;
  std::vector<QueryTerm> terms;
  try {
    terms = parse_query({reinterpret_cast<const char*>(data), size});
  } catch (const Error& error) {
    if (error.code() != EINVAL) std::abort();
    return 0;
  }
  const auto reader = library.catalog().reader();
  int64_t last = 0;
  std::set<int64_t> found;
  search(*reader, terms, 0, [&](int64_t asset) {
    if (asset <= last) std::abort();
    found.insert(last = asset);
    return true;
  });
  for (int64_t id = 1; const auto asset = reader->asset(id); ++id) {
    if (matches(*reader, Criteria{{}, terms}, *asset) != found.contains(id)) std::abort();
  }
  return 0;
}
