import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense } from "react";
import { api, ask } from "../../client/client";
import { Bar, type Part } from "../../ui/Bar";
import { Bones } from "../../ui/Bones";
import { count } from "../../ui/Figures";
import { Panel } from "../../ui/Panel";
import type { Tone } from "../../ui/tone";
import type { List } from "../../ui/useList";
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
        {data ? <Functions rows={data.by_function ?? []} dues={data.dues ?? []} /> : <Bones lines={4} height={24} />}
      </Panel>
    </div>
  );
}

function Functions({ rows, dues }: { rows: { function: string; due: string; count: number }[]; dues: string[] }) {
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
          const late = parts[0]?.n ?? 0;
          return (
            <li key={f}>
              <span className={css.function}>{functionName(f)}</span>
              <span className={css.counted}>{late > 0 ? <strong className={`${ui.bad} ${ui.toned}`}>{count(late)} overdue</strong> : "none overdue"} of {count(all)}</span>
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
