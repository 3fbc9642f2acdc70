import { IconAlertTriangle, IconCircleCheck, IconCircleDashed, IconClockHour4, IconEye, IconForbid, IconLockOpen, IconPencil } from "@tabler/icons-react";
import { Mark, type Sign } from "../../ui/Mark";
import { said } from "../access/words";
import type { Line } from "./policy";
import { effectNames, modeNames, modeTones, stateNames, stateOf, stateTones, waitNames } from "./words";

const stateSigns: Record<string, Sign> = { in_force: IconCircleCheck, draft: IconPencil, retired: IconCircleDashed };

export function State({ of }: { of: Pick<Line, "number" | "in_force"> }) {
  const state = stateOf(of);
  return <Mark tone={stateTones[state]} sign={stateSigns[state]}>{stateNames[state]}</Mark>;
}

// Waits says that something is written which somebody else may publish.
export function Waits({ of }: { of: string }) {
  return <Mark tone="warn" sign={IconClockHour4}>{waitNames[of] ?? said(of)}</Mark>;
}

const modeSigns: Record<string, Sign> = { observe: IconEye, warn: IconAlertTriangle, enforce: IconCircleCheck };

export function Mode({ of }: { of: string }) {
  return <Mark tone={modeTones[of] ?? "none"} sign={modeSigns[of]}>{modeNames[of] ?? said(of)}</Mark>;
}

export function Effect({ of }: { of: string }) {
  return <Mark tone="none" sign={of === "permit" ? IconLockOpen : IconForbid} bare>{effectNames[of] ?? said(of)}</Mark>;
}
