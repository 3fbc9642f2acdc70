import { SegmentedControl, Switch } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { askPath } from "../../client/client";
import { Answer } from "../../shell/Answer";
import { Blank } from "../../ui/Blank";
import { ChoiceField } from "../../ui/Filter";
import { count, Figures } from "../../ui/Figures";
import { Page } from "../../ui/Page";
import { Panel } from "../../ui/Panel";
import { Time } from "../../ui/Time";
import { useList, type List } from "../../ui/useList";
import { kindNames } from "../access/words";
import css from "./coverage.module.css";
import { Matrix } from "./Matrix";
import { add, none, percent, type Cell } from "./sum";

interface Measured {
  at: string;
  items: Cell[] | null;
}

// Coverage answers which controls access needs, and which it has.
export function Coverage() {
  const list = useList();
  const query = { tier: number(list.text("tier")), identity_kind: list.text("kind") };
  const measured = useQuery({ queryKey: ["coverage", query], queryFn: () => askPath<Measured>("/v1/coverage", query), placeholderData: (b) => b });
  return (
    <Page title="Which controls does access need, and which does it have?" lead="Each grant needs controls by its tier. What is stale or not known never counts as in place.">
      <Answer to={measured} lines={8}>
        {(m) => {
          const cells = m.items ?? [];
          if (cells.length === 0) {
            return <Panel><Blank title="Nothing has been measured yet" text="Coverage is measured with every sync. Add a system, or ask for less." /></Panel>;
          }
          return (
            <>
              <Numbers cells={cells} />
              <Panel title="By system and control" note={<>measured <Time at={m.at} /></>} flush>
                <Tools list={list} />
                <Matrix cells={cells} list={list} />
              </Panel>
            </>
          );
        }}
      </Answer>
    </Page>
  );
}

function number(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text);
}

function Numbers({ cells }: { cells: Cell[] }) {
  const all = cells.reduce(add, none);
  const privileged = cells.filter((c) => c.tier <= 1).reduce(add, none);
  return (
    <Figures items={[
      { value: percent(all), label: "of required controls are in place", note: `${count(all.in_place)} of ${count(all.required)}` },
      { value: percent(privileged), label: "on privileged access", note: "tiers 0 and 1", tone: privileged.in_place / Math.max(privileged.required, 1) < 0.5 ? "bad" : undefined },
      { value: count(all.missing), label: "missing", tone: all.missing > 0 ? "bad" : undefined, to: "/findings" },
      { value: count(all.unknown), label: "unknown", note: "facts do not say, or are stale" },
      { value: count(all.excepted), label: "excepted", note: "accepted until a date", tone: all.excepted > 0 ? "odd" : undefined, to: "/findings", search: { status: "accepted" } },
    ]}
    />
  );
}

function Tools({ list }: { list: List }) {
  return (
    <div className={css.tools}>
      <SegmentedControl
        aria-label="Tier" value={list.text("tier") ?? ""} onChange={(v) => list.set({ tier: v === "" ? undefined : Number(v) })}
        data={[{ value: "", label: "All tiers" }, ...[0, 1, 2, 3].map((t) => ({ value: String(t), label: `Tier ${t}` }))]}
      />
      <ChoiceField list={list} name="kind" label="Kind of identity" width="11rem" choices={["human", "service", "agent"].map((k) => ({ value: k, label: kindNames[k]! }))} />
      <Switch label="Show numbers" checked={list.text("numbers") === "1"} onChange={(e) => list.set({ numbers: e.currentTarget.checked ? 1 : undefined })} />
    </div>
  );
}
