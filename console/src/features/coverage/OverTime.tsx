import { Link } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import { Blank } from "../../ui/Blank";
import { Bones } from "../../ui/Bones";
import { count } from "../../ui/Figures";
import { Spark } from "../../ui/Spark";
import ui from "../../ui/ui.module.css";
import type { Tone } from "../../ui/tone";
import { controlNames } from "../access/words";
import css from "./chart.module.css";
import { percent } from "./sum";
import { coursesOf, moved, type Trend } from "./trend";

const Lines = lazy(() => import("../../ui/Lines").then((m) => ({ default: m.Lines })));

const tiers: { key: string; label: string; tone: Tone }[] = [
  { key: "0", label: "Tier 0", tone: "bad" }, { key: "1", label: "Tier 1", tone: "warn" }, { key: "needed", label: "Both, only when needed", tone: "good" },
];

// Standing is how much privileged access was held all the time, day by day.
export function Standing({ of }: { of: Trend }) {
  const points = of.standing ?? [];
  const days = [...new Set(points.map((p) => p.at))];
  if (days.length === 0) return <Blank title="Nothing privileged has been measured" text="Each day with a sync adds a point here." />;
  const value = (day: string, key: string) => points
    .filter((p) => p.at === day && (key === "needed" || String(p.tier) === key))
    .reduce((n, p) => n + (key === "needed" ? p.eligible : p.standing), 0);
  const all = (day: string) => value(day, "0") + value(day, "1");
  const now = days[days.length - 1]!;
  const change = all(now) - all(days[0]!);
  return (
    <>
      <p className={css.said}>
        {count(all(now))} privileged grants are held all the time
        {days.length === 1 ? "; this is the first day that was measured." : change === 0 ? ", as many as on the first day shown." : `, ${count(Math.abs(change))} ${change > 0 ? "more" : "fewer"} than on the first day shown.`}
      </p>
      <Suspense fallback={<Bones lines={4} height={24} />}>
        <Lines name="Privileged grants held all the time, by day" days={days} series={tiers} value={value} />
      </Suspense>
    </>
  );
}

export function standingNow(of: Trend | undefined): number | undefined {
  const points = of?.standing ?? [];
  const last = points[points.length - 1]?.at;
  return of && points.filter((p) => p.at === last).reduce((n, p) => n + p.standing, 0);
}

// Courses is how each control developed, with the way to what lacks it now.
export function Courses({ of }: { of: Trend }) {
  const courses = coursesOf(of.items ?? []);
  if (courses.length === 0) return <Blank title="Nothing has been measured yet" text="Each day with a sync adds a point here." />;
  return (
    <table className={css.courses}>
      <caption className="out-of-view">Share of required controls in place, by day</caption>
      <thead><tr><th scope="col">Control</th><th scope="col">Course</th><th scope="col">Now</th><th scope="col">Moved</th></tr></thead>
      <tbody>
        {courses.map((c) => (
          <tr key={c.control}>
            <th scope="row"><Link to="/coverage/evidence" search={{ control: c.control } as never}>{controlNames[c.control]}</Link></th>
            <td><Spark shares={c.shares} /></td>
            <td className="num">{percent(c.now)}</td>
            <td className="num"><Moved by={moved(c.shares)} /></td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Moved({ by }: { by: number | undefined }) {
  if (by === undefined) return <span className="quiet">first day</span>;
  if (by === 0) return <span className="quiet">no change</span>;
  return <span className={`${by > 0 ? ui.good : ui.bad} ${ui.toned}`}>{by > 0 ? "+" : "−"}{Math.abs(by)} points</span>;
}
