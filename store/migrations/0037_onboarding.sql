-- +goose Up
-- Accounts whose credentials the vault takes over, together. every is how often what is kept
-- is given another value, zero never by itself; beside leaves other keys where they are.
create table onboarding (
  id      bigint  not null primary key,
  safe_id bigint  not null,
  actor   text    not null,
  reason  text    not null,
  every   bigint  not null default 0,
  beside  boolean not null default true,
  at      bigint  not null
) {{clustered}};

-- Each of them, which is waiting until it has a secret. How far that is, the secret says.
create table onboarding_item (
  onboarding_id bigint not null,
  account_id    bigint not null,
  kind          text   not null,
  system_id     bigint not null,
  name          text   not null,
  state         text   not null default 'waiting',
  secret_id     bigint not null default 0,
  code          text   not null default '',
  error         text   not null default '',
  primary key (onboarding_id, account_id, kind)
) {{clustered}};
create index onboarding_waiting on onboarding_item (onboarding_id) where state = 'waiting';

-- Keys beside which others open their account too, but for the one with a fingerprint, which
-- they take the place of.
create table rotation_beside (
  secret_id bigint not null primary key,
  instead   text   not null default ''
) {{clustered}};

-- When secrets were signed in with last, and what came of that since the database was
-- restored: since is when that was, zero never. What is unproven is given to nobody.
create table secret_proof (
  secret_id bigint not null primary key,
  since     bigint not null,
  state     text   not null,
  at        bigint not null default 0
) {{clustered}};
create index secret_proof_state on secret_proof (state, secret_id);

create index resource_embedded on resource (system_id) where kind = 'embedded_secret' and until_set = 0;
