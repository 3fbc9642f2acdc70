import { IconClockHour4 } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { Mark } from "../../ui/Mark";
import { Rows } from "../../ui/Rows";
import { Time } from "../../ui/Time";
import { Named } from "../access/Named";
import { thing } from "../vault/words";
import type { Lease } from "./lease";
import { endWords, stateWords } from "./words";

// Past are leases that are over.
export function Past({ items, names, own }: { items: Lease[]; names: Record<string, string>; own?: boolean }) {
  return (
    <Rows items={items.map((l) => ({
      key: l.id, start: <IconClockHour4 size={18} stroke={1.6} aria-hidden />,
      title: <><Link to="/leases/$id" params={{ id: l.id }}>{l.login}</Link> <span className="quiet">in</span> <Named of={thing(l.system, names)} /></>,
      note: <span className="within-text"><Mark tone={stateWords(l).tone} bare>{stateWords(l).label}</Mark> {!own && <><Named of={thing(l.identity, names)} />, </>}by <Named of={thing(l.template, names)} />: {endWords(l.code)}{l.said && `, “${l.said}”`}</span>,
      end: <span className="quiet"><Time at={l.gone_at ?? l.over_at ?? l.asked_at} /></span>,
    }))}
    />
  );
}
