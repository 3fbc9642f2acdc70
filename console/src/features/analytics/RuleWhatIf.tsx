import { Button, Select, Textarea } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState, type FormEvent } from "react";
import { api, ask } from "../../client/client";
import type { ItemOf } from "../../client/types";
import { Bones } from "../../ui/Bones";
import { count } from "../../ui/Figures";
import { Panel } from "../../ui/Panel";
import { Time } from "../../ui/Time";
import ui from "../../ui/ui.module.css";
import { clearButton } from "../../ui/clear";
import { Tier } from "../access/marks";
import { Named } from "../access/Named";
import { Effect, useEffectOf, type Tried } from "../lifecycle/Effect";
import { Gives, useGives } from "../lifecycle/Gives";
import css from "./analytics.module.css";
import { AtPlace } from "./AtPlace";
import { periods, usualDays } from "./words";

type Taken = ItemOf<"simulate-rule">;

const unnamed = "what-if"; // a rule that nobody has kept

interface Asked {
  rule: Tried;
  days: number;
}

// RuleWhatIf tries a birthright rule on who people are now, and on what was used.
export function RuleWhatIf() {
  const [from, setFrom] = useState<string | null>(null);
  const [when, setWhen] = useState("");
  const gives = useGives();
  const [days, setDays] = useState(usualDays);
  const [asked, setAsked] = useState<Asked>();
  const rules = useQuery({ queryKey: ["birthrights"], queryFn: () => ask(api.GET("/v1/birthrights")) });
  const known = rules.data?.items ?? [];
  const now: Asked = { rule: { name: from ?? unnamed, when: when.trim(), ...gives.body, mode: "enforce" }, days };
  const outcome = useOutcome(asked);
  const begin = (name: string | null) => {
    setFrom(name);
    const r = known.find((k) => k.name === name);
    if (!r) return;
    setWhen(r.when);
    gives.begin(r);
  };
  const submit = (e: FormEvent) => {
    e.preventDefault();
    setAsked(now);
  };
  return (
    <div className={ui.grid}>
      <div className={ui.column}>
        <Panel title="The rule">
          <form onSubmit={submit} className={css.form}>
            <Select label="Begin with" description="A rule that there is, changed as you like; or nothing, for a new one" placeholder="A new rule" clearable clearButtonProps={clearButton("Begin with")} data={known.map((r) => r.name)} value={from} onChange={begin} />
            <Textarea
              label="Whom it is for" required autosize minRows={2} maxLength={4000} spellCheck={false} value={when} onChange={(e) => setWhen(e.currentTarget.value)}
              description={'CEL over identity.kind, .state, .employer, .unit, .title, .third_party and identity.attributes.NAME, such as identity.unit == "Treasury"'}
            />
            {asked && <AtPlace error={outcome.error} text={asked.rule.when} />}
            <Gives of={gives} />
            <Select label="Use in the last" data={periods} value={String(days)} allowDeselect={false} onChange={(v) => setDays(Number(v ?? usualDays))} />
            <div className={css.foot}><Button type="submit" disabled={now.rule.when === "" || !gives.whole}>Try it</Button></div>
          </form>
        </Panel>
        {asked && !outcome.error && (
          <Panel title={`Would it have blocked anything in the last ${asked.days} days?`}>
            {(asked.rule.entitlements ?? []).length === 0 ? <p className="quiet">The rule gives roles only. What a role gives is looked at with <Link to="/roles">its draft</Link>.</p> : outcome.taken.data ? <Lost of={outcome.taken.data.items ?? []} /> : <Bones lines={4} />}
          </Panel>
        )}
      </div>
      <Panel title="Today, were it enforced" note={asked && !outcome.error && JSON.stringify(asked) !== JSON.stringify(now) ? "of what you tried last" : undefined}>
        {!asked ? <p className="quiet">Say whom it is for and what it gives, and try it. You see who would gain and lose something today, and who used in the period what they would lose.</p>
          : outcome.error ? <p className="quiet">What is wrong with it is shown where it is.</p> : outcome.effect.data ? <Effect of={outcome.effect.data} /> : <Bones lines={4} />}
        {asked && outcome.effect.data && <p className={css.on}>{asked.rule.name === unnamed ? <Link to="/birthrights/new">Keep a rule like it, observing</Link> : <Link to="/birthrights/$name" params={{ name: asked.rule.name }}>Change the rule itself</Link>}</p>}
      </Panel>
    </div>
  );
}

// useOutcome is what a rule would do, and what it would have taken.
function useOutcome(asked?: Asked) {
  const effect = useEffectOf(asked?.rule ?? { name: unnamed, when: "", mode: "enforce" }, asked !== undefined);
  const taken = useQuery({
    queryKey: ["analytics", "rule", asked], enabled: asked !== undefined && (asked.rule.entitlements ?? []).length > 0, retry: false,
    queryFn: () => ask(api.POST("/v1/analytics/rules/simulate", { body: { condition: asked!.rule.when, entitlements: asked!.rule.entitlements ?? [], days: asked!.days } })),
  });
  return { effect, taken, error: effect.error ?? taken.error };
}

// Lost is what a rule would have taken, were it the only reason to have something.
function Lost({ of }: { of: Taken[] }) {
  const sum = (f: (t: Taken) => number) => of.reduce((n, t) => n + f(t), 0);
  const inUse = of.flatMap((t) => (t.in_use ?? []).map((u) => ({ ...u, what: t.entitlement })));
  const [used, unknown] = [sum((t) => t.used), sum((t) => t.unknown)];
  return (
    <div className={css.stack}>
      <p>
        {used > 0 ? `Yes: ${count(used)} used what they would have lost, were the rule the only reason to have it.` : sum((t) => t.lose) === 0 ? "No: nobody would have lost anything, were the rule the only reason to have it." : "Nobody is known to have used what they would have lost, were the rule the only reason to have it."}
        {unknown > 0 && ` Of ${count(unknown)} it is not known whether they used it.`}
      </p>
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <div className={css.scroll} role="region" aria-label="What it would have taken" tabIndex={0}>
        <table className={css.table}>
          <thead><tr><th scope="col">Entitlement</th><th scope="col" className={css.n}>Have it</th><th scope="col" className={css.n}>Would lose it</th><th scope="col" className={css.n}>Used it</th><th scope="col" className={css.n}>Did not</th><th scope="col" className={css.n}>Not known</th></tr></thead>
          <tbody>
            {of.map((t) => <tr key={t.entitlement.id}><td><Named of={t.entitlement} /> <Tier of={t.tier} /></td><td className={css.n}>{count(t.holders)}</td><td className={css.n}>{count(t.lose)}{t.doubtful > 0 && <div className="quiet">{count(t.doubtful)} in doubt</div>}</td><td className={css.n}>{count(t.used)}</td><td className={css.n}>{count(t.unused + t.recent)}</td><td className={css.n}>{count(t.unknown)}</td></tr>)}
          </tbody>
        </table>
      </div>
      {inUse.length > 0 && (
        <div>
          <h3>Who would have lost what they used</h3>
          <div className={css.people}>{inUse.map((u) => <span key={`${u.identity.id}${u.what.id}`}><Named of={u.identity} /> <span className="quiet">{of.length > 1 && `${u.what.name}, `}<Time at={u.last_used} absolute /></span></span>)}{used > inUse.length && <span className="quiet">and {count(used - inUse.length)} more</span>}</div>
        </div>
      )}
    </div>
  );
}
