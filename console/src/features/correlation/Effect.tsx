import { useQuery } from "@tanstack/react-query";
import { api, ask } from "../../client/client";
import { Answer } from "../../shell/Answer";
import { count } from "../../ui/Figures";
import css from "./correlation.module.css";
import type { Rule } from "./Correlation";

const words = [["linked", "linked"], ["unlinked", "unlinked"], ["moved", "moved to somebody else"], ["newly_disputed", "newly disputed"], ["no_longer_disputed", "no longer disputed"]] as const;

// Effect is what would change, were the rule enforced, or not enforced any more.
export function Effect({ of }: { of: Rule }) {
  const effect = useQuery({ queryKey: ["correlation", of.name, of.mode], queryFn: () => ask(api.GET("/v1/correlation/rules/{name}/effect", { params: { path: { name: of.name } } })) });
  const when = of.mode === "enforce" ? "If it only observed" : "If it were enforced";
  return (
    <Answer to={effect} lines={2}>
      {(e) => (e.changes === 0 ? <p>{when}, nothing would change.</p> : (
        <>
          <p>{when}, {words.filter(([key]) => e[key] > 0).map(([key, label]) => `${count(e[key])} ${label}`).join(", ")}: {count(e.changes)} accounts in all.</p>
          <ul className={css.moved}>
            {(e.first ?? []).map((m, i) => (
              <li key={i}>{m.account?.name ?? "an account"}: {m.was?.name ?? "nobody"} → <strong>{m.would_be?.name ?? "nobody"}</strong>{m.evidence && <span className="quiet"> {m.evidence}</span>}</li>
            ))}
          </ul>
        </>
      ))}
    </Answer>
  );
}
