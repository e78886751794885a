-- SPDX-FileCopyrightText: The damfs authors
-- SPDX-License-Identifier: GPL-3.0-or-later
-- Names: in originals/, in the trash, and where files came from.

-- name: trash_rows_of_asset
SELECT id FROM trash WHERE asset_id = ?1;

-- name: forget_sources_of_entries
DELETE FROM source_file WHERE entry_id IN (SELECT value FROM json_each(?1));

-- name: forget_sources_without_entry
DELETE FROM source_file WHERE NOT EXISTS (SELECT 1 FROM folder_entry WHERE id = source_file.entry_id);

-- name: entry_of_source
SELECT entry_id FROM source_file WHERE path = ?1;

-- name: asset_of_entry
SELECT asset_id FROM folder_entry WHERE id = ?1;

-- name: remember_source
INSERT OR REPLACE INTO source_file (path, size, mtime_ns, ctime_ns, inode, entry_id, sha256) VALUES (?1, ?2, ?3, ?4,
  ?5, ?6, ?7);

-- name: entry_of_source_with_bytes
SELECT s.entry_id, coalesce(e.asset_id, 0), coalesce(e.folder_id, 0), coalesce(e.name, '') FROM source_file s LEFT
  JOIN folder_entry e ON e.id = s.entry_id WHERE s.path = ?1 AND (s.sha256 = ?2 OR (s.sha256 IS NULL AND EXISTS
  (SELECT 1 FROM version v JOIN blob b ON b.id = v.blob_id WHERE v.asset_id = e.asset_id AND b.sha256 = ?2)));

-- name: entry_with_blob_at
SELECT e.id, e.asset_id, v.blob_id FROM folder_entry e JOIN asset a ON a.id = e.asset_id JOIN version v ON v.id =
  a.version_id WHERE e.folder_id = ?1 AND e.name = ?2 AND a.link IS ?3;

-- name: asset_that_arrived_as
SELECT a.id FROM arrival_folder f CROSS JOIN asset a ON a.came_in = f.id AND coalesce(a.came_as, a.label) = ?2 WHERE
  f.path = ?1 AND a.came_in IS NOT NULL AND a.state IN (0, 1) AND a.link IS ?4 AND EXISTS (SELECT 1 FROM version WHERE
  asset_id = a.id AND blob_id = ?3) ORDER BY a.state, a.id LIMIT 1;

-- name: first_entry_of_asset
SELECT id, folder_id, name FROM folder_entry WHERE asset_id = ?1 ORDER BY id LIMIT 1;

-- name: add_arrival_folder
INSERT OR IGNORE INTO arrival_folder (path) VALUES (?1);

-- name: arrival_folder
SELECT id FROM arrival_folder WHERE path = ?1;

-- name: entry_with_blob
SELECT e.asset_id, v.blob_id, e.name, e.folder_id, a.link IS ?2, a.link IS NOT NULL FROM folder_entry e JOIN asset a
  ON a.id = e.asset_id JOIN version v ON v.id = a.version_id WHERE e.id = ?1;

-- name: count_of_entries
SELECT count(*) FROM folder_entry WHERE asset_id = ?1;

-- name: entry
SELECT id, folder_id, name, asset_id FROM folder_entry WHERE id = ?1;

-- name: set_asset_of_entry
UPDATE folder_entry SET asset_id = ?2 WHERE id = ?1;

-- name: entry_at
SELECT id, asset_id FROM folder_entry WHERE folder_id = ?1 AND name = ?2;

-- name: add_entry
INSERT INTO folder_entry (folder_id, name, name_key, asset_id) VALUES (?1, ?2, ?3, ?4);

-- name: move_entry
UPDATE folder_entry SET folder_id = ?2, name = ?3, name_key = ?4 WHERE id = ?1;

-- name: drop_entry
DELETE FROM folder_entry WHERE id = ?1;

-- name: is_name_in_trash
SELECT 1 FROM trash WHERE name_key = ?1;

-- name: last_trash
SELECT max(id) FROM trash;

-- name: add_trash
INSERT INTO trash (id, asset_id, name, name_key, folder, original_name, deleted_ns, uid, hidden) VALUES (?1, ?2, ?3,
  ?4, ?5, ?6, ?7, ?8, ?9);

-- name: has_place_beside_entries
SELECT EXISTS (SELECT 1 FROM trash WHERE asset_id = ?1) OR EXISTS (SELECT 1 FROM asset_tag WHERE asset_id = ?1) OR
  EXISTS (SELECT 1 FROM album_item WHERE asset_id = ?1);

-- name: trash_to_restore
SELECT id, asset_id, name, folder, original_name, deleted_ns, uid FROM trash WHERE id = ?1;

-- name: drop_trash
DELETE FROM trash WHERE id = ?1;

-- name: count_of_trash_rows
SELECT count(*) FROM trash WHERE asset_id = ?1;

-- name: count_of_entries_and_trash_rows
SELECT (SELECT count(*) FROM folder_entry WHERE asset_id = ?1) + (SELECT count(*) FROM trash WHERE asset_id = ?1);

-- name: sibling_folder_called
SELECT s.id FROM folder f JOIN folder s ON s.parent_id = f.parent_id WHERE f.id = ?1 AND s.name = ?2;

-- name: asset_named_in_folder
SELECT asset_id FROM folder_entry WHERE folder_id = ?1 AND name = ?2;

-- name: digest_at_name
SELECT iif(a.link IS ?3, coalesce(a.link, b.sha256), x'') FROM folder_entry e JOIN asset a ON a.id = e.asset_id JOIN
  version v ON v.id = a.version_id JOIN blob b ON b.id = v.blob_id WHERE e.folder_id = ?1 AND e.name = ?2 UNION ALL
  SELECT x'' FROM folder WHERE parent_id = ?1 AND name = ?2;

-- name: entries_of_asset_to_write
SELECT id, folder_id, name FROM folder_entry WHERE asset_id = ?1;

-- name: entries_named_between
SELECT name, asset_id FROM folder_entry WHERE folder_id = ?1 AND name > ?2 AND name < ?3;

-- name: is_entry_at
SELECT 1 FROM folder_entry WHERE folder_id = ?1 AND name = ?2;

-- name: has_any_place
SELECT EXISTS (SELECT 1 FROM folder_entry WHERE asset_id = ?1) OR EXISTS (SELECT 1 FROM trash WHERE asset_id = ?1);
