-- SPDX-FileCopyrightText: The damfs authors
-- SPDX-License-Identifier: GPL-3.0-or-later
-- Archives, their members and materials, and copies of members.

-- name: drop_copies_of_and_from_asset
DELETE FROM member_copy WHERE asset_id = ?1 OR asset_id IN (SELECT l.from_id FROM asset_link l JOIN member_copy c ON
  c.asset_id = l.from_id JOIN version v ON v.asset_id = l.to_id AND v.blob_id = (c.member_id >> 20) WHERE l.to_id =
  ?1);

-- name: drop_links_of_asset
DELETE FROM asset_link WHERE from_id = ?1 OR to_id = ?1;

-- name: add_link_to_first
INSERT INTO asset_link (from_id, relation, to_id) VALUES (?2, 'derived_from', ?1);

-- name: is_pack
SELECT count(*) FROM pack WHERE blob_id = ?1;

-- name: add_pack
INSERT OR REPLACE INTO pack (blob_id, recipe, primary_member, charset) VALUES (?1, ?2, ?3, ?4);

-- name: add_member
INSERT INTO pack_member (id, parent_id, name, name_key, type, method, size, stored_size, offset, crc, mtime_ns, mode,
  path, note, problem, sha256, role, resolution, material_id, by_map, by_material, archive, entry, mime, still_width,
  still_height) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20,
  ?21, ?22, ?23, ?24, ?25, ?26);

-- name: add_members_to_search
INSERT INTO member_search (rowid, name) SELECT id, name FROM pack_member WHERE id BETWEEN ?1 AND ?2;

-- name: drop_copies_of_what_is_no_file
DELETE FROM member_copy WHERE member_id BETWEEN ?1 AND ?2 AND NOT EXISTS (SELECT 1 FROM pack_member m WHERE m.id =
  member_copy.member_id AND m.type = 0);

-- name: drop_materials_without_maps
DELETE FROM material WHERE blob_id = ?1 AND NOT EXISTS (SELECT 1 FROM pack_member m WHERE m.by_material = 1 AND
  m.material_id = material.id);

-- name: count_of_links_from_asset
SELECT count(*) FROM asset_link WHERE from_id = ?1;

-- name: pack_with_member
SELECT a.id FROM pack_member m CROSS JOIN version v ON v.blob_id = (m.id >> 20) CROSS JOIN asset a ON a.id =
  v.asset_id AND a.version_id = v.id WHERE m.id = ?1 AND a.state = 0;

-- name: add_link
INSERT INTO asset_link (from_id, relation, to_id) VALUES (?1, 'derived_from', ?2);

-- name: add_copy_of_member
INSERT OR REPLACE INTO member_copy (asset_id, member_id) VALUES (?1, ?2);

-- name: drop_links_to_pack
DELETE FROM asset_link WHERE from_id = ?1 AND to_id IN (SELECT v.asset_id FROM member_copy c JOIN version v ON
  v.blob_id = (c.member_id >> 20) WHERE c.asset_id = ?1);

-- name: drop_copy_of_member
DELETE FROM member_copy WHERE asset_id = ?1;

-- name: drop_members_from_search
INSERT INTO member_search (member_search, rowid, name) SELECT 'delete', id, name FROM pack_member WHERE id BETWEEN ?1
  AND ?2;

-- name: drop_members
DELETE FROM pack_member WHERE id BETWEEN ?1 AND ?2;

-- name: drop_copies_of_members
DELETE FROM member_copy WHERE member_id BETWEEN ?1 AND ?2;

-- name: drop_materials
DELETE FROM material WHERE blob_id = ?1;

-- name: drop_pack
DELETE FROM pack WHERE blob_id = ?1;

-- name: material_wanted
SELECT id FROM material WHERE blob_id = ?1 AND wanted = ?2;

-- name: add_material
INSERT INTO material (blob_id, wanted) VALUES (?1, ?2);

-- name: pack_shown_by_asset
SELECT k.blob_id FROM asset a JOIN version v ON v.id = a.version_id JOIN pack k ON k.blob_id = v.blob_id WHERE a.id =
  ?1;

-- name: has_pack_name
SELECT count(*) FROM pack_name WHERE asset_id = ?1;

-- name: is_pack_name_taken
SELECT 1 FROM pack_name WHERE name_key = ?1;

-- name: add_pack_name
INSERT INTO pack_name (asset_id, name, name_key) VALUES (?1, ?2, ?3);

-- name: unnamed_materials
SELECT id, wanted FROM material WHERE blob_id = ?1 AND name IS NULL ORDER BY id;

-- name: is_material_name_taken
SELECT 1 FROM material WHERE name_key = ?1;

-- name: set_material_name
UPDATE material SET name = ?2, name_key = ?3 WHERE id = ?1;
