-- The ledger. Times are ISO 8601 in UTC. Every CHECK says what must never be.

CREATE TABLE IF NOT EXISTS participant (          -- who takes part, as read last
  participant TEXT PRIMARY KEY,
  facts       TEXT NOT NULL,        -- JSON: enrolled, ended, consents; no identifiers
  run         INTEGER NOT NULL,     -- the ingest that saw it last
  is_missing  INTEGER NOT NULL DEFAULT 0 CHECK (is_missing IN (0, 1))
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS withdrawal (           -- a person's word, recorded here before the source says it too
  participant TEXT NOT NULL,
  consent     TEXT NOT NULL,
  since       TEXT NOT NULL,
  PRIMARY KEY (participant, consent)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS instance (             -- one form instance of the source
  unit        TEXT PRIMARY KEY,
  participant TEXT NOT NULL,
  form        TEXT NOT NULL,
  source_hash TEXT NOT NULL,        -- of its raw cells
  mapping     TEXT NOT NULL,        -- form version and everything else that built its resources
  status      TEXT NOT NULL,        -- of its QuestionnaireResponse
  place       TEXT NOT NULL,        -- JSON: record, event, form, repeat
  run         INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS instance_by_run ON instance (run);
CREATE INDEX IF NOT EXISTS instance_by_participant ON instance (participant);

CREATE TABLE IF NOT EXISTS version (              -- every version of every resource, as it was written
  type         TEXT NOT NULL,
  id           TEXT NOT NULL,
  version      INTEGER NOT NULL CHECK (version > 0),
  unit         TEXT NOT NULL,       -- what is sent together
  participant  TEXT NOT NULL,       -- '' for what belongs to nobody
  form         TEXT NOT NULL,
  is_retracted INTEGER NOT NULL CHECK (is_retracted IN (0, 1)),
  hash         BLOB NOT NULL,
  text         BLOB NOT NULL,
  created      TEXT NOT NULL,
  PRIMARY KEY (type, id, version)
);
CREATE INDEX IF NOT EXISTS version_by_unit ON version (unit);
CREATE INDEX IF NOT EXISTS version_by_participant ON version (participant);

CREATE TABLE IF NOT EXISTS delivery (             -- one version owed to one clinic
  seq            INTEGER PRIMARY KEY AUTOINCREMENT,
  clinic         TEXT NOT NULL,
  type           TEXT NOT NULL,
  id             TEXT NOT NULL,
  version        INTEGER NOT NULL,
  action         TEXT NOT NULL CHECK (action IN ('put', 'retract')),
  unit           TEXT NOT NULL,
  participant    TEXT NOT NULL,
  form           TEXT NOT NULL,
  state          TEXT NOT NULL CHECK (state IN ('queued', 'claimed', 'uncertain', 'accepted',
                   'confirmed', 'held', 'refused', 'quarantined', 'superseded')),
  rule           TEXT NOT NULL DEFAULT '',   -- which rule holds it
  reason         TEXT NOT NULL DEFAULT '',   -- what the clinic said
  attempts       INTEGER NOT NULL DEFAULT 0,
  remote_version TEXT NOT NULL DEFAULT '',
  created        TEXT NOT NULL,
  updated        TEXT NOT NULL,
  FOREIGN KEY (type, id, version) REFERENCES version (type, id, version),
  CHECK (state <> 'held' OR rule <> ''),
  CHECK (state NOT IN ('refused', 'quarantined') OR reason <> '')
);
CREATE INDEX IF NOT EXISTS delivery_by_state ON delivery (clinic, state, seq);
CREATE INDEX IF NOT EXISTS delivery_by_resource ON delivery (clinic, type, id);
CREATE INDEX IF NOT EXISTS delivery_by_unit ON delivery (clinic, unit);
CREATE INDEX IF NOT EXISTS delivery_by_participant ON delivery (clinic, participant, state);

CREATE TABLE IF NOT EXISTS holding (              -- what a clinic holds of ours, as far as it told us
  clinic         TEXT NOT NULL,
  type           TEXT NOT NULL,
  id             TEXT NOT NULL,
  version        INTEGER NOT NULL,
  action         TEXT NOT NULL CHECK (action IN ('put', 'retract')),
  unit           TEXT NOT NULL,
  participant    TEXT NOT NULL,
  remote_version TEXT NOT NULL,
  PRIMARY KEY (clinic, type, id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS holding_by_participant ON holding (clinic, participant);

CREATE TABLE IF NOT EXISTS rejection (            -- rows that did not go through, with their reason
  file     TEXT NOT NULL,
  line     INTEGER NOT NULL,
  record   TEXT NOT NULL,
  event    TEXT NOT NULL,
  form     TEXT NOT NULL,
  field    TEXT NOT NULL,
  expected TEXT NOT NULL,
  found    TEXT NOT NULL,
  action   TEXT NOT NULL,
  severity TEXT NOT NULL CHECK (severity IN ('error', 'warning')),
  run      INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS rejection_by_run ON rejection (run);

CREATE TABLE IF NOT EXISTS receiver (             -- whom the ledger has met, and which types it owed them
  receiver TEXT PRIMARY KEY,
  accepts  TEXT NOT NULL             -- JSON: resource types
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS difference (  -- a total of the source that is not ours
  unit     TEXT NOT NULL,
  field    TEXT NOT NULL,
  file     TEXT NOT NULL,
  line     INTEGER NOT NULL,
  record   TEXT NOT NULL,
  event    TEXT NOT NULL,
  expected TEXT NOT NULL,
  found    TEXT NOT NULL,
  action   TEXT NOT NULL,
  PRIMARY KEY (unit, field)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS shape (  -- what the source said of a form when its mapping stood
  source_form TEXT PRIMARY KEY,
  versions    TEXT NOT NULL,        -- of the form's and the study's declarations
  shape       TEXT NOT NULL,        -- JSON: fields with types, labels and choices
  run         INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS cursor ( -- how far a source was read whole, where it can tell what changed
  source   TEXT PRIMARY KEY,
  position TEXT NOT NULL,           -- in the source's own words
  basis    TEXT NOT NULL,           -- a digest of all that it was read by
  full_at  TEXT NOT NULL            -- when all of it was read last
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS run (
  run     INTEGER PRIMARY KEY AUTOINCREMENT,
  source  TEXT NOT NULL,
  started TEXT NOT NULL,
  ended   TEXT NOT NULL DEFAULT ''
);
