import { useEffect, useState } from "react";
import { follow } from "../../client/stream";

interface Numbered {
  record: number;
  action: string;
}

// fits: an action, or a feature with a dot at the end for all of its actions.
export function fits(is: string, asked: string): boolean {
  return asked === "" || is === asked || (asked.endsWith(".") && is.startsWith(asked));
}

const kept = 200;
const longestPause = 15_000;

// useLive follows the log, and joins again where the connection was lost. What came
// meanwhile is sent by the server, from the last record on.
export function useLive<R extends Numbered>(on: boolean, action = ""): { records: R[]; lost: boolean } {
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
        if (!fits(record.action, action)) return;
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
  }, [on, action]);
  return { records, lost };
}
