// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <fontconfig/fontconfig.h>

#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/media/worker/sandbox/kept_files.h"
#include "catalog/media/worker/sandbox/start.h"

namespace damfs::worker {
namespace {

struct PatternDeleter {
  void operator()(FcPattern* pattern) const { ::FcPatternDestroy(pattern); }
};
using Pattern = std::unique_ptr<FcPattern, PatternDeleter>;

struct FontSetDeleter {
  void operator()(FcFontSet* set) const { ::FcFontSetDestroy(set); }
};
using FontSet = std::unique_ptr<FcFontSet, FontSetDeleter>;

// The generic families, and those that every PDF may take for granted.
constexpr const char* kFamilies[] = {"sans-serif", "serif",   "monospace", "Helvetica",
                                     "Times",      "Courier", "Symbol",    "ZapfDingbats"};
constexpr size_t kMaxFonts = 48;

const FcChar8* text(const char* value) { return reinterpret_cast<const FcChar8*>(value); }

// Paths go into a file of settings, as patterns.
bool is_plain(std::string_view path) { return !path.empty() && path.find_first_of("<>&\"'*?[]\\") == path.npos; }

void add_file_of(FcPattern* font, std::vector<std::string>& paths) {
  FcChar8* file = nullptr;
  if (font == nullptr || ::FcPatternGetString(font, FC_FILE, 0, &file) != FcResultMatch) return;
  std::string path(reinterpret_cast<const char*>(file));
  if (!is_plain(path) || paths.size() == kMaxFonts) return;
  for (const std::string& known : paths) {
    if (known == path) return;
  }
  paths.push_back(std::move(path));
}

Pattern pattern_of(const char* family, int weight, int slant) {
  Pattern pattern(::FcPatternCreate());
  ::FcPatternAddString(pattern.get(), FC_FAMILY, text(family));
  ::FcPatternAddInteger(pattern.get(), FC_WEIGHT, weight);
  ::FcPatternAddInteger(pattern.get(), FC_SLANT, slant);
  ::FcConfigSubstitute(nullptr, pattern.get(), FcMatchPattern);
  ::FcDefaultSubstitute(pattern.get());
  return pattern;
}

std::vector<std::string> default_fonts() {
  std::vector<std::string> paths;
  FcResult result = FcResultMatch;
  for (const char* family : kFamilies) {
    for (const int weight : {FC_WEIGHT_REGULAR, FC_WEIGHT_BOLD}) {
      for (const int slant : {FC_SLANT_ROMAN, FC_SLANT_ITALIC}) {
        const Pattern wanted = pattern_of(family, weight, slant);
        add_file_of(Pattern(::FcFontMatch(nullptr, wanted.get(), &result)).get(), paths);
      }
    }
  }
  // Then those that add characters: other scripts, symbols.
  const Pattern any = pattern_of("sans-serif", FC_WEIGHT_REGULAR, FC_SLANT_ROMAN);
  const FontSet sorted(::FcFontSort(nullptr, any.get(), FcTrue, nullptr, &result));
  for (int i = 0; sorted && i < sorted->nfont; ++i) add_file_of(sorted->fonts[i], paths);
  return paths;
}

// The system's settings, with those fonts as the only ones. What is rejected is not even looked into when it is a
// folder, so the ones on the way are accepted too.
std::string settings_for(const std::vector<std::string>& paths) {
  std::set<std::string> accepted;
  for (const std::string& path : paths) {
    for (size_t end = path.size(); end != 0 && end != path.npos; end = path.rfind('/', end - 1)) {
      accepted.insert(path.substr(0, end));
    }
  }
  std::string out =
      "<fontconfig><include ignore_missing=\"yes\">/etc/fonts/fonts.conf</include><selectfont><acceptfont>";
  for (const std::string& path : accepted) out += "<glob>" + path + "</glob>";
  return out + "</acceptfont><rejectfont><glob>*</glob></rejectfont></selectfont></fontconfig>";
}

}  // namespace

void keep_fonts() {
  if (::FcInit() == FcFalse) return;
  const std::vector<std::string> paths = default_fonts();
  for (const std::string& path : paths) keep_file(path.c_str());
  const std::string settings = settings_for(paths);
  FcConfig* config = ::FcConfigCreate();
  if (config == nullptr) return;
  if (::FcConfigParseAndLoadFromMemory(config, text(settings.c_str()), FcFalse) == FcFalse ||
      ::FcConfigBuildFonts(config) == FcFalse) {
    ::FcConfigDestroy(config);
    return;
  }
  ::FcConfigSetRescanInterval(config, 0);
  ::FcConfigSetCurrent(config);
  ::FcConfigDestroy(config);
}

}  // namespace damfs::worker
