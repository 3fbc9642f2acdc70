import type { ReactNode } from "react";
import css from "./door.module.css";

// Door is around the pages that somebody sees before they have signed in.
export function Door({ title, text, children }: { title: string; text?: ReactNode; children: ReactNode }) {
  return (
    <main className={css.door}>
      <div className={css.card}>
        <svg viewBox="0 0 32 32" width="36" height="36" aria-hidden="true">
          <rect width="32" height="32" rx="7" className={css.ground} />
          <path d="M7 10l4.2 12L16 12l4.8 10L25 10" className={css.line} />
        </svg>
        <h1 className={css.title}>{title}</h1>
        {text && <p className={css.text}>{text}</p>}
        <div className={css.body}>{children}</div>
      </div>
      <p className={css.note}>Writ: who can do what, and who answers for it.</p>
    </main>
  );
}
