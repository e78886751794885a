// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/worker/libraries.h"

#include <vips/vips.h>
#include <exiv2/exiv2.hpp>

extern "C" {
#include <libavutil/log.h>
}

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <iterator>
#include <mutex>

#include "catalog/base/error.h"
#include "catalog/base/names.h"

namespace damfs::worker {
namespace {

constexpr size_t kMaxComplaint = 400;

// The libraries report through process-wide callbacks, so this is the one thing that has to be process-wide.
struct Complaints {
  std::mutex mutex;
  std::string newest;
  bool blank_tiles = false;
  uint64_t av_errors = 0;
};

Complaints& complaints() {
  static Complaints instance;
  return instance;
}

std::string one_line(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  std::string out;
  for (const char c : text.substr(0, kMaxComplaint)) {
    if (c == '\n') {
      out += "; ";
    } else {
      out += c;
    }
  }
  return printable(out);
}

__attribute__((format(printf, 3, 0))) void on_av_log(void*, int level, const char* format, va_list arguments) {
  if (level > AV_LOG_ERROR) return;
  std::array<char, kMaxComplaint> line{};
  std::vsnprintf(line.data(), line.size(), format, arguments);
  complain(line.data());
  const std::lock_guard lock(complaints().mutex);
  ++complaints().av_errors;
}

void on_glib_log(const gchar*, GLogLevelFlags, const gchar* message, gpointer) {
  if (message != nullptr) complain(message);
}

// Where part of a picture cannot be decoded, libvips' line cache warns, leaves it blank and calls it done.
void on_vips_log(const gchar* domain, GLogLevelFlags level, const gchar* message, gpointer data) {
  if (message != nullptr && std::string_view(message).starts_with("error in tile")) {
    const std::lock_guard lock(complaints().mutex);
    complaints().blank_tiles = true;
    return;
  }
  on_glib_log(domain, level, message, data);
}

void on_exiv2_log(int, const char*) {}

// libvips' loaders that are not offered, by the beginning of their types' names.
struct LeftOut {
  std::string_view loader, why;
};
constexpr LeftOut kLeftOut[] = {
    {"VipsForeignLoadMagick", "reads anything, and programs' scripts too: not to be trusted with a stranger's file"},
    {"VipsForeignLoadCsv", "numbers, and any text may look like them"},
    {"VipsForeignLoadMatrix", "numbers, and any text may look like them"},
    {"VipsForeignLoadMat", "numbers of a program for computing"},
    {"VipsForeignLoadRaw", "pixels without a head, which any bytes may be"},
    {"VipsForeignLoadVips", "libvips' own memory as it lies"},
    {"VipsForeignLoadAnalyze", "a scan of a body in two files, of which a worker sees one"},
    {"VipsForeignLoadNifti", "a scan of a body"},
    {"VipsForeignLoadFits", "what telescopes measured; libvips does not trust its reader"},
    {"VipsForeignLoadOpenslide", "slides of microscopes; libvips does not trust their reader"},
    {"VipsForeignLoadOpenexr", "read by the worker itself, which tells its light from its numbers"},
    {"VipsForeignLoadDcraw", "camera's raw files, which are told from others before"},
};

// What libvips itself would not trust with a stranger's file is off, save what people keep pictures in; what is not
// read then is simply an asset without a preview.
void block_untrusted_loaders() {
  vips_block_untrusted_set(TRUE);
  for (const char* offered : {"VipsForeignLoadSvg", "VipsForeignLoadPdf", "VipsForeignLoadJxl", "VipsForeignLoadJp2k",
                              "VipsForeignLoadPpm", "VipsForeignLoadRad"}) {
    vips_operation_block_set(offered, FALSE);
  }
  vips_operation_block_set("VipsForeignLoadMatrix", TRUE);  // trusted, but no picture
  vips_operation_block_set("VipsForeignLoadOpenexr", TRUE);
}

// Newer releases of exiv2 read HEIF and CR3 unasked and may call the question deprecated.
void enable_heif_metadata() {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
  Exiv2::enableBMFF(true);
#pragma GCC diagnostic pop
}

}  // namespace

void start_libraries() {
  g_log_set_default_handler(on_glib_log, nullptr);
  if (vips_init("damfs-worker") != 0) fail(ENOSYS, "cannot start libvips: {}", vips_complaint());
  g_log_set_handler("VIPS", static_cast<GLogLevelFlags>(G_LOG_LEVEL_MASK | G_LOG_FLAG_FATAL | G_LOG_FLAG_RECURSION),
                    on_vips_log, nullptr);
  vips_concurrency_set(1);
  vips_cache_set_max(0);
  block_untrusted_loaders();
  av_log_set_callback(on_av_log);
  Exiv2::LogMsg::setHandler(on_exiv2_log);
  enable_heif_metadata();
  Exiv2::XmpParser::initialize();
}

std::string_view why_left_out(std::string_view loader) {
  const auto* found = std::find_if(std::begin(kLeftOut), std::end(kLeftOut),
                                   [&](const LeftOut& left_out) { return loader.starts_with(left_out.loader); });
  return found != std::end(kLeftOut) ? found->why : std::string_view();
}

void forget_complaints() {
  vips_error_clear();
  const std::lock_guard lock(complaints().mutex);
  complaints().newest.clear();
  complaints().blank_tiles = false;
}

uint64_t av_errors() {
  const std::lock_guard lock(complaints().mutex);
  return complaints().av_errors;
}

bool left_blank_tiles() {
  const std::lock_guard lock(complaints().mutex);
  return complaints().blank_tiles;
}

std::string last_complaint() {
  const std::lock_guard lock(complaints().mutex);
  return complaints().newest;
}

void complain(std::string_view text) {
  std::string line = one_line(text);
  if (line.empty()) return;
  const std::lock_guard lock(complaints().mutex);
  complaints().newest = std::move(line);
}

std::string vips_complaint() {
  std::string text = one_line(vips_error_buffer());
  vips_error_clear();
  return text.empty() ? "no reason given" : text;
}

}  // namespace damfs::worker
