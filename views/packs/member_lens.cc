// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/packs/member_lens.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "catalog/base/error.h"
#include "catalog/base/names.h"
#include "views/packs/member_node.h"

namespace damfs {
namespace {

// Stands before a member's id in the name of a still that cannot have the usual one.
constexpr std::string_view kMemberMark = "~member";

MemberStillNode::Facts still_facts(const MemberRow& member, const PackFacts& pack) {
  return {{StillSubject::What::kMember, member.id},
          member.still,
          static_cast<uint32_t>(member.names()),
          member_mtime(member, pack),
          pack.ownership,
          member.name};
}

std::string marked_name(std::string_view name, const MemberRow& member, std::string_view extension) {
  const std::string tail = fmt::format("{}{}{}", kMemberMark, member.id, extension);
  return portable_name(name, kMaxNameBytes - tail.size()) + tail;
}

// The id in a name that marked_name() made.
std::optional<int64_t> id_in(std::string_view shown, std::string_view extension) {
  const size_t mark = shown.rfind(kMemberMark);
  if (mark == shown.npos) return std::nullopt;
  const std::string_view digits =
      shown.substr(mark + kMemberMark.size(), shown.size() - extension.size() - mark - kMemberMark.size());
  int64_t id = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), id);
  return error == std::errc() && end == digits.data() + digits.size() ? std::optional(id) : std::nullopt;
}

}  // namespace

// As in folders of assets (StillLens): what is called like a still keeps its name, unless that belongs to another
// one's. A folder's name goes before both.
std::string MemberLens::shown_name(std::string_view name, const MemberRow& member, Folder& folder) const {
  if (profile_ == nullptr) return std::string(name);
  if (!member.still || !member.problem.empty()) return {};
  const std::string_view extension = profile_->extension();
  if (name.ends_with(extension)) {
    const auto other = folder.named(name.substr(0, name.size() - extension.size()));
    if (!other || !other->still || other->is_folder()) return std::string(name);
  }
  std::string shown = fmt::format("{}{}", name, extension);
  if (shown.size() > kMaxNameBytes) return marked_name(name, member, extension);
  const auto other = folder.named(shown);
  return other && other->is_folder() ? marked_name(name, member, extension) : shown;
}

std::optional<MemberRow> MemberLens::source_of(std::string_view shown, Folder& folder) const {
  if (profile_ == nullptr) return folder.named(shown);
  const std::string_view extension = profile_->extension();
  if (!shown.ends_with(extension)) return std::nullopt;
  const auto is_shown_so = [&](const std::optional<MemberRow>& member) {
    if (!member || member->is_folder()) return false;
    const std::string name = folder.name_of(*member);
    return !name.empty() && nfc(shown_name(name, *member, folder)) == nfc(shown);
  };
  for (const std::string_view name : {shown.substr(0, shown.size() - extension.size()), shown}) {
    auto member = name.empty() ? std::nullopt : folder.named(name);
    if (is_shown_so(member)) return member;
  }
  const auto id = id_in(shown, extension);
  auto member = id ? folder.with_id(*id) : std::nullopt;
  return is_shown_so(member) ? std::move(member) : std::nullopt;
}

Attributes MemberLens::attributes(const MemberRow& member, const PackFacts& pack) const {
  if (profile_ == nullptr) return member_attributes(member, pack);
  return MemberStillNode::attributes(*profile_, still_facts(member, pack));
}

NodeRef MemberLens::node(const TreeContext& context, MemberRow member, const PackFacts& pack) const {
  if (profile_ == nullptr) return std::make_shared<MemberNode>(context, std::move(member), pack);
  return std::make_shared<MemberStillNode>(context, *profile_, still_facts(member, pack));
}

MemberStillNode::MemberStillNode(const TreeContext& context, const StillProfile& profile, Facts facts)
    : Node(node_id(profile, facts.subject.id)), context_(context), profile_(profile), facts_(std::move(facts)) {}

Attributes MemberStillNode::attributes(const StillProfile& profile, const Facts& facts) {
  const int64_t mtime_ns = std::max(facts.mtime_ns, profile.made_ns);
  Attributes attributes{.node = node_id(profile, facts.subject.id),
                        .mode = kMadeFileMode,
                        .nlink = facts.names,
                        .size = static_cast<uint64_t>(still_bytes(profile, facts.source)),
                        .mtime_ns = mtime_ns,
                        .ctime_ns = mtime_ns};
  narrow(facts.ownership, attributes);
  return attributes;
}

ContentRef MemberStillNode::open(const OpenRequest& request) const {
  if (request.writes) fail(EROFS, "a preview of {} is made from it and cannot be written", printable(facts_.label));
  return context_.stills.open(facts_.subject, profile_, facts_.source, request.reader);
}

std::optional<std::string> MemberStillNode::xattr(std::string_view name) const {
  if (name == "user.damfs.error") return context_.stills.failure(facts_.subject, profile_);
  if (name == "user.damfs.note") return context_.stills.note(facts_.subject, profile_);
  if (name == "user.damfs.label") return facts_.label;
  if (name == "user.damfs.profile") return profile_.name;
  return std::nullopt;
}

std::vector<std::string> MemberStillNode::xattr_names() const {
  std::vector<std::string> names = {"user.damfs.label", "user.damfs.profile"};
  for (const char* told : {"user.damfs.error", "user.damfs.note"}) {
    if (xattr(told)) names.emplace_back(told);
  }
  return names;
}

}  // namespace damfs
