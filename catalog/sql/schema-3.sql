-- SPDX-FileCopyrightText: The damfs authors
-- SPDX-License-Identifier: GPL-3.0-or-later
-- Version 3: the journal: who changed the order of things, and what it was before (model/journal.h).

CREATE TABLE act (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at_ns INTEGER NOT NULL,
  uid INTEGER NOT NULL,
  what TEXT NOT NULL,
  undoes INTEGER REFERENCES act (id)  -- the act that this one took back
) STRICT;
CREATE INDEX act_by_undone ON act (undoes) WHERE undoes IS NOT NULL;

-- model/journal.h: Step. `asset_id` and `group_id` are 0 where there is none; rows stay when what they name is gone.
CREATE TABLE act_step (
  act_id INTEGER NOT NULL REFERENCES act (id),
  number INTEGER NOT NULL,
  what INTEGER NOT NULL,
  asset_id INTEGER NOT NULL,
  group_id INTEGER NOT NULL,
  before TEXT NOT NULL,
  after TEXT NOT NULL,
  PRIMARY KEY (act_id, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX act_step_by_asset ON act_step (asset_id, act_id) WHERE asset_id != 0;

PRAGMA user_version = 3;
