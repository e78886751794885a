// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "catalog/base/names.h"
#include "catalog/media/worker/metadata/avchd_date.h"
#include "catalog/media/worker/metadata/exif.h"
#include "catalog/media/worker/metadata/packet.h"
#include "catalog/media/worker/metadata/xmp.h"

namespace damfs::worker {
namespace {

using namespace std::string_literals;
using Texts = std::vector<std::string>;

std::string rdf(std::string_view inside) {
  return "<rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\"><rdf:Description rdf:about=\"\""
         " xmlns:xmp=\"http://ns.adobe.com/xap/1.0/\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\""
         " xmlns:exif=\"http://ns.adobe.com/exif/1.0/\" xmlns:m=\"http://ns.microsoft.com/photo/1.0\""
         " xmlns:acdsee=\"http://ns.acdsee.com/iptc/1.0/\" "
         "xmlns:mwg-rs=\"http://www.metadataworkinggroup.com/schemas/regions/\""
         " xmlns:stArea=\"http://ns.adobe.com/xmp/sType/Area#\">" +
         std::string(inside) + "</rdf:Description></rdf:RDF>";
}

std::string utf16(std::string_view ascii, bool big, bool mark) {
  std::string out = !mark ? "" : big ? "\xFE\xFF" : "\xFF\xFE";
  for (const char c : ascii) out += big ? "\0"s + c : c + "\0"s;
  return out;
}

TEST(Xmp, IsReadInWhateverEncodingItCame) {
  const std::string plain =
      rdf("<xmp:Rating>4</xmp:Rating><dc:subject><rdf:Bag><rdf:li>sun</rdf:li></rdf:Bag></dc:subject>");
  for (const bool big : {false, true}) {
    for (const bool mark : {false, true}) {
      const std::string text = utf16(plain, big, mark);
      EXPECT_TRUE(looks_like_xmp(text)) << big << mark;
      EXPECT_EQ(Xmp::parse(text).list("dc:subject"), Texts{"sun"}) << big << mark;
    }
  }
  const std::string green = rdf("<dc:title>gr\xFCn \x93quoted\x94</dc:title>");
  for (const char* head :
       {"", "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>", "<?xml version='1.0' encoding='UTF-8'?>",
        "<?xml version=\"1.0\" encoding=\"windows-1252\"?>", "  \n"}) {
    EXPECT_EQ(Xmp::parse(head + green).text("dc:title"), "gr\xC3\xBCn \xE2\x80\x9Cquoted\xE2\x80\x9D") << head;
  }
  EXPECT_EQ(Xmp::parse("\xEF\xBB\xBF<?xml version=\"1.0\"?>" + plain + "\0\0 junk"s).text("xmp:Rating"), "4");
}

TEST(Xmp, ABadOrDoubledPropertyCostsItselfAlone) {
  const Xmp xmp = Xmp::parse(rdf(
      "<xmp:Rating>2</xmp:Rating><xmp:Rating>4</xmp:Rating><rdf:li>lost</rdf:li><undeclared:a>x & y\x01</undeclared:a>"
      "<dc:subject><rdf:Bag><rdf:li>one</rdf:li></rdf:Bag></dc:subject><dc:subject><rdf:Seq><rdf:li>two</rdf:li></"
      "rdf:Seq>"
      "</dc:subject><dc:title>plain</dc:title><dc:description><rdf:Alt><rdf:li xml:lang=\"it\">ciao</rdf:li></rdf:Alt>"
      "</dc:description>"));
  EXPECT_EQ(xmp.problem(), "");
  EXPECT_EQ(xmp.text("xmp:Rating"), "4");
  EXPECT_EQ(xmp.list("dc:subject"), (Texts{"one", "two"}));
  EXPECT_EQ(xmp.text("dc:title"), "plain");
  EXPECT_EQ(xmp.text("dc:description"), "ciao");
  EXPECT_EQ(xmp.text("undeclared:a"), "x & y");
  const Xmp cut = Xmp::parse(rdf("<xmp:Rating>3</xmp:Rating><dc:title>cut").substr(0, 700));
  EXPECT_EQ(cut.text("xmp:Rating"), "3");
  EXPECT_NE(cut.problem(), "");
  EXPECT_TRUE(Xmp::parse("<!DOCTYPE x [<!ENTITY a 'b'>]>" + rdf("<dc:title>&a;</dc:title>")).text("dc:title") != "b");
}

TEST(Xmp, DeepOrManyElementsAreLeftOutAndNothingElse) {
  std::string deep = "<xmp:Rating>1</xmp:Rating><dc:title>";
  for (int i = 0; i < 5000; ++i) deep += "<dc:x>";
  for (int i = 0; i < 5000; ++i) deep += "</dc:x>";
  EXPECT_EQ(Xmp::parse(rdf(deep + "</dc:title><dc:source>s</dc:source>")).text("dc:source"), "s");
}

MetadataSet set_of(std::string_view inside) {
  MetadataSet set;
  set.xmp = Xmp::parse(rdf(inside));
  return set;
}

TEST(FoundRating, CountsToFiveHoweverItWasWritten) {
  EXPECT_EQ(find_rating(set_of("<xmp:Rating>0</xmp:Rating><m:Rating>75</m:Rating>")), 4);
  EXPECT_EQ(find_rating(set_of("<m:Rating>1</m:Rating>")), 1);
  EXPECT_EQ(find_rating(set_of("<m:Rating>99</m:Rating>")), 5);
  EXPECT_EQ(find_rating(set_of("<xmp:Rating>80</xmp:Rating>")), 4);
  EXPECT_EQ(find_rating(set_of("<xmp:Rating>3,0</xmp:Rating>")), 3);
  EXPECT_EQ(find_rating(set_of("<xmp:Rating>-1</xmp:Rating>")), -1);
  EXPECT_EQ(find_rating(set_of("<acdsee:rating>2</acdsee:rating>")), 2);
  EXPECT_EQ(find_rating(set_of("<xmp:Rating>good</xmp:Rating>")), std::nullopt);
  EXPECT_EQ(find_rating(set_of("<xmp:Rating>101</xmp:Rating>")), std::nullopt);
}

TEST(FoundTags, AreAllPrograms) {
  const auto tags = find_tags(set_of(
      "<m:LastKeywordXMP><rdf:Bag><rdf:li>places/italy</rdf:li></rdf:Bag></m:LastKeywordXMP>"
      "<acdsee:categories>&lt;Categories&gt;&lt;Category Assigned=\"0\"&gt;People&lt;Category Assigned=\"1\"&gt;Anna"
      "&lt;/Category&gt;&lt;/Category&gt;&lt;/Categories&gt;</acdsee:categories>"
      "<dc:subject><rdf:Bag><rdf:li>italy</rdf:li><rdf:li>AC/DC</rdf:li><rdf:li>AC/DC</rdf:li></rdf:Bag></"
      "dc:subject>"));
  EXPECT_EQ(tags, (Texts{"places/italy", "People/Anna", tag_part("AC/DC")}));
}

TEST(FoundPosition, IsReadInBothSpellings) {
  const auto at = [](const char* latitude, const char* longitude) {
    return find_position(set_of("<exif:GPSLatitude>"s + latitude + "</exif:GPSLatitude><exif:GPSLongitude>" +
                                longitude + "</exif:GPSLongitude><exif:GPSAltitude>1234/10</exif:GPSAltitude>"));
  };
  EXPECT_NEAR(at("48,30.0N", "11,15,30W")->latitude, 48.5, 1e-9);
  EXPECT_NEAR(at("48,30.0N", "11,15,30W")->longitude, -11.258333, 1e-6);
  EXPECT_NEAR(*at("48,30.0S", "11,15E")->altitude, 123.4, 1e-9);
  EXPECT_NEAR(at("-48.5", "11.25")->latitude, -48.5, 1e-9);
  for (const char* odd : {"", "91,0N", "48,61N", "48,30", "N", "48,30.0X", "nan"})
    EXPECT_FALSE(at(odd, "11,15E")) << odd;
}

TEST(FoundPeople, AreKeptWithTheirPlaces) {
  MediaFacts facts;
  find_people(Xmp::parse(rdf("<mwg-rs:Regions rdf:parseType=\"Resource\"><mwg-rs:RegionList><rdf:Bag><rdf:li>"
                             "<rdf:Description mwg-rs:Name=\"Anna\" mwg-rs:Type=\"Face\"><mwg-rs:Area stArea:x=\"0.5\" "
                             "stArea:y=\"0.5\" stArea:w=\"0.2\" stArea:h=\"0.4\"/></rdf:Description></rdf:li></rdf:Bag>"
                             "</mwg-rs:RegionList></mwg-rs:Regions>")),
              facts);
  EXPECT_EQ(facts.metadata["people"], R"({"Anna":"0.4000 0.3000 0.2000 0.4000"})");
}

std::string boxed(std::string_view type, std::string_view body) {
  const auto size = static_cast<uint32_t>(body.size() + 8);
  std::string out;
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(size >> shift & 0xFF);
  return out + std::string(type) + std::string(body);
}

std::string found_in(std::string_view file) {
  return packet_in({reinterpret_cast<const uint8_t*>(file.data()), file.size()});
}

TEST(Packet, IsFoundInTheBoxesOfItsContainers) {
  const std::string ftyp = boxed("ftyp", "isom\0\0\0\0"s);
  const std::string id = "\xBE\x7A\xCF\xCB\x97\xA9\x42\xE8\x9C\x71\x99\x94\x91\xE3\xAF\xAC";
  EXPECT_EQ(found_in(ftyp + boxed("mdat", "xx") + boxed("uuid", id + "<x/>")), "<x/>");
  EXPECT_EQ(found_in(ftyp + boxed("moov", boxed("udta", boxed("XMP_", "<x/>")))), "<x/>");
  EXPECT_EQ(found_in("\0\0\0\x0CJXL \r\n\x87\n"s + boxed("xml ", "<x/>")), "<x/>");
  EXPECT_EQ(found_in("RIFF\0\0\0\0WAVE_PMX\4\0\0\0<x/>"s), "<x/>");
  EXPECT_EQ(found_in("\x30\x26\xB2\x75\x8E\x66\xCF\x11\xA6\xD9\0\xAA\0\x62\xCE\x6C\x18\0\0\0\0\0\0\0"
                     "\xCB\xCF\x7A\xBE\xA9\x97\xE8\x42\x9C\x71\x99\x94\x91\xE3\xAF\xAC\x1C\0\0\0\0\0\0\0<x/>"s),
            "<x/>");
  EXPECT_EQ(found_in("FORM\0\0\0\0AIFFID3 \0\0\0\x1CID3\3\0\0\0\0\0\x12PRIV\0\0\0\x8\0\0XMP\0<x/>"s), "<x/>");
  EXPECT_EQ(found_in("ID3\3\0\0\0\0\0\x12PRIV\0\0\0\x8\0\0XMP\0<x/>"s), "<x/>");
  std::string trailer(1, '\1');
  for (int i = 255; i >= 0; --i) trailer += static_cast<char>(i);
  const std::string gif = "GIF89a\1\0\1\0\0\0\0"s;
  EXPECT_EQ(found_in(gif + "!\xFF\x0BXMP DataXMP<x/>" + trailer + "\0;"s), "<x/>");
  const std::string infe = boxed("infe", "\2\0\0\0\0\7\0\0mime\0application/rdf+xml\0"s);
  const std::string iloc = boxed("iloc", "\1\0\0\0\x44\0\0\1\0\7\0\1\0\0\0\1\0\0\0\0\0\0\0\4"s);
  const std::string meta =
      boxed("meta", "\0\0\0\0"s + boxed("iinf", "\0\0\0\0\0\1"s + infe) + iloc + boxed("idat", "<x/>"));
  EXPECT_EQ(found_in(ftyp + meta), "<x/>");
}

TEST(AvchdDate, IsReadAcrossPacketsOfTheStream) {
  const std::string message =
      std::string(140, 'x') + "MDPM\3\x18\x24\x20\x19\x07\x19\x20\x10\x11\x12\x70\0\0\0\0"s + std::string(200, 'x');
  for (const size_t packet : {size_t{188}, size_t{192}}) {
    std::string file;
    for (size_t at = 0; at < message.size(); at += 184) {
      file += std::string(packet - 188, '\0') + "\x47\1\0\x10"s + message.substr(at, 184);
      file.resize((file.size() + packet - 1) / packet * packet, 'x');
    }
    file += std::string(packet - 188, '\0') + "\x47\1\1\x10" + std::string(184, 'y');
    EXPECT_EQ(avchd_date({reinterpret_cast<const uint8_t*>(file.data()), file.size()}), "2019-07-20T10:11:12-02:00")
        << packet;
    for (size_t size = 0; size < file.size(); size += 7) {
      avchd_date({reinterpret_cast<const uint8_t*>(file.data()), size});
    }
  }
}

TEST(Packet, IsNotFoundWhereABoxLies) {
  const std::string whole = boxed("ftyp", "isom\0\0\0\0"s) + boxed("moov", boxed("udta", boxed("XMP_", "<x/>")));
  for (size_t size = 0; size < whole.size(); ++size) found_in(std::string_view(whole).substr(0, size));
  for (const std::string& odd :
       {"GIF89a"s, "GIF89a\1\0\1\0\x87\0\0"s, "RIFF\0\0\0\0WAVEdata\xFF\xFF\xFF\xFF"s, "ID3\3\0\0\x7F\x7F\x7F\x7FPRIV"s,
        "\0\0\0\1ftyp\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"s, "\0\0\0\0ftypmeta"s}) {
    EXPECT_EQ(found_in(odd), "");
  }
}

}  // namespace
}  // namespace damfs::worker
