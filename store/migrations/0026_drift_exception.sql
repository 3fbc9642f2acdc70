-- +goose Up
-- Who left a difference as it is until a time, and why: the finding says so.
alter table provision_drift add column excepted_by bigint not null default 0;
alter table provision_drift add column excepted_reason text not null default '';
