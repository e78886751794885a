// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "views/serve/made_preview.h"

#include <cstring>
#include <future>
#include <span>

#include "catalog/base/error.h"
#include "catalog/base/file.h"
#include "catalog/base/names.h"
#include "views/serve/served_library.h"

namespace damfs {
namespace {

// For somebody who has nothing else to do than wait. Nobody who might answer any more: std::future_error.
class WaitedAnswer final : public ReadAnswer {
 public:
  std::future<std::string> result() { return promise_.get_future(); }
  void bytes(std::span<const std::byte> data) override {
    promise_.set_value(std::string(reinterpret_cast<const char*>(data.data()), data.size()));
  }
  void slice(int fd, uint64_t offset, size_t size) override {
    try {
      std::string text(size, '\0');
      if (pread_some(fd, std::as_writable_bytes(std::span(text)), offset, "a preview") < size) return fail(EIO);
      promise_.set_value(std::move(text));
    } catch (const Error& error) {
      fail(error.code());
    }
  }
  void fail(int error) override { promise_.set_exception(std::make_exception_ptr(Error(error, std::strerror(error)))); }

 private:
  std::promise<std::string> promise_;
};

}  // namespace

MadePreview::MadePreview(ServedLibrary& served, const StillProfile& profile, const FoundAsset& asset)
    : served_(served), profile_(profile), asset_(asset) {
  try {
    content_ = served.stills().open({StillSubject::What::kVersion, asset.row.version}, profile, asset.row.still, 0);
  } catch (const Error& error) {
    problem_ = error.what();
  }
}

std::string MadePreview::bytes() const {
  if (!content_) fail(EIO, "{}", problem_);
  const auto answer = std::make_shared<WaitedAnswer>();
  auto result = answer->result();
  content_->read(0, static_cast<size_t>(still_bytes(profile_, asset_.row.still)), answer);
  try {
    return result.get();
  } catch (const Error& error) {
    const StillSubject subject{StillSubject::What::kVersion, asset_.row.version};
    fail(EIO, "{}", served_.stills().failure(subject, profile_).value_or(error.what()));
  }
}

}  // namespace damfs
