import {
  IconArrowsExchange, IconBeach, IconDoorExit, IconFileOff, IconPlayerPause, IconRefresh, IconRotateClockwise2, IconUrgent, IconSwitchHorizontal, IconUserPlus,
} from "@tabler/icons-react";
import { Mark, type Sign } from "../../ui/Mark";
import { Time } from "../../ui/Time";
import { actorName } from "../access/words";
import { clockTime, eventNames, eventTones, type LifeEvent } from "./words";

const signs: Record<string, Sign> = {
  hire: IconUserPlus, move: IconArrowsExchange, leave: IconBeach, suspend: IconPlayerPause, return: IconRotateClockwise2, convert: IconSwitchHorizontal,
  contract_end: IconFileOff, terminate: IconDoorExit, rehire: IconRefresh,
};

export function EventKind({ of, bare }: { of: Pick<LifeEvent, "kind" | "urgent">; bare?: boolean }) {
  if (of.urgent) return <Mark tone="bad" sign={IconUrgent}>Emergency</Mark>;
  return <Mark tone={eventTones[of.kind] ?? "none"} sign={signs[of.kind]} bare={bare}>{eventNames[of.kind] ?? of.kind}</Mark>;
}

// When is the time of an event: of an order, by the clocks that it was ordered by.
export function When({ of: e, long }: { of: Pick<LifeEvent, "at" | "local" | "zone" | "state">; long?: boolean }) {
  if (!e.local) return <Time at={e.at} absolute={long} />;
  return <span><span style={{ whiteSpace: "nowrap" }}>{clockTime(e.local)}</span> <span className="quiet">{e.zone}, <Time at={e.at} /></span></span>;
}

// saidBy is whose word an event is.
export function saidBy(e: Pick<LifeEvent, "kind" | "ordered" | "by">, names: Record<string, string>): string {
  if (e.kind === "contract_end") return "the contract";
  if (!e.ordered) return "a source";
  const by = e.by ?? "";
  return actorName(by, names[by] ? { name: names[by] } : undefined);
}
