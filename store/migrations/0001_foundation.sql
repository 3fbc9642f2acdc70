-- +goose Up
-- One text for both databases. {{key}} is an automatic primary key, {{clustered}}
-- ends a table that is stored in primary key order; store/dialect.go fills them in.

create table meta (
  name  text primary key,
  value text not null
);

-- Keys are handed out in blocks, so that no transaction holds a sequence.
create table key_block (
  kind bigint primary key,
  next bigint not null
) {{clustered}};

create table lease (
  name   text primary key,
  holder text   not null,
  fence  bigint not null,
  until  bigint not null
);

-- A change set is one transaction, or one staged bulk operation. Its revision is
-- given by the sequencer once it is closed (no longer in open_set).
create table change_set (
  id    {{key}},
  at    bigint not null,
  actor text   not null,
  rev   bigint unique
);
create index change_set_unsequenced on change_set (id) where rev is null;
create index change_set_at on change_set (at);

-- Versioned rows carry from_set and until_set. A row is now when its until_set is
-- in open_set and its from_set is not. Set 0 is always open: it means "no end".
-- A staged set is open until it is flipped by deleting its row here.
create table open_set (
  id    bigint primary key,
  lease text not null default ''
) {{clustered}};
insert into open_set (id) values (0);

-- What changed, for those who follow: one row per object of the glossary, or one
-- for a whole system (bulk).
create table change (
  id     {{key}},
  set_id bigint   not null,
  kind   smallint not null,
  object bigint   not null,
  bulk   boolean  not null default false
);
create index change_set_id on change (set_id);

-- Dated facts whose start or end the clock has yet to reach.
create table clock_edge (
  at     bigint   not null,
  kind   smallint not null,
  object bigint   not null,
  primary key (at, kind, object)
) {{clustered}};

-- audit ---------------------------------------------------------------------

create table audit_record (
  id         {{key}},
  set_id     bigint   not null,
  at         bigint   not null,
  actor      text     not null,
  action     text     not null,
  object_kind smallint not null default 0,
  object_key bigint   not null default 0,
  facts      text     not null default '{}',
  commitment bytea,
  leaf_index bigint unique
);
create index audit_record_unsequenced on audit_record (id) where leaf_index is null;
create index audit_record_object on audit_record (object_kind, object_key, id);
create index audit_record_action on audit_record (action, id);
create index audit_record_set on audit_record (set_id);

-- Payloads lie beside the log, under keys of their subjects; subject 0 is what
-- tells about nobody in particular. Erasing a key erases its payloads.
create table audit_subject_key (
  id      {{key}},
  subject bigint not null unique,
  wrapped bytea  not null
);

create table audit_payload (
  record_id  bigint primary key,
  key_id     bigint not null,
  ciphertext bytea  not null
) {{clustered}};
create index audit_payload_key on audit_payload (key_id);

-- Stored hashes of the Merkle tree, by RFC 6962 as golang.org/x/mod/sumdb/tlog
-- numbers them.
create table audit_hash (
  idx  bigint primary key,
  hash bytea  not null
) {{clustered}};

create table audit_checkpoint (
  size bigint primary key,
  at   bigint not null,
  rev  bigint not null,
  note text   not null
) {{clustered}};

-- inventory -----------------------------------------------------------------

create table scope (
  id        bigint not null,
  from_set  bigint not null,
  until_set bigint not null default 0,
  name      text   not null,
  parent_id bigint not null default 0,
  primary key (id, from_set)
) {{clustered}};

create table source (
  id         bigint not null,
  from_set   bigint not null,
  until_set  bigint not null default 0,
  name       text   not null,
  kind       text   not null,
  config     text   not null default '{}',
  precedence bigint not null default 100,
  primary key (id, from_set)
) {{clustered}};
create unique index source_name on source (name) where until_set = 0;

create table system (
  id              bigint not null,
  from_set        bigint not null,
  until_set       bigint not null default 0,
  name            text   not null,
  kind            text   not null,
  scope_id        bigint not null default 0,
  environment     text   not null default '',
  criticality     text   not null default '',
  data_class      text   not null default '',
  business_owner  bigint not null default 0,
  technical_owner bigint not null default 0,
  runs_on         bigint not null default 0,
  config          text   not null default '{}',
  cycle           bigint not null default 0,
  primary key (id, from_set)
) {{clustered}};
create unique index system_name on system (name) where until_set = 0;

-- Where a system's or source's last sync stands; kept, not versioned: each sync
-- is an audit record.
create table sync_state (
  kind       smallint not null,
  object     bigint   not null,
  synced_at  bigint   not null default 0,
  failed_at  bigint   not null default 0,
  error      text     not null default '',
  baseline   bigint   not null default 0,
  warnings   text     not null default '[]',
  counts     text     not null default '{}',
  primary key (kind, object)
) {{clustered}};

create table resource (
  id         bigint not null,
  from_set   bigint not null,
  until_set  bigint not null default 0,
  system_id  bigint not null,
  native_id  text   not null,
  kind       text   not null,
  name       text   not null,
  parent_id  bigint not null default 0,
  data_class text   not null default '',
  digest     bytea  not null,
  primary key (id, from_set)
) {{clustered}};
create index resource_system on resource (system_id, until_set, id);

create table entitlement (
  id            bigint not null,
  from_set      bigint not null,
  until_set     bigint not null default 0,
  system_id     bigint not null,
  native_id     text   not null,
  kind          text   not null,
  name          text   not null,
  description   text   not null default '',
  resource_id   bigint not null default 0,
  owner_number  text   not null default '',
  capabilities  text   not null default '[]',
  conflicts     text   not null default '[]',
  digest        bytea  not null,
  primary key (id, from_set)
) {{clustered}};
create index entitlement_system on entitlement (system_id, until_set, id);
create index entitlement_name on entitlement (name);
create index entitlement_owner on entitlement (owner_number) where owner_number <> '';

create table account (
  id           bigint  not null,
  from_set     bigint  not null,
  until_set    bigint  not null default 0,
  system_id    bigint  not null,
  native_id    text    not null,
  login        text    not null,
  display_name text    not null default '',
  email        text    not null default '',
  number       text    not null default '',
  kind         text    not null,
  kind_reason  text    not null default '',
  status       text    not null,
  interactive  boolean not null default false,
  created_at   bigint  not null default 0,
  expires_at   bigint  not null default 0,
  attributes   text    not null default '{}',
  digest       bytea   not null,
  primary key (id, from_set)
) {{clustered}};
create index account_system on account (system_id, until_set, id);
create index account_login on account (login);

-- The digest of what starts at a holder (its grants and credentials), so that an
-- unchanged holder costs one comparison.
create table holding (
  holder_kind smallint not null,
  holder_id   bigint   not null,
  system_id   bigint   not null,
  from_set    bigint   not null,
  until_set   bigint   not null default 0,
  digest      bytea    not null,
  primary key (holder_kind, holder_id, system_id, from_set)
) {{clustered}};
create index holding_system on holding (system_id, until_set);

-- Last use moves forward only and is no version of the account.
create table account_usage (
  account_id bigint primary key,
  last_used  bigint not null
) {{clustered}};

create table credential (
  id          bigint not null,
  from_set    bigint not null,
  until_set   bigint not null default 0,
  kind        text   not null,
  fingerprint text   not null,
  algorithm   text   not null default '',
  primary key (id, from_set)
) {{clustered}};
create unique index credential_fingerprint on credential (kind, fingerprint) where until_set = 0;

create table account_credential (
  account_id    bigint not null,
  credential_id bigint not null,
  from_set      bigint not null,
  until_set     bigint not null default 0,
  system_id     bigint not null,
  options       text   not null default '',
  changed_at    bigint not null default 0,
  last_used     bigint not null default 0,
  primary key (account_id, credential_id, from_set)
) {{clustered}};
create index account_credential_credential on account_credential (credential_id);

-- The observed side of access. "grant" is a reserved word.
create table access_grant (
  holder_id      bigint   not null,
  holder_kind    smallint not null,
  entitlement_id bigint   not null,
  resource_id    bigint   not null default 0,
  mode           smallint not null default 0,
  from_set       bigint   not null,
  until_set      bigint   not null default 0,
  id             bigint   not null,
  system_id      bigint   not null,
  flags          smallint not null default 0,
  starts_at      bigint   not null default 0,
  ends_at        bigint   not null default 0,
  last_used      bigint   not null default -1,
  primary key (holder_id, holder_kind, entitlement_id, resource_id, mode, from_set)
) {{clustered}};

create table justification (
  id             bigint   not null,
  from_set       bigint   not null,
  until_set      bigint   not null default 0,
  holder_kind    smallint not null,
  holder_id      bigint   not null,
  entitlement_id bigint   not null,
  resource_id    bigint   not null default 0,
  origin         text     not null,
  approver_id    bigint   not null default 0,
  reason         text     not null default '',
  starts_at      bigint   not null default 0,
  ends_at        bigint   not null default 0,
  primary key (id, from_set)
) {{clustered}};
create index justification_holder on justification (holder_kind, holder_id, until_set);
create index justification_ends on justification (ends_at) where until_set = 0 and ends_at > 0;

-- One row as a source gave it; the identity is merged from all of its rows.
create table source_record (
  source_id   bigint not null,
  native_id   text   not null,
  from_set    bigint not null,
  until_set   bigint not null default 0,
  identity_id bigint not null,
  digest      bytea  not null,
  attributes  text   not null,
  primary key (source_id, native_id, from_set)
) {{clustered}};
create index source_record_identity on source_record (identity_id, until_set);

create table identity (
  id           bigint not null,
  from_set     bigint not null,
  until_set    bigint not null default 0,
  kind         text   not null,
  state        text   not null,
  name         text   not null,
  email        text   not null default '',
  number       text   not null default '',
  login        text   not null default '',
  organisation text   not null default '',
  sponsor_id   bigint not null default 0,
  contract_end bigint not null default 0,
  attributes   text   not null default '{}',
  primary key (id, from_set)
) {{clustered}};
create index identity_number on identity (number, until_set);
create index identity_name on identity (name);
create index identity_email on identity (email);
create index identity_login on identity (login);
create index identity_live on identity (until_set, id);

create table affiliation (
  identity_id bigint not null,
  seq         bigint not null,
  from_set    bigint not null,
  until_set   bigint not null default 0,
  employer    text   not null default '',
  unit        text   not null default '',
  title       text   not null default '',
  manager_id  bigint not null default 0,
  starts_at   bigint not null default 0,
  ends_at     bigint not null default 0,
  primary key (identity_id, seq, from_set)
) {{clustered}};

create table ownership (
  id          bigint   not null,
  from_set    bigint   not null,
  until_set   bigint   not null default 0,
  object_kind smallint not null,
  object_key  bigint   not null,
  owner_id    bigint   not null,
  deputy_id   bigint   not null default 0,
  starts_at   bigint   not null default 0,
  ends_at     bigint   not null default 0,
  primary key (id, from_set)
) {{clustered}};
create unique index ownership_object on ownership (object_kind, object_key) where until_set = 0;
create index ownership_any on ownership (object_kind, object_key);
create index ownership_owner on ownership (owner_id, until_set);

-- An account's correlation: who it belongs to, and how that is known.
create table account_link (
  id          bigint not null,
  from_set    bigint not null,
  until_set   bigint not null default 0,
  account_id  bigint not null,
  identity_id bigint not null,
  state       text   not null,
  rule        text   not null,
  score       bigint not null default 100,
  evidence    text   not null default '',
  primary key (id, from_set)
) {{clustered}};
create index account_link_account on account_link (account_id, until_set);
create index account_link_identity on account_link (identity_id, until_set);

-- roles ---------------------------------------------------------------------

create table role (
  id          bigint not null,
  from_set    bigint not null,
  until_set   bigint not null default 0,
  name        text   not null,
  description text   not null default '',
  owner_id    bigint not null default 0,
  entitlements text  not null default '[]',
  parents     text   not null default '[]',
  primary key (id, from_set)
) {{clustered}};
create unique index role_name on role (name) where until_set = 0;

create table assignment (
  id          bigint not null,
  from_set    bigint not null,
  until_set   bigint not null default 0,
  role_id     bigint not null,
  identity_id bigint not null,
  parameters  text   not null default '{}',
  reason      text   not null default '',
  starts_at   bigint not null default 0,
  ends_at     bigint not null default 0,
  primary key (id, from_set)
) {{clustered}};
create index assignment_identity on assignment (identity_id, until_set);

-- policy: versioned texts; what is active is the newest per name ----------------

create table policy (
  id        bigint not null,
  from_set  bigint not null,
  until_set bigint not null default 0,
  name      text   not null,
  kind      text   not null,
  mode      text   not null,
  body      text   not null,
  primary key (id, from_set)
) {{clustered}};
create unique index policy_name on policy (kind, name) where until_set = 0;

-- classify ------------------------------------------------------------------

create table classification (
  entitlement_id bigint   not null,
  from_set       bigint   not null,
  until_set      bigint   not null default 0,
  tier           smallint not null,
  own_tier       smallint not null,
  reasons        text     not null,
  rules_version  text     not null,
  overridden     boolean  not null default false,
  primary key (entitlement_id, from_set)
) {{clustered}};

-- finding -------------------------------------------------------------------

create table finding (
  id           bigint   not null,
  from_set     bigint   not null,
  until_set    bigint   not null default 0,
  rule         text     not null,
  subject_kind smallint not null,
  subject_key  bigint   not null,
  system_id    bigint   not null default 0,
  severity     text     not null,
  function     text     not null,
  owner_id     bigint   not null default 0,
  status       text     not null,
  opened_at    bigint   not null,
  due_at       bigint   not null,
  closed_at    bigint   not null default 0,
  accepted_by  bigint   not null default 0,
  accepted_until bigint not null default 0,
  reason       text     not null default '',
  evidence     text     not null,
  digest       bytea    not null,
  primary key (id, from_set)
) {{clustered}};
create unique index finding_subject on finding (rule, subject_kind, subject_key) where until_set = 0;
create index finding_open on finding (status, severity, due_at) where until_set = 0;

-- coverage ------------------------------------------------------------------

-- The matrix at a revision; the newest is current, the older ones are the trend.
create table coverage (
  rev           bigint   not null,
  system_id     bigint   not null,
  tier          smallint not null,
  identity_kind text     not null,
  third_party   boolean  not null,
  control       text     not null,
  required      bigint   not null,
  in_place      bigint   not null,
  missing       bigint   not null,
  unknown       bigint   not null,
  excepted      bigint   not null,
  primary key (rev, system_id, tier, identity_kind, third_party, control)
) {{clustered}};

create table coverage_run (
  rev bigint primary key,
  at  bigint not null
) {{clustered}};
