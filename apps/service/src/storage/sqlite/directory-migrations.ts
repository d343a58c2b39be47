/** A pool is ordered by the hash of its packages, which says nothing about when they came. `spent_packages` remembers what was handed out, so that an upload repeated
 *  after a lost answer does not put a package back. `next_position` outlives the envelopes, so that no position is used twice. */
export const directoryMigrations = [
  `
  CREATE TABLE statements (
    name TEXT NOT NULL, position INTEGER NOT NULL, statement BLOB NOT NULL,
    PRIMARY KEY (name, position)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE key_packages (
    name TEXT NOT NULL, device_id BLOB NOT NULL, hash BLOB NOT NULL, key_package BLOB NOT NULL,
    PRIMARY KEY (name, device_id, hash)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE spent_packages (
    name TEXT NOT NULL, device_id BLOB NOT NULL, hash BLOB NOT NULL, day INTEGER NOT NULL,
    PRIMARY KEY (name, device_id, hash)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX spent_days ON spent_packages (day);
  CREATE TABLE last_resorts (
    name TEXT NOT NULL, device_id BLOB NOT NULL, key_package BLOB NOT NULL, day INTEGER NOT NULL,
    PRIMARY KEY (name, device_id)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE inboxes (
    name TEXT NOT NULL, device_id BLOB NOT NULL, next_position INTEGER NOT NULL,
    PRIMARY KEY (name, device_id)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE envelopes (
    name TEXT NOT NULL, device_id BLOB NOT NULL, position INTEGER NOT NULL, expiry_day INTEGER NOT NULL, envelope BLOB NOT NULL,
    PRIMARY KEY (name, device_id, position)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX envelope_days ON envelopes (expiry_day);
  CREATE TABLE capabilities (
    name TEXT NOT NULL, device_id BLOB NOT NULL, hash BLOB NOT NULL,
    PRIMARY KEY (name, device_id, hash)
  ) STRICT, WITHOUT ROWID;
  `,
] as const;
