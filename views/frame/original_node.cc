// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/frame/original_node.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <functional>

#include "catalog/base/error.h"
#include "catalog/model/write/writer.h"
#include "catalog/places/places.h"
#include "views/frame/asset_xattrs.h"
#include "views/frame/folder_node.h"
#include "views/frame/range_content.h"
#include "views/originals/originals_view.h"
#include "views/write/draft_node.h"

namespace damfs {
namespace {

bool is_size_of(int object, uint64_t size) {
  struct stat st {};
  return ::fstat(object, &st) == 0 && static_cast<uint64_t>(st.st_size) == size;
}

class ObjectContent final : public Content {
 public:
  ObjectContent(UniqueFd object, const Digest& sha256, uint64_t size)
      : object_(std::make_shared<const UniqueFd>(std::move(object))),
        sha256_(sha256),
        size_(size),
        is_whole_(is_size_of(object_->get(), size)) {}
  void read(uint64_t offset, size_t size, ReadAnswerRef answer) override {
    if (offset >= size_) {
      answer->bytes({});
    } else {
      answer->slice(object_->get(), offset, std::min<uint64_t>(size, size_ - offset));
    }
  }
  // Only when it is whole: one that is shorter than declared must fail with EIO, see ReadAnswer::slice.
  int passthrough_fd() const override { return is_whole_ ? object_->get() : -1; }
  std::shared_ptr<const UniqueFd> holes_fd() const override { return object_; }
  std::optional<Digest> sha256() const override { return sha256_; }

 private:
  const std::shared_ptr<const UniqueFd> object_;
  const Digest sha256_;
  const uint64_t size_;
  const bool is_whole_;
};

}  // namespace

OriginalNode::OriginalNode(const TreeContext& context, FoundAsset asset, EntryCaching caching)
    : Node(PlainLens().node_id(asset.row.version)), context_(context), asset_(std::move(asset)), caching_(caching) {}

std::optional<Attributes> OriginalNode::attributes() const {
  auto attributes = PlainLens().attributes(asset_.row);
  if (attributes) attributes->is_cacheable = caching_ == EntryCaching::kAllowed;
  return attributes;
}

ContentRef open_original(const TreeContext& context, int64_t version, const std::string& name) {
  const auto bytes = context.catalog.reader()->bytes_of_version(version);
  if (!bytes) fail(ESTALE, "{} is gone", name);
  if (!bytes->damage.empty()) fail(EIO, "{}: {}; see `damfs doctor`", name, bytes->damage);
  auto opened = context.places.open(bytes->sha256);
  if (!opened) fail(EIO, "the bytes of {} are missing from the library; see `damfs doctor`", name);
  const auto size = static_cast<uint64_t>(bytes->size);
  if (opened->file) return std::make_shared<ObjectContent>(std::move(opened->file), bytes->sha256, size);
  return std::make_shared<RangeContent>(std::move(opened->ranges), 0, size, bytes->sha256);
}

std::string OriginalNode::link_target() const {
  if (!asset_.row.is_link()) return Node::link_target();
  const auto target = context_.catalog.reader()->link_target(asset_.row.id);
  if (!target) fail(ESTALE, "{} is gone", asset_.name);
  return *target;
}

ContentRef OriginalNode::open(const OpenRequest& request) const {
  // The kernel looks the name up once more, which tells what is to be written to (Node::overwrite).
  if (request.writes) fail(ESTALE, "{} is sealed; what is written becomes its next version", asset_.name);
  return open_original(context_, asset_.row.version, asset_.name);
}

std::optional<std::string> OriginalNode::xattr(std::string_view name) const {
  return asset_xattr(context_.catalog, asset_, name);
}

std::vector<std::string> OriginalNode::xattr_names() const {
  if (asset_.row.is_link()) return {};  // Linux has none of user.* for links
  return asset_xattr_names(context_.catalog, asset_);
}

// By whichever name it was asked for, it is told by one in originals/.
Doing OriginalNode::describing(std::string_view xattr) const {
  Doing said{.kind = Doing::Kind::kDescribe, .name = asset_.name, .words = std::string(xattr), .asset = asset_.row.id};
  const auto reader = context_.catalog.reader();
  const View* originals = context_.view(ViewCode::kOriginals);
  bool is_first = true;
  originals->names(*reader, asset_, [&](int64_t key, std::string_view name) {
    if (!std::exchange(is_first, false)) return;
    said.place = place_in_words(*originals, *reader, key);
    said.name = name;
  });
  return said;
}

void OriginalNode::set_xattr(const Actor& actor, std::string_view name, std::string_view value, XattrFlag flag) const {
  if (is_worked_out(name)) return;
  const bool is_set = xattr(name).has_value();
  if (flag == XattrFlag::kMustBeNew && is_set) fail(EEXIST, "{} has {} already", asset_.name, name);
  if (flag == XattrFlag::kMustExist && !is_set) fail(ENODATA, "{} has no {}", asset_.name, name);
  context_.acts.write(actor, describing(name), Durability::kSoon, [&](Writer& writer, KnownNames&) {
    const bool is_a_copys = context_.drafts.was_copied_by(actor, asset_.row.id);
    (is_a_copys ? add_asset_xattr : set_asset_xattr)(writer, asset_.row.id, name, value);
  });
}

bool OriginalNode::remove_xattr(const Actor& actor, std::string_view name) const {
  if (!xattr(name)) return false;
  if (is_worked_out(name) || context_.drafts.was_copied_by(actor, asset_.row.id)) return true;
  context_.acts.write(actor, describing(name), Durability::kSoon,
                      [&](Writer& writer, KnownNames&) { set_asset_xattr(writer, asset_.row.id, name, {}); });
  return true;
}

void OriginalNode::set_attributes(const Actor& actor, const AttributeChange& change) const {
  if (context_.drafts.was_copied_by(actor, asset_.row.id)) {
    // What a program says of its copy does not change the file that is there; but nobody who shuts a file is told yes
    // and finds it open.
    const auto now = static_cast<uint32_t>(asset_.row.ownership.mode.value_or(kFileMode & 07777));
    const bool shuts = change.mode && (*change.mode & now) != now;
    if (!shuts) return;
  }
  context_.catalog.write(WriteRequest{.durability = Durability::kSoon}, [&](Writer& writer) {
    const bool is_newest = writer.current_version(asset_.row.id) == asset_.row.version;
    if (!is_newest && !context_.drafts.was_written_by_number(asset_.row.version)) {
      fail(EROFS, "that is an older version");
    }
    Ownership ownership = ownership_of(change);
    if (asset_.row.is_link()) ownership.mode.reset();  // a link has none of its own
    writer.set_ownership(asset_.row.id, ownership);
    if (change.mtime_ns) writer.set_mtime(asset_.row.id, *change.mtime_ns);
  });
}

bool OriginalNode::is_written_elsewhere() const { return context_.drafts.was_written_by_number(asset_.row.version); }

// Whichever of its names takes the writing: all of them show what is written.
NodeRef OriginalNode::overwrite_by_number(const Actor& actor) const {
  const View* originals = context_.view(ViewCode::kOriginals);
  std::optional<std::pair<int64_t, std::string>> name;
  {
    const auto reader = context_.catalog.reader();
    const auto now = reader->asset(asset_.row.id);
    if (!now || now->row.version != asset_.row.version || now->row.is_link())
      fail(ESTALE, "{} was saved over", asset_.name);
    originals->names(*reader, *now, [&](int64_t key, std::string_view each) {
      if (!name) name.emplace(key, each);
    });
  }
  if (!name) fail(ESTALE, "{} is in no folder of originals/ any more", asset_.name);
  const FolderNode folder(context_, *originals, *context_.lens(0), name->first);
  NodeRef next = folder.overwrite(actor, EntryName(name->second));
  if (next) context_.drafts.writes_by_number(asset_.row.version, next->id().file_id());
  return next;
}

void OriginalNode::set_size(const Actor& actor, uint64_t size, Done done) const {
  // Whoever wrote it may have it open still, for all that is known: then it is that file which is meant.
  const auto open = context_.drafts.find(asset_.row.version);
  if (!open) fail(ESTALE, "{} is sealed; what is written becomes its next version", asset_.name);
  DraftNode(open).set_size(actor, size, std::move(done));
}

NodeId PlainLens::node_id(int64_t version) const { return NodeId::file(NodeId::FileKind::kOriginal, 0, version); }

std::optional<Attributes> PlainLens::attributes(const AssetRow& asset) const {
  Attributes attributes{.node = node_id(asset.version),
                        .mode = kFileMode,
                        .nlink = static_cast<uint32_t>(asset.names),
                        .size = static_cast<uint64_t>(asset.size),
                        .mtime_ns = asset.mtime_ns,
                        .ctime_ns = asset.changed_ns};
  apply(asset.ownership, attributes);
  if (asset.data_bytes) attributes.data_bytes = static_cast<uint64_t>(*asset.data_bytes);
  if (asset.is_link()) attributes.mode = kLinkMode;
  return attributes;
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
