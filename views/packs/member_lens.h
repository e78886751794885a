// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "catalog/model/packs.h"
#include "views/derive/still_profile.h"
#include "views/frame/node.h"
#include "views/frame/tree_context.h"

namespace damfs {

// What folders of packs/ show of the members in them: the members themselves, or in previews/<profile>/packs/ a still
// of each that is a picture.
class MemberLens {
 public:
  explicit MemberLens(const StillProfile* profile = nullptr) : profile_(profile) {}

  const StillProfile* profile() const { return profile_; }  // null: the members themselves
  unsigned code() const { return profile_ == nullptr ? 0 : profile_->code; }

  // The members of one folder, by the names they have there.
  class Folder {
   public:
    virtual ~Folder() = default;
    virtual std::optional<MemberRow> named(std::string_view name) = 0;
    virtual std::string name_of(const MemberRow& member) = 0;  // empty: it is not there
    virtual std::optional<MemberRow> with_id(int64_t id) = 0;  // wherever it is
  };

  // The name under which a member is shown that is called `name` there; empty: it is not shown.
  std::string shown_name(std::string_view name, const MemberRow& member, Folder& folder) const;
  // The member that is shown so.
  std::optional<MemberRow> source_of(std::string_view shown, Folder& folder) const;

  Attributes attributes(const MemberRow& member, const PackFacts& pack) const;
  NodeRef node(const TreeContext& context, MemberRow member, const PackFacts& pack) const;

 private:
  const StillProfile* profile_;
};

// A still of a member of an archive, or of a material's ball: made when somebody first reads it.
class MemberStillNode final : public Node {
 public:
  struct Facts {
    StillSubject subject;
    Raster source;
    uint32_t names = 1;
    int64_t mtime_ns = 0;
    Ownership ownership;  // of the archive
    std::string label;    // for people
  };
  MemberStillNode(const TreeContext& context, const StillProfile& profile, Facts facts);
  static NodeId node_id(const StillProfile& profile, int64_t id) {
    return NodeId::file(NodeId::FileKind::kMember, profile.code, id);
  }
  static Attributes attributes(const StillProfile& profile, const Facts& facts);

  std::optional<Attributes> attributes() const override { return attributes(profile_, facts_); }
  ContentRef open(const OpenRequest& request) const override;
  std::optional<std::string> xattr(std::string_view name) const override;
  std::vector<std::string> xattr_names() const override;
  void drop() const { context_.stills.drop(facts_.subject, profile_); }

 private:
  const TreeContext& context_;
  const StillProfile& profile_;
  const Facts facts_;
};

}  // namespace damfs
