-- SPDX-FileCopyrightText: The damfs authors
-- SPDX-License-Identifier: GPL-3.0-or-later
-- Version 7: what is inside archives.

-- A blob that is an archive, and which version of the index found its members (media/pack.h: kPackRecipe). `charset`:
-- how names that do not tell theirs were to be read (media/charsets.h).
CREATE TABLE pack (
  blob_id INTEGER PRIMARY KEY REFERENCES blob (id),
  recipe INTEGER NOT NULL,
  primary_member INTEGER,          -- the one whose still is the archive's own
  charset TEXT NOT NULL
) STRICT;

-- What is in it, as it is shown. id: blob_id << 20 | number (model/pack_tree.h), which is its inode number's core.
-- `path` is what the archive calls it, '' where that is how it is shown; `note` says why it is shown otherwise, and
-- `problem` why it cannot be read.
CREATE TABLE pack_member (
  id INTEGER PRIMARY KEY,
  parent_id INTEGER NOT NULL,
  name TEXT NOT NULL,
  name_key TEXT NOT NULL,          -- names.h: nfc
  type INTEGER NOT NULL,           -- media/pack.h: PackMember::Type
  method INTEGER NOT NULL,
  size INTEGER NOT NULL,
  stored_size INTEGER NOT NULL,
  offset INTEGER NOT NULL,
  crc INTEGER NOT NULL,
  archive INTEGER,                 -- number of the archive within the archive that it is in
  entry INTEGER NOT NULL,          -- its number in its own archive's directory
  mtime_ns INTEGER NOT NULL,       -- 0: not recorded
  mode INTEGER,
  path TEXT NOT NULL,
  note TEXT NOT NULL,
  problem TEXT NOT NULL,
  sha256 BLOB,
  -- media/texture_map.h. role 0: it is no map. by_map, by_material: it has a name there.
  role INTEGER NOT NULL,
  resolution INTEGER NOT NULL,
  material_id INTEGER,
  by_map INTEGER NOT NULL,
  by_material INTEGER NOT NULL,
  -- Of a picture: what it is, and what a still of it shows before shrinking; else '' and 0.
  mime TEXT NOT NULL,
  still_width INTEGER NOT NULL,
  still_height INTEGER NOT NULL,
  UNIQUE (parent_id, name)
) STRICT;
CREATE INDEX pack_member_by_parent ON pack_member (parent_id, id);
CREATE INDEX pack_member_by_key ON pack_member (parent_id, name_key);
CREATE INDEX pack_member_by_map ON pack_member (role, id) WHERE by_map = 1;
CREATE INDEX pack_member_by_material ON pack_member (material_id, role) WHERE by_material = 1;

-- What the copies of files are found by.
CREATE INDEX pack_member_by_bytes ON pack_member (size, crc) WHERE type = 0 AND problem = '' AND size > 0;

-- Their names, for `inside:`.
CREATE VIRTUAL TABLE member_search USING fts5 (
  name,
  content = 'pack_member', content_rowid = 'id',
  tokenize = 'unicode61 remove_diacritics 2'
);

-- A material of a pack: its maps go together. `name` is its folder in packs/by-material/, unique and kept for it.
CREATE TABLE material (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  blob_id INTEGER NOT NULL REFERENCES blob (id),
  wanted TEXT NOT NULL,            -- as its maps call it; '' where they do not
  name TEXT,                       -- NULL until its pack has one
  name_key TEXT UNIQUE             -- names.h: fold
) STRICT;
CREATE INDEX material_by_blob ON material (blob_id);

-- The folder in packs/ of an asset that is, or once was, an archive; never given to another one.
CREATE TABLE pack_name (
  asset_id INTEGER PRIMARY KEY REFERENCES asset (id),
  name TEXT NOT NULL,
  name_key TEXT NOT NULL UNIQUE    -- names.h: fold
) STRICT;

-- Of an asset that was copied out of an archive: which member it was. That it is derived from the archive's asset stands
-- in asset_link. Size and CRC-32 are equal; so is the SHA-256 where the member's is known, and where the archive holds the
-- member as it is, its bytes were compared. A member that is compressed was not read for this: two files of one size and
-- CRC-32 that differ are taken for one there.
CREATE TABLE member_copy (
  asset_id INTEGER PRIMARY KEY REFERENCES asset (id),
  member_id INTEGER NOT NULL
) STRICT;
CREATE INDEX member_copy_by_member ON member_copy (member_id);
-- What a purge looks for.
CREATE INDEX asset_by_camera_proxy ON asset (camera_proxy_id) WHERE camera_proxy_id IS NOT NULL;
CREATE INDEX asset_link_by_to ON asset_link (to_id);

PRAGMA user_version = 7;
