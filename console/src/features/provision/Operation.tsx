import { Alert, Checkbox } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { api, ask } from "../../client/client";
import type { AnswerOf } from "../../client/types";
import { Answer } from "../../shell/Answer";
import { Page } from "../../ui/Page";
import { Facts, Panel } from "../../ui/Panel";
import { Time } from "../../ui/Time";
import ui from "../../ui/ui.module.css";
import { MayButton, type Verdict } from "../access/MayButton";
import { OperationState } from "./marks";
import css from "./provision.module.css";
import { Reasoned } from "./Reasoned";
import { account, atWork, remedy, what } from "./words";

type Shown = AnswerOf<"show-operation">;

// Operation is one write in one system: where it stands, and what can be done about it.
export function Operation() {
  const { id } = useParams({ strict: false }) as { id: string };
  const shown = useQuery({
    queryKey: ["provisioning", "operation", id], queryFn: () => ask(api.GET("/v1/provisioning/operations/{id}", { params: { path: { id } } })),
    refetchInterval: (q) => (q.state.data && ["planned", "running"].includes(q.state.data.state) ? 3000 : false),
  });
  if (!shown.data) return <Page title="Operation" trail={[{ label: "Provisioning", to: "/provisioning" }]}><Panel><Answer to={shown} lines={8}>{() => null}</Answer></Panel></Page>;
  return <Known of={shown.data} />;
}

function Known({ of: o }: { of: Shown }) {
  const [doing, setDoing] = useState<"resume" | "cancel">();
  const { names } = o;
  const system = names[o.system] ?? "a system";
  const told = [o.error, remedy(o)].filter(Boolean).join(" ");
  const may = o.may["provisioning.operate"];
  return (
    <Page
      title={`${what(o, names)} in ${system}`} trail={[{ label: "Provisioning", to: "/provisioning" }, { label: "Run", to: `/provisioning/${o.run}` }]}
      marks={<div className={css.marks}><OperationState of={o.state} />{o.by_hand && <span className="quiet">to be done by hand</span>}</div>}
      actions={(
        <>
          <MayButton may={cancels(o, may)} variant="default" onClick={() => setDoing("cancel")}>Cancel it</MayButton>
          <MayButton may={resumes(o, may)} onClick={() => setDoing("resume")}>Try it again now</MayButton>
        </>
      )}
    >
      <div className={ui.split}>
        <Panel title={o.state === "verified" ? "It is done" : o.state === "cancelled" ? "It was ended" : "Where it stands"}>
          <div className={css.told}>
            <p>{told || (o.state === "verified" ? "The system was asked, and shows it." : "It is carried out as soon as its turn comes.")}</p>
            {o.set && Object.keys(o.set).length > 0 && <Facts items={Object.entries(o.set).map(([name, value]) => [name, <code key={name}>{value}</code>])} />}
          </div>
        </Panel>
        <Panel title="The operation">
          <Facts items={[
            ["System", <Link key="s" to="/systems/$id" params={{ id: o.system }}>{system}</Link>],
            ["Account", o.account ? <Link key="a" to="/accounts/$id" params={{ id: o.account }}>{account(o, names)}</Link> : account(o, names)],
            ["Whose", o.identity && names[o.identity] && <Link key="i" to="/identities/$id" params={{ id: o.identity }}>{names[o.identity]}</Link>],
            ["Entitlement", o.entitlement && names[o.entitlement] && <Link key="e" to="/entitlements/$id" params={{ id: o.entitlement }}>{names[o.entitlement]}</Link>],
            ["Attempts", String(o.attempts)],
            ["Failing since", o.failing_since && <Time at={o.failing_since} />],
            ["Last try", o.tried_at && <Time at={o.tried_at} />],
            ["Next try", o.due_at && atWork(o) && o.attempts > 0 && <Time at={o.due_at} />],
            ["Planned", <Time key="p" at={o.planned_at} />],
            ["Ended", o.ended_at && <Time at={o.ended_at} />],
            ["Code", o.code && <code>{o.code}</code>],
            ["Number", <code key="id">{o.id}</code>],
          ]}
          />
        </Panel>
      </div>
      {doing === "resume" && <Resume of={o} onClose={() => setDoing(undefined)} />}
      {doing === "cancel" && <Cancel of={o} onClose={() => setDoing(undefined)} />}
    </Page>
  );
}

function resumes(o: Shown, may: Verdict | undefined): Verdict | undefined {
  if (o.by_hand && o.state === "waiting") return { allowed: false, why: "somebody does it by hand; reading the system shows whether it was done" };
  if (["dead", "failed", "waiting"].includes(o.state)) return may;
  return { allowed: false, why: o.state === "held" ? "its run is held: that is approved first" : `it is ${o.state}` };
}

function cancels(o: Shown, may: Verdict | undefined): Verdict | undefined {
  return ["verified", "cancelled", "running"].includes(o.state) ? { allowed: false, why: `it is ${o.state}` } : may;
}

interface DialogProps {
  of: Shown;
  onClose: () => void;
}

function Resume({ of: o, onClose }: DialogProps) {
  const queries = useQueryClient();
  return (
    <Reasoned
      title="Try it again now" action="Try it again" question="What has changed?" onClose={onClose}
      act={async (reason) => {
        await ask(api.POST("/v1/provisioning/operations/{id}/resume", { params: { path: { id: o.id } }, body: { reason } }));
        await queries.invalidateQueries({ queryKey: ["provisioning"] });
      }}
    >
      <p>It is tried at once. The system is asked first whether it shows it already, so that nothing is done twice.</p>
    </Reasoned>
  );
}

function Cancel({ of: o, onClose }: DialogProps) {
  const queries = useQueryClient();
  const [undo, setUndo] = useState(false);
  return (
    <Reasoned
      title="Cancel this operation" action="Cancel the operation" danger question="Why is it not to be done?" onClose={onClose}
      act={async (reason) => {
        await ask(api.POST("/v1/provisioning/operations/{id}/cancel", { params: { path: { id: o.id } }, body: { reason, undo } }));
        await queries.invalidateQueries({ queryKey: ["provisioning"] });
      }}
    >
      <p>It is not tried again by itself; another decision about the same brings it anew.</p>
      <Checkbox
        label="End the rest of the same change, too, and take back what was done of it" description="In every system, so that no access stays that is of no use without this part."
        checked={undo} onChange={(e) => setUndo(e.currentTarget.checked)}
      />
      {undo && <Alert color="yellow" variant="light">What is verified of this change is taken back from the systems that show it.</Alert>}
    </Reasoned>
  );
}
