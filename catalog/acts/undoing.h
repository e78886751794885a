// SPDX-FileCopyrightText: The damfs authors
// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "catalog/model/catalog.h"
#include "catalog/model/write/writer.h"

namespace damfs {

enum class WhichActs : uint8_t { kAll, kUndoable };  // kUndoable: not taken back yet, and no taking back themselves

// The newest first, `most` of them. `asset` 0: whatever they changed.
std::vector<ActRow> list_acts(Reader& reader, int64_t asset, int64_t most, WhichActs which = WhichActs::kAll);

// In their order, `most` of them. `asset` as above.
std::vector<Step> steps_of(Reader& reader, const ActRow& act, int64_t asset, int64_t most);

// The act of that number; without one, the newest that can be taken back. Empty: there is none.
std::optional<ActRow> act_to_undo(Reader& reader, std::optional<int64_t> number);

// Takes an act back, as an act of its own of that user's. A step that was changed again since is left as it is.
Writer::Undone undo_act(Catalog& catalog, int64_t uid, const ActRow& act);
// What that would come to; nothing of it is kept.
Writer::Undone try_to_undo(Catalog& catalog, int64_t uid, const ActRow& act);

// The version of an asset that has that number; without one, the one before the newest. Empty: there is none.
std::optional<int64_t> version_to_revert_to(Reader& reader, int64_t asset, std::optional<int64_t> number);
// It becomes the newest one once more, as a new one. False: it is so already.
bool revert_asset(Catalog& catalog, const Act& act, int64_t asset, int64_t version);

}  // namespace damfs
