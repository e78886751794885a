// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/original_node.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <functional>

#include "catalog/base/error.h"
#include "catalog/store/object_store.h"

namespace damfs {
namespace {

bool is_size_of(int object, uint64_t size) {
  struct stat st {};
  return ::fstat(object, &st) == 0 && static_cast<uint64_t>(st.st_size) == size;
}

class ObjectContent final : public Content {
 public:
  ObjectContent(UniqueFd object, uint64_t size)
      : object_(std::move(object)), size_(size), is_whole_(is_size_of(object_.get(), size)) {}
  void read(uint64_t offset, size_t size, ReadAnswerRef answer) override {
    if (offset >= size_) {
      answer->bytes({});
    } else {
      answer->slice(object_.get(), offset, std::min<uint64_t>(size, size_ - offset));
    }
  }
  // Only when nothing is amiss with it: what is shorter than declared must be told, see ReadAnswer::slice.
  int passthrough_fd() const override { return is_whole_ ? object_.get() : -1; }

 private:
  const UniqueFd object_;
  const uint64_t size_;
  const bool is_whole_;
};

// What the extended attributes of an original are made from.
struct Facts {
  BytesRow bytes;
  std::vector<LocationRow> locations;
  WordsRow words;
  std::vector<std::string> tags;
};

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
    {"user.xdg.tags", [](const FoundAsset&, const Facts& f) { return joined(f.tags); }},
    {"user.xdg.comment", [](const FoundAsset&, const Facts& f) { return f.words.description; }},
    {"user.dublincore.title", [](const FoundAsset&, const Facts& f) { return f.words.title; }},
    // Stars are 0..10 there, half stars being allowed.
    {"user.baloo.rating",
     [](const FoundAsset&, const Facts& f) {
       return f.words.rating.value_or(0) > 0 ? std::to_string(*f.words.rating * 2) : std::string();
     }},
    {"user.damfs.asset", [](const FoundAsset& a, const Facts&) { return std::to_string(a.row.id); }},
    {"user.damfs.label", [](const FoundAsset& a, const Facts&) { return a.name; }},
    {"user.damfs.sha256", [](const FoundAsset&, const Facts& f) { return f.bytes.sha256.hex(); }},
    {"user.damfs.type", [](const FoundAsset&, const Facts& f) { return f.bytes.mime; }},
    {"user.damfs.custody",
     [](const FoundAsset&, const Facts& f) { return f.locations.empty() ? "missing" : f.locations.front().custody; }},
    {"user.damfs.captured", [](const FoundAsset&, const Facts& f) { return f.words.captured; }},
    {"user.damfs.date_source",
     [](const FoundAsset&, const Facts& f) { return std::string(to_string(f.words.date_source)); }},
    {"user.damfs.error", [](const FoundAsset&, const Facts& f) { return f.bytes.problem; }},
};

std::optional<Facts> facts_of(Catalog& catalog, const FoundAsset& asset) {
  const auto reader = catalog.reader();
  auto bytes = reader->bytes_of_version(asset.row.version);
  if (!bytes) return std::nullopt;
  return Facts{std::move(*bytes), reader->locations_of_version(asset.row.version), reader->words(asset.row.id),
               reader->tag_paths(asset.row.id)};
}

}  // namespace

OriginalNode::OriginalNode(const TreeContext& context, FoundAsset asset)
    : Node(PlainLens().node_id(asset.row.version)), context_(context), asset_(std::move(asset)) {}

std::optional<Attributes> OriginalNode::attributes() const { return PlainLens().attributes(asset_.row); }

ContentRef open_original(const TreeContext& context, int64_t version, const std::string& name) {
  const auto bytes = context.catalog.reader()->bytes_of_version(version);
  if (!bytes) fail(ESTALE, "{} is gone", name);
  auto object = context.objects.open(bytes->sha256);
  if (!object) fail(EIO, "the bytes of {} are missing from the library; see `damfs doctor`", name);
  return std::make_shared<ObjectContent>(std::move(*object), static_cast<uint64_t>(bytes->size));
}

ContentRef OriginalNode::open(const OpenRequest&) const {
  return open_original(context_, asset_.row.version, asset_.name);
}

std::optional<std::string> OriginalNode::xattr(std::string_view name) const {
  const auto* row = std::find_if(std::begin(kXattrs), std::end(kXattrs),
                                 [&](const XattrRow& candidate) { return candidate.name == name; });
  if (row == std::end(kXattrs)) return std::nullopt;
  const auto facts = facts_of(context_.catalog, asset_);
  if (!facts) return std::nullopt;
  std::string value = row->value(asset_, *facts);
  if (value.empty()) return std::nullopt;
  return value;
}

std::vector<std::string> OriginalNode::xattr_names() const {
  std::vector<std::string> names;
  const auto facts = facts_of(context_.catalog, asset_);
  if (!facts) return names;
  for (const XattrRow& row : kXattrs) {
    if (!row.value(asset_, *facts).empty()) names.emplace_back(row.name);
  }
  return names;
}

NodeId PlainLens::node_id(int64_t version) const { return NodeId::file(NodeId::FileKind::kOriginal, 0, version); }

std::optional<Attributes> PlainLens::attributes(const AssetRow& asset) const {
  return Attributes{.node = node_id(asset.version),
                    .mode = kFileMode,
                    .nlink = static_cast<uint32_t>(asset.names),
                    .size = static_cast<uint64_t>(asset.size),
                    .mtime_ns = asset.mtime_ns,
                    .ctime_ns = asset.changed_ns};
}

std::string PlainLens::shown_name(std::string_view name, int64_t, Siblings&) const { return std::string(name); }

std::vector<std::string> PlainLens::possible_names(std::string_view name, int64_t) const { return {std::string(name)}; }

std::vector<FoundAsset> PlainLens::sources(std::string_view shown, Siblings& siblings) const {
  auto found = siblings.named(shown);
  if (!found) return {};
  return {std::move(*found)};
}

NodeRef PlainLens::node(const TreeContext& context, const FoundAsset& asset) const {
  return std::make_shared<OriginalNode>(context, asset);
}

}  // namespace damfs
