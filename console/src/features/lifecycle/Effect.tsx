import { useQuery } from "@tanstack/react-query";
import type { operations } from "../../api/schema";
import { api, ask } from "../../client/client";
import type { AnswerOf } from "../../client/types";
import { count, Figures } from "../../ui/Figures";
import { Named, type NamedThing } from "../access/Named";
import css from "./lifecycle.module.css";
import { Without } from "./Without";

export type Tried = operations["try-birthright"]["requestBody"]["content"]["application/json"];
type Change = AnswerOf<"try-birthright">;

// useEffectOf is who would gain and who lose, were a rule so. Nothing is kept.
export function useEffectOf(rule: Tried, enabled = true) {
  return useQuery({ queryKey: ["birthrights", rule.name, "effect", rule], enabled, retry: false, queryFn: () => ask(api.POST("/v1/birthrights/effect", { body: rule })) });
}

// Effect is who would gain and who would lose.
export function Effect({ of: e }: { of: Change }) {
  const first = e.first ?? [];
  const more = Math.max(e.gaining, e.losing) - first.length;
  return (
    <div className={css.effect}>
      <Figures items={[
        { value: count(e.losing), label: "lose something", tone: e.losing > 0 ? "warn" : undefined },
        { value: count(e.gaining), label: "gain something", tone: e.gaining > 0 ? "good" : undefined },
        { value: count(e.members), label: "meet it", note: e.joining + e.leaving > 0 ? `${count(e.joining)} anew, ${count(e.leaving)} no more` : undefined },
        ...(e.doubtful > 0 ? [{ value: count(e.doubtful), label: "in doubt", note: "for them nothing changes", tone: "mild" as const }] : []),
      ]}
      />
      {(e.gives ?? []).length > 0 && (
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        <div className={css.scroll} role="region" aria-label="By entitlement" tabIndex={0}>
          <table className={css.table}>
            <thead><tr><th scope="col">Entitlement</th><th scope="col" className={css.n}>Gain it</th><th scope="col" className={css.n}>Lose it</th></tr></thead>
            <tbody>{(e.gives ?? []).map((g) => <tr key={g.entitlement.id}><td><Named of={g.entitlement} /></td><td className={css.n}>{count(g.gain)}</td><td className={css.n}>{count(g.lose)}</td></tr>)}</tbody>
          </table>
        </div>
      )}
      {first.length > 0 && (
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        <div className={css.scroll} role="region" aria-label="By person" tabIndex={0}>
          <table className={css.table}>
            <thead><tr><th scope="col">Person</th><th scope="col">Gains</th><th scope="col">Loses</th></tr></thead>
            <tbody>
              {first.slice(0, firstPage).map((p) => <tr key={p.identity.id}><td><Named of={p.identity} /></td><td><Things of={p.gains ?? []} /></td><td><Things of={p.loses ?? []} /></td></tr>)}
            </tbody>
          </table>
        </div>
      )}
      {first.length > firstPage || more > 0 ? <p className="quiet">and {count(Math.max(first.length - firstPage, 0) + Math.max(more, 0))} more</p> : null}
      <Without of={e.without} />
      {first.length === 0 && e.gaining + e.losing === 0 && <p>Nobody would gain or lose anything.</p>}
    </div>
  );
}

const firstPage = 20;

function Things({ of }: { of: NamedThing[] }) {
  if (of.length === 0) return <span className="quiet">–</span>;
  return <>{of.map((t) => <div key={t.id}><Named of={t} /></div>)}</>;
}
