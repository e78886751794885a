-- SPDX-FileCopyrightText: The damfs authors
-- SPDX-License-Identifier: GPL-3.0-or-later
-- The journal of acts and the feed of changes.

-- name: last_step_of_act_to_go_on
SELECT max(number) FROM act_step WHERE act_id = ?1 AND NOT EXISTS (SELECT 1 FROM act WHERE undoes = ?1);

-- name: rename_act
UPDATE act SET what = ?2 WHERE id = ?1 AND what <> ?2;

-- name: act_that_brought_asset
SELECT a.id, a.uid FROM act_step s JOIN act a ON a.id = s.act_id WHERE s.asset_id = ?1 AND s.asset_id != 0 AND s.what
  IN (9, 11) ORDER BY s.act_id DESC LIMIT 1;

-- name: add_act
INSERT INTO act (at_ns, uid, what, undoes) VALUES (?1, ?2, ?3, ?4);

-- name: add_step
INSERT INTO act_step (act_id, number, what, asset_id, group_id, before, after) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7);

-- name: drop_act_without_steps
DELETE FROM act WHERE id = ?1 AND undoes IS NULL AND NOT EXISTS (SELECT 1 FROM act_step WHERE act_id = ?1) AND NOT
  EXISTS (SELECT 1 FROM act u WHERE u.undoes = ?1);

-- name: drop_steps_of_new_entry
DELETE FROM act_step WHERE asset_id = ?1 AND asset_id <> 0 AND what = 9 AND group_id = ?2 AND before = '' AND after =
  ?3 RETURNING act_id;

-- name: drop_steps_of_asset
DELETE FROM act_step WHERE asset_id = ?1 AND asset_id <> 0 RETURNING act_id;

-- name: add_change
INSERT INTO change (at_ns, what, asset_id, version_id, grouping, key, name) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7);

-- name: drop_old_changes
DELETE FROM change WHERE id < (SELECT id FROM change WHERE at_ns >= ?1 ORDER BY id LIMIT 1);

-- name: last_change
SELECT max(id) FROM change;

-- name: add_changes_of_recent
INSERT INTO change (at_ns, what, asset_id, version_id, grouping, key, name) SELECT ?1, 2, id, 0, 9, 0, label FROM
  asset WHERE id >= ?2 AND id < ?3 AND id < ?4 ORDER BY id;

-- name: state_of_tag
SELECT '1' FROM asset_tag WHERE tag_id = ?1 AND asset_id = ?2;

-- name: state_of_tag_node
SELECT parent_id || '/' || name || coalesce('/' || text, '') FROM tag WHERE id = ?1;

-- name: state_of_album_node
SELECT parent_id || '/' || name FROM album WHERE id = ?1;

-- name: state_of_folder_node
SELECT parent_id || '/' || name FROM folder WHERE id = ?1;

-- name: state_of_entry
SELECT name FROM folder_entry WHERE folder_id = ?1 AND name = ?2 AND asset_id = ?3;

-- name: state_of_version_owner
SELECT asset_id || '/' || number FROM version WHERE id = ?1;

-- name: state_of_place
SELECT iif(state = 1 AND NOT EXISTS (SELECT 1 FROM trash WHERE asset_id = asset.id), 0, state) FROM asset WHERE id =
  ?1;

-- name: state_of_album_numbers
SELECT '1' FROM album WHERE id = ?1 AND numbered = 1;

-- name: act_that_undid
SELECT coalesce(max(id), 0) FROM act WHERE undoes = ?1;

-- name: steps_before
SELECT number, what, asset_id, group_id, before, after FROM act_step WHERE act_id = ?1 AND number < ?2 ORDER BY number
  DESC LIMIT ?3;

-- name: behind_last_step
SELECT max(number) + 1 FROM act_step WHERE act_id = ?1;
