import { SegmentedControl } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { api, ask } from "../../client/client";
import type { QueryOf } from "../../client/types";
import { Failed } from "../../shell/Answer";
import { Blank } from "../../ui/Blank";
import { count, Figures } from "../../ui/Figures";
import { ChoiceField } from "../../ui/Filter";
import { Page } from "../../ui/Page";
import { useList, type List } from "../../ui/useList";
import { MayButton } from "../access/MayButton";
import { PersonField } from "../access/PersonField";
import { atMost } from "../provision/operations";
import { useContracts } from "./Contracts";
import { EventTable } from "./EventTable";
import { useHolds } from "./Held";
import css from "./lifecycle.module.css";
import { Order } from "./Order";
import { eventNames } from "./words";

type Query = QueryOf<"list-lifecycle-events">;

export function useLife(query: Query, enabled = true) {
  return useQuery({
    queryKey: ["lifecycle", "events", query], enabled, placeholderData: keepPreviousData,
    queryFn: () => ask(api.GET("/v1/lifecycle/events", { params: { query } })),
  });
}

const states = [{ value: "coming", label: "Coming" }, { value: "happened", label: "Happened" }, { value: "cancelled", label: "Cancelled" }];

// Lifecycle answers what is coming and what happened in people's lives.
export function Lifecycle() {
  const list = useList();
  const [ordering, setOrdering] = useState(false);
  const state = (list.text("state") ?? "coming") as NonNullable<Query["state"]>;
  const query = { state, kind: list.text("kind"), ordered: list.text("ordered"), identity: list.text("identity"), cursor: list.cursor } as Query;
  const found = useLife(query);
  const coming = useLife({ state: "coming", limit: 100 });
  const contracts = useContracts(30);
  const holds = useHolds();
  const waiting = (holds.data?.items ?? []).length;
  const narrowed = query.kind !== undefined || query.ordered !== undefined || query.identity !== undefined;
  return (
    <Page
      title="What is coming, and what happened in people’s lives?" lead="Sources say most of it: somebody is hired, moves, leaves. A person orders what sources do not say, or not in time; an order counts above them until they agree."
      actions={!found.error && <MayButton may={found.data?.may["lifecycle.order"]} leftSection={<IconPlus size={16} />} onClick={() => setOrdering(true)}>Order an event</MayButton>}
    >
      {!found.error && (
        <Figures items={[
          { value: atMost(coming.data), label: "coming", note: "ordered for a later time" },
          { value: atMost(contracts.data), label: "contracts end", note: "within 30 days, or are over", tone: (contracts.data?.items ?? []).length > 0 ? "mild" : undefined, to: "/lifecycle/contracts" },
          { value: holds.data ? count(waiting) : "–", label: waiting === 1 ? "step is held" : "steps are held", note: "too much from too many at once", tone: waiting > 0 ? "warn" : undefined, to: "/birthrights" },
        ]}
        />
      )}
      <EventTable
        name="Events" list={list} page={found.data} stale={found.isPlaceholderData} failure={found.error && <Failed error={found.error} onRetry={() => void found.refetch()} />}
        empty={<Nothing state={state} narrowed={narrowed} />} tools={!found.error && <Tools list={list} state={state} />}
      />
      {ordering && <Order onClose={() => setOrdering(false)} />}
    </Page>
  );
}

function Tools({ list, state }: { list: List; state: string }) {
  const identity = list.text("identity");
  const card = useQuery({ queryKey: ["identity", identity], enabled: identity !== undefined, queryFn: () => ask(api.GET("/v1/identities/{id}", { params: { path: { id: identity! } } })) });
  return (
    <>
      <SegmentedControl className={css.states} aria-label="Which events" size="sm" data={states} value={state} onChange={(v) => list.set({ state: v === "coming" ? undefined : v })} />
      <ChoiceField list={list} name="kind" label="Kind" width="11rem" choices={Object.entries(eventNames).map(([value, label]) => ({ value, label }))} />
      {state === "happened" && <ChoiceField list={list} name="ordered" label="Said by" width="10rem" choices={[{ value: "no", label: "A source" }, { value: "yes", label: "A person, as an order" }]} />}
      <PersonField label="Person" bare anybody value={identity ? { id: identity, name: card.data?.identity.name ?? "…" } : null} onChange={(p) => list.set({ identity: p?.id })} />
    </>
  );
}

function Nothing({ state, narrowed }: { state: string; narrowed: boolean }) {
  const all = <Link to="/lifecycle" search={{ state: state === "coming" ? undefined : state } as never}>Show all of them</Link>;
  if (narrowed) return <Blank title="No event fits" text="Nothing is as you asked for." actions={all} />;
  if (state === "coming") return <Blank title="Nothing is ordered for later" text="What somebody orders for a later time stands here until its time comes." />;
  if (state === "cancelled") return <Blank title="Nothing was cancelled" text="What was ordered and taken back stands here, with who did it." />;
  return <Blank title="Nothing has happened yet" text="Who was there when a source was read for the first time is no news; what changes from then on is." />;
}
