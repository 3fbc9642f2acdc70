-- +goose Up
-- How far a system that tells what changed has been read, opaque, and when it was
-- last read completely. Strayed are the native ids of what is out of sight.
alter table sync_state add column mark text not null default '';
alter table sync_state add column completed_at bigint not null default 0;
alter table sync_state add column strayed text not null default '[]';
