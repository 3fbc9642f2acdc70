import { useEffect, useState } from "react";
import { follow } from "../../client/stream";

interface Numbered {
  record: number;
  action: string;
  actor: string;
  object?: { id: string } | null;
}

export interface Asked {
  action?: string; // one, or several with commas between them
  actor?: string;
  object?: string;
}

// actionsOf are the actions that are asked for, as people write them after each other.
export function actionsOf(text: string | undefined): string[] {
  return (text ?? "").split(/[\s,]+/).filter(Boolean);
}

// fits: one of some actions, or of a feature's with a dot at the end; by whom, and to what.
export function fits(is: Numbered, { action, actor, object }: Asked): boolean {
  const actions = actionsOf(action);
  if (actions.length > 0 && !actions.some((a) => is.action === a || (a.endsWith(".") && is.action.startsWith(a)))) return false;
  return (!actor || is.actor === actor) && (!object || is.object?.id === object);
}

const kept = 200;
const longestPause = 15_000;
const silence = 12_000; // more than two heartbeats of the server

// useLive follows the log, and joins again where the connection was lost. What came
// meanwhile is sent by the server, from the last record on. Where nothing comes at all, a
// proxy holds the stream back until it ends: then it asks for short ones, again and again.
// onJoin is called once it is known from where on it follows: what was read before that may
// lack what came in between.
export function useLive<R extends Numbered>(on: boolean, { action, actor, object }: Asked, onJoin: () => void): { records: R[]; lost: boolean } {
  const [records, setRecords] = useState<R[]>([]);
  const [lost, setLost] = useState(false);
  useEffect(() => {
    if (!on) return undefined;
    const end = new AbortController();
    let last: string | undefined;
    let pause = 1000;
    let short = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const join = () => {
      const asked = new URLSearchParams();
      if (last) asked.set("after", last);
      if (short) asked.set("lasts", "2");
      const held = new AbortController();
      const silent = setTimeout(() => { short = true; held.abort(); }, silence);
      follow(`/v1/audit/stream?${asked}`, AbortSignal.any([end.signal, held.signal]), (event) => {
        clearTimeout(silent);
        if (event.id) {
          if (last === undefined) onJoin();
          last = event.id;
        }
        if (event.name !== "record") return;
        const record = JSON.parse(event.data) as R;
        if (!fits(record, { action, actor, object })) return;
        setRecords((before) => [record, ...before.filter((r) => r.record !== record.record)].slice(0, kept));
      }, () => { setLost(false); pause = 1000; }).catch(() => undefined).finally(() => {
        clearTimeout(silent);
        if (end.signal.aborted) return;
        setLost(!short);
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
  }, [on, action, actor, object, onJoin]);
  return { records, lost };
}
