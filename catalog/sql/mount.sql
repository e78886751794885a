-- SPDX-FileCopyrightText: The damfs authors
-- SPDX-License-Identifier: GPL-3.0-or-later
-- What a mounted tree or a running import looks things up with.
-- In all files of statements: {asset} stands for the columns of an asset that every listing gives, in the order of
-- AssetRow; a statement with {tree}, {label}, {column} or {counted} in its name is made for each grouping of that form
-- (model/groupings.h, model/statements.cc). tests/unit/model_query_plan_test.cc holds each to an index.

-- name: list_{tree}
SELECT id, name, changed_ns{more} FROM {tree} WHERE parent_id = ?1 AND id > ?2 ORDER BY id;

-- name: {tree}
SELECT id, name, changed_ns, coalesce(parent_id, 0){more} FROM {tree} WHERE id = ?1;

-- name: find_{tree}
SELECT id, name, changed_ns, parent_id{more} FROM {tree} WHERE parent_id = ?1 AND name_key = ?2 ORDER BY id;

-- name: list_{label}
SELECT id, name, changed_ns FROM {label} WHERE id > ?1 ORDER BY id;

-- name: {label}
SELECT id, name, changed_ns, 0 FROM {label} WHERE id = ?1;

-- name: find_{label}
SELECT id, name, changed_ns, 0 FROM {label} WHERE name_key = ?1 ORDER BY id;

-- name: list_shelf
SELECT key, changed_ns FROM shelf WHERE grouping = ?1 AND key > ?2 AND key < ?3 AND assets > 0 ORDER BY key;

-- name: text_of_tag
SELECT coalesce(text, name), coalesce(parent_id, 0) FROM tag WHERE id = ?1;

-- name: shelf
SELECT assets, changed_ns FROM shelf WHERE grouping = ?1 AND key = ?2;

-- name: smart_albums
SELECT id, parent_id, name, query FROM album WHERE query != '' AND id > 1 ORDER BY id;

-- name: assets_of_folder
SELECT e.id, e.name, {asset}
FROM folder_entry e JOIN asset a ON a.id = e.asset_id LEFT JOIN asset p ON p.id = a.camera_proxy_id
WHERE e.folder_id = ?1 AND e.id > ?2 ORDER BY e.id;

-- name: assets_of_{column}
SELECT a.id, a.label, {asset}
FROM asset a LEFT JOIN asset p ON p.id = a.camera_proxy_id
WHERE a.state = 0{flat} AND a.{key} = ?1 AND a.id > ?2 ORDER BY a.id;

-- name: assets_of_tag
SELECT a.id, a.label, {asset}
FROM asset_tag t JOIN asset a ON a.id = t.asset_id LEFT JOIN asset p ON p.id = a.camera_proxy_id
WHERE t.tag_id = ?1 AND t.asset_id > ?2 AND a.state = 0 ORDER BY t.asset_id;

-- name: assets_of_album
SELECT i.position, a.label, {asset}
FROM album_item i JOIN asset a ON a.id = i.asset_id LEFT JOIN asset p ON p.id = a.camera_proxy_id
WHERE i.album_id = ?1 AND i.position > ?2 AND a.state = 0 ORDER BY i.position;

-- name: assets_of_recent
SELECT a.id, a.label, {asset}
FROM asset a LEFT JOIN asset p ON p.id = a.camera_proxy_id
WHERE a.id >= (SELECT value FROM counter WHERE name = 'recent_floor') AND a.id > ?2 AND ?1 = 0 AND a.state = 0 AND a.standing = 0 ORDER BY a.id;

-- name: assets_of_duplicates
SELECT a.id, a.label, {asset}
FROM asset a LEFT JOIN asset p ON p.id = a.camera_proxy_id
WHERE a.blob_id = ?1 AND a.blob_id <> 0 AND a.id > ?2 ORDER BY a.id;

-- name: is_in_duplicates
SELECT 1 FROM asset WHERE id = ?2 AND blob_id = ?1;

-- name: shared_blob
SELECT b.id FROM asset a CROSS JOIN blob b ON b.id = a.blob_id WHERE a.id = ?1 AND b.assets > 1;

-- name: copies_of
SELECT c.id FROM asset a CROSS JOIN asset c ON c.blob_id = a.blob_id AND c.reach = a.reach AND c.blob_id <> 0
WHERE a.id = ?1 ORDER BY c.id;

-- name: list_duplicates
SELECT b.id, b.sha256, coalesce(s.changed_ns, b.added_ns) FROM blob b INDEXED BY blob_with_copies
LEFT JOIN shelf s ON s.grouping = 14 AND s.key = b.id WHERE b.assets > 1 AND b.id > ?1 ORDER BY b.id;

-- name: duplicates
SELECT b.id, b.sha256, coalesce(s.changed_ns, b.added_ns) FROM blob b
LEFT JOIN shelf s ON s.grouping = 14 AND s.key = b.id WHERE b.id = ?1 AND b.assets > 1;

-- name: find_duplicates
SELECT b.id, b.sha256, coalesce(s.changed_ns, b.added_ns) FROM blob b
LEFT JOIN shelf s ON s.grouping = 14 AND s.key = b.id WHERE b.sha256 = ?1 AND b.assets > 1;

-- name: find_entry
SELECT e.id, e.name, {asset}
FROM folder_entry e JOIN asset a ON a.id = e.asset_id LEFT JOIN asset p ON p.id = a.camera_proxy_id
WHERE e.folder_id = ?1 AND e.name_key = ?2 ORDER BY e.id;

-- name: find_label
SELECT a.id, a.label, {asset}
FROM asset a LEFT JOIN asset p ON p.id = a.camera_proxy_id
WHERE a.label_key = ?1 AND a.state = 0;

-- name: entries_between
SELECT e.id, e.name, {asset}
FROM folder_entry e JOIN asset a ON a.id = e.asset_id LEFT JOIN asset p ON p.id = a.camera_proxy_id
WHERE e.folder_id = ?1 AND e.name_key >= ?2 AND e.name_key < ?3 ORDER BY e.name_key;

-- name: labels_between
SELECT a.id, a.label, {asset}
FROM asset a LEFT JOIN asset p ON p.id = a.camera_proxy_id
WHERE a.label_key >= ?1 AND a.label_key < ?2 AND a.state = 0 ORDER BY a.label_key;

-- name: asset
SELECT a.id, a.label, {asset}
FROM asset a LEFT JOIN asset p ON p.id = a.camera_proxy_id
WHERE a.id = ?1;

-- name: assets_by_id
SELECT a.id, a.label, {asset}
FROM json_each(?1) j CROSS JOIN asset a ON a.id = j.value LEFT JOIN asset p ON p.id = a.camera_proxy_id;

-- name: search_text
SELECT names, title, description, tags, camera FROM asset_search WHERE rowid = ?1;

-- name: version
SELECT a.id, a.label, a.id, v.id, iif(a.link IS NULL, b.size, a.size), v.mtime_ns,
  CASE a.version_id WHEN v.id THEN a.changed_ns ELSE v.added_ns END,
  CASE a.version_id WHEN v.id
    THEN {names} ELSE 1 END,
  t.kind, t.still_width, t.still_height, a.day, a.rating, t.clip, p.version_id, p.size, p.mtime_ns,
  a.mode, a.uid, a.gid, a.state, p.mode, p.uid, p.gid, a.standing, b.data_bytes{labels}
FROM version v
JOIN asset a ON a.id = v.asset_id
JOIN blob b ON b.id = v.blob_id
JOIN technical t ON t.blob_id = v.blob_id
LEFT JOIN asset p ON p.id = a.camera_proxy_id
WHERE v.id = ?1;

-- name: list_versions
SELECT v.number, a.label, a.id, v.id, iif(a.link IS NULL, b.size, a.size), v.mtime_ns,
  CASE a.version_id WHEN v.id THEN a.changed_ns ELSE v.added_ns END,
  CASE a.version_id WHEN v.id
    THEN {names} ELSE 1 END,
  t.kind, t.still_width, t.still_height, a.day, a.rating, t.clip, p.version_id, p.size, p.mtime_ns,
  a.mode, a.uid, a.gid, a.state, p.mode, p.uid, p.gid, a.standing, b.data_bytes{labels}
FROM version v
CROSS JOIN asset a ON a.id = v.asset_id
CROSS JOIN blob b ON b.id = v.blob_id
CROSS JOIN technical t ON t.blob_id = v.blob_id
LEFT JOIN asset p ON p.id = a.camera_proxy_id
WHERE v.asset_id = ?1 AND v.number > ?2 ORDER BY v.number;

-- name: number_of_version
SELECT v.number, a.versions FROM version v JOIN asset a ON a.id = v.asset_id WHERE v.id = ?1;

-- name: link_target
SELECT link FROM asset WHERE id = ?1 AND link IS NOT NULL;

-- name: bytes_of_version
SELECT b.sha256, b.size, t.mime, t.kind, t.duration_us, t.problem, coalesce(d.reason, '')
FROM version v JOIN blob b ON b.id = v.blob_id JOIN technical t ON t.blob_id = b.id LEFT JOIN damage d ON d.blob_id = b.id
WHERE v.id = ?1;

-- name: damage_of_blob
SELECT d.reason FROM blob b CROSS JOIN damage d ON d.blob_id = b.id WHERE b.sha256 = ?1;

-- name: clip_of_version
SELECT b.sha256, t.clip, coalesce(x.reel, ''), t.mime
FROM version v JOIN blob b ON b.id = v.blob_id JOIN technical t ON t.blob_id = b.id
LEFT JOIN technical_video x ON x.blob_id = b.id
WHERE v.id = ?1;

-- name: locations_of_version
SELECT l.custody, l.path FROM version v JOIN location l ON l.blob_id = v.blob_id
WHERE v.id = ?1 ORDER BY l.custody, l.path;

-- name: is_in_tag
SELECT 1 FROM asset_tag WHERE tag_id = ?1 AND asset_id = ?2;

-- name: is_in_album
SELECT position FROM album_item WHERE album_id = ?1 AND asset_id = ?2;

-- name: last_album_position
SELECT coalesce(max(position), 0) FROM album_item WHERE album_id = ?1;

-- name: words_of_asset
SELECT x.title, x.description, a.rating, a.date_source, a.captured
FROM asset a JOIN asset_text x ON x.asset_id = a.id WHERE a.id = ?1;

-- name: tags_of_asset
SELECT tag_id FROM asset_tag WHERE asset_id = ?1 ORDER BY tag_id;

-- name: albums_of_asset
SELECT album_id FROM album_item WHERE asset_id = ?1 ORDER BY album_id;

-- name: entries_of_asset
SELECT folder_id, name FROM folder_entry WHERE asset_id = ?1 ORDER BY id;

-- name: newest_asset
SELECT max(id) FROM asset;

-- name: newest_change
SELECT max(id) FROM change;

-- name: newest_change_time
SELECT at_ns FROM change WHERE id = (SELECT max(id) FROM change);

-- name: oldest_change
SELECT min(id) FROM change;

-- name: changes_after
SELECT id, what, asset_id, version_id, grouping, key, name FROM change WHERE id > ?1 ORDER BY id LIMIT ?2;

-- name: has_blob
SELECT 1 FROM blob WHERE sha256 = ?1;

-- name: source_file
SELECT s.size, s.mtime_ns, s.ctime_ns, s.inode, s.entry_id, s.sha256, b.id IS NOT NULL,
  d.blob_id IS NOT NULL
FROM source_file s LEFT JOIN blob b ON b.sha256 = s.sha256 LEFT JOIN damage d ON d.blob_id = b.id WHERE s.path = ?1;

-- name: counter
SELECT value FROM counter WHERE name = ?1;

-- name: asset_count
SELECT coalesce(sum(assets), 0) FROM shelf WHERE grouping = 7;

-- name: assets_of_trash
SELECT t.id, t.name, {asset}
FROM trash t CROSS JOIN asset a ON a.id = t.asset_id LEFT JOIN asset p ON p.id = a.camera_proxy_id
WHERE t.id > ?2 AND ?1 = 0 AND t.hidden = 0 ORDER BY t.id;

-- name: list_trash_of_uid
SELECT t.id, t.name, {asset}
FROM trash t CROSS JOIN asset a ON a.id = t.asset_id LEFT JOIN asset p ON p.id = a.camera_proxy_id
WHERE t.uid = ?1 AND t.id > ?2 AND t.hidden = 0 ORDER BY t.id;

-- name: find_trash
SELECT t.id, t.name, {asset}
FROM trash t JOIN asset a ON a.id = t.asset_id LEFT JOIN asset p ON p.id = a.camera_proxy_id
WHERE t.name_key = ?1 AND t.hidden = 0;

-- name: trash_of_asset
SELECT id, name FROM trash WHERE asset_id = ?1 AND hidden = 0 ORDER BY id;

-- name: trash_entry
SELECT id, asset_id, name, folder, original_name, deleted_ns, uid, hidden FROM trash WHERE id = ?1;

-- name: hidden_trash
SELECT id FROM trash WHERE hidden = 1 AND deleted_ns < ?1 ORDER BY deleted_ns;

-- name: attribute
SELECT value FROM attribute WHERE asset_id = ?1 AND name = ?2;

-- name: attributes_of_asset
SELECT name FROM attribute WHERE asset_id = ?1 AND name >= 'user.' AND name < 'user/' ORDER BY name;

-- name: versions_of_asset
SELECT id, number FROM version WHERE asset_id = ?1 ORDER BY number;

-- name: list_versioned
SELECT id, label, changed_ns FROM asset WHERE versions > 1 AND state = 0 AND id > ?1 ORDER BY id;

-- name: kept_drafts
SELECT version, view, key, name, mtime_ns, mode, uid, gid, begun_from FROM draft ORDER BY version;

-- name: unprobed
SELECT t.blob_id, b.sha256, b.size, coalesce((SELECT a.label FROM version v JOIN asset a ON a.id = v.asset_id
  WHERE v.blob_id = b.id LIMIT 1), '')
FROM technical t JOIN blob b ON b.id = t.blob_id WHERE t.probe = 0 AND t.blob_id > ?1
  AND NOT EXISTS (SELECT 1 FROM damage d WHERE d.blob_id = t.blob_id) ORDER BY t.blob_id LIMIT ?2;

-- What is inside archives. A pack's columns stand in one order (model/packs.h: PackRow), and so do a member's.
-- name: list_packs
SELECT p.asset_id, p.name, a.label, a.version_id, v.blob_id, b.sha256, a.size, a.mtime_ns, a.changed_ns,
  k.primary_member, a.mode, a.uid, a.gid
FROM pack_name p CROSS JOIN asset a ON a.id = p.asset_id CROSS JOIN version v ON v.id = a.version_id
CROSS JOIN blob b ON b.id = v.blob_id CROSS JOIN pack k ON k.blob_id = v.blob_id
WHERE a.id = (SELECT min(id) FROM asset INDEXED BY asset_by_blob WHERE blob_id = v.blob_id AND blob_id <> 0) AND p.asset_id > ?1 ORDER BY p.asset_id;

-- name: pack
SELECT p.asset_id, p.name, a.label, a.version_id, v.blob_id, b.sha256, a.size, a.mtime_ns, a.changed_ns,
  k.primary_member, a.mode, a.uid, a.gid
FROM pack_name p CROSS JOIN asset a ON a.id = p.asset_id CROSS JOIN version v ON v.id = a.version_id
CROSS JOIN blob b ON b.id = v.blob_id CROSS JOIN pack k ON k.blob_id = v.blob_id
WHERE a.id = (SELECT min(id) FROM asset INDEXED BY asset_by_blob WHERE blob_id = v.blob_id AND blob_id <> 0) AND p.asset_id = ?1;

-- name: find_pack
SELECT p.asset_id, p.name, a.label, a.version_id, v.blob_id, b.sha256, a.size, a.mtime_ns, a.changed_ns,
  k.primary_member, a.mode, a.uid, a.gid
FROM pack_name p CROSS JOIN asset a ON a.id = p.asset_id CROSS JOIN version v ON v.id = a.version_id
CROSS JOIN blob b ON b.id = v.blob_id CROSS JOIN pack k ON k.blob_id = v.blob_id
WHERE a.id = (SELECT min(id) FROM asset INDEXED BY asset_by_blob WHERE blob_id = v.blob_id AND blob_id <> 0) AND p.name_key = ?1;

-- name: pack_of_blob
SELECT p.asset_id, p.name, a.label, a.version_id, v.blob_id, b.sha256, a.size, a.mtime_ns, a.changed_ns,
  k.primary_member, a.mode, a.uid, a.gid
FROM asset a CROSS JOIN version v ON v.id = a.version_id CROSS JOIN pack_name p ON p.asset_id = a.id
CROSS JOIN blob b ON b.id = v.blob_id CROSS JOIN pack k ON k.blob_id = v.blob_id
WHERE a.id = (SELECT min(id) FROM asset INDEXED BY asset_by_blob WHERE blob_id = ?1 AND blob_id <> 0);

-- name: holders_of_blob
SELECT id FROM asset INDEXED BY asset_by_blob WHERE blob_id = ?1 AND blob_id <> 0 ORDER BY id;

-- name: digest_of_blob
SELECT sha256 FROM blob WHERE id = ?1;

-- name: list_members
SELECT id, parent_id, name, type, method, size, stored_size, offset, crc, mtime_ns, mode, path, note, problem, sha256,
  role, resolution, material_id, by_map, by_material, archive, entry, mime, still_width, still_height
FROM pack_member WHERE parent_id = ?1 AND id > ?2 ORDER BY id;

-- name: folders_of_pack
SELECT id FROM pack_member WHERE id BETWEEN ?1 AND ?2 AND type IN (1, 3) ORDER BY id;

-- name: find_member
SELECT id, parent_id, name, type, method, size, stored_size, offset, crc, mtime_ns, mode, path, note, problem, sha256,
  role, resolution, material_id, by_map, by_material, archive, entry, mime, still_width, still_height
FROM pack_member WHERE parent_id = ?1 AND name_key = ?2 ORDER BY id;

-- name: member
SELECT id, parent_id, name, type, method, size, stored_size, offset, crc, mtime_ns, mode, path, note, problem, sha256,
  role, resolution, material_id, by_map, by_material, archive, entry, mime, still_width, still_height
FROM pack_member WHERE id = ?1;

-- name: list_maps
SELECT m.id, m.parent_id, m.name, m.type, m.method, m.size, m.stored_size, m.offset, m.crc, m.mtime_ns, m.mode, m.path,
  m.note, m.problem, m.sha256, m.role, m.resolution, m.material_id, m.by_map, m.by_material, m.archive, m.entry, m.mime,
  m.still_width, m.still_height, p.name, a.mtime_ns, a.mode, a.uid, a.gid
FROM pack_member m
CROSS JOIN asset a ON a.id = (SELECT min(id) FROM asset INDEXED BY asset_by_blob WHERE blob_id = (m.id >> 20) AND blob_id <> 0)
CROSS JOIN pack_name p ON p.asset_id = a.id
WHERE m.by_map = 1 AND m.role = ?1 AND m.id > ?2 ORDER BY m.id;

-- name: map_of_pack
SELECT id, parent_id, name, type, method, size, stored_size, offset, crc, mtime_ns, mode, path, note, problem, sha256,
  role, resolution, material_id, by_map, by_material, archive, entry, mime, still_width, still_height
FROM pack_member WHERE by_map = 1 AND role = ?1 AND id > ?2 AND id < ?3;

-- name: list_materials
SELECT m.id, m.name, a.changed_ns FROM material m
CROSS JOIN asset a ON a.id = (SELECT min(id) FROM asset INDEXED BY asset_by_blob WHERE blob_id = m.blob_id AND blob_id <> 0) WHERE m.id > ?1 AND m.name IS NOT NULL ORDER BY m.id;

-- name: material
SELECT m.id, m.name, a.changed_ns FROM material m
CROSS JOIN asset a ON a.id = (SELECT min(id) FROM asset INDEXED BY asset_by_blob WHERE blob_id = m.blob_id AND blob_id <> 0) WHERE m.id = ?1 AND m.name IS NOT NULL;

-- name: find_material
SELECT m.id, m.name, a.changed_ns FROM material m
CROSS JOIN asset a ON a.id = (SELECT min(id) FROM asset INDEXED BY asset_by_blob WHERE blob_id = m.blob_id AND blob_id <> 0) WHERE m.name_key = ?1;

-- name: maps_of_material
SELECT m.id, m.parent_id, m.name, m.type, m.method, m.size, m.stored_size, m.offset, m.crc, m.mtime_ns, m.mode, m.path,
  m.note, m.problem, m.sha256, m.role, m.resolution, m.material_id, m.by_map, m.by_material, m.archive, m.entry, m.mime,
  m.still_width, m.still_height
FROM pack_member m WHERE m.by_material = 1 AND m.material_id = ?1 AND m.role > ?2 ORDER BY m.role;

-- The member whose still is that of an archive's version.
-- name: primary_member
SELECT m.id, m.parent_id, m.name, m.type, m.method, m.size, m.stored_size, m.offset, m.crc, m.mtime_ns, m.mode, m.path,
  m.note, m.problem, m.sha256, m.role, m.resolution, m.material_id, m.by_map, m.by_material, m.archive, m.entry, m.mime,
  m.still_width, m.still_height
FROM version v CROSS JOIN pack k ON k.blob_id = v.blob_id
CROSS JOIN pack_member m ON m.id = (v.blob_id << 20 | k.primary_member) WHERE v.id = ?1;

-- Its first material that a ball can be made of: with another map than height (8) and specular (13).
-- name: first_material
SELECT m.id FROM version v CROSS JOIN material m ON m.blob_id = v.blob_id
CROSS JOIN pack_member p ON p.by_material = 1 AND p.material_id = m.id
WHERE v.id = ?1 AND p.still_width > 0 AND p.role NOT IN (8, 13) ORDER BY m.id LIMIT 1;

-- name: any_pack
SELECT 1 FROM pack LIMIT 1;

-- name: is_size_of_member
SELECT 1 FROM pack_member WHERE size = ?1 AND type = 0 AND problem = '' AND size > 0 LIMIT 1;

-- name: members_with_bytes
SELECT id FROM pack_member WHERE size = ?1 AND crc = ?2 AND type = 0 AND problem = '' AND size > 0 ORDER BY id LIMIT 64;

-- name: unlinked_like_members
SELECT a.id, b.sha256, b.size FROM asset a CROSS JOIN version v ON v.id = a.version_id CROSS JOIN blob b ON b.id = v.blob_id
WHERE a.id > ?1 AND a.state = 0 AND EXISTS (SELECT 1 FROM pack_member m WHERE m.size = b.size AND m.type = 0 AND
m.problem = '' AND m.size > 0) AND NOT EXISTS (SELECT 1 FROM asset_link l WHERE l.from_id = a.id AND
l.relation = 'derived_from') ORDER BY a.id;

-- name: origins_of_asset
SELECT l.to_id, a.label, coalesce((SELECT c.member_id FROM member_copy c CROSS JOIN version v ON
  v.blob_id = (c.member_id >> 20) AND v.asset_id = l.to_id WHERE c.asset_id = l.from_id), 0)
FROM asset_link l CROSS JOIN asset a ON a.id = l.to_id
WHERE l.from_id = ?1 AND l.relation = 'derived_from' ORDER BY l.to_id;
