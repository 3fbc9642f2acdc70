-- +goose Up
-- A day has one matrix of coverage, which is renewed where it differs: reached is the
-- revision that it has been brought up to, zero that of its row.
alter table coverage_run add column reached bigint not null default 0;

-- What happened to findings since a revision is found from the change sets.
create index finding_begun on finding (from_set);
create index finding_ended on finding (until_set) where until_set > 0;
