-- SPDX-FileCopyrightText: The damfs authors
-- SPDX-License-Identifier: GPL-3.0-or-later
-- What `damfs doctor` holds to be true: each row that one of these gives is a fault. They read whole tables.

-- name: check_current_version
SELECT a.id FROM asset a LEFT JOIN version v ON v.id = a.version_id AND v.asset_id = a.id WHERE v.id IS NULL AND
  a.state <> 2;

-- name: check_versions_of_absorbed
SELECT DISTINCT a.id FROM asset a JOIN version v ON v.asset_id = a.id WHERE a.state = 2;

-- name: check_blob_of_asset
SELECT a.id FROM asset a WHERE a.blob_id <> iif(a.state = 0 AND a.size > 0 AND a.link IS NULL, (SELECT v.blob_id FROM
  version v WHERE v.id = a.version_id), 0);

-- name: check_standing
SELECT a.id FROM asset a WHERE a.standing <> iif(a.link IS NOT NULL, 2, a.blob_id <> 0 AND EXISTS (SELECT 1 FROM asset
  o WHERE o.blob_id = a.blob_id AND o.reach = a.reach AND o.blob_id <> 0 AND o.id < a.id) AND NOT EXISTS (SELECT 1
  FROM counter WHERE name = 'show_copies' AND value = 1)) AND NOT EXISTS (SELECT 1 FROM counter WHERE name =
  'show_copies' AND value = 2);

-- name: check_count_of_versions
SELECT a.id FROM asset a WHERE a.versions <> (SELECT count(*) FROM version WHERE asset_id = a.id);

-- name: check_version_numbers
SELECT v.asset_id FROM version v JOIN asset a ON a.id = v.asset_id WHERE v.number < 1 OR v.number > a.last_version;

-- name: check_size_and_time
SELECT a.id FROM asset a JOIN version v ON v.id = a.version_id JOIN blob b ON b.id = v.blob_id WHERE a.state <> 2 AND
  (a.size <> coalesce(length(CAST(a.link AS BLOB)), b.size) OR a.mtime_ns <> v.mtime_ns);

-- name: check_shown_facts
SELECT a.id FROM asset a JOIN version v ON v.id = a.version_id JOIN technical t ON t.blob_id = v.blob_id WHERE a.state
  <> 2 AND (a.kind <> t.kind OR a.still_width <> t.still_width OR a.still_height <> t.still_height OR a.clip <>
  t.clip);

-- name: check_day
SELECT id FROM asset WHERE state <> 2 AND captured GLOB '[0-9][0-9][0-9][0-9]-*' AND day <> CAST(substr(captured, 1,
  4) AS INTEGER) * 512 + CAST(substr(captured, 6, 2) AS INTEGER) * 32 + CAST(substr(captured, 9, 2) AS INTEGER);

-- name: check_words
SELECT a.id FROM asset a LEFT JOIN asset_text x ON x.asset_id = a.id WHERE a.state <> 2 AND x.asset_id IS NULL;

-- name: check_has_entry
SELECT a.id FROM asset a WHERE a.state = 0 AND NOT EXISTS (SELECT 1 FROM folder_entry WHERE asset_id = a.id);

-- name: check_has_no_entry
SELECT a.id FROM asset a WHERE a.state <> 0 AND EXISTS (SELECT 1 FROM folder_entry WHERE asset_id = a.id);

-- name: check_recent_floor
SELECT name FROM counter WHERE name = 'recent_floor' AND value <> max(1, coalesce((SELECT id FROM asset ORDER BY id
  DESC LIMIT 1 OFFSET 499), 1)) UNION ALL SELECT 'recent_floor' WHERE NOT EXISTS (SELECT 1 FROM counter WHERE name =
  'recent_floor');

-- name: check_folders_hang_together
WITH RECURSIVE down (id) AS (SELECT 1 UNION SELECT t.id FROM folder t JOIN down ON t.parent_id = down.id) SELECT id
  FROM folder WHERE id NOT IN (SELECT id FROM down);

-- name: check_tags_hang_together
WITH RECURSIVE down (id) AS (SELECT 1 UNION SELECT t.id FROM tag t JOIN down ON t.parent_id = down.id) SELECT id FROM
  tag WHERE id NOT IN (SELECT id FROM down);

-- name: check_albums_hang_together
WITH RECURSIVE down (id) AS (SELECT 1 UNION SELECT t.id FROM album t JOIN down ON t.parent_id = down.id) SELECT id
  FROM album WHERE id NOT IN (SELECT id FROM down);

-- name: check_locations
SELECT b.id FROM blob b LEFT JOIN location l ON l.blob_id = b.id WHERE l.blob_id IS NULL;

-- name: check_blob_is_used
SELECT b.id FROM blob b LEFT JOIN version v ON v.blob_id = b.id WHERE v.id IS NULL;

-- name: check_count_of_holders
SELECT b.id FROM blob b WHERE b.assets <> (SELECT count(*) FROM asset a WHERE a.blob_id = b.id AND a.blob_id <> 0);

-- name: check_blob_is_known
SELECT b.id FROM blob b LEFT JOIN technical t ON t.blob_id = b.id WHERE t.blob_id IS NULL;

-- name: check_counters
SELECT name FROM counter c WHERE (name = 'blobs' AND value <> (SELECT count(*) FROM blob)) OR (name = 'original_bytes'
  AND value <> (SELECT coalesce(sum(size), 0) FROM blob)) OR (name = 'copies' AND value <> (SELECT count(*) FROM asset
  WHERE standing = 1)) UNION ALL SELECT column1 FROM (VALUES ('blobs'), ('original_bytes'), ('copies')) WHERE column1
  NOT IN (SELECT name FROM counter);

-- name: check_members_have_a_pack
SELECT m.id >> 20 FROM pack_member m WHERE NOT EXISTS (SELECT 1 FROM pack k WHERE k.blob_id = m.id >> 20) GROUP BY 1;

-- name: check_members_have_a_folder
SELECT m.id FROM pack_member m WHERE m.parent_id <> (m.id | 1048575) AND NOT EXISTS (SELECT 1 FROM pack_member p WHERE
  p.id = m.parent_id AND p.id >> 20 = m.id >> 20);

-- name: check_primary_members
SELECT k.blob_id FROM pack k WHERE k.primary_member IS NOT NULL AND NOT EXISTS (SELECT 1 FROM pack_member m WHERE m.id
  = (k.blob_id << 20 | k.primary_member));

-- name: check_inner_archives
SELECT m.id FROM pack_member m WHERE m.archive IS NOT NULL AND NOT EXISTS (SELECT 1 FROM pack_member h WHERE h.id =
  (m.id >> 20 << 20 | m.archive));

-- name: check_maps_have_a_material
SELECT m.id FROM pack_member m LEFT JOIN material x ON x.id = m.material_id AND x.blob_id = m.id >> 20 WHERE (m.role
  <> 0) <> (m.material_id IS NOT NULL) OR (m.material_id IS NOT NULL AND x.id IS NULL AND m.by_material = 1) OR
  ((m.by_map = 1 OR m.by_material = 1) AND m.role = 0);

-- name: check_materials_have_maps
SELECT x.id FROM material x WHERE NOT EXISTS (SELECT 1 FROM pack_member m WHERE m.by_material = 1 AND m.material_id =
  x.id);

-- name: check_packs_have_a_name
SELECT a.id FROM asset a JOIN version v ON v.id = a.version_id JOIN pack k ON k.blob_id = v.blob_id WHERE a.state = 0
  AND NOT EXISTS (SELECT 1 FROM pack_name n WHERE n.asset_id = a.id);

-- name: check_copies_have_a_member
SELECT c.asset_id FROM member_copy c WHERE NOT EXISTS (SELECT 1 FROM pack_member m WHERE m.id = c.member_id) OR NOT
  EXISTS (SELECT 1 FROM asset_link l WHERE l.from_id = c.asset_id);

-- name: check_search_index_is_whole
SELECT a.id FROM asset a LEFT JOIN asset_search s ON s.rowid = a.id WHERE a.state = 0 AND s.rowid IS NULL;

-- name: check_search_words
SELECT s.rowid FROM asset_search s LEFT JOIN asset a ON a.id = s.rowid AND a.state = 0 LEFT JOIN asset_text x ON
  x.asset_id = a.id LEFT JOIN camera c ON c.id = a.camera_id WHERE a.id IS NULL OR s.title <> x.title OR s.description
  <> x.description OR s.camera <> coalesce(c.name, '');

-- name: any_indexed_asset
SELECT rowid FROM asset_search LIMIT 1;

-- name: damaged_blobs
SELECT b.sha256, d.reason, d.found_ns FROM damage d JOIN blob b ON b.id = d.blob_id ORDER BY b.id;

-- name: all_objects
SELECT b.sha256, b.size FROM blob b JOIN location l ON l.blob_id = b.id WHERE l.custody = 'object' ORDER BY b.id;

-- name: check_count_of_names
SELECT asset.id FROM asset WHERE asset.names <> {count_of_names};

-- name: check_count_in_{counted}
SELECT key FROM (SELECT key, assets FROM shelf WHERE grouping = {number} AND key <> 0
  UNION ALL SELECT {group} AS key, -1 FROM asset a WHERE a.state = 0{flat})
WHERE key IS NOT NULL GROUP BY key HAVING sum(assets) <> 0;

-- name: check_{label}_of_asset
SELECT a.id FROM asset a JOIN version v ON v.id = a.version_id JOIN technical t ON t.blob_id = v.blob_id
WHERE a.state <> 2 AND (a.{key} IS NOT NULL) <> ({has_label});
