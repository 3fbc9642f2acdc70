import { useRef, useState, type KeyboardEvent } from "react";
import { count } from "../../../ui/Figures";
import { people } from "../words";
import css from "./mine.module.css";
import type { Picture } from "./mining";
import { cellOf, cellWords, columnHead, columnNames, rowNames, sentenceOf, type CellKind } from "./picture";

const signs: Record<CellKind, string> = { covered: "", part: "", extra: "+", missing: "●", near: "", lacks: "×", none: "" };

// Drawing shows people by entitlements: alike ones are one row or column, so that it is never
// large. It is walked through by arrow keys, and the cell that one is at is said below.
export function Drawing({ of }: { of: Picture }) {
  const [rows, columns] = [of.rows ?? [], of.columns ?? []];
  const [at, setAt] = useState({ r: 0, c: 0 });
  const grid = useRef<HTMLTableElement>(null);
  if (rows.length === 0 || columns.length === 0) return <p className="quiet">There is nobody, or nothing, to draw.</p>;
  const here = { r: Math.min(at.r, rows.length - 1), c: Math.min(at.c, columns.length - 1) };
  const given = columns.filter((c) => c.given).length;
  const members = rows.filter((r) => r.member).length;
  const move = (e: KeyboardEvent) => {
    const steps: Record<string, [number, number]> = { ArrowUp: [here.r - 1, here.c], ArrowDown: [here.r + 1, here.c], ArrowLeft: [here.r, here.c - 1], ArrowRight: [here.r, here.c + 1], Home: [here.r, 0], End: [here.r, columns.length - 1] };
    const to = steps[e.key];
    if (!to) return;
    e.preventDefault();
    const next = { r: Math.max(0, Math.min(to[0], rows.length - 1)), c: Math.max(0, Math.min(to[1], columns.length - 1)) };
    setAt(next);
    grid.current?.querySelector<HTMLElement>(`[data-cell="${next.r}.${next.c}"]`)?.focus();
  };
  const row = rows[here.r]!;
  const kinds = new Set(rows.flatMap((r) => columns.map((c, i) => cellOf(r, c, r.held?.[i] ?? 0))));
  return (
    <div className={css.drawing}>
      <div className={css.scroll}>
        <table className={css.grid} role="grid" aria-label="Who holds what" ref={grid} onKeyDown={move} tabIndex={-1}>
          <thead>
            <tr role="row">
              <th scope="col" role="columnheader"><span className="out-of-view">People</span></th>
              {columns.map((c, i) => <th key={i} scope="col" role="columnheader" className={i === given && given > 0 ? css.begins : undefined} aria-label={columnNames(c)}><span className={css.vertical} title={columnNames(c)}>{columnHead(c)}</span></th>)}
            </tr>
          </thead>
          <tbody>
            {rows.map((r, i) => (
              <tr key={i} role="row" className={i === members && members > 0 ? css.apart : undefined}>
                <th scope="row" role="rowheader"><span className={css.who}>{r.people === 1 ? rowNames(r) : people(r.people)}</span>{r.people > 1 && <span className={css.whoSub}>{rowNames(r)}</span>}</th>
                {columns.map((c, j) => {
                  const held = r.held?.[j] ?? 0;
                  const kind = cellOf(r, c, held);
                  const on = here.r === i && here.c === j;
                  return (
                    <td
                      key={j} role="gridcell" data-cell={`${i}.${j}`} tabIndex={on ? 0 : -1} aria-label={sentenceOf(r, c, held)}
                      className={`${css.cell} ${css[kind]} ${j === given && given > 0 ? css.begins : ""}`} onFocus={() => setAt({ r: i, c: j })} onMouseEnter={() => setAt({ r: i, c: j })}
                    >
                      <span aria-hidden style={kind === "part" ? { "--held": `${(100 * held) / (r.people * c.entitlements)}%` } as never : undefined}>{signs[kind]}</span>
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p className={css.said} aria-hidden>{sentenceOf(row, columns[here.c]!, row.held?.[here.c] ?? 0)}.</p>
      <ul className={css.legend} aria-label="What the cells mean">
        {(["covered", "part", "extra", "missing", "near", "lacks"] as CellKind[]).filter((k) => kinds.has(k)).map((k) => <li key={k}><span className={`${css.cell} ${css[k]}`} aria-hidden><span style={k === "part" ? { "--held": "60%" } as never : undefined}>{signs[k]}</span></span>{cellWords[k]}</li>)}
      </ul>
      {rows.length - members > 0 && <p className="quiet">Below the line: {people(of.near)} who are no members and hold at least 80 % of it.{columns.length > given && " Right of the line: what most members hold beside."}</p>}
      {rows.length - members === 0 && columns.length > given && <p className="quiet">Right of the line: {count(columns.length - given)} that most members hold beside.</p>}
    </div>
  );
}
