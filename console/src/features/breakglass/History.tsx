import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Panel } from "../../ui/Panel";
import { Time } from "../../ui/Time";
import type { Tone } from "../../ui/tone";
import type { SecretLine } from "../vault/vault";
import type { Kit, Opening } from "./breakglass";
import css from "./breakglass.module.css";
import { Proved } from "./Drill";
import { listed, openingWords } from "./words";

interface Event {
  key: string;
  at: string;
  tone?: Tone;
  what: ReactNode;
  detail?: ReactNode;
}

// History is what became of a kit: issued, picked up, opened, merged, reviewed, and which of
// its secrets has another value since. The newest is first.
export function History({ of: k, secrets }: { of: Kit; secrets: SecretLine[] }) {
  const called = (id: string | undefined) => (id ? k.names[id] ?? id : "");
  const events: Event[] = [
    { key: "made", at: k.made, what: `Edition ${k.edition} was issued`, detail: k.edition === 1 ? `by ${called(k.by)}: “${k.reason}”` : "of what its secrets were then" },
    ...(k.holders ?? []).filter((h) => h.picked_up && !h.token).map((h): Event => ({ key: `share ${h.share}`, at: h.picked_up ?? "", what: `${called(h.identity)} picked up share ${h.share}` })),
    ...(k.secrets ?? []).filter((s) => s.rotated && !s.gone).flatMap((s): Event[] => {
      const since = secrets.find((x) => x.id === s.secret)?.since;
      return since ? [{ key: `rotated ${s.secret}`, at: since, tone: "warn", what: <>{called(s.secret)} was given another value</>, detail: "the file holds the one before" }] : [];
    }),
    ...(k.opened ?? []).flatMap((b) => opening(b, called, k)),
    ...(k.retired ? [{ key: "retired", at: k.retired, what: "It was retired" }] : []),
  ].sort((a, b) => Date.parse(b.at) - Date.parse(a.at));
  return (
    <Panel title="What became of it">
      <ol className={css.story} aria-label="History">
        {events.map((e) => (
          <li key={e.key} className={css.event} data-tone={e.tone}>
            <div className={css.head}><span>{e.what}</span><span className="quiet"><Time at={e.at} /></span></div>
            {e.detail && <div className={css.detail}>{e.detail}</div>}
          </li>
        ))}
      </ol>
    </Panel>
  );
}

function opening(b: Opening, called: (id: string | undefined) => string, { names, secrets }: Kit): Event[] {
  const words = openingWords(b);
  const there = `${listed(b.people ?? [])} said that they were there: “${b.reason}”`;
  if (b.drill) return [{ key: b.id, at: b.opened, tone: words.tone, what: words.label, detail: <>{there}, of edition {b.edition}.<Proved of={b} names={names} /></> }];
  const exposed = (b.exposed ?? []).map(called);
  const still = (b.exposed ?? []).filter((id) => (secrets ?? []).some((s) => s.secret === id && !s.rotated && !s.gone)).map(called);
  const events: Event[] = [
    { key: b.id, at: b.opened, tone: "bad", what: "It was opened, by its record", detail: <>{there}, with the shares of {listed((b.openers ?? []).map(called))}. {exposed.length === 0 ? "Nothing was shown." : <>{b.closed ? "Shown" : "The record has no end, so all of it counts as shown"}: {listed(exposed)}. {still.length === 0 ? "All of it was changed since" : <strong>Not changed yet: {listed(still)}</strong>}.</>}</> },
    { key: `${b.id} merged`, at: b.merged, what: "Its record was merged", detail: `by ${called(b.merged_by)}, with ${b.entries} entries` },
  ];
  if (b.verdict && b.reviewed) events.push({ key: `${b.id} reviewed`, at: b.reviewed, tone: words.tone, what: "The opening was reviewed", detail: b.review && <><Link to="/approvals/$id" params={{ id: b.review }}>What was said</Link></> });
  return events;
}
