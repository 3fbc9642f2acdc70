import { IconCircleCheck, IconCircleDashed, IconClockHour4, IconQuestionMark } from "@tabler/icons-react";
import { Mark, type Sign } from "../../ui/Mark";
import { Bar } from "../../ui/Bar";
import { useMeans, useNames, useTones, type Counts, type Use } from "./words";

const signs: Record<Use, Sign> = { used: IconCircleCheck, unused: IconCircleDashed, recent: IconClockHour4, unknown: IconQuestionMark };

export function UseMark({ of }: { of: Use }) {
  return <Mark tone={useTones[of]} sign={signs[of]} title={useMeans[of]}>{useNames[of]}</Mark>;
}

// UseBar is how some grants are used; what is not known is hatched.
export function UseBar({ of, width }: { of: Counts; width?: string }) {
  return <Bar width={width} parts={(["used", "unused", "recent", "unknown"] as const).map((use) => ({ tone: useTones[use], n: of[use], label: useNames[use].toLowerCase() }))} />;
}
