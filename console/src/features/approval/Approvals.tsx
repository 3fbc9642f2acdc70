import { IconChecks, IconHourglass } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { api, ask } from "../../client/client";
import type { AnswerOf } from "../../client/types";
import { Answer } from "../../shell/Answer";
import { Blank } from "../../ui/Blank";
import { Mark } from "../../ui/Mark";
import { Page } from "../../ui/Page";
import { Panel } from "../../ui/Panel";
import { Rows } from "../../ui/Rows";
import { Time } from "../../ui/Time";
import { asking, stateOf } from "./words";

type List = AnswerOf<"list-my-approvals">;

function useApprovals(which: "waiting" | "asked") {
  return useQuery({ queryKey: ["approvals", which], queryFn: () => ask(api.GET("/v1/me/approvals", { params: { query: { which } } })), refetchInterval: 30_000 });
}

// Approvals are what whoever is signed in is asked to agree to, and what they have asked
// others for.
export function Approvals() {
  const waiting = useApprovals("waiting");
  const asked = useApprovals("asked");
  return (
    <Page title="What waits for you to agree to?" lead="You see what others want to do and why, and say yes or no. Nobody decides on their own access, by no way.">
      <Panel title="Waits for you" flush>
        <Answer to={waiting} lines={3}>
          {(d) => ((d.items ?? []).length === 0 ? <Blank sign={IconChecks} title="Nothing waits for you" text="You get a mail when something does." /> : <Lines of={d} />)}
        </Answer>
      </Panel>
      <Panel title="You have asked for" flush>
        <Answer to={asked} lines={3}>
          {(d) => ((d.items ?? []).length === 0 ? <Blank sign={IconHourglass} title="You have asked for nothing" text="What you activate or check out that others have to agree to is here." /> : <Lines of={d} />)}
        </Answer>
      </Panel>
    </Page>
  );
}

function Lines({ of }: { of: List }) {
  const called = (id?: string) => (id ? of.names?.[id] ?? id : "something");
  return (
    <Rows items={(of.items ?? []).map((a) => ({
      key: a.id, to: `/approvals/${a.id}`, start: <IconHourglass size={18} stroke={1.6} aria-hidden />,
      title: asking(a.action, called(a.by), called(a.thing ?? a.about)).sentence,
      note: <>{a.reason ? `“${a.reason}”` : "no reason given"}{a.state === "waiting" && <>, times out <Time at={a.ends_at} /></>}</>,
      end: <Mark tone={stateOf(a.state).tone} bare>{stateOf(a.state).label}</Mark>,
    }))}
    />
  );
}
