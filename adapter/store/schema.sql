-- The ledger. Times are ISO 8601 in UTC, or seconds since 1970. Every CHECK says what must never be.
-- In SQLite's words; `schema.py` says it in PostgreSQL's.

CREATE TABLE participant (          -- who takes part, as read last
  participant TEXT PRIMARY KEY,
  facts       TEXT NOT NULL,        -- JSON: enrolled, ended, consents; no identifiers
  run         INTEGER NOT NULL,     -- the ingest that saw it last
  is_missing  INTEGER NOT NULL DEFAULT 0 CHECK (is_missing IN (0, 1))
) WITHOUT ROWID;

CREATE TABLE said (                 -- what each source says of a person, as read last
  source      TEXT NOT NULL,        -- what it is told apart by from the others that are configured
  participant TEXT NOT NULL,
  forms       TEXT NOT NULL,        -- JSON: those with facts of which it holds a row
  facts       TEXT NOT NULL,        -- JSON, as of `participant`
  run         INTEGER NOT NULL,     -- the ingest in which it was read
  PRIMARY KEY (source, participant)
) WITHOUT ROWID;

CREATE TABLE withdrawal (           -- a person's word, recorded here before the source says it too
  participant TEXT NOT NULL,
  consent     TEXT NOT NULL,
  since       TEXT NOT NULL,
  PRIMARY KEY (participant, consent)
) WITHOUT ROWID;

CREATE TABLE instance (             -- one form instance of the source
  unit        TEXT PRIMARY KEY,
  participant TEXT NOT NULL,
  form        TEXT NOT NULL,
  source_hash TEXT NOT NULL,        -- of its raw cells
  mapping     TEXT NOT NULL,        -- of a `reading`: form version and all else that built its resources
  status      TEXT NOT NULL,        -- of its QuestionnaireResponse
  place       TEXT NOT NULL,        -- JSON: record, event, form, repeat
  run         INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX instance_by_run ON instance (run);
CREATE INDEX instance_by_participant ON instance (participant);

CREATE TABLE version (              -- every version of every resource, as it was written
  place        INTEGER PRIMARY KEY, -- the order in which they were put
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
  UNIQUE (type, id, version)
);
CREATE INDEX version_by_unit ON version (unit);
CREATE INDEX version_by_participant ON version (participant);

CREATE TABLE replaced (             -- versions that are not the newest: the place of the next one
  place INTEGER NOT NULL PRIMARY KEY,
  newer INTEGER NOT NULL
);

CREATE TABLE place (                              -- the last place in the order of deliveries
  last INTEGER NOT NULL
);
INSERT INTO place (last) VALUES (0);

CREATE TABLE delivery (             -- one version owed to one clinic
  seq            INTEGER NOT NULL PRIMARY KEY,   -- its place in the order
  clinic         TEXT NOT NULL,
  type           TEXT NOT NULL,
  id             TEXT NOT NULL,
  version        INTEGER NOT NULL,
  action         TEXT NOT NULL CHECK (action IN ('put', 'retract')),
  unit           TEXT NOT NULL,
  participant    TEXT NOT NULL,
  form           TEXT NOT NULL,
  state          TEXT NOT NULL CHECK (state IN ('queued', 'claimed', 'uncertain', 'accepted',
                   'awaiting', 'confirmed', 'held', 'refused', 'quarantined', 'superseded')),
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
CREATE INDEX delivery_by_state ON delivery (clinic, state, seq);
CREATE INDEX delivery_by_resource ON delivery (clinic, type, id);
CREATE INDEX delivery_by_unit ON delivery (clinic, unit);
CREATE INDEX delivery_by_participant ON delivery (clinic, participant, state);

CREATE TABLE holding (              -- what a clinic holds of ours, as far as it told us
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
CREATE INDEX holding_by_participant ON holding (clinic, participant);

CREATE TABLE rejection (            -- rows that did not go through, with their reason
  number   INTEGER PRIMARY KEY,      -- the order in which they were met
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
CREATE INDEX rejection_by_run ON rejection (run);

CREATE TABLE kept_back (            -- what was not taken in, as far as safety signals are watched for
  place   TEXT PRIMARY KEY,         -- of a row JSON: record, event, form, repeat; of others a name
  kind    TEXT NOT NULL CHECK (kind IN ('row', 'blank', 'unreadable', 'written')),
  record  TEXT NOT NULL,
  event   TEXT NOT NULL,
  form    TEXT NOT NULL,            -- '' where it is not known
  file    TEXT NOT NULL,            -- of what was written at a clinic the clinic
  line    INTEGER NOT NULL,         -- and the number in the inbox
  signals TEXT NOT NULL,            -- JSON: id, level and reason of each that fired; no answer
  is_seen INTEGER NOT NULL CHECK (is_seen IN (0, 1)), -- whether every signal could be judged
  run     INTEGER NOT NULL          -- the ingest that met it last; 0 for what a clinic wrote
) WITHOUT ROWID;

CREATE TABLE receiver (             -- whom the ledger has met, and which types it owed them
  receiver TEXT PRIMARY KEY,
  accepts  TEXT NOT NULL             -- JSON: resource types
) WITHOUT ROWID;

CREATE TABLE owed_until (           -- up to where a receiver was owed all that it should have
  receiver TEXT PRIMARY KEY,
  basis    TEXT NOT NULL,            -- a digest of all that decided what it was owed
  place    INTEGER NOT NULL          -- of the last version then
) WITHOUT ROWID;

CREATE TABLE difference (  -- a total of the source that is not ours
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

CREATE TABLE shape (  -- what the source said of a form when its mapping stood
  source_form TEXT PRIMARY KEY,
  versions    TEXT NOT NULL,        -- of the form's and the study's declarations
  shape       TEXT NOT NULL,        -- JSON: fields with types, labels and choices
  run         INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE meaning (  -- what a version of a form stood for when it was met first
  form    TEXT NOT NULL,
  version TEXT NOT NULL,
  digest  TEXT NOT NULL,            -- of what it asks and how it is scored
  PRIMARY KEY (form, version)
) WITHOUT ROWID;

CREATE TABLE counting ( -- by what each version of a form scored when it was met first
  form    TEXT NOT NULL,
  version TEXT NOT NULL,
  scale   TEXT NOT NULL,
  digest  TEXT NOT NULL,            -- of all that the score's number follows from
  PRIMARY KEY (form, version, scale)
) WITHOUT ROWID;

CREATE TABLE reading (  -- what an instance's mapping read, and by which version of its form
  mapping TEXT PRIMARY KEY,
  form    TEXT NOT NULL,
  version TEXT NOT NULL,
  columns TEXT NOT NULL             -- JSON: every column that counts, by the source's form
) WITHOUT ROWID;

CREATE TABLE cursor ( -- how far a source was read whole, where it can tell what changed
  source   TEXT PRIMARY KEY,
  position TEXT NOT NULL,           -- in the source's own words
  basis    TEXT NOT NULL,           -- a digest of all that it was read by
  full_at  TEXT NOT NULL            -- when all of it was read last
) WITHOUT ROWID;

CREATE TABLE run (
  run     INTEGER PRIMARY KEY AUTOINCREMENT,
  source  TEXT NOT NULL,
  started TEXT NOT NULL,
  ended   TEXT NOT NULL DEFAULT ''
);

CREATE TABLE lease (                -- who is alone at what; `store/leases.py`
  name    TEXT PRIMARY KEY,
  holder  TEXT NOT NULL,            -- machine, process and its start; '' for nobody
  token   INTEGER NOT NULL,         -- grows whenever it passes on
  seconds REAL NOT NULL,
  expires REAL NOT NULL             -- by the database's clock
) WITHOUT ROWID;

CREATE TABLE pace (                 -- how a clinic may be asked: its bucket, its breaker; `store/pace.py`
  clinic     TEXT PRIMARY KEY,
  tokens     REAL NOT NULL,         -- requests that may be made at once
  filled     REAL NOT NULL,         -- when the bucket was counted last
  failures   INTEGER NOT NULL,      -- in a row
  openings   INTEGER NOT NULL,      -- of the breaker, in a row
  open_until REAL NOT NULL          -- nobody asks before; 0 while the breaker is closed
) WITHOUT ROWID;

CREATE TABLE parked (               -- people whose deliveries meet trouble that others do not
  clinic      TEXT NOT NULL,
  participant TEXT NOT NULL,
  attempts    INTEGER NOT NULL,
  due         REAL NOT NULL,        -- when they are tried again
  reason      TEXT NOT NULL,
  PRIMARY KEY (clinic, participant)
) WITHOUT ROWID;

CREATE TABLE capability (           -- what a clinic's record system said of itself last
  clinic  TEXT PRIMARY KEY,
  said    TEXT NOT NULL,            -- JSON: interactions by type, and of the system
  read_at TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE remote (               -- the ids that a clinic gave to what it would not keep under ours
  clinic    TEXT NOT NULL,
  type      TEXT NOT NULL,
  id        TEXT NOT NULL,
  remote_id TEXT NOT NULL,
  PRIMARY KEY (clinic, type, id)
) WITHOUT ROWID;

CREATE TABLE stood (                -- each place where a clinic keeps, or kept, a resource of ours
  clinic    TEXT NOT NULL,          -- that was replaced there, or left for a person; `store/places.py`
  type      TEXT NOT NULL,
  id        TEXT NOT NULL,
  number    INTEGER NOT NULL,       -- 0 for the first place
  remote_id TEXT NOT NULL,
  version   INTEGER NOT NULL,       -- of ours, that was written there last
  standing  TEXT NOT NULL CHECK (standing IN ('stands', 'due', 'left', 'retired', 'filed')),
  cause     TEXT NOT NULL CHECK (cause IN ('', 'replaced', 'retracted', 'corrected')),
  task      TEXT NOT NULL,          -- the name of what a person there was asked, '' for nothing
  PRIMARY KEY (clinic, type, id, number),
  CHECK (standing = 'stands' OR cause <> ''),
  CHECK (standing NOT IN ('left', 'filed') OR task <> '')
) WITHOUT ROWID;
CREATE UNIQUE INDEX stood_now ON stood (clinic, type, id) WHERE standing = 'stands';

CREATE TABLE way (                  -- by which rung a clinic got the resources of a unit
  clinic TEXT NOT NULL,
  unit   TEXT NOT NULL,
  rung   TEXT NOT NULL,
  PRIMARY KEY (clinic, unit)
) WITHOUT ROWID;

CREATE TABLE inbox (                -- what clinics wrote, the newest version of each
  number         INTEGER PRIMARY KEY,
  clinic         TEXT NOT NULL,
  type           TEXT NOT NULL,
  remote_id      TEXT NOT NULL,     -- its id at the clinic
  remote_version TEXT NOT NULL,
  participant    TEXT NOT NULL,
  form           TEXT NOT NULL,     -- '' while it is not known, as for timepoint and unit
  timepoint      TEXT NOT NULL,
  unit           TEXT NOT NULL,
  state          TEXT NOT NULL CHECK (state IN ('taken', 'waiting', 'left')),
  stands         TEXT NOT NULL CHECK (stands IN ('apart', 'held', 'was-held')),
  why            TEXT NOT NULL,
  text           BLOB NOT NULL,     -- what was kept of it, about our pseudonymous Patient
  trial_row      TEXT NOT NULL,     -- JSON: the trial's own row, which contradicts and waits
  row_hash       TEXT NOT NULL,     -- of the trial's row that waits, or was overruled
  received       TEXT NOT NULL,
  UNIQUE (clinic, type, remote_id),
  CHECK (state <> 'waiting' OR why <> ''),
  CHECK (stands <> 'held' OR unit <> '')
);
CREATE UNIQUE INDEX inbox_by_unit ON inbox (unit) WHERE stands = 'held';
CREATE INDEX inbox_by_participant ON inbox (participant);

-- What searches find resources by; made of the versions alone, and brought in step when it is used.

CREATE TABLE indexed (              -- the place of the last version that the index knows
  place INTEGER NOT NULL
);
INSERT INTO indexed (place) VALUES (0);

CREATE TABLE newest (               -- the newest version of each resource, in the order of pages
  first        INTEGER PRIMARY KEY, -- the place of its first version
  type         TEXT NOT NULL,
  id           TEXT NOT NULL,
  version      INTEGER NOT NULL,
  participant  TEXT NOT NULL,
  form         TEXT NOT NULL,
  is_retracted INTEGER NOT NULL,
  updated      REAL NOT NULL,       -- seconds since 1970
  told         REAL NOT NULL,       -- the same of the newest that the blinded can tell from others
  UNIQUE (type, id)
);
CREATE INDEX newest_by_type ON newest (type, first);
CREATE INDEX newest_by_updated ON newest (type, updated, first);
CREATE INDEX newest_by_told ON newest (type, told, first);

CREATE TABLE found_token (          -- codes, names, references, addresses
  type      TEXT NOT NULL,
  parameter TEXT NOT NULL,
  value     TEXT NOT NULL,
  system    TEXT NOT NULL,
  first     INTEGER NOT NULL,
  PRIMARY KEY (type, parameter, value, system, first)
) WITHOUT ROWID;
CREATE INDEX found_token_by_first ON found_token (first, parameter);

CREATE TABLE found_range (          -- dates as seconds since 1970, and quantities
  type      TEXT NOT NULL,
  parameter TEXT NOT NULL,
  low       REAL NOT NULL,
  high      REAL NOT NULL,
  system    TEXT NOT NULL,
  unit      TEXT NOT NULL,
  first     INTEGER NOT NULL,
  PRIMARY KEY (type, parameter, low, high, system, unit, first)
) WITHOUT ROWID;
CREATE INDEX found_range_by_first ON found_range (first, parameter);

CREATE TABLE found_words (          -- texts, as they compare and as they were written
  type      TEXT NOT NULL,
  parameter TEXT NOT NULL,
  plain     TEXT NOT NULL,
  exact     TEXT NOT NULL,
  first     INTEGER NOT NULL,
  PRIMARY KEY (type, parameter, plain, exact, first)
) WITHOUT ROWID;
CREATE INDEX found_words_by_first ON found_words (first, parameter);

CREATE TABLE spent (                -- assertions that bought a token: none is taken twice
  issuer TEXT NOT NULL,
  jti    TEXT NOT NULL,
  ends   REAL NOT NULL,             -- seconds since 1970
  PRIMARY KEY (issuer, jti)
) WITHOUT ROWID;
CREATE INDEX spent_by_end ON spent (ends);

CREATE TABLE token (                -- tokens that were given out
  hash   BLOB PRIMARY KEY,
  client TEXT NOT NULL,
  scope  TEXT NOT NULL,
  ends   REAL NOT NULL
) WITHOUT ROWID;
CREATE INDEX token_by_end ON token (ends);

CREATE TABLE begun (                -- creates under way: who dies in one leaves its mark
  clinic TEXT NOT NULL,
  type   TEXT NOT NULL,
  id     TEXT NOT NULL,
  PRIMARY KEY (clinic, type, id)
) WITHOUT ROWID;

CREATE TABLE finding (              -- whether a clinic's system finds what it has just taken
  clinic   TEXT NOT NULL,
  type     TEXT NOT NULL,
  is_found INTEGER NOT NULL CHECK (is_found IN (0, 1)),
  PRIMARY KEY (clinic, type)
) WITHOUT ROWID;

CREATE TABLE invitation (           -- links that let a person in, once; of a link its hash
  hash   BLOB PRIMARY KEY,
  person TEXT NOT NULL,
  ends   REAL NOT NULL              -- seconds since 1970
) WITHOUT ROWID;

CREATE TABLE session (              -- people who are signed in; of what their browser keeps the hash
  hash   BLOB PRIMARY KEY,
  person TEXT NOT NULL,
  ends   REAL NOT NULL,             -- at the latest
  seen   REAL NOT NULL              -- last time, to some seconds
) WITHOUT ROWID;

CREATE TABLE launch (               -- pages opened from inside a record system; the browser has the key
  hash   BLOB PRIMARY KEY,
  sealed BLOB NOT NULL,
  ends   REAL NOT NULL              -- seconds since 1970
) WITHOUT ROWID;

CREATE TABLE acknowledgement (      -- safety signals that somebody has seen, as they stood then
  flag    TEXT NOT NULL,
  version INTEGER NOT NULL,
  person  TEXT NOT NULL,
  at      TEXT NOT NULL,
  PRIMARY KEY (flag, version)
) WITHOUT ROWID;

CREATE TABLE triggered (            -- records that a source said were saved, not fetched since
  number   INTEGER PRIMARY KEY AUTOINCREMENT,
  source   TEXT NOT NULL,
  record   TEXT NOT NULL,
  told     INTEGER NOT NULL,        -- how often, so that one that is told again is fetched again
  since    TEXT NOT NULL,
  failures INTEGER NOT NULL,
  UNIQUE (source, record)
);

CREATE TABLE moved (                -- outcomes that a person moved to another rung of a clinic's
  clinic       TEXT NOT NULL,
  unit         TEXT NOT NULL,
  rung         TEXT NOT NULL,
  is_under_way INTEGER NOT NULL CHECK (is_under_way IN (0, 1)), -- while the old way is taken back
  PRIMARY KEY (clinic, unit)
) WITHOUT ROWID;

CREATE TABLE encounter (            -- in which of a clinic's Encounters the results of a unit are filed
  clinic    TEXT NOT NULL,
  unit      TEXT NOT NULL,
  encounter TEXT NOT NULL,          -- its id there
  whose     TEXT NOT NULL,          -- a keyed hash of the Patient whose it is
  how       TEXT NOT NULL CHECK (how IN ('covers', 'follows')),
  chosen    TEXT NOT NULL,
  PRIMARY KEY (clinic, unit)
) WITHOUT ROWID;

CREATE TABLE named (                -- what clients call the resources that they wrote
  client TEXT NOT NULL,
  type   TEXT NOT NULL,
  hash   TEXT NOT NULL,             -- keyed, of an identifier: two creates of it are one resource
  id     TEXT NOT NULL,
  PRIMARY KEY (client, type, hash)
) WITHOUT ROWID;

-- Bulk exports; `store/exports.py`.

CREATE TABLE export (               -- one that a client asked for, and how the ledger stood then
  job    TEXT PRIMARY KEY,
  client TEXT NOT NULL,
  said   TEXT NOT NULL,             -- JSON: what was asked for, and as whom
  basis  TEXT NOT NULL,             -- a digest of what the release gate goes by, people apart
  place  INTEGER NOT NULL,          -- of the last version that is in
  moment TEXT NOT NULL UNIQUE,      -- the transactionTime that stands for this place
  state  TEXT NOT NULL CHECK (state IN ('running', 'done', 'failed', 'overtaken', 'gone')),
  polled REAL NOT NULL,             -- when its status was asked last
  ends   REAL NOT NULL              -- when its files go; 0 while it runs
) WITHOUT ROWID;
CREATE INDEX export_by_state ON export (state, client);

CREATE TABLE export_file (          -- a file that is whole
  job    TEXT NOT NULL,
  number INTEGER NOT NULL,
  kind   TEXT NOT NULL CHECK (kind IN ('output', 'deleted', 'error')),
  type   TEXT NOT NULL,             -- of what was exported; in `deleted` and `error` others stand
  count  INTEGER NOT NULL,          -- its lines
  place  INTEGER NOT NULL,          -- of the version that it ends with
  about  TEXT NOT NULL,             -- JSON: whose data stand in it
  PRIMARY KEY (job, number)
) WITHOUT ROWID;

CREATE TABLE export_chosen (        -- the versions that a filter let through
  job   TEXT NOT NULL,
  type  TEXT NOT NULL,
  place INTEGER NOT NULL,
  PRIMARY KEY (job, type, place)
) WITHOUT ROWID;

CREATE TABLE export_person (        -- everybody, as the release gate knew them when it began
  job         TEXT NOT NULL,
  participant TEXT NOT NULL,
  facts       TEXT NOT NULL,
  PRIMARY KEY (job, participant)
) WITHOUT ROWID;
CREATE INDEX version_by_type ON version (type, place);

CREATE TABLE ended (                -- when each work with a clinic last came to its end
  clinic TEXT NOT NULL,
  work   TEXT NOT NULL,             -- push, pull or verify
  at     TEXT NOT NULL,
  PRIMARY KEY (clinic, work)
) WITHOUT ROWID;
