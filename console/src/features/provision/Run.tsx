import { Alert } from "@mantine/core";
import { keepPreviousData, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { api, ask } from "../../client/client";
import { sentence } from "../../client/problem";
import type { AnswerOf } from "../../client/types";
import { Answer, Failed } from "../../shell/Answer";
import { Blank } from "../../ui/Blank";
import { count } from "../../ui/Figures";
import { Page } from "../../ui/Page";
import { Facts, Panel } from "../../ui/Panel";
import { Time } from "../../ui/Time";
import ui from "../../ui/ui.module.css";
import { useList } from "../../ui/useList";
import { MayButton } from "../access/MayButton";
import { actorName } from "../access/words";
import { Counts, RunState } from "./marks";
import { OperationTable } from "./OperationTable";
import css from "./provision.module.css";
import { Reasoned } from "./Reasoned";

type Shown = AnswerOf<"show-provisioning-run">;

const trail = [{ label: "Provisioning", to: "/provisioning" }];

// Run is what one planning step brought for one system, and how far it is.
export function Run() {
  const { id } = useParams({ strict: false }) as { id: string };
  const shown = useQuery({
    queryKey: ["provisioning", "run", id], queryFn: () => ask(api.GET("/v1/provisioning/runs/{id}", { params: { path: { id } } })),
    refetchInterval: (q) => (q.state.data?.state === "open" ? 3000 : false),
  });
  if (!shown.data) return <Page title="Provisioning run" trail={trail}><Panel><Answer to={shown} lines={8}>{() => null}</Answer></Panel></Page>;
  return <Known of={shown.data} />;
}

function nameOf(actor: string, names: Record<string, string>): string {
  return actorName(actor, names[actor] ? { name: names[actor] } : undefined);
}

function Known({ of: r }: { of: Shown }) {
  const [approving, setApproving] = useState(false);
  const list = useList();
  const found = useQuery({
    queryKey: ["provisioning", "operations", { run: r.id }, list.cursor], placeholderData: keepPreviousData,
    queryFn: () => ask(api.GET("/v1/provisioning/operations", { params: { query: { run: r.id, limit: 100, cursor: list.cursor } } })),
    refetchInterval: r.state === "open" ? 3000 : false,
  });
  const system = r.names[r.system] ?? "a system";
  const by = r.caused_by ?? [];
  return (
    <Page
      title={r.state === "held" ? `May this be written to ${system}?` : `How far is what is written to ${system}?`} trail={trail}
      marks={<div className={css.marks}><RunState of={r.state} />{r.urgent && <span className="quiet">urgent: the guard let it pass</span>}</div>}
      actions={r.state === "held" && <MayButton may={r.may["provisioning.approve"]} onClick={() => setApproving(true)}>Let it go on</MayButton>}
    >
      {r.state === "held" && (
        <Alert color="yellow" variant="light" title="The guard holds this run">
          <p>{sentence(r.held_because ?? "")} Look whether all of this should be: a broken export looks like everybody leaving. Whoever caused it cannot approve it. Single operations can be cancelled on their own pages.</p>
        </Alert>
      )}
      <div className={ui.split}>
        <OperationTable
          name="Operations" list={list} page={found.data} stale={found.isPlaceholderData}
          failure={found.error && <Failed error={found.error} onRetry={() => void found.refetch()} />} empty={<Blank title="Nothing is in this run" />}
        />
        <Panel title="The run">
          <Facts items={[
            ["System", <Link key="s" to="/systems/$id" params={{ id: r.system }}>{system}</Link>],
            ["Operations", <Counts key="c" of={r.counts} />],
            ["Take something away", count(r.destructive)],
            ["Caused by", by.length > 0 && by.map((b) => nameOf(b, r.names)).join(", ")],
            ["Planned", <Time key="p" at={r.planned_at} />],
            ["Approved", r.approved_at && <><Time at={r.approved_at} />{r.approved_by && ` by ${nameOf(r.approved_by, r.names)}`}</>],
            ["Was held because", r.state !== "held" && r.held_because],
            ["Ended", r.ended_at && <Time at={r.ended_at} />],
            ["Number", <code key="id">{r.id}</code>],
          ]}
          />
        </Panel>
      </div>
      {approving && <Approve of={r} system={system} onClose={() => setApproving(false)} />}
    </Page>
  );
}

function Approve({ of: r, system, onClose }: { of: Shown; system: string; onClose: () => void }) {
  const queries = useQueryClient();
  return (
    <Reasoned
      title="Let this run go on" action="Let it go on" question="Why is it right?" onClose={onClose}
      act={async (reason) => {
        await ask(api.POST("/v1/provisioning/runs/{id}/approve", { params: { path: { id: r.id } }, body: { reason } }));
        await queries.invalidateQueries({ queryKey: ["provisioning"] });
      }}
    >
      <p>{count(r.destructive)} operations take something away in {system}, and are carried out at once. Who approved it and why is kept for good.</p>
    </Reasoned>
  );
}
