// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <gtest/gtest.h>

#include "catalog/base/names.h"
#include "catalog/model/write/sidecar.h"

namespace damfs {
namespace {

TEST(Sidecar, NamesTellWhoseTheyAre) {
  EXPECT_TRUE(is_sidecar_name("a.jpg.xmp") && is_sidecar_name("a.XMP"));
  EXPECT_FALSE(is_sidecar_name(".xmp") || is_sidecar_name("xmp") || is_sidecar_name("a.xmp.jpg"));
  std::vector<std::string> names;
  for (const auto& [name, form] : sidecars_of("a.b.cr2")) names.push_back(name);
  EXPECT_EQ(names, (std::vector<std::string>{"a.b.cr2.xmp", "a.b.cr2.XMP", "A.B.CR2.xmp", "A.B.CR2.XMP", "a.b.xmp",
                                             "a.b.XMP", "A.B.xmp", "A.B.XMP"}));
  EXPECT_EQ(sidecars_of("1").size(), 2U) << "without an extension both forms are one";
}

TEST(Sidecar, WordsAreStoredAndFoundAgain) {
  const SidecarWords words{
      -1, "a \"title\"", "two\nlines", {"places/italy", "beach"}, CaptureTime::parse("1999-08-07T10:00:00"), "CR2"};
  EXPECT_EQ(sidecar_from_text(to_text(words)), words);
  EXPECT_EQ(sidecar_from_text(to_text({})), SidecarWords());
  for (const char* odd : {"", "[]", "null", R"({"tags":1})", R"({"rating":"x"})", "{"}) {
    EXPECT_EQ(sidecar_from_text(odd), SidecarWords()) << odd;
  }
}

TEST(Sidecar, ATagThatHoldsASeparatorStandsWhereThatIsNone) {
  SidecarWords words;
  words.tags = {tag_part("AC/DC"), "one|two", "a/b"};
  const std::string packet = xmp_packet(words);
  const auto holds = [&](std::string_view list, std::string_view item) {
    const size_t begin = packet.find('<' + std::string(list) + '>');
    const size_t end = packet.find("</" + std::string(list) + '>');
    return packet.substr(begin, end - begin).find("<rdf:li>" + std::string(item) + "</rdf:li>") != packet.npos;
  };
  EXPECT_TRUE(holds("dc:subject", "AC/DC") && holds("lr:hierarchicalSubject", "AC/DC"));
  EXPECT_FALSE(holds("digiKam:TagsList", "AC/DC") || holds("lr:hierarchicalSubject", "one|two"));
  EXPECT_TRUE(holds("dc:subject", "one|two") && holds("digiKam:TagsList", "one|two"));
  EXPECT_TRUE(holds("lr:hierarchicalSubject", "a|b") && holds("digiKam:TagsList", "a/b"));
}

TEST(Sidecar, APacketHoldsAnyText) {
  const std::string packet = xmp_packet({3, "<b> & \"c\"", std::string("one\ntwo\x01", 8), {"a/b", "x/b"}, {}, {}});
  EXPECT_NE(packet.find("xmp:Rating=\"3\""), packet.npos);
  EXPECT_NE(packet.find("&lt;b&gt; &amp; &quot;c&quot;"), packet.npos);
  EXPECT_NE(packet.find("one\ntwo<"), packet.npos) << "XML has no way to spell control characters";
  EXPECT_NE(packet.find("<rdf:li>a|b</rdf:li>"), packet.npos);
  EXPECT_EQ(packet.find("<rdf:li>b</rdf:li>"), packet.rfind("<rdf:li>b</rdf:li>")) << "a leaf of two tags stands once";
  const std::string odd = xmp_packet({{}, "a\xFFz\xEF\xBF\xBFz\xED\xA0\x80", {}, {}});
  EXPECT_NE(odd.find("a\xEF\xBF\xBDz\xEF\xBF\xBDz\xEF\xBF\xBD"), odd.npos) << odd;
  for (const char* none : {"a\xFF", "\xEF\xBF\xBF", "\xED\xA0"}) EXPECT_EQ(odd.find(none), odd.npos) << odd;
}

}  // namespace
}  // namespace damfs
