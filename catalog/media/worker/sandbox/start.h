// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <functional>

namespace damfs::worker {

// All that comes before the first job: libraries set up and made to open what they will ever open, then the
// confinement; then `serve`, in this process and in copies of it (nursery.h). Throws Error when any of it fails; a
// worker does not run half confined.
void run_worker(const std::function<void()>& serve);

// Its parts.
void prime_libraries();  // what libraries would otherwise open or load at first use, they do here
void keep_fonts();       // the fonts that text in drawings and documents is set in; fontconfig knows no others

}  // namespace damfs::worker
