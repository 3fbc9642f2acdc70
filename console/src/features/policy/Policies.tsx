import { Button } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { Link, useNavigate } from "@tanstack/react-router";
import { Failed } from "../../shell/Answer";
import { Blank } from "../../ui/Blank";
import { count, Figures } from "../../ui/Figures";
import { ChoiceField, SearchField } from "../../ui/Filter";
import { Page } from "../../ui/Page";
import { Table, tableClass, type Column } from "../../ui/Table";
import { Time } from "../../ui/Time";
import { useList } from "../../ui/useList";
import { MayButton } from "../access/MayButton";
import { State, Waits } from "./marks";
import css from "./policy.module.css";
import { usePolicies, type Line } from "./policy";
import { countsText, stateNames, stateOf, writerName, writerNames } from "./words";

const columns: Column<Line>[] = [
  { id: "name", header: "Document", cell: (d) => <div><Link to="/policies/$id" params={{ id: d.id }} className={tableClass.main}>{d.name}</Link><span className={tableClass.sub}>{d.description}</span></div> },
  { id: "state", header: "State", cell: (d) => <div className={css.cell}><State of={d} />{d.draft && d.number > 0 && <Waits of={d.draft} />}</div> },
  { id: "policies", header: "What is in it", cell: (d) => countsText(d) },
  { id: "version", header: "Version", numeric: true, cell: (d) => (d.number === 0 ? <span className="quiet">none yet</span> : d.number) },
  { id: "authors", header: "Written by", cell: (d) => writerNames(d.authors) },
  { id: "publisher", header: "Published by", cell: (d) => (d.publisher ? writerName(d.publisher) : <span className="quiet">nobody yet</span>) },
  { id: "since", header: "Since", tight: true, cell: (d) => <Time at={d.since} /> },
];

// Policies answers which policies the organisation keeps of its own, and which count.
export function Policies() {
  const list = useList();
  const go = useNavigate();
  const found = usePolicies();
  const all = found.data?.items ?? [];
  const may = found.data?.may ?? {};
  const [q, state] = [list.text("q")?.toLowerCase() ?? "", list.text("state")];
  const rows = all.filter((d) => `${d.name} ${d.description ?? ""}`.toLowerCase().includes(q) && (state === undefined || state === stateOf(d) || (state === "waits" && d.draft)));
  const waiting = all.filter((d) => d.draft).length;
  const inForce = all.filter((d) => d.in_force);
  const enforced = inForce.reduce((n, d) => n + d.enforced, 0);
  const looking = inForce.reduce((n, d) => n + d.policies - d.enforced, 0);
  const add = () => void go({ to: "/policies/new" });
  return (
    <Page
      title="Which policies do we keep of our own, and which of them count?"
      lead="Writ comes with policies that say what its functions may do, and with guards that no policy takes away. Beside them you keep your own, in documents: one person writes, another publishes."
      actions={found.data && (
        <>
          {may["policy.simulate"]?.allowed && <Button component={Link} to="/analytics/what-if?of=policy" variant="default">Try a policy</Button>}
          <MayButton may={may["policy.change"]} leftSection={<IconPlus size={16} />} onClick={add}>New document</MayButton>
        </>
      )}
    >
      {!found.error && (
        <Figures items={[
          { value: count(found.data && inForce.length), label: inForce.length === 1 ? "document in force" : "documents in force", note: found.data && `of ${count(all.length)}` },
          { value: count(found.data && enforced), label: enforced === 1 ? "policy is enforced" : "policies are enforced", note: "asked in every decision that they are about" },
          { value: count(found.data && looking), label: looking === 1 ? "only observes or warns" : "only observe or warn", note: "counted, and stops nobody" },
          { value: count(found.data && waiting), label: waiting === 1 ? "draft waits" : "drafts wait", note: "for somebody who did not write it", tone: waiting ? "warn" : undefined, to: "/policies", search: { state: "waits" } },
        ]}
        />
      )}
      <Table
        name="Policies" columns={columns} rows={found.data ? rows : undefined} rowKey={(d) => d.id} list={list} total={found.data && rows.length}
        failure={found.error && <Failed error={found.error} onRetry={() => void found.refetch()} />}
        tools={(
          <>
            <SearchField list={list} label="Name" width="14rem" />
            <ChoiceField list={list} name="state" label="State" width="12rem" choices={[...Object.entries(stateNames).map(([value, label]) => ({ value, label })), { value: "waits", label: "A draft waits" }]} />
          </>
        )}
        empty={all.length > 0 ? <Blank title="No document fits" text="None is as you asked for." actions={<Link to="/policies">Show all documents</Link>} /> : <Blank title="There are no policies of your own" text="Write a draft. Nothing of it counts before somebody else has published it, and then it observes until it says that it is enforced." actions={may["policy.change"]?.allowed && <Button onClick={add}>New document</Button>} />}
      />
    </Page>
  );
}
