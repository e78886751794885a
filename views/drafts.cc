// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/drafts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "catalog/base/clock.h"
#include "catalog/base/error.h"
#include "catalog/base/log.h"
#include "catalog/base/names.h"
#include "catalog/base/out_of_room.h"
#include "catalog/ingest/copies.h"
#include "catalog/ingest/prober.h"
#include "catalog/ingest/whole.h"
#include "catalog/model/sidecar.h"
#include "catalog/model/writer.h"
#include "catalog/store/object_store.h"
#include "views/acts.h"
#include "views/original_node.h"

namespace damfs {
namespace {

constexpr int64_t kReservedAtOnce = 256;
constexpr int64_t kParkedFrom = int64_t{1} << 50;  // above all versions, in a listing
constexpr int64_t kParkedNs = 10'000'000'000;      // editors that move a file aside write the new one at once
constexpr int64_t kFiledNs = 10'000'000'000;       // how long a name that was filed away goes on leading there
constexpr size_t kMostFiled = 10'000;

}  // namespace

int64_t Drafts::next_version() {
  const std::lock_guard lock(reserve_mutex_);
  if (next_version_ > last_version_) {
    // A number that nobody remembers after a power cut could be given out twice.
    parts_.catalog.write([&](Writer& writer) { next_version_ = writer.reserve_versions(kReservedAtOnce); });
    last_version_ = next_version_ + kReservedAtOnce - 1;
  }
  return next_version_++;
}

DraftRef Drafts::find(int64_t version) const {
  DraftRef draft;
  {
    const std::lock_guard lock(mutex_);
    const auto found = by_version_.find(version);
    if (found == by_version_.end()) return nullptr;
    draft = found->second;
    draft->touch();
  }
  return draft->holds_number() ? draft : nullptr;
}

DraftRef Drafts::at(NodeId directory, std::string_view name) const {
  DraftRef draft;
  {
    const std::lock_guard lock(mutex_);
    const auto in = directories_.find(directory);
    if (in == directories_.end()) return nullptr;
    const auto found = in->second.drafts.find(nfc(name));
    if (found == in->second.drafts.end()) return nullptr;
    draft = found->second;
    if (draft->is_idle()) return nullptr;
    draft->touch();
  }
  return draft->holds_name() ? draft : nullptr;
}

std::optional<Parked> Drafts::parked(NodeId directory, std::string_view temporary_name) const {
  const std::lock_guard lock(mutex_);
  const auto in = directories_.find(directory);
  if (in == directories_.end()) return std::nullopt;
  for (const Parked& each : in->second.parked) {
    if (each.temporary_name == temporary_name) return each;
  }
  return std::nullopt;
}

bool Drafts::is_parked_away(NodeId directory, std::string_view name) const {
  const std::lock_guard lock(mutex_);
  const auto in = directories_.find(directory);
  return in != directories_.end() && std::any_of(in->second.parked.begin(), in->second.parked.end(),
                                                 [&](const Parked& each) { return each.name == name; });
}

bool Drafts::is_parked_version(NodeId directory, std::string_view name, int64_t version) const {
  const std::lock_guard lock(mutex_);
  const auto in = directories_.find(directory);
  return in != directories_.end() &&
         std::any_of(in->second.parked.begin(), in->second.parked.end(),
                     [&](const Parked& each) { return each.name == name && each.asset.row.version == version; });
}

bool Drafts::has_any(NodeId directory) const {
  const std::lock_guard lock(mutex_);
  return directories_.contains(directory);
}

bool Drafts::may_wake(NodeId directory, std::string_view name) const {
  const std::lock_guard lock(mutex_);
  const auto in = directories_.find(directory);
  if (in == directories_.end()) return false;
  const auto found = in->second.drafts.find(nfc(name));
  return found != in->second.drafts.end() && found->second->has_handles();
}

bool Drafts::fill(NodeId directory) const {
  const std::lock_guard lock(mutex_);
  const auto in = directories_.find(directory);
  return in != directories_.end() &&
         (!in->second.parked.empty() || std::any_of(in->second.drafts.begin(), in->second.drafts.end(),
                                                    [](const auto& each) { return each.second->holds_name(); }));
}

void Drafts::forget_filed(NodeId directory, std::string_view name) {
  const std::lock_guard lock(mutex_);
  std::erase_if(filed_, [&](const Filed& each) { return each.directory == directory && each.name == name; });
}

void Drafts::list(NodeId directory, int64_t after, const Visitor& visit) const {
  std::vector<DraftRef> drafts;
  std::vector<Parked> parked;
  {
    const std::lock_guard lock(mutex_);
    const auto in = directories_.find(directory);
    if (in == directories_.end()) return;
    for (const auto& [name, draft] : in->second.drafts) {
      if (draft->version() > after) drafts.push_back(draft);
    }
    parked = in->second.parked;
  }
  std::sort(drafts.begin(), drafts.end(), [](const auto& a, const auto& b) { return a->version() < b->version(); });
  for (const DraftRef& draft : drafts) {
    if (draft->holds_name() && !visit(draft->version(), draft->place().name, draft->attributes())) return;
  }
  // Behind all of those, in the order in which they were parked.
  for (size_t i = 0; i < parked.size(); ++i) {
    const int64_t number = kParkedFrom + static_cast<int64_t>(i);
    if (number > after && !visit(number, parked[i].temporary_name, PlainLens().attributes(parked[i].asset.row).value()))
      return;
  }
}

// --- coming and going -----------------------------------------------------------------------------------

void Drafts::add(const DraftRef& draft, const DraftPlace& place) {
  directories_[place.directory].drafts[nfc(place.name)] = draft;
  by_version_[draft->version()] = draft;
}

void Drafts::take_out(const DraftRef& draft) {
  const DraftPlace place = draft->place();
  const auto in = directories_.find(place.directory);
  if (in == directories_.end()) return;
  const auto found = in->second.drafts.find(nfc(place.name));
  if (found != in->second.drafts.end() && found->second == draft) in->second.drafts.erase(found);
  if (in->second.drafts.empty() && in->second.parked.empty()) directories_.erase(in);
}

// Those that somebody meant to write to and did not, those that the catalog shows by now, and those that could not be
// kept, which hold room on a full disk.
std::vector<NodeId> Drafts::tidy() {
  settle_parked(now_ns() - kParkedNs);
  const std::lock_guard lock(mutex_);
  std::vector<DraftRef> over;
  for (const auto& [version, draft] : by_version_) {
    if (draft->is_idle() || draft->is_given_up() || !draft->holds_number()) over.push_back(draft);
  }
  for (const DraftRef& draft : over) erase(draft);
  return std::exchange(vanished_from_, {});
}

void Drafts::erase(const DraftRef& draft) {
  // No change of the catalog will tell that a new file is none after all.
  if (draft->was_made_ && !draft->is_sealed_) vanished_from_.push_back(draft->place().directory);
  take_out(draft);
  by_version_.erase(draft->version());
}

std::shared_ptr<DraftContent> Drafts::open(const DraftRef& draft, const Actor& actor, DraftMode mode) {
  // Together with the look in overwrite(): two states of one file at once would lose what is written to one of them.
  const std::lock_guard lock(mutex_);
  if (mode == DraftMode::kWrites && !draft->holds_name()) fail(ESTALE, "that file is sealed");
  return std::make_shared<DraftContent>(draft, actor, mode);
}

DraftRef Drafts::create(DraftPlace place, const Actor& actor, uint32_t mode) {
  const auto draft = std::make_shared<Draft>(*this, next_version(), place, StagedFile(parts_.objects));
  draft->was_made_ = true;
  if ((mode & 07777) != (kFileMode & 07777)) draft->ownership_.mode = mode & 07777;
  if (!actor.is_owner) {
    draft->ownership_.uid = actor.uid;
    draft->ownership_.gid = actor.gid;
  }
  const std::lock_guard lock(mutex_);
  add(draft, place);
  return draft;
}

DraftRef Drafts::overwrite(DraftPlace place, const FoundAsset& asset, const Attributes& attributes) {
  const auto bytes = parts_.catalog.reader()->bytes_of_version(asset.row.version);
  auto object = bytes ? parts_.objects.open(bytes->sha256) : std::nullopt;
  if (!object) fail(EIO, "the bytes of {} are missing from the library; see `damfs doctor`", asset.name);
  const auto draft = std::make_shared<Draft>(*this, next_version(), place,
                                             StagedFile(parts_.objects, bytes->sha256, std::move(*object)));
  draft->begin_as(attributes);
  draft->expect_opening();
  const std::lock_guard lock(mutex_);
  const auto in = directories_.find(place.directory);
  if (in != directories_.end()) {
    const auto other = in->second.drafts.find(nfc(place.name));
    if (other != in->second.drafts.end() && other->second->holds_name()) {
      other->second->expect_opening();
      return other->second;
    }
  }
  add(draft, place);
  return draft;
}

void Drafts::remove(const DraftRef& draft) {
  const auto held = Draft::hold({draft});
  {
    const std::lock_guard lock(mutex_);
    take_out(draft);
    draft->unlinked();
    if (!draft->has_handles()) by_version_.erase(draft->version());
  }
  if (!draft->is_kept_.exchange(false)) return;
  parts_.catalog.write(WriteRequest{.durability = Durability::kSoon},
                       [&](Writer& writer) { writer.forget_draft(draft->version()); });
  parts_.objects.forget_kept(draft->version());
}

void Drafts::put_elsewhere(const DraftRef& draft, const DraftPlace& to) {
  const std::lock_guard lock(mutex_);
  take_out(draft);
  draft->set_place(to);
  add(draft, to);
}

void Drafts::move(const DraftRef& draft, const DraftPlace& to) {
  put_elsewhere(draft, to);
  if (draft->is_kept_) draft->keep(Durability::kSoon);
}

void Drafts::move_anyway(const DraftRef& draft, const DraftPlace& to) {
  put_elsewhere(draft, to);
  try {
    if (draft->is_kept_) draft->keep(Durability::kSoon);
  } catch (const Error& error) {
    log::warning("{}: {}", printable(to.name), error.what());
  }
}

// --- from an earlier life -------------------------------------------------------------------------------

void Drafts::load(const std::function<const View*(unsigned code)>& view) {
  const auto all = parts_.catalog.reader()->kept_drafts();
  std::vector<int64_t> numbers;
  for (const KeptDraft& kept : all) numbers.push_back(kept.version);
  parts_.objects.forget_all_kept_but(numbers);
  parts_.objects.remove_leftovers();
  for (const KeptDraft& kept : all) {
    const View* in = view(static_cast<unsigned>(kept.view));
    auto file = in != nullptr ? parts_.objects.open_kept(kept.version) : std::nullopt;
    if (!file) continue;  // another mount has it
    const DraftPlace place{
        .directory = NodeId::directory(in->code(), 0, kept.key), .view = in, .key = kept.key, .name = kept.name};
    const auto draft =
        std::make_shared<Draft>(*this, kept.version, place, StagedFile(parts_.objects, std::move(*file)));
    draft->was_made_ = draft->is_kept_ = draft->is_dirty_ = true;
    draft->mtime_ns_ = kept.mtime_ns;
    draft->ownership_ = kept.ownership;
    {
      const std::lock_guard lock(mutex_);
      add(draft, place);
    }
    // One with a lasting name was being written when its mount ended: it is what was synced of it.
    draft->secure(Actor{.name = "damfs"}, Draft::When::kReleased, [this, draft](int) { let_go(draft); });
  }
}

void Drafts::park(NodeId directory, Parked parked) {
  const std::lock_guard lock(mutex_);
  directories_[directory].parked.push_back(std::move(parked));
}

std::optional<Parked> Drafts::take_parked(NodeId directory, std::string_view temporary_name) {
  const std::lock_guard lock(parked_mutex_);
  auto taken = parked(directory, temporary_name);
  if (taken) unpark(directory, temporary_name);
  return taken;
}

void Drafts::unpark(NodeId directory, std::string_view temporary_name) {
  const std::lock_guard lock(mutex_);
  const auto in = directories_.find(directory);
  if (in == directories_.end()) return;
  std::erase_if(in->second.parked, [&](const Parked& each) { return each.temporary_name == temporary_name; });
  if (in->second.drafts.empty() && in->second.parked.empty()) directories_.erase(in);
}

bool Drafts::is_lone(NodeId directory, const Parked& parked) const {
  {
    const std::lock_guard lock(mutex_);
    const auto in = directories_.find(directory);
    if (in == directories_.end() || in->second.drafts.contains(nfc(parked.name))) return false;
  }
  if (is_litter(parked.temporary_name)) return false;
  const auto reader = parts_.catalog.reader();
  const auto now = parked.view->find_asset(*reader, parked.key, parked.name);
  return now && now->row.version == parked.asset.row.version;
}

bool Drafts::settle(NodeId directory, const Parked& parked) {
  const auto what = fmt::format("mv {} {}", printable(parked.name), printable(parked.temporary_name));
  bool is_settled = false;
  parts_.acts.write(parked.actor, what, Durability::kSoon, [&](Writer& writer, KnownNames& known) {
    const auto entry = writer.entry_at(parked.view->group_of(parked.key).key, parked.name);
    is_settled = entry && entry->asset == parked.asset.row.id &&
                 writer.current_version(entry->asset) == parked.asset.row.version;
    if (!is_settled) return;  // something came in its place, by whatever way
    parked.view->move(writer, parked.actor, parked.key, parked.asset, parked.key, parked.temporary_name, std::nullopt);
    known.emplace_back(directory, parked.name);
    known.emplace_back(directory, parked.temporary_name);
  });
  return is_settled;
}

void Drafts::settle_parked(int64_t before_ns) {
  std::vector<std::pair<NodeId, Parked>> waiting;
  const std::lock_guard parked_lock(parked_mutex_);
  {
    const std::lock_guard lock(mutex_);
    for (auto& [directory, in] : directories_) {
      for (Parked& each : in.parked) {
        if (each.since_ns >= before_ns) continue;
        waiting.emplace_back(directory, each);
        each.since_ns = now_ns();  // where something did come in its place, that is not asked all the time
      }
    }
  }
  for (const auto& [directory, parked] : waiting) {
    try {
      if (!is_lone(directory, parked) || !settle(directory, parked)) continue;
      unpark(directory, parked.temporary_name);
    } catch (const std::exception& error) {
      log::warning("{} stays {} in the catalog: {}", printable(parked.temporary_name), printable(parked.name),
                   error.what());
    }
  }
}

// Nobody has it open any more.
void Drafts::released(const DraftRef& draft) {
  Actor actor;
  bool is_to_be_kept = false;
  {
    const std::scoped_lock lock(draft->mutex_, draft->actor_mutex_);
    actor = draft->actor_;
    is_to_be_kept = draft->failed_ == 0 && draft->is_to_be_sealed(Draft::When::kReleased);
  }
  if (!is_to_be_kept) return let_go(draft);
  draft->secure(actor, Draft::When::kReleased, [this, draft](int) { let_go(draft); });
}

void Drafts::let_go(const DraftRef& draft) {
  bool has_name = false;
  bool stays = false;
  {
    const std::lock_guard lock(draft->mutex_);
    has_name = draft->has_name_;
    // One with a temporary name waits for a lasting one; one that was refused leaves with its writer.
    stays = has_name && draft->failed_ == 0 && !draft->is_idle() && draft->holds_number();
  }
  const std::lock_guard lock(mutex_);
  // Somebody may have found it meanwhile, and be about to open it.
  if (stays || draft->has_handles() || (has_name && draft->is_awaited())) return;
  if (has_name) {
    erase(draft);
  } else {
    by_version_.erase(draft->version());
  }
}

// --- into the catalog -----------------------------------------------------------------------------------

bool Drafts::is_known_blob(const Digest& sha256) const { return is_kept(parts_.catalog, sha256); }

void Drafts::file(const DraftRef& draft, const State& state, const Actor& actor) {
  const std::lock_guard filing(draft->filing_mutex_);
  if (!draft->has_name()) return;                  // taken away while this was on its way
  if (state.number < draft->filed_state_) return;  // a later one is there, which has all of this
  const DraftPlace place = draft->place();
  View::Sealed sealed;
  const bool is_kept = draft->is_kept_ && draft->kept_state_ < state.number;
  parts_.acts.write(actor, "write " + printable(place.name), Durability::kNow, [&](Writer& writer, KnownNames& known) {
    sealed = place.view->seal(writer, state.file, place.key, place.name);
    draft->apply_xattrs(writer, sealed.asset);
    // The tags that a copy brings along do not say that it is not to be where it was put.
    if (place.view->filing() == View::Filing::kByDate) place.view->add(writer, place.key, place.name, sealed.asset);
    if (is_kept) writer.forget_draft(draft->version());
    if (sealed.is_shown) known.emplace_back(place.directory, place.name);
  });
  draft->filed_state_ = state.number;
  if (is_kept) {
    draft->is_kept_ = false;
    parts_.objects.forget_kept(draft->version());
  }
  draft->is_sealed_ = true;
  if (sealed.is_shown || place.view->filing() == View::Filing::kAtOnce) return;
  note_filed(place.directory, place.name, sealed.asset);
}

void Drafts::note_filed(NodeId directory, std::string_view name, int64_t asset) {
  const int64_t now = now_ns();
  const std::lock_guard lock(mutex_);
  while (!filed_.empty() && (filed_.front().until_ns < now || filed_.size() > kMostFiled)) filed_.pop_front();
  filed_.push_back({directory, std::string(name), asset, now + kFiledNs});
}

std::optional<int64_t> Drafts::filed_as(NodeId directory, std::string_view name) const {
  const int64_t now = now_ns();
  const std::lock_guard lock(mutex_);
  for (auto each = filed_.rbegin(); each != filed_.rend() && each->until_ns > now; ++each) {
    if (each->directory == directory && each->name == name) return each->asset;
  }
  return std::nullopt;
}

void Drafts::catalogue(const DraftRef& draft, State state, const UniqueFd& bytes, View::Filing filing,
                       const Actor& actor, Done done) {
  const auto now = [this, draft, actor](const State& what) {
    try {
      file(draft, what, actor);
      if (parts_.prober != nullptr && what.file.facts == nullptr) parts_.prober->wake();
      return 0;
    } catch (const std::exception& error) {
      const int code = errno_of_current_exception();
      log::warning("{}: {}", printable(draft->place().name), error.what());
      const std::lock_guard lock(draft->mutex_);
      draft->is_dirty_ = true;
      if (is_out_of_room(code) || code == EROFS || code == ENOENT) draft->failed_ = code;
      return code;
    }
  };
  // Whoever copied, and by whatever way: it is the bytes that tell.
  state.file.copy_of = member_like(parts_.catalog, parts_.objects, bytes.get(), state.file.sha256, state.file.size);
  const std::string name = draft->place().name;
  // What a sidecar says belongs to the act of writing it.
  const bool is_to_be_looked_at = filing == View::Filing::kByDate || is_sidecar_name(name);
  if (!is_to_be_looked_at || parts_.prober == nullptr || is_known_blob(state.file.sha256)) return done(now(state));
  parts_.prober->look(duplicate(bytes.get(), name), state.file.sha256, name, state.file.size,
                      [now, state, done = std::move(done)](const MediaFacts& facts) mutable {
                        state.file.facts = &facts;
                        done(now(state));
                      });
}

}  // namespace damfs
