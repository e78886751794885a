// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <vector>

#include "catalog/media/worker/still/vips_image.h"

namespace damfs::worker {

// A recording as a picture: time from left to right, and at each moment how loud it peaks and, within that, how loud it
// is on the whole. How long the recording is, is not known before its end.
class Waveform {
 public:
  static constexpr int kColumns = 1600;
  static constexpr int kRows = 400;

  Waveform();
  void add(double time, double sample);  // seconds from the start; -1..1
  bool is_empty() const { return end_ == 0; }
  Image draw() const;  // 8-bit sRGB, kColumns by kRows

 private:
  struct Bucket {
    double low = 0, high = 0, squares = 0;
    int64_t samples = 0;
    void take(const Bucket& other);
  };
  Bucket column(int x) const;

  std::vector<Bucket> buckets_;
  double bucket_seconds_;
  size_t end_ = 0;  // behind the last bucket that has a sample
};

}  // namespace damfs::worker
