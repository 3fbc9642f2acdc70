-- +goose Up
-- Proofs of requests that change something, while they could be sent again: what one node
-- has seen, every other refuses, and so does the same one started again.
create table proof (
  hash    bytea  not null,
  ends_at bigint not null,
  primary key (hash)
) {{clustered}};
create index proof_ends on proof (ends_at);

-- The last change before a passkey was asked: an answer that others have overtaken is
-- told from one of a copy.
alter table passkey_challenge add column after_at bigint not null default 0;
create index passkey_challenge_signin on passkey_challenge (signin_id, ends_at);
create index oidc_subject_identity on oidc_subject (identity_id);
