-- SPDX-FileCopyrightText: The damfs authors
-- SPDX-License-Identifier: GPL-3.0-or-later
-- Version 11: tags that say what no folder can be called; files with holes.

-- What was written ("AC/DC", "Lens: 50 mm"), where that is not its name; NULL: it is. text_key: names.h: fold.
ALTER TABLE tag ADD COLUMN text TEXT;
ALTER TABLE tag ADD COLUMN text_key TEXT;
CREATE UNIQUE INDEX tag_by_text ON tag (text_key, parent_id) WHERE text_key IS NOT NULL;

-- How many of its bytes are no hole, as its object was made; NULL: all of them. Of an asset, its current version's.
ALTER TABLE blob ADD COLUMN data_bytes INTEGER;
ALTER TABLE asset ADD COLUMN data_bytes INTEGER;

PRAGMA user_version = 11;
