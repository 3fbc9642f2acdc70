-- +goose Up
-- A system's credential, sealed under the node's key for its row's own number. A
-- number is never given again, so that what was sealed once opens nowhere else;
-- sealed is null where a system no longer has one.
create table system_secret (
  id        {{key}},
  system_id bigint not null unique,
  sealed    bytea
);
