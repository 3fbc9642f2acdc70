import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import { api, ask } from "../../client/client";
import { Bar, type Part } from "../../ui/Bar";
import { Bones } from "../../ui/Bones";
import { count } from "../../ui/Figures";
import { Panel } from "../../ui/Panel";
import type { Tone } from "../../ui/tone";
import type { List, Search } from "../../ui/useList";
import ui from "../../ui/ui.module.css";
import { severityTone } from "../access/words";
import { functionName } from "../function/words";
import css from "./finding.module.css";
import { queryOf } from "./Findings";

const Columns = lazy(() => import("../../ui/Columns").then((m) => ({ default: m.Columns })));

const ageNames: Record<string, string> = { week: "under 7 days", month: "7 to 30", quarter: "30 to 90", older: "over 90 days" };
const dueNames: Record<string, string> = { overdue: "overdue", this_week: "due within 7 days", later: "later" };
const dueTones: Record<string, Tone> = { overdue: "bad", this_week: "mild", later: "calm" };

// Ageing shows how long findings have been open, and who is late.
export function Ageing({ list }: { list: List }) {
  const { sort: _, status: __, ...query } = queryOf(list);
  const ages = useQuery({
    queryKey: ["ageing", query],
    queryFn: () => ask(api.GET("/v1/findings/ageing", { params: { query } })),
    placeholderData: (before) => before,
  });
  if (ages.error || (ages.data && (ages.data.by_age ?? []).length === 0)) return null;
  const { data } = ages;
  return (
    <div className={ui.grid}>
      <Panel title="How long have they been open?" note="open findings by age and severity">
        {data ? (
          <Suspense fallback={<Bones lines={4} height={24} />}>
            <Columns
              name="Open findings by age and severity" groups={(data.ages ?? []).map((a) => ({ key: a, label: ageNames[a] ?? a }))}
              series={(data.severities ?? []).map((s) => ({ key: s, label: s, tone: severityTone[s] ?? "none" }))}
              value={(age, severity) => (data.by_age ?? []).find((x) => x.age === age && x.severity === severity)?.count ?? 0}
            />
          </Suspense>
        ) : <Bones lines={4} height={24} />}
      </Panel>
      <Panel title="Who is late?" note="open findings by who answers">
        {data ? <Functions rows={data.by_function ?? []} dues={data.dues ?? []} search={{ ...list.search, cursor: undefined, page: undefined }} /> : <Bones lines={4} height={24} />}
      </Panel>
    </div>
  );
}

// Until leads to what is due by then.
function Until({ days, n, of, search, tone, children }: { days: number; n: number; of: string; search: Search; tone?: string; children: string }) {
  if (n === 0) return <>none {children}</>;
  const at = new Date();
  at.setDate(at.getDate() + days);
  return <Link to="/findings" search={{ ...search, function: of, due_before: at.toISOString(), sort: "due" } as never} className={tone && `${tone} ${ui.toned}`}>{count(n)} {children}</Link>;
}

function Functions({ rows, dues, search }: { rows: { function: string; due: string; count: number }[]; dues: string[]; search: Search }) {
  const functions = [...new Set(rows.map((r) => r.function))];
  const most = Math.max(1, ...functions.map((f) => rows.filter((r) => r.function === f).reduce((n, r) => n + r.count, 0)));
  return (
    <>
      <ul className={css.functions}>
        {functions.map((f) => {
          const parts: Part[] = dues.map((due) => ({
            tone: dueTones[due] ?? "none", label: dueNames[due] ?? due, n: rows.find((r) => r.function === f && r.due === due)?.count ?? 0,
          }));
          const all = parts.reduce((n, p) => n + p.n, 0);
          const [late, soon] = parts;
          return (
            <li key={f}>
              <Link to="/findings" search={{ ...search, function: f } as never} className={css.function}>{functionName(f)}</Link>
              <span className={css.counted}>
                <Until days={0} n={late?.n ?? 0} of={f} search={search} tone={ui.bad}>overdue</Until>, <Until days={7} n={soon?.n ?? 0} of={f} search={search}>due in 7 days</Until>, {count(all)} in all
              </span>
              <Bar parts={parts} width={`${Math.max(4, (100 * all) / most)}%`} />
            </li>
          );
        })}
      </ul>
      <p className={ui.legend}>
        {dues.map((due) => <span key={due} className={css.key}><i className={`${css.swatch} ${ui[dueTones[due] ?? "none"]}`} aria-hidden="true" />{dueNames[due] ?? due}</span>)}
      </p>
    </>
  );
}
