import { useSyncExternalStore } from "react";

const units: [Intl.RelativeTimeFormatUnit, number][] = [
  ["year", 31_536_000], ["month", 2_592_000], ["week", 604_800], ["day", 86_400], ["hour", 3600], ["minute", 60],
];
const words = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const whole = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium" });
const day = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium" });

// relative says how long ago, or until when, as somebody would say it.
export function relative(at: Date, now: Date): string {
  const seconds = (at.getTime() - now.getTime()) / 1000;
  for (const [unit, length] of units) {
    if (Math.abs(seconds) >= length) return words.format(Math.trunc(seconds / length), unit);
  }
  if (seconds > 30) return "in a moment";
  return seconds > 0 ? "now" : "just now"; // the page's clock may be so much behind
}

let now = new Date();
const watchers = new Set<() => void>();
let ticking: ReturnType<typeof setInterval> | undefined;

// One clock for the page, which runs while a time is shown.
function watch(watcher: () => void): () => void {
  if (watchers.size === 0) now = new Date(); // it stood while no time was shown
  watchers.add(watcher);
  ticking ??= setInterval(() => {
    now = new Date();
    watchers.forEach((each) => each());
  }, 30_000);
  return () => {
    watchers.delete(watcher);
    if (watchers.size === 0) {
      clearInterval(ticking);
      ticking = undefined;
    }
  };
}

export function Time({ at, absolute }: { at?: string | null; absolute?: boolean }) {
  const present = useSyncExternalStore(watch, () => now);
  if (!at || at.startsWith("0001-")) return <span className="quiet">never</span>;
  const time = new Date(at);
  return <time dateTime={at} title={whole.format(time)} style={{ whiteSpace: "nowrap" }}>{absolute ? day.format(time) : relative(time, present)}</time>;
}
