-- SPDX-FileCopyrightText: The damfs authors
-- SPDX-License-Identifier: GPL-3.0-or-later
-- Folders, tags, albums and labels, what is in them, and what is counted of them.

-- name: drop_tags_of_asset
DELETE FROM asset_tag WHERE asset_id = ?1;

-- name: drop_albums_of_asset
DELETE FROM album_item WHERE asset_id = ?1;

-- name: tags_of_asset_in_order
SELECT tag_id FROM asset_tag WHERE asset_id = ?1 ORDER BY tag_id;

-- name: albums_of_asset_in_order
SELECT album_id FROM album_item WHERE asset_id = ?1 ORDER BY album_id;

-- name: query_of_album
SELECT query FROM album WHERE id = ?1;

-- name: set_query_of_album
UPDATE album SET query = ?2 WHERE id = ?1;

-- name: shows_numbers
SELECT count(*) FROM album WHERE id = ?1 AND numbered = 1;

-- name: set_shows_numbers
UPDATE album SET numbered = ?2 WHERE id = ?1;

-- name: last_position_in_album
SELECT coalesce(max(position), 0) FROM album_item WHERE album_id = ?1;

-- name: is_position_taken
SELECT 1 FROM album_item WHERE album_id = ?1 AND position = ?2;

-- name: set_position_in_album
UPDATE album_item SET position = ?3 WHERE album_id = ?1 AND asset_id = ?2;

-- name: items_from_position_up
SELECT position, asset_id FROM album_item WHERE album_id = ?1 AND position >= ?2 ORDER BY position;

-- name: items_from_position_down
SELECT position, asset_id FROM album_item WHERE album_id = ?1 AND position <= ?2 ORDER BY position DESC;

-- name: tags_of_asset_any_order
SELECT tag_id FROM asset_tag WHERE asset_id = ?1;

-- name: albums_of_asset_any_order
SELECT album_id FROM album_item WHERE asset_id = ?1;

-- name: is_tagged
SELECT 1 FROM asset_tag WHERE tag_id = ?1 AND asset_id = ?2;

-- name: add_tag_to_asset
INSERT INTO asset_tag (tag_id, asset_id) VALUES (?1, ?2);

-- name: drop_tag_of_asset
DELETE FROM asset_tag WHERE tag_id = ?1 AND asset_id = ?2 RETURNING (SELECT label FROM asset WHERE id = ?2);

-- name: position_in_album
SELECT position FROM album_item WHERE album_id = ?1 AND asset_id = ?2;

-- name: add_album_item
INSERT INTO album_item (album_id, position, asset_id) VALUES (?1, ?2, ?3);

-- name: drop_album_item
DELETE FROM album_item WHERE album_id = ?1 AND asset_id = ?2;

-- name: count_in_shelf
INSERT INTO shelf (grouping, key, assets, changed_ns) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (grouping, key) DO UPDATE
  SET assets = assets + ?3, changed_ns = ?4 RETURNING assets;

-- name: touch_shelf
INSERT INTO shelf (grouping, key, assets, changed_ns) VALUES (?1, ?2, 0, ?3) ON CONFLICT (grouping, key) DO UPDATE SET
  changed_ns = ?3;

-- name: recent_floor
SELECT value FROM counter WHERE name = 'recent_floor';

-- name: set_recent_floor
UPDATE counter SET value = ?1 WHERE name = 'recent_floor';

-- name: touch_recent
INSERT INTO shelf (grouping, key, assets, changed_ns) VALUES (9, 0, 0, ?1) ON CONFLICT (grouping, key) DO UPDATE SET
  changed_ns = ?1;

-- name: rights_of_folder_as_text
SELECT nullif(coalesce(mode, '') || '/' || coalesce(uid, '') || '/' || coalesce(gid, ''), '//') FROM folder WHERE id =
  ?1;

-- name: is_folder
SELECT count(*) FROM folder WHERE id = ?1;

-- name: set_rights_of_folder
UPDATE folder SET mode = ?2, uid = ?3, gid = ?4 WHERE id = ?1;

-- name: has_tag
SELECT 1 FROM asset_tag WHERE asset_id = ?1 AND tag_id = ?2;

-- name: has_album
SELECT 1 FROM album_item WHERE asset_id = ?1 AND album_id = ?2;

-- name: set_rights_and_mtime_of_folder
UPDATE folder SET mode = coalesce(?2, mode), uid = coalesce(?3, uid), gid = coalesce(?4, gid), mtime_ns = coalesce(?5,
  mtime_ns, changed_ns), changed_ns = ?6 WHERE id = ?1;

-- name: tag_written_so_in_tag
SELECT id FROM tag WHERE text_key = ?2 AND parent_id = ?1 AND text_key IS NOT NULL;

-- name: set_text_of_tag
UPDATE tag SET text = nullif(?2, ''), text_key = nullif(?3, '') WHERE id = ?1;

-- name: last_folder
SELECT max(id) FROM folder;

-- name: parent_of_folder
SELECT parent_id FROM folder WHERE id = ?1;

-- name: counted_groups_of_asset
SELECT label, standing{counted_keys} FROM asset WHERE id = ?1 AND state = 0;

-- name: {label}_with_key
SELECT id FROM {label} WHERE name_key = ?1;

-- name: add_{label}
INSERT INTO {label} (name, name_key, changed_ns) VALUES (?1, ?2, ?3);

-- name: touch_{label}
UPDATE {label} SET changed_ns = ?2 WHERE id = ?1;

-- name: touch_tag
UPDATE tag SET changed_ns = ?2 WHERE id = ?1;

-- name: touch_album
UPDATE album SET changed_ns = ?2 WHERE id = ?1;

-- name: touch_folder
UPDATE folder SET changed_ns = ?2, mtime_ns = NULL WHERE id = ?1;

-- name: new_recent_floor
SELECT id FROM asset ORDER BY id DESC LIMIT 1 OFFSET ?1;

-- name: folder_in_folder
SELECT id FROM folder WHERE parent_id = ?1 AND name = ?2;

-- name: tag_in_tag
SELECT id FROM tag WHERE parent_id = ?1 AND name_key = ?2;

-- name: add_{tree}
INSERT INTO {tree} (id, parent_id, name, name_key, changed_ns) VALUES (?5, ?1, ?2, ?3, ?4);

-- name: place_of_folder
SELECT parent_id, name, '' FROM folder WHERE id = ?1 AND id != 1;

-- name: place_of_tag
SELECT parent_id, name, coalesce(text, '') FROM tag WHERE id = ?1 AND id != 1;

-- name: place_of_album
SELECT parent_id, name, '' FROM album WHERE id = ?1 AND id != 1;

-- name: move_{tree}
UPDATE {tree} SET parent_id = ?2, name = ?3, name_key = ?4, changed_ns = ?5 WHERE id = ?1;

-- name: drop_{tree}
DELETE FROM {tree} WHERE id = ?1;

-- name: children_of_{tree}
SELECT id FROM {tree} WHERE parent_id = ?1 ORDER BY id;

-- name: members_of_folder
SELECT asset_id FROM folder_entry WHERE folder_id = ?1 ORDER BY asset_id;

-- name: members_of_tag
SELECT asset_id FROM asset_tag WHERE tag_id = ?1 ORDER BY asset_id;

-- name: members_of_album
SELECT asset_id FROM album_item WHERE album_id = ?1 ORDER BY position;

-- name: assets_below_tag
WITH RECURSIVE below (id) AS (VALUES (?1) UNION SELECT t.id FROM tag t JOIN below ON t.parent_id = below.id)
SELECT DISTINCT i.asset_id FROM asset_tag i JOIN below ON i.tag_id = below.id;
