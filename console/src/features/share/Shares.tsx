import { Button, Switch, Textarea } from "@mantine/core";
import { IconHourglass, IconShare3 } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { api, ask } from "../../client/client";
import { Answer, Failed } from "../../shell/Answer";
import { Blank } from "../../ui/Blank";
import { Mark } from "../../ui/Mark";
import { Page } from "../../ui/Page";
import { Panel } from "../../ui/Panel";
import { Rows } from "../../ui/Rows";
import { Table, tableClass, type Column } from "../../ui/Table";
import { Time } from "../../ui/Time";
import { useList } from "../../ui/useList";
import { Named } from "../access/Named";
import { Dialog } from "../vault/Dialog";
import { useAct } from "../vault/vault";
import css from "../vault/vault.module.css";
import { thing } from "../vault/words";
import { isLive, stateWords, useShares, type Share } from "./share";

// Shares answers what was given to whom outside, and lets it be withdrawn.
export function Shares() {
  const list = useList();
  const [told, setTold] = useState("");
  const past = list.text("past") === "1";
  const open = useShares({ limit: 1000 });
  return (
    <Page title="What was given to people outside?" lead="Each link opens once, until its time is over. What was opened is due for another value by then.">
      <p role="status" className={told ? css.told : "out-of-view"}>{told}</p>
      <Panel title="Not opened yet" flush>
        <Answer to={open} lines={3}>{(d) => ((d.items ?? []).length === 0 ? <Blank sign={IconShare3} title="Nothing waits to be opened" text="Of what you may know, nothing is given to anybody outside." /> : <Links items={d.items ?? []} onTold={setTold} />)}</Answer>
      </Panel>
      <Switch label="What was given before" checked={past} onChange={(e) => list.set({ past: e.currentTarget.checked ? 1 : undefined })} />
      {past && <Past />}
    </Page>
  );
}

// SharesOf are the shares of one secret that have not ended.
export function SharesOf({ secret, onTold }: { secret: string; onTold: (words: string) => void }) {
  const found = useShares({ secret, limit: 100 });
  const items = found.data?.items ?? [];
  if (items.length === 0) return null;
  return <Panel title="Given to people outside" flush><Links items={items} own onTold={onTold} /></Panel>;
}

// Links are shares under way, each with what one may do.
function Links({ items, own, onTold }: { items: Share[]; own?: boolean; onTold: (words: string) => void }) {
  const [of, setOf] = useState<Share>();
  return (
    <>
      <Rows items={items.map((x) => ({
        key: x.id, below: true, start: x.state === "waiting" ? <IconHourglass size={18} stroke={1.6} aria-hidden /> : <IconShare3 size={18} stroke={1.6} aria-hidden />,
        title: <>{x.recipient.name} <span className="quiet">{x.recipient.email}</span></>,
        note: (
          <span className="within-text">
            <Mark tone={stateWords(x.state).tone} bare>{stateWords(x.state).label}</Mark>{" "}
            {!own && <><Named of={thing(x.secret, x.names)} />, </>}by <Named of={thing(x.sponsor, x.names)} />, “{x.reason}”{x.ends && <>, until <Time at={x.ends} /></>}
            {x.wrong_codes > 0 && `, ${x.wrong_codes} wrong ${x.wrong_codes === 1 ? "code" : "codes"}`}
            {x.state === "waiting" && x.approval && <>, <Link to="/approvals/$id" params={{ id: x.approval }}>who has to agree</Link></>}
          </span>
        ),
        end: x.may?.withdraw?.allowed && <Button variant="default" size="xs" onClick={() => setOf(x)}>Withdraw it<span className="out-of-view">: {x.recipient.name}</span></Button>,
      }))}
      />
      {of && <Withdraw of={of} onClose={() => setOf(undefined)} onDone={(words) => { setOf(undefined); onTold(words); }} />}
    </>
  );
}

function Withdraw({ of: x, onClose, onDone }: { of: Share; onClose: () => void; onDone: (words: string) => void }) {
  const [reason, setReason] = useState("");
  const act = useAct(() => ask(api.POST("/v1/shares/{id}/withdraw", { params: { path: { id: x.id } }, body: { reason: reason.trim() } })), () => onDone(`The link for ${x.recipient.name} opens nothing any more.`));
  return (
    <Dialog title={`Withdraw what ${x.recipient.name} was given`} does="Withdraw it" loud act={act} ready={reason.trim() !== ""} onClose={onClose}>
      <p>The link opens nothing from then on. Nobody has opened it so far.</p>
      <Textarea label="Why?" required autosize minRows={2} maxLength={1000} value={reason} onChange={(e) => setReason(e.currentTarget.value)} data-autofocus />
    </Dialog>
  );
}

// Past are shares that have ended.
function Past() {
  const list = useList();
  const found = useShares({ all: true, cursor: list.cursor });
  const columns: Column<Share>[] = [
    { id: "for", header: "For", cell: (x) => <div>{x.recipient.name}<span className={tableClass.sub}>{x.recipient.email}</span></div> },
    { id: "secret", header: "Secret", cell: (x) => <Link to="/secrets/$id" params={{ id: x.secret }} className={tableClass.main}>{x.names[x.secret] ?? x.secret}</Link> },
    { id: "by", header: "By", cell: (x) => <Named of={thing(x.sponsor, x.names)} /> },
    { id: "why", header: "Why", cell: (x) => x.reason },
    { id: "ended", header: "Ended", tight: true, cell: (x) => (x.ended ? <Time at={x.ended} /> : <span className="quiet">–</span>) },
    { id: "how", header: "How", cell: (x) => <div><Mark tone={stateWords(x.state).tone} bare>{stateWords(x.state).label}</Mark>{x.end_reason && <span className={tableClass.sub}>“{x.end_reason}”</span>}</div> },
  ];
  return (
    <Table
      name="What was given before" columns={columns} rows={found.data && (found.data.items ?? []).filter((x) => !isLive(x.state))} rowKey={(x) => x.id} list={list} next={found.data?.next} stale={found.isPlaceholderData}
      failure={found.error && <Failed error={found.error} onRetry={() => void found.refetch()} />} empty={<Blank title="Nothing was given before" text="What has ended is here." />}
    />
  );
}
