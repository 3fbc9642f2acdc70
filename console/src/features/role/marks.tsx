import { IconAlertTriangle, IconBriefcase, IconCircleCheck, IconEye, IconPencil, IconTool } from "@tabler/icons-react";
import { Mark, type Sign } from "../../ui/Mark";
import { said } from "../access/words";
import { draftNames, draftTones, troubleNames } from "./words";

export function RoleKind({ of }: { of: string }) {
  return <Mark tone="calm" sign={of === "business" ? IconBriefcase : IconTool} bare>{said(of)}</Mark>;
}

const draftSigns: Record<string, Sign> = { draft: IconPencil, review: IconEye, approved: IconCircleCheck };

export function DraftState({ of }: { of: string }) {
  return <Mark tone={draftTones[of] ?? "none"} sign={draftSigns[of]}>{draftNames[of] ?? said(of)}</Mark>;
}

export function Trouble({ of }: { of: string }) {
  return <Mark tone="mild" sign={IconAlertTriangle}>{troubleNames[of] ?? said(of)}</Mark>;
}
