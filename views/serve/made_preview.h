// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>
#include <string>

#include "catalog/model/rows.h"
#include "views/derive/still_profile.h"

namespace damfs {

class Content;
class ServedLibrary;

// A preview that is being made from when this is made on, by one of the library's workers.
class MadePreview {
 public:
  MadePreview(ServedLibrary& served, const StillProfile& profile, const FoundAsset& asset);
  // All of it, once it is there. Throws EIO with the reason why it cannot be made.
  std::string bytes() const;

 private:
  ServedLibrary& served_;
  const StillProfile& profile_;
  const FoundAsset asset_;
  std::string problem_;
  std::shared_ptr<Content> content_;
};

}  // namespace damfs
