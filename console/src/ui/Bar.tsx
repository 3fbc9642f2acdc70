import type { Tone } from "./tone";
import css from "./ui.module.css";

export interface Part {
  tone: Tone;
  n: number;
  label: string;
}

// Bar shows parts of a whole. Its numbers are its name for whoever does not see it.
export function Bar({ parts, width }: { parts: Part[]; width?: number | string }) {
  const all = parts.reduce((sum, part) => sum + part.n, 0);
  const name = parts.map((part) => `${part.label} ${part.n.toLocaleString("en-GB")}`).join(", ");
  return (
    <div className={css.bar} role="img" aria-label={name} title={name} style={{ width }}>
      {all > 0 && parts.filter((part) => part.n > 0).map((part) => (
        <div key={part.label} className={`${css.barPart} ${css[part.tone]}`} style={{ flex: `${Math.max(part.n / all, 0.015)} 0 0` }} />
      ))}
    </div>
  );
}
