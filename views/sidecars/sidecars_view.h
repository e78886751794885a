// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>

#include "views/frame/view.h"

namespace damfs {

// sidecars/: originals/ once more, with an XMP sidecar beside each file that says what the catalog knows of it, for
// photo programs that look for one there. A key is a folder's id.
class SidecarsView final : public View {
 public:
  SidecarsView();
  ~SidecarsView() override;
  void names(Reader& reader, const FoundAsset& asset, const NameVisitor& visit) const override;
  const Beside* beside() const override { return beside_.get(); }

 private:
  const std::unique_ptr<Beside> beside_;
};

}  // namespace damfs
