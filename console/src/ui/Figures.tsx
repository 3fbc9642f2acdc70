import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { Tone } from "./tone";
import css from "./ui.module.css";

export interface FigureProps {
  value: ReactNode;
  label: string;
  note?: ReactNode;
  tone?: Tone;
  to?: string;
  search?: Record<string, unknown>;
}

// Figures are the numbers that matter, the one that matters most first.
export function Figures({ items }: { items: FigureProps[] }) {
  return (
    <div className={css.figures}>
      {items.map((item, i) => <Figure key={item.label} first={i === 0} {...item} />)}
    </div>
  );
}

function Figure({ value, label, note, tone, to, search, first }: FigureProps & { first: boolean }) {
  const inside = (
    <>
      <div className={`${css.figureValue} ${tone ? `${css[tone]} ${css.toned}` : ""}`}>{value}</div>
      <div className={css.figureLabel}>{label}</div>
      {note && <div className={css.figureNote}>{note}</div>}
    </>
  );
  const name = `${css.figure} ${first ? css.figureFirst : ""}`;
  return to ? <Link to={to} search={search as never} className={name}>{inside}</Link> : <div className={name}>{inside}</div>;
}

export function count(n: number | undefined): string {
  return n === undefined ? "–" : n.toLocaleString("en-GB");
}
