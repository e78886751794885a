-- SPDX-FileCopyrightText: The damfs authors
-- SPDX-License-Identifier: GPL-3.0-or-later
-- Version 10: symbolic links in originals/.

-- standing (rows.h: Standing): 0 as before is_copy's 0, 1 as its 1, 2: it is a symbolic link.
ALTER TABLE asset RENAME COLUMN is_copy TO standing;
-- What a symbolic link says, in whatever bytes; NULL: it is a file. Its size is the length of that, and its one version
-- has the bytes of an empty file.
ALTER TABLE asset ADD COLUMN link TEXT;

-- 1: a program made it and removed it within a minute (locks, temporary files): nobody is shown it, and it is purged after
-- days.
ALTER TABLE trash ADD COLUMN hidden INTEGER NOT NULL DEFAULT 0;
CREATE INDEX trash_hidden ON trash (deleted_ns) WHERE hidden = 1;

PRAGMA user_version = 10;
