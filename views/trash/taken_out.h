// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace damfs {

class View;

// What somebody moved out of a tag, an album or a rating into the trash of his desktop. It was removed from there, and
// stands here under the name that the desktop gave it, to be moved back.
struct TakenOut {
  uint32_t uid = 0;  // whose trash
  std::string name;  // in files/
  int64_t asset = 0;
  const View* view = nullptr;  // where it was: the folder of that view with that key
  int64_t key = 0;
  std::optional<int64_t> position{};  // in an album
  std::string path{};                 // as it was, from the root of the mount
  int64_t at_ns = 0;
  int64_t number = 0;  // rises from one to the next, and from mount to mount
};

// All of them, as long as the mount lasts: the catalog knows of none. Thread-safe.
class AllTakenOut {
 public:
  // Takes the place of one of the same name; gives it its number.
  void put(TakenOut taken);
  bool drop(uint32_t uid, std::string_view name);
  std::optional<TakenOut> find(uint32_t uid, std::string_view name) const;
  std::optional<TakenOut> numbered(int64_t number) const;
  // Those of one trash behind the number `after`, by rising number, until `visit` says false.
  void list(uint32_t uid, int64_t after, const std::function<bool(const TakenOut&)>& visit) const;
  std::vector<TakenOut> of(int64_t asset) const;
  int64_t changed_ns() const;  // 0: nothing ever came

 private:
  // Nobody moves back more than that one by one; `damfs undo` can still undo it all.
  static constexpr size_t kMost = 4096;

  mutable std::mutex mutex_;
  std::map<int64_t, TakenOut> by_number_;
  std::map<std::pair<uint32_t, std::string>, int64_t> numbers_;
  std::multimap<int64_t, int64_t> by_asset_;
  int64_t last_number_ = 0;
  int64_t changed_ns_ = 0;

  void erase(int64_t number);
};

}  // namespace damfs
