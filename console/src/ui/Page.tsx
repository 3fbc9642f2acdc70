import { Link } from "@tanstack/react-router";
import { useEffect, type ReactNode } from "react";
import css from "./ui.module.css";

export interface Crumb {
  label: string;
  to: string;
}

interface PageProps {
  title: string; // the question that the page answers
  lead?: ReactNode; // the answer, or how to read it
  trail?: Crumb[];
  actions?: ReactNode;
  marks?: ReactNode;
  children: ReactNode;
}

// Page is what every page begins with. The title is also the tab's, and where
// somebody who hears the page arrives.
export function Page({ title, lead, trail, actions, marks, children }: PageProps) {
  useEffect(() => {
    document.title = `${title} · Writ`;
  }, [title]);
  return (
    <div className={css.page}>
      <header className={css.head}>
        <div>
          {trail && (
            <nav aria-label="Where this is" className={css.trail}>
              {trail.map((crumb) => (
                <span key={crumb.to}>
                  <Link to={crumb.to}>{crumb.label}</Link> <span aria-hidden="true">/</span>
                </span>
              ))}
            </nav>
          )}
          <h1 className={css.title} tabIndex={-1} id="title">{title}</h1>
          {lead && <p className={css.lead}>{lead}</p>}
          {marks}
        </div>
        {actions && <div className={css.actions}>{actions}</div>}
      </header>
      {children}
    </div>
  );
}
