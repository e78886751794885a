-- SPDX-FileCopyrightText: The damfs authors
-- SPDX-License-Identifier: GPL-3.0-or-later
-- Version 8: versions in the order in which they came, and objects that were found damaged.

-- Which state of its asset a version is, from 1 on: given once, and not again after a purge. Ids do not tell: a mount
-- takes many ahead. asset.last_version: the highest number that was given.
ALTER TABLE version ADD COLUMN number INTEGER NOT NULL DEFAULT 0;
ALTER TABLE asset ADD COLUMN last_version INTEGER NOT NULL DEFAULT 0;
UPDATE version SET number = n.number
FROM (SELECT id, row_number() OVER (PARTITION BY asset_id ORDER BY id) AS number FROM version) n WHERE n.id = version.id;
UPDATE asset SET last_version = coalesce((SELECT max(number) FROM version WHERE asset_id = asset.id), 0);
DROP INDEX version_by_asset;
CREATE UNIQUE INDEX version_by_number ON version (asset_id, number);

-- asset.names counts the newest version's name in versions/, where that is listed.
UPDATE asset SET names = names + 1 WHERE versions > 1 AND state = 0;

-- Blobs whose object was found missing or to have other bytes, until it is whole again. `reason` is for people.
CREATE TABLE damage (
  blob_id INTEGER PRIMARY KEY REFERENCES blob (id),
  found_ns INTEGER NOT NULL,
  reason TEXT NOT NULL
) STRICT;

-- An unchanged file is one whose size, times and inode are; head and tail prove nothing.
ALTER TABLE source_file DROP COLUMN fingerprint;

-- The SHA-256 of what import read there; NULL: an older damfs read it and the entry has had several states since. A
-- digest, for a purged blob that comes back is another row.
ALTER TABLE source_file ADD COLUMN sha256 BLOB;
UPDATE source_file SET sha256 = (SELECT b.sha256 FROM folder_entry e JOIN asset a ON a.id = e.asset_id
  JOIN version v ON v.id = a.version_id JOIN blob b ON b.id = v.blob_id
  WHERE e.id = source_file.entry_id AND a.last_version = 1);

PRAGMA user_version = 8;
