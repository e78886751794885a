// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "views/frame/view.h"

namespace damfs {

// One change that a program makes through a mount, as people would tell it.
struct Doing {
  enum class Kind : uint8_t { kWrite, kDelete, kMove, kPut, kTake, kDescribe, kRestore, kForget };
  enum class Object : uint8_t { kFile, kFolder };
  Kind kind = Kind::kWrite;
  std::string place{};  // the folder, "Trips/2024" below originals/, else "by-tag/beach"
  std::string name{};   // there, as it was before
  Object object = Object::kFile;
  bool is_new = false;     // kWrite: there was nothing of that name
  std::string to_place{};  // kMove, kRestore
  std::string to_name{};   // kMove
  std::string words{};     // kDescribe: what is said of it, "user.xdg.tags"
  int64_t asset = 0;       // 0: a folder, or it is not known before it is done
};

// Where a folder of a view stands, as Doing tells it.
std::string place_in_words(const View& view, Reader& reader, int64_t key);

// Of a view: what putting there, or taking away, is called.
Doing::Kind kind_of_putting(const View& view);
Doing::Kind kind_of_taking(const View& view);

// What a program has done of one kind, one after the other: "delete 3 files in Trips".
class Doings {
 public:
  explicit Doings(Doing::Kind kind) : kind_(kind) {}
  Doing::Kind kind() const { return kind_; }
  // Whether it is more of the same: of that kind, or done to what they were about.
  bool goes_on(const Doing& doing) const;
  void add(const Doing& doing);
  // That file is gone as if it had not been.
  void without(int64_t asset);
  std::string told() const;

 private:
  std::string count_in_words() const;

  Doing::Kind kind_;
  std::string place_, name_;        // the outermost folder; the name, as long as there is one alone
  std::string to_place_, to_name_;  // likewise
  std::string words_;
  Doing::Object object_ = Doing::Object::kFile;
  int64_t files_ = 0, folders_ = 0, new_ = 0;
  bool is_within_a_folder_ = true;              // kMove: names change alone
  std::unordered_set<size_t> counted_;          // names
  std::unordered_map<int64_t, size_t> assets_;  // the name that each was counted by; 0: by none
  size_t first_ = 0, last_ = 0;                 // the name that is told, and the one that was counted last
  std::string last_place_, last_name_;
};

}  // namespace damfs
