// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <gtest/gtest.h>

#include <cerrno>
#include <string>

#include "catalog/base/error.h"
#include "catalog/base/names.h"

namespace damfs {
namespace {

using namespace std::string_literals;

std::string repeated(std::string_view text, size_t times) {
  std::string out;
  for (size_t i = 0; i < times; ++i) out += text;
  return out;
}

TEST(PortableName, TakesWhatEverySystemTakes) {
  const struct {
    std::string from, to;
  } kCases[] = {
      {"IMG_0001.JPG", "IMG_0001.JPG"},
      {"a<b>c:d\"e/f\\g|h?i*j", "a_b_c_d_e_f_g_h_i_j"},
      {"tab\there\nnew\x7f", "tab_here_new_"},
      {"nul\0inside"s, "nul_inside"},
      {"c1 \xC2\x85 control", "c1 _ control"},
      {"trailing dots...", "trailing dots"},
      {"trailing . . ", "trailing"},
      {"", "_"},
      {".", "_"},
      {"..", "_"},
      {"   ", "_"},
      {".hidden", ".hidden"},
      {"con", "con_"},
      {"CON.txt", "CON_.txt"},
      {"nul.tar.gz", "nul_.tar.gz"},
      {"COM7", "COM7_"},
      {"com0.txt", "com0.txt"},
      {"console.txt", "console.txt"},
      {"latin1 \xE9.jpg", "latin1 _.jpg"},
      {"cut \xE2\x82", "cut __"},
      {"surrogate \xED\xA0\x80", "surrogate ___"},
      {"e\xCC\x81.jpg", "\xC3\xA9.jpg"},
      {"emoji \xF0\x9F\x8F\x96.jpg", "emoji \xF0\x9F\x8F\x96.jpg"},
  };
  for (const auto& [from, to] : kCases) EXPECT_EQ(portable_name(from), to) << printable(from);
}

TEST(PortableName, IsNeverLongerThanItMayBeNorEmpty) {
  const std::string umlaut = "\xC3\xA4";
  const std::string longs[] = {
      std::string(300, 'x'),
      std::string(300, 'x') + ".jpeg",
      std::string(300, ' ') + "b",
      std::string(300, '.') + "b",
      repeated(umlaut, 200),
      "x" + repeated(umlaut, 200) + ".jpg",
      "name." + std::string(300, 'e'),
      "." + std::string(300, 'e'),
      std::string(254, 'x') + " .jpg",
      std::string(252, 'x') + repeated(".", 20) + "y",
      std::string(254, 'x') + "e\xCC\x81",
  };
  for (const std::string& name : longs) {
    for (const size_t limit : {size_t{255}, size_t{200}, size_t{40}}) {
      const std::string made = portable_name(name, limit);
      EXPECT_FALSE(made.empty()) << name;
      EXPECT_LE(made.size(), limit) << name;
      EXPECT_TRUE(is_utf8(made)) << name;
      EXPECT_NE(made.back(), '.') << name;
      EXPECT_NE(made.back(), ' ') << name;
      EXPECT_EQ(portable_name(made, limit), made) << name;
    }
  }
  EXPECT_TRUE(portable_name(std::string(300, 'x') + ".jpeg").ends_with("x.jpeg"));
  EXPECT_EQ(portable_name(repeated(umlaut, 200)).size(), 254U);
}

TEST(WithSuffix, StandsBeforeTheExtension) {
  EXPECT_EQ(with_suffix("IMG_0001.JPG", "~k3f"), "IMG_0001~k3f.JPG");
  EXPECT_EQ(with_suffix("README", "~k3f"), "README~k3f");
  EXPECT_EQ(with_suffix(".hidden", "~k3f"), ".hidden~k3f");
  const std::string name = with_suffix(std::string(251, 'x') + ".jpg", "~k3f");
  EXPECT_EQ(name.size(), 255U);
  EXPECT_TRUE(name.ends_with("x~k3f.jpg"));
  EXPECT_LE(with_suffix("a." + std::string(253, 'e'), "~k3f").size(), 255U);
  EXPECT_TRUE(is_utf8(with_suffix(repeated("\xC3\xA4", 127) + ".j", "~k3f")));
}

TEST(Fold, JoinsWhatPeopleCallTheSame) {
  EXPECT_EQ(fold("Beach"), fold("bEACH"));
  EXPECT_EQ(fold("CAF\xC3\x89"), fold("cafe\xCC\x81"));
  EXPECT_EQ(fold("STRASSE"), fold("stra\xC3\x9F"
                                  "e"));
  EXPECT_NE(fold("cafe"), fold("caf\xC3\xA9"));
  for (const std::string name :
       {"\xCE\xA3\xCE\xAF\xCF\x83\xCF\x85\xCF\x86\xCE\xBF\xCF\x82", "\xC4\xB0stanbul", "\xFF\xFE"}) {
    EXPECT_EQ(fold(fold(name)), fold(name)) << printable(name);
  }
}

TEST(Nfc, LeavesBrokenBytesAlone) {
  EXPECT_EQ(nfc("e\xCC\x81"), "\xC3\xA9");
  EXPECT_EQ(nfc("\xE9"), "\xE9");
  EXPECT_EQ(nfc("a\0b"s), "a\0b"s);
}

TEST(EntryName, TakesOneComponentOnly) {
  const auto code = [](std::string_view text) {
    try {
      const EntryName name(text);
      return name.view() == text ? 0 : -1;
    } catch (const Error& error) {
      return error.code();
    }
  };
  for (const std::string& bad : {""s, "."s, ".."s, "a/b"s, "/"s, "a\0b"s})
    EXPECT_EQ(code(bad), EINVAL) << printable(bad);
  EXPECT_EQ(code(std::string(256, 'x')), ENAMETOOLONG);
  for (const std::string& good : {"a"s, "..."s, std::string(255, 'x'), "\xFF"s, " "s, "-"s}) EXPECT_EQ(code(good), 0);
}

TEST(SplitExtension, ALeadingDotIsNone) {
  EXPECT_EQ(split_extension("a.b.c").extension, ".c");
  EXPECT_EQ(split_extension(".c").extension, "");
  EXPECT_EQ(split_extension("").stem, "");
  EXPECT_EQ(split_extension("a.").extension, ".");
}

TEST(Litter, IsKnownByName) {
  for (const char* name :
       {".DS_Store", "._IMG_1.JPG", "thumbs.DB", "Desktop.ini", ".directory", ".Trash-1000", "Icon\r"}) {
    EXPECT_TRUE(is_litter(name)) << name;
  }
  for (const char* name : {"IMG_1.JPG", ".hidden.jpg", "Thumbs.db.jpg", "", "_", "."})
    EXPECT_FALSE(is_litter(name)) << name;
}

TEST(Temporary, IsKnownByName) {
  for (const char* name : {"a.tmp", "a.JPG~", "a.PART", ".goutputstream-X1", ".~lock.a.odt#", ".a.swp"}) {
    EXPECT_TRUE(is_temporary(name)) << name;
  }
  for (const char* name : {"~", "a.jpg", ".tmp", "part", "a.tmp.jpg", ""}) EXPECT_FALSE(is_temporary(name)) << name;
}

TEST(Printable, NoBytesReachATerminalAsCommands) {
  EXPECT_EQ(printable("a\x1B[31m"), "a\xEF\xBF\xBD[31m");
  EXPECT_EQ(printable("\xC2\x9B"
                      "x\xFF"),
            "\xEF\xBF\xBDx\xEF\xBF\xBD");
  EXPECT_EQ(printable("\xC3\xA4"), "\xC3\xA4");
}

}  // namespace
}  // namespace damfs
