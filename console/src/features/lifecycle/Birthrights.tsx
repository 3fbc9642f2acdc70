import { Button } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { api, ask } from "../../client/client";
import { Failed } from "../../shell/Answer";
import { Blank } from "../../ui/Blank";
import { count, Figures } from "../../ui/Figures";
import { Page } from "../../ui/Page";
import { Table, tableClass, type Column } from "../../ui/Table";
import { useList } from "../../ui/useList";
import { MayButton } from "../access/MayButton";
import { Named } from "../access/Named";
import { Guard } from "./Guard";
import { Held, useHolds } from "./Held";
import { Mode } from "./Mode";
import type { Birthright } from "./words";

const firstNamed = 3;

const columns: Column<Birthright>[] = [
  { id: "name", header: "Rule", cell: (r) => <div><Link to="/birthrights/$name" params={{ name: r.name }} className={tableClass.main}>{r.name}</Link><span className={tableClass.sub}>{r.description || r.when}</span></div> },
  { id: "mode", header: "Mode", tight: true, cell: (r) => <Mode of={r.mode} /> },
  { id: "gives", header: "Gives", cell: (r) => <Gives of={r.gives ?? []} /> },
  { id: "members", header: "Whom it is for", numeric: true, cell: (r) => <Members of={r.name} /> },
  { id: "grace", header: "Grace", tight: true, cell: (r) => (r.grace_days ? `${count(r.grace_days)} days` : <span className="quiet">none</span>) },
];

function Gives({ of }: { of: NonNullable<Birthright["gives"]> }) {
  const more = of.length - firstNamed;
  return <div>{of.slice(0, firstNamed).map((g) => <div key={g.id}><Named of={g} /></div>)}{more > 0 && <span className="quiet">and {count(more)} more</span>}</div>;
}

export function useMembers(name: string) {
  return useQuery({ queryKey: ["birthrights", name, "members"], queryFn: () => ask(api.GET("/v1/birthrights/{name}/members", { params: { path: { name } } })) });
}

function Members({ of }: { of: string }) {
  const members = useMembers(of);
  if (!members.data) return <span className="quiet">–</span>;
  return <>{count(members.data.members)}{members.data.doubtful > 0 && <span className={tableClass.sub}>{count(members.data.doubtful)} in doubt</span>}</>;
}

// Birthrights answers what people have because of who they are.
export function Birthrights() {
  const list = useList();
  const go = useNavigate();
  const rules = useQuery({ queryKey: ["birthrights"], queryFn: () => ask(api.GET("/v1/birthrights")) });
  const holds = useHolds();
  const items = rules.data?.items ?? undefined;
  const enforced = (items ?? []).filter((r) => r.mode === "enforce").length;
  const waiting = (holds.data?.items ?? []).length;
  const add = () => void go({ to: "/birthrights/new" });
  return (
    <Page
      title="What do people have because of who they are?" lead="Whoever meets a rule’s condition has what it gives, for as long as they meet it. A new rule observes, and gives nothing until you enforce it."
      actions={!rules.error && (
        <>
          <Button component={Link} to="/reorganisation" variant="default">Preview a reorganisation</Button>
          <MayButton may={rules.data?.may["birthright.change"]} leftSection={<IconPlus size={16} />} onClick={add}>Add a rule</MayButton>
        </>
      )}
    >
      {!rules.error && (
        <Figures items={[
          { value: holds.data ? count(waiting) : "–", label: waiting === 1 ? "step is held" : "steps are held", note: "too much from too many at once", tone: waiting > 0 ? "warn" : undefined },
          { value: items ? count(enforced) : "–", label: enforced === 1 ? "rule gives" : "rules give" },
          { value: items ? count(items.length - enforced) : "–", label: "only observe" },
        ]}
        />
      )}
      <Held />
      <Table
        name="Birthright rules" columns={columns} rows={items} rowKey={(r) => r.name} list={list} total={rules.data?.total}
        failure={rules.error && <Failed error={rules.error} onRetry={() => void rules.refetch()} />}
        empty={<Blank title="There is no rule yet" text="A rule says what everybody who is alike has: a mailbox for whoever works here, the ledger for Treasury. It observes first, and you see whom it is for." actions={rules.data?.may["birthright.change"]?.allowed && <Button onClick={add}>Add a rule</Button>} />}
      />
      {!rules.error && <Guard />}
    </Page>
  );
}
