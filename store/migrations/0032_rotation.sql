-- +goose Up
-- How often a secret is given another value by itself, and in which hours of the day.
create table rotation_schedule (
  secret_id  bigint   not null primary key,
  every      bigint   not null,
  from_hour  smallint not null,
  until_hour smallint not null,
  next_at    bigint   not null
) {{clustered}};
create index rotation_schedule_next on rotation_schedule (next_at, secret_id);

-- Whose leaving has been followed up to which revision.
create table rotation_followed (
  id  bigint not null primary key,
  rev bigint not null
) {{clustered}};
