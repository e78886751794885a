-- SPDX-FileCopyrightText: The damfs authors
-- SPDX-License-Identifier: GPL-3.0-or-later
-- Version 4: what ordinary tools do to the mounted tree: the trash, modes and owners, attributes of users' own.

-- 0: live. 1: in the trash: it has no name in originals/ and no view shows it. 2: absorbed: its only version became
-- another asset's; the row keeps its label from being given away again (model/rows.h: AssetState).
ALTER TABLE asset ADD COLUMN state INTEGER NOT NULL DEFAULT 0;

-- Permission bits, owner and group where somebody set them; NULL: the mount's own.
ALTER TABLE asset ADD COLUMN mode INTEGER;
ALTER TABLE asset ADD COLUMN uid INTEGER;
ALTER TABLE asset ADD COLUMN gid INTEGER;
-- How many states it has had.
ALTER TABLE asset ADD COLUMN versions INTEGER NOT NULL DEFAULT 1;
UPDATE asset SET versions = (SELECT count(*) FROM version WHERE asset_id = asset.id);
CREATE INDEX asset_versioned ON asset (id) WHERE versions > 1 AND state = 0;
ALTER TABLE folder ADD COLUMN mode INTEGER;
ALTER TABLE folder ADD COLUMN uid INTEGER;
ALTER TABLE folder ADD COLUMN gid INTEGER;
-- What utimens set since it last changed; NULL: changed_ns.
ALTER TABLE folder ADD COLUMN mtime_ns INTEGER;

-- One name that was removed from originals/, as it stands in trash/: `name` is unique there.
CREATE TABLE trash (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  asset_id INTEGER NOT NULL REFERENCES asset (id),
  name TEXT NOT NULL,
  name_key TEXT NOT NULL UNIQUE,
  folder TEXT NOT NULL,         -- where it was, below originals/
  original_name TEXT NOT NULL,
  deleted_ns INTEGER NOT NULL,
  uid INTEGER NOT NULL
) STRICT;
CREATE INDEX trash_by_asset ON trash (asset_id);

-- user.* attributes that mean nothing here and are kept as they are.
CREATE TABLE attribute (
  asset_id INTEGER NOT NULL REFERENCES asset (id),
  name TEXT NOT NULL,
  value BLOB NOT NULL,
  PRIMARY KEY (asset_id, name)
) STRICT, WITHOUT ROWID;

-- Files that are not catalogued: closed under a temporary name, or synced while they are written. Their bytes are
-- staging/draft-<version>. `view` and `key` name the folder as the mount does.
CREATE TABLE draft (
  version INTEGER PRIMARY KEY,
  view INTEGER NOT NULL,
  key INTEGER NOT NULL,
  name TEXT NOT NULL,
  mtime_ns INTEGER NOT NULL,
  mode INTEGER,
  uid INTEGER,
  gid INTEGER
) STRICT;

-- Blobs that no probe has looked at yet: the mount catalogues a file when it is closed and looks afterwards.
CREATE INDEX technical_unprobed ON technical (blob_id) WHERE probe = 0;

DROP INDEX asset_by_day;
DROP INDEX asset_by_kind;
DROP INDEX asset_by_camera;
DROP INDEX asset_by_rating;
CREATE INDEX asset_by_day ON asset (day) WHERE state = 0;
CREATE INDEX asset_by_kind ON asset (kind) WHERE state = 0;
CREATE INDEX asset_by_camera ON asset (camera_id) WHERE state = 0 AND camera_id IS NOT NULL;
CREATE INDEX asset_by_rating ON asset (rating) WHERE state = 0 AND rating IS NOT NULL;

PRAGMA user_version = 4;
