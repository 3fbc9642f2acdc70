import "@xyflow/react/dist/base.css";
import { Button, Switch } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, ask } from "../../client/client";
import { Answer } from "../../shell/Answer";
import { count } from "../../ui/Figures";
import { Panel } from "../../ui/Panel";
import css from "./ask.module.css";
import { Canvas } from "./Canvas";

// Picture draws the access graph of one identity or entitlement: what is alike is one
// group, which opens. The same is said in sentences under it.
export function Picture({ of }: { of: string }) {
  const [open, setOpen] = useState<string[]>([]);
  const [escalation, setEscalation] = useState(false);
  const drawn = useQuery({
    queryKey: ["picture", of, open, escalation],
    queryFn: () => ask(api.GET("/v1/picture", { params: { query: { of, open: open.length > 0 ? open : undefined, escalation: escalation || undefined } } })),
    placeholderData: (b) => b,
  });
  const onOpen = (key: string) => setOpen((before) => [...before.filter((k) => k.split("@")[0] !== key.split("@")[0]), key].slice(-20));
  return (
    <Panel
      title="How access goes" flush
      note={(
        <span className={css.tools}>
          {drawn.data && <span>{count(drawn.data.reached)}{drawn.data.more ? " or more" : ""} objects</span>}
          <Switch size="xs" label="Also what it could become" checked={escalation} onChange={(e) => { setEscalation(e.currentTarget.checked); setOpen([]); }} />
          {open.length > 0 && <Button size="compact-xs" variant="default" onClick={() => setOpen([])}>{open.length === 1 ? "Close the group" : `Close ${open.length} groups`}</Button>}
        </span>
      )}
    >
      <Answer to={drawn} lines={10}>
        {(d) => (
          <>
            <Canvas of={d} opened={drawn.isPlaceholderData ? undefined : open[open.length - 1]?.split("@")[0]} onOpen={onOpen} />
            <details className={css.details} open={(d.nodes ?? []).length < 8}>
              <summary>The same in words</summary>
              <ol className={css.text}>{(d.text ?? []).map((line, i) => <li key={i}>{line}</li>)}</ol>
            </details>
          </>
        )}
      </Answer>
    </Panel>
  );
}
