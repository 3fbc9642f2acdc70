import { IconAlertTriangle, IconCircleCheck, IconCircleX, IconClock, IconLoader2, IconPlayerStop, IconSparkles } from "@tabler/icons-react";
import { Mark, type Sign } from "../../../ui/Mark";
import { candidateNames, candidateTones, stateNames, stateTones } from "./mining";

const signs: Record<string, Sign> = {
  waiting: IconClock, running: IconLoader2, done: IconCircleCheck, failed: IconAlertTriangle, cancelled: IconPlayerStop, interrupted: IconAlertTriangle,
  open: IconSparkles, adopted: IconCircleCheck, rejected: IconCircleX, there: IconCircleCheck,
};

export function RunState({ of }: { of: string }) {
  return <Mark tone={stateTones[of] ?? "none"} sign={signs[of]}>{stateNames[of] ?? of}</Mark>;
}

export function CandidateState({ of }: { of: string }) {
  return <Mark tone={candidateTones[of] ?? "none"} sign={signs[of]}>{candidateNames[of] ?? of}</Mark>;
}
