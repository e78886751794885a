// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace damfs {

// Some cameras write a small copy of each clip beside it, for editing. They are known by their names:
//   GoPro   GX010001.MP4, GH…, GP…, GOPR…  →  GL010001.LRV (newer), the same stem with .LRV (older)
//   DJI     DJI_0001.MP4, .MOV             →  DJI_0001.LRF
//   Sony    Clip/C0001.MP4, .MXF           →  Sub/C0001S03.MP4
// Paths are relative to the file's own folder ("../Sub/C0001S03.MP4"), in every spelling that is worth trying.
std::vector<std::string> camera_proxies_of(std::string_view original);  // of an original's name
std::vector<std::string> camera_originals_of(std::string_view proxy);   // of a proxy's name

}  // namespace damfs
