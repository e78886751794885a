// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "fs/mount/place_pattern.h"

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

namespace damfs {
namespace {

constexpr size_t kMostBytes = 4096;     // of a pattern
constexpr size_t kMostPatterns = 1024;  // that one with braces stands for

std::string with_variables(std::string_view pattern) {
  constexpr std::pair<std::string_view, std::string_view> kKnown[] = {
      {"HOME", "{/home/*,/root}"}, {"HOMEDIRS", "/home"}, {"run", "{/run,/var/run}"}, {"uid", "*"}};
  std::string out;
  while (!pattern.empty()) {
    const size_t close = pattern.starts_with("@{") ? pattern.find('}') : std::string_view::npos;
    if (close == std::string_view::npos) {
      out += pattern.front();
      pattern.remove_prefix(1);
      continue;
    }
    const std::string_view name = pattern.substr(2, close - 2);
    const auto known =
        std::find_if(std::begin(kKnown), std::end(kKnown), [&](const auto& k) { return k.first == name; });
    out += known == std::end(kKnown) ? "**" : known->second;
    pattern.remove_prefix(close + 1);
  }
  return out;
}

// The first {a,b} that is closed, as each of what it stands for; empty: there is none.
std::vector<std::string> without_first_brace(const std::string& pattern) {
  const size_t close = pattern.find('}');
  const size_t open = close == std::string::npos ? close : pattern.rfind('{', close);
  if (open == std::string::npos) return {};
  std::vector<std::string> all;
  for (size_t from = open + 1; from <= close;) {
    const size_t end = std::min(pattern.find(',', from), close);
    all.push_back(pattern.substr(0, open) + pattern.substr(from, end - from) + pattern.substr(close + 1));
    from = end + 1;
  }
  return all;
}

// Where in the path what was matched so far may end, for each longer piece of the pattern.
bool is_like(std::string_view path, std::string_view pattern) {
  std::vector<bool> ends(path.size() + 1, false);
  ends[0] = true;
  while (!pattern.empty()) {
    const bool is_deep = pattern.starts_with("**");
    const bool is_any = is_deep || pattern.front() == '*';
    std::vector<bool> next(path.size() + 1, false);
    for (size_t at = 0; at <= path.size(); ++at) {
      if (is_any) {
        next[at] = ends[at] || (at > 0 && next[at - 1] && (is_deep || path[at - 1] != '/'));
      } else if (at > 0 && ends[at - 1]) {
        next[at] = path[at - 1] == pattern.front() || (pattern.front() == '?' && path[at - 1] != '/');
      }
    }
    ends = std::move(next);
    pattern.remove_prefix(is_deep ? 2 : 1);
  }
  return ends.back();
}

}  // namespace

bool is_place_like(std::string_view path, std::string_view pattern) {
  if (pattern.size() > kMostBytes || path.size() > kMostBytes) return false;
  std::vector<std::string> waiting{with_variables(pattern)};
  for (size_t tried = 0; !waiting.empty() && tried + waiting.size() <= kMostPatterns; ++tried) {
    std::string one = std::move(waiting.back());
    waiting.pop_back();
    auto several = without_first_brace(one);
    if (several.empty() && is_like(path, one)) return true;
    std::move(several.begin(), several.end(), std::back_inserter(waiting));
  }
  return false;
}

}  // namespace damfs
