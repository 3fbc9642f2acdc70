import { useId, type ReactNode } from "react";
import css from "./ui.module.css";

export function Panel({ title, note, flush, children }: { title?: string; note?: ReactNode; flush?: boolean; children: ReactNode }) {
  const id = useId();
  return (
    <section className={css.panel} aria-labelledby={title ? id : undefined}>
      {title && (
        <div className={css.panelHead}>
          <h2 className={css.panelTitle} id={id}>{title}</h2>
          {note && <div className={css.panelNote}>{note}</div>}
        </div>
      )}
      <div className={flush ? css.panelFlush : css.panelBody}>{children}</div>
    </section>
  );
}

// Facts are names and values, for reading.
export function Facts({ items }: { items: [string, ReactNode][] }) {
  return (
    <dl className={css.facts}>
      {items.filter(([, value]) => value !== undefined && value !== null && value !== "" && value !== false).map(([name, value]) => (
        <div key={name} style={{ display: "contents" }}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
