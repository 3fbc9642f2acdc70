# Sets up the cluster "books" of Tidewater Freight with PostgreSQL's own tools.
# $1 is its port on loopback, where the superuser postgres needs no password.
set -eu
export PGHOST=127.0.0.1 PGPORT="$1" PGUSER=postgres PGOPTIONS='-c client_min_messages=warning'
sql() { psql -X -q -v ON_ERROR_STOP=1 "$@"; }

# Roles that nobody signs in with.
createuser --no-login --superuser dba
createuser --no-login ops --role=dba
createuser --no-login app_rw
createuser --no-login payroll_read
createuser --no-login dispatch_rw

# People.
createuser --login pnair --role=dba
createuser --login ymori --role=ops
createuser --login lfisk --role=app_rw
createuser --login ohaddad --role=app_rw
createuser --login glund --role=payroll_read
createuser --login pbrandt --role=payroll_read
createuser --login dwhitby --role=pg_read_all_data
createuser --login vlang --role=app_rw
createuser --no-login ralmeida
createuser --login kwest --role=app_rw

# Services, the agent, and an account that a team shares.
createuser --login svc_app
createuser --login --replication svc_backup --role=pg_read_all_data
createuser --login svc_report --role=payroll_read
createuser --login svc_legacy --role=app_rw
createuser --login agent_dispatch --role=dispatch_rw --role=pg_read_all_data
createuser --login support --role=app_rw

createdb --owner=svc_app freight
createdb payroll

sql -d freight <<'SQL'
set role svc_app;
create table shipments (id bigint primary key, customer text, route text);
create table invoices (id bigint primary key, shipment bigint, amount numeric);
grant select, insert, update, delete on shipments, invoices to app_rw;
grant select, update on shipments to dispatch_rw;
grant select on shipments to lfisk;
SQL

sql -d payroll <<'SQL'
create table salaries (employee text primary key, amount numeric);
create table bank_accounts (employee text primary key, iban text);
grant select on salaries, bank_accounts to payroll_read;
grant select on salaries to public;
SQL
