import { Link } from "@tanstack/react-router";
import { Rows } from "../../ui/Rows";
import { Time } from "../../ui/Time";
import { useList } from "../../ui/useList";
import type { Dated } from "./rotate";
import css from "./rotate.module.css";
import { byDay, dayOf, days } from "./words";

const weeks = 4;
const full = new Intl.DateTimeFormat("en-GB", { weekday: "long", day: "numeric", month: "long", timeZone: "UTC" });
const short = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });
const weekdays = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

// inSafe is what a secret is called in its safe: a day is too narrow for more.
const inSafe = (name: string) => name.slice(name.indexOf("/") + 1);

const noon = (day: string) => new Date(`${day}T12:00:00Z`);

// Calendar is which secrets are due on which day of the next weeks. A day is opened to see
// all of them; that lies in the address.
export function Calendar({ of, at }: { of: Dated[]; at: number }) {
  const list = useList();
  const today = dayOf(at);
  const shown = days(today, weeks + 1);
  const due = byDay(of, noon(shown[shown.length - 1] ?? today).getTime() + 86_400_000 / 2);
  const asked = list.text("day");
  const open = asked && due.has(asked) ? asked : undefined;
  return (
    <>
      <div className={css.week} aria-hidden="true">{weekdays.map((w) => <span key={w}>{w}</span>)}</div>
      <ol className={css.calendar} aria-label="Days">
        {shown.map((d) => {
          const plans = due.get(d) ?? [];
          const name = <span className={css.date} data-today={d === today || undefined}>{short.format(noon(d))}{d === today && <span className="out-of-view">, today</span>}</span>;
          return (
            <li key={d} className={css.day} data-past={d < today || undefined} data-none={plans.length === 0 || undefined} data-open={d === open || undefined}>
              {plans.length === 0 ? name : (
                <button type="button" className={css.open} aria-expanded={d === open} onClick={() => list.set({ day: d === open ? undefined : d })}>
                  {name}
                  <span className={css.many}>{plans.length}<span className="out-of-view"> due</span></span>
                  <span className={css.names}>{plans.slice(0, 2).map((p) => <span key={p.secret}>{inSafe(p.named.name)}</span>)}{plans.length > 2 && <span>and {plans.length - 2} more</span>}</span>
                </button>
              )}
            </li>
          );
        })}
      </ol>
      {open && (
        <section className={css.opened} aria-label={`Due on ${full.format(noon(open))}`}>
          <h3>Due on {full.format(noon(open))}</h3>
          <Rows items={(due.get(open) ?? []).map((p) => ({
            key: p.secret, title: <Link to="/secrets/$id" params={{ id: p.secret }}>{p.named.name}</Link>, note: p.why, end: <span className="quiet">next <Time at={p.next} absolute /></span>,
          }))}
          />
        </section>
      )}
    </>
  );
}
