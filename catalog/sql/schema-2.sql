-- SPDX-FileCopyrightText: The damfs authors
-- SPDX-License-Identifier: GPL-3.0-or-later
-- Version 2: what derived files other than previews of pictures are laid out from.

-- media/clip.h: ClipFacts as text; '' where no editing proxy can be declared. In `asset` it repeats the current
-- version's, like the columns before it.
ALTER TABLE technical ADD COLUMN clip TEXT NOT NULL DEFAULT '';
ALTER TABLE asset ADD COLUMN clip TEXT NOT NULL DEFAULT '';

-- Which version of the probe found these facts (media/facts.h: kProbeRecipe); `damfs import --refresh` looks again at
-- what an older one found.
ALTER TABLE technical ADD COLUMN probe INTEGER NOT NULL DEFAULT 1;

-- The small file that a camera wrote beside this one for editing, as an asset of its own.
ALTER TABLE asset ADD COLUMN camera_proxy_id INTEGER REFERENCES asset (id);

-- Preview profiles that damfs.toml names besides the built-in ones. `spec` is everything that decides a preview's
-- bytes: when a setting changes it is another profile with another code, for codes stand in inode numbers. Codes are
-- never reused.
CREATE TABLE still_profile (
  code INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  spec TEXT NOT NULL,
  added_ns INTEGER NOT NULL,
  UNIQUE (name, spec)
) STRICT;

PRAGMA user_version = 2;
