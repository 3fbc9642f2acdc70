import { Button, Checkbox } from "@mantine/core";
import { IconShieldCheck } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { api, ask } from "../../client/client";
import { Answer, Failed } from "../../shell/Answer";
import { Blank } from "../../ui/Blank";
import { count, Figures } from "../../ui/Figures";
import { ChoiceField, SearchField } from "../../ui/Filter";
import { Mark } from "../../ui/Mark";
import { Page } from "../../ui/Page";
import { Panel } from "../../ui/Panel";
import { Rows } from "../../ui/Rows";
import { Table, tableClass, type Column } from "../../ui/Table";
import { Time } from "../../ui/Time";
import { useList } from "../../ui/useList";
import { kindNames, said } from "../access/words";
import { SystemField } from "../provision/SystemField";
import { useMe } from "../signin/me";
import { thing } from "../vault/words";
import { Named } from "../access/Named";
import { useCandidates, useOnboardings, type Candidate } from "./onboard";
import css from "./onboard.module.css";
import { TakeOver } from "./TakeOver";
import { capital, countWords, covered, found, free, keyOf, kindChoices, kindOf, tierWords, type Counts } from "./words";

const shownAtOnce = 100;

// useCovered is how much of each system's privileged access opens with what a safe has.
function useCovered() {
  return useQuery({
    queryKey: ["coverage", "vault by system"], queryFn: () => ask(api.GET("/v1/coverage", { params: { query: { control: "vault", by: "system" } } })), retry: false,
    select: (d) => new Map((d.items ?? []).map((r): [string, Counts] => [r.key, r.total])),
  });
}

interface Choosing {
  chosen: string[];
  onChoose: (account: string, on: boolean) => void;
}

// What can be chosen, by whoever takes over: an account with all that opens it.
function columns(names: Record<string, string>, cover: Map<string, Counts> | undefined, choosing: Choosing | undefined): Column<Candidate>[] {
  const what = (c: Candidate) => (c.account ? <Named of={thing(c.account, names)} /> : names[c.place ?? ""] ?? "a place that you may not know of");
  const choose: Column<Candidate>[] = choosing ? [{
    id: "choose", header: "Choose", tight: true,
    cell: (c) => c.account && <Checkbox aria-label={`Take over ${names[c.account] ?? "it"} in ${names[c.system] ?? "its system"}, ${kindOf(c.kind).label}`} disabled={Boolean(c.not)} checked={choosing.chosen.includes(c.account)} onChange={(e) => choosing.onChoose(c.account ?? "", e.currentTarget.checked)} />,
  }] : [];
  return [
    ...choose,
    { id: "what", header: "What", cell: (c) => <div><span className={tableClass.main}>{what(c)}</span><span className={tableClass.sub}>in {names[c.system] ?? "a system"}{c.is && `, ${(kindNames[c.is] ?? said(c.is)).toLowerCase()}`}</span></div> },
    { id: "kind", header: "Opens with", tight: true, cell: (c) => <Mark tone="none" sign={kindOf(c.kind).sign} bare>{kindOf(c.kind).label}{(c.keys ?? 0) > 1 && ` (${c.keys})`}</Mark> },
    { id: "tier", header: "Gives", tight: true, cell: (c) => (c.tier < 0 ? <span className="quiet">–</span> : <Mark tone={c.tier === 0 ? "bad" : c.tier === 1 ? "warn" : "none"}>{capital(tierWords(c.tier))}</Mark>) },
    { id: "why", header: "Because", cell: (c) => <ul className={css.reasons}>{(c.why ?? []).map((w) => <li key={w}>{capital(w)}</li>)}</ul> },
    { id: "users", header: "Used by", numeric: true, cell: (c) => (c.kind === "embedded" ? <span className="quiet">–</span> : count(c.consumers)) },
    { id: "used", header: "Last used", tight: true, cell: (c) => (c.kind === "embedded" ? <span className="quiet">–</span> : c.usage_known ? <Time at={c.last_used} /> : <span className="quiet">not known</span>) },
    { id: "covered", header: "Its system", cell: (c) => <Link to="/coverage/evidence" search={{ system: c.system, control: "vault", state: "missing" } as never}>{covered(cover?.get(c.system))}</Link> },
    { id: "can", header: "Can Writ take it over?", cell: (c) => <Can of={c} /> },
  ];
}

// Can says whether Writ takes something over, and what whoever uses it will meet.
export function Can({ of: c }: { of: Candidate }) {
  if (c.not) return <p className={css.not}>No: {c.not}</p>;
  const warnings = c.warnings ?? [];
  return warnings.length === 0 ? <Mark tone="good" bare>Yes</Mark> : <div><Mark tone="warn" bare>Yes, but</Mark>{warnings.map((w) => <p key={w} className={css.warns}>{capital(w)}</p>)}</div>;
}

// Candidates answers what opens privileged and shared accounts and lies in no safe.
export function Candidates() {
  const list = useList();
  const me = useMe();
  const [chosen, setChosen] = useState<string[]>([]);
  const [taking, setTaking] = useState(false);
  const kind = list.text("kind") as "password" | "ssh_key" | "embedded" | undefined;
  const is = list.text("is") as "admin" | undefined;
  const tier = list.text("tier");
  const candidates = useCandidates({ system: list.text("system"), kind, is, tier: tier === undefined ? undefined : Number(tier) });
  const cover = useCovered();
  const names = candidates.data?.names ?? {};
  const q = list.text("q") ?? "";
  const can = list.text("can");
  const all = candidates.data && found(candidates.data.items ?? [], names, q).filter((c) => can === undefined || (can === "yes") === !c.not);
  const rows = all?.slice((list.page - 1) * shownAtOnce, list.page * shownAtOnce);
  const may = (me.data?.may ?? []).includes("account.keep");
  const open = free(all ?? []);
  const taken = chosen.filter((id) => open.includes(id));
  const onChoose = (account: string, on: boolean) => setChosen(on ? [...chosen, account] : chosen.filter((id) => id !== account));
  const narrowed = [q, can, kind, is, tier, list.text("system")].some((x) => x !== undefined && x !== "");
  const of = (fits: (c: Candidate) => boolean) => all && all.filter(fits).length;
  return (
    <Page
      title="What opens privileged accounts, and lies in no safe?" lead="What somebody knows, Writ does not keep. Taking it over sets another value, which nobody has seen, and signs in with it before it counts."
      actions={may && <Button disabled={taken.length === 0} onClick={() => setTaking(true)}>{taken.length === 0 ? "Take over" : `Take over ${taken.length}`}</Button>}
    >
      {!candidates.error && (
        <Figures items={[
          { value: count(all?.length), label: "lie in no safe", tone: all?.length ? "warn" : "good" },
          { value: count(of((c) => c.tier === 0)), label: "of tier 0", tone: of((c) => c.tier === 0) ? "bad" : undefined },
          { value: count(of((c) => c.is === "shared")), label: "of shared accounts" },
          { value: count(of((c) => c.kind === "embedded")), label: "are embedded", note: "of which the place is known", to: "/onboarding", search: { kind: "embedded" } },
          { value: count(of((c) => !c.not)), label: "can be taken over", to: "/onboarding", search: { can: "yes" } },
        ]}
        />
      )}
      <Table
        name="Candidates" columns={columns(names, cover.data, may ? { chosen, onChoose } : undefined)} rows={rows} rowKey={keyOf} list={list} total={all?.length} stale={candidates.isPlaceholderData}
        next={all && all.length > list.page * shownAtOnce ? String(list.page + 1) : undefined}
        failure={candidates.error && <Failed error={candidates.error} onRetry={() => void candidates.refetch()} />}
        empty={narrowed ? <Blank title="Nothing fits" text="Of what you may see." actions={<Link to="/onboarding">Show all</Link>} /> : <Blank sign={IconShieldCheck} title="All of it lies in safes" text="No privileged or shared account that you may see opens with anything else." />}
        tools={(
          <>
            <SearchField list={list} label="Account, place, system or reason" width="15rem" />
            <SystemField list={list} />
            <ChoiceField list={list} name="kind" label="Opens with" width="10.5rem" choices={kindChoices} />
            <ChoiceField list={list} name="is" label="Kind of account" width="10.5rem" choices={["admin", "service", "shared", "break_glass", "built_in"].map((k) => ({ value: k, label: kindNames[k] ?? k }))} />
            <ChoiceField list={list} name="tier" label="Tier" width="9.5rem" choices={[{ value: "0", label: "Tier 0" }, { value: "1", label: "Tiers 0 and 1" }, { value: "2", label: "Tiers 0 to 2" }]} />
            <ChoiceField list={list} name="can" label="Taken over" width="10rem" choices={[{ value: "yes", label: "Writ can" }, { value: "no", label: "Writ cannot" }]} />
            {may && open.length > 0 && <Button variant="default" size="xs" onClick={() => setChosen(taken.length === open.length ? [] : open)}>{taken.length === open.length ? "Choose none" : `Choose all ${open.length} that can be`}</Button>}
          </>
        )}
      />
      <Earlier />
      {taking && <TakeOver accounts={taken} kind={kind === "embedded" ? undefined : kind} onClose={() => setTaking(false)} />}
    </Page>
  );
}

// Earlier is what was taken over together before.
function Earlier() {
  const all = useOnboardings();
  return (
    <Panel title="What was taken over" flush>
      <Answer to={all} lines={2}>
        {(d) => ((d.items ?? []).length === 0 ? <Blank title="Nothing was taken over yet" text="Or nothing that you may see." /> : (
          <Rows items={(d.items ?? []).map((o) => ({
            key: o.id, below: true, title: <Link to="/onboarding/$id" params={{ id: o.id }}>Into {o.names[o.safe] ?? "a safe"}, <Time at={o.at} /></Link>,
            note: <>“{o.reason}”, by {o.names[o.by] ?? o.by}</>, end: <span className="quiet">{countWords(o.counts)}</span>,
          }))}
          />
        ))}
      </Answer>
    </Panel>
  );
}
