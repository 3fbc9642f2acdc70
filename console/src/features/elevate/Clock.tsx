import { useEffect, useState } from "react";
import css from "./elevate.module.css";
import { left } from "./words";

// Clock runs down to an end. Whoever hears the page is not told each second.
export function Clock({ from, until }: { from: string; until: string }) {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const ticking = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(ticking);
  }, []);
  const whole = Date.parse(until) - Date.parse(from);
  const share = whole > 0 ? Math.min(1, Math.max(0, (Date.parse(until) - now) / whole)) : 0;
  return (
    <span className={css.clock} data-soon={share < 0.1 || undefined}>
      <span className={css.left} aria-hidden="true">{left(until, now)}</span>
      <span className={css.track} aria-hidden="true"><span className={css.rest} style={{ width: `${share * 100}%` }} /></span>
      <span className="out-of-view">It ends at {new Date(until).toLocaleTimeString()}</span>
    </span>
  );
}
