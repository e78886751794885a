// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/worker/still/waveform.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace damfs::worker {
namespace {

// Enough that the columns of any length of recording come out even.
constexpr size_t kBuckets = 16 * Waveform::kColumns;
constexpr double kFirstBucket = 1.0 / 8000;  // seconds
constexpr double kHighest = 0.94;            // of half the height: full scale keeps clear of the edge
constexpr double kLongest = 1e9;             // seconds: a time stamp beyond it is none

using Colour = std::array<uint8_t, 3>;
constexpr Colour kBackground = {21, 24, 30};
constexpr Colour kPeaks = {43, 116, 126};
constexpr Colour kLoudness = {112, 214, 202};

}  // namespace

Waveform::Waveform() : buckets_(kBuckets), bucket_seconds_(kFirstBucket) {}

void Waveform::Bucket::take(const Bucket& other) {
  low = std::min(low, other.low);
  high = std::max(high, other.high);
  squares += other.squares;
  samples += other.samples;
}

void Waveform::add(double time, double sample) {
  if (!std::isfinite(sample) || !(time < kLongest)) return;
  const double value = std::clamp(sample, -1.0, 1.0);
  while (time >= bucket_seconds_ * static_cast<double>(kBuckets)) {
    for (size_t i = 0; i < kBuckets / 2; ++i) {
      Bucket both = buckets_[2 * i];
      both.take(buckets_[2 * i + 1]);
      buckets_[i] = both;
    }
    std::fill(buckets_.begin() + kBuckets / 2, buckets_.end(), Bucket{});
    bucket_seconds_ *= 2;
    end_ = (end_ + 1) / 2;
  }
  const auto at = static_cast<size_t>(std::max(time, 0.0) / bucket_seconds_);
  Bucket& bucket = buckets_[std::min(at, kBuckets - 1)];
  bucket.take({std::min(value, 0.0), std::max(value, 0.0), value * value, 1});
  end_ = std::max(end_, std::min(at, kBuckets - 1) + 1);
}

Waveform::Bucket Waveform::column(int x) const {
  const auto from = static_cast<size_t>(x) * end_ / kColumns;
  const auto to = std::max(from + 1, (static_cast<size_t>(x) + 1) * end_ / kColumns);
  Bucket sum;
  for (size_t i = from; i < std::min(to, end_); ++i) sum.take(buckets_[i]);
  return sum;
}

Image Waveform::draw() const {
  std::vector<uint8_t> pixels(size_t{kColumns} * kRows * 3);
  for (int x = 0; x < kColumns; ++x) {
    const Bucket bucket = column(x);
    const double loud = bucket.samples > 0 ? std::sqrt(bucket.squares / static_cast<double>(bucket.samples)) : 0;
    for (int y = 0; y < kRows; ++y) {
      const double middle = kRows / 2.0;
      const double level = (middle - y - 0.5) / (middle * kHighest);
      // The middle line shows silence, too.
      const bool peaks = (level <= bucket.high && level >= bucket.low) || std::abs(middle - y - 0.5) < 1;
      const Colour& colour = std::abs(level) <= loud ? kLoudness : peaks ? kPeaks : kBackground;
      std::copy(colour.begin(), colour.end(), pixels.begin() + (ptrdiff_t{y} * kColumns + x) * 3);
    }
  }
  Image image(vips_image_new_from_memory_copy(pixels.data(), pixels.size(), kColumns, kRows, 3, VIPS_FORMAT_UCHAR));
  if (!image) damaged_picture();
  image->Type = VIPS_INTERPRETATION_sRGB;
  return image;
}

}  // namespace damfs::worker
