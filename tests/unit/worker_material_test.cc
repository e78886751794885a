// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <OpenEXR/ImfRgbaFile.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "catalog/base/error.h"
#include "catalog/base/file.h"
#include "catalog/media/worker/libraries.h"
#include "catalog/media/worker/material/material_ball.h"
#include "catalog/media/worker/still/encoded.h"
#include "tests/support/scratch.h"

namespace damfs::worker {
namespace {

using Numbers = std::vector<double>;  // one for each band, of 255

// What a map holds at a place: x and y in 0..1, y down.
using Pattern = std::function<Numbers(double x, double y)>;

struct Map {
  MapRole role;
  std::string file;
};

std::string png_of(const std::vector<uint8_t>& bytes, int width, int height) {
  const int bands = static_cast<int>(bytes.size()) / width / height;
  const Image image(
      vips_image_new_from_memory_copy(bytes.data(), bytes.size(), width, height, bands, VIPS_FORMAT_UCHAR));
  image->Type = bands < 3 ? VIPS_INTERPRETATION_B_W : VIPS_INTERPRETATION_sRGB;
  return encoded_by([&](void** data, size_t* size) { return vips_pngsave_buffer(image.get(), data, size, nullptr); });
}

std::string png(int width, int height, const Pattern& pattern) {
  std::vector<uint8_t> bytes;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (const double number : pattern((x + 0.5) / width, (y + 0.5) / height)) {
        bytes.push_back(static_cast<uint8_t>(std::lround(number)));
      }
    }
  }
  return png_of(bytes, width, height);
}

std::string flat(const Numbers& numbers) {
  return png(16, 16, [&](double, double) { return numbers; });
}

class Ball {
 public:
  Ball(const std::vector<uint8_t>& bytes, int edge) : bytes_(bytes), edge_(edge) {}

  // At a place in radii from the middle of the picture, y up.
  std::array<int, 4> at(double x, double y) const {
    const auto column = static_cast<size_t>((0.5 + x * 0.485) * edge_);
    const auto row = static_cast<size_t>((0.5 - y * 0.485) * edge_);
    const uint8_t* pixel = bytes_.data() + 4 * (row * static_cast<size_t>(edge_) + column);
    return {pixel[0], pixel[1], pixel[2], pixel[3]};
  }
  int green(double x, double y) const { return at(x, y)[1]; }
  const std::vector<uint8_t>& bytes() const { return bytes_; }

  // Of the greens of what is quite opaque.
  int brightest() const {
    int most = 0;
    for (size_t i = 0; i < bytes_.size(); i += 4) most = std::max<int>(most, bytes_[i + 3] == 255 ? bytes_[i + 1] : 0);
    return most;
  }
  int count_above(int green) const {
    int count = 0;
    for (size_t i = 0; i < bytes_.size(); i += 4) count += bytes_[i + 1] > green && bytes_[i + 3] == 255 ? 1 : 0;
    return count;
  }

  struct Difference {
    int most = 0;
    double mean = 0;
  };
  Difference to(const Ball& other) const {
    Difference difference;
    for (size_t i = 0; i < bytes_.size(); ++i) {
      const int each = std::abs(bytes_[i] - other.bytes_[i]);
      difference.most = std::max(difference.most, each);
      difference.mean += each / static_cast<double>(bytes_.size());
    }
    return difference;
  }

 private:
  std::vector<uint8_t> bytes_;
  int edge_;
};

class MaterialBall : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { start_libraries(); }

  static PictureRef picture(const std::vector<Map>& maps) {
    std::vector<MaterialMap> given;
    for (const auto& [role, file] : maps) {
      given.push_back({role, {reinterpret_cast<const uint8_t*>(file.data()), file.size()}});
    }
    return material_picture(given);
  }

  static Ball drawn(Picture& picture, int edge) {
    const Image image = picture.at({edge, edge});
    EXPECT_EQ(raster_of(image.get()), (Raster{edge, edge}));
    EXPECT_EQ(vips_image_get_bands(image.get()), 4);
    EXPECT_EQ(vips_image_get_format(image.get()), VIPS_FORMAT_UCHAR);
    EXPECT_EQ(vips_image_get_interpretation(image.get()), VIPS_INTERPRETATION_sRGB);
    const auto* bytes = static_cast<const uint8_t*>(vips_image_get_data(image.get()));
    return {{bytes, bytes + 4 * static_cast<ptrdiff_t>(edge) * edge}, edge};
  }

  static Ball ball(const std::vector<Map>& maps, int edge = 128) { return drawn(*picture(maps), edge); }

  static std::string complaint(const std::vector<Map>& maps) {
    forget_complaints();
    try {
      picture(maps);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), EINVAL);
      return error.what();
    }
    return "none";
  }

  // A picture of floats, all alike.
  std::string exr(float red, float green, float blue) const {
    const Path path = scratch_.path() / "a.exr";
    {
      const std::vector<Imf::Rgba> pixels(64, Imf::Rgba(red, green, blue));
      Imf::RgbaOutputFile file(path.c_str(), 8, 8, Imf::WRITE_RGB);
      file.setFrameBuffer(pixels.data(), 1, 8);
      file.writePixels(8);
    }
    return read_text(path, 1U << 20).value();
  }

 private:
  const test::Scratch scratch_;
};

const std::string& red() {
  static const std::string file = flat({180, 20, 20});
  return file;
}

// Waves across and down, as normals.
std::string waves(double green_up) {
  return png(128, 128, [&](double x, double y) {
    return Numbers{127.5 + 60 * std::sin(x * 12.566), 127.5 + green_up * 60 * std::sin(y * 12.566), 230};
  });
}

TEST_F(MaterialBall, StandsAloneInTheMiddle) {
  const Ball made = ball({{MapRole::kAlbedo, red()}});
  for (const double x : {-1.02, 1.02}) {
    for (const double y : {-1.02, 1.02}) EXPECT_EQ(made.at(x, y), (std::array<int, 4>{0, 0, 0, 0}));
  }
  for (const double x : {-0.95, 0.0, 0.95}) EXPECT_EQ(made.at(x, 0)[3], 255) << x;
  int soft = 0;
  for (size_t i = 3; i < made.bytes().size(); i += 4) soft += made.bytes()[i] > 0 && made.bytes()[i] < 255 ? 1 : 0;
  EXPECT_GT(soft, 128) << "the edge is smooth";
  EXPECT_LT(soft, 1024) << "and sharp";
}

TEST_F(MaterialBall, HasTheColourOfItsAlbedo) {
  const auto [r, g, b, a] = ball({{MapRole::kAlbedo, red()}}).at(0, 0);
  EXPECT_NEAR(r, 180, 30);
  EXPECT_LT(g, 70);
  EXPECT_LT(b, 70);
}

TEST_F(MaterialBall, IsGreyClayWhereNoMapTells) {
  for (const std::vector<Map>& maps : {std::vector<Map>{}, {{MapRole::kHeight, "what is not looked at"}}}) {
    const auto [r, g, b, a] = ball(maps).at(0, 0);
    EXPECT_NEAR(r, 190, 25);
    EXPECT_NEAR(r, g, 6);
    EXPECT_NEAR(b, g, 6);
  }
}

TEST_F(MaterialBall, HasTheSameBytesEveryTime) {
  const std::vector<Map> maps = {{MapRole::kAlbedo, red()}, {MapRole::kNormal, waves(1)}};
  const Ball once = ball(maps);
  const PictureRef again = picture(maps);
  drawn(*again, 61);
  EXPECT_EQ(drawn(*again, 128).bytes(), once.bytes());
  vips_concurrency_set(4);
  EXPECT_EQ(ball(maps).bytes(), once.bytes());
  vips_concurrency_set(1);
}

TEST_F(MaterialBall, FillsAnyRaster) {
  const PictureRef made = picture({{MapRole::kAlbedo, red()}});
  for (const Raster raster : {Raster{1, 1}, Raster{2, 300}, Raster{1100, 1040}}) {
    EXPECT_EQ(raster_of(made->at(raster).get()), raster);
  }
}

TEST_F(MaterialBall, IsMetalWhereTheMapSaysSo) {
  const Map albedo{MapRole::kAlbedo, flat({200, 160, 60})};
  const std::string left = png(64, 64, [](double x, double) { return Numbers{x < 0.5 ? 255.0 : 0.0}; });
  const Ball half = ball({albedo, {MapRole::kMetallic, left}});
  const Ball metal = ball({albedo, {MapRole::kMetallic, flat({255})}});
  const Ball paint = ball({albedo, {MapRole::kMetallic, flat({0})}});
  for (const double y : {-0.4, 0.0, 0.4}) {
    EXPECT_EQ(half.at(-0.3, y), metal.at(-0.3, y));
    EXPECT_EQ(half.at(0.3, y), paint.at(0.3, y));
    EXPECT_NE(metal.at(0.3, y), paint.at(0.3, y));
  }
  EXPECT_EQ(paint.bytes(), ball({albedo}).bytes()) << "what no map tells is no metal";
  EXPECT_GT(metal.green(0, -0.6), 40) << "it mirrors something, even of the ground";
}

TEST_F(MaterialBall, TakesNormalsOfBothConventions) {
  const Ball up = ball({{MapRole::kNormal, waves(1)}});
  const Ball down = ball({{MapRole::kNormalDx, waves(-1)}});
  EXPECT_LE(up.to(down).most, 4) << "the same waves";
  EXPECT_GT(up.to(ball({{MapRole::kNormal, waves(-1)}})).mean, 5) << "and not the same when they are taken for others";
  EXPECT_EQ(ball({{MapRole::kNormalDx, waves(1)}, {MapRole::kNormal, waves(1)}}).bytes(), up.bytes());
}

// The key light comes from the upper left.
TEST_F(MaterialBall, TurnsToTheLightWithItsNormals) {
  const auto tilted = [&](double r, double g) { return ball({{MapRole::kNormal, flat({r, g, 220})}}).green(0.2, 0); };
  const int even = tilted(128, 128);
  EXPECT_GT(tilted(128, 190), even + 5);
  EXPECT_LT(tilted(128, 65), even - 5);
  EXPECT_GT(tilted(65, 128), even + 5);
  EXPECT_LT(tilted(190, 128), even - 5);
}

TEST_F(MaterialBall, HasAWiderAndDimmerHighlightTheRougherItIs) {
  const Map dark{MapRole::kAlbedo, flat({20, 20, 20})};
  int last_brightest = 256;
  int last_share = 0;
  for (const double roughness : {60, 110, 170}) {
    const Ball made = ball({dark, {MapRole::kRoughness, flat({roughness})}});
    const int base = made.green(0, -0.3);
    const int share = made.count_above((made.brightest() + base) / 2);
    EXPECT_LT(made.brightest(), last_brightest) << roughness;
    EXPECT_GT(share, last_share) << roughness;
    last_brightest = made.brightest();
    last_share = share;
  }
}

TEST_F(MaterialBall, IsRoughWhereItIsNotGlossy) {
  const Ball rough = ball({{MapRole::kRoughness, flat({200})}});
  EXPECT_LE(rough.to(ball({{MapRole::kGloss, flat({55})}})).most, 1);
  EXPECT_GT(rough.to(ball({{MapRole::kGloss, flat({200})}})).most, 10);
  EXPECT_EQ(rough.bytes(), ball({{MapRole::kGloss, flat({255})}, {MapRole::kRoughness, flat({200})}}).bytes());
}

TEST_F(MaterialBall, ReadsThreeMapsOutOfOne) {
  const auto occlusion = [](double x, double) { return Numbers{255 * x}; };
  const auto roughness = [](double, double y) { return Numbers{50 + 200 * y}; };
  const auto metallic = [](double x, double y) { return Numbers{x + y < 1 ? 255.0 : 0.0}; };
  const auto packed = png(64, 64, [&](double x, double y) {
    return Numbers{occlusion(x, y)[0], roughness(x, y)[0], metallic(x, y)[0]};
  });
  const std::vector<Map> apart = {{MapRole::kAo, png(64, 64, occlusion)},
                                  {MapRole::kRoughness, png(64, 64, roughness)},
                                  {MapRole::kMetallic, png(64, 64, metallic)}};
  const Ball made = ball(apart);
  EXPECT_EQ(ball({{MapRole::kOrm, packed}}).bytes(), made.bytes());
  EXPECT_EQ(ball({{MapRole::kArm, packed}}).bytes(), made.bytes());
  // One of its own goes before what is packed, the others stand; and a packed one that tells nothing is not read.
  const Map shiny{MapRole::kRoughness, flat({30})};
  EXPECT_EQ(ball({shiny, {MapRole::kOrm, packed}}).bytes(), ball({shiny, apart[0], apart[2]}).bytes());
  EXPECT_EQ(ball({apart[0], apart[1], apart[2], {MapRole::kOrm, "nonsense"}}).bytes(), made.bytes());
}

TEST_F(MaterialBall, IsDarkerWhereItIsOccluded) {
  const Ball open = ball({});
  const Ball closed = ball({{MapRole::kAo, flat({0})}});
  for (const double x : {-0.5, 0.0, 0.5}) EXPECT_LT(closed.green(x, 0), open.green(x, 0) - 10) << x;
}

TEST_F(MaterialBall, GlowsByItself) {
  const Map black{MapRole::kAlbedo, flat({0, 0, 0})};
  const auto [r, g, b, a] = ball({black, {MapRole::kEmissive, flat({0, 200, 0})}}).at(0, -0.7);
  EXPECT_GT(g, 180);
  EXPECT_LT(r, 90);
  EXPECT_LT(ball({black}).green(0, -0.7), 90);
}

TEST_F(MaterialBall, IsSeenThroughWhereItIsNotOpaque) {
  const std::string halves = png(64, 64, [](double x, double) { return Numbers{x < 0.5 ? 0.0 : 128.0}; });
  const Ball made = ball({{MapRole::kAlbedo, red()}, {MapRole::kOpacity, halves}});
  EXPECT_EQ(made.at(-0.3, 0), (std::array<int, 4>{0, 0, 0, 0}));
  EXPECT_EQ(made.at(0.3, 0)[3], 128);
  EXPECT_EQ(made.at(0.3, 0)[0], ball({{MapRole::kAlbedo, red()}}).at(0.3, 0)[0]) << "the colour is the same";
  // The albedo's own opacity counts where there is no map of it.
  const Map glass{MapRole::kAlbedo, flat({180, 20, 20, 51})};
  EXPECT_EQ(ball({glass}).at(0, 0)[3], 51);
  EXPECT_EQ(ball({glass, {MapRole::kOpacity, flat({255})}}).at(0, 0)[3], 255);
}

TEST_F(MaterialBall, DoesNotStretchWhatIsNotSquare) {
  const auto checks = [](double across, double down) {
    return [=](double x, double y) {
      const bool light = (static_cast<int>(x * across) + static_cast<int>(y * down)) % 2 == 0;
      return Numbers(3, light ? 255 : 0);
    };
  };
  // How often it changes from one edge to the other along a line a little off the middle.
  const auto changes = [](const Ball& made, bool across) {
    int count = 0;
    bool last = false;
    for (double at = -0.9; at < 0.9; at += 0.005) {
      const bool light = (across ? made.green(at, 0.05) : made.green(0.05, at)) > 110;
      count += light != last ? 1 : 0;
      last = light;
    }
    return count;
  };
  const Ball wide = ball({{MapRole::kAlbedo, png(256, 64, checks(16, 4))}, {MapRole::kRoughness, flat({255})}}, 400);
  EXPECT_GT(changes(wide, true), 8);
  EXPECT_NEAR(changes(wide, true), changes(wide, false), 2);
}

// A profile is for eyes, and so is a curve.
TEST_F(MaterialBall, ReadsNumbersAsTheyAreStored) {
  const Ball rough = ball({{MapRole::kRoughness, flat({128, 128, 128})}});
  const std::vector<uint16_t> numbers(64, 128 * 257);
  Image wide(vips_image_new_from_memory_copy(numbers.data(), 128, 8, 8, 1, VIPS_FORMAT_USHORT));
  wide->Type = VIPS_INTERPRETATION_GREY16;
  const std::string deep =
      encoded_by([&](void** data, size_t* size) { return vips_pngsave_buffer(wide.get(), data, size, nullptr); });
  EXPECT_EQ(ball({{MapRole::kRoughness, deep}}).bytes(), rough.bytes());

  const std::string plain = flat({128, 128, 128});
  const Image image(vips_image_new_from_buffer(plain.data(), plain.size(), "", nullptr));
  const std::string with_profile = encoded_by([&](void** data, size_t* size) {
    return vips_pngsave_buffer(image.get(), data, size, "profile", "p3", nullptr);
  });
  ASSERT_NE(with_profile.find("iCCP"), std::string::npos);
  EXPECT_EQ(ball({{MapRole::kRoughness, with_profile}}).bytes(), rough.bytes());
}

TEST_F(MaterialBall, ReadsFloatsAsTheyAre) {
  const float half = 128.0F / 255;
  EXPECT_LE(ball({{MapRole::kRoughness, exr(half, half, half)}}).to(ball({{MapRole::kRoughness, flat({128})}})).most,
            1);
  const Ball tilted = ball({{MapRole::kNormal, flat({128, 190, 230})}});
  EXPECT_LE(ball({{MapRole::kNormal, exr(half, 190.0F / 255, 0.9F)}}).to(tilted).most, 2);
  // Of an albedo they are light: 0.2159 is 128 in sRGB. More than all light there is cannot come back.
  EXPECT_LE(ball({{MapRole::kAlbedo, exr(0.2159F, 0.2159F, 0.2159F)}})
                .to(ball({{MapRole::kAlbedo, flat({128, 128, 128})}}))
                .most,
            2);
  EXPECT_EQ(ball({{MapRole::kAlbedo, exr(7, 7, 7)}}).bytes(), ball({{MapRole::kAlbedo, exr(1, 1, 1)}}).bytes());
}

TEST_F(MaterialBall, NamesTheMapThatIsDamaged) {
  const std::string whole = png(64, 64, [](double x, double y) { return Numbers{255 * x, 255 * y, 77 * x * y}; });
  const std::string cut = whole.substr(0, whole.size() / 2);
  EXPECT_EQ(
      complaint({{MapRole::kAlbedo, red()}, {MapRole::kNormal, cut}}).find("the normal map: the picture is damaged"),
      0U);
  EXPECT_EQ(complaint({{MapRole::kAlbedo, cut}}).find("the albedo map: the picture is damaged"), 0U);
  EXPECT_EQ(complaint({{MapRole::kRoughness, "nonsense"}}).find("the roughness map: "), 0U);
  EXPECT_EQ(complaint({{MapRole::kOpacity, ""}}), "the opacity map: the file is empty");
  EXPECT_EQ(complaint({{MapRole::kNormalDx, flat({128})}}), "the normal-dx map: the picture is grey");
  const std::string floats = exr(1, 1, 1).substr(0, 300);
  EXPECT_EQ(complaint({{MapRole::kAo, floats}}).find("the ao map: the picture "), 0U);
  EXPECT_EQ(complaint({{MapRole::kNormal, whole}, {MapRole::kNormalDx, cut}}), "none") << "what is not needed";
}

}  // namespace
}  // namespace damfs::worker
