-- +goose Up
-- What happened to findings since a revision is answered from these alone, without
-- a look at the findings themselves, of which most are of no rule that is asked about.
drop index finding_begun;
drop index finding_ended;
create index finding_begun on finding (from_set, rule, subject_kind, subject_key, status, accepted_until) where until_set = 0;
create index finding_ended on finding (until_set, rule, subject_kind, subject_key) where until_set > 0;
