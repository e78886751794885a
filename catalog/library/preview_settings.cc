// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/library/preview_settings.h"

#include <algorithm>
#include <cerrno>
#include <iterator>

#include "catalog/base/error.h"
#include "catalog/library/preview_toml.h"

namespace damfs {
namespace {

constexpr int64_t kSmallestBox = 16;
constexpr int64_t kLargestBox = 16'383;  // WebP's
constexpr int64_t kSmallestBudget = 4096;
constexpr int64_t kLargestBudget = int64_t{64} << 20;
constexpr size_t kLongestName = 32;

struct NamedFormat {
  std::string_view name;
  StillFormat format;
};
constexpr NamedFormat kFormats[] = {
    {"webp", StillFormat::kWebp},
    {"jpeg", StillFormat::kJpeg},
    {"png", StillFormat::kPng},
};

// One [preview.NAME], complaining with the line where it is wrong.
class SettingReader {
 public:
  SettingReader(const Path& file, std::string_view name, const toml::node& node) : file_(file), setting_{} {
    setting_.name = name;
    check_name(node);
    if (!node.is_table()) refuse(node, "is a section of its own: write [preview.{}] above its settings", name);
    for (const auto& [key, value] : *node.as_table()) take(key.str(), value);
    const bool built_in =
        std::find(std::begin(kBuiltInPreviews), std::end(kBuiltInPreviews), name) != std::end(kBuiltInPreviews);
    if (!built_in && !setting_.box) refuse(node, "needs a box: its long edge in pixels, such as box = 1080");
  }
  PreviewSetting setting() && { return std::move(setting_); }

 private:
  template <typename... Arguments>
  [[noreturn]] void refuse(const toml::node& at, fmt::format_string<Arguments...> text, Arguments&&... arguments) {
    fail(EINVAL, "{}:{}: preview.{} {}", file_.string(), at.source().begin.line, setting_.name,
         fmt::format(text, std::forward<Arguments>(arguments)...));
  }

  void check_name(const toml::node& node) {
    const std::string& name = setting_.name;
    const bool plain = name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == name.npos;
    if (name.empty() || name.size() > kLongestName || !plain) {
      refuse(node, "is no name for a preview: up to {} small letters, digits and hyphens", kLongestName);
    }
  }

  void take(std::string_view key, const toml::node& value) {
    if (key == "box") {
      setting_.box = number(key, value, kSmallestBox, kLargestBox);
    } else if (key == "budget") {
      const int64_t bytes = number(key, value, kSmallestBudget, kLargestBudget);
      setting_.budget = (bytes + kSmallestBudget - 1) / kSmallestBudget * kSmallestBudget;
    } else if (key == "quality") {
      setting_.quality = static_cast<int>(number(key, value, 1, 100));
    } else if (key == "format") {
      setting_.format = format(value);
    } else {
      refuse(value, "has no setting '{}'; known are box, budget, format and quality", key);
    }
  }

  int64_t number(std::string_view key, const toml::node& node, int64_t least, int64_t most) {
    const auto value = node.value_exact<int64_t>();
    if (!value || *value < least || *value > most) {
      refuse(node, "{} must be a whole number from {} to {}", key, least, most);
    }
    return *value;
  }

  StillFormat format(const toml::node& node) {
    const auto text = node.value_exact<std::string>();
    for (const NamedFormat& known : kFormats) {
      if (text == known.name) return known.format;
    }
    refuse(node, "format must be \"webp\", \"jpeg\" or \"png\"");
  }

  const Path& file_;
  PreviewSetting setting_;
};

}  // namespace

std::vector<PreviewSetting> preview_settings(const toml::node& section, const Path& file) {
  if (!section.is_table()) {
    fail(EINVAL, "{}:{}: 'preview' needs a name: write [preview.NAME]", file.string(), section.source().begin.line);
  }
  std::vector<PreviewSetting> settings;
  for (const auto& [name, node] : *section.as_table()) {
    settings.push_back(SettingReader(file, name.str(), node).setting());
  }
  return settings;
}

}  // namespace damfs
