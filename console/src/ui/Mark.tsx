import type { ComponentType, ReactNode } from "react";
import type { Tone } from "./tone";
import css from "./ui.module.css";

export type Sign = ComponentType<{ size?: number | string; stroke?: number | string; "aria-hidden"?: boolean }>;

// Mark is a state in a word, a sign and a colour.
export function Mark({ tone, sign: Icon, bare, title, children }: { tone: Tone; sign?: Sign; bare?: boolean; title?: string; children: ReactNode }) {
  return (
    <span className={`${css.mark} ${css[tone]} ${bare ? css.bare : ""}`} title={title}>
      {Icon && <Icon size={13} stroke={2.2} aria-hidden />}
      {children}
    </span>
  );
}
