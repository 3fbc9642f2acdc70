import { Link } from "@tanstack/react-router";
import { Bar } from "../../ui/Bar";
import { count } from "../../ui/Figures";
import ui from "../../ui/ui.module.css";
import css from "./chart.module.css";
import { add, none, percent, worstFirst, type Cell, type Counts } from "./sum";

const parts = [["in_place", "in place", "good"], ["excepted", "excepted", "odd"], ["unknown", "unknown", "none"], ["missing", "missing", "bad"]] as const;

// BySystem ranks systems by how much of what they need is there, the worst first. Each
// leads to what lacks the control that is missing most.
export function BySystem({ cells }: { cells: Cell[] }) {
  const systems = [...new Map(cells.map((c) => [c.system.id, c.system])).values()].map((system) => {
    const own = cells.filter((c) => c.system.id === system.id);
    return { system, sum: own.reduce<Counts>(add, none), worst: own.reduce((a, b) => (b.missing > a.missing ? b : a)) };
  }).filter((s) => s.sum.required > 0).sort((a, b) => worstFirst(a.sum, b.sum) || a.system.name.localeCompare(b.system.name));
  return (
    <>
      <ol className={css.ranked} aria-label="Coverage by system, the worst first">
        {systems.map(({ system, sum, worst }) => (
          <li key={system.id}>
            <Link to="/coverage/evidence" search={{ system: system.id, control: worst.control, state: sum.missing > 0 ? undefined : "in_place" } as never} className={css.rank}>
              <span className={css.rankName}>{system.name}</span>
              <span className={css.rankShare}>{percent(sum)}</span>
              <span className={css.rankNote}>{sum.missing > 0 ? `${count(sum.missing)} missing` : "none missing"} of {count(sum.required)}</span>
              <Bar width="100%" parts={parts.map(([key, label, tone]) => ({ tone, label, n: sum[key] }))} />
            </Link>
          </li>
        ))}
      </ol>
      <p className={ui.legend}>
        {parts.map(([key, label, tone]) => <span key={key} className={css.key}><i className={`${css.swatch} ${ui[tone]}`} aria-hidden="true" />{label}</span>)}
      </p>
    </>
  );
}
