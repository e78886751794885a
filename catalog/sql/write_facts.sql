-- SPDX-FileCopyrightText: The damfs authors
-- SPDX-License-Identifier: GPL-3.0-or-later
-- Blobs and what is known of their bytes.

-- name: blob_with_digest
SELECT id FROM blob WHERE sha256 = ?1;

-- name: add_blob
INSERT INTO blob (sha256, size, added_ns, data_bytes) VALUES (?1, ?2, ?3, ?4);

-- name: add_location
INSERT INTO location (blob_id, custody, path) VALUES (?1, 'object', '');

-- name: count_blob_in
UPDATE counter SET value = value + CASE name WHEN 'blobs' THEN 1 ELSE ?1 END WHERE name IN ('blobs',
  'original_bytes');

-- name: add_technical
INSERT INTO technical (blob_id, kind, mime, problem, width, height, orientation, still_width, still_height, pages,
  duration_us, make, model, lens, captured, date_source, clip, probe, latitude, longitude, altitude) VALUES (?1, ?2,
  ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21);

-- name: add_technical_video
INSERT INTO technical_video (blob_id, codec, width, height, aspect_num, aspect_den, rotation, rate_num, rate_den,
  variable_rate, frame_count, field_order, pixel_format, color_primaries, color_transfer, color_space, color_range,
  timecode, reel) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19);

-- name: add_technical_audio
INSERT INTO technical_audio (blob_id, codec, channels, layout, sample_rate, bit_rate) VALUES (?1, ?2, ?3, ?4, ?5, ?6);

-- name: technical_of_blob
SELECT t.kind, t.mime, t.still_width, t.still_height, t.make, t.model, t.captured, t.date_source, t.clip,
  coalesce(w.words, ''), t.latitude, t.longitude, t.lens FROM technical t LEFT JOIN technical_words w ON w.blob_id =
  t.blob_id WHERE t.blob_id = ?1;

-- name: add_metadata
INSERT INTO metadata (blob_id, namespace, json) VALUES (?1, ?2, ?3);

-- name: add_technical_words
INSERT INTO technical_words (blob_id, words) VALUES (?1, ?2);

-- name: is_damaged
SELECT count(*) FROM damage WHERE blob_id = ?1;

-- name: mark_damaged
INSERT OR REPLACE INTO damage (blob_id, found_ns, reason) VALUES (?1, ?2, ?3);

-- name: drop_damage
DELETE FROM damage WHERE blob_id = ?1;

-- name: probe_recipe_of_blob
SELECT probe FROM technical WHERE blob_id = ?1;

-- name: drop_technical
DELETE FROM technical WHERE blob_id = ?1;

-- name: drop_technical_video
DELETE FROM technical_video WHERE blob_id = ?1;

-- name: drop_technical_audio
DELETE FROM technical_audio WHERE blob_id = ?1;

-- name: drop_technical_sidecar
DELETE FROM technical_sidecar WHERE blob_id = ?1;

-- name: drop_technical_words
DELETE FROM technical_words WHERE blob_id = ?1;

-- name: drop_metadata
DELETE FROM metadata WHERE blob_id = ?1;

-- name: assets_showing_blob
SELECT a.id, a.version_id, a.size, a.mtime_ns FROM version v
CROSS JOIN asset a ON a.id = v.asset_id AND a.version_id = v.id WHERE v.blob_id = ?1;

-- name: size_of_blob
SELECT size FROM blob WHERE id = ?1;

-- name: drop_location
DELETE FROM location WHERE blob_id = ?1;

-- name: drop_blob
DELETE FROM blob WHERE id = ?1;

-- name: count_blob_out
UPDATE counter SET value = value - CASE name WHEN 'blobs' THEN 1 ELSE ?1 END WHERE name IN ('blobs',
  'original_bytes');

-- name: forget_probe_recipe
UPDATE technical SET probe = 0 WHERE blob_id = ?1;
