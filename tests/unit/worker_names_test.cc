// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <gtest/gtest.h>
#include <iconv.h>

#include <string>
#include <string_view>
#include <vector>

#include "catalog/base/error.h"
#include "catalog/media/worker/member_names.h"

namespace damfs::worker {
namespace {

// UTF-8 as bytes of that charset.
std::string in(const char* charset, std::string_view text) {
  iconv_t converter = ::iconv_open(charset, "UTF-8");
  std::string bytes(text.size() * 4, '\0');
  char* from = const_cast<char*>(text.data());
  char* to = bytes.data();
  size_t left = text.size();
  size_t room = bytes.size();
  EXPECT_EQ(::iconv(converter, &from, &left, &to, &room), 0U) << text << " is not possible in " << charset;
  ::iconv_close(converter);
  bytes.resize(bytes.size() - room);
  return bytes;
}

// What names of that charset are taken for; "": it is not clear.
std::string guessed(const char* charset, const std::vector<std::string_view>& names) {
  std::vector<std::string> bytes;
  for (const std::string_view name : names) bytes.push_back(in(charset, name));
  const std::vector<std::string_view> views(bytes.begin(), bytes.end());
  const Charset* found = guess_charset(views);
  return found == nullptr ? "" : std::string(found->name);
}

TEST(MemberNames, EveryCharsetIsThereAndReadsWhatItWrote) {
  for (const Charset& charset : charsets()) {
    EXPECT_EQ(Decoder(charset).decode("plain/name.txt"), "plain/name.txt") << charset.name;
    EXPECT_EQ(find_charset(charset.name), &charset);
  }
  for (const auto& [charset, text] :
       std::initializer_list<std::pair<const char*, const char*>>{{"shift-jis", "表示ソ.txt"},
                                                                  {"gb18030", "说明\U00020000.txt"},
                                                                  {"big5-hkscs", "說明嘅.txt"},
                                                                  {"euc-kr", "설명서.txt"},
                                                                  {"koi8-r", "Описание.txt"},
                                                                  {"iso-8859-15", "œuvre à 5 €.txt"}}) {
    const Charset& known = *find_charset(charset);
    EXPECT_EQ(Decoder(known).decode(in(known.iconv_name, text)), text);
  }
}

TEST(MemberNames, WhatIsNotOfACharsetIsRefused) {
  EXPECT_FALSE(Decoder(*find_charset("shift-jis")).decode("a\x82"));
  EXPECT_FALSE(Decoder(*find_charset("windows-1252")).decode("a\x81"));
  EXPECT_FALSE(Decoder(Charset{"nothing", "NO-SUCH-CHARSET"}).decode("a"));
  const std::string longer(5000, 'x');
  EXPECT_EQ(Decoder(*find_charset("gbk")).decode(longer), longer);
}

TEST(MemberNames, CharsetsAreCalledByManyNames) {
  EXPECT_EQ(charset_name("Shift_JIS"), "shift-jis");
  EXPECT_EQ(charset_name("CP932"), "shift-jis");
  EXPECT_EQ(charset_name("ISO 8859-1"), "iso-8859-1");
  EXPECT_EQ(charset_name("latin1"), "iso-8859-1");
  EXPECT_EQ(charset_name("AUTO"), "auto");
  try {
    charset_name("klingon");
    FAIL() << "it was not refused";
  } catch (const Error& error) {
    const std::string said = error.what();
    for (const Charset& each : charsets()) EXPECT_NE(said.find(each.name), said.npos) << each.name;
  }
}

TEST(MemberNames, EastAsianOnesAreToldApart) {
  EXPECT_EQ(guessed("CP932", {"テクスチャ/木材_01.png", "テクスチャ/説明書.txt"}), "shift-jis");
  EXPECT_EQ(guessed("CP932", {"新しいフォルダー/画像1.png", "写真.jpg"}), "shift-jis");
  EXPECT_EQ(guessed("EUC-JP", {"テクスチャ/木材の写真.png", "新しいフォルダー/画像1.png"}), "euc-jp");
  EXPECT_EQ(guessed("BIG5", {"新資料夾/圖片1.jpg", "木紋貼圖/顏色.png", "使用說明書.pdf"}), "big5");
  EXPECT_EQ(guessed("CP949", {"새 폴더/사진1.jpg", "한국어 이름.txt"}), "euc-kr");
  // The one is all of the other.
  EXPECT_EQ(guessed("GBK", {"新建文件夹/图片1.jpg", "使用说明.txt", "照片/北京/长城.jpg"}), "gb18030");
}

TEST(MemberNames, CyrillicOfDosIsKnown) {
  EXPECT_EQ(guessed("CP866", {"Новая папка/фото1.jpg", "Описание.txt"}), "cp866");
  EXPECT_EQ(guessed("CP866", {"Кирпич/цвет.png", "Дерево_Color.png", "Прочитай меня.txt"}), "cp866");
}

TEST(MemberNames, WhatIsNotClearIsNotGuessed) {
  EXPECT_EQ(guess_charset({}), nullptr);
  for (const char* charset : {"CP437", "CP850", "ISO-8859-1", "CP1252"}) {
    for (const char* name : {"Grün.txt", "schön.txt", "Größe.txt", "Übung/Straße.png", "Änderungen.txt", "café.jpg",
                             "éléphant.png", "señor.txt", "Ñandú.png", "naïveté.txt", "où.txt", "Fußböden/Böden.png"}) {
      EXPECT_EQ(guessed(charset, {name}), "") << charset << ": " << name;
    }
    EXPECT_EQ(guessed(charset, {"Müller.txt", "Über uns.txt", "crème brûlée.jpg", "año nuevo.jpg", "Öl.png"}), "")
        << charset;
  }
  EXPECT_EQ(guessed("CP437", {"│αµ √.txt", "┌──┐.txt", "░▒▓.txt"}), "");
  EXPECT_EQ(guessed("CP850", {"São Paulo.jpg", "coração.txt", "Århus/Ø.txt"}), "");
  EXPECT_EQ(guessed("CP852", {"Zażółć gęślą.txt", "Příliš žluťoučký kůň.txt", "Łódź.png"}), "");
  EXPECT_EQ(guessed("CP857", {"Türkçe dosyası.txt", "Şişli.jpg"}), "");
  EXPECT_EQ(guessed("CP737", {"Αρχείο κειμένου.txt", "Νέος φάκελος/εικόνα.jpg", "Διάβασέ με.txt"}), "");
  EXPECT_EQ(guessed("CP862", {"שלום עולם.txt", "תמונות.jpg"}), "");
  EXPECT_EQ(guessed("CP1251", {"Новая папка/фото1.jpg", "Описание.txt"}), "");
}

TEST(MemberNames, OneNameThatIsImpossibleDecides) {
  std::vector<std::string> bytes{in("CP932", "テクスチャ/木材_01.png"), in("CP932", "新しいフォルダー/画像1.png")};
  std::vector<std::string_view> names(bytes.begin(), bytes.end());
  EXPECT_EQ(guess_charset(names), find_charset("shift-jis"));
  names.emplace_back("\x82");
  EXPECT_EQ(guess_charset(names), nullptr);
}

}  // namespace
}  // namespace damfs::worker
