import { Select } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { api, ask } from "../../client/client";
import { Answer } from "../../shell/Answer";
import { count } from "../../ui/Figures";
import { Mark } from "../../ui/Mark";
import { Panel } from "../../ui/Panel";
import { Rows } from "../../ui/Rows";
import { Time } from "../../ui/Time";
import ui from "../../ui/ui.module.css";
import { useList } from "../../ui/useList";
import css from "./policy.module.css";
import type { Shown, Version } from "./policy";
import { Difference } from "./Text";
import { writerName, writerNames } from "./words";

const most = 50;

// Versions is what a document was, who decided that and why, and how any two differ.
export function Versions({ of: d }: { of: Shown }) {
  const versions = useQuery({ queryKey: ["policies", d.id, "versions"], queryFn: () => ask(api.GET("/v1/policies/{id}/versions", { params: { path: { id: d.id }, query: { limit: most } } })) });
  return (
    <Answer to={versions} lines={6}>
      {({ items, total }) => (
        <div className={ui.column}>
          <Panel title="What it was, and who decided" note={total > most ? `the newest ${count(most)} of ${count(total)}` : undefined} flush>
            <Rows items={(items ?? []).map((v) => ({
              key: String(v.number), start: <Mark tone="none">{`Version ${v.number}`}</Mark>, end: <Time at={v.since} />,
              title: v.retired ? `Retired: “${v.reason}”` : `“${v.reason}”`,
              note: <>Written by {writerNames(v.authors)}, published by {writerName(v.publisher)}: “{v.note}”</>,
            }))}
            />
          </Panel>
          <Between of={items ?? []} />
        </div>
      )}
    </Answer>
  );
}

// Between shows how two versions differ: the last two, until others are asked for.
function Between({ of: all }: { of: Version[] }) {
  const list = useList();
  const number = (name: string, otherwise: number) => {
    const asked = Number(list.text(name) ?? otherwise);
    return asked === 0 || all.some((v) => v.number === asked) ? asked : otherwise;
  };
  const is = number("is", all[0]?.number ?? 0);
  const was = number("was", Math.max(is - 1, 0));
  const at = (n: number) => all.find((v) => v.number === n);
  const choices = [...all.map((v) => ({ value: String(v.number), label: `Version ${v.number}` })), { value: "0", label: "Nothing" }];
  return (
    <Panel title="What changed between two of them">
      <div className={css.column}>
        <div className={css.pair}>
          <Select label="From" data={choices} value={String(was)} allowDeselect={false} onChange={(v) => list.set({ was: Number(v) })} />
          <Select label="To" data={choices} value={String(is)} allowDeselect={false} onChange={(v) => list.set({ is: Number(v), was })} />
        </div>
        {at(is)?.retired !== at(was)?.retired && at(was) && at(is) && <p>{at(is)?.retired ? "It was retired: none of its policies counts any more." : "It is in force again."}</p>}
        <Difference was={at(was)?.text ?? ""} is={at(is)?.text ?? ""} label="What changed" />
      </div>
    </Panel>
  );
}
