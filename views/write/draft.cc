// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/write/draft.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

#include "catalog/base/error.h"
#include "catalog/base/log.h"
#include "catalog/base/names.h"
#include "views/frame/acts.h"
#include "views/frame/asset_xattrs.h"
#include "views/frame/tree_context.h"
#include "views/write/draft_node.h"
#include "views/write/drafts.h"

namespace damfs {
namespace {

constexpr size_t kCopiedAtOnce = size_t{1} << 20;  // more of a file is copied by those who wait for disks

// What it takes on its disk, where that is less than its size.
std::optional<uint64_t> room_of(const UniqueFd& bytes, uint64_t size) {
  constexpr uint64_t kStatBlock = 512;
  struct stat st {};
  if (::fstat(bytes.get(), &st) != 0) return std::nullopt;
  const uint64_t room = static_cast<uint64_t>(st.st_blocks) * kStatBlock;
  return room < size ? std::optional(room) : std::nullopt;
}

}  // namespace

Draft::Draft(Drafts& drafts, int64_t version, DraftPlace place, DraftState state, std::unique_ptr<StagedBytes> file)
    : drafts_(drafts),
      version_(version),
      strand_(drafts.pool_),
      file_(std::move(file)),
      place_(std::move(place)),
      state_(state),
      bytes_(file_->bytes()),
      size_(file_->size()),
      left_to_hash_(file_->left_to_hash()),
      data_bytes_(room_of(*bytes_, size_)),
      mtime_ns_(now_ns()),
      ctime_ns_(mtime_ns_) {}

// --- what is known of it --------------------------------------------------------------------------------

DraftPlace Draft::place() const {
  const std::lock_guard lock(drafts_.mutex_);
  return place_;
}

DraftState Draft::state() const {
  const std::lock_guard lock(drafts_.mutex_);
  return state_;
}

bool Draft::holds_name() const { return state().holds_name(now_ns()); }

void Draft::set_failure(int code) {
  const std::lock_guard lock(drafts_.mutex_);
  state_.fail(code);
}

bool Draft::is_begun_from(int64_t version) const {
  const std::lock_guard lock(drafts_.mutex_);
  return state_.phase() == DraftState::Phase::kUntouched && !state_.has_handles() &&
         replaces_ == NodeId::file(NodeId::FileKind::kOriginal, 0, version);
}

void Draft::expect_opening() {
  const std::lock_guard lock(drafts_.mutex_);
  state_.expect_opening(now_ns());
}

void Draft::begin_anew() {
  {
    const std::lock_guard lock(drafts_.mutex_);
    if (state_.phase() == DraftState::Phase::kCatalogued) keeps_before_ = true;
  }
  // Whatever is written comes behind that, also where it has to wait for its turn; and whoever closes it is told when
  // it failed.
  truncate(0, [](int) {});
}

bool Draft::has_temporary_name() const { return is_temporary(place_.name) || is_litter(place_.name); }

bool Draft::is_to_be_kept() const {
  return state_.has_name() && state_.has_changes() && state_.phase() != DraftState::Phase::kMade;
}

void Draft::settle() { drafts_.settle(shared_from_this()); }

Attributes Draft::attributes() const {
  const std::lock_guard lock(drafts_.mutex_);
  Attributes attributes{.node = node(),
                        .mode = static_cast<mode_t>(S_IFREG | ownership_.mode.value_or(kFileMode & 07777)),
                        .nlink = state_.has_name() ? 1U : 0U,
                        .size = size_,
                        .data_bytes = data_bytes_,
                        .mtime_ns = mtime_ns_,
                        .ctime_ns = ctime_ns_};
  if (ownership_.uid) attributes.uid = static_cast<uint32_t>(*ownership_.uid);
  if (ownership_.gid) attributes.gid = static_cast<uint32_t>(*ownership_.gid);
  if (!state_.has_any_filed()) attributes.inode = replaces_;
  attributes.is_cacheable = false;
  return attributes;
}

void Draft::set_attributes(const AttributeChange& change) {
  const Ownership wanted = ownership_of(change);
  {
    const std::lock_guard lock(drafts_.mutex_);
    ctime_ns_ = now_ns();
    if (wanted.mode) ownership_.mode = wanted.mode;
    if (wanted.uid) ownership_.uid = wanted.uid;
    if (wanted.gid) ownership_.gid = wanted.gid;
    if (change.mtime_ns) mtime_ns_ = *change.mtime_ns;
    state_.attributes_changed();
  }
  // Who may see it is asked of the catalog by all other roads, and none of them waits for a close.
  if (!wanted.mode && !wanted.uid && !wanted.gid) return;
  if (const auto known = lone_asset()) {
    drafts_.parts_.catalog.write(WriteRequest{.durability = Durability::kSoon},
                                 [&](Writer& writer) { writer.set_ownership(known->row.id, wanted); });
  }
  keep_rights();
}

std::optional<FoundAsset> Draft::asset() const {
  bool is_filed = false;
  NodeId replaced;
  {
    const std::lock_guard lock(drafts_.mutex_);
    is_filed = state_.has_any_filed();
    replaced = replaces_;
  }
  if (!is_filed && replaced == NodeId()) return std::nullopt;
  const auto reader = drafts_.parts_.catalog.reader();
  auto found = is_filed ? reader->version(version_) : std::nullopt;
  if (!found && replaced != NodeId()) found = reader->version(replaced.file_id());
  return found;
}

std::optional<FoundAsset> Draft::lone_asset() const {
  auto found = asset();
  if (found && drafts_.parts_.catalog.reader()->folder_entries(found->row.id).size() != 1) return std::nullopt;
  return found;
}

bool Draft::tells(std::string_view xattr) const {
  const auto phase = state().phase();
  return phase == DraftState::Phase::kCatalogued || phase == DraftState::Phase::kUntouched || is_settable(xattr);
}

std::optional<std::string> Draft::xattr(std::string_view name) const {
  {
    const std::lock_guard lock(drafts_.mutex_);
    const auto found = xattrs_.find(name);
    if (found != xattrs_.end()) return found->second.empty() ? std::nullopt : std::optional(found->second);
  }
  if (!tells(name)) return std::nullopt;
  const auto known = asset();
  return known ? asset_xattr(drafts_.parts_.catalog, *known, name) : std::nullopt;
}

std::vector<std::string> Draft::xattr_names() const {
  std::vector<std::string> names;
  if (const auto known = asset()) names = asset_xattr_names(drafts_.parts_.catalog, *known);
  std::erase_if(names, [this](const std::string& name) { return !tells(name); });
  const std::lock_guard lock(drafts_.mutex_);
  std::erase_if(names, [this](const std::string& name) { return xattrs_.contains(name); });
  for (const auto& [name, value] : xattrs_) {
    if (!value.empty()) names.push_back(name);
  }
  return names;
}

void Draft::set_xattr(const Actor& actor, std::string_view name, std::string_view value) {
  const std::lock_guard filing(filing_mutex_);
  if (const auto known = lone_asset()) {
    const DraftPlace at = place();
    Doing said{.kind = Doing::Kind::kDescribe, .name = at.name, .words = std::string(name), .asset = known->row.id};
    said.place = place_in_words(*at.view, *drafts_.parts_.catalog.reader(), at.key);
    drafts_.parts_.acts.write(actor, said, Durability::kSoon, [&](Writer& writer, KnownNames&) {
      set_asset_xattr(writer, known->row.id, name, value);
    });
    const std::lock_guard lock(drafts_.mutex_);
    const auto found = xattrs_.find(name);
    if (found != xattrs_.end()) xattrs_.erase(found);
    return;
  }
  const std::lock_guard lock(drafts_.mutex_);
  xattrs_[std::string(name)] = value;
  ctime_ns_ = now_ns();
  state_.attributes_changed();
}

Draft::Xattrs Draft::apply_xattrs(Writer& writer, int64_t asset, bool was_there) const {
  Xattrs xattrs;
  {
    const std::lock_guard lock(drafts_.mutex_);
    xattrs = xattrs_;
  }
  for (const auto& [name, value] : xattrs) {
    (was_there ? add_asset_xattr : set_asset_xattr)(writer, asset, name, value);
  }
  return xattrs;
}

// From then on they are the asset's: what is set by another of its names must not be overwritten by the next state.
void Draft::forget_xattrs(const Xattrs& applied) {
  const std::lock_guard lock(drafts_.mutex_);
  for (const auto& [name, value] : applied) {
    const auto found = xattrs_.find(name);
    if (found != xattrs_.end() && found->second == value) xattrs_.erase(found);
  }
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

std::shared_ptr<DraftContent> Draft::open(const Actor& actor, DraftMode mode) {
  return drafts_.open(shared_from_this(), actor, mode);
}

// --- its bytes ------------------------------------------------------------------------------------------

std::vector<std::byte> Draft::read(uint64_t offset, size_t size) const {
  std::shared_ptr<const UniqueFd> bytes;
  {
    const std::lock_guard lock(drafts_.mutex_);
    if (offset >= size_) return {};
    size = std::min<uint64_t>(size, size_ - offset);
    bytes = bytes_;
  }
  std::vector<std::byte> data(size);
  data.resize(pread_some(bytes->get(), data, offset, "a file that is being written"));
  return data;
}

// Does it, and remembers when it could not: what is there then is not what anybody meant to keep.
int Draft::perform(const Work& work) {
  int error = 0;
  try {
    work(*file_);
  } catch (const std::exception& failure) {
    error = errno_of_current_exception();
    log::debug("{}", failure.what());
  }
  std::shared_ptr<const UniqueFd> bytes = file_->bytes();
  const auto data_bytes = room_of(*bytes, file_->size());
  const std::lock_guard lock(drafts_.mutex_);
  size_ = file_->size();
  left_to_hash_ = file_->left_to_hash();
  bytes_.swap(bytes);  // what it replaces is closed after the lock
  data_bytes_ = data_bytes;
  const bool is_the_askers = error == EOPNOTSUPP || error == EINVAL || error == EXDEV || error == EBADF;
  if (is_the_askers) return error;
  mtime_ns_ = ctime_ns_ = now_ns();
  state_.changed();
  if (error != 0) state_.fail(error);
  return error;
}

std::optional<int> Draft::perform_at_once(const Work& work) {
  std::optional<int> result;
  strand_.try_now([&] {
    if (file_->is_cheap_to_change()) result = perform(work);
  });
  return result;
}

void Draft::perform_in_turn(Work work, Done done) {
  {
    // Whoever closes it before its turn has come is to wait for it.
    const std::lock_guard lock(drafts_.mutex_);
    state_.changed();
  }
  const auto result = std::make_shared<int>(0);
  strand_.post([self = shared_from_this(), work = std::move(work), result] { *result = self->perform(work); },
               [result, done = std::move(done)] { done(*result); });
}

void Draft::write(uint64_t offset, std::span<const std::byte> data, Done done) {
  const auto error = perform_at_once([&](StagedBytes& file) { file.write(offset, data); });
  if (error) return done(*error);
  const auto copy = std::make_shared<const std::vector<std::byte>>(data.begin(), data.end());
  perform_in_turn([offset, copy](StagedBytes& file) { file.write(offset, *copy); }, std::move(done));
}

void Draft::truncate(uint64_t size, Done done) {
  const Work work = [this, size](StagedBytes& file) {
    file.truncate(size);
    if (size != 0) return;
    const std::lock_guard lock(drafts_.mutex_);
    state_.begun_anew();
  };
  const auto error = perform_at_once(work);
  if (error) return done(*error);
  perform_in_turn(work, std::move(done));
}

void Draft::allocate(int mode, uint64_t offset, uint64_t size, Done done) {
  const Work work = [mode, offset, size](StagedBytes& file) { file.allocate(mode, offset, size); };
  const auto error = perform_at_once(work);
  if (error) return done(*error);
  perform_in_turn(work, std::move(done));
}

void Draft::copy_from(ContentRef source, int fd, uint64_t from, uint64_t to, size_t size, Copied copied) {
  const auto source_size = static_cast<uint64_t>(stat_fd(fd, "the source").st_size);
  const auto sha256 = source->sha256();
  const auto done = std::make_shared<size_t>(0);
  const Work work = [source, sha256, source_size, fd, from, to, size, done](StagedBytes& file) {
    if (sha256 && from == 0 && to == 0 && file.size() == 0 && size >= source_size) {
      file.become(*sha256, duplicate(fd, "the source"));
      *done = source_size;
    } else {
      *done = file.copy_from(fd, from, to, size);
    }
  };
  const bool is_whole = sha256 && from == 0 && to == 0 && size >= source_size;
  const auto error = is_whole || size <= kCopiedAtOnce ? perform_at_once(work) : std::nullopt;
  if (error) return copied(*error, *done);
  perform_in_turn(work, [copied = std::move(copied), done](int failed) { copied(failed, *done); });
}

// With a state on its way to the catalog, its filing is the answer.
bool Draft::answer_when_filed(Done& done) {
  if (state_.phase() != DraftState::Phase::kOnItsWay || !state_.has_name()) return false;
  awaiting_.push_back({.state = state_.newest_change(), .is_for_bytes = false, .done = std::move(done)});
  return true;
}

void Draft::sync(Done done) {
  const DraftState::Phase phase = state().phase();
  if (phase == DraftState::Phase::kCatalogued || phase == DraftState::Phase::kUntouched) return done(0);
  const auto result = std::make_shared<int>(0);
  const auto work = [self = shared_from_this(), result] {
    try {
      if (const int failed = self->failure(); failed != 0) throw_errno(failed, "it could not be written");
      self->file_->sync();
    } catch (const std::exception& error) {
      *result = errno_of_current_exception();
      log::warning("{}: {}", printable(self->place().name), error.what());
    }
  };
  strand_.post(work, [self = shared_from_this(), result, done = std::move(done)] {
    if (*result != 0) return done(*result);
    self->drafts_.filers_.submit([self, done] { self->keep_synced(done); });
  });
}

void Draft::keep_synced(Done done) {
  bool has_changes = false;
  {
    const std::lock_guard lock(drafts_.mutex_);
    if (answer_when_filed(done)) return;
    has_changes = state_.has_name() && state_.has_changes();
  }
  int error = 0;
  try {
    if (has_changes) keep(Durability::kNow);
  } catch (const std::exception& failure) {
    error = errno_of_current_exception();
    log::warning("{}: {}", printable(place().name), failure.what());
  }
  done(error);
}

}  // namespace damfs
