import { IconAlertTriangle, IconCircleCheck, IconClockPause, IconPencil, IconQuestionMark, IconTool } from "@tabler/icons-react";
import { Mark, type Sign } from "../../ui/Mark";
import type { Tone } from "../../ui/tone";

export const healthNames: Record<string, string> = { good: "Good", stale: "Stale", failed: "Failed", never_read: "Never read", draft: "Draft", maintenance: "Maintenance" };

const looks: Record<string, [Tone, Sign]> = {
  good: ["good", IconCircleCheck], stale: ["mild", IconClockPause], failed: ["bad", IconAlertTriangle], never_read: ["none", IconQuestionMark],
  draft: ["calm", IconPencil], maintenance: ["odd", IconTool],
};

export function Health({ of }: { of: string }) {
  const [tone, sign] = looks[of] ?? ["none", IconQuestionMark];
  return <Mark tone={tone} sign={sign}>{healthNames[of] ?? of}</Mark>;
}
