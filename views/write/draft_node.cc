// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/write/draft_node.h"

#include <cerrno>

#include "catalog/base/error.h"
#include "views/frame/asset_xattrs.h"
#include "views/write/drafts.h"

namespace damfs {

DraftContent::DraftContent(DraftRef draft, const Actor& actor, Mode mode)
    : draft_(std::move(draft)), mode_(mode), is_active_(mode == Mode::kWrites) {
  draft_->state_.opened();
  if (is_active_) draft_->state_.activated();
  draft_->actor_ = actor;
}

DraftContent::~DraftContent() { draft_->drafts_.released(draft_, is_active_); }

void DraftContent::set_active(bool active) {
  const std::lock_guard lock(draft_->drafts_.mutex_);
  if (is_active_ == active) return;
  is_active_ = active;
  if (active) {
    draft_->state_.activated();
  } else {
    draft_->state_.deactivated();
  }
}

void DraftContent::require_writes(int code) {
  if (mode_ == Mode::kReads) fail(code, "that file was not opened for writing");
  set_active(true);
}

void DraftContent::write(uint64_t offset, std::span<const std::byte> data, Done done) {
  require_writes(EBADF);
  draft_->write(offset, data, std::move(done));
}

void DraftContent::allocate(int mode, uint64_t offset, uint64_t size, Done done) {
  require_writes(EBADF);
  draft_->allocate(mode, offset, size, std::move(done));
}

void DraftContent::truncate(uint64_t size, Done done) {
  require_writes(EINVAL);
  draft_->truncate(size, std::move(done));
}

void DraftContent::copy_from(const ContentRef& source, uint64_t from, uint64_t to, size_t size, Copied copied) {
  const int fd = source->copy_fd();
  if (fd < 0) fail(EXDEV, "that file is not copied in one piece");  // whoever asked reads and writes by itself
  require_writes(EBADF);
  draft_->copy_from(source, fd, from, to, size, std::move(copied));
}

void DraftContent::read(uint64_t offset, size_t size, ReadAnswerRef answer) {
  answer->bytes(draft_->read(offset, size));
}

std::shared_ptr<const UniqueFd> DraftContent::holes_fd() const {
  const std::lock_guard lock(draft_->drafts_.mutex_);
  return draft_->bytes_;
}

void DraftContent::close(const Actor& actor, Done done) {
  if (mode_ == Mode::kReads) return done(0);
  set_active(false);  // first, for whoever closed it may ask for the name as soon as it has the answer
  draft_->secure(actor, SealWhen::kClosed, [draft = draft_, done = std::move(done)](int error) {
    // Whoever is told that it is not kept shall not find it kept by a second try, when the descriptor is released.
    if (error != 0) draft->set_failure(error);
    done(error);
  });
}

ContentRef DraftNode::open(const OpenRequest& request) const {
  auto content = draft_->open(request.actor, request.writes ? DraftMode::kWrites : DraftMode::kReads);
  if (request.truncates) draft_->begin_anew();
  return content;
}

void DraftNode::set_xattr(const Actor& actor, std::string_view name, std::string_view value, XattrFlag flag) const {
  require_settable(name);
  if (is_worked_out(name)) return;
  const bool is_set = draft_->xattr(name).has_value();
  if (flag == XattrFlag::kMustBeNew && is_set) fail(EEXIST, "there is a {} already", name);
  if (flag == XattrFlag::kMustExist && !is_set) fail(ENODATA, "there is no {}", name);
  draft_->set_xattr(actor, name, value);
  secure_when_closed(actor);
}

bool DraftNode::remove_xattr(const Actor& actor, std::string_view name) const {
  if (!draft_->xattr(name)) return false;
  draft_->set_xattr(actor, name, {});
  secure_when_closed(actor);
  return true;
}

void DraftNode::set_attributes(const Actor& actor, const AttributeChange& change) const {
  draft_->set_attributes(change);
  secure_when_closed(actor);
}

// Nobody will close it: what is said of what is sealed already, or on its way.
void DraftNode::secure_when_closed(const Actor& actor) const {
  if (!draft_->has_writers()) draft_->secure_soon(actor, SealWhen::kClosed);
}

void DraftNode::set_size(const Actor& actor, uint64_t size, Done done) const {
  draft_->truncate(size, [draft = draft_, actor, done = std::move(done)](int error) {
    // truncate(2): nobody will close it.
    if (error != 0 || draft->has_writers()) return done(error);
    draft->secure(actor, SealWhen::kClosed, [draft, done](int kept) {
      done(kept);
      draft->settle();
    });
  });
}

}  // namespace damfs
