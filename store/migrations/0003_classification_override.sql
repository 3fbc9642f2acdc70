-- +goose Up
-- A person's decision about an entitlement's own tier. facts_tier is what the facts
-- gave when it was decided: a lowering holds only while they give nothing worse.
create table classification_override (
  entitlement_id bigint   not null,
  from_set       bigint   not null,
  until_set      bigint   not null default 0,
  tier           smallint not null,
  facts_tier     smallint not null,
  reason         text     not null,
  set_by         text     not null,
  ends_at        bigint   not null default 0,
  primary key (entitlement_id, from_set)
) {{clustered}};
create unique index classification_override_now on classification_override (entitlement_id) where until_set = 0;
