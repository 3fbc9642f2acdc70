import { SegmentedControl, Switch } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { api, ask } from "../../client/client";
import { Answer } from "../../shell/Answer";
import { Blank } from "../../ui/Blank";
import { ChoiceField } from "../../ui/Filter";
import { count, Figures } from "../../ui/Figures";
import { Page } from "../../ui/Page";
import { Panel } from "../../ui/Panel";
import { Time } from "../../ui/Time";
import { useList, type List } from "../../ui/useList";
import ui from "../../ui/ui.module.css";
import { kindNames } from "../access/words";
import css from "./coverage.module.css";
import { BySystem } from "./BySystem";
import { Matrix } from "./Matrix";
import { Courses, Standing } from "./OverTime";
import { cellsOf, percent, privilegedOf, type Counts, type Row } from "./sum";
import { useTrend } from "./trend";

type Query = NonNullable<Parameters<typeof asked>[0]>;

async function asked(query: { by: "system" | "tier"; tier?: number; kind?: "human" | "service" | "agent" }) {
  return ask(api.GET("/v1/coverage", { params: { query } }));
}

// Coverage answers which controls access needs, and which it has.
export function Coverage() {
  const list = useList();
  const tier = list.text("tier");
  const query = { tier: tier === undefined ? undefined : Number(tier), kind: list.text("kind") as Query["kind"] };
  const measured = useQuery({
    queryKey: ["coverage", query], placeholderData: (b) => b,
    queryFn: async () => {
      const [systems, tiers] = await Promise.all([asked({ by: "system", ...query }), asked({ by: "tier", kind: query.kind })]);
      return { at: systems.at, total: systems.total, rows: (systems.items ?? []) as Row[], privileged: privilegedOf((tiers.items ?? []) as Row[]) };
    },
  });
  const trend = useTrend({ tier: query.tier });
  const held = useTrend();
  return (
    <Page title="Which controls does access need, and which does it have?" lead="Each grant needs controls by its tier. What is stale or not known never counts as in place.">
      <Answer to={measured} lines={8}>
        {(m) => {
          const cells = cellsOf(m.rows);
          if (cells.length === 0) {
            return <Panel><Blank title="Nothing has been measured yet" text="Coverage is measured with every sync. Add a system, or ask for less." /></Panel>;
          }
          return (
            <>
              <Numbers all={m.total} privileged={m.privileged} />
              <Panel title="By system and control" note={<>measured <Time at={m.at} /></>} flush>
                <Tools list={list} />
                <Matrix cells={cells} list={list} />
              </Panel>
              <div className={ui.grid}>
                <Panel title="Which systems are worst?" note="each leads to what lacks most"><BySystem cells={cells} /></Panel>
                <div className={ui.column}>
                  <Panel title="Does it get better?" note="by control, 90 days at most"><Answer to={trend} lines={6}>{(t) => <Courses of={t} />}</Answer></Panel>
                  <Panel title="Is standing privilege going down?" note="tiers 0 and 1, all kinds of identity"><Answer to={held} lines={6}>{(t) => <Standing of={t} />}</Answer></Panel>
                </div>
              </div>
            </>
          );
        }}
      </Answer>
    </Page>
  );
}

function Numbers({ all, privileged }: { all: Counts; privileged: Counts }) {
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
