-- SPDX-FileCopyrightText: The damfs authors
-- SPDX-License-Identifier: GPL-3.0-or-later
-- Version 5: XMP sidecars.

-- What the bytes of a sidecar say of the file beside it: JSON, see model/sidecar.h.
CREATE TABLE technical_sidecar (
  blob_id INTEGER PRIMARY KEY REFERENCES blob (id),
  words TEXT NOT NULL
) STRICT;

-- What an asset heard from its sidecar last, so that of the next one only what is new is taken: what people said
-- meanwhile stays. `form`: 0 of "x.jpg.xmp", 1 of "x.xmp".
CREATE TABLE sidecar_heard (
  asset_id INTEGER NOT NULL REFERENCES asset (id),
  form INTEGER NOT NULL,
  words TEXT NOT NULL,
  PRIMARY KEY (asset_id, form)
) STRICT, WITHOUT ROWID;

PRAGMA user_version = 5;
