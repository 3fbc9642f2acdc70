import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { IconCircleCheck } from "@tabler/icons-react";
import { api, ask } from "../../client/client";
import { Answer } from "../../shell/Answer";
import { Blank } from "../../ui/Blank";
import { count, Figures } from "../../ui/Figures";
import { Page } from "../../ui/Page";
import { Panel } from "../../ui/Panel";
import { Rows } from "../../ui/Rows";
import { Time } from "../../ui/Time";
import ui from "../../ui/ui.module.css";
import { Severity } from "../access/marks";
import { functionName } from "../function/words";
import { useMe } from "../signin/me";

// Home answers what is on fire and what is owed, for what somebody is here.
export function Home() {
  const me = useMe();
  return <Answer to={me}>{(who) => <HomeOf functions={[...new Set((who.functions ?? []).map((f) => f.function))]} id={who.identity} name={who.name} passkeys={who.passkeys} />}</Answer>;
}

function HomeOf({ functions, id, name, passkeys }: { functions: string[]; id: string; name: string; passkeys: number }) {
  const mine = useQuery({ queryKey: ["findings", { owner: id, status: "open" }], queryFn: () => ask(api.GET("/v1/findings", { params: { query: { owner: id, status: "open", limit: 6 } } })) });
  const all = useQuery({ queryKey: ["findings", { status: "open" }], queryFn: () => ask(api.GET("/v1/findings", { params: { query: { status: "open", limit: 1 } } })), retry: false });
  const ages = useQuery({ queryKey: ["ageing", {}], queryFn: () => ask(api.GET("/v1/findings/ageing", {})), retry: false });
  const totals = all.data?.totals ?? [];
  const critical = totals.filter((t) => t.severity === "critical").reduce((n, t) => n + t.count, 0);
  const late = (ages.data?.by_function ?? []).filter((f) => f.due === "overdue" && (functions.length === 0 || functions.includes(f.function))).reduce((n, f) => n + f.count, 0);
  return (
    <Page title={`${greeting()}, ${name.split(" ")[0]}. Is anything on fire?`} lead={functions.length > 0 ? `You answer for ${functions.map(functionName).join(", ")}.` : "What you hold, and what you owe."}>
      <Figures items={[
        { value: all.data ? count(critical) : "–", label: "critical findings are open", tone: critical > 0 ? "bad" : "good", to: "/findings", search: { severity: "critical" } },
        { value: ages.data ? count(late) : "–", label: "overdue", note: functions.length > 0 ? "where your functions answer" : undefined, tone: late > 0 ? "warn" : undefined, to: "/findings", search: { due_before: new Date().toISOString() } },
        { value: mine.data ? count(mine.data.total ?? undefined) : "–", label: "are yours to close", to: "/findings", search: { owner: id } },
        ...(passkeys === 0 ? [{ value: "!", label: "you have no passkey", note: "make one, to sign in without a link", tone: "warn" as const, to: "/settings" }] : []),
      ]}
      />
      <div className={ui.grid}>
        {functions.map((f) => <Queue key={f} of={f} />)}
        <Panel title="Yours to close" note={<Link to="/findings" search={{ owner: id } as never}>all</Link>} flush>
          <Answer to={mine} lines={4}>{(d) => <FindingQueue items={d.items ?? []} none="You owe nothing." />}</Answer>
        </Panel>
      </div>
    </Page>
  );
}

function Queue({ of }: { of: string }) {
  const worst = useQuery({ queryKey: ["findings", { function: of, status: "open", limit: 6 }], queryFn: () => ask(api.GET("/v1/findings", { params: { query: { function: of as "iam", status: "open", limit: 6 } } })) });
  return (
    <Panel title={`What ${functionName(of)} answers for, worst first`} note={<Link to="/findings" search={{ function: of } as never}>all {count(worst.data?.total ?? undefined)}</Link>} flush>
      <Answer to={worst} lines={5}>{(d) => <FindingQueue items={d.items ?? []} none="Nothing is open here." />}</Answer>
    </Panel>
  );
}

interface Short {
  id: string;
  title: string;
  severity: string;
  due: string;
  subject?: { name: string; system?: string } | null;
}

function FindingQueue({ items, none }: { items: Short[]; none: string }) {
  if (items.length === 0) return <Blank sign={IconCircleCheck} title={none} />;
  return (
    <Rows items={items.map((f) => ({
      key: f.id, to: `/findings/${f.id}`, start: <Severity of={f.severity} />, title: f.title,
      note: f.subject && `${f.subject.name}${f.subject.system ? ` in ${f.subject.system}` : ""}`, end: <Time at={f.due} />,
    }))}
    />
  );
}

function greeting(): string {
  const hour = new Date().getHours();
  return hour < 5 ? "Good night" : hour < 12 ? "Good morning" : hour < 18 ? "Good afternoon" : "Good evening";
}
