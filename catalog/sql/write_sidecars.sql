-- SPDX-FileCopyrightText: The damfs authors
-- SPDX-License-Identifier: GPL-3.0-or-later
-- What sidecars say, and what of it was applied.

-- name: drop_applied_words_of_asset
DELETE FROM sidecar_heard WHERE asset_id = ?1;

-- name: set_technical_sidecar
INSERT OR REPLACE INTO technical_sidecar (blob_id, words) VALUES (?1, ?2);

-- name: any_sidecar
SELECT EXISTS (SELECT 1 FROM technical_sidecar);

-- name: sidecar_of_asset
SELECT t.words, a.mtime_ns FROM asset a JOIN version v ON v.id = a.version_id JOIN technical_sidecar t ON t.blob_id =
  v.blob_id WHERE a.id = ?1;

-- name: drop_applied_words
DELETE FROM sidecar_heard WHERE asset_id = ?1 AND form = ?2;

-- name: applied_words
SELECT words FROM sidecar_heard WHERE asset_id = ?1 AND form = ?2;

-- name: set_applied_words
INSERT OR REPLACE INTO sidecar_heard (asset_id, form, words) VALUES (?1, ?2, ?3);
