// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

// What becomes of what was written: it is sealed, and goes into the catalog; or it is kept until it has a lasting name.

#include <fmt/format.h>

#include <atomic>
#include <cerrno>
#include <future>
#include <system_error>
#include <utility>

#include "catalog/base/error.h"
#include "catalog/base/log.h"
#include "catalog/base/names.h"
#include "catalog/base/out_of_room.h"
#include "catalog/ingest/copies.h"
#include "catalog/ingest/prober.h"
#include "catalog/ingest/whole.h"
#include "catalog/model/write/sidecar.h"
#include "catalog/model/write/writer.h"
#include "catalog/places/object_store.h"
#include "views/frame/acts.h"
#include "views/write/drafts.h"

namespace damfs {
namespace {

// Of a temporary file that is larger, the hash is finished and its bytes are flushed when it is closed, and not when it
// gets its lasting name: the kernel holds the folder for as long as that takes.
constexpr uint64_t kPreparedFrom = uint64_t{1} << 20;

}  // namespace

// One state on its way from the bytes into the catalog.
struct Draft::Sealing {
  int error = 0;
  bool is_taken = false;  // there was something to be sealed
  int64_t state = 0;      // its last change
  SealedFile file;
  std::shared_ptr<const UniqueFd> bytes;
  View::Filing filing = View::Filing::kNone;
};

void Draft::seal(SealWhen when, Sealing& sealing) {
  try {
    {
      const std::lock_guard lock(drafts_.mutex_);
      if (!state_.has_name() || !state_.is_to_be_sealed(when) || has_temporary_name()) return;
      if (state_.failure() != 0) throw_errno(state_.failure(), "it could not be written");
      sealing.state = state_.newest_change();
      sealing.file.version = version_;
      sealing.file.keeps_before = keeps_before_;
      sealing.file.mtime_ns = mtime_ns_;
      sealing.file.ownership = ownership_;
      sealing.filing = place_.view->filing();
    }
    const auto object = file_->seal([this](const Digest& sha256) { return drafts_.is_known_blob(sha256); });
    sealing.file.sha256 = object.sha256;
    sealing.file.size = static_cast<int64_t>(object.size);
    sealing.file.data_bytes = static_cast<int64_t>(object.data_bytes);
    sealing.bytes = file_->bytes();
    std::shared_ptr<const UniqueFd> replaced =
        sealing.bytes;  // closed after the lock: it may be the last that held them
    const std::lock_guard lock(drafts_.mutex_);
    bytes_.swap(replaced);
    left_to_hash_ = 0;
    state_.taken(sealing.state);
    sealing.is_taken = true;
  } catch (const std::exception& error) {
    sealing.error = errno_of_current_exception();
    log::warning("{}: {}", printable(place().name), error.what());
  }
}

void Draft::prepare() {
  try {
    if (file_->size() < kPreparedFrom) return;
    file_->prepare();
    const std::lock_guard lock(drafts_.mutex_);
    left_to_hash_ = file_->left_to_hash();
  } catch (const std::exception& error) {
    log::info("{}: {}", printable(place().name), error.what());  // it is tried again when it is sealed
  }
}

KeptDraft Draft::kept_row() const {
  return {.version = version_,
          .view = place_.view->code(),
          .key = place_.key,
          .name = place_.name,
          .mtime_ns = mtime_ns_,
          .ownership = ownership_,
          .begun_from = begun_from_};
}

// What was synced may be shown by another life of the mount: to nobody who may not see it by now.
void Draft::keep_rights() {
  const std::lock_guard filing(filing_mutex_);
  KeptDraft kept;
  {
    const std::lock_guard lock(drafts_.mutex_);
    if (!is_kept_ || !state_.has_name()) return;
    kept = kept_row();
  }
  drafts_.parts_.catalog.write(WriteRequest{.durability = Durability::kSoon},
                               [&](Writer& writer) { writer.keep_draft(kept); });
}

void Draft::keep(Durability durability) {
  const std::lock_guard filing(filing_mutex_);
  KeptDraft kept;
  int64_t change = 0;
  {
    const std::lock_guard lock(drafts_.mutex_);
    if (!state_.has_name() || is_litter(place_.name)) return;
    change = state_.newest_change();
    kept = kept_row();
  }
  std::exception_ptr failure;
  strand_.wait([&] {
    try {
      file_->keep(version_);
      std::shared_ptr<const UniqueFd> replaced = file_->bytes();
      const std::lock_guard lock(drafts_.mutex_);
      bytes_.swap(replaced);
    } catch (...) {
      failure = std::current_exception();
    }
  });
  if (failure) std::rethrow_exception(failure);
  // Whatever order the disk writes in: what the catalog is about to name is there.
  if (durability == Durability::kNow) drafts_.parts_.objects.flush_kept_names();
  {
    const std::lock_guard lock(drafts_.mutex_);
    is_kept_ = true;
    kept_change_ = change;
  }
  drafts_.parts_.catalog.write(WriteRequest{.durability = durability},
                               [&](Writer& writer) { writer.keep_draft(kept); });
}

// An errno.
int Draft::keep_for_now() {
  try {
    keep(Durability::kSoon);
    return 0;
  } catch (const std::exception& error) {
    log::warning("{}: {}", printable(place().name), error.what());
    return errno_of_current_exception();
  }
}

// A temporary name: not catalogued, and not lost.
void Draft::stays_a_draft(Done done) {
  strand_.post([self = shared_from_this()] { self->prepare(); },
               [self = shared_from_this(), done = std::move(done)] {
                 self->drafts_.filers_.submit([self, done] { done(self->keep_for_now()); });
               });
}

void Draft::secure(const Actor& actor, SealWhen when, Done told) {
  enum class Course : uint8_t { kNothing, kStaysADraft, kIsSealed, kIsSealedLater, kRefused } course = Course::kNothing;
  int failed = 0;
  std::shared_ptr<Drafts::Owed> owed;
  {
    const std::lock_guard lock(drafts_.mutex_);
    if (state_.has_name()) failed = state_.failure();
    if (!state_.has_name()) {
      course = Course::kNothing;
    } else if (failed != 0) {
      course = Course::kRefused;
    } else if (has_temporary_name()) {
      if (is_to_be_kept()) course = Course::kStaysADraft;
    } else if (state_.is_to_be_sealed(when)) {
      course = takes_long() ? Course::kIsSealedLater : Course::kIsSealed;
    } else if (answer_when_filed(told)) {
      return;
    }
    if (course != Course::kNothing && course != Course::kRefused) owed = drafts_.owe(shared_from_this());
  }
  if (course == Course::kRefused) {
    log::warning("{} could not be written: {}", printable(place().name), std::generic_category().message(failed));
  }
  if (course == Course::kNothing || course == Course::kRefused) return told(failed);
  Done done = [owed = std::move(owed), told = std::move(told)](int error) {
    owed->end();
    told(error);
  };
  if (course == Course::kStaysADraft) return stays_a_draft(std::move(done));
  if (course == Course::kIsSealedLater) return seal_later(actor, when, std::move(done));
  const auto sealing = std::make_shared<Sealing>();
  strand_.post([self = shared_from_this(), when, sealing] { self->seal(when, *sealing); },
               [self = shared_from_this(), sealing, actor, done = std::move(done)]() mutable {
                 if (!sealing->is_taken) return self->answer_later(sealing->error, std::move(done));
                 self->drafts_.filers_.submit([=] { self->drafts_.catalogue(self, *sealing, actor, done); });
               });
}

// Somebody else had taken all of it just before, and may still be on the way into the catalog with it.
void Draft::answer_later(int error, Done done) {
  {
    const std::lock_guard lock(drafts_.mutex_);
    if (error == 0 && answer_when_filed(done)) return;
  }
  done(error);
}

// What somebody else has taken goes into the catalog first. An errno.
int Draft::await_filing() {
  const auto filed = std::make_shared<std::promise<int>>();
  {
    const std::lock_guard lock(drafts_.mutex_);
    if (state_.phase() != DraftState::Phase::kOnItsWay || looks_ > 0) return 0;
    awaiting_.push_back({.state = state_.newest_change(), .is_for_bytes = true, .done = [filed](int error) {
                           filed->set_value(error);
                         }});
  }
  return filed->get_future().get();
}

void Draft::secure_now(const Actor& actor, SealWhen when) {
  const DraftRef self = shared_from_this();
  bool stays_so = false;
  bool is_kept_so = false;
  int failed = 0;
  std::shared_ptr<Drafts::Owed> owed;
  {
    const std::lock_guard lock(drafts_.mutex_);
    stays_so = has_temporary_name();
    is_kept_so = stays_so && is_to_be_kept();
    failed = state_.has_name() ? state_.failure() : 0;
    owed = drafts_.owe(self);
  }
  // One that a worker has to look at first is answered later.
  const auto result = std::make_shared<std::atomic<int>>(failed);
  Done done = [owed = std::move(owed), result](int error) {
    owed->end();
    *result = error;
  };
  if (failed != 0 || (stays_so && !is_kept_so)) {
    done(failed);
  } else if (stays_so) {
    done(keep_for_now());
  } else {
    Sealing sealing;
    strand_.wait([&] { seal(when, sealing); });
    if (!sealing.is_taken && sealing.error == 0) sealing.error = await_filing();
    drafts_.catalogue(self, sealing, actor, std::move(done));
  }
  if (*result != 0) throw_errno(*result, fmt::format("{} could not be kept", printable(place().name)));
  drafts_.settle(self);
}

// --- into the catalog -----------------------------------------------------------------------------------

bool Drafts::is_known_blob(const Digest& sha256) const { return is_kept(parts_.catalog, sha256); }

void Drafts::file(const DraftRef& draft, const SealedFile& file, int64_t state, const Actor& actor) {
  const std::lock_guard filing(draft->filing_mutex_);
  DraftPlace place;
  bool forgets_kept = false;
  bool is_by_number = false;
  {
    const std::lock_guard lock(mutex_);
    is_by_number = draft->is_by_number_;
    if (!draft->state_.has_name()) return;       // taken away while this was on its way
    if (!draft->state_.is_newer(state)) return;  // a later one is there, which has all of this
    place = draft->place_;
    forgets_kept = draft->is_kept_ && draft->kept_change_ <= state;
  }
  View::Sealed sealed;
  Draft::Xattrs applied;
  bool was_there = false;  // an asset that has these bytes from elsewhere
  Doing written{.kind = kind_of_putting(*place.view), .name = place.name};
  {
    const auto reader = parts_.catalog.reader();
    written.place = place_in_words(*place.view, *reader, place.key);
    written.is_new = !place.view->find_asset(*reader, place.key, place.name);
  }
  parts_.acts.write(actor, written, Durability::kNow, [&](Writer& writer, KnownNames& known) {
    sealed = place.view->seal(writer, file, place.key, place.name);
    written.asset = sealed.asset;
    was_there = place.view->filing() == View::Filing::kByDate && writer.current_version(sealed.asset) != file.version;
    applied = draft->apply_xattrs(writer, sealed.asset, was_there);
    // The tags that a copy brings along do not say that it is not to be where it was put.
    if (place.view->filing() == View::Filing::kByDate) place.view->add(writer, place.key, place.name, sealed.asset);
    if (forgets_kept) writer.forget_draft(draft->version());
    if (sealed.is_shown && !is_by_number) known.emplace_back(place.directory, place.name);
  });
  {
    const std::lock_guard lock(mutex_);
    draft->state_.filed(state);
    if (file.keeps_before) draft->keeps_before_ = false;
    if (forgets_kept) draft->is_kept_ = false;
  }
  draft->forget_xattrs(applied);
  if (forgets_kept) parts_.objects.forget_kept(draft->version());
  if (!sealed.is_shown && place.view->filing() != View::Filing::kAtOnce) {
    note_filed(place.directory, place.name, sealed.asset, was_there ? &actor : nullptr);
  }
}

// An errno.
int Drafts::try_to_file(const DraftRef& draft, const SealedFile& what, int64_t state, const Actor& actor) {
  try {
    file(draft, what, state, actor);
    if (parts_.prober != nullptr && what.facts == nullptr) parts_.prober->wake();
    answer_awaiting(draft, state, 0);
    return 0;
  } catch (const std::exception& error) {
    return refuse(draft, state, error);
  }
}

// In a handler, of that error.
int Drafts::refuse(const DraftRef& draft, int64_t state, const std::exception& error) {
  const int code = errno_of_current_exception();
  log::warning("{}: {}", printable(draft->place().name), error.what());
  {
    const std::lock_guard lock(mutex_);
    draft->state_.refused();
    if (is_out_of_room(code) || code == EROFS || code == ENOENT) draft->state_.fail(code);
  }
  answer_awaiting(draft, state, code);
  return code;
}

void Drafts::answer_awaiting(const DraftRef& draft, int64_t state, int code) {
  std::vector<Done> told;
  {
    const std::lock_guard lock(mutex_);
    std::erase_if(draft->awaiting_, [&](auto& each) {
      if (each.state > state && draft->state_.has_name()) return false;
      told.push_back(std::move(each.done));
      return true;
    });
  }
  for (const Done& each : told) each(code);
}

void Drafts::catalogue(const DraftRef& draft, const Draft::Sealing& sealing, const Actor& actor, Done done) {
  if (!sealing.is_taken) return done(sealing.error);
  int code = 0;
  try {
    SealedFile what = sealing.file;
    const int bytes = sealing.bytes->get();
    // Whoever copied, and by whatever way: it is the bytes that tell.
    what.copy_of = member_like(parts_.catalog, parts_.places, bytes, what.sha256, what.size);
    const std::string name = draft->place().name;
    // What a sidecar says belongs to the act of writing it.
    const bool is_to_be_looked_at = sealing.filing == View::Filing::kByDate || is_sidecar_name(name);
    if (is_to_be_looked_at && parts_.prober != nullptr && !is_known_blob(what.sha256)) {
      return look_and_file(draft, sealing, what, actor, done);
    }
    code = try_to_file(draft, what, sealing.state, actor);
  } catch (const std::exception& error) {
    code = refuse(draft, sealing.state, error);
  }
  done(code);
}

void Drafts::look_and_file(const DraftRef& draft, const Draft::Sealing& sealing, const SealedFile& what,
                           const Actor& actor, const Done& done) {
  const std::string name = draft->place().name;
  std::vector<Done> told;
  {
    const std::lock_guard lock(mutex_);
    ++draft->looks_;
    std::erase_if(draft->awaiting_, [&](auto& each) {
      if (each.is_for_bytes) told.push_back(std::move(each.done));
      return each.is_for_bytes;
    });
  }
  for (const Done& each : told) each(0);
  const auto found = [this, draft, what, state = sealing.state, actor, done](const MediaFacts& facts) {
    // The workers' own thread goes on with their next answers.
    filers_.submit(
        [this, draft, what = what, state, actor, done, facts = std::make_shared<const MediaFacts>(facts)]() mutable {
          what.facts = facts.get();
          {
            const std::lock_guard lock(mutex_);
            --draft->looks_;
          }
          done(try_to_file(draft, what, state, actor));
        });
  };
  try {
    parts_.prober->look(duplicate(sealing.bytes->get(), name), what.sha256, name, what.size, found);
  } catch (...) {
    const std::lock_guard lock(mutex_);
    --draft->looks_;
    throw;
  }
}

}  // namespace damfs
