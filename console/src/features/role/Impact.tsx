import { IconAlertTriangle, IconArrowUp, IconMinus, IconPlus } from "@tabler/icons-react";
import { sentence } from "../../client/problem";
import { Answer } from "../../shell/Answer";
import { count, Figures } from "../../ui/Figures";
import { Mark } from "../../ui/Mark";
import { Panel } from "../../ui/Panel";
import { Rows } from "../../ui/Rows";
import { Tier } from "../access/marks";
import { Named } from "../access/Named";
import { useImpact, type Draft, type Impact as Change } from "./role";
import css from "./role.module.css";
import { people, some } from "./words";

const many = 100; // entitlements that are shown

// Impact is what publishing a draft would change for people, what is worst first.
export function Impact({ id, draft }: { id: string; draft: Draft }) {
  const impact = useImpact(id, draft.version);
  return <Answer to={impact} lines={6}>{(x) => <Weighed of={x} />}</Answer>;
}

function Weighed({ of: x }: { of: Change }) {
  const conflicts = x.conflicts ?? [];
  const rises = (x.rises ?? []).filter((r) => r.people.count > 0);
  const rising = rises.reduce((n, r) => n + r.people.count, 0);
  return (
    <>
      <Figures items={[
        { value: count(x.gain.count), label: "gain something", note: some(x.gain) || "nobody" },
        { value: count(x.lose.count), label: "lose something", note: some(x.lose) || "nobody" },
        { value: count(conflicts.length), label: conflicts.length === 1 ? "new conflict" : "new conflicts", tone: conflicts.length > 0 ? "bad" : undefined, note: "of duties" },
        { value: count(rising), label: "reach tier 0 or 1", tone: rising > 0 ? "warn" : undefined, note: "for the first time" },
      ]}
      />
      {conflicts.length > 0 && (
        <Panel title="What nobody should hold together" flush>
          <Rows items={conflicts.map((c, i) => ({
            key: String(i), start: <Mark tone="bad" sign={IconAlertTriangle}>Conflict</Mark>, title: <><Named of={c.entitlements?.[0]} /> and <Named of={c.entitlements?.[1]} /></>,
            note: <>{sentence(c.why)} {c.within ? "The role itself gives both" : `${people(c.holders.count)} would hold both`}{c.holders.count > 0 && `: ${some(c.holders)}`}.</>,
          }))}
          />
        </Panel>
      )}
      {rises.length > 0 && (
        <Panel title="Who reaches tier 0 or 1 for the first time" flush>
          <Rows items={rises.map((r) => ({ key: String(r.tier), start: <Tier of={r.tier} />, title: people(r.people.count), note: some(r.people, 10) }))} />
        </Panel>
      )}
      <Panel title="What changes, by entitlement" note={`${people(x.people)} ${x.people === 1 ? "has" : "have"} the role now`} flush>
        <Shifts of={x} />
      </Panel>
    </>
  );
}

function Shifts({ of: x }: { of: Change }) {
  const moved = (x.entitlements ?? []).filter((s) => s.gain.count + s.lose.count > 0);
  const all = moved.length > 0 ? moved : x.entitlements ?? []; // where nobody has it, what it would give counts
  const given = [...(x.rules ?? []).map((rule) => `The birthright rule ${rule} gives it.`), ...(x.retires ?? []).map((name) => `${name} ends with it.`)];
  return (
    <>
      {moved.length === 0 && <p className={css.advice}>Nobody gains or loses anything: {x.people === 0 ? "nobody has the role yet." : "what its people have stays the same."}{all.length > 0 && " What it concerns:"}</p>}
      <Rows items={all.slice(0, many).map((s) => ({
        key: s.entitlement.id || s.entitlement.name, start: <Tier of={s.tier} />, title: <Named of={s.entitlement} />,
        note: s.gain.count + s.lose.count > 0 && (
          <span className={css.shifts}>
            {s.gain.count > 0 && <span><Mark tone="good" sign={IconPlus} bare>{people(s.gain.count)} {s.gain.count === 1 ? "gains" : "gain"} it</Mark> {s.new < s.gain.count && `${count(s.gain.count - s.new)} hold it already`} {some(s.gain)}</span>}
            {s.lose.count > 0 && <span><Mark tone="bad" sign={IconMinus} bare>{people(s.lose.count)} {s.lose.count === 1 ? "loses" : "lose"} it</Mark> {some(s.lose)}</span>}
          </span>
        ),
      }))}
      />
      {all.length > many && <p className={css.more}><span className="quiet">The first {count(many)} of {count(all.length)}, the worst tier first.</span></p>}
      {given.length > 0 && <ul className={`${css.list} ${css.more}`}>{given.map((text) => <li key={text}><Mark tone="calm" sign={IconArrowUp} bare>{text}</Mark></li>)}</ul>}
    </>
  );
}
