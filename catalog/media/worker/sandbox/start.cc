// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "catalog/media/worker/sandbox/start.h"

#include <dlfcn.h>
#include <iconv.h>
#include <pwd.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include <vips/vips.h>

#include <memory>
#include <string_view>
#include <vector>

#include "catalog/media/charsets.h"
#include "catalog/media/worker/libraries.h"
#include "catalog/media/worker/probe/mime.h"
#include "catalog/media/worker/sandbox/confine.h"
#include "catalog/media/worker/sandbox/kept_files.h"
#include "catalog/media/worker/sandbox/nursery.h"
#include "catalog/media/worker/still/vips_image.h"

namespace damfs::worker {
namespace {

// What is read again and again, and cannot be read beforehand.
constexpr const char* kKept[] = {
    "/etc/localtime",                    // the C library, before it tells a local time
    "/proc/sys/vm/overcommit_memory",    // malloc, when a thread's heap shrinks
    "/sys/devices/system/cpu/online",    // how many threads to start
    "/sys/devices/system/cpu/possible",  // the same
    "/dev/urandom",                      // libavutil's seeds
};

// Text encodings in tags of sound and video, which the C library loads as modules; with those of names in archives.
// Other ones are refused later, and such a text is left out.
constexpr const char* kCharsets[] = {"UTF-16",      "UCS-2",        "ISO-8859-1", "ISO-8859-5", "ISO-8859-9",
                                     "ISO-8859-15", "WINDOWS-1252", "ISO6937",    "KOI8-R",     "SHIFT_JIS",
                                     "EUC-KR",      "GB2312",       "BIG5"};

// Text, and a picture within: what a drawing can need of other libraries.
constexpr std::string_view kDrawing =
    "<svg xmlns=\"http://www.w3.org/2000/svg\" xmlns:xlink=\"http://www.w3.org/1999/xlink\" width=\"8\" height=\"8\">"
    "<text y=\"8\">a<tspan font-family=\"serif\" font-weight=\"bold\">b</tspan></text>"
    "<image width=\"1\" height=\"1\" "
    "xlink:href=\"data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAA"
    "CklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg==\"/></svg>";

void load_charsets() {
  // Left open for the life of the process, its end included: a module that nobody uses is unloaded.
  static auto& open = *new std::vector<iconv_t>;
  for (const char* name : kCharsets) open.push_back(::iconv_open("UTF-8", name));
  for (const Charset& charset : charsets()) open.push_back(::iconv_open("UTF-8", charset.iconv_name));
}

// orc, which libvips before 8.15 computes with, makes code at run time; its successor does not.
void stop_making_code() {
  if (::dlsym(RTLD_DEFAULT, "orc_init") != nullptr) ::setenv("VIPS_NOVECTOR", "1", 1);
}

// Rendered and forgotten; where libvips is built without its loader there is nothing to prepare. In this thread:
// libvips keeps the ones that it starts, and Landlock, unlike the filter, holds only for threads of later.
void render_drawing(std::string_view file) {
  const Image image(
      vips_image_new_from_buffer(file.data(), file.size(), "", "access", VIPS_ACCESS_SEQUENTIAL, nullptr));
  if (!image) return;
  const std::unique_ptr<VipsRegion, ObjectDeleter> region(vips_region_new(image.get()));
  const VipsRect whole{0, 0, vips_image_get_width(image.get()), vips_image_get_height(image.get())};
  vips_region_prepare(region.get(), &whole);
}

}  // namespace

void prime_libraries() {
  for (const char* path : kKept) keep_file(path);
  ::tzset();
  load_charsets();
  keep_fonts();
  render_drawing(kDrawing);
  forget_complaints();
}

void run_worker(const std::function<void()>& serve) {
  confine_early();
  stop_making_code();
  start_libraries();
  load_magic();
  prime_libraries();
  raise_workers(serve);
}

}  // namespace damfs::worker

// In place of the C library's. A worker knows no users: exiv2 asks at every photo whose settings it is to look for,
// and the answer would take a socket and files.
extern "C" struct passwd* getpwuid(uid_t) { return nullptr; }
