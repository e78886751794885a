// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cerrno>
#include <exception>
#include <memory>
#include <utility>

#include "fs/op_table.h"
#include "fs/reply.h"
#include "fs/session.h"
#include "views/frame/asker.h"

namespace damfs {

// A reply that is given later, on any thread; the session ends only after all of them. Destroyed unanswered it is EIO.
class OwedAnswer {
 public:
  OwedAnswer(Session& session, Reply&& reply)
      : session_(session), reply_(std::move(reply)), uid_(fuse_req_ctx(reply_.request())->uid) {
    session_.owes_answer();
  }
  ~OwedAnswer() {
    if (reply_.is_owed()) reply_.error(EIO);
    session_.gave_answer();
  }
  OwedAnswer(const OwedAnswer&) = delete;
  OwedAnswer& operator=(const OwedAnswer&) = delete;

  Session& session() { return session_; }
  Reply& reply() { return reply_; }
  uint32_t uid() const { return uid_; }
  void give(int error) {
    if (error != 0) {
      reply_.error(error);
    } else {
      reply_.ok();
    }
  }

 private:
  Session& session_;
  Reply reply_;
  const uint32_t uid_;
};

using OwedAnswerRef = std::shared_ptr<OwedAnswer>;

// A part of a work that answers later. What it throws is the answer, unless that was given.
template <typename Work>
void answer_errors(OwedAnswer& owed, Work&& work) {
  const Asking asking(owed.uid());
  try {
    work();
  } catch (const std::exception& error) {
    owed.give(refusal(owed.session(), "later", error));
  }
}

// Takes the answer over, and begins with work(owed), which keeps `owed` until it gives it.
template <typename Work>
void answer_later(Session& session, Reply& reply, Work&& work) {
  const auto owed = std::make_shared<OwedAnswer>(session, std::move(reply));
  answer_errors(*owed, [&] { work(owed); });
}

}  // namespace damfs
