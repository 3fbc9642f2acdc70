import type { ReactNode } from "react";
import css from "./chart.module.css";
import type { Tone } from "./tone";

interface FrameProps {
  name: string;
  head: string;
  series: { key: string; label: string; tone: Tone }[];
  rows: { label: string; values: number[] }[];
  children: ReactNode;
}

// ChartFrame puts a legend under a picture, and its numbers beside it for whoever
// does not see it.
export function ChartFrame({ name, head, series, rows, children }: FrameProps) {
  return (
    <figure>
      <div aria-hidden="true">{children}</div>
      <figcaption className={css.legend} aria-hidden="true">
        {series.map((s) => <span key={s.key}><i style={{ background: chartColor(s.tone) }} />{s.label}</span>)}
      </figcaption>
      <div className="out-of-view">
        <table>
          <caption>{name}</caption>
          <thead><tr><th scope="col">{head || "Group"}</th>{series.map((s) => <th key={s.key} scope="col">{s.label}</th>)}</tr></thead>
          <tbody>{rows.map((r) => <tr key={r.label}><th scope="row">{r.label}</th>{r.values.map((v, i) => <td key={series[i]?.key ?? i}>{v}</td>)}</tr>)}</tbody>
        </table>
      </div>
    </figure>
  );
}

export function chartColor(tone: Tone): string {
  return `var(--${tone})`;
}

export const chartStyle = {
  tick: { fill: "var(--ink-3)", fontSize: 11 },
  tip: { background: "var(--raised)", border: "1px solid var(--line-strong)", borderRadius: 8, color: "var(--ink)", fontSize: 12, boxShadow: "var(--shadow-high)" },
};
