-- SPDX-FileCopyrightText: The damfs authors
-- SPDX-License-Identifier: GPL-3.0-or-later
-- Version 11: tags that say what no folder can be called.

-- What was written ("AC/DC", "Lens: 50 mm"), where that is not its name; NULL: it is. text_key: names.h: fold.
ALTER TABLE tag ADD COLUMN text TEXT;
ALTER TABLE tag ADD COLUMN text_key TEXT;
CREATE UNIQUE INDEX tag_by_text ON tag (text_key, parent_id) WHERE text_key IS NOT NULL;

PRAGMA user_version = 11;
