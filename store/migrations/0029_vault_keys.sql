-- +goose Up
-- The vault: which root key and which seal are in force, and which are to be next.
create table vault (
  id        bigint primary key,
  instance  bytea  not null,
  root      bigint not null,
  next_root bigint not null default 0,
  seal      bigint not null,
  next_seal bigint not null default 0,
  epoch     bigint not null
);

-- What the root key is locked with. params is what it takes to make the key again from
-- what people or a token have, and is no secret.
create table vault_seal (
  id     bigint primary key,
  kind   text   not null,
  params text   not null,
  made_at bigint not null
) {{clustered}};

-- A root key, as a seal has locked it.
create table vault_root (
  generation bigint not null,
  seal       bigint not null,
  sealed     bytea  not null,
  primary key (generation, seal)
) {{clustered}};

-- The generation of a safe's key that is written with.
create table vault_safe (
  safe       bigint primary key,
  generation bigint not null
) {{clustered}};

-- Safes whose key is being changed.
create table vault_unfinished (
  safe bigint primary key
) {{clustered}};

-- A safe's key, wrapped by a root key.
create table vault_safe_key (
  safe       bigint not null,
  generation bigint not null,
  root       bigint not null,
  wrapped    bytea  not null,
  primary key (safe, generation, root)
) {{clustered}};
create index vault_safe_key_root on vault_safe_key (root, safe, generation);

-- A version of a secret: its data key, wrapped by the safe's key, and what that encrypts.
create table vault_sealed (
  version    bigint primary key,
  safe       bigint not null,
  secret     bigint not null,
  generation bigint not null,
  data_key   bytea  not null,
  ciphertext bytea  not null
);
create index vault_sealed_generation on vault_sealed (safe, generation, version);

-- What was written in the vault, by change set. A node remembers the newest that it has
-- seen: where it is not here, the database is an older one.
create table vault_mark (
  set_id bigint primary key,
  mark   bytea  not null
) {{clustered}};
