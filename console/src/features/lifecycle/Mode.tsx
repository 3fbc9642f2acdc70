import { IconCircleCheck, IconEye } from "@tabler/icons-react";
import { Mark } from "../../ui/Mark";
import { said } from "../access/words";
import { modeTones, modeWords } from "./words";

export function Mode({ of, long }: { of: string; long?: boolean }) {
  return <Mark tone={modeTones[of] ?? "none"} sign={of === "enforce" ? IconCircleCheck : IconEye}>{long ? modeWords[of] ?? said(of) : of === "enforce" ? "Enforced" : said(of)}</Mark>;
}
