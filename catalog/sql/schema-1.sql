-- SPDX-FileCopyrightText: The damfs authors
-- SPDX-License-Identifier: GPL-3.0-or-later
-- The catalog, version 1. Conventions: *_ns is nanoseconds since the epoch; *_key is how names are compared
-- (names.h: nfc for folders and files, fold for labels, tags, albums, cameras); ids are never reused.

-- Bytes. A blob is proved by its SHA-256 (law 8).
CREATE TABLE blob (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  sha256 BLOB NOT NULL UNIQUE CHECK (length(sha256) = 32),
  size INTEGER NOT NULL CHECK (size >= 0),
  added_ns INTEGER NOT NULL
) STRICT;

-- Where a blob's bytes are. custody 'object': in objects/, path empty; 'in-place': an absolute path.
CREATE TABLE location (
  blob_id INTEGER NOT NULL REFERENCES blob (id),
  custody TEXT NOT NULL CHECK (custody IN ('object', 'in-place')),
  path TEXT NOT NULL,
  PRIMARY KEY (blob_id, custody, path)
) STRICT, WITHOUT ROWID;

-- What a camera calls itself. `name` is its folder in by-camera/.
CREATE TABLE camera (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL,
  name_key TEXT NOT NULL UNIQUE,
  changed_ns INTEGER NOT NULL
) STRICT;

-- A thing in the library. What a listing shows of it (size to kind) repeats its current version's facts, so
-- that an entry costs one row.
CREATE TABLE asset (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  version_id INTEGER NOT NULL,
  size INTEGER NOT NULL,
  mtime_ns INTEGER NOT NULL,
  changed_ns INTEGER NOT NULL,
  names INTEGER NOT NULL,          -- its names in all views but recent/ (model/writer.cc counts them)
  kind INTEGER NOT NULL,           -- facts.h: Kind
  still_width INTEGER NOT NULL,    -- raster of its largest still; 0: none can be declared
  still_height INTEGER NOT NULL,
  day INTEGER NOT NULL,            -- clock.h: Day::key
  camera_id INTEGER REFERENCES camera (id),
  rating INTEGER CHECK (rating BETWEEN -1 AND 5),
  label TEXT NOT NULL,
  label_key TEXT NOT NULL UNIQUE,
  date_source INTEGER NOT NULL,    -- facts.h: DateSource
  captured TEXT NOT NULL           -- ISO 8601, as the camera's clock showed it
) STRICT;
CREATE INDEX asset_by_day ON asset (day);
CREATE INDEX asset_by_kind ON asset (kind);
CREATE INDEX asset_by_camera ON asset (camera_id) WHERE camera_id IS NOT NULL;
CREATE INDEX asset_by_rating ON asset (rating) WHERE rating IS NOT NULL;

-- One state of an asset's bytes, for ever. Its id is its inode number's core.
CREATE TABLE version (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  asset_id INTEGER NOT NULL REFERENCES asset (id),
  blob_id INTEGER NOT NULL REFERENCES blob (id),
  mtime_ns INTEGER NOT NULL,
  added_ns INTEGER NOT NULL
) STRICT;
CREATE INDEX version_by_asset ON version (asset_id);
CREATE INDEX version_by_blob ON version (blob_id);

-- What the worker found in a blob's bytes. Text is empty, numbers are 0, where nothing is recorded.
CREATE TABLE technical (
  blob_id INTEGER PRIMARY KEY REFERENCES blob (id),
  kind INTEGER NOT NULL,
  mime TEXT NOT NULL,
  problem TEXT NOT NULL,
  width INTEGER NOT NULL,
  height INTEGER NOT NULL,
  orientation INTEGER NOT NULL,
  still_width INTEGER NOT NULL,
  still_height INTEGER NOT NULL,
  pages INTEGER NOT NULL,
  duration_us INTEGER NOT NULL,
  make TEXT NOT NULL,
  model TEXT NOT NULL,
  lens TEXT NOT NULL,
  captured TEXT NOT NULL,
  date_source INTEGER NOT NULL,
  latitude REAL,
  longitude REAL,
  altitude REAL
) STRICT;

CREATE TABLE technical_video (
  blob_id INTEGER PRIMARY KEY REFERENCES blob (id),
  codec TEXT NOT NULL,
  width INTEGER NOT NULL,
  height INTEGER NOT NULL,
  aspect_num INTEGER NOT NULL,
  aspect_den INTEGER NOT NULL,
  rotation INTEGER NOT NULL,
  rate_num INTEGER NOT NULL,
  rate_den INTEGER NOT NULL,
  variable_rate INTEGER NOT NULL,
  frame_count INTEGER NOT NULL,
  field_order TEXT NOT NULL,
  pixel_format TEXT NOT NULL,
  color_primaries TEXT NOT NULL,
  color_transfer TEXT NOT NULL,
  color_space TEXT NOT NULL,
  color_range TEXT NOT NULL,
  timecode TEXT NOT NULL,
  reel TEXT NOT NULL
) STRICT;

CREATE TABLE technical_audio (
  blob_id INTEGER PRIMARY KEY REFERENCES blob (id),
  codec TEXT NOT NULL,
  channels INTEGER NOT NULL,
  layout TEXT NOT NULL,
  sample_rate INTEGER NOT NULL,
  bit_rate INTEGER NOT NULL
) STRICT;

-- Words about an asset.
CREATE TABLE asset_text (
  asset_id INTEGER PRIMARY KEY REFERENCES asset (id),
  title TEXT NOT NULL,
  description TEXT NOT NULL
) STRICT;

-- Namespaced metadata: exif, iptc, xmp, geo, format, custom …
CREATE TABLE metadata (
  asset_id INTEGER NOT NULL REFERENCES asset (id),
  namespace TEXT NOT NULL,
  json TEXT NOT NULL CHECK (json_valid(json)),
  PRIMARY KEY (asset_id, namespace)
) STRICT, WITHOUT ROWID;

CREATE TABLE asset_link (
  from_id INTEGER NOT NULL REFERENCES asset (id),
  relation TEXT NOT NULL CHECK (relation IN ('derived_from')),
  to_id INTEGER NOT NULL REFERENCES asset (id),
  PRIMARY KEY (from_id, relation, to_id)
) STRICT, WITHOUT ROWID;

-- The folders that originals came with. Folder 1 is their top.
CREATE TABLE folder (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  parent_id INTEGER REFERENCES folder (id),
  name TEXT NOT NULL,
  name_key TEXT NOT NULL,
  changed_ns INTEGER NOT NULL,
  UNIQUE (parent_id, name)
) STRICT;
CREATE INDEX folder_by_parent ON folder (parent_id);
CREATE INDEX folder_by_key ON folder (parent_id, name_key);

CREATE TABLE folder_entry (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  folder_id INTEGER NOT NULL REFERENCES folder (id),
  name TEXT NOT NULL,
  name_key TEXT NOT NULL,
  asset_id INTEGER NOT NULL REFERENCES asset (id),
  UNIQUE (folder_id, name)
) STRICT;
CREATE INDEX folder_entry_by_folder ON folder_entry (folder_id);
CREATE INDEX folder_entry_by_key ON folder_entry (folder_id, name_key);
CREATE INDEX folder_entry_by_asset ON folder_entry (asset_id);

-- Tag 1 and album 1 are the tops of their trees and stand for by-tag/ and albums/.
CREATE TABLE tag (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  parent_id INTEGER REFERENCES tag (id),
  name TEXT NOT NULL,
  name_key TEXT NOT NULL,
  changed_ns INTEGER NOT NULL,
  UNIQUE (parent_id, name_key)
) STRICT;
CREATE INDEX tag_by_parent ON tag (parent_id);

CREATE TABLE asset_tag (
  tag_id INTEGER NOT NULL REFERENCES tag (id),
  asset_id INTEGER NOT NULL REFERENCES asset (id),
  PRIMARY KEY (tag_id, asset_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX asset_tag_by_asset ON asset_tag (asset_id);

CREATE TABLE album (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  parent_id INTEGER REFERENCES album (id),
  name TEXT NOT NULL,
  name_key TEXT NOT NULL,
  changed_ns INTEGER NOT NULL,
  UNIQUE (parent_id, name_key)
) STRICT;
CREATE INDEX album_by_parent ON album (parent_id);

-- Ordered by hand: positions rise, with gaps.
CREATE TABLE album_item (
  album_id INTEGER NOT NULL REFERENCES album (id),
  position INTEGER NOT NULL,
  asset_id INTEGER NOT NULL REFERENCES asset (id),
  PRIMARY KEY (album_id, position),
  UNIQUE (album_id, asset_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX album_item_by_asset ON album_item (asset_id);

-- How many assets a computed group holds and when that last changed. grouping: model/facts of Grouping.
CREATE TABLE shelf (
  grouping INTEGER NOT NULL,
  key INTEGER NOT NULL,
  assets INTEGER NOT NULL,
  changed_ns INTEGER NOT NULL,
  PRIMARY KEY (grouping, key)
) STRICT, WITHOUT ROWID;

-- Single numbers: 'recent_floor', the lowest asset id that recent/ shows; 'blobs' and 'original_bytes', how many
-- there are and their sizes' sum.
CREATE TABLE counter (
  name TEXT PRIMARY KEY,
  value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What import read where, so that an unchanged file is never read again.
CREATE TABLE source_file (
  path TEXT PRIMARY KEY,
  size INTEGER NOT NULL,
  mtime_ns INTEGER NOT NULL,
  ctime_ns INTEGER NOT NULL,
  inode INTEGER NOT NULL,
  fingerprint INTEGER NOT NULL,
  entry_id INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The change feed: what a mount must forget. what: 1 asset_id gained a name or changed; 2 directory
-- (grouping, key) lost `name`; 3 directory (grouping, key) gained the sub-directory `name`; 4 directory
-- (grouping, key) itself changed.
CREATE TABLE change (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at_ns INTEGER NOT NULL,
  what INTEGER NOT NULL,
  asset_id INTEGER NOT NULL,
  version_id INTEGER NOT NULL,
  grouping INTEGER NOT NULL,
  key INTEGER NOT NULL,
  name TEXT NOT NULL
) STRICT;

CREATE VIRTUAL TABLE asset_search USING fts5 (
  names, title, description, tags, camera,
  tokenize = 'unicode61 remove_diacritics 2'
);

INSERT INTO folder (id, parent_id, name, name_key, changed_ns) VALUES (1, NULL, '', '', 0);
INSERT INTO tag (id, parent_id, name, name_key, changed_ns) VALUES (1, NULL, '', '', 0);
INSERT INTO album (id, parent_id, name, name_key, changed_ns) VALUES (1, NULL, '', '', 0);
INSERT INTO counter (name, value) VALUES ('recent_floor', 1), ('blobs', 0), ('original_bytes', 0);

PRAGMA user_version = 1;
