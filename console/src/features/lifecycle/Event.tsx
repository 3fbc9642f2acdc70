import { Alert } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useState } from "react";
import { api, ask } from "../../client/client";
import type { AnswerOf } from "../../client/types";
import { Answer } from "../../shell/Answer";
import { Mark } from "../../ui/Mark";
import { Page } from "../../ui/Page";
import { Facts, Panel } from "../../ui/Panel";
import { Time } from "../../ui/Time";
import ui from "../../ui/ui.module.css";
import { MayButton, type Verdict } from "../access/MayButton";
import { Named } from "../access/Named";
import { said } from "../access/words";
import { Reasoned } from "../provision/Reasoned";
import { useMe } from "../signin/me";
import css from "./lifecycle.module.css";
import { EventKind, saidBy, When } from "./marks";
import { Outcome } from "./Outcome";
import { Progress, RunsLink } from "./Progress";
import { attributeName, eventNames } from "./words";

type Shown = AnswerOf<"show-lifecycle-event">;

const trail = [{ label: "Lifecycle", to: "/lifecycle" }];

export function useEvent(key: string) {
  return useQuery({
    queryKey: ["lifecycle", "event", key], queryFn: () => ask(api.GET("/v1/lifecycle/events/{id}", { params: { path: { id: key } } })),
    refetchInterval: (q) => (q.state.data?.state === "happened" && !q.state.data.next_at && Date.now() - Date.parse(since(q.state.data)) < 10 * 60_000 ? 3000 : false),
  });
}

// since is from when on something follows from an event: an order may be for a time that
// had passed.
export function since(e: Pick<Shown, "at" | "ordered_at">): string {
  return e.ordered_at && Date.parse(e.ordered_at) > Date.parse(e.at) ? e.ordered_at : e.at;
}

// Event is one event: what changed, what somebody gains and loses by it, and how far that is.
export function Event() {
  const { id } = useParams({ strict: false }) as { id: string };
  const shown = useEvent(id);
  if (!shown.data) return <Page title="Event" trail={trail}><Panel><Answer to={shown} lines={8}>{() => null}</Answer></Panel></Page>;
  return <Known of={shown.data} />;
}

function Known({ of: e }: { of: Shown }) {
  const [cancelling, setCancelling] = useState(false);
  const me = useMe();
  const what = (eventNames[e.kind] ?? said(e.kind)).toLowerCase();
  const coming = e.state === "coming";
  const never = e.state === "cancelled" && Date.parse(e.ended_at ?? "") < Date.parse(e.at);
  const title = e.urgent ? `What has the emergency cut off ${e.person.name} from?` : coming ? `What will the ${what} of ${e.person.name} bring?` : `What did the ${what} of ${e.person.name} bring?`;
  return (
    <Page
      title={title} trail={trail}
      marks={<div className={css.marks}><EventKind of={e} /><Mark tone={e.state === "coming" ? "calm" : e.state === "cancelled" ? "none" : "good"} bare>{said(e.state)}</Mark><When of={e} /></div>}
      actions={e.ordered && (coming || e.in_force) && <MayButton may={cancels(e, me.data?.identity)} variant="default" onClick={() => setCancelling(true)}>{coming ? "Cancel it" : "Take it back"}</MayButton>}
    >
      {e.state === "cancelled" && (
        <Alert color="gray" variant="light" title={never ? "It was cancelled before it happened" : "It happened, and was taken back"}>
          {e.cancelled_for ? `“${e.cancelled_for}”` : "Why is told no more."} {!never && "What sources say counts again."}
        </Alert>
      )}
      <div className={ui.split}>
        <div className={css.column}>
          {!never && <Altered of={e} />}
          {!never && (
            <Panel title={coming ? "What they would gain and lose" : "What they gained and lost"} note={coming ? "by what is known now" : e.next_at ? "until the next event of their life" : undefined}>
              <Outcome of={e.outcome} done={!coming} />
            </Panel>
          )}
          {!never && !coming && <Progress title="What it led to in systems" identity={e.identity} from={since(e)} until={e.next_at} cut={e.urgent} />}
          {never && <Panel><p>Nothing followed from it.</p></Panel>}
        </div>
        <Panel title="The event">
          <Facts items={[
            ["Who", <Named key="w" of={e.person} />],
            ["Number", e.person.number],
            ["When", <When key="t" of={e} long />],
            ["Said by", saidBy(e, e.names)],
            ["Why", e.reason && `“${e.reason}”`],
            ["Ordered", e.ordered && e.ordered_at && <Time at={e.ordered_at} />],
            ["Counts", e.in_force && "above what sources say, until they agree or it is taken back"],
            ["Counts no more since", e.state === "happened" && e.ended_at && <Time at={e.ended_at} />],
            ["Cancelled", e.state === "cancelled" && e.ended_at && <><Time at={e.ended_at} />{e.ended_by && ` by ${e.names[e.ended_by] ?? "the operator of the node"}`}</>],
            ["Next event", e.next_at && <Time at={e.next_at} />],
            ["In systems", !coming && !never && <RunsLink key="r" identity={e.identity} />],
          ]}
          />
        </Panel>
      </div>
      {cancelling && <Cancel of={e} onClose={() => setCancelling(false)} />}
    </Page>
  );
}

function cancels(e: Shown, me: string | undefined): Verdict | undefined {
  if (e.identity === me) return { allowed: false, why: "nobody orders what happens in their own life" };
  return e.may["lifecycle.order"];
}

function Altered({ of: e }: { of: Shown }) {
  const list = e.altered ?? [];
  const value = (name: string, text: string, one: Shown["person"] | undefined) => (one ? <Named of={one} /> : text === "" ? <span className="quiet">nothing</span> : name === "state" ? said(text) : text);
  return (
    <Panel title={e.state === "coming" ? "What would change" : "What changed"} flush={list.length > 0}>
      {list.length === 0 ? <p>Nothing of what is known of them: it was so already.</p> : (
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        <div className={`${css.scroll} ${css.altered}`} role="region" aria-label="Before and after" tabIndex={0}>
          <table className={css.table}>
            <thead><tr><th scope="col">What</th><th scope="col">Before</th><th scope="col">After</th></tr></thead>
            <tbody>{list.map((a) => <tr key={a.name}><th scope="row">{attributeName(a.name)}</th><td>{value(a.name, a.was, a.was_named)}</td><td>{value(a.name, a.is, a.is_named)}</td></tr>)}</tbody>
          </table>
        </div>
      )}
    </Panel>
  );
}

function Cancel({ of: e, onClose }: { of: Shown; onClose: () => void }) {
  const queries = useQueryClient();
  const coming = e.state === "coming";
  return (
    <Reasoned
      title={coming ? "Cancel this event" : "Take this event back"} action={coming ? "Cancel the event" : "Take it back"} danger question={coming ? "Why is it not to happen?" : "Why is it to count no more?"} onClose={onClose}
      act={async (reason) => {
        await ask(api.DELETE("/v1/lifecycle/events/{id}", { params: { path: { id: e.key }, query: { reason } } }));
        await Promise.all([queries.invalidateQueries({ queryKey: ["lifecycle"] }), queries.invalidateQueries({ queryKey: ["identity", e.identity] })]);
      }}
    >
      <p>{coming ? "It does not happen. What sources say of them counts, as before." : "What sources say of them counts again at once: what they should have by that is given back, and their accounts work again."}</p>
    </Reasoned>
  );
}
