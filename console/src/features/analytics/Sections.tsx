import { Link } from "@tanstack/react-router";
import css from "./analytics.module.css";

const sections = [
  { to: "/analytics", label: "Outliers" }, { to: "/analytics/unused", label: "Unused access" },
  { to: "/analytics/creep", label: "Creep" }, { to: "/analytics/what-if", label: "What if" },
] as const;

// Sections are the pages of analytics, beside each other.
export function Sections() {
  return (
    <nav aria-label="Analytics" className={css.sections}>
      {sections.map((s) => <Link key={s.to} to={s.to} activeOptions={{ exact: true, includeSearch: false }} activeProps={{ "aria-current": "page" }}>{s.label}</Link>)}
    </nav>
  );
}
