-- SPDX-FileCopyrightText: The damfs authors
-- SPDX-License-Identifier: GPL-3.0-or-later
-- Version 6: albums that a query fills, and albums that show their numbers.

-- What a smart album shows, in the words of `damfs find`; '': it is filled by hand. One that has a query has no items
-- and no albums below it.
ALTER TABLE album ADD COLUMN query TEXT NOT NULL DEFAULT '';
CREATE INDEX album_smart ON album (id) WHERE query != '';
CREATE INDEX album_by_name ON album (name_key);  -- `album:` finds one wherever it stands
-- 1: the names in it begin with numbers.
ALTER TABLE album ADD COLUMN numbered INTEGER NOT NULL DEFAULT 0;

PRAGMA user_version = 6;
