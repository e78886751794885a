// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

namespace damfs::worker {

// All that comes before the first job: libraries set up and made to open what they will ever open, then the
// confinement. Throws Error when any of it fails; a worker does not run half confined.
void start_worker();

// Its parts.
void prime_libraries();  // what libraries would otherwise open or load at first use, they do here
void keep_fonts();       // the fonts that text in drawings and documents is set in; fontconfig knows no others

}  // namespace damfs::worker
