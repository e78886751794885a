// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/model/write/camera_proxy.h"

#include <algorithm>
#include <initializer_list>

#include "catalog/base/names.h"

namespace damfs {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; });
  return out;
}

bool is_one_of(std::string_view extension, std::initializer_list<std::string_view> all) {
  return std::find(all.begin(), all.end(), lower(extension)) != all.end();
}

void add_in_both_cases(std::vector<std::string>& out, const std::string& path, std::string_view upper_extension) {
  out.push_back(path + std::string(upper_extension));
  out.push_back(path + lower(upper_extension));
}

// GoPro's chaptered names: G, a letter for what it is, two digits of chapter, four of the clip.
bool is_gopro(std::string_view stem, std::string_view letters) {
  return stem.size() == 8 && stem[0] == 'G' && letters.find(stem[1]) != letters.npos &&
         std::all_of(stem.begin() + 2, stem.end(), [](char c) { return c >= '0' && c <= '9'; });
}

constexpr std::string_view kSonyMark = "S03";

}  // namespace

std::vector<std::string> camera_proxies_of(std::string_view original) {
  const auto [stem, extension] = split_extension(original);
  std::vector<std::string> out;
  if (!is_one_of(extension, {".mp4", ".mov", ".mxf", ".360"})) return out;
  if (is_gopro(stem, "XHS")) add_in_both_cases(out, "GL" + std::string(stem.substr(2)), ".LRV");
  add_in_both_cases(out, std::string(stem), ".LRV");
  add_in_both_cases(out, std::string(stem), ".LRF");
  for (const char* folder : {"../Sub/", "../SUB/", "../sub/"}) {
    add_in_both_cases(out, folder + std::string(stem) + std::string(kSonyMark), ".MP4");
  }
  return out;
}

std::vector<std::string> camera_originals_of(std::string_view proxy) {
  const auto [stem, extension] = split_extension(proxy);
  std::vector<std::string> out;
  if (is_one_of(extension, {".lrv", ".lrf"})) {
    if (is_gopro(stem, "L")) {
      for (const char* prefix : {"GX", "GH", "GS"}) {
        add_in_both_cases(out, prefix + std::string(stem.substr(2)), ".MP4");
      }
      out.push_back("GS" + std::string(stem.substr(2)) + ".360");
    }
    for (const char* original : {".MP4", ".MOV"}) add_in_both_cases(out, std::string(stem), original);
  } else if (is_one_of(extension, {".mp4"}) && stem.ends_with(kSonyMark)) {
    const std::string clip(stem.substr(0, stem.size() - kSonyMark.size()));
    for (const char* folder : {"../Clip/", "../CLIP/", "../clip/"}) {
      for (const char* original : {".MP4", ".MXF"}) add_in_both_cases(out, folder + clip, original);
    }
  }
  return out;
}

}  // namespace damfs
