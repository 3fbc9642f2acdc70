-- +goose Up
-- What people ask by: an account, entitlement or resource by what its system calls it.
create index account_native on account (native_id);
create index entitlement_native on entitlement (native_id);
create index resource_native on resource (native_id);
create index resource_name on resource (name);
