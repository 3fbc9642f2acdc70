-- +goose Up
-- What is due and is not being done: findings look at it after each revision.
create index secret_due_stands on secret_due (secret_id) where state <> 'due';
