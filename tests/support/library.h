// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/base/error.h"
#include "catalog/derived/derived_cache.h"
#include "catalog/media/pool/worker_pool.h"
#include "catalog/model/catalog.h"
#include "catalog/model/read/check.h"
#include "catalog/model/write/writer.h"
#include "catalog/places/object_store.h"
#include "catalog/places/places.h"
#include "tests/unit/media_fixture.h"
#include "views/derive/clips.h"
#include "views/derive/members.h"
#include "views/derive/stills.h"
#include "views/frame/tree.h"

namespace damfs::testing {

inline Digest digest_of(std::string_view text) {
  Sha256 hash;
  hash.update(std::as_bytes(std::span(text)));
  return hash.finish();
}

// What a worker would have found in a photograph.
inline MediaFacts photo(std::string_view captured = "2024-05-17T12:30:45") {
  MediaFacts facts;
  facts.kind = Kind::kImage;
  facts.mime = "image/jpeg";
  facts.raster = facts.still = Raster{6000, 4000};
  facts.captured = CaptureTime::parse(captured);
  facts.date_source = DateSource::kExif;
  return facts;
}

inline MediaFacts plain_file() { return {}; }

// The errno of what is refused; 0: nothing was.
inline int refusal(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    return error.code();
  }
  return 0;
}

// Files `bytes` as folder/name, as an import would have.
inline FiledAs file_bytes(Writer& writer, std::string_view bytes, const std::string& folder, const std::string& name,
                          const MediaFacts& facts, const std::string& source = {},
                          int64_t mtime_ns = 1'700'000'000'000'000'000) {
  IncomingFile incoming;
  incoming.sha256 = digest_of(bytes);
  incoming.size = static_cast<int64_t>(bytes.size());
  incoming.mtime_ns = mtime_ns;
  incoming.folder = folder;
  incoming.name = name;
  incoming.facts = &facts;
  incoming.source_path = source;
  incoming.stamp = {incoming.size, mtime_ns, 1, 2};
  return writer.file(incoming);
}

// Seals `bytes` in that folder, as a program that writes through the mount does.
inline FiledAs seal_bytes(Writer& writer, std::string_view bytes, int64_t folder, std::string_view name,
                          int64_t mtime_ns = 1'700'000'000'000'000'000, const Ownership& ownership = {}) {
  const MediaFacts facts;
  return writer.seal({.version = writer.reserve_versions(1),
                      .sha256 = digest_of(bytes),
                      .size = static_cast<int64_t>(bytes.size()),
                      .mtime_ns = mtime_ns,
                      .ownership = ownership,
                      .facts = &facts},
                     folder, name);
}

// A catalog of a test's own.
struct ScratchCatalog {
  ScratchCatalog() { Catalog::create(folder / "catalog.db"); }

  FiledAs file(std::string_view bytes, const std::string& into, const std::string& name,
               const MediaFacts& facts = photo(), const std::string& source = {}) {
    FiledAs filed;
    catalog().write([&](Writer& writer) { filed = file_bytes(writer, bytes, into, name, facts, source); });
    return filed;
  }
  FoundAsset asset(int64_t id) { return catalog().reader()->asset(id).value(); }
  // What check_catalog finds, which is to be nothing.
  std::vector<std::string> problems() { return check_catalog(*catalog().reader()); }
  Catalog& catalog() {
    if (!opened_) opened_.emplace(folder / "catalog.db");
    return *opened_;
  }

  ScratchFolder folder;

 private:
  std::optional<Catalog> opened_;
};

// A whole mounted tree without a kernel, over a catalog of a test's own.
struct ScratchTree : ScratchCatalog {
  explicit ScratchTree(const char* worker = "damfs-worker", std::vector<ControlFile> control_files = {},
                       Places::Parts (*where)(const ObjectStore& store) = &places_of)
      : made_folders(make_folders(folder)),
        objects(folder / "objects", folder / "staging"),
        cache(folder / "derived", int64_t{1} << 30),
        places(where(objects)),
        clips({catalog(), places, cache, workers, 60'000}),
        members({catalog(), places, cache, workers, 60'000}),
        stills({catalog(), places, members, cache, workers, 60'000}),
        workers({program_path().parent_path() / worker, 2, -1}),
        tree({catalog(), objects, places, stills, clips, members, std::move(control_files)}) {}

  ~ScratchTree() { places.end(); }  // before the workers, which what is fetched is for

  static bool make_folders(const ScratchFolder& in) {
    for (const char* name : {"objects", "staging", "derived"}) std::filesystem::create_directory(in / name);
    return true;
  }

  bool made_folders;
  ObjectStore objects;
  DerivedCache cache;
  Places places;
  Clips clips;
  Members members;
  Stills stills;
  WorkerPool workers;  // ends before what its answers touch
  Tree tree;
};

struct Listed {
  std::string name;
  Attributes attributes;
  Cursor next = 0;
};

// Lists a directory, `page` entries a call, as a kernel with a small buffer does.
inline std::vector<Listed> list_all(const Node& directory, size_t page = SIZE_MAX, Cursor after = 0) {
  struct Page final : EntrySink {
    std::vector<Listed>* all = nullptr;
    size_t left = 0;
    bool full = false;
    bool add(std::string_view name, const Attributes& attributes, Cursor next) override {
      if (left == 0) return !(full = true);
      --left;
      all->push_back({std::string(name), attributes, next});
      return true;
    }
  };
  std::vector<Listed> all;
  for (;;) {
    Page sink;
    sink.all = &all;
    sink.left = page;
    directory.list(after, sink);
    if (!sink.full) return all;
    after = all.back().next;
  }
}

// Every path below `directory`, "/"-joined, and what it is.
inline void walk_tree(const Node& directory, const std::string& path, std::map<std::string, Attributes>& found) {
  for (const Listed& entry : list_all(directory)) {
    const std::string below = path.empty() ? entry.name : path + "/" + entry.name;
    found[below] = entry.attributes;
    if (!entry.attributes.node.is_directory()) continue;
    const NodeRef node = directory.lookup(EntryName(entry.name));
    ASSERT_TRUE(node) << below;
    walk_tree(*node, below, found);
  }
}

inline std::map<std::string, Attributes> walk_tree(const Tree& tree) {
  std::map<std::string, Attributes> found;
  walk_tree(*tree.root(), "", found);
  return found;
}

// Null when there is no such path.
inline NodeRef at_path(const Tree& tree, std::string_view path) {
  NodeRef at = tree.root();
  while (at && !path.empty()) {
    const size_t slash = path.find('/');
    at = at->lookup(EntryName(path.substr(0, slash)));
    path.remove_prefix(slash == path.npos ? path.size() : slash + 1);
  }
  return at;
}

}  // namespace damfs::testing
