// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/draft.h"

#include <algorithm>
#include <cerrno>

#include "catalog/base/clock.h"
#include "catalog/base/error.h"
#include "catalog/base/log.h"
#include "catalog/base/names.h"
#include "catalog/base/out_of_room.h"
#include "views/asset_xattrs.h"
#include "views/drafts.h"
#include "views/tree_context.h"

namespace damfs {
namespace {

// The kernel opens what it looked up at once.
constexpr int64_t kOpeningNs = 2'000'000'000;

}  // namespace

Draft::Draft(Drafts& drafts, int64_t version, DraftPlace place, StagedFile file)
    : drafts_(drafts),
      version_(version),
      place_(std::move(place)),
      file_(std::move(file)),
      mtime_ns_(now_ns()),
      ctime_ns_(mtime_ns_) {}

DraftPlace Draft::place() const {
  const std::lock_guard lock(mutex_);
  return place_;
}

void Draft::set_place(DraftPlace place) {
  const std::lock_guard lock(mutex_);
  place_ = std::move(place);
  ctime_ns_ = now_ns();
}

bool Draft::has_name() const {
  const std::lock_guard lock(mutex_);
  return has_name_;
}

void Draft::unlinked() {
  const std::lock_guard lock(mutex_);
  has_name_ = false;
}

bool Draft::is_to_be_sealed(When when) const {
  const bool is_news = is_dirty_ || (when == When::kReleased && was_made_ && !is_sealed_);
  return has_name_ && is_news && !is_temporary(place_.name) && !is_litter(place_.name);
}

bool Draft::holds_name() const { return !is_sealed_ || is_dirty_ || active_ > 0 || securing_ > 0 || is_expected(); }

bool Draft::is_idle() const { return handles_ == 0 && !was_made_ && !is_dirty_ && securing_ == 0 && !is_awaited(); }

bool Draft::is_given_up() const {
  if (handles_ > 0 || securing_ > 0 || is_expected()) return false;  // first: its lock may be held for long
  const std::lock_guard lock(mutex_);
  return failed_ != 0 && !is_kept_;
}

int Draft::failure() const {
  const std::lock_guard lock(mutex_);
  return failed_;
}

void Draft::set_failure(int code) {
  const std::lock_guard lock(mutex_);
  failed_ = code;
}

bool Draft::is_begun_from(int64_t version) const {
  const std::lock_guard lock(mutex_);
  return !was_made_ && !is_dirty_ && handles_ == 0 &&
         replaces_ == NodeId::file(NodeId::FileKind::kOriginal, 0, version);
}

bool Draft::is_awaited() const { return is_expected() || found_until_ns_ > now_ns(); }

void Draft::touch() { found_until_ns_ = now_ns() + kOpeningNs; }

void Draft::expect_opening() {
  if (expected_until_ns_ < now_ns()) expected_ = 0;  // those did not come
  expected_until_ns_ = now_ns() + kOpeningNs;
  ++expected_;
}

bool Draft::is_expected() const { return expected_ > 0 && expected_until_ns_ > now_ns(); }

Attributes Draft::attributes() const {
  const std::lock_guard lock(mutex_);
  Attributes attributes{.node = node(),
                        .mode = static_cast<mode_t>(S_IFREG | ownership_.mode.value_or(kFileMode & 07777)),
                        .nlink = has_name_ ? 1U : 0U,
                        .size = file_.size(),
                        .mtime_ns = mtime_ns_,
                        .ctime_ns = ctime_ns_};
  if (ownership_.uid) attributes.uid = static_cast<uint32_t>(*ownership_.uid);
  if (ownership_.gid) attributes.gid = static_cast<uint32_t>(*ownership_.gid);
  attributes.inode = replaces_;
  attributes.is_settled = false;
  return attributes;
}

void Draft::begin_as(const Attributes& attributes) {
  const std::lock_guard lock(mutex_);
  // Editors stat a file, open it, and refuse to save when it is another one then.
  replaces_ = attributes.node;
  mtime_ns_ = attributes.mtime_ns;
  const auto mode = attributes.mode & 07777;
  if (mode != (kFileMode & 07777)) ownership_.mode = mode;
  if (attributes.uid) ownership_.uid = *attributes.uid;
  if (attributes.gid) ownership_.gid = *attributes.gid;
}

void Draft::set_attributes(const AttributeChange& change) {
  const std::lock_guard lock(mutex_);
  ctime_ns_ = now_ns();
  const Ownership wanted = ownership_of(change);
  if (wanted.mode) ownership_.mode = wanted.mode;
  if (wanted.uid) ownership_.uid = wanted.uid;
  if (wanted.gid) ownership_.gid = wanted.gid;
  if (change.mtime_ns) mtime_ns_ = *change.mtime_ns;
  if (sealed_states_ > 0 || !was_made_) is_dirty_ = true;  // a state of it was taken without this
}

// What the catalog has by now of what it holds still: whoever closed it is told the same whether its descriptor was
// released meanwhile or not.
std::optional<FoundAsset> Draft::catalogued() const {
  return is_dirty_ || !is_sealed_ ? std::nullopt : drafts_.parts_.catalog.reader()->version(version_);
}

std::optional<std::string> Draft::xattr(std::string_view name) const {
  {
    const std::lock_guard lock(mutex_);
    const auto found = xattrs_.find(name);
    if (found != xattrs_.end()) return found->second;
  }
  const auto asset = catalogued();
  return asset ? asset_xattr(drafts_.parts_.catalog, *asset, name) : std::nullopt;
}

std::vector<std::string> Draft::xattr_names() const {
  std::vector<std::string> names;
  if (const auto asset = catalogued()) names = asset_xattr_names(drafts_.parts_.catalog, *asset);
  const std::lock_guard lock(mutex_);
  for (const auto& [name, value] : xattrs_) {
    const bool is_listed = std::find(names.begin(), names.end(), name) != names.end();
    if (!value.empty() && !is_listed) names.push_back(name);
  }
  return names;
}

void Draft::set_xattr(std::string_view name, std::string_view value) {
  const std::lock_guard lock(mutex_);
  xattrs_[std::string(name)] = value;
  ctime_ns_ = now_ns();
  if (sealed_states_ > 0 || !was_made_) is_dirty_ = true;  // a state of it was taken without this
}

void Draft::apply_xattrs(Writer& writer, int64_t asset) const {
  const std::lock_guard lock(mutex_);
  for (const auto& [name, value] : xattrs_) set_asset_xattr(writer, asset, name, value);
}

std::vector<Draft::Hold> Draft::hold(std::vector<DraftRef> drafts) {
  // One order for everybody; the same one twice does no harm.
  std::sort(drafts.begin(), drafts.end(),
            [](const DraftRef& a, const DraftRef& b) { return a && (!b || a->version_ < b->version_); });
  std::vector<Hold> holds;
  for (const DraftRef& draft : drafts) {
    if (draft) holds.push_back({draft, std::unique_lock(draft->filing_mutex_)});
  }
  return holds;
}

void Draft::opened(const Actor& actor) {
  ++handles_;
  found_until_ns_ = 0;
  if (expected_ > 0) --expected_;
  const std::lock_guard lock(actor_mutex_);
  actor_ = actor;
}

void Draft::released() {
  if (--handles_ == 0) drafts_.released(shared_from_this());
}

std::vector<std::byte> Draft::read(uint64_t offset, size_t size) const {
  const std::lock_guard lock(mutex_);
  if (offset >= file_.size()) return {};
  std::vector<std::byte> bytes(std::min<uint64_t>(size, file_.size() - offset));
  const auto file = file_.bytes();
  bytes.resize(pread_some(file->get(), bytes, offset, place_.name));
  return bytes;
}

// Does it, and remembers when it could not: what is there then is not what anybody meant to keep.
template <typename Work>
auto Draft::change(Work&& work) {
  const std::lock_guard lock(mutex_);
  try {
    mtime_ns_ = ctime_ns_ = now_ns();
    is_dirty_ = true;
    return work();
  } catch (const Error& error) {
    if (is_out_of_room(error.code()) || error.code() == EIO) failed_ = error.code();
    throw;
  }
}

void Draft::write(uint64_t offset, std::span<const std::byte> data) {
  change([&] { file_.write(offset, data); });
}

void Draft::truncate(uint64_t size) {
  change([&] {
    file_.truncate(size);
    if (size == 0) failed_ = 0;  // begun anew
  });
}

void Draft::allocate(int mode, uint64_t offset, uint64_t size) {
  change([&] { file_.allocate(mode, offset, size); });
}

size_t Draft::copy_from(int source, uint64_t source_size, const std::optional<Digest>& source_sha256, uint64_t from,
                        uint64_t to, size_t size) {
  return change([&]() -> size_t {
    if (source_sha256 && from == 0 && to == 0 && file_.size() == 0 && size >= source_size) {
      file_.become(*source_sha256, duplicate(source, place_.name));
      return source_size;
    }
    return file_.copy_from(source, from, to, size);
  });
}

void Draft::sync() {
  {
    const std::lock_guard lock(mutex_);
    if (failed_ != 0) fail(failed_, "{} could not be written", place_.name);
    file_.sync();
    if (!has_name_ || !is_dirty_) return;
  }
  keep(Durability::kNow);
}

void Draft::keep(Durability durability) {
  const std::lock_guard filing(filing_mutex_);
  KeptDraft kept;
  {
    const std::lock_guard lock(mutex_);
    if (!has_name_ || is_litter(place_.name)) return;
    file_.keep(version_);
    kept = {.version = version_,
            .view = place_.view->code(),
            .key = place_.key,
            .name = place_.name,
            .mtime_ns = mtime_ns_,
            .ownership = ownership_};
    is_kept_ = true;
    kept_state_ = sealed_states_;
  }
  drafts_.parts_.catalog.write(WriteRequest{.durability = durability},
                               [&](Writer& writer) { writer.keep_draft(kept); });
}

// A temporary name: not catalogued, and not lost. An errno.
int Draft::kept_as_draft() {
  try {
    keep(Durability::kSoon);
    return 0;
  } catch (const std::exception& error) {
    log::warning("{}: {}", printable(place().name), error.what());
    return errno_of_current_exception();
  }
}

void Draft::secure(const Actor& actor, When when, Done told) {
  ++securing_;
  const Done done = [this, self = shared_from_this(), told = std::move(told)](int error) {
    --securing_;
    told(error);
  };
  SealedFile sealed;
  int64_t state = 0;
  enum class Course { kNothing, kStaysADraft, kIsSealed } course = Course::kNothing;
  std::shared_ptr<const UniqueFd> bytes;
  View::Filing filing = View::Filing::kNone;
  try {
    const std::lock_guard lock(mutex_);
    if (failed_ != 0 && has_name_) fail(failed_, "{} could not be written", place_.name);
    if (!is_to_be_sealed(when)) {
      if (has_name_ && is_dirty_) course = Course::kStaysADraft;
    } else {
      course = Course::kIsSealed;
      const auto object = file_.seal([this](const Digest& sha256) { return drafts_.is_known_blob(sha256); });
      sealed = {.version = version_,
                .sha256 = object.sha256,
                .size = static_cast<int64_t>(object.size),
                .mtime_ns = mtime_ns_,
                .ownership = ownership_};
      bytes = file_.bytes();
      filing = place_.view->filing();
      state = ++sealed_states_;
      is_dirty_ = false;
    }
  } catch (const std::exception& error) {
    const int code = errno_of_current_exception();
    log::warning("{}: {}", printable(place().name), error.what());
    return done(code);
  }
  // Whoever is told takes locks, this draft's too.
  switch (course) {
    case Course::kNothing: return done(0);
    case Course::kStaysADraft: return done(kept_as_draft());
    case Course::kIsSealed: break;
  }
  drafts_.catalogue(shared_from_this(), {sealed, state}, *bytes, filing, actor, done);
}

void Draft::secure_now(const Actor& actor, When when) {
  // One that has to be looked at first is told of later; whoever asked has no more to wait for than its bytes.
  const auto failed = std::make_shared<std::atomic<int>>(0);
  secure(actor, when, [failed](int error) { *failed = error; });
  if (*failed != 0) fail(*failed, "{} could not be kept", printable(place().name));
  if (handles_ == 0) drafts_.released(shared_from_this());
}

// --- opened ---------------------------------------------------------------------------------------------

DraftContent::DraftContent(DraftRef draft, const Actor& actor, Mode mode) : draft_(std::move(draft)), mode_(mode) {
  draft_->opened(actor);
  if (mode_ == Mode::kWrites) set_active(true);
}

DraftContent::~DraftContent() {
  set_active(false);
  draft_->released();
}

void DraftContent::set_active(bool active) {
  if (is_active_.exchange(active) == active) return;
  if (active) {
    draft_->activated();
  } else {
    draft_->deactivated();
  }
}

void DraftContent::write(uint64_t offset, std::span<const std::byte> data) {
  if (mode_ == Mode::kReads) fail(EBADF, "that file was not opened for writing");
  set_active(true);
  draft_->write(offset, data);
}

void DraftContent::allocate(int mode, uint64_t offset, uint64_t size) {
  if (mode_ == Mode::kReads) fail(EBADF, "that file was not opened for writing");
  set_active(true);
  draft_->allocate(mode, offset, size);
}

void DraftContent::truncate(uint64_t size) {
  if (mode_ == Mode::kReads) fail(EINVAL, "that file was not opened for writing");
  set_active(true);
  draft_->truncate(size);
}

void DraftContent::close(const Actor& actor, Done done) {
  if (mode_ == Mode::kReads) return done(0);
  set_active(false);  // first, for whoever closed it may ask for the name as soon as it has the answer
  draft_->secure(actor, Draft::When::kClosed, [draft = draft_, done = std::move(done)](int error) {
    // Whoever is told that it is not kept shall not find it kept by a second try, when the descriptor is released.
    if (is_out_of_room(error)) draft->set_failure(error);
    done(error);
  });
}

void DraftContent::read(uint64_t offset, size_t size, ReadAnswerRef answer) {
  answer->bytes(draft_->read(offset, size));
}

size_t DraftContent::copy_from(Content& source, uint64_t from, uint64_t to, size_t size) {
  const int fd = source.copy_fd();
  if (fd < 0) fail(EXDEV, "that file is not copied in one piece");  // whoever asked reads and writes by itself
  const auto source_size = static_cast<uint64_t>(stat_fd(fd, "the source").st_size);
  return draft_->copy_from(fd, source_size, source.sha256(), from, to, size);
}

std::shared_ptr<DraftContent> Draft::open(const Actor& actor, DraftContent::Mode mode) {
  return drafts_.open(shared_from_this(), actor, mode);
}

ContentRef DraftNode::open(const OpenRequest& request) const {
  auto content = draft_->open(request.actor, request.writes ? DraftContent::Mode::kWrites : DraftContent::Mode::kReads);
  if (request.truncates) draft_->truncate(0);
  return content;
}

void DraftNode::set_xattr(const Actor& actor, std::string_view name, std::string_view value, XattrFlag flag) const {
  (void)actor;
  require_settable(name);
  const auto set = draft_->xattr(name);
  const bool is_set = set && !set->empty();
  if (flag == XattrFlag::kMustBeNew && is_set) fail(EEXIST, "there is a {} already", name);
  if (flag == XattrFlag::kMustExist && !is_set) fail(ENODATA, "there is no {}", name);
  draft_->set_xattr(name, value);
}

bool DraftNode::remove_xattr(const Actor&, std::string_view name) const {
  if (draft_->xattr(name).value_or("").empty()) return false;
  draft_->set_xattr(name, {});
  return true;
}

void DraftNode::set_attributes(const Actor& actor, const AttributeChange& change) const {
  if (change.size) draft_->truncate(*change.size);
  draft_->set_attributes(change);
  if (draft_->has_active()) return;
  // Nobody will close it: truncate(2), or times of what is sealed already.
  draft_->secure_now(actor, Draft::When::kClosed);
}

}  // namespace damfs
