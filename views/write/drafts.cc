// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/write/drafts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <limits>
#include <utility>

#include "catalog/base/error.h"
#include "catalog/base/log.h"
#include "catalog/base/names.h"
#include "catalog/base/now.h"
#include "catalog/model/write/writer.h"
#include "catalog/places/object_store.h"
#include "catalog/places/places.h"
#include "views/frame/acts.h"
#include "views/frame/original_node.h"
#include "views/originals/originals_view.h"
#include "views/write/draft_node.h"

namespace damfs {
namespace {

constexpr int64_t kFiledNs = 10'000'000'000;  // how long a name that was filed away goes on leading there
constexpr size_t kMostFiled = 10'000;
constexpr size_t kThreads = 8;  // that wait for disks
constexpr std::chrono::seconds kOthersLetGo{1};
constexpr std::chrono::seconds kFetchedWithin{30};  // what is to be saved over
constexpr int64_t kParkedFrom = int64_t{1} << 50;   // above all versions, in a listing

// Two spellings are two files in originals/, and one elsewhere.
std::string name_key(NodeId directory, std::string_view name) {
  return directory.view() == ViewCode::kOriginals ? std::string(name) : nfc(name);
}

}  // namespace

Drafts::Drafts(Parts parts)
    : parts_(std::move(parts)), numbers_(parts_.catalog, pool_), filers_(kThreads), pool_(kThreads) {}

Drafts::~Drafts() { await_all_owed(); }

void Drafts::await_all_owed() {
  std::unique_lock lock(mutex_);
  none_owed_.wait(lock, [this] { return owed_ == 0; });
}

void Drafts::finish() {
  await_all_owed();
  settle_parked(std::numeric_limits<int64_t>::max());
}

std::shared_ptr<Drafts::Owed> Drafts::owe(const DraftRef& draft) {
  auto owed = std::make_shared<Owed>(*this, draft);
  draft->state_.keeping();
  ++owed_;
  return owed;
}

void Drafts::Owed::end() {
  const DraftRef draft = std::move(draft_);  // let go of after the lock
  const std::lock_guard lock(drafts_.mutex_);
  draft->state_.kept();
}

Drafts::Owed::~Owed() {
  const std::lock_guard lock(drafts_.mutex_);
  if (draft_) draft_->state_.kept();
  if (--drafts_.owed_ == 0) drafts_.none_owed_.notify_all();
}

// --- what is asked of them ------------------------------------------------------------------------------

DraftRef Drafts::find(int64_t version) const {
  const int64_t now = now_ns();
  const std::lock_guard lock(mutex_);
  const auto found = by_version_.find(version);
  if (found == by_version_.end()) return nullptr;
  found->second->state_.touch(now);
  return found->second->state_.holds_number(now) ? found->second : nullptr;
}

DraftRef Drafts::found_at(NodeId directory, std::string_view name) const {
  const auto in = directories_.find(directory);
  if (in == directories_.end()) return nullptr;
  const auto found = in->second.drafts.find(name_key(directory, name));
  return found == in->second.drafts.end() ? nullptr : found->second;
}

DraftRef Drafts::at(NodeId directory, std::string_view name) const {
  const int64_t now = now_ns();
  const std::lock_guard lock(mutex_);
  DraftRef draft = found_at(directory, name);
  if (!draft || draft->state_.is_idle(now)) return nullptr;
  draft->state_.touch(now);
  return draft->state_.holds_name(now) ? draft : nullptr;
}

bool Drafts::has_any(NodeId directory) const {
  const std::lock_guard lock(mutex_);
  return directories_.contains(directory);
}

bool Drafts::may_be_written_again(NodeId directory, std::string_view name) const {
  const std::lock_guard lock(mutex_);
  const DraftRef draft = found_at(directory, name);
  return draft && draft->state_.has_handles();
}

bool Drafts::make_nonempty(NodeId directory) const {
  const int64_t now = now_ns();
  const std::lock_guard lock(mutex_);
  const auto in = directories_.find(directory);
  if (in == directories_.end()) return false;
  return !in->second.parked.empty() ||
         std::any_of(in->second.drafts.begin(), in->second.drafts.end(), [&](const auto& each) {
           return each.second->state_.holds_name(now) && !is_litter(each.second->place_.name);
         });
}

void Drafts::list(NodeId directory, int64_t after, const Visitor& visit) const {
  struct Listed {
    DraftRef draft;
    std::string name;
  };
  std::vector<Listed> drafts;
  std::vector<Parked> parked;
  {
    const int64_t now = now_ns();
    const std::lock_guard lock(mutex_);
    const auto in = directories_.find(directory);
    if (in == directories_.end()) return;
    for (const auto& [name, draft] : in->second.drafts) {
      if (draft->version() > after && draft->state_.holds_name(now)) drafts.push_back({draft, draft->place_.name});
    }
    parked = in->second.parked;
  }
  std::sort(drafts.begin(), drafts.end(),
            [](const Listed& a, const Listed& b) { return a.draft->version() < b.draft->version(); });
  for (const Listed& each : drafts) {
    if (!visit(each.draft->version(), each.name, each.draft->attributes())) return;
  }
  // Behind all of those, in the order in which they were parked.
  for (size_t i = 0; i < parked.size(); ++i) {
    const int64_t number = kParkedFrom + static_cast<int64_t>(i);
    if (number > after && !visit(number, parked[i].temporary_name, PlainLens().attributes(parked[i].asset.row).value()))
      return;
  }
}

void Drafts::note_filed(NodeId directory, std::string_view name, int64_t asset, const Actor* copied_by) {
  const int64_t now = now_ns();
  const std::lock_guard lock(mutex_);
  while (!filed_.empty() && (filed_.front().until_ns < now || filed_.size() > kMostFiled)) filed_.pop_front();
  filed_.push_back({directory, std::string(name), asset, now + kFiledNs, copied_by != nullptr ? copied_by->name : "",
                    copied_by != nullptr ? copied_by->uid : 0});
}

bool Drafts::was_copied_by(const Actor& actor, int64_t asset) const {
  const int64_t now = now_ns();
  const std::lock_guard lock(mutex_);
  return !actor.name.empty() && std::any_of(filed_.begin(), filed_.end(), [&](const Filed& each) {
    return each.asset == asset && each.copied_by == actor.name && each.uid == actor.uid && each.until_ns > now;
  });
}

std::optional<int64_t> Drafts::filed_as(NodeId directory, std::string_view name) const {
  const int64_t now = now_ns();
  const std::lock_guard lock(mutex_);
  for (auto each = filed_.rbegin(); each != filed_.rend() && each->until_ns > now; ++each) {
    if (each->directory == directory && each->name == name) return each->asset;
  }
  return std::nullopt;
}

void Drafts::forget_filed(NodeId directory, std::string_view name) {
  const std::lock_guard lock(mutex_);
  std::erase_if(filed_, [&](const Filed& each) { return each.directory == directory && each.name == name; });
}

void Drafts::writes_by_number(int64_t version, int64_t draft) {
  const int64_t now = now_ns();
  const std::lock_guard lock(mutex_);
  const auto found = by_version_.find(draft);
  if (found == by_version_.end()) return;
  found->second->is_by_number_ = true;
  if (by_number_.size() >= kMostFiled) {
    std::erase_if(by_number_,
                  [&](const auto& each) { return each.second.until_ns < now && each.second.draft.expired(); });
  }
  by_number_[version] = {found->second, now + kFiledNs};
}

DraftRef Drafts::written_by_number(int64_t version) const {
  DraftRef draft;  // let go of after the lock
  const std::lock_guard lock(mutex_);
  const auto found = by_number_.find(version);
  if (found == by_number_.end()) return nullptr;
  draft = found->second.draft.lock();
  return draft && draft->state_.has_handles() ? draft : nullptr;
}

bool Drafts::was_written_by_number(int64_t version) const {
  const int64_t now = now_ns();
  const std::lock_guard lock(mutex_);
  const auto found = by_number_.find(version);
  return found != by_number_.end() && (found->second.until_ns >= now || !found->second.draft.expired());
}

// --- coming and going -----------------------------------------------------------------------------------

void Drafts::add(const DraftRef& draft) {
  directories_[draft->place_.directory].drafts[name_key(draft->place_.directory, draft->place_.name)] = draft;
  by_version_[draft->version()] = draft;
}

void Drafts::take_out(const DraftRef& draft) {
  const auto in = directories_.find(draft->place_.directory);
  if (in == directories_.end()) return;
  const auto found = in->second.drafts.find(name_key(draft->place_.directory, draft->place_.name));
  if (found != in->second.drafts.end() && found->second == draft) in->second.drafts.erase(found);
  if (in->second.drafts.empty() && in->second.parked.empty()) directories_.erase(in);
}

void Drafts::erase(const DraftRef& draft) {
  // No change of the catalog will tell that a new file is none after all.
  if (draft->state_.was_made() && !draft->state_.has_any_filed()) vanished_from_.push_back(draft->place_.directory);
  take_out(draft);
  by_version_.erase(draft->version());
}

// Those that somebody meant to write to and did not, those that the catalog shows by now, and those that could not be
// kept, which hold room on a full disk.
std::vector<NodeId> Drafts::tidy() {
  const int64_t now = now_ns();
  settle_parked(now - kParkedNs);
  // Let go of without the lock, for the last of a file is work for the disk.
  std::vector<DraftRef> over;
  std::vector<DraftRef> left;
  std::vector<NodeId> vanished;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [version, draft] : by_version_) {
      const DraftState& state = draft->state_;
      const bool is_given_up = state.is_given_up(now) && !draft->is_kept_;
      if (state.is_idle(now) || is_given_up || !state.holds_number(now)) {
        over.push_back(draft);
      } else if (state.is_left_behind(now) && !draft->has_temporary_name()) {
        left.push_back(draft);
      }
    }
    for (const DraftRef& draft : over) erase(draft);
    for (const DraftRef& draft : left) draft->state_.tries_again_at(now + kTriesAgainNs);
    vanished = std::exchange(vanished_from_, {});
  }
  for (const DraftRef& draft : left) settle(draft);
  return vanished;
}

std::shared_ptr<DraftContent> Drafts::open(const DraftRef& draft, const Actor& actor, DraftMode mode) {
  const int64_t now = now_ns();
  // Together with the look in overwrite(): two states of one file at once would lose what is written to one of them.
  const std::lock_guard lock(mutex_);
  if (mode == DraftMode::kWrites && !draft->state_.holds_name(now)) fail(ESTALE, "that file is sealed");
  return std::make_shared<DraftContent>(draft, actor, mode);
}

DraftRef Drafts::create(DraftPlace place, const Actor& actor, uint32_t mode) {
  auto file = parts_.new_file ? parts_.new_file() : std::make_unique<StagedFile>(parts_.objects);
  const auto draft =
      std::make_shared<Draft>(*this, numbers_.next(), std::move(place), DraftState::made(), std::move(file));
  const std::lock_guard lock(mutex_);
  if ((mode & 07777) != (kFileMode & 07777)) draft->ownership_.mode = mode & 07777;
  if (!actor.is_owner) {
    draft->ownership_.uid = actor.uid;
    draft->ownership_.gid = actor.gid;
  }
  draft->state_.expect_opening(now_ns());
  add(draft);
  return draft;
}

DraftRef Drafts::overwrite(DraftPlace place, const FoundAsset& asset, const Attributes& attributes) {
  const auto bytes = parts_.catalog.reader()->bytes_of_version(asset.row.version);
  // What no place has as a descriptor is waited for here, by a thread that holds no lock.
  auto object = bytes ? parts_.places.wait_for(bytes->sha256, kFetchedWithin) : std::nullopt;
  if (!object) fail(EIO, "the bytes of {} are missing from the library; see `damfs doctor`", asset.name);
  auto file = std::make_unique<StagedFile>(parts_.objects, bytes->sha256, std::move(*object));
  const int64_t now = now_ns();
  const auto draft = std::make_shared<Draft>(*this, numbers_.next(), std::move(place), DraftState::begun_from_version(),
                                             std::move(file));
  const std::lock_guard lock(mutex_);
  // Editors stat a file, open it, and refuse to save when it is another one then.
  draft->replaces_ = attributes.node;
  draft->begun_from_ = asset.row.version;
  draft->mtime_ns_ = attributes.mtime_ns;
  const auto mode = attributes.mode & 07777;
  if (mode != (kFileMode & 07777)) draft->ownership_.mode = mode;
  if (attributes.uid) draft->ownership_.uid = *attributes.uid;
  if (attributes.gid) draft->ownership_.gid = *attributes.gid;
  const DraftRef other = found_at(draft->place_.directory, draft->place_.name);
  const DraftRef& next = other && other->state_.holds_name(now) ? other : draft;
  next->state_.expect_opening(now);
  if (next == draft) add(draft);
  return next;
}

void Drafts::remove(const DraftRef& draft) {
  const auto held = Draft::hold({draft});
  bool is_kept = false;
  {
    const std::lock_guard lock(mutex_);
    is_kept = draft->is_kept_;
  }
  // First: what the catalog does not forget would be there again in the next life of the mount.
  if (is_kept) {
    parts_.catalog.write(WriteRequest{.durability = Durability::kSoon, .frees_room = true},
                         [&](Writer& writer) { writer.forget_draft(draft->version()); });
  }
  {
    const std::lock_guard lock(mutex_);
    take_out(draft);
    draft->state_.unlinked();
    draft->is_kept_ = false;
    if (!draft->state_.has_handles()) by_version_.erase(draft->version());
  }
  if (is_kept) parts_.objects.forget_kept(draft->version());
}

void Drafts::put_elsewhere(const DraftRef& draft, const DraftPlace& to) {
  const auto replaced = to.view->find_asset(*parts_.catalog.reader(), to.key, to.name);
  const std::lock_guard lock(mutex_);
  take_out(draft);
  draft->place_ = to;
  draft->begun_from_ = replaced ? replaced->row.version : 0;  // whoever renames means what is there
  draft->ctime_ns_ = now_ns();
  add(draft);
}

void Drafts::move(const DraftRef& draft, const DraftPlace& to) {
  put_elsewhere(draft, to);
  bool is_kept = false;
  {
    const std::lock_guard lock(mutex_);
    is_kept = draft->is_kept_;
  }
  if (is_kept) draft->keep(Durability::kSoon);
}

void Drafts::move_anyway(const DraftRef& draft, const DraftPlace& to) {
  try {
    move(draft, to);
  } catch (const Error& error) {
    log::warning("{}: {}", printable(to.name), error.what());
  }
}

// One of its handles is gone.
void Drafts::released(const DraftRef& draft, bool was_active) {
  bool is_last = false;
  {
    const std::lock_guard lock(mutex_);
    draft->state_.released(was_active);
    is_last = !draft->state_.has_handles();
  }
  if (is_last) settle(draft);
}

// Where nobody has it open any more.
void Drafts::settle(const DraftRef& draft) {
  Actor actor;
  bool is_to_be_kept = false;
  {
    const std::lock_guard lock(mutex_);
    if (draft->state_.has_handles()) return;
    actor = draft->actor_;
    is_to_be_kept = draft->state_.is_to_be_left() && !draft->has_temporary_name();
  }
  if (!is_to_be_kept) return let_go(draft);
  draft->secure(actor, SealWhen::kReleased, [this, draft](int) { let_go(draft); });
}

void Drafts::let_go(const DraftRef& draft) {
  const int64_t now = now_ns();
  const std::lock_guard lock(mutex_);
  DraftState& state = draft->state_;
  // What was synced is kept, though more could not be written: it waits for whoever writes it to its end, as after a
  // mount that ended.
  if (draft->is_kept_ && state.failure() != 0 && !state.has_handles()) state.leave_unfinished();
  // Somebody may have found it meanwhile, and be about to open it.
  if (state.has_handles() || state.stays(now) || (state.has_name() && state.is_awaited(now))) return;
  if (state.has_name()) return erase(draft);
  by_version_.erase(draft->version());
}

void Drafts::sync_catalog(Done done) {
  filers_.submit([this, done = std::move(done)] {
    int code = 0;
    try {
      parts_.catalog.sync();
    } catch (const std::exception& error) {
      code = errno_of_current_exception();
      log::warning("{}", error.what());
    }
    done(code);
  });
}

// --- from an earlier life -------------------------------------------------------------------------------

void Drafts::load(const std::function<const View*(unsigned code)>& view) {
  const auto all = parts_.catalog.reader()->kept_drafts();
  std::vector<int64_t> numbers;
  for (const KeptDraft& kept : all) numbers.push_back(kept.version);
  parts_.objects.forget_all_kept_but(numbers);
  parts_.objects.remove_leftovers();
  const auto until = Clock::now() + kOthersLetGo;
  for (const KeptDraft& kept : all) {
    const View* in = view(static_cast<unsigned>(kept.view));
    auto file = in != nullptr ? parts_.objects.open_kept(kept.version, until) : std::nullopt;
    if (!file) {
      log::info("{} is being written through another mount", printable(kept.name));
      continue;
    }
    load_kept(kept, *in, std::make_unique<StagedFile>(parts_.objects, std::move(*file)));
  }
}

void Drafts::load_kept(const KeptDraft& kept, const View& view, std::unique_ptr<StagedBytes> file) {
  DraftPlace place{
      .directory = NodeId::directory(view.code(), 0, kept.key), .view = &view, .key = kept.key, .name = kept.name};
  // It was being written when its mount ended. What was synced of it is shown; what it was to replace stays the newest
  // state, until somebody writes it to its end.
  const auto replaced = is_temporary(kept.name) || view.filing() != View::Filing::kAtOnce
                            ? std::nullopt
                            : view.find_asset(*parts_.catalog.reader(), kept.key, kept.name);
  // Where somebody has saved it since, through another mount, it is a file beside that.
  const bool is_late =
      replaced && kept.begun_from && replaced->row.version != *kept.begun_from && replaced->row.version != kept.version;
  if (is_late) place.name = with_suffix(kept.name, fmt::format("~unfinished-{}", kept.version));
  const bool is_unfinished = replaced && !is_late;
  const auto draft = std::make_shared<Draft>(*this, kept.version, place, DraftState::kept_before(), std::move(file));
  {
    const std::lock_guard lock(mutex_);
    draft->is_kept_ = true;
    draft->mtime_ns_ = kept.mtime_ns;
    draft->ownership_ = kept.ownership;
    draft->begun_from_ = kept.begun_from.value_or(0);
    draft->actor_ = Actor{.name = "damfs"};
    if (is_unfinished) draft->state_.abandon();
    add(draft);
  }
  if (is_unfinished) {
    log::warning(
        "{} was being saved when its mount ended, and shows what was synced of it; its last whole state is "
        "the newest in versions/. Save it once more, or remove it",
        printable(kept.name));
  } else {
    if (is_late)
      log::warning(
          "{} was saved while it was being written through another mount, which has ended: what was "
          "synced there is {}",
          printable(kept.name), printable(place.name));
    settle(draft);
  }
}

}  // namespace damfs
