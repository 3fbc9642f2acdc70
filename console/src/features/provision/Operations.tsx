import { IconCircleCheck } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { api, ask } from "../../client/client";
import { Failed } from "../../shell/Answer";
import { Blank } from "../../ui/Blank";
import { ChoiceField } from "../../ui/Filter";
import { Page } from "../../ui/Page";
import { useList, type List } from "../../ui/useList";
import { said } from "../access/words";
import { OperationTable } from "./OperationTable";
import { SystemField } from "./SystemField";
import { states, type State } from "./words";

const trail = [{ label: "Provisioning", to: "/provisioning" }];

function useListed(list: List, query: { state?: State[]; by_hand?: boolean }) {
  const asked = { ...query, system: list.text("system"), identity: list.text("identity"), run: list.text("run") };
  return useQuery({
    queryKey: ["provisioning", "operations", asked, list.cursor], placeholderData: keepPreviousData,
    queryFn: () => ask(api.GET("/v1/provisioning/operations", { params: { query: { ...asked, cursor: list.cursor } } })),
  });
}

// Operations are all writes, each with where it stands.
export function Operations() {
  const list = useList();
  const state = list.text("state") as State | undefined;
  const found = useListed(list, { state: state && [state] });
  const narrowed = state !== undefined || ["system", "identity", "run"].some((name) => list.text(name) !== undefined);
  return (
    <Page title="What was written, and what did not work?" trail={trail} lead="One operation is one write in one system. What failed is tried again with longer pauses; what is dead waits for somebody.">
      <OperationTable
        name="Operations" list={list} page={found.data} system stale={found.isPlaceholderData} failure={found.error && <Failed error={found.error} onRetry={() => void found.refetch()} />}
        empty={narrowed ? <Blank title="No operation fits" text="Nothing that you may see is as you asked for." actions={<Link to="/provisioning/operations">Show all operations</Link>} /> : <Blank sign={IconCircleCheck} title="Nothing was written yet" />}
        tools={(
          <>
            <ChoiceField list={list} name="state" label="State" width="9rem" choices={states.map((s) => ({ value: s, label: said(s) }))} />
            <SystemField list={list} />
          </>
        )}
      />
    </Page>
  );
}

// Work is what people do by hand, in systems that Writ cannot write to.
export function Work() {
  const list = useList();
  const found = useListed(list, { state: ["waiting"], by_hand: true });
  return (
    <Page title="What is to be done by hand?" trail={trail} lead="These systems have no interface that Writ could write to. Do each of these there. Nobody ticks it off: it is closed when the next read of the system shows it.">
      <OperationTable
        name="To do by hand" list={list} page={found.data} system byHand stale={found.isPlaceholderData} failure={found.error && <Failed error={found.error} onRetry={() => void found.refetch()} />}
        empty={<Blank sign={IconCircleCheck} title="Nothing is to be done by hand" text="All that is justified is so, or Writ does it itself." actions={list.text("system") && <Link to="/provisioning/work">Show all systems</Link>} />}
        tools={<SystemField list={list} />}
      />
    </Page>
  );
}
