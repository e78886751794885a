-- SPDX-FileCopyrightText: The damfs authors
-- SPDX-License-Identifier: GPL-3.0-or-later
-- Versions, their numbers and owners, and kept drafts.

-- name: ids_of_versions
SELECT id FROM version WHERE asset_id = ?1;

-- name: blob_of_version
SELECT blob_id FROM version WHERE id = ?1;

-- name: asset_of_version
SELECT asset_id FROM version WHERE id = ?1;

-- name: drop_version
DELETE FROM version WHERE id = ?1;

-- name: add_version
INSERT INTO version (asset_id, blob_id, mtime_ns, added_ns, id, number) VALUES (?1, ?2, ?3, ?4, ?5, (SELECT
  last_version + 1 FROM asset WHERE id = ?1));

-- name: versions_of_blob
SELECT id, asset_id FROM version WHERE blob_id = ?1 ORDER BY id;

-- name: ids_of_versions_in_order
SELECT id FROM version WHERE asset_id = ?1 ORDER BY number;

-- name: mtime_of_version
SELECT mtime_ns FROM version WHERE id = ?1;

-- name: last_version_given
SELECT seq FROM sqlite_sequence WHERE name = 'version';

-- name: begin_version_numbers
INSERT INTO sqlite_sequence (name, seq) VALUES ('version', ?1);

-- name: set_last_version_given
UPDATE sqlite_sequence SET seq = ?1 WHERE name = 'version';

-- name: keep_draft
INSERT OR REPLACE INTO draft (version, view, key, name, mtime_ns, mode, uid, gid, begun_from) VALUES (?1, ?2, ?3, ?4,
  ?5, ?6, ?7, ?8, ?9);

-- name: forget_draft
DELETE FROM draft WHERE version = ?1;

-- name: asset_labelled_with_bytes
SELECT a.id FROM asset a JOIN version v ON v.id = a.version_id WHERE a.label_key = ?2 AND v.blob_id = ?1 AND a.state =
  0 AND a.link IS NULL AND coalesce(a.uid, ?4) = coalesce(?3, ?4);

-- name: oldest_owned_holder
SELECT id FROM asset INDEXED BY asset_by_blob WHERE blob_id = ?1 AND blob_id <> 0 AND ?2 <> '' AND coalesce(uid, ?4) =
  coalesce(?3, ?4) ORDER BY id LIMIT 1;

-- name: oldest_holder
SELECT id FROM asset INDEXED BY asset_by_blob WHERE blob_id = ?1 AND blob_id <> 0 ORDER BY id LIMIT 1;

-- name: current_version_of_asset
SELECT version_id FROM asset WHERE id = ?1;

-- name: size_and_mtime_of_version
SELECT b.size, v.mtime_ns FROM version v JOIN blob b ON b.id = v.blob_id WHERE v.id = ?1;

-- name: set_owner_of_version
UPDATE version SET asset_id = ?2, number = iif(?3 > 0, ?3, (SELECT last_version + 1 FROM asset WHERE id = ?2)) WHERE
  id = ?1;

-- name: raise_last_version
UPDATE asset SET last_version = max(last_version, (SELECT number FROM version WHERE id = ?1)) WHERE id = ?2;

-- name: number_of_version_given
SELECT number FROM version WHERE id = ?1;

-- name: is_version_number_taken
SELECT 1 FROM version WHERE asset_id = ?1 AND number = ?2;

-- name: amend_version
UPDATE version SET blob_id = ?2, mtime_ns = ?3 WHERE id = ?1;

-- name: count_of_versions
SELECT count(*) FROM version WHERE asset_id = ?1;

-- name: set_number_of_version
UPDATE version SET number = ?2 WHERE id = ?1;

-- name: count_of_versions_of_blob
SELECT count(*) FROM version WHERE blob_id = ?1;

-- name: blob_of_current_version
SELECT v.blob_id FROM asset a JOIN version v ON v.id = a.version_id WHERE a.id = ?1;

-- name: is_version
SELECT count(*) FROM version WHERE id = ?1;

-- name: set_mtime_of_version
UPDATE version SET mtime_ns = ?2 WHERE id = ?1;

-- name: owner_of_current_version
SELECT asset_id FROM version WHERE id = (SELECT version_id FROM asset WHERE id = ?1);

-- name: newest_version_of_asset
SELECT id FROM version WHERE asset_id = ?1 ORDER BY number DESC LIMIT 1;

-- name: show_version
UPDATE asset SET version_id = ?2, size = ?3, mtime_ns = ?4, kind = ?5, still_width = ?6, still_height = ?7, day = ?8,
  date_source = ?9, captured = ?10, clip = ?11,
  data_bytes = (SELECT b.data_bytes FROM version v JOIN blob b ON b.id = v.blob_id WHERE v.id = ?2),
  last_version = max(last_version, (SELECT number FROM version WHERE id = ?2)){set_labels}
WHERE id = ?1;
