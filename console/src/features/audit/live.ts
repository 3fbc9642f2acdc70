import { useEffect, useState } from "react";
import { follow } from "../../client/stream";

interface Numbered {
  record: number;
  action: string;
  actor: string;
  object?: { id: string } | null;
}

export interface Asked {
  action?: string;
  actor?: string;
  object?: string;
}

// fits: an action, or a feature with a dot at the end for all of its actions; by whom, and
// to what.
export function fits(is: Numbered, { action, actor, object }: Asked): boolean {
  if (action && is.action !== action && !(action.endsWith(".") && is.action.startsWith(action))) return false;
  return (!actor || is.actor === actor) && (!object || is.object?.id === object);
}

const kept = 200;
const longestPause = 15_000;

// useLive follows the log, and joins again where the connection was lost. What came
// meanwhile is sent by the server, from the last record on.
export function useLive<R extends Numbered>(on: boolean, { action, actor, object }: Asked): { records: R[]; lost: boolean } {
  const [records, setRecords] = useState<R[]>([]);
  const [lost, setLost] = useState(false);
  useEffect(() => {
    if (!on) return undefined;
    const end = new AbortController();
    let last: string | undefined;
    let pause = 1000;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const join = () => {
      const asked = new URLSearchParams();
      if (last) asked.set("after", last);
      follow(`/v1/audit/stream?${asked}`, end.signal, (event) => {
        if (event.id) last = event.id;
        if (event.name !== "record") return;
        const record = JSON.parse(event.data) as R;
        if (!fits(record, { action, actor, object })) return;
        setRecords((before) => [record, ...before.filter((r) => r.record !== record.record)].slice(0, kept));
      }, () => { setLost(false); pause = 1000; }).catch(() => undefined).finally(() => {
        if (end.signal.aborted) return;
        setLost(true);
        timer = setTimeout(join, pause);
        pause = Math.min(2 * pause, longestPause);
      });
    };
    join();
    return () => {
      end.abort();
      clearTimeout(timer);
      setRecords([]);
    };
  }, [on, action, actor, object]);
  return { records, lost };
}
