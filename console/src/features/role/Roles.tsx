import { Button } from "@mantine/core";
import { IconPick, IconPlus } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { api, ask } from "../../client/client";
import type { QueryOf } from "../../client/types";
import { Failed } from "../../shell/Answer";
import { Blank } from "../../ui/Blank";
import { count, Figures } from "../../ui/Figures";
import { ChoiceField, SearchField } from "../../ui/Filter";
import { Page } from "../../ui/Page";
import { Table, tableClass, type Column } from "../../ui/Table";
import { useList } from "../../ui/useList";
import { MayButton } from "../access/MayButton";
import { Named } from "../access/Named";
import { said } from "../access/words";
import { useMe } from "../signin/me";
import { DraftState, Trouble } from "./marks";
import css from "./role.module.css";
import type { Line } from "./role";
import { draftNames, kinds, troubleNames, troubles } from "./words";

type Query = QueryOf<"list-roles">;

const columns: Column<Line>[] = [
  { id: "name", header: "Role", cell: (r) => <div><Link to="/roles/$id" params={{ id: r.id }} className={tableClass.main}>{r.name}</Link><span className={tableClass.sub}>{[said(r.kind), r.variants && (r.variants === 1 ? "1 variant" : `${count(r.variants)} variants`)].filter(Boolean).join(" · ")}</span></div> },
  { id: "owner", header: "Answers for it", cell: (r) => <Named of={r.owner} /> },
  { id: "people", header: "People", numeric: true, cell: (r) => count(r.people) },
  { id: "gives", header: "Gives", numeric: true, cell: (r) => count(r.entitlements) },
  { id: "version", header: "Version", numeric: true, cell: (r) => (r.number === 0 ? <span className="quiet">none yet</span> : r.number) },
  { id: "draft", header: "Draft", tight: true, cell: (r) => (r.draft ? <DraftState of={r.draft} /> : <span className="quiet">–</span>) },
  { id: "troubles", header: "Troubles", cell: (r) => <Troubles of={r.troubles ?? []} /> },
];

function Troubles({ of }: { of: string[] }) {
  return of.length === 0 ? <span className="quiet">–</span> : <div className={css.troubles}>{of.map((t) => <Trouble key={t} of={t} />)}</div>;
}

// useCount is how many roles are so, without any of them.
function useCount(query: Query) {
  return useQuery({ queryKey: ["roles", "count", query], queryFn: () => ask(api.GET("/v1/roles", { params: { query: { ...query, limit: 1 } } })) }).data?.total;
}

// Roles answers which roles there are, who answers for them, and which need somebody.
export function Roles() {
  const list = useList();
  const me = useMe();
  const go = useNavigate();
  const query = { q: list.text("q"), kind: list.text("kind"), draft: list.text("draft"), trouble: list.text("trouble"), owner: list.text("owner") } as Query;
  const found = useQuery({ queryKey: ["roles", query, list.cursor], placeholderData: keepPreviousData, queryFn: () => ask(api.GET("/v1/roles", { params: { query: { ...query, cursor: list.cursor } } })) });
  const [waiting, troubled] = [useCount({ draft: "review" }), useCount({ trouble: "any" })];
  const narrowed = Object.values(query).some((value) => value !== undefined);
  const may = { allowed: (me.data?.may ?? []).includes("role.change"), why: "roles are kept by IAM" };
  const add = () => void go({ to: "/roles/new" });
  return (
    <Page
      title="Which roles are there, and who answers for them?" lead="A role is a named set of entitlements. What it is to become is a draft, which somebody else reviews before it counts for anybody."
      actions={!found.error && (
        <>
          {(me.data?.may ?? []).includes("mining.read") && <Button component={Link} to="/roles/mining" variant="default" leftSection={<IconPick size={16} />}>Mining workbench</Button>}
          <Button component={Link} to="/roles/explosion" variant="default">Which are one too many?</Button>
          <MayButton may={may} leftSection={<IconPlus size={16} />} onClick={add}>New role</MayButton>
        </>
      )}
    >
      {!found.error && (
        <Figures items={[
          { value: count(found.data?.total), label: found.data?.total === 1 ? "role" : "roles", note: narrowed ? "that fit what you asked for" : "with those that are drafts only" },
          { value: count(waiting), label: waiting === 1 ? "waits for a review" : "wait for a review", tone: waiting ? "warn" : undefined, to: "/roles", search: { draft: "review" } },
          { value: count(troubled), label: troubled === 1 ? "has a trouble" : "have a trouble", note: "one too many, or without an owner", to: "/roles", search: { trouble: "any" } },
        ]}
        />
      )}
      <Table
        name="Roles" columns={columns} rows={found.data?.items ?? undefined} rowKey={(r) => r.id} list={list} next={found.data?.next} total={found.data?.total} stale={found.isPlaceholderData}
        failure={found.error && <Failed error={found.error} onRetry={() => void found.refetch()} />}
        empty={narrowed ? <Blank title="No role fits" text="Nothing that you may see is as you asked for." actions={<Link to="/roles">Show all roles</Link>} />
          : <Blank title="There is no role yet" text="Begin with what many people hold for the same reason. Nobody has it before it is reviewed and published." actions={may.allowed && <Button onClick={add}>New role</Button>} />}
        tools={(
          <>
            <SearchField list={list} label="Name" width="14rem" />
            <ChoiceField list={list} name="kind" label="Kind" width="9rem" choices={kinds} />
            <ChoiceField list={list} name="draft" label="Draft" width="9.5rem" choices={Object.entries(draftNames).map(([value, label]) => ({ value, label }))} />
            <ChoiceField list={list} name="trouble" label="Trouble" width="13rem" choices={[{ value: "any", label: "Any trouble" }, ...troubles.map((t) => ({ value: t, label: troubleNames[t]! }))]} />
            <ChoiceField list={list} name="owner" label="Owner" width="8.5rem" choices={[{ value: "none", label: "Nobody" }]} />
          </>
        )}
      />
    </Page>
  );
}
