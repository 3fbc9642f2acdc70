import { ActionIcon, Button, Tooltip } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { IconArrowBackUp, IconPlus, IconX } from "@tabler/icons-react";
import { useState } from "react";
import { api, ask } from "../../../client/client";
import { Answer, Failed } from "../../../shell/Answer";
import { Blank } from "../../../ui/Blank";
import { count, Figures } from "../../../ui/Figures";
import { Page } from "../../../ui/Page";
import { Panel } from "../../../ui/Panel";
import { Rows } from "../../../ui/Rows";
import ui from "../../../ui/ui.module.css";
import { Tier } from "../../access/marks";
import { MayButton } from "../../access/MayButton";
import { Named, placeOf, type NamedThing } from "../../access/Named";
import { PartField } from "../PartField";
import { people } from "../words";
import { Adopt, Reconsider, Reject, type Edits } from "./Decide";
import { Drawing } from "./Drawing";
import { CandidateState } from "./marks";
import css from "./mine.module.css";
import { Names } from "./Names";
import { candidateKey, percent, ruleText, titleOf, runTrail, useCandidate, useRun, type Candidate as Found, type Drawn, type Picture, type Run } from "./mining";

// Candidate answers whether one candidate is a role: who would be in it, what they hold now,
// what explains that, who stands out, and what would become redundant.
export function Candidate() {
  const { run, place } = useParams({ strict: false }) as { run: string; place: string };
  const [of, found] = [useRun(run), useCandidate(run, Number(place))];
  const trail = [...runTrail, { label: "Candidates", to: `/roles/mining/${run}` }];
  if (!found.data || !of.data) return <Page title="Candidate" trail={trail}><Panel>{found.error ? <Failed error={found.error} onRetry={() => void found.refetch()} /> : <Answer to={of} lines={8}>{() => null}</Answer>}</Panel></Page>;
  return <Known key={`${run}/${place}`} run={of.data} of={found.data} trail={trail} />;
}

function Known({ run, of, trail }: { run: Run; of: Found; trail: { label: string; to: string }[] }) {
  const [added, setAdded] = useState<NamedThing[]>([]);
  const [dropped, setDropped] = useState<Drawn[]>([]);
  const edits: Edits = { add: added.map((a) => a.id), drop: dropped.map((d) => d.entitlement.id) };
  const drawn = useQuery({
    queryKey: [...candidateKey(run.id, of.place), "picture", edits], placeholderData: keepPreviousData,
    queryFn: () => ask(api.POST("/v1/role-mining/{id}/candidates/{place}/picture", { params: { path: { id: run.id, place: of.place } }, body: edits })),
  });
  const add = (part: NamedThing) => {
    if (dropped.some((d) => d.entitlement.id === part.id)) setDropped(dropped.filter((d) => d.entitlement.id !== part.id));
    else if (!added.some((a) => a.id === part.id)) setAdded([...added, part]);
  };
  const drop = (line: Drawn) => {
    if (added.some((a) => a.id === line.entitlement.id)) setAdded(added.filter((a) => a.id !== line.entitlement.id));
    else setDropped([...dropped, line]);
  };
  const reset = () => { setAdded([]); setDropped([]); };
  return (
    <Page
      title={`Is “${titleOf(of)}” a role?`} trail={trail}
      lead={of.rule?.explains ? `${ruleText(of.rule)} ${of.rule.precision === 1 ? "are" : "would be"} in it, and ${percent(of.rule.recall)} of its people are covered by that.` : "Look at what it gives and at who holds it: no rule on what is known of people says who is in it."}
      marks={<div className={css.marks}><CandidateState of={of.state} />{of.role && <span><Named of={of.role} /></span>}{of.rejected && <span className="quiet">“{of.rejected}”</span>}</div>}
      actions={<Actions run={run} of={of} edits={edits} gives={(drawn.data?.gives ?? []).length} />}
    >
      <Answer to={drawn} lines={10}>
        {(p) => (
          <>
            <Numbers of={p} by={of} />
            <Panel title="Who holds what now" note="alike ones are drawn once"><Drawing of={p} /></Panel>
            <div className={css.two}>
              <Gives of={p} state={of.state} dropped={dropped} changed={added.length + dropped.length} onAdd={add} onDrop={drop} onReset={reset} />
              <div className={ui.column}><Explains of={of} run={run} /><Outliers of={of} /><People of={of} /></div>
            </div>
          </>
        )}
      </Answer>
    </Page>
  );
}

function Actions({ run, of, edits, gives }: { run: Run; of: Found; edits: Edits; gives: number }) {
  const [open, setOpen] = useState<"adopt" | "reject" | "again">();
  const may = run.may?.["role.change"];
  const close = () => setOpen(undefined);
  return (
    <>
      {of.state === "rejected" && <MayButton may={may} variant="default" onClick={() => setOpen("again")}>Propose it again</MayButton>}
      {of.state === "open" && <MayButton may={may} variant="default" onClick={() => setOpen("reject")}>Reject</MayButton>}
      {of.state === "open" && <MayButton may={may} onClick={() => setOpen("adopt")}>Make it a draft</MayButton>}
      {(of.state === "adopted" || of.state === "there") && of.role && !of.role.hidden && <Button component={Link} to={of.state === "there" ? `/roles/${of.role.id}/migration` : `/roles/${of.role.id}`}>{of.state === "there" ? "Migrate people to it" : "Open the draft"}</Button>}
      {open === "adopt" && <Adopt run={run.id} of={of} edits={edits} gives={gives} onClose={close} />}
      {open === "reject" && <Reject run={run.id} of={of} onClose={close} />}
      {open === "again" && <Reconsider run={run.id} of={of} onClose={close} />}
    </>
  );
}

function Numbers({ of: p, by }: { of: Picture; by: Found }) {
  return (
    <Figures items={[
      { value: count(p.users), label: p.users === 1 ? "person in it" : "people in it", note: `${people(p.support)} hold${p.support === 1 ? "s" : ""} all of it` },
      { value: count((p.gives ?? []).length), label: (p.gives ?? []).length === 1 ? "entitlement" : "entitlements", note: p.same ? <>just what {p.same.hidden ? "a role" : p.same.name} gives</> : undefined },
      { value: percent(p.fit), label: "fit", note: "of what it gives is held already", tone: p.fit === 1 ? "good" : "warn" },
      { value: count(p.redundant), label: "grants redundant", note: `${count(by.redundant_by_it_alone)} by this candidate alone` },
      { value: count(p.extra), label: "would be new", note: p.extra === 0 ? "nobody gains anything" : "access that members do not have", tone: p.extra > 0 ? "warn" : "good" },
    ]}
    />
  );
}

interface GivesProps {
  of: Picture;
  state: string;
  dropped: Drawn[];
  changed: number;
  onAdd: (part: NamedThing) => void;
  onDrop: (line: Drawn) => void;
  onReset: () => void;
}

// Gives is what it would give, and what could be taken out of it or put into it before it
// is adopted; the picture follows.
function Gives({ of: p, state, dropped, changed, onAdd, onDrop, onReset }: GivesProps) {
  const open = state === "open";
  const button = (label: string, sign: typeof IconX, act: () => void) => {
    const Sign = sign;
    return <Tooltip label={label}><ActionIcon variant="subtle" color="gray" aria-label={label} onClick={act}><Sign size={16} /></ActionIcon></Tooltip>;
  };
  const line = (d: Drawn, end: React.ReactNode) => (
    <li key={d.entitlement.id}>
      <span className={css.partName}><Named of={d.entitlement} /></span>
      <span className={css.meta}><Tier of={d.tier} /><span className={css.heldBy}>{count(d.members)} of {count(p.users)}</span></span>
      {end}
    </li>
  );
  const name = (d: Drawn) => (d.entitlement.hidden ? "hidden" : d.entitlement.name);
  return (
    <div className={ui.column}>
      <Panel title="What it gives, and makes redundant" note={changed > 0 ? <Button size="compact-xs" variant="default" onClick={onReset}>Undo {changed === 1 ? "the change" : `${changed} changes`}</Button> : "grants of members"}>
        <div className={css.form}>
          <ul className={css.parts} aria-label="What it gives">
            {(p.gives ?? []).map((d) => line(d, open && (p.gives ?? []).length > 1 && button(`Leave out ${name(d)}`, IconX, () => onDrop(d))))}
            {dropped.map((d) => <li key={d.entitlement.id} className={css.out}><span className={css.partName}><s><Named of={d.entitlement} /></s></span>{button(`Take ${name(d)} back in`, IconArrowBackUp, () => onAdd(d.entitlement))}</li>)}
          </ul>
          {open && <PartField entitlementsOnly onAdd={onAdd} />}
        </div>
      </Panel>
      <Panel title="What most members hold beside" note={count((p.beside ?? []).length)}>
        {(p.beside ?? []).length === 0 ? <p className="quiet">Nothing that at least half of them hold.</p>
          : <ul className={css.parts} aria-label="What most members hold beside">{(p.beside ?? []).map((d) => line(d, open && button(`Put ${name(d)} in`, IconPlus, () => onAdd(d.entitlement))))}</ul>}
      </Panel>
    </div>
  );
}

function Explains({ of, run }: { of: Found; run: Run }) {
  const traits = of.traits ?? [];
  const all = run.totals?.users ?? 0;
  return (
    <Panel title="What its people have in common" note={of.rule?.explains ? "explained" : "not explained"}>
      {traits.length === 0 ? <p className="quiet">{run.people ? "Nothing that most of them share, and more of them than of everybody." : "What is known of people was not looked at."}</p> : (
        <table className={css.traits}>
          <thead><tr><th scope="col">Attribute</th><th scope="col">Of members</th><th scope="col">Of all</th></tr></thead>
          <tbody>
            {traits.map((t) => (
              <tr key={`${t.attribute}=${t.value}`}>
                <th scope="row"><span className="quiet">{t.attribute}</span> {t.value}</th>
                <td><span className={css.bar} style={{ "--share": `${(100 * t.members) / Math.max(1, of.users)}%` } as never}>{percent(t.members / Math.max(1, of.users))}</span></td>
                <td>{percent(t.everybody / Math.max(1, all))}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Panel>
  );
}

const few = 8;

function Outliers({ of }: { of: Found }) {
  const [near, lacking, beyond] = [of.near ?? [], of.lacking ?? [], of.beyond ?? []];
  if (near.length + lacking.length + beyond.length === 0) return <Panel title="Who stands out"><p className="quiet">Nobody.</p></Panel>;
  return (
    <Panel title="Who stands out" note={count(of.outliers)} flush>
      <Some title="Hold nearly all of it, and are not in it" of={near.map((n, i) => ({ key: `n${i}`, who: n.identity, note: `lacks ${(n.missing ?? []).map((m) => (m.hidden ? "hidden" : m.name)).join(", ")}` }))} />
      <Some title="The rule covers them, and they are not in it" of={lacking.map((who, i) => ({ key: `l${i}`, who }))} />
      <Some title="Are in it, and the rule does not cover them" of={beyond.map((who, i) => ({ key: `b${i}`, who }))} />
    </Panel>
  );
}

function Some({ title, of }: { title: string; of: { key: string; who: NamedThing; note?: string }[] }) {
  const [whole, setWhole] = useState(false);
  if (of.length === 0) return null;
  return (
    <div>
      <h3 className={css.sub}>{title} <span className="quiet">{count(of.length)}</span></h3>
      <Rows items={of.slice(0, whole ? of.length : few).map((o) => ({ key: o.key, title: o.who.hidden ? "hidden" : o.who.name, to: placeOf(o.who), note: o.note }))} />
      {!whole && of.length > few && <div className={css.all}><Button size="compact-sm" variant="subtle" onClick={() => setWhole(true)}>Show all {count(of.length)}</Button></div>}
    </div>
  );
}

function People({ of }: { of: Found }) {
  const members = of.members ?? [];
  return (
    <Panel title="Who would be in it" note={members.length < of.users ? `the first ${count(members.length)} of ${count(of.users)}` : count(of.users)}>
      {members.length === 0 ? <Blank title="Nobody" /> : <Names of={members} label="Who would be in it" />}
    </Panel>
  );
}
