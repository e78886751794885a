-- SPDX-FileCopyrightText: The damfs authors
-- SPDX-License-Identifier: GPL-3.0-or-later
-- What a query's terms mean.

-- name: tags_in_tag
SELECT id FROM tag WHERE parent_id = ?1 AND name_key = ?2 UNION SELECT id FROM tag WHERE parent_id = ?1 AND text_key =
  ?2 AND text_key IS NOT NULL;

-- name: folders_in_folder
SELECT id FROM folder WHERE parent_id = ?1 AND name_key = ?2;

-- name: tags_written_so
SELECT id FROM tag WHERE text_key = ?1 AND text_key IS NOT NULL;

-- name: albums_called
SELECT id FROM album WHERE name_key = ?1 AND id > 1 ORDER BY id;

-- name: albums_in_album
SELECT id FROM album WHERE parent_id = ?1 AND name_key = ?2;

-- name: albums_with_all_below
WITH RECURSIVE down (id) AS (SELECT value FROM json_each(?1) UNION SELECT b.id FROM album b JOIN down ON b.parent_id =
  down.id) SELECT a.id, a.query FROM down CROSS JOIN album a USING (id);
