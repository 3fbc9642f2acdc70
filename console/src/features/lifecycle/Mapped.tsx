import { useQuery } from "@tanstack/react-query";
import type { operations } from "../../api/schema";
import { api, ask } from "../../client/client";
import type { AnswerOf } from "../../client/types";
import { count, Figures } from "../../ui/Figures";
import { Mark } from "../../ui/Mark";
import { Named } from "../access/Named";
import css from "./lifecycle.module.css";

export type Body = operations["try-mapping"]["requestBody"]["content"]["application/json"];

export function useMapped(system: string, body: Body | undefined) {
  return useQuery({
    queryKey: ["mappings", system, "effect", body], enabled: body !== undefined, retry: false,
    queryFn: () => ask(api.POST("/v1/mappings/{system}/effect", { params: { path: { system } }, body: body! })),
  });
}

const firstPage = 20;

// Mapped are the accounts that a mapping comes to, those that are new first.
export function Mapped({ of: m }: { of: AnswerOf<"try-mapping"> }) {
  const first = (m.first ?? []).toSorted((a, b) => Number(b.new) - Number(a.new)).slice(0, firstPage);
  const fails = m.fails ?? [];
  const attributes = first.some((a) => Object.keys(a.attributes ?? {}).length > 0);
  return (
    <div className={css.effect}>
      <Figures items={[
        { value: count(m.new), label: m.new === 1 ? "account would be new" : "accounts would be new", tone: m.new > 0 ? "mild" : undefined },
        { value: count(m.needing), label: "people need one" },
        { value: count(m.failing), label: "for whom it fails", note: "for them nothing changes", tone: m.failing > 0 ? "warn" : undefined },
      ]}
      />
      {fails.length > 0 && (
        <div>
          <h3>It fails for</h3>
          {fails.slice(0, firstPage).map((f) => <p key={f.identity.id} className="within-text"><Named of={f.identity} /> <span className="quiet">{f.problem}</span></p>)}
        </div>
      )}
      {first.length > 0 && (
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        <div className={css.scroll} role="region" aria-label="Accounts" tabIndex={0}>
          <table className={css.table}>
            <thead><tr><th scope="col">Person</th><th scope="col">Login</th>{attributes && <th scope="col">Attributes</th>}<th scope="col">First password to</th></tr></thead>
            <tbody>
              {first.map((a) => (
                <tr key={a.identity.id}>
                  <td><Named of={a.identity} /></td>
                  <td><code>{a.login}</code> {a.new && <Mark tone="mild">New</Mark>}</td>
                  {attributes && <td>{Object.entries(a.attributes ?? {}).map(([name, value]) => <div key={name}>{name}: {value}</div>)}</td>}
                  <td>{a.recipient ? <Named of={a.recipient} /> : <span className="quiet">nobody</span>}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {m.needing > first.length && first.length > 0 && <p className="quiet">and {count(m.needing - first.length)} more</p>}
    </div>
  );
}
