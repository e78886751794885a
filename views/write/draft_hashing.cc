// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

// What takes long to be hashed: holes, most often, which nobody wrote and which take no room, but which the name of an
// object tells of as of any bytes. Whoever closes such a file is answered when it is kept; the hash is worked out
// behind that, in pieces between which others have their turns.

#include <cerrno>
#include <memory>
#include <utility>

#include "catalog/base/error.h"
#include "catalog/base/log.h"
#include "catalog/base/names.h"
#include "views/write/drafts.h"

namespace damfs {
namespace {

constexpr uint64_t kHashedAtOnce = uint64_t{256} << 20;
constexpr uint64_t kPiece = uint64_t{64} << 20;

}  // namespace

struct Draft::Hashing {
  Actor actor;
  SealWhen when = SealWhen::kClosed;
  std::shared_ptr<Drafts::Owed> owed;
};

// The next state of an existing file is not answered early: a mount that ended before it is catalogued would take it
// for one that was not written to its end.
bool Draft::takes_long() const { return begun_from_ == 0 && left_to_hash_ > kHashedAtOnce; }

void Draft::seal_later(const Actor& actor, SealWhen when, Done done) {
  const auto result = std::make_shared<int>(0);
  const auto work = [self = shared_from_this(), result] {
    try {
      self->file_->sync();
    } catch (const std::exception& error) {
      *result = errno_of_current_exception();
      log::warning("{}: {}", printable(self->place().name), error.what());
    }
  };
  strand_.post(work, [self = shared_from_this(), actor, when, result, done = std::move(done)] {
    if (*result != 0) return done(*result);
    self->drafts_.filers_.submit([self, actor, when, done] {
      const int error = self->keep_for_now();
      if (error == 0) self->hash_and_seal(actor, when);
      done(error);
    });
  });
}

void Draft::hash_and_seal(const Actor& actor, SealWhen when) {
  const auto hashing = std::make_shared<Hashing>();
  hashing->actor = actor;
  hashing->when = when;
  {
    const std::lock_guard lock(drafts_.mutex_);
    if (std::exchange(is_hashed_, true)) return;  // whoever is at it does it for all
    hashing->owed = drafts_.owe(shared_from_this());
  }
  hash_next(hashing);
}

void Draft::hash_next(const std::shared_ptr<Hashing>& hashing) {
  enum class Next : uint8_t { kHashes, kSeals, kEnds };
  const auto next = std::make_shared<Next>(Next::kHashes);
  const auto work = [self = shared_from_this(), next] {
    bool has_failed = false;
    try {
      self->file_->hash_some(kPiece);
    } catch (const std::exception& error) {
      has_failed = true;  // tried again as all that is left behind (Drafts::tidy)
      log::warning("{}: {}", printable(self->place().name), error.what());
    }
    const std::lock_guard lock(self->drafts_.mutex_);
    self->left_to_hash_ = self->file_->left_to_hash();
    if (has_failed || !self->state_.has_name() || self->state_.failure() != 0) {
      *next = Next::kEnds;
    } else if (self->left_to_hash_ == 0) {
      *next = Next::kSeals;
    }
    if (*next != Next::kHashes) self->is_hashed_ = false;
  };
  strand_.post(work, [self = shared_from_this(), hashing, next] {
    if (*next == Next::kHashes) return self->hash_next(hashing);
    const auto end = [self, hashing](int) {
      hashing->owed->end();
      self->settle();
    };
    if (*next == Next::kEnds) return end(0);
    self->secure(hashing->actor, hashing->when, end);
  });
}

void Draft::secure_soon(const Actor& actor, SealWhen when) {
  const bool is_later = [&] {
    const std::lock_guard lock(drafts_.mutex_);
    const bool is_to_be_sealed = state_.has_name() && state_.failure() == 0 && state_.is_to_be_sealed(when);
    return takes_long() && !has_temporary_name() && is_to_be_sealed;
  }();
  if (!is_later) return secure_now(actor, when);
  if (const int error = keep_for_now()) throw_errno(error, printable(place().name) + " could not be kept");
  hash_and_seal(actor, when);
}

}  // namespace damfs
