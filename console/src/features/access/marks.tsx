import {
  IconAlertTriangle, IconCircleCheck, IconCircleDashed, IconClockHour4, IconCrown, IconFlame, IconHandStop, IconInfinity,
  IconInfoCircle, IconPlayerPlay, IconQuestionMark, IconRobot, IconShieldCheck, IconSquareDashed, IconTool, IconUser, IconUserShare,
} from "@tabler/icons-react";
import { Mark, type Sign } from "../../ui/Mark";
import { kindNames, modeNames, said, severityTone, stateNames, tierMeans, tierTone } from "./words";

const severitySigns: Record<string, Sign> = { critical: IconFlame, high: IconAlertTriangle, medium: IconInfoCircle, low: IconCircleDashed };

export function Severity({ of }: { of: string }) {
  return <Mark tone={severityTone[of] ?? "none"} sign={severitySigns[of]}>{said(of)}</Mark>;
}

const tierSigns: Record<number, Sign> = { 0: IconCrown, 1: IconTool, 2: IconHandStop, 3: IconSquareDashed };

export function Tier({ of }: { of: number }) {
  return (
    <Mark tone={tierTone[of] ?? "none"} sign={tierSigns[of] ?? IconQuestionMark} title={tierMeans[of]}>
      {of < 0 ? "Not classified" : `Tier ${of}`}
    </Mark>
  );
}

const stateSigns: Record<string, Sign> = {
  in_place: IconCircleCheck, missing: IconAlertTriangle, unknown: IconQuestionMark, excepted: IconShieldCheck,
};
const stateTones = { in_place: "good", missing: "bad", unknown: "none", excepted: "odd" } as const;

export function ControlState({ of, bare }: { of: string; bare?: boolean }) {
  return <Mark tone={stateTones[of as keyof typeof stateTones] ?? "none"} sign={stateSigns[of]} bare={bare}>{stateNames[of] ?? said(of)}</Mark>;
}

const modeSigns: Record<string, Sign> = { standing: IconInfinity, eligible: IconClockHour4, active: IconPlayerPlay };
const modeTones = { standing: "none", eligible: "calm", active: "good" } as const;

export function Mode({ of }: { of: string }) {
  return <Mark tone={modeTones[of as keyof typeof modeTones] ?? "none"} sign={modeSigns[of]}>{modeNames[of] ?? said(of)}</Mark>;
}

const kindSigns: Record<string, Sign> = { human: IconUser, service: IconTool, agent: IconRobot };

export function Kind({ of, thirdParty }: { of: string; thirdParty?: boolean }) {
  return (
    <>
      <Mark tone="none" sign={kindSigns[of]} bare>{kindNames[of] ?? said(of)}</Mark>
      {thirdParty && <> <Mark tone="odd" sign={IconUserShare} title="Belongs to another organisation">Third party</Mark></>}
    </>
  );
}

const lifeTones = {
  active: "good", staged: "calm", pre_hire: "calm", suspended: "warn", leave_of_absence: "mild", terminating: "warn", terminated: "none",
} as const;

export function Life({ of }: { of: string }) {
  return <Mark tone={lifeTones[of as keyof typeof lifeTones] ?? "none"} bare>{said(of)}</Mark>;
}
