// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/charsets.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "catalog/base/error.h"
#include "catalog/base/names.h"

namespace damfs {
namespace {

// Those that programs on DOS, Windows and Unix write names in. Where a vendor's superset is what is meant in practice,
// it is the one that is read.
constexpr Charset kCharsets[] = {
    {"cp437", "CP437"},
    {"cp737", "CP737"},
    {"cp775", "CP775"},
    {"cp850", "CP850"},
    {"cp852", "CP852"},
    {"cp855", "CP855"},
    {"cp857", "CP857"},
    {"cp858", "CP858"},
    {"cp862", "CP862"},
    {"cp865", "CP865"},
    {"cp866", "CP866"},
    {"cp874", "CP874"},
    {"shift-jis", "CP932"},
    {"euc-jp", "EUC-JP"},
    {"gbk", "GBK"},
    {"gb18030", "GB18030"},
    {"big5", "BIG5"},
    {"big5-hkscs", "BIG5-HKSCS"},
    {"euc-kr", "CP949"},
    {"koi8-r", "KOI8-R"},
    {"koi8-u", "KOI8-U"},
    {"windows-1250", "CP1250"},
    {"windows-1251", "CP1251"},
    {"windows-1252", "CP1252"},
    {"windows-1253", "CP1253"},
    {"windows-1254", "CP1254"},
    {"windows-1255", "CP1255"},
    {"windows-1256", "CP1256"},
    {"windows-1257", "CP1257"},
    {"windows-1258", "CP1258"},
    {"iso-8859-1", "ISO-8859-1"},
    {"iso-8859-2", "ISO-8859-2"},
    {"iso-8859-3", "ISO-8859-3"},
    {"iso-8859-4", "ISO-8859-4"},
    {"iso-8859-5", "ISO-8859-5"},
    {"iso-8859-6", "ISO-8859-6"},
    {"iso-8859-7", "ISO-8859-7"},
    {"iso-8859-8", "ISO-8859-8"},
    {"iso-8859-9", "ISO-8859-9"},
    {"iso-8859-10", "ISO-8859-10"},
    {"iso-8859-11", "ISO-8859-11"},
    {"iso-8859-13", "ISO-8859-13"},
    {"iso-8859-14", "ISO-8859-14"},
    {"iso-8859-15", "ISO-8859-15"},
    {"iso-8859-16", "ISO-8859-16"},
};

struct Alias {
  std::string_view plain;
  std::string_view name;
};
constexpr Alias kAliases[] = {
    {"cp932", "shift-jis"},
    {"sjis", "shift-jis"},
    {"windows31j", "shift-jis"},
    {"ms932", "shift-jis"},
    {"eucjp", "euc-jp"},
    {"gb2312", "gbk"},
    {"euccn", "gbk"},
    {"cp936", "gbk"},
    {"cp950", "big5"},
    {"big5hkscs", "big5-hkscs"},
    {"cp949", "euc-kr"},
    {"uhc", "euc-kr"},
    {"ksc5601", "euc-kr"},
    {"ibm437", "cp437"},
    {"ibm850", "cp850"},
    {"ibm852", "cp852"},
    {"ibm866", "cp866"},
    {"cp1250", "windows-1250"},
    {"cp1251", "windows-1251"},
    {"cp1252", "windows-1252"},
    {"cp1253", "windows-1253"},
    {"cp1254", "windows-1254"},
    {"cp1255", "windows-1255"},
    {"cp1256", "windows-1256"},
    {"cp1257", "windows-1257"},
    {"cp1258", "windows-1258"},
    {"latin1", "iso-8859-1"},
    {"latin2", "iso-8859-2"},
    {"latin9", "iso-8859-15"},
    {"tis620", "cp874"},
};

std::string plain(std::string_view name) {
  std::string text = fold(name);
  std::erase_if(text, [](char c) { return c == '-' || c == '_' || c == ' '; });
  return text;
}

}  // namespace

std::span<const Charset> charsets() { return kCharsets; }

const Charset* find_charset(std::string_view name) {
  std::string wanted = plain(name);
  const auto* alias =
      std::find_if(std::begin(kAliases), std::end(kAliases), [&](const Alias& each) { return each.plain == wanted; });
  if (alias != std::end(kAliases)) wanted = plain(alias->name);
  const auto* found = std::find_if(std::begin(kCharsets), std::end(kCharsets),
                                   [&](const Charset& each) { return plain(each.name) == wanted; });
  return found == std::end(kCharsets) ? nullptr : found;
}

std::string charset_name(std::string_view wanted) {
  if (plain(wanted) == kAutoCharset) return std::string(kAutoCharset);
  if (const Charset* found = find_charset(wanted)) return std::string(found->name);
  std::vector<std::string_view> known{kAutoCharset};
  for (const Charset& each : kCharsets) known.push_back(each.name);
  fail(EINVAL, "there is no encoding '{}'; known are: {}", printable(wanted), fmt::join(known, ", "));
}

}  // namespace damfs
