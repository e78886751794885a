-- SPDX-FileCopyrightText: The damfs authors
-- SPDX-License-Identifier: GPL-3.0-or-later
-- Version 12: lenses.

-- What a lens calls itself. `name` is its folder in by-lens/.
CREATE TABLE lens (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL,
  name_key TEXT NOT NULL UNIQUE,
  changed_ns INTEGER NOT NULL
) STRICT;

ALTER TABLE asset ADD COLUMN lens_id INTEGER REFERENCES lens (id);
CREATE INDEX asset_by_lens ON asset (lens_id) WHERE state = 0 AND lens_id IS NOT NULL;

PRAGMA user_version = 12;
