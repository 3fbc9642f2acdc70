import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import css from "./ui.module.css";

export interface Row {
  key: string;
  title: ReactNode;
  note?: ReactNode;
  start?: ReactNode;
  end?: ReactNode;
  below?: boolean; // on a narrow screen its end is below it
  to?: string;
  search?: Record<string, unknown>;
}

// Rows is a short list to read and follow; what is long is a Table.
export function Rows({ items }: { items: Row[] }) {
  return (
    <ul className={css.rows}>
      {items.map((row) => {
        const inside = (
          <>
            {row.start}
            <span className={css.rowMain}>
              <span className={css.rowTitle}>{row.title}</span>
              {row.note && <div className={css.rowNote}>{row.note}</div>}
            </span>
            {row.end && <span className={css.rowEnd}>{row.end}</span>}
          </>
        );
        return (
          <li key={row.key}>
            {row.to ? <Link to={row.to} search={row.search as never} className={css.row} data-below={row.below}>{inside}</Link> : <div className={css.row} data-below={row.below}>{inside}</div>}
          </li>
        );
      })}
    </ul>
  );
}
