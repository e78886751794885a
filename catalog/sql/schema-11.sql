-- SPDX-FileCopyrightText: The damfs authors
-- SPDX-License-Identifier: GPL-3.0-or-later
-- Version 11: files with holes.

-- How many of its bytes are no hole, as its object was made; NULL: all of them. Of an asset, its current version's.
ALTER TABLE blob ADD COLUMN data_bytes INTEGER;
ALTER TABLE asset ADD COLUMN data_bytes INTEGER;

PRAGMA user_version = 11;
