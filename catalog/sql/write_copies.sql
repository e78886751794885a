-- SPDX-FileCopyrightText: The damfs authors
-- SPDX-License-Identifier: GPL-3.0-or-later
-- Which of exact copies is shown (Standing).

-- name: how_copies_are_shown
SELECT value FROM counter WHERE name = 'show_copies' AND ?1 = 0;

-- name: mode_and_parent_of_folder
SELECT coalesce(mode, ?2), coalesce(parent_id, 0) FROM folder WHERE id = ?1;

-- name: blob_and_rights_of_asset
SELECT v.blob_id, coalesce(a.uid, '') || '/' || coalesce(a.gid, '') || '/' || (coalesce(a.mode, ?2) & ?3) FROM asset a
  JOIN version v ON v.id = a.version_id WHERE a.id = ?1 AND a.state = 0 AND a.size > 0 AND a.link IS NULL;

-- name: folders_of_asset
SELECT folder_id FROM folder_entry WHERE asset_id = ?1;

-- name: blob_and_reach_told
SELECT blob_id, reach FROM asset WHERE id = ?1;

-- name: tell_blob_and_reach
UPDATE asset SET blob_id = ?2, reach = ?3 WHERE id = ?1;

-- name: two_oldest_with_reach
SELECT id FROM asset WHERE blob_id = ?1 AND reach = ?2 AND blob_id <> 0 ORDER BY id LIMIT 2;

-- name: standing_of_asset
SELECT standing FROM asset WHERE id = ?1;

-- name: set_standing
UPDATE asset SET standing = ?2 WHERE id = ?1;

-- name: count_copies
UPDATE counter SET value = value + ?1 WHERE name = 'copies';

-- name: set_how_copies_are_shown
INSERT INTO counter (name, value) VALUES ('show_copies', ?1) ON CONFLICT DO UPDATE SET value = ?1;

-- name: next_blob_with_copies
SELECT id FROM blob INDEXED BY blob_with_copies WHERE assets > 1 AND id > ?1 ORDER BY id LIMIT 1;

-- name: end_settling_copies
UPDATE counter SET value = ?1 WHERE name = 'show_copies' AND value = ?2;

-- name: copies_of_blob_by_reach
SELECT id, reach FROM asset INDEXED BY asset_by_copies WHERE blob_id = ?1 AND blob_id <> 0 ORDER BY reach, id;

-- name: count_holders_of_blob
UPDATE blob SET assets = assets + ?2 WHERE id = ?1 RETURNING assets;

-- name: two_oldest_holders
SELECT id FROM asset INDEXED BY asset_by_blob WHERE blob_id = ?1 AND blob_id <> 0 ORDER BY id LIMIT 2;

-- name: hex_digest_of_blob
SELECT lower(hex(sha256)) FROM blob WHERE id = ?1;

-- name: assets_below_and_in_folder
WITH RECURSIVE down (id) AS (SELECT ?1 UNION SELECT f.id FROM folder f JOIN down ON f.parent_id = down.id) SELECT
  e.asset_id FROM folder_entry e JOIN down ON e.folder_id = down.id;
