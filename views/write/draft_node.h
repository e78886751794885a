// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "views/frame/node.h"
#include "views/write/draft.h"

namespace damfs {

// A draft, opened.
class DraftContent final : public Content {
 public:
  using Mode = DraftMode;
  // With the lock of all drafts held.
  DraftContent(DraftRef draft, const Actor& actor, Mode mode);
  ~DraftContent() override;
  void read(uint64_t offset, size_t size, ReadAnswerRef answer) override;
  void write(uint64_t offset, std::span<const std::byte> data, Done done) override;
  void allocate(int mode, uint64_t offset, uint64_t size, Done done) override;
  void truncate(uint64_t size, Done done) override;
  void copy_from(const ContentRef& source, uint64_t from, uint64_t to, size_t size, Copied copied) override;
  void close(const Actor& actor, Done done) override;
  void released() override { set_active(false); }
  void sync(Done done) override { draft_->sync(std::move(done)); }
  int copy_fd() const override { return -1; }
  std::shared_ptr<const UniqueFd> holes_fd() const override;

 private:
  void set_active(bool active);
  void require_writes(int code);

  const DraftRef draft_;
  const Mode mode_;
  bool is_active_;  // guarded by the lock of all drafts
};

class DraftNode final : public Node {
 public:
  explicit DraftNode(DraftRef draft) : Node(draft->node()), draft_(std::move(draft)) {}
  std::optional<Attributes> attributes() const override { return draft_->attributes(); }
  ContentRef open(const OpenRequest& request) const override;
  void set_attributes(const Actor& actor, const AttributeChange& change) const override;
  void set_size(const Actor& actor, uint64_t size, Done done) const override;
  std::optional<std::string> xattr(std::string_view name) const override { return draft_->xattr(name); }
  std::vector<std::string> xattr_names() const override { return draft_->xattr_names(); }
  void set_xattr(const Actor& actor, std::string_view name, std::string_view value, XattrFlag flag) const override;
  bool remove_xattr(const Actor& actor, std::string_view name) const override;

 private:
  void secure_when_closed(const Actor& actor) const;

  const DraftRef draft_;
};

}  // namespace damfs
