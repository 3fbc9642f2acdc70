import { IconCircleCheck, IconClockHour4, IconMailCheck, IconMailOff } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { api, ask } from "../../client/client";
import type { ItemOf } from "../../client/types";
import { Failed } from "../../shell/Answer";
import { Blank } from "../../ui/Blank";
import { ChoiceField } from "../../ui/Filter";
import { Mark } from "../../ui/Mark";
import { Page } from "../../ui/Page";
import { Table, tableClass, type Column } from "../../ui/Table";
import { Time } from "../../ui/Time";
import { useList } from "../../ui/useList";
import { Life } from "../access/marks";
import { Named } from "../access/Named";
import css from "./lifecycle.module.css";

type Contract = ItemOf<"list-contracts">;
type Warning = NonNullable<Contract["warnings"]>[number];

export function useContracts(days: number, cursor?: string) {
  return useQuery({
    queryKey: ["lifecycle", "contracts", days, cursor], placeholderData: keepPreviousData,
    queryFn: () => ask(api.GET("/v1/lifecycle/contracts", { params: { query: { days, cursor } } })),
  });
}

const columns: Column<Contract>[] = [
  { id: "who", header: "Who", cell: (c) => <div><Named of={c.person} /><span className={tableClass.sub}>{c.organisation}</span></div> },
  { id: "end", header: "Last day", tight: true, cell: (c) => <div><Time at={c.contract_end} absolute /><span className={tableClass.sub}>{c.over ? "over" : <Time at={c.contract_end} />}</span></div> },
  { id: "state", header: "State", tight: true, cell: (c) => <Life of={c.state} /> },
  { id: "sponsor", header: "Sponsor", cell: (c) => (c.sponsor ? <Named of={c.sponsor} /> : <span className="quiet">nobody is named</span>) },
  { id: "warnings", header: "Warnings before it", cell: (c) => <div className={css.warnings}>{(c.warnings ?? []).map((w) => <Sent key={w.days} of={w} over={c.over ?? false} later={laterSent(c, w)} />)}</div> },
];

// laterSent: of several that have come due at once, the last one alone is sent.
function laterSent(c: Contract, w: Warning): boolean {
  return (c.warnings ?? []).some((o) => o.days < w.days && o.sent_at);
}

function Sent({ of: w, over, later }: { of: Warning; over: boolean; later: boolean }) {
  const days = `${w.days} days`;
  if (w.sent_at && w.told) return <Mark tone="good" sign={IconMailCheck} title={`Written to ${w.told.name}`}>{days}: to {w.told.name}, <Time at={w.sent_at} /></Mark>;
  if (w.sent_at) return <Mark tone="bad" sign={IconMailOff}>{days}: nobody answers for them</Mark>;
  if (later || over) return <Mark tone="none">{days}: not sent</Mark>;
  return <Mark tone="none" sign={IconClockHour4}>{days}: <Time at={w.due_at} /></Mark>;
}

// Contracts answers whose contract ends soon, and who was told.
export function Contracts() {
  const list = useList();
  const days = Number(list.text("days") ?? 90);
  const found = useContracts(days, list.cursor);
  return (
    <Page
      title="Whose contract ends soon, and who was told?" trail={[{ label: "Lifecycle", to: "/lifecycle" }]}
      lead="Sponsors are warned 30, 14 and 3 days before. The day after its last day a third party is suspended, until the source has a later end."
    >
      <Table
        name="Contracts" columns={columns} rows={found.data?.items ?? undefined} rowKey={(c) => c.person.id} list={list} next={found.data?.next} stale={found.isPlaceholderData}
        failure={found.error && <Failed error={found.error} onRetry={() => void found.refetch()} />}
        empty={<Blank sign={IconCircleCheck} title={`No contract ends within ${days} days`} />}
        tools={!found.error && <ChoiceField list={list} name="days" label="Within 90 days" choices={["14", "30", "180", "365"].map((d) => ({ value: d, label: `Within ${d} days` }))} />}
      />
    </Page>
  );
}
