import {
  IconAlertTriangle, IconBan, IconCircleCheck, IconClockHour4, IconHandStop, IconHourglass, IconLoader2, IconSkull,
} from "@tabler/icons-react";
import { Bar } from "../../ui/Bar";
import { count } from "../../ui/Figures";
import { Mark, type Sign } from "../../ui/Mark";
import { said } from "../access/words";
import { counted, runNames, runTones, stateTones } from "./words";
import css from "./provision.module.css";

const signs: Record<string, Sign> = {
  held: IconHandStop, dead: IconSkull, failed: IconAlertTriangle, waiting: IconHourglass, running: IconLoader2, planned: IconClockHour4,
  verified: IconCircleCheck, cancelled: IconBan, open: IconLoader2, done: IconCircleCheck,
};

export function OperationState({ of }: { of: string }) {
  return <Mark tone={stateTones[of] ?? "none"} sign={signs[of]}>{said(of)}</Mark>;
}

export function RunState({ of }: { of: string }) {
  return <Mark tone={runTones[of] ?? "none"} sign={signs[of]}>{runNames[of] ?? said(of)}</Mark>;
}

// Counts is where the operations of a run are: a bar, and the same in words.
export function Counts({ of }: { of: Record<string, number> }) {
  const parts = counted(of);
  if (parts.length === 0) return <span className="quiet">nothing</span>;
  return (
    <div className={css.counts}>
      <Bar parts={parts.map(({ state, n }) => ({ tone: stateTones[state] ?? "none", n, label: state }))} />
      <span className={css.counted}>{parts.map(({ state, n }) => `${count(n)} ${state}`).join(", ")}</span>
    </div>
  );
}
