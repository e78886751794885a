-- SPDX-FileCopyrightText: The damfs authors
-- SPDX-License-Identifier: GPL-3.0-or-later
-- Every statement that a mounted tree or a running import can look things up with. tests/unit/model_query_plan_test.cc holds each to an index.
-- An asset's columns stand in one order everywhere (model/rows.h: AssetRow).

-- name: list_folders
SELECT id, name, changed_ns FROM folder WHERE parent_id = ?1 AND id > ?2 ORDER BY id;

-- name: list_tags
SELECT id, name, changed_ns FROM tag WHERE parent_id = ?1 AND id > ?2 ORDER BY id;

-- name: list_albums
SELECT id, name, changed_ns FROM album WHERE parent_id = ?1 AND id > ?2 ORDER BY id;

-- name: list_cameras
SELECT id, name, changed_ns FROM camera WHERE id > ?1 ORDER BY id;

-- name: list_shelf
SELECT key, changed_ns FROM shelf WHERE grouping = ?1 AND key > ?2 AND key < ?3 AND assets > 0 ORDER BY key;

-- name: folder
SELECT id, name, changed_ns, coalesce(parent_id, 0) FROM folder WHERE id = ?1;

-- name: tag
SELECT id, name, changed_ns, coalesce(parent_id, 0) FROM tag WHERE id = ?1;

-- name: album
SELECT id, name, changed_ns, coalesce(parent_id, 0) FROM album WHERE id = ?1;

-- name: camera
SELECT id, name, changed_ns, 0 FROM camera WHERE id = ?1;

-- name: shelf
SELECT assets, changed_ns FROM shelf WHERE grouping = ?1 AND key = ?2;

-- name: find_folder
SELECT id, name, changed_ns, parent_id FROM folder WHERE parent_id = ?1 AND name_key = ?2 ORDER BY id;

-- name: find_tag
SELECT id, name, changed_ns, parent_id FROM tag WHERE parent_id = ?1 AND name_key = ?2 ORDER BY id;

-- name: find_album
SELECT id, name, changed_ns, parent_id FROM album WHERE parent_id = ?1 AND name_key = ?2 ORDER BY id;

-- name: find_camera
SELECT id, name, changed_ns, 0 FROM camera WHERE name_key = ?1 ORDER BY id;

-- name: assets_of_folder
SELECT e.id, e.name, a.id, a.version_id, a.size, a.mtime_ns, a.changed_ns,
  a.names + (a.id >= (SELECT value FROM counter WHERE name = 'recent_floor')),
  a.kind, a.still_width, a.still_height, a.day, a.camera_id, a.rating, a.clip, p.version_id, p.size, p.mtime_ns
FROM folder_entry e JOIN asset a ON a.id = e.asset_id LEFT JOIN asset p ON p.id = a.camera_proxy_id
WHERE e.folder_id = ?1 AND e.id > ?2 ORDER BY e.id;

-- name: assets_of_day
SELECT a.id, a.label, a.id, a.version_id, a.size, a.mtime_ns, a.changed_ns,
  a.names + (a.id >= (SELECT value FROM counter WHERE name = 'recent_floor')),
  a.kind, a.still_width, a.still_height, a.day, a.camera_id, a.rating, a.clip, p.version_id, p.size, p.mtime_ns
FROM asset a LEFT JOIN asset p ON p.id = a.camera_proxy_id
WHERE a.day = ?1 AND a.id > ?2 ORDER BY a.id;

-- name: assets_of_kind
SELECT a.id, a.label, a.id, a.version_id, a.size, a.mtime_ns, a.changed_ns,
  a.names + (a.id >= (SELECT value FROM counter WHERE name = 'recent_floor')),
  a.kind, a.still_width, a.still_height, a.day, a.camera_id, a.rating, a.clip, p.version_id, p.size, p.mtime_ns
FROM asset a LEFT JOIN asset p ON p.id = a.camera_proxy_id
WHERE a.kind = ?1 AND a.id > ?2 ORDER BY a.id;

-- name: assets_of_camera
SELECT a.id, a.label, a.id, a.version_id, a.size, a.mtime_ns, a.changed_ns,
  a.names + (a.id >= (SELECT value FROM counter WHERE name = 'recent_floor')),
  a.kind, a.still_width, a.still_height, a.day, a.camera_id, a.rating, a.clip, p.version_id, p.size, p.mtime_ns
FROM asset a LEFT JOIN asset p ON p.id = a.camera_proxy_id
WHERE a.camera_id = ?1 AND a.id > ?2 ORDER BY a.id;

-- name: assets_of_rating
SELECT a.id, a.label, a.id, a.version_id, a.size, a.mtime_ns, a.changed_ns,
  a.names + (a.id >= (SELECT value FROM counter WHERE name = 'recent_floor')),
  a.kind, a.still_width, a.still_height, a.day, a.camera_id, a.rating, a.clip, p.version_id, p.size, p.mtime_ns
FROM asset a LEFT JOIN asset p ON p.id = a.camera_proxy_id
WHERE a.rating = ?1 AND a.id > ?2 ORDER BY a.id;

-- name: assets_of_tag
SELECT a.id, a.label, a.id, a.version_id, a.size, a.mtime_ns, a.changed_ns,
  a.names + (a.id >= (SELECT value FROM counter WHERE name = 'recent_floor')),
  a.kind, a.still_width, a.still_height, a.day, a.camera_id, a.rating, a.clip, p.version_id, p.size, p.mtime_ns
FROM asset_tag t JOIN asset a ON a.id = t.asset_id LEFT JOIN asset p ON p.id = a.camera_proxy_id
WHERE t.tag_id = ?1 AND t.asset_id > ?2 ORDER BY t.asset_id;

-- name: assets_of_album
SELECT i.position, a.label, a.id, a.version_id, a.size, a.mtime_ns, a.changed_ns,
  a.names + (a.id >= (SELECT value FROM counter WHERE name = 'recent_floor')),
  a.kind, a.still_width, a.still_height, a.day, a.camera_id, a.rating, a.clip, p.version_id, p.size, p.mtime_ns
FROM album_item i JOIN asset a ON a.id = i.asset_id LEFT JOIN asset p ON p.id = a.camera_proxy_id
WHERE i.album_id = ?1 AND i.position > ?2 ORDER BY i.position;

-- name: assets_of_recent
SELECT a.id, a.label, a.id, a.version_id, a.size, a.mtime_ns, a.changed_ns,
  a.names + 1,
  a.kind, a.still_width, a.still_height, a.day, a.camera_id, a.rating, a.clip, p.version_id, p.size, p.mtime_ns
FROM asset a LEFT JOIN asset p ON p.id = a.camera_proxy_id
WHERE a.id >= (SELECT value FROM counter WHERE name = 'recent_floor') AND a.id > ?2 AND ?1 = 0 ORDER BY a.id;

-- name: find_entry
SELECT e.id, e.name, a.id, a.version_id, a.size, a.mtime_ns, a.changed_ns,
  a.names + (a.id >= (SELECT value FROM counter WHERE name = 'recent_floor')),
  a.kind, a.still_width, a.still_height, a.day, a.camera_id, a.rating, a.clip, p.version_id, p.size, p.mtime_ns
FROM folder_entry e JOIN asset a ON a.id = e.asset_id LEFT JOIN asset p ON p.id = a.camera_proxy_id
WHERE e.folder_id = ?1 AND e.name_key = ?2 ORDER BY e.id;

-- name: find_label
SELECT a.id, a.label, a.id, a.version_id, a.size, a.mtime_ns, a.changed_ns,
  a.names + (a.id >= (SELECT value FROM counter WHERE name = 'recent_floor')),
  a.kind, a.still_width, a.still_height, a.day, a.camera_id, a.rating, a.clip, p.version_id, p.size, p.mtime_ns
FROM asset a LEFT JOIN asset p ON p.id = a.camera_proxy_id
WHERE a.label_key = ?1 ORDER BY a.id;

-- name: entries_between
SELECT e.id, e.name, a.id, a.version_id, a.size, a.mtime_ns, a.changed_ns,
  a.names + (a.id >= (SELECT value FROM counter WHERE name = 'recent_floor')),
  a.kind, a.still_width, a.still_height, a.day, a.camera_id, a.rating, a.clip, p.version_id, p.size, p.mtime_ns
FROM folder_entry e JOIN asset a ON a.id = e.asset_id LEFT JOIN asset p ON p.id = a.camera_proxy_id
WHERE e.folder_id = ?1 AND e.name_key >= ?2 AND e.name_key < ?3 ORDER BY e.name_key;

-- name: labels_between
SELECT a.id, a.label, a.id, a.version_id, a.size, a.mtime_ns, a.changed_ns,
  a.names + (a.id >= (SELECT value FROM counter WHERE name = 'recent_floor')),
  a.kind, a.still_width, a.still_height, a.day, a.camera_id, a.rating, a.clip, p.version_id, p.size, p.mtime_ns
FROM asset a LEFT JOIN asset p ON p.id = a.camera_proxy_id
WHERE a.label_key >= ?1 AND a.label_key < ?2 ORDER BY a.label_key;

-- name: asset
SELECT a.id, a.label, a.id, a.version_id, a.size, a.mtime_ns, a.changed_ns,
  a.names + (a.id >= (SELECT value FROM counter WHERE name = 'recent_floor')),
  a.kind, a.still_width, a.still_height, a.day, a.camera_id, a.rating, a.clip, p.version_id, p.size, p.mtime_ns
FROM asset a LEFT JOIN asset p ON p.id = a.camera_proxy_id
WHERE a.id = ?1;

-- name: version
SELECT a.id, a.label, a.id, v.id, b.size, v.mtime_ns,
  CASE a.version_id WHEN v.id THEN a.changed_ns ELSE v.added_ns END,
  CASE a.version_id WHEN v.id
    THEN a.names + (a.id >= (SELECT value FROM counter WHERE name = 'recent_floor')) ELSE 1 END,
  t.kind, t.still_width, t.still_height, a.day, a.camera_id, a.rating, t.clip, p.version_id, p.size, p.mtime_ns
FROM version v
JOIN asset a ON a.id = v.asset_id
JOIN blob b ON b.id = v.blob_id
JOIN technical t ON t.blob_id = v.blob_id
LEFT JOIN asset p ON p.id = a.camera_proxy_id
WHERE v.id = ?1;

-- name: bytes_of_version
SELECT b.sha256, b.size, t.mime, t.kind, t.duration_us, t.problem
FROM version v JOIN blob b ON b.id = v.blob_id JOIN technical t ON t.blob_id = b.id
WHERE v.id = ?1;

-- name: clip_of_version
SELECT b.sha256, t.clip, coalesce(x.reel, ''), t.mime
FROM version v JOIN blob b ON b.id = v.blob_id JOIN technical t ON t.blob_id = b.id
LEFT JOIN technical_video x ON x.blob_id = b.id
WHERE v.id = ?1;

-- name: locations_of_version
SELECT l.custody, l.path FROM version v JOIN location l ON l.blob_id = v.blob_id
WHERE v.id = ?1 ORDER BY l.custody, l.path;

-- name: is_tagged
SELECT 1 FROM asset_tag WHERE tag_id = ?1 AND asset_id = ?2;

-- name: album_position
SELECT position FROM album_item WHERE album_id = ?1 AND asset_id = ?2;

-- name: words_of_asset
SELECT x.title, x.description, a.rating, a.date_source, a.captured
FROM asset a JOIN asset_text x ON x.asset_id = a.id WHERE a.id = ?1;

-- name: tags_of_asset
SELECT tag_id FROM asset_tag WHERE asset_id = ?1 ORDER BY tag_id;

-- name: albums_of_asset
SELECT album_id FROM album_item WHERE asset_id = ?1 ORDER BY album_id;

-- name: entries_of_asset
SELECT folder_id, name FROM folder_entry WHERE asset_id = ?1 ORDER BY id;

-- name: newest_change
SELECT max(id) FROM change;

-- name: oldest_change
SELECT min(id) FROM change;

-- name: changes_after
SELECT id, what, asset_id, version_id, grouping, key, name FROM change WHERE id > ?1 ORDER BY id;

-- name: has_blob
SELECT 1 FROM blob WHERE sha256 = ?1;

-- name: source_file
SELECT size, mtime_ns, ctime_ns, inode, fingerprint, entry_id FROM source_file WHERE path = ?1;

-- name: counter
SELECT value FROM counter WHERE name = ?1;

-- name: asset_count
SELECT coalesce(sum(assets), 0) FROM shelf WHERE grouping = 7;
