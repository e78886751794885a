// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <gtest/gtest.h>
#include <iconv.h>

#include <string>
#include <string_view>
#include <vector>

#include "catalog/base/error.h"
#include "catalog/media/worker/archive/member_names.h"

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

// What those names are read as when they stand in an archive in that charset.
std::vector<std::string> read_back(const char* charset, const std::vector<std::string_view>& names) {
  std::vector<std::string> bytes;
  for (const std::string_view name : names) bytes.push_back(in(charset, name));
  const std::vector<std::string_view> views(bytes.begin(), bytes.end());
  const NamesRead read = guess_charset(views);
  if (read.charset == nullptr) return {};
  Decoder decoder(*read.charset);
  std::vector<std::string> texts;
  for (const std::string_view each : views) texts.push_back(decoder.decode(each).value_or("impossible"));
  return texts;
}

void expect_known(const char* charset, const std::vector<std::string_view>& names) {
  EXPECT_EQ(read_back(charset, names), std::vector<std::string>(names.begin(), names.end())) << charset;
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
  expect_known("CP932", {"テクスチャ/木材_01.png", "テクスチャ/説明書.txt"});
  expect_known("CP932", {"新しいフォルダー/画像1.png", "写真.jpg"});
  expect_known("EUC-JP", {"テクスチャ/木材の写真.png", "新しいフォルダー/画像1.png"});
  expect_known("BIG5", {"新資料夾/圖片1.jpg", "木紋貼圖/顏色.png", "使用說明書.pdf"});
  expect_known("CP949", {"새 폴더/사진1.jpg", "한국어 이름.txt"});
  expect_known("GB18030", {"新建文件夹/图片1.jpg", "使用说明.txt", "照片/北京/长城.jpg"});
  expect_known("GB18030", {"说明\U00020000.txt", "文档.txt"});
}

TEST(MemberNames, AFewLettersAreEnough) {
  expect_known("CP932", {"くるま.pdf"});
  expect_known("CP932", {"木.png"});
  expect_known("CP932", {"データ.txt"});
  expect_known("GB18030", {"照片/长城.jpg", "照片/春节2020.jpg"});
  expect_known("GB18030", {"婚礼.jpg"});
  expect_known("BIG5", {"圖片.jpg"});
  expect_known("CP949", {"사진.jpg"});
  expect_known("CP866", {"фото1.jpg"});
  expect_known("CP1251", {"Отпуск.jpg"});
  expect_known("CP1252", {"Müller Straße.jpg", "Übung größer.jpg"});
  for (const char* charset : {"CP437", "CP850", "CP1252"}) {
    for (const char* name : {"Grün.txt", "schön.txt", "Größe.txt", "Übung/Straße.png", "Änderungen.txt", "café.jpg",
                             "éléphant.png", "señor.txt", "Ñandú.png", "où.txt", "Fußböden/Böden.png"}) {
      expect_known(charset, {name});
    }
  }
}

TEST(MemberNames, CyrillicIsReadAsItWasWritten) {
  for (const char* charset : {"CP866", "CP1251", "KOI8-R"}) {
    expect_known(charset, {"Новая папка/фото1.jpg", "Описание.txt"});
    expect_known(charset, {"Фотографии/Отпуск 2010.jpg", "Фотографии/Первый снег.jpg"});
    expect_known(charset, {"Кирпич/цвет.png", "Дерево_Color.png", "Прочитай меня.txt"});
  }
  expect_known("CP1251", {"Весілля.jpg", "Нова папка/зображення.jpg"});
}

TEST(MemberNames, EuropesAreReadAsTheyWereWritten) {
  for (const char* charset : {"CP852", "CP1250"}) {
    expect_known(charset, {"Zażółć gęślą jaźń.txt"});
    expect_known(charset, {"Příliš žluťoučký kůň.txt", "dovolená/děti.jpg"});
    expect_known(charset, {"őszi szünet.jpg", "Esküvő/virágok.jpg"});
  }
  for (const char* charset : {"CP850", "CP1252"}) {
    expect_known(charset, {"São Paulo.jpg", "coração.txt", "mãe e irmão.jpg"});
    expect_known(charset, {"Århus/København.txt", "påske.jpg", "Jørgen.jpg"});
    expect_known(charset, {"Noël 2019.jpg", "été à la mer.jpg", "garçon.jpg"});
  }
  expect_known("CP857", {"Türkçe dosyası.txt", "Şişli.jpg", "düğün.jpg"});
  expect_known("CP737", {"Αρχείο κειμένου.txt", "Νέος φάκελος/εικόνα.jpg"});
  expect_known("CP1253", {"Αρχείο κειμένου.txt", "Νέος φάκελος/εικόνα.jpg"});
  expect_known("CP862", {"שלום עולם.txt", "תמונות.jpg"});
}

TEST(MemberNames, SignsOfDosAreReadBesideWords) { expect_known("CP437", {"Grün.txt", "│αµ √.txt", "Stein_ß.txt"}); }

TEST(MemberNames, TheRunnerUpReadsSomethingElse) {
  const std::string bytes = in("CP1251", "Отпуск.jpg");
  const std::vector<std::string_view> names{bytes};
  const NamesRead read = guess_charset(names);
  ASSERT_TRUE(read.charset != nullptr && read.runner_up != nullptr);
  EXPECT_EQ(read.charset->name, "windows-1251");
  EXPECT_NE(Decoder(*read.runner_up).decode(bytes), Decoder(*read.charset).decode(bytes));
}

TEST(MemberNames, OneNameThatIsImpossibleSpoilsNoOther) {
  std::vector<std::string> bytes{in("CP932", "テクスチャ/木材_01.png"), in("CP932", "新しいフォルダー/画像1.png")};
  std::vector<std::string_view> names(bytes.begin(), bytes.end());
  names.emplace_back("\x82");
  EXPECT_EQ(guess_charset(names).charset, find_charset("shift-jis"));
}

TEST(MemberNames, WhatIsPlainTellsNothing) {
  EXPECT_EQ(guess_charset({}).charset, nullptr);
  const std::vector<std::string_view> plain{"readme.txt", "a/b.png"};
  EXPECT_EQ(guess_charset(plain).charset, nullptr);
}

}  // namespace
}  // namespace damfs::worker
