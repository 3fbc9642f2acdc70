import { IconAlertTriangle, IconCheck, IconQuestionMark, IconShieldCheck } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import type { List } from "../../ui/useList";
import { controlMeans, controlNames, controls, controlShort, governance, stateNames } from "../access/words";
import css from "./coverage.module.css";
import { add, none, percent, state, worstFirst, type Cell, type Counts } from "./sum";

const signs = { in_place: IconCheck, missing: IconAlertTriangle, unknown: IconQuestionMark, excepted: IconShieldCheck };

// Matrix shows every system by every control. Each cell leads to what it counts.
export function Matrix({ cells, list }: { cells: Cell[]; list: List }) {
  const systems = [...new Map(cells.map((c) => [c.system.id, c.system])).values()];
  const sums = new Map<string, Counts>();
  for (const c of cells) {
    for (const key of [`${c.system.id} ${c.control}`, `all ${c.control}`, `${c.system.id} all`]) {
      sums.set(key, add(sums.get(key) ?? none, c));
    }
  }
  const at = (system: string, control: string) => sums.get(`${system} ${control}`) ?? none;
  systems.sort((a, b) => worstFirst(at(a.id, "all"), at(b.id, "all")) || a.name.localeCompare(b.name));
  return (
    // A region that scrolls sideways can be reached and scrolled by keyboard.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div className={css.scroll} role="region" aria-label="Coverage by system and control" tabIndex={0}>
      <table className={css.matrix}>
        <thead>
          <tr className={css.disciplines}>
            <td />
            <th scope="colgroup" colSpan={4}>Governance</th>
            <th scope="colgroup" colSpan={6}>Privilege</th>
            <td />
          </tr>
          <tr>
            <th scope="col">System</th>
            {controls.map((c) => <th key={c} scope="col" title={controlMeans[c]} className={governance.has(c) ? undefined : css.privilege}>{controlShort[c]}</th>)}
            <th scope="col">All</th>
          </tr>
        </thead>
        <tbody>
          <tr className={css.sum}>
            <th scope="row">All systems</th>
            {controls.map((c) => <td key={c}><CellOf counts={at("all", c)} control={c} list={list} /></td>)}
            <td />
          </tr>
          {systems.map((s) => (
            <tr key={s.id}>
              <th scope="row"><Link to="/systems/$id" params={{ id: s.id }}>{s.name}</Link></th>
              {controls.map((c) => <td key={c}><CellOf counts={at(s.id, c)} control={c} system={s} list={list} /></td>)}
              <td className={css.all}>{percent(at(s.id, "all"))}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function CellOf({ counts, control, system, list }: { counts: Counts; control: string; system?: { id: string; name: string }; list: List }) {
  if (counts.required === 0) return <span className={css.blank} title="Not required"><span aria-hidden="true">·</span><span className="out-of-view">not required</span></span>;
  const worst = state(counts) as keyof typeof signs;
  const Icon = signs[worst];
  const name = `${controlNames[control]}${system ? `, ${system.name}` : ""}: ${percent(counts)} in place, ${counts.missing} missing, ${counts.unknown} unknown, ${counts.excepted} excepted of ${counts.required}`;
  return (
    <Link to="/coverage/evidence" search={{ control, system: system?.id, tier: list.search.tier, kind: list.search.kind, state: worst === "missing" ? undefined : worst } as never} className={`${css.cell} ${css[heat(counts)]}`} aria-label={name} title={`${name}. Worst: ${stateNames[worst]}`}>
      {list.text("numbers") === "1" ? <span className={css.fraction}>{counts.in_place}/{counts.required}</span> : percent(counts)}
      <Icon size={11} stroke={2.4} aria-hidden />
    </Link>
  );
}

function heat(c: Counts): string {
  const s = c.in_place / c.required;
  if (s >= 1) return "full";
  if (c.missing === 0) return c.unknown > 0 ? "unknown" : "excepted";
  return s >= 0.9 ? "most" : s >= 0.5 ? "some" : s > 0 ? "few" : "nothing";
}
