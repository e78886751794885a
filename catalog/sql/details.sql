-- SPDX-FileCopyrightText: The damfs authors
-- SPDX-License-Identifier: GPL-3.0-or-later
-- What `damfs info`, the journal, completion and purging read, beside what mount.sql has.

-- name: steps_of_act
SELECT what, asset_id, group_id, before, after FROM act_step WHERE act_id = ?1 AND (?2 = 0 OR asset_id = ?2) ORDER BY
  number;

-- name: newest_undoable_act
SELECT id FROM act WHERE undoes IS NULL AND NOT EXISTS (SELECT 1 FROM act u WHERE u.undoes = act.id) ORDER BY id DESC
  LIMIT 1;

-- name: has_member_called
SELECT 1 FROM member_search WHERE member_search MATCH ?1 AND rowid BETWEEN ?2 AND ?3 LIMIT 1;

-- name: odd_members
SELECT name, path, note, problem FROM pack_member WHERE id BETWEEN ?1 AND ?2 AND (note != '' OR problem != '') ORDER
  BY problem = '', id LIMIT ?3;

-- name: count_of_members
SELECT (SELECT count(*) FROM pack WHERE blob_id = ?1), coalesce(sum(type NOT IN (1, 3)), 0), coalesce(sum(type IN (1,
  3)), 0), coalesce(sum(problem != ''), 0), coalesce(sum(note != '' OR problem != ''), 0) FROM pack_member WHERE id
  BETWEEN ?2 AND ?3;

-- name: still_profiles
SELECT code, name, spec, added_ns FROM still_profile ORDER BY code;

-- name: labels_beginning
SELECT label FROM asset WHERE state = ?1 AND label_key >= ?2 AND label_key < ?3 ORDER BY label_key LIMIT ?4;

-- name: technical_of_version
SELECT t.kind, t.mime, t.problem, t.width, t.height, t.orientation, t.still_width, t.still_height, t.pages,
  t.duration_us, t.make, t.model, t.lens, t.latitude, t.longitude, t.altitude, t.clip FROM version v JOIN technical t
  ON t.blob_id = v.blob_id WHERE v.id = ?1;

-- name: sidecar_of_version
SELECT t.words FROM version v JOIN technical_sidecar t ON t.blob_id = v.blob_id WHERE v.id = ?1;

-- name: video_of_version
SELECT t.codec, t.width, t.height, t.aspect_num, t.aspect_den, t.rotation, t.rate_num, t.rate_den, t.variable_rate,
  t.frame_count, t.field_order, t.pixel_format, t.color_primaries, t.color_transfer, t.color_space, t.color_range,
  t.timecode, t.reel FROM version v JOIN technical_video t ON t.blob_id = v.blob_id WHERE v.id = ?1;

-- name: audio_of_version
SELECT t.codec, t.channels, t.layout, t.sample_rate, t.bit_rate FROM version v JOIN technical_audio t ON t.blob_id =
  v.blob_id WHERE v.id = ?1;

-- name: count_of_versions_and_number
SELECT count(*), (SELECT number FROM version WHERE id = ?2) FROM version WHERE asset_id = ?1;

-- name: metadata_of_version
SELECT m.namespace, m.json FROM version v JOIN metadata m ON m.blob_id = v.blob_id WHERE v.id = ?1 ORDER BY
  m.namespace;

-- name: assets_showing_bytes
SELECT a.id FROM blob b JOIN version v ON v.blob_id = b.id JOIN asset a ON a.id = v.asset_id AND a.version_id = v.id
  WHERE b.sha256 = ?1 ORDER BY a.id;

-- name: asset_labelled
SELECT id FROM asset WHERE label_key = ?1;

-- name: bytes_freed_by_purging
SELECT coalesce(sum(size), 0) FROM blob WHERE id IN (SELECT blob_id FROM version WHERE asset_id = ?1 AND (?2 = 0 OR id
  = ?2)) AND NOT EXISTS (SELECT 1 FROM version v WHERE v.blob_id = blob.id AND (v.asset_id <> ?1 OR (?2 <> 0 AND v.id
  <> ?2)));

-- name: purgeable_trash
-- Whoever empties a trash of his own does not hurry what everybody's bytes are kept for: the journal knows when.
SELECT a.id, a.label FROM asset a WHERE a.state = 1 AND NOT EXISTS (SELECT 1 FROM trash t WHERE t.asset_id = a.id AND
  t.deleted_ns >= ?1) AND NOT EXISTS (SELECT 1 FROM act_step s JOIN act c ON c.id = s.act_id WHERE s.asset_id = a.id
  AND s.what = ?2 AND c.at_ns >= ?1) ORDER BY a.id;

-- name: acts
SELECT id, at_ns, uid, what, coalesce(undoes, 0), coalesce((SELECT max(u.id) FROM act u WHERE u.undoes = act.id), 0),
  (SELECT count(*) FROM act_step s WHERE s.act_id = act.id)
FROM act ORDER BY id DESC;

-- name: acts_of_asset
SELECT id, at_ns, uid, what, coalesce(undoes, 0), coalesce((SELECT max(u.id) FROM act u WHERE u.undoes = act.id), 0),
  (SELECT count(*) FROM act_step s WHERE s.act_id = act.id)
FROM act WHERE id IN (SELECT act_id FROM act_step WHERE asset_id = ?1 AND asset_id != 0) ORDER BY id DESC;

-- name: act
SELECT id, at_ns, uid, what, coalesce(undoes, 0), coalesce((SELECT max(u.id) FROM act u WHERE u.undoes = act.id), 0),
  (SELECT count(*) FROM act_step s WHERE s.act_id = act.id)
FROM act WHERE id = ?1;

-- name: {tree}_names_beginning
SELECT name FROM {tree} WHERE parent_id = ?1 AND name_key >= ?2 AND name_key < ?3 ORDER BY name_key LIMIT ?4;

-- name: entry_names_beginning
SELECT name FROM folder_entry WHERE folder_id = ?1 AND name_key >= ?2 AND name_key < ?3 ORDER BY name_key LIMIT ?4;
