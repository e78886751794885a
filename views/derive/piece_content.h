// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>

#include "views/derive/piece_session.h"
#include "views/frame/node.h"

namespace damfs {

// One opening of a derived file that is made piece by piece: knows how its reader moves, and has the next pieces made
// ahead of who reads one behind the other.
class PieceContent final : public Content {
 public:
  // How far is made ahead of a sequential reader, in units: doubled with each read, from the least to the most.
  struct Ahead {
    int64_t least = 0, most = 0;
  };
  PieceContent(std::shared_ptr<PieceSession> session, uint64_t reader, Ahead ahead)
      : session_(std::move(session)), reader_(reader), limits_(ahead) {}
  ~PieceContent() override { session_->release(this); }

  // Has these made ahead: they will be read first.
  void expect(PieceUnits units) { session_->prefetch(units, this, reader_); }

  void read(uint64_t offset, size_t size, ReadAnswerRef answer) override;
  bool cancel(const ReadAnswer& answer) override { return session_->cancel(answer); }
  int passthrough_fd() const override { return session_->file().is_complete() ? session_->file().fd() : -1; }

 private:
  void look_ahead(uint64_t offset, size_t size);

  const std::shared_ptr<PieceSession> session_;
  const uint64_t reader_;
  const Ahead limits_;
  std::mutex mutex_;
  uint64_t expected_ = 0;
  size_t run_ = 0;
  int64_t ahead_ = 0;
  int64_t ordered_ = 0;  // behind the last unit of the run that was asked for ahead
};

}  // namespace damfs
