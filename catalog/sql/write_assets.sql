-- SPDX-FileCopyrightText: The damfs authors
-- SPDX-License-Identifier: GPL-3.0-or-later
-- Rows of assets: words, ratings, dates, rights, attributes, and the search index.

-- name: add_still_profile
INSERT INTO still_profile (code, name, spec, added_ns) VALUES (?1, ?2, ?3, ?4);

-- name: drop_attributes_of_asset
DELETE FROM attribute WHERE asset_id = ?1;

-- name: drop_words_of_asset
DELETE FROM asset_text WHERE asset_id = ?1;

-- name: drop_camera_proxy_from_all
UPDATE asset SET camera_proxy_id = NULL WHERE camera_proxy_id = ?1;

-- name: mark_asset_absorbed
UPDATE asset SET state = 2, camera_id = NULL, camera_proxy_id = NULL WHERE id = ?1;

-- name: names_part_of_asset
SELECT names_part FROM asset WHERE id = ?1;

-- name: rating_if_any
SELECT rating FROM asset WHERE id = ?1 AND rating IS NOT NULL;

-- name: last_asset_given
SELECT seq FROM sqlite_sequence WHERE name = 'asset';

-- name: add_asset
INSERT INTO asset (version_id, size, mtime_ns, changed_ns, names, kind, still_width, still_height, day, rating, label,
  label_key, date_source, captured, id, came_in, came_as) VALUES (0, 0, 0, 0, 0, ?1, 0, 0, 0, ?2, ?3, ?4, 4, '', ?5,
  ?6, nullif(?7, ?3));

-- name: add_words
INSERT INTO asset_text (asset_id, title, description) VALUES (?1, ?2, ?3);

-- name: title_description_rating
SELECT x.title, x.description, coalesce(a.rating, 0) FROM asset a JOIN asset_text x ON x.asset_id = a.id WHERE a.id =
  ?1;

-- name: rating_of_asset
SELECT rating FROM asset WHERE id = ?1;

-- name: set_rating
UPDATE asset SET rating = ?2 WHERE id = ?1;

-- name: has_title
SELECT title <> '' FROM asset_text WHERE asset_id = ?1;

-- name: has_description
SELECT description <> '' FROM asset_text WHERE asset_id = ?1;

-- name: title_of_asset
SELECT title FROM asset_text WHERE asset_id = ?1;

-- name: description_of_asset
SELECT description FROM asset_text WHERE asset_id = ?1;

-- name: set_title
UPDATE asset_text SET title = ?2 WHERE asset_id = ?1;

-- name: set_description
UPDATE asset_text SET description = ?2 WHERE asset_id = ?1;

-- name: set_date
UPDATE asset SET day = ?2, captured = ?3, date_source = ?4 WHERE id = ?1;

-- name: mtime_of_asset
SELECT mtime_ns FROM asset WHERE id = ?1;

-- name: state_of_asset
SELECT state FROM asset WHERE id = ?1;

-- name: set_state
UPDATE asset SET state = ?2 WHERE id = ?1;

-- name: is_asset_of_kind
SELECT 1 FROM asset WHERE id = ?1 AND kind = ?2;

-- name: set_camera_proxy
UPDATE asset SET camera_proxy_id = ?2 WHERE id = ?1;

-- name: label_of_asset
SELECT label FROM asset WHERE id = ?1;

-- name: drop_from_search
DELETE FROM asset_search WHERE rowid = ?1;

-- name: add_to_search
INSERT INTO asset_search (rowid, names, title, description, tags, camera) SELECT a.id, a.label || ' ' ||
  coalesce((SELECT group_concat(name, ' ') FROM folder_entry WHERE asset_id = a.id), ''), coalesce(x.title, ''),
  coalesce(x.description, ''), coalesce((WITH RECURSIVE up (id) AS (SELECT tag_id FROM asset_tag WHERE asset_id = a.id
  UNION SELECT t.parent_id FROM tag t JOIN up USING (id) WHERE t.parent_id > 1) SELECT group_concat(coalesce(tag.text,
  tag.name), ' ') FROM tag JOIN up USING (id)), ''), coalesce(c.name, '') FROM asset a LEFT JOIN asset_text x ON
  x.asset_id = a.id LEFT JOIN camera c ON c.id = a.camera_id WHERE a.id = ?1 AND a.state = 0;

-- name: is_link
SELECT standing = 2 FROM asset WHERE id = ?1;

-- name: set_link
UPDATE asset SET link = ?2, standing = 2, size = ?3 WHERE id = ?1;

-- name: is_label_taken
SELECT 1 FROM asset WHERE label_key = ?1;

-- name: value_of_attribute
SELECT value FROM attribute WHERE asset_id = ?1 AND name = ?2;

-- name: rights_of_asset
SELECT mode, uid, gid FROM asset WHERE id = ?1;

-- name: set_mode
UPDATE asset SET mode = ?2 WHERE id = ?1;

-- name: live_asset_labelled
SELECT id FROM asset WHERE label_key = ?1 AND state = 0;

-- name: has_that_rating
SELECT 1 FROM asset WHERE id = ?1 AND rating = ?2;

-- name: set_mtime_of_asset
UPDATE asset SET mtime_ns = ?2 WHERE id = ?1;

-- name: set_rights
UPDATE asset SET mode = coalesce(?2, mode), uid = coalesce(?3, uid), gid = coalesce(?4, gid) WHERE id = ?1;

-- name: copy_rights
UPDATE asset SET (mode, uid, gid) = (SELECT mode, uid, gid FROM asset WHERE id = ?1) WHERE id = ?2;

-- name: set_attribute
INSERT OR REPLACE INTO attribute (asset_id, name, value) VALUES (?1, ?2, ?3);

-- name: has_attribute
SELECT 1 FROM attribute WHERE asset_id = ?1 AND name = ?2;

-- name: drop_attribute
DELETE FROM attribute WHERE asset_id = ?1 AND name = ?2 RETURNING 1;

-- name: settle_asset
UPDATE asset SET changed_ns = ?2, versions = (SELECT count(*) FROM version WHERE asset_id = ?1),
  names = {count_of_names} WHERE id = ?1;
