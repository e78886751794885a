-- SPDX-FileCopyrightText: The damfs authors
-- SPDX-License-Identifier: GPL-3.0-or-later
-- Version 9: a file is a file. Every name that somebody makes in originals/ is an asset of its own, and equal bytes share
-- a blob alone.

-- What copies are told by (model/writer_copies.cc). blob_id: what it holds now, 0 where it is not live, or empty. reach:
-- who may get at it, '' where that is everybody. is_copy: 1 where an older one with equal blob and reach stands for it in
-- flat views.
ALTER TABLE asset ADD COLUMN blob_id INTEGER NOT NULL DEFAULT 0;
ALTER TABLE asset ADD COLUMN reach TEXT NOT NULL DEFAULT '';
ALTER TABLE asset ADD COLUMN is_copy INTEGER NOT NULL DEFAULT 0;
-- How many assets hold it now.
ALTER TABLE blob ADD COLUMN assets INTEGER NOT NULL DEFAULT 0;

-- The folder, as it was called then, and the name that an import brought it with; NULL: none did. The name is its label
-- where came_as is NULL.
CREATE TABLE arrival_folder (
  id INTEGER PRIMARY KEY,
  path TEXT NOT NULL UNIQUE         -- below originals/
) STRICT;
ALTER TABLE asset ADD COLUMN came_in INTEGER REFERENCES arrival_folder (id);
ALTER TABLE asset ADD COLUMN came_as TEXT;
CREATE INDEX asset_by_arrival ON asset (came_in, coalesce(came_as, label)) WHERE came_in IS NOT NULL;

-- 1: an older damfs gave equal bytes several names. One of them that is saved over becomes a file of its own; of those
-- that `ln` makes, all show what is saved.
ALTER TABLE asset ADD COLUMN names_part INTEGER NOT NULL DEFAULT 0;
UPDATE asset SET names_part = 1 WHERE (SELECT count(*) FROM folder_entry WHERE asset_id = asset.id) > 1;

-- What bytes say of themselves, of which each new asset with them hears: JSON, see model/sidecar.h. What they carry
-- besides is theirs too, and no asset's.
CREATE TABLE technical_words (
  blob_id INTEGER PRIMARY KEY REFERENCES blob (id),
  words TEXT NOT NULL
) STRICT;
INSERT OR IGNORE INTO technical_words (blob_id, words)
  SELECT v.blob_id, h.words FROM sidecar_heard h JOIN asset a ON a.id = h.asset_id JOIN version v ON v.id = a.version_id
  WHERE h.form = 2 ORDER BY a.id;
ALTER TABLE metadata RENAME TO metadata_of_asset;
CREATE TABLE metadata (
  blob_id INTEGER NOT NULL REFERENCES blob (id),
  namespace TEXT NOT NULL,
  json TEXT NOT NULL CHECK (json_valid(json)),
  PRIMARY KEY (blob_id, namespace)
) STRICT, WITHOUT ROWID;
INSERT OR IGNORE INTO metadata (blob_id, namespace, json)
  SELECT v.blob_id, m.namespace, m.json FROM metadata_of_asset m JOIN asset a ON a.id = m.asset_id
  JOIN version v ON v.id = a.version_id ORDER BY a.id;
DROP TABLE metadata_of_asset;

-- A folder that does not let everybody through shuts what is below it.
UPDATE asset SET
  blob_id = coalesce((SELECT v.blob_id FROM version v WHERE v.id = asset.version_id), 0)
  WHERE state = 0 AND size > 0;
CREATE TEMP TABLE gate (folder_id INTEGER PRIMARY KEY, gate INTEGER NOT NULL);
WITH RECURSIVE down (id, gate) AS (
  SELECT id, iif(coalesce(mode, 493) & 73 = 73, 0, id) FROM folder WHERE id = 1
  UNION ALL
  SELECT f.id, iif(coalesce(f.mode, 493) & 73 = 73, down.gate, f.id) FROM folder f JOIN down ON f.parent_id = down.id
) INSERT INTO gate SELECT id, gate FROM down;
UPDATE asset SET reach = r.reach FROM (
  SELECT a.id AS id, coalesce(a.uid, '') || '/' || coalesce(a.gid, '') || '/' ||
    (coalesce(a.mode, 420) & 292) || '/' || (
      SELECT iif(min(gate) = 0, 0, group_concat(gate)) FROM (
        SELECT DISTINCT g.gate AS gate FROM folder_entry e JOIN gate g ON g.folder_id = e.folder_id WHERE e.asset_id = a.id
        ORDER BY g.gate)) AS reach
  FROM asset a WHERE a.blob_id <> 0) r WHERE r.id = asset.id AND r.reach <> '//292/0';
DROP TABLE gate;
CREATE INDEX asset_by_blob ON asset (blob_id) WHERE blob_id <> 0;
CREATE INDEX asset_by_copies ON asset (blob_id, reach) WHERE blob_id <> 0;
UPDATE asset SET is_copy = 1 FROM (SELECT blob_id, reach, min(id) AS first FROM asset WHERE blob_id <> 0 GROUP BY blob_id, reach) f
  WHERE f.blob_id = asset.blob_id AND f.reach = asset.reach AND f.first < asset.id;
UPDATE blob SET assets = n.assets FROM (SELECT blob_id, count(*) AS assets FROM asset WHERE blob_id <> 0 GROUP BY blob_id) n
  WHERE n.blob_id = blob.id;
CREATE INDEX blob_with_copies ON blob (id) WHERE assets > 1;

-- Flat views count and list those alone that stand for themselves. Of its names in duplicates/ an asset counts the one
-- among its own copies: that others hold the same is not to be told by a number.
UPDATE asset SET names = names - 2 - (camera_id IS NOT NULL) WHERE is_copy = 1;
UPDATE asset SET names = names + 1 FROM (SELECT blob_id, reach FROM asset WHERE blob_id <> 0 GROUP BY blob_id, reach
  HAVING count(*) > 1) f WHERE f.blob_id = asset.blob_id AND f.reach = asset.reach;
UPDATE shelf SET assets = assets - n.copies FROM (
  SELECT 5 AS grouping, day AS key, count(*) AS copies FROM asset WHERE is_copy = 1 GROUP BY day
  UNION ALL SELECT 6, day / 512 * 512, count(*) FROM asset WHERE is_copy = 1 GROUP BY day / 512
  UNION ALL SELECT 7, kind, count(*) FROM asset WHERE is_copy = 1 GROUP BY kind
  UNION ALL SELECT 4, camera_id, count(*) FROM asset WHERE is_copy = 1 AND camera_id IS NOT NULL GROUP BY camera_id
) n WHERE n.grouping = shelf.grouping AND n.key = shelf.key;

-- The version that it is to replace, 0: it is a new file. NULL: an older damfs did not note it.
ALTER TABLE draft ADD COLUMN begun_from INTEGER;

INSERT INTO counter (name, value) SELECT 'copies', count(*) FROM asset WHERE is_copy = 1;

PRAGMA user_version = 9;
