import { Button, Select, Textarea, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { api, ask } from "../../client/client";
import { sentence } from "../../client/problem";
import type { AnswerOf } from "../../client/types";
import { Answer } from "../../shell/Answer";
import { count, Figures } from "../../ui/Figures";
import { Mark } from "../../ui/Mark";
import { Panel } from "../../ui/Panel";
import { Time } from "../../ui/Time";
import ui from "../../ui/ui.module.css";
import { Named } from "../access/Named";
import css from "./analytics.module.css";
import { AtPlace } from "./AtPlace";
import { examples } from "./examples";
import { periods, usualDays } from "./words";

type Now = AnswerOf<"simulate-policy">;
type Then = AnswerOf<"simulate-policy-history">;

interface Asked {
  name: string;
  text: string;
  from: string;
}

const shown = 20;

// PolicyWhatIf tries policies on everybody and everything, and on what people did. It
// begins with a document's draft, or else with what is published of it, where one is named.
export function PolicyWhatIf({ document }: { document?: string }) {
  const kept = useQuery({ queryKey: ["policies", document, "text"], enabled: document !== undefined, staleTime: Infinity, queryFn: () => ask(api.GET("/v1/policies/{id}", { params: { path: { id: document! } } })) });
  if (document === undefined) return <Try name="house" text="" />;
  return <Answer to={kept} lines={8}>{(d) => <Try name={d.name} text={(d.draft ?? d.published)?.text ?? ""} />}</Answer>;
}

function Try(begin: { name: string; text: string }) {
  const [name, setName] = useState(begin.name);
  const [text, setText] = useState(begin.text);
  const [days, setDays] = useState(usualDays);
  const [asked, setAsked] = useState<Asked>();
  const submit = (e: FormEvent) => {
    e.preventDefault();
    setAsked({ name: name.trim(), text, from: new Date(Date.now() - days * 86_400_000).toISOString() });
  };
  const body = { name: asked?.name ?? "", text: asked?.text ?? "", limit: shown };
  const now = useQuery({ queryKey: ["policies", "simulate", asked], retry: false, enabled: asked !== undefined, queryFn: () => ask(api.POST("/v1/policies/simulate", { body })) });
  const then = useQuery({ queryKey: ["policies", "history", asked], retry: false, enabled: now.data !== undefined, queryFn: () => ask(api.POST("/v1/policies/simulate/history", { body: { ...body, from: asked!.from } })) });
  const stale = asked !== undefined && (asked.text !== text || asked.name !== name.trim());
  return (
    <div className={ui.column}>
      <Panel title="The policies">
        <form onSubmit={submit} className={css.form}>
          <Select label="Begin with" placeholder="An example" data={examples.map((e) => e.label)} value={null} onChange={(label) => setText(examples.find((e) => e.label === label)?.text ?? text)} />
          <Textarea label="Policies in Cedar" description="Each with its @id and @reason. They are tried as if they were enforced, beside those in force." required autosize minRows={4} maxRows={20} maxLength={262144} spellCheck={false} value={text} onChange={(e) => setText(e.currentTarget.value)} />
          {asked && <AtPlace error={now.error} text={asked.text} />}
          <div className={css.pair}>
            <TextInput label="Document" description="One in force that is called so is replaced" required maxLength={100} spellCheck={false} value={name} onChange={(e) => setName(e.currentTarget.value)} />
            <Select label="What was done in the last" description="Changes that people made, by the audit log" data={periods} value={String(days)} allowDeselect={false} onChange={(v) => setDays(Number(v ?? usualDays))} />
          </div>
          <div className={css.foot}><Button type="submit" disabled={text.trim() === "" || name.trim() === ""}>Try it</Button></div>
        </form>
      </Panel>
      {asked && !now.error && (
        <>
          <Panel title="Whom they would permit and forbid today" note={stale ? "of what you tried last" : undefined}><Answer to={now} lines={5}>{(n) => <Today of={n} />}</Answer></Panel>
          <Panel title="Would they have refused anything that was done?" note={stale ? "of what you tried last" : undefined}><Answer to={then} lines={5}>{(t) => <Past of={t} />}</Answer></Panel>
        </>
      )}
    </div>
  );
}

// Today is what policies would change for everybody as they are.
export function Today({ of: n }: { of: Now }) {
  const changes = n.changes ?? [];
  return (
    <div className={css.stack}>
      <Figures items={[
        { value: count(n.permits), label: n.permits === 1 ? "case would be permitted" : "cases would be permitted", note: "forbidden now", tone: n.permits > 0 ? "bad" : undefined },
        { value: count(n.forbids), label: n.forbids === 1 ? "case would be forbidden" : "cases would be forbidden", note: "permitted now", tone: n.forbids > 0 ? "warn" : undefined },
        { value: count(n.other), label: "with other obligations", note: "a reason, a second factor, an approval" },
        { value: count(n.tried), label: "decisions tried", note: (n.actions ?? []).length === 0 ? "they make no difference to any action" : `on ${n.actions!.slice(0, 4).join(", ")}${n.actions!.length > 4 ? ` and ${count(n.actions!.length - 4)} more` : ""}` },
      ]}
      />
      {changes.length === 0 ? <p>Nothing would change for anybody.</p> : (
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        <div className={css.scroll} role="region" aria-label="What would change" tabIndex={0}>
          <table className={`${css.table} ${css.wide}`}>
            <thead><tr><th scope="col">Then</th><th scope="col">Who</th><th scope="col">Does</th><th scope="col">To what</th><th scope="col">Why</th></tr></thead>
            <tbody>
              {changes.map((c, i) => (
                <tr key={i}>
                  <td><Verdict before={c.before.effect} after={c.after.effect} /></td>
                  <td>{c.who}<div className="quiet">{count(c.people)} {c.people === 1 ? "person" : "people"}</div></td>
                  <td>{c.action}{c.with && <div className="quiet">{c.with}</div>}</td>
                  <td>{c.what}{c.objects > 0 && <div className="quiet">{count(c.objects)} of them</div>}{c.how && <div className="quiet">{c.how}</div>}</td>
                  <td><span className="quiet">{sentence(c.after.explanation)}</span></td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {n.permits + n.forbids + n.other > changes.length && <p className="quiet">The first {count(changes.length)} of {count(n.permits + n.forbids + n.other)}.</p>}
    </div>
  );
}

function Verdict({ before, after }: { before: string; after: string }) {
  if (before === after) return <Mark tone="mild">Other obligations</Mark>;
  return after === "permit" ? <Mark tone="bad">Permitted</Mark> : <Mark tone="warn">Forbidden</Mark>;
}

function Past({ of: t }: { of: Then }) {
  const records = t.records ?? [];
  return (
    <div className={css.stack}>
      <Figures items={[
        { value: count(t.refused), label: "would have been refused", note: `of ${count(t.decided)} changes that people made`, tone: t.refused > 0 ? "warn" : undefined },
        { value: count(t.obliged), label: "would have taken more", note: "a reason, a second factor, an approval" },
        { value: count(t.unclear), label: "cannot be told", note: "today’s policies would not permit them either" },
      ]}
      />
      <p className="quiet">From <Time at={t.from} absolute /> to <Time at={t.to} absolute />. Who did it counts as who they were then; what it was done to, as it is now. What was only read is not recorded.</p>
      {(t.actions ?? []).length > 0 && (
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        <div className={css.scroll} role="region" aria-label="By action" tabIndex={0}>
          <table className={css.table}>
            <thead><tr><th scope="col">Action</th><th scope="col" className={css.n}>Refused</th><th scope="col" className={css.n}>More to bear</th><th scope="col" className={css.n}>Cannot be told</th></tr></thead>
            <tbody>{t.actions!.map((a) => <tr key={a.action}><td>{a.action}</td><td className={css.n}>{count(a.refused)}</td><td className={css.n}>{count(a.obliged)}</td><td className={css.n}>{count(a.unclear)}</td></tr>)}</tbody>
          </table>
        </div>
      )}
      {records.length > 0 && (
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        <div className={css.scroll} role="region" aria-label="What would have been refused" tabIndex={0}>
          <table className={`${css.table} ${css.wide}`}>
            <thead><tr><th scope="col">When</th><th scope="col">Who</th><th scope="col">Did</th><th scope="col">To what</th><th scope="col">Refused by</th></tr></thead>
            <tbody>{records.map((r) => <tr key={r.record}><td><Time at={r.at} absolute /></td><td><Named of={r.actor} /></td><td>{r.action}</td><td>{r.object ? <Named of={r.object} /> : <span className="quiet">–</span>}</td><td>{(r.decision.policies ?? []).join(", ")}</td></tr>)}</tbody>
          </table>
        </div>
      )}
      {records.length > 0 && t.refused > records.length && <p className="quiet">The newest {count(records.length)} of {count(t.refused)}.</p>}
      {t.hidden > 0 && <p className="quiet">{count(t.hidden)} of the refused are listed to who may read the audit log.</p>}
    </div>
  );
}
